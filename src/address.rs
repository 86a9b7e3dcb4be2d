//! Which URLs and ref names may be given to git at all, by us or by kas. Starts nothing.

use crate::redact::redact_url;

/// A URL or ref that no git will be asked about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadAddress(pub String);

/// The transports that git may use. `ext::` would run any command that a configuration names.
pub const PROTOCOLS: &str = "file:git:http:https:ssh";

/// Checks that git will read a text as a URL or an absolute path, and not as an option, a command or a relative path.
///
/// # Errors
/// With the reason; user information is masked.
pub fn check_url(url: &str) -> Result<(), BadAddress> {
    let bad = |why: &str| {
        let shown: String = redact_url(url).chars().filter(|c| !c.is_control()).collect();
        Err(BadAddress(format!("`{shown}` is no URL for git: {why}")))
    };
    if url.is_empty() {
        return bad("it is empty");
    }
    if url.starts_with('-') {
        return bad("it would be read as an option");
    }
    if url.chars().any(char::is_control) {
        return bad("it has control characters");
    }
    if let Some((scheme, _)) = url.split_once("://") {
        return match PROTOCOLS.split(':').any(|known| scheme.eq_ignore_ascii_case(known)) {
            true => Ok(()),
            false => bad("its transport is none of file, git, http, https and ssh"),
        };
    }
    if url.contains("::") {
        return bad("it would start a helper program");
    }
    let host = url.split('/').next().unwrap_or_default();
    if url.starts_with('/') || host.contains(':') {
        return Ok(());
    }
    bad("a relative path means another repository in every directory")
}

/// Checks that a text names one ref: `HEAD`, or `refs/…` as `git check-ref-format` allows it.
///
/// # Errors
/// With the reason.
pub fn check_ref(name: &str) -> Result<(), BadAddress> {
    let forbidden =
        |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    let component = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.ends_with(".lock")
    };
    let is_right = name == "HEAD"
        || (name.starts_with("refs/")
            && !name.contains(forbidden)
            && !name.contains("..")
            && !name.contains("@{")
            && name.split('/').all(component));
    if is_right {
        return Ok(());
    }
    let shown: String = name.chars().filter(|c| !c.is_control()).collect();
    Err(BadAddress(format!("`{shown}` is not the name of a ref")))
}

/// Checks that a text can be the name of a branch or tag, with or without its `refs/…`, or a commit, and that no program
/// reads it as an option.
///
/// # Errors
/// With the reason.
pub fn check_branch(name: &str) -> Result<(), BadAddress> {
    let full =
        if name.starts_with("refs/") { name.to_owned() } else { format!("refs/heads/{name}") };
    match check_ref(&full) {
        Ok(()) if !name.starts_with('-') => Ok(()),
        _ => Err(BadAddress(format!("`{name}` is not the name of a commit, branch or tag"))),
    }
}

/// Whether a text is a commit in full.
#[must_use]
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::{check_branch, check_ref, check_url};

    #[test]
    fn only_addresses_reach_git() {
        for good in [
            "https://git.yoctoproject.org/poky",
            "ssh://git@host:22/x",
            "git@host:path/x.git",
            "host:path",
            "file:///srv/git/x",
            "/srv/git/x",
            "HTTPS://host/x",
        ] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "--upload-pack=x",
            "-c",
            "ext::sh -c x",
            "fd::3",
            "../x",
            "x",
            "ftp://host/x",
            "http://h/\n",
            "transport::https://host/x",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
        let told = check_url("ftp://user:secret@host/x").unwrap_err().to_string();
        assert!(!told.contains("secret"), "{told}");
    }

    #[test]
    fn only_refs_reach_git() {
        for good in ["HEAD", "refs/heads/scarthgap", "refs/tags/v1.0", "refs/heads/a/b"] {
            assert_eq!(check_ref(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "main",
            "refs/heads/",
            "refs/heads/a..b",
            "refs/heads/*",
            "refs/heads/a b",
            "--all",
            "refs/heads/.a",
            "refs/heads/a.lock",
            "refs/heads/a@{1}",
            "refs/tags/v1^{}",
            "refs//a",
        ] {
            assert!(check_ref(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_kas_checks_out_is_no_option() {
        for good in ["scarthgap", "refs/tags/v1.0", "feature/a-b", "0123abc", "HEAD"] {
            assert_eq!(check_branch(good), Ok(()), "{good}");
        }
        for bad in ["", "-x", "--all", "a b", "a..b", "a\nb", "refs/heads/-x~1", "a:b"] {
            assert!(check_branch(bad).is_err(), "{bad}");
        }
    }
}
