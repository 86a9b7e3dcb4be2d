//! What a configuration says of a build, as one text a key, each with where it was written. What it stands on (files,
//! refs, tools) is not here.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::Span;
use crate::front::kas::effective::{ConfHeader, Effective, EffectiveRepo, Pin, RepoKind, Text};
use crate::front::kas::shape::key_text;
use crate::front::yaml::{Int, Node, Value};

/// One key and what the configuration says of it.
#[derive(Debug, Clone)]
pub(in crate::front::kas) struct Statement {
    /// The name of the part.
    pub(in crate::front::kas) part: Arc<str>,
    /// The value; what means the same is the same text.
    pub(in crate::front::kas) value: Arc<str>,
    /// Where it was written, if that is known.
    pub(in crate::front::kas) span: Option<Span>,
}

/// Everything that a configuration says.
#[must_use]
pub(in crate::front::kas) fn statements(effective: &Effective) -> Vec<Statement> {
    let mut all = Statements::default();
    for (name, value) in [
        ("machine", &effective.machine),
        ("distro", &effective.distro),
        ("task", &effective.task),
        ("build_system", &effective.build_system),
    ] {
        all.text(name.to_owned(), value.as_ref());
    }
    if let Some(targets) = &effective.targets {
        all.say("target".to_owned(), &words(targets), targets.first().map(|target| &target.span));
    }
    all.headers("local_conf_header", &effective.local_conf_header);
    all.headers("bblayers_conf_header", &effective.bblayers_conf_header);
    effective.repos.iter().for_each(|repo| all.repository(repo));
    for leaf in &effective.other {
        all.value(leaf.path.clone(), &canonical(&leaf.value), &leaf.span);
    }
    all.0
}

#[derive(Default)]
struct Statements(Vec<Statement>);

impl Statements {
    fn say(&mut self, part: String, value: &str, span: Option<&Span>) {
        let (part, value) = (part.into(), value.into());
        self.0.push(Statement { part, value, span: span.cloned() });
    }

    fn value(&mut self, part: String, value: &str, span: &Span) {
        self.say(part, value, Some(span));
    }

    fn text(&mut self, part: String, text: Option<&Text>) {
        if let Some(text) = text {
            self.value(part, &text.value, &text.span);
        }
    }

    fn headers(&mut self, key: &str, headers: &[ConfHeader]) {
        for header in headers {
            self.value(format!("{key}.{}", header.id), &header.text, &header.span);
        }
        self.order(key, headers.iter().map(|header| &*header.id));
    }

    /// Ids that are integers are sorted by value. Where that is another order than that of texts, it is worth a word.
    fn order<'a>(&mut self, key: &str, ids: impl Iterator<Item = &'a str>) {
        if !ids.is_sorted() {
            self.say(format!("{key} (order)"), "by number", None);
        }
    }

    fn repository(&mut self, repo: &EffectiveRepo) {
        let part = |key: &str| format!("repos.{}.{key}", repo.id);
        if repo.name != repo.id {
            self.value(part("name"), &repo.name, &repo.span);
        }
        self.text(part("path"), repo.path.as_ref());
        if repo.layers.is_empty() {
            self.value(part("layers"), "none", &repo.span);
        }
        for layer in &repo.layers {
            let name = match &*layer.name {
                "" => part("layers"),
                name => part(&format!("layers.{name}")),
            };
            self.value(name, &format!("prio {}", layer.prio), &layer.span);
        }
        let Some(url) = &repo.url else { return };
        self.value(part("url"), &without_credentials(&url.value), &url.span);
        if let Pin::Commit(commit) = repo.pin() {
            self.text(part("commit"), Some(commit));
        }
        self.text(part("branch"), repo.branch.as_ref());
        self.text(part("tag"), repo.tag.as_ref());
        if repo.kind == RepoKind::Hg {
            self.value(part("type"), "hg", &repo.span);
        }
        if let Some(signers) = &repo.signers {
            self.value(part("allowed_signers"), &words(signers), &repo.span);
        }
        for patch in &repo.patches {
            let place = format!("{}:{}", patch.repo.value, patch.path.value);
            self.value(part(&format!("patches.{}", patch.id)), &place, &patch.span);
        }
        self.order(&part("patches"), repo.patches.iter().map(|patch| &*patch.id));
    }
}

/// A list of texts: separated by spaces, or as JSON where that could mean another list.
fn words(texts: &[Text]) -> String {
    let texts: Vec<&str> = texts.iter().map(|text| &*text.value).collect();
    let is_word = |text: &&str| {
        !text.is_empty() && !text.contains(char::is_whitespace) && !text.contains('"')
    };
    if texts.iter().all(is_word) {
        texts.join(" ")
    } else {
        serde_json::Value::from(texts).to_string()
    }
}

/// A URL without its user name and password.
fn without_credentials(url: &str) -> String {
    match credentials(url) {
        Some(at) => format!("{}{}", &url[..at.start], &url[at.end + 1..]),
        None => url.to_owned(),
    }
}

/// Where the user name and password of a URL are, without the `@`. The user of an `ssh` URL is an address.
pub(super) fn credentials(url: &str) -> Option<Range<usize>> {
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| !scheme.ends_with("ssh"))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let start = scheme.len() + 3;
    rest[..end].rfind('@').map(|at| start..start + at)
}

/// One text a value, and no text for two: a string that would read as JSON is quoted.
fn canonical(node: &Node) -> String {
    match &node.value {
        Value::Str(text) if serde_json::from_str::<serde_json::Value>(text).is_err() => {
            text.to_string()
        }
        _ => json(node).to_string(),
    }
}

fn json(node: &Node) -> serde_json::Value {
    use serde_json::Value as Json;
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(Int::Small(number)) => (*number).into(),
        Value::Int(Int::Big(digits)) => Json::String(digits.to_string()),
        Value::Float(number) => (*number).into(),
        Value::Str(text) | Value::Timestamp(text) => Json::String(text.to_string()),
        Value::Binary(bytes) => bytes.to_vec().into(),
        Value::List(items) => items.iter().map(|item| json(item)).collect(),
        Value::Map(map) => {
            let mut entries: Vec<(String, Json)> =
                map.iter().map(|(key, entry)| (key_text(key), json(&entry.value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(entries.into_iter().collect())
        }
    }
}
