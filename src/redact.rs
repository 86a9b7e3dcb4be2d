//! Takes secrets out of text: user information in URLs, and the values of variables that carry credentials.
//!
//! What is masked is decided by the names of variables: a word of the name says that it is a credential, and its last
//! word does not say that it is a place. Values shorter than `SHORTEST` are left alone: masking `true` or `1` would make logs unreadable and
//! hide nothing. Knows no log and no report.

use std::borrow::Cow;

/// What stands where a secret stood.
const MASK: &str = "***";

/// The shortest value that is masked.
const SHORTEST: usize = 6;

/// Words of variable names that say that the value is a credential.
const WORDS: [&str; 13] = [
    "TOKEN",
    "TOKENS",
    "PASSWORD",
    "PASSWD",
    "PASS",
    "PASSPHRASE",
    "SECRET",
    "SECRETS",
    "KEY",
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "PAT",
];

/// Last words of names whose value is a place or a switch, whatever comes before: `SSH_PRIVATE_KEY_FILE`.
const PLACES: [&str; 8] = ["FILE", "PATH", "DIR", "SOCK", "HOST", "PORT", "USEHTTPPATH", "URL"];

/// Masks a fixed set of secrets.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a secret that contains another is masked as a whole.
    secrets: Vec<String>,
}

impl Redactor {
    /// Takes the values of those variables that carry credentials by their name.
    pub fn from_environment<'a>(
        variables: impl IntoIterator<Item = (&'a str, Cow<'a, str>)>,
    ) -> Self {
        let mut values = Vec::new();
        for (name, value) in variables {
            if is_secret_name(name) {
                values.push(value.into_owned());
            } else if name.to_ascii_lowercase().ends_with("_proxy") {
                values.extend(password(&value).map(str::to_owned));
            }
        }
        Self::new(values)
    }

    /// Masks these values. One of several lines, such as a private key, is masked line by line.
    pub fn new<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Self {
        let mut secrets: Vec<String> = values
            .into_iter()
            .flat_map(|value| {
                value.as_ref().lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()
            })
            .filter(|line| line.len() >= SHORTEST)
            .collect();
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Self { secrets }
    }

    /// One that masks these values as well. One of several lines is left out: that is text with a secret somewhere in
    /// it, and masking each of its lines would hide what it is needed for.
    #[must_use]
    pub fn with<'a>(&self, values: impl IntoIterator<Item = &'a str>) -> Self {
        let lines = values.into_iter().filter(|value| !value.contains('\n'));
        let more = lines.flat_map(|line| std::iter::once(line).chain(password(line)));
        Self::new(self.secrets.iter().map(String::as_str).chain(more))
    }

    /// The text with every secret, and the user information of every URL, masked. Doing it twice changes nothing more.
    #[must_use]
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = redact_url(text);
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = Cow::Owned(text.replace(secret.as_str(), MASK));
            }
        }
        text
    }

    /// The length of the longest secret in bytes: as much must be kept back of text that is cut at will, or a secret
    /// across the cut is seen in two halves.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.secrets.first().map_or(0, String::len)
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

/// Whether a variable of this name carries a credential.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let mut words = name.split('_');
    if words.next_back().is_some_and(|last| PLACES.contains(&last)) {
        return false;
    }
    name == "GIT_CREDENTIAL_HELPER"
        || name.split('_').any(|word| WORDS.contains(&word) || word.ends_with("TOKEN"))
}

/// The text with the user information of every URL in it masked: `https://user:tok@host/` becomes
/// `https://***@host/`. The bare user name of an `ssh` URL is an address, not a credential, and stays.
#[must_use]
pub fn redact_url(text: &str) -> Cow<'_, str> {
    replaced(text, |_| Cow::Borrowed(MASK))
}

/// As [`redact_url`], with as many bytes as there were, for text in which places are marked.
#[must_use]
pub fn redact_in_place(text: &str) -> Cow<'_, str> {
    replaced(text, |user| Cow::Owned("*".repeat(user.len())))
}

fn replaced<'a>(text: &'a str, mask: impl Fn(&str) -> Cow<'static, str>) -> Cow<'a, str> {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, authority) = rest.split_at(at + 3);
        masked.push_str(before);
        let end = authority.find(ends_authority).unwrap_or(authority.len());
        rest = authority;
        if let Some(user) = authority[..end].rfind('@') {
            let is_address = before.ends_with("ssh://") && !authority[..user].contains(':');
            if !is_address {
                masked.push_str(&mask(&authority[..user]));
                rest = &authority[user..];
            }
        }
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    masked.push_str(rest);
    Cow::Owned(masked)
}

fn ends_authority(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '/' | '?' | '#' | '"' | '\'' | '`' | '<' | '>')
}

/// The password in a URL with user information.
fn password(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = &rest[..rest.find(ends_authority).unwrap_or(rest.len())];
    authority.rsplit_once('@')?.0.split_once(':').map(|(_, password)| password)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{Redactor, is_secret_name, redact_in_place, redact_url};

    #[test]
    fn user_information_of_urls_is_masked() {
        let check = |text: &str, expect: &str| {
            assert_eq!(redact_url(text), expect);
            assert_eq!(redact_url(expect), expect, "twice is once");
            assert_eq!(redact_in_place(text).len(), text.len());
        };
        check("https://user:tok@host/x", "https://***@host/x");
        check("https://ghp_abc@host", "https://***@host");
        check("https://host/a@b", "https://host/a@b");
        check("ssh://git@host/x and ssh://git:pw@host/x", "ssh://git@host/x and ssh://***@host/x");
        check(
            "a 'https://u:p@h/1', \"http://v@i/2\" b",
            "a 'https://***@h/1', \"http://***@i/2\" b",
        );
        check("https://u:p@ss@host/", "https://***@host/");
        check("git@host:path, no url: 1://", "git@host:path, no url: 1://");
        check("https://", "https://");
    }

    #[test]
    fn names_say_what_is_secret() {
        let secret = [
            "CI_JOB_TOKEN",
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "SSH_PRIVATE_KEY",
            "db_password",
        ];
        let secret =
            secret.into_iter().chain(["GIT_CREDENTIAL_HELPER", "DEPLOYTOKEN", "SIGNING_KEY"]);
        let open = [
            "SSH_PRIVATE_KEY_FILE",
            "KEYBOARD",
            "PATH",
            "HOME",
            "SSH_AUTH_SOCK",
            "AWS_CONFIG_FILE",
            "MONKEY",
        ];
        assert_eq!(secret.filter(|name| !is_secret_name(name)).collect::<Vec<_>>(), [""; 0]);
        assert_eq!(
            open.into_iter().filter(|name| is_secret_name(name)).collect::<Vec<_>>(),
            [""; 0]
        );
    }

    #[test]
    fn values_of_secret_variables_are_masked() {
        let redactor = Redactor::from_environment(
            [
                ("CI_JOB_TOKEN", "s3cr3t-value"),
                ("LONG_TOKEN", "s3cr3t-value-and-more"),
                ("SSH_PRIVATE_KEY", "-----BEGIN KEY-----\nAAAABBBB\nok\n-----END KEY-----\n"),
                ("https_proxy", "http://me:proxypass@proxy:3128"),
                ("ENABLE_TOKEN", "true"),
                ("HOME", "/home/user"),
            ]
            .map(|(name, value)| (name, Cow::Borrowed(value))),
        );
        let check = |text: &str, expect: &str| assert_eq!(redactor.redact(text), expect);
        check("token s3cr3t-value.", "token ***.");
        check("token s3cr3t-value-and-more.", "token ***.");
        check("AAAABBBB ok true /home/user", "*** ok true /home/user");
        check("proxypass", "***");
        assert_eq!(redactor.longest(), "s3cr3t-value-and-more".len());
        assert_eq!(format!("{redactor:?}"), "Redactor(6 secrets)");
    }
}
