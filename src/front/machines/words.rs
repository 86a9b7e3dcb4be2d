//! What names, targets and globs can be: they end up in file names, job ids and arguments of programs.

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::front::kas::Text;

/// A name that is part of file names and job ids: `[A-Za-z0-9][A-Za-z0-9._+-]*`.
pub(super) fn check_name(key: &str, name: &Text, found: &mut Diagnostics) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    let first = name.value.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let is_good = first && name.value.bytes().all(is_name);
    if !is_good {
        let problem = match &*name.value {
            "" => format!("the `{key}` is empty"),
            name => format!("`{}` cannot be a `{key}`", name.escape_debug()),
        };
        found.push(Diagnostic::error(problem).at(&name.span).hint(
            "it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`",
        ));
    }
    is_good
}

/// A target of bitbake: `core-image-minimal`, `mc:rpi:image`, `virtual/kernel`.
pub(super) fn check_target(target: &Text, found: &mut Diagnostics) {
    let is_target = |byte: u8| byte.is_ascii_alphanumeric() || b"_.+:@/-".contains(&byte);
    if target.value.starts_with('-') || !target.value.bytes().all(is_target) {
        let problem = format!("`{}` cannot be a target", target.value.escape_debug());
        found.push(Diagnostic::error(problem).at(&target.span).hint(
            "one target, of letters, digits and `_.+:@/-`; leave `build_target` empty to build those of the kas files",
        ));
    }
}

/// The globs of an `output`, which match file names. `None` as a place: they are the defaults of `graph.yaml`.
pub(super) fn globs(text: &str, place: Option<&Span>, found: &mut Diagnostics) -> Vec<String> {
    let mut refuse = |problem: String, hint: &str| {
        let problem = Diagnostic::error(problem).hint(hint);
        found.push(match place {
            Some(span) => problem.at(span),
            None => problem.hint("it is `defaults.output` of `graph.yaml`"),
        });
    };
    let mut globs: Vec<String> = Vec::new();
    for glob in text.split_whitespace() {
        if let Err(why) = check_glob(glob) {
            refuse(
                format!("`{}` cannot be an output: {why}", glob.escape_debug()),
                "outputs are globs over file names, with `*`, `?` and `[…]`",
            );
        } else if !globs.iter().any(|other| other == glob) {
            globs.push(glob.to_owned());
        }
    }
    if text.split_whitespace().next().is_none() {
        refuse("`output` names no file".to_owned(), "leave it out for the default");
    }
    globs
}

/// A broken glob would be found out only after hours of building.
fn check_glob(glob: &str) -> Result<(), String> {
    if glob == "." || glob == ".." {
        return Err("it is a directory".to_owned());
    }
    let mut open = None;
    for (at, letter) in glob.char_indices() {
        match letter {
            '[' if open.is_none() => open = Some(at),
            // A bracket right after the opening one, or after its negation, is a member of the class.
            ']' => match open {
                Some(start) if glob[start + 1..at].trim_start_matches(['!', '^']).is_empty() => {}
                Some(_) => open = None,
                None => return Err("it closes a class that it did not open".to_owned()),
            },
            '/' => return Err("it has a `/`".to_owned()),
            _ if letter.is_alphanumeric() || "._+-*?@%=,~!^[".contains(letter) => {}
            _ => return Err(format!("it has a `{}`", letter.escape_debug())),
        }
    }
    if open.is_some() { Err("it does not close its `[`".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::check_glob;

    #[test]
    fn globs_match_file_names() {
        for good in ["*.wic*", "a-?.tar.gz", "x[0-9].img", "[!a]b", "[]]", "pantavisor-README.md"] {
            assert_eq!(check_glob(good), Ok(()), "{good}");
        }
        for bad in ["../x", "a/b", "..", "[a", "a]", "{a,b}", "a;rm", "$(x)", "a\nb", "a\\b", "[!]"]
        {
            assert!(check_glob(bad).is_err(), "{bad}");
        }
    }
}
