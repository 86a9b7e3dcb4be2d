//! What the mirror of a URL is called. Starts nothing.

use crate::address::{BadAddress, check_url};
use crate::redact::redact_url;

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
    use super::mirror_name;

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
