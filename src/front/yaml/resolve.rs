//! Which type a plain scalar has: the implicit resolvers of PyYAML 6 (`yaml/resolver.py`), that is YAML 1.1 with its
//! surprises. Knows no document, and makes no values.

/// The prefix that `!!` stands for.
const STANDARD: &str = "tag:yaml.org,2002:";

/// A tag, as far as `SafeConstructor` knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tag {
    Null,
    Bool,
    Int,
    Float,
    Str,
    Timestamp,
    Binary,
    Seq,
    Map,
    Set,
    Omap,
    Pairs,
    /// `<<`
    Merge,
    /// `=`
    Value,
    /// One without a constructor.
    Unknown(Box<str>),
}

impl Tag {
    /// The tag of an expanded name, such as `tag:yaml.org,2002:int`.
    pub(super) fn named(name: &str) -> Self {
        match name.strip_prefix(STANDARD) {
            Some("null") => Self::Null,
            Some("bool") => Self::Bool,
            Some("int") => Self::Int,
            Some("float") => Self::Float,
            Some("str") => Self::Str,
            Some("timestamp") => Self::Timestamp,
            Some("binary") => Self::Binary,
            Some("seq") => Self::Seq,
            Some("map") => Self::Map,
            Some("set") => Self::Set,
            Some("omap") => Self::Omap,
            Some("pairs") => Self::Pairs,
            Some("merge") => Self::Merge,
            Some("value") => Self::Value,
            Some(other) => Self::Unknown(format!("!!{other}").into()),
            None => Self::Unknown(name.into()),
        }
    }

    /// The tag as a user would write it.
    pub(super) fn written(&self) -> &str {
        match self {
            Self::Null => "!!null",
            Self::Bool => "!!bool",
            Self::Int => "!!int",
            Self::Float => "!!float",
            Self::Str => "!!str",
            Self::Timestamp => "!!timestamp",
            Self::Binary => "!!binary",
            Self::Seq => "!!seq",
            Self::Map => "!!map",
            Self::Set => "!!set",
            Self::Omap => "!!omap",
            Self::Pairs => "!!pairs",
            Self::Merge => "<<",
            Self::Value => "=",
            Self::Unknown(name) => name,
        }
    }
}

/// Whether a text that is written without quotes is read as that text.
pub(in crate::front) fn is_string(text: &str) -> bool {
    plain(text) == Tag::Str
}

/// The tag of an untagged plain scalar.
pub(super) fn plain(text: &str) -> Tag {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Tag::Null,
        "<<" => Tag::Merge,
        "=" => Tag::Value,
        // It has no constructor; only `! "!"` and its like come here.
        "!" | "&" | "*" => Tag::named("tag:yaml.org,2002:yaml"),
        _ if is_bool(text) => Tag::Bool,
        _ if is_float(text) => Tag::Float,
        _ if is_int(text) => Tag::Int,
        _ if is_timestamp(text) => Tag::Timestamp,
        _ => Tag::Str,
    }
}

fn is_bool(text: &str) -> bool {
    const WORDS: [&str; 6] = ["yes", "no", "true", "false", "on", "off"];
    let Some(first) = text.chars().next() else { return false };
    let rest = &text[first.len_utf8()..];
    let one_case = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_lowercase());
    let shape = one_case(rest) || text.bytes().all(|byte| byte.is_ascii_uppercase());
    shape && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// ```text
/// [-+]?0b[0-1_]+ | [-+]?0[0-7_]+ | [-+]?(?:0|[1-9][0-9_]*) | [-+]?0x[0-9a-fA-F_]+
/// | [-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+
/// ```
fn is_int(text: &str) -> bool {
    let digits = unsigned(text);
    let all = |text: &str, digit: fn(u8) -> bool| {
        !text.is_empty() && text.bytes().all(|byte| digit(byte) || byte == b'_')
    };
    if let Some(rest) = digits.strip_prefix('0') {
        return rest.is_empty()
            || all(rest, |byte| matches!(byte, b'0'..=b'7'))
            || rest
                .strip_prefix('b')
                .is_some_and(|rest| all(rest, |byte| matches!(byte, b'0' | b'1')))
            || rest
                .strip_prefix('x')
                .is_some_and(|rest| all(rest, |byte| byte.is_ascii_hexdigit()));
    }
    let rest = after_digits(digits);
    starts_with_digit(digits) && (rest.is_empty() || after_sixties(rest) == Some(""))
}

/// ```text
/// [-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)? | \.[0-9][0-9_]*(?:[eE][-+][0-9]+)?
/// | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]* | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
/// ```
fn is_float(text: &str) -> bool {
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let number = unsigned(text);
    if matches!(number, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    if let Some(fraction) = text.strip_prefix('.') {
        return starts_with_digit(fraction) && is_exponent(after_digits(fraction));
    }
    if !starts_with_digit(number) {
        return false;
    }
    let rest = after_digits(number);
    match (rest.strip_prefix('.'), after_sixties(rest)) {
        (Some(fraction), _) => is_exponent(after_digits(fraction)),
        (None, Some(rest)) => {
            rest.strip_prefix('.').is_some_and(|fraction| after_digits(fraction).is_empty())
        }
        (None, None) => false,
    }
}

/// ```text
/// [0-9]{4}-[0-9]{2}-[0-9]{2}
/// | [0-9]{4}-[0-9][0-9]?-[0-9][0-9]? (?:[Tt]|[ \t]+) [0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?
///   (?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?
/// ```
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_date = bytes.len() == 10
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && bytes.iter().enumerate().all(|(at, byte)| matches!(at, 4 | 7) || byte.is_ascii_digit());
    is_date || super::timestamp::Parts::of(text).is_some_and(|parts| parts.time.is_some())
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn after_digits(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_')
}

/// What follows one or more of `:[0-5]?[0-9]`.
fn after_sixties(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(part) = rest.strip_prefix(':') {
        let bytes = part.as_bytes();
        let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let two = bytes.first().is_some_and(|byte| matches!(byte, b'0'..=b'5')) && is_digit(1);
        let width = match (two, is_digit(0)) {
            (true, _) => 2,
            (false, true) => 1,
            (false, false) => return None,
        };
        rest = &part[width..];
    }
    (rest.len() < text.len()).then_some(rest)
}

/// `(?:[eE][-+][0-9]+)?`
fn is_exponent(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(['e', 'E']) else { return text.is_empty() };
    let digits = rest.strip_prefix(['-', '+']).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Tag, plain};

    fn check(tag: &Tag, texts: &str) {
        for text in texts.split(' ') {
            assert_eq!(plain(text), *tag, "{text}");
        }
    }

    #[test]
    fn plain_scalars_have_the_types_of_yaml_1_1() {
        check(&Tag::Bool, "yes Yes YES no No NO true True TRUE false off OFF on On ON");
        check(&Tag::Str, "y n Y N yEs tRUE oN none nil Nul _1 é ½");
        check(&Tag::Null, "~ null Null NULL");
        assert_eq!(plain(""), Tag::Null);
        check(
            &Tag::Int,
            "0 -0 +12 0777 0_ 0b11 0b_ -0b1 0x1F 0x_ 1_000 12345678 1:30 12:30:45 1_:5 9:59:9",
        );
        check(
            &Tag::Str,
            "0888 0o777 0b2 0xg 8080:80 1:60 0:30 1:300 - + 1- 0b 0x 1e3 123e4567 12e 0B1 0X1",
        );
        check(
            &Tag::Float,
            "6.10 1. 1._ .5 .5_ 1.0e+3 1.e-3 1_0.5 0:30.5 1:30. .inf -.Inf +.INF .nan .NaN 09.5",
        );
        check(&Tag::Str, "-.5 +.5 1.0e3 1.5.0 . .. ._ -.nan .iNf 1:60.5 1.2e+ 1:30.5e+3");
        check(&Tag::Timestamp, "2024-01-02 2024-99-99 2001-1-2T3:04:05 2001-01-02t03:04:05.1Z");
        check(&Tag::Timestamp, "2001-01-02T03:04:05+1 2001-01-02T03:04:05-01:30 2001-1-2T3:04:05.");
        check(
            &Tag::Str,
            "2024-1-2 2024-01-02T 2024-01-02T03:04 2001-01-02T03:04:05+1:3 20240-01-02",
        );
        assert_eq!(plain("2001-12-14 \t 21:59:43.10 -5"), Tag::Timestamp);
        check(&Tag::Merge, "<<");
        check(&Tag::Value, "=");
    }
}
