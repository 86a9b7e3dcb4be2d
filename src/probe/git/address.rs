//! Which URLs and ref names may be given to git at all, and what the mirror of a URL is called. Starts nothing.

use crate::redact::redact_url;

/// A URL or ref that no git will be asked about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadAddress(pub String);

/// The transports that git may use. `ext::` would run any command that a configuration names.
pub(super) const PROTOCOLS: &str = "file:git:http:https:ssh";

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

/// Whether a text is a commit in full.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The directory name that kas gives to its reference repository of a URL (`qualified_name` in `kas/repos.py`, which
/// takes the URL apart with Python's `urlparse`), so that both use the same mirrors.
///
/// # Errors
/// When nothing is left that could name a directory.
pub fn mirror_name(url: &str) -> Result<String, BadAddress> {
    check_url(url)?;
    let is_scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let rest = match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => url,
    };
    let (host, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let last = path.rfind('/').unwrap_or(0);
    let path = path[last..].find(';').map_or(path, |at| &path[..last + at]);
    let name = format!("{host}{path}").replace(['@', ':', '/', '*'], ".");
    if name.trim_matches('.').is_empty() {
        return Err(BadAddress(format!("`{}` names no repository", redact_url(url))));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::{check_ref, check_url, mirror_name};

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

    /// The expected names are what kas 5.2 makes of these URLs.
    #[test]
    fn mirrors_are_named_as_kas_names_them() {
        let check = |url: &str, expect: &str| {
            assert_eq!(mirror_name(url).as_deref(), Ok(expect), "{url}");
        };
        check("https://git.yoctoproject.org/poky", "git.yoctoproject.org.poky");
        check("https://user:tok@host:8443/a/b.git", "user.tok.host.8443.a.b.git");
        check("git@github.com:foo/bar.git", "git.github.com.foo.bar.git");
        check("ssh://git@host/~x/b", "git.host.~x.b");
        check("host:path/x", "path.x");
        check("file:///srv/git/x", ".srv.git.x");
        check("/srv/git/x*", ".srv.git.x.");
        check("https://host/a;p/b;q?r#s", "host.a;p.b");
        assert!(mirror_name("file:///").is_err());
    }
}
