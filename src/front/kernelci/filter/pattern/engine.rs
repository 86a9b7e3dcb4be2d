//! The engine that matches: one with look-around, which Python's patterns may have. The only place that names it.

use fancy_regex::{Regex, RegexBuilder};

use super::Refused;
use super::translate::translate;

/// How often the engine may turn back in one match. Patterns that anybody means do with some dozens.
const PATIENCE: usize = 100_000;

/// A compiled pattern.
#[derive(Debug)]
pub(in super::super) struct Pattern(Regex);

/// The engine gave up: the pattern takes time that grows out of all bounds with the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Exhausted;

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// Where Python refuses it, or where nothing that means the same can be compiled.
    pub(in super::super) fn new(python: &str) -> Result<Self, Refused> {
        let ours = translate(python)?;
        let refused = |_| Refused { why: "it is not supported here".to_owned(), at: 0, hint: None };
        let mut builder = RegexBuilder::new(&format!("\\A(?:{ours})"));
        builder.backtrack_limit(PATIENCE).build().map(Self).map_err(refused)
    }

    /// `re.match`: whether it matches at the start; the text may go on behind it.
    ///
    /// # Errors
    /// Where the engine gives up.
    pub(in super::super) fn matches(&self, text: &str) -> Result<bool, Exhausted> {
        self.0.is_match(text).map_err(|_| Exhausted)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn matches(pattern: &str, text: &str) -> bool {
        let compiled = Pattern::new(pattern).unwrap_or_else(|why| panic!("{pattern}: {why:?}"));
        compiled.matches(text).expect("it ends")
    }

    /// What Python 3.11's `re.match` says.
    #[test]
    fn patterns_match_as_in_python() {
        for (pattern, text, expect) in [
            ("defconfig", "defconfig+debug", true),
            ("defconfig", "x_defconfig", false),
            ("a|b", "xb", false),
            ("a|b", "bx", true),
            (".*kselftest.*", "defconfig+kselftest", true),
            ("(?:aspeed_g5_def|allno)config", "allnoconfig", true),
            ("defconfig$", "defconfig", true),
            ("defconfig$", "defconfigs", false),
            (r"defconfig\Z", "defconfig", true),
            ("^defconfig", "defconfig", true),
            ("x?^defconfig", "defconfig", true),
            ("(?!.*debug)", "defconfig+debug", false),
            ("(?!.*debug)", "defconfig", true),
            (".*(?<!_)defconfig", "x_defconfig", false),
            (".*(?<=x_)defconfig", "x_defconfig", true),
            ("(?i)DEF", "defconfig", true),
            ("(?i:D)ef", "Def", true),
            ("(?i:D)ef", "dEf", false),
            ("(?x) d e f # the start\n conf", "defconfig", true),
            ("(?x)a [ ] b", "a b", true),
            ("(.)\\1", "aab", true),
            ("(?P<x>.)(?P=x)", "aab", true),
            ("(?P<x>.)(?P=x)", "ab", false),
            ("a{2}", "aa", true),
            ("a{2}", "a", false),
            ("a{,2}$", "aaa", false),
            ("a{", "a{", true),
            ("a{}", "a{}", true),
            ("a{1,x}", "a{1,x}", true),
            ("[]a]", "]", true),
            ("[^]a]", "]", false),
            ("[[a]", "[", true),
            ("[a&&b]", "&", true),
            ("[a-]", "-", true),
            ("[a\\-z]", "b", false),
            ("[\\w.]+$", "v6.1", true),
            ("[a--]", "a", false),
            ("\\x41\\u0042\\103", "ABC", true),
            ("\\.", "x", false),
            ("a.c", "a\nc", false),
            ("(?s)a.c", "a\nc", true),
            ("a+?b", "aab", true),
            ("(?#word)a", "a", true),
            ("a(?#word)*b", "aab", true),
            ("", "x", true),
            ("()", "x", true),
            ("\\bx", "x", true),
            ("ä", "ä", true),
            ("~", "~", true),
            ("(?:)*a", "a", true),
            ("(?=b)*a", "a", true),
            ("(?=b)+a", "a", false),
        ] {
            if pattern == "[a--]" {
                assert!(Pattern::new(pattern).is_err(), "{pattern}: from `a` down to `-`");
                continue;
            }
            assert_eq!(matches(pattern, text), expect, "{pattern} on {text}");
        }
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for pattern in [
            "*",
            "a**",
            "a*+",
            "a++",
            "a?*",
            "(",
            ")",
            "(a",
            "a)",
            "[",
            "[a",
            "[z-a]",
            "[a-\\d]",
            "a{2,1}",
            "^*",
            "$+",
            "\\b?",
            "(?P<n>a)(?P<n>b)",
            "(?P<1>a)",
            "(?P=n)",
            "(?<n>a)",
            "(?P>n)",
            "(?>a)",
            "\\z",
            "\\h",
            "\\K",
            "\\pL",
            "\\1",
            "(\\1)",
            "\\8",
            "\\x4",
            "\\u12",
            "\\",
            "(?<=a*)b",
            "(?<!a|bc)d",
            "a(?i)b",
            "(?L)a",
            "(?z)a",
            "(?i",
            "(?-i)a",
            "(?i-i:a)",
            "[[:alpha:]]",
            "(?#",
            "(?",
            "(?P",
            "(?P<",
            "(?P<>a)",
            "[\\8]",
            "\\400",
            "\\q",
            "[\\q]",
        ] {
            assert!(Pattern::new(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_without_end_is_given_up() {
        let pattern = Pattern::new("(?:a|(?!x)a)+c").expect("it is one");
        assert!(pattern.matches(&format!("{}b", "a".repeat(60))).is_err());
        assert!(Pattern::new(&"(".repeat(100_000)).is_err());
    }
}
