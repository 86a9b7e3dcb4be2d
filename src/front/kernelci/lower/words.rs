//! What of a configuration may become a word of a command line. Knows no node.
//!
//! make hands its variables to a shell, and `merge_config.sh` splits the paths that it is given; a value that either
//! would take for more than a word or a list of words is refused, not quoted, because none is meant.

/// A word that is safe anywhere: a name of a target, a compiler, a prefix.
pub(super) fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/+@%,:~".contains(c);
    !text.starts_with('-') && text.chars().all(plain)
}

/// A path of the tree that stays in it, and is one word.
pub(super) fn is_below(path: &str) -> bool {
    let component = |part: &str| !part.is_empty() && part != "..";
    is_plain(path) && !path.contains([':', '~']) && path.split('/').all(component)
}

/// Words for a variable of make.
pub(super) fn is_value(text: &str) -> bool {
    !text.chars().any(|c| "$`;|&<>(){}\\\"'#*?!".contains(c) || c.is_control())
}

/// A name of a variable of make that steers what is built, and neither where it goes nor what make is.
pub(super) fn is_variable(name: &str) -> bool {
    const NOT_OURS: [&str; 17] = [
        "GNUMAKEFLAGS",
        "INSTALL_HDR_PATH",
        "INSTALL_MOD_PATH",
        "INSTALL_PATH",
        "KBUILD_EXTMOD",
        "KBUILD_OUTPUT",
        "KBUILD_SRC",
        "KCONFIG_AUTOCONFIG",
        "KCONFIG_AUTOHEADER",
        "KCONFIG_CONFIG",
        "KCONFIG_RUSTCCFG",
        "KCONFIG_TRISTATE",
        "M",
        "MAKEFILES",
        "MAKEFLAGS",
        "O",
        "SHELL",
    ];
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(word)
        && !NOT_OURS.contains(&name)
}

/// A line of a config. Kconfig writes it into a makefile, where `$` would be a call.
pub(super) fn is_line(line: &str) -> bool {
    line.starts_with('#') && !line.contains(['\n', '\r'])
        || !line.chars().any(|c| "$`".contains(c) || c.is_control() && c != '\t')
}

#[cfg(test)]
mod tests {
    use super::{is_below, is_line, is_plain, is_value, is_variable};

    #[test]
    fn what_may_become_a_word() {
        let check = |rule: fn(&str) -> bool, good: &[&str], bad: &[&str]| {
            assert_eq!(good.iter().filter(|text| !rule(text)).collect::<Vec<_>>(), [&""; 0]);
            assert_eq!(bad.iter().filter(|text| rule(text)).collect::<Vec<_>>(), [&""; 0]);
        };
        check(
            is_plain,
            &["tinyconfig", "imx_v6_v7_defconfig", "aarch64-linux-gnu-", "/opt/x/bin/arm-", ""],
            &["-f", "--eval=x", "a b", "a=b", "$(shell x)", "a;b", "a\nb", "é"],
        );
        check(
            is_below,
            &["kernel/configs/a.config", "a"],
            &["../a", "a/../b", "/a", "", "a//b", "a b", "a/*", "~/a", "-a"],
        );
        check(
            is_value,
            &["1", "-O2 -Wno-error=a", "", "arch/x.config"],
            &["$(shell x)", "a;b", "`x`", "a|b", "a\nb", "\"a\"", "a > b"],
        );
        check(
            is_variable,
            &["LLVM_IAS", "KCONFIG_ALLCONFIG", "W", "KCFLAGS"],
            &["O", "KBUILD_OUTPUT", "MAKEFLAGS", "KCONFIG_CONFIG", "a-b", "A:", "", "1A", "--eval"],
        );
        check(
            is_line,
            &[
                "CONFIG_A=y",
                "CONFIG_CMDLINE=\"a b=c; d\"",
                "# CONFIG_A is not set",
                "# costs $5",
                "",
            ],
            &["CONFIG_A=\"$(shell x)\"", "CONFIG_A=`x`", "CONFIG_A=y\nCONFIG_B=y", "#\n$(x)"],
        );
    }
}
