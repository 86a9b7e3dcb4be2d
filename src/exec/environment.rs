//! The environment of a step: nothing, then what is named here. Knows no node.
//!
//! What a program can see, it can depend on, and what it depends on must be an input. So a step gets no more of the
//! environment that `graph` was started in than what says *where* things are and *who* may fetch them; what says *what*
//! to build comes from the node.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// An environment, by name.
pub type Environment = BTreeMap<String, OsString>;

/// Where programs, the home and temporary files are, who the user is, and how his texts are encoded.
const BASE: [&str; 7] = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "SSH_AUTH_SOCK"];

/// How the network is reached; in both cases, because programs differ in which they read.
const PROXIES: [&str; 5] = ["http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"];

/// Where certificates are that an enterprise adds.
const CERTIFICATES: [&str; 5] =
    ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO"];

/// What every step gets of the environment that `graph` was started in.
#[must_use]
pub fn base(outer: &Environment) -> Environment {
    let mut environment = pick(outer, BASE);
    environment.extend(pick(outer, PROXIES));
    environment.extend(pick(outer, PROXIES.map(str::to_ascii_uppercase)));
    environment.extend(pick(outer, CERTIFICATES));
    environment.insert("TERM".to_owned(), "dumb".into());
    environment.entry("PATH".to_owned()).or_insert_with(|| "/usr/local/bin:/usr/bin:/bin".into());
    environment.entry("LANG".to_owned()).or_insert_with(|| "C.UTF-8".into());
    environment
}

/// Those of the named variables that are set.
pub fn pick<N: AsRef<str>>(outer: &Environment, names: impl IntoIterator<Item = N>) -> Environment {
    names
        .into_iter()
        .filter_map(|name| {
            outer.get(name.as_ref()).map(|value| (name.as_ref().to_owned(), value.clone()))
        })
        .collect()
}

/// Adds a variable.
pub fn set(environment: &mut Environment, name: &str, value: impl AsRef<OsStr>) {
    environment.insert(name.to_owned(), value.as_ref().to_owned());
}
