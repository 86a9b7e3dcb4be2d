//! What names, paths and values for make can be: they end up in arguments of make, whose rules pass them to a shell.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::front::kas::Text;

/// Notes a text that cannot be what it is to be.
fn refuse(text: &Text, what: &str, why: &str, found: &mut Diagnostics) -> bool {
    let shown = text.value.escape_debug();
    let problem = match &*text.value {
        "" => format!("{what} is empty"),
        _ => format!("`{shown}` cannot be {what}: {why}"),
    };
    found.push(Diagnostic::error(problem).at(&text.span));
    false
}

/// A name of a tree, a build config, a variant, …: anything that can be shown and be part of a node's name.
pub(super) fn is_name(text: &Text, what: &str, found: &mut Diagnostics) -> bool {
    if text.value.is_empty() || text.value.chars().any(char::is_control) {
        return refuse(text, what, "it has control characters", found);
    }
    true
}

/// A name of a fragment, which is a part of defconfigs.
pub(super) fn is_fragment_name(text: &Text, found: &mut Diagnostics) -> bool {
    if text.value.contains('+') {
        return refuse(text, "the name of a fragment", "`+` joins the parts of a defconfig", found);
    }
    is_name(text, "the name of a fragment", found)
}

/// A name of an architecture, which is a directory below `arch` and a value for make.
pub(super) fn is_arch(text: &Text, found: &mut Diagnostics) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if text.value.is_empty() || text.value.starts_with('-') || !text.value.bytes().all(is_letter) {
        let why = "it has nothing but letters, digits, `_` and `-`";
        return refuse(text, "an architecture", why, found);
    }
    true
}

/// A branch, below `refs/heads/`.
pub(super) fn is_branch(text: &Text, found: &mut Diagnostics) -> bool {
    let is_bad = |letter: char| letter.is_control() || " ~^:?*[\\".contains(letter);
    let name = &*text.value;
    if name.is_empty() || name.starts_with('-') || name.contains("..") || name.contains(is_bad) {
        return refuse(text, "a branch", "git has no such names", found);
    }
    true
}

/// A URL that git can be given: nothing that it takes for an option, or for the name of a program that fetches.
pub(super) fn is_url(text: &Text, found: &mut Diagnostics) -> bool {
    let helper = text.value.split_once("::").map(|(helper, _)| helper);
    let has_helper =
        helper.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if text.value.is_empty()
        || text.value.starts_with('-')
        || text.value.chars().any(char::is_control)
    {
        return refuse(text, "the `url` of a tree", "git takes it for something else", found);
    }
    if has_helper {
        return refuse(text, "the `url` of a tree", "it names a program that git would run", found);
    }
    true
}

/// A word that goes into a make variable and from there into a shell: a compiler, a prefix, a path.
pub(super) fn is_word(text: &Text, what: &str, found: &mut Diagnostics) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._+/-".contains(&byte);
    if !text.value.bytes().all(is_letter) {
        let why = "make hands it to a shell, so it has nothing but letters, digits and `._+/-`";
        return refuse(text, what, why, found);
    }
    true
}

/// A value of a make variable, of several words.
pub(super) fn is_value(text: &Text, what: &str, found: &mut Diagnostics) -> bool {
    if !text.value.bytes().all(is_value_byte) {
        let why = "make hands it to a shell, so it has nothing but letters, digits, spaces and `._+/,:=@%-`";
        return refuse(text, what, why, found);
    }
    true
}

fn is_value_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" ._+/,:=@%-".contains(&byte)
}

/// A name of a make variable.
pub(super) fn is_variable(text: &Text, found: &mut Diagnostics) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let begins = text.value.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    if !begins || !text.value.bytes().all(is_letter) {
        return refuse(text, "a variable", "it has nothing but letters, digits and `_`", found);
    }
    true
}

/// A path in a tree.
pub(super) fn is_path(text: &Text, what: &str, found: &mut Diagnostics) -> bool {
    match bad_path(&text.value) {
        Some(why) => refuse(text, what, why, found),
        None => true,
    }
}

fn bad_path(path: &str) -> Option<&'static str> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._/@,=-".contains(&byte);
    if path.starts_with('/') || path.split('/').any(|segment| segment == "..") {
        return Some("it leads out of the tree");
    }
    let is_good = !path.is_empty() && !path.starts_with('-') && path.bytes().all(is_letter);
    (!is_good).then_some("a path in the tree has nothing but letters, digits and `._/@,=-`")
}

/// A config that is downloaded.
fn is_download(base: &str) -> bool {
    base.starts_with("cip://") || base.starts_with("cros://")
}

/// Whether a file of the tree can be a defconfig by its name; no configuration says it, so nobody is told of others.
pub(in super::super) fn is_target(name: &str) -> bool {
    name.ends_with("defconfig") && !name.contains('+') && bad_path(name).is_none()
}

/// `base+PART+PART…`, as it was written.
pub(super) fn is_defconfig(text: &Text, found: &mut Diagnostics) -> bool {
    let mut parts = text.value.split('+');
    let base = parts.next().unwrap_or_default();
    let why = if let Some(rest) = base.split_once("://").filter(|_| is_download(base)) {
        bad_path(rest.1)
    } else {
        bad_path(base)
    };
    let why = why.or_else(|| parts.find_map(bad_part));
    match why {
        Some(why) => refuse(text, "a defconfig", why, found),
        None => true,
    }
}

fn bad_part(part: &str) -> Option<&'static str> {
    if part.starts_with("KCONFIG_") {
        return match part.split_once('=') {
            Some((_, value)) if value.contains('=') => Some("a `KCONFIG_` part has one `=`"),
            Some((name, value)) => {
                let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                let is_good = name.bytes().all(is_name) && value.bytes().all(is_value_byte);
                if is_good { bad_path(value) } else { Some("make hands its parts to a shell") }
            }
            None => Some("a `KCONFIG_` part has one `=`"),
        };
    }
    if part.starts_with("CONFIG_") {
        return part.chars().any(char::is_control).then_some("it has control characters");
    }
    // The name of a fragment can be anything; a path is checked where it is known to be one.
    let is_empty = part.is_empty().then_some("one of its parts is empty");
    is_empty.or_else(|| part.chars().any(char::is_control).then_some("it has control characters"))
}
