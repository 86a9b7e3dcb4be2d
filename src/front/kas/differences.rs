//! Two configurations compared by what they mean: key by key, whatever the files, the order and the layout.
//! Knows neither which of them is right nor how it is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::Span;
use crate::front::kas::effective::Effective;
use crate::front::kas::lower::statements;

/// What stands for a variable that has no value of its own.
const OUTER: &str = "null (as it is outside)";

/// A key that two configurations do not have alike.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The key, named as the parts of a node are: `local_conf_header.base`.
    pub key: Arc<str>,
    /// What the first says of it, if it has the key.
    pub old: Option<Said>,
    /// What the second says of it, if it has the key.
    pub new: Option<Said>,
}

/// What a configuration says of a key.
#[derive(Debug, Clone)]
pub struct Said {
    /// The value as a text; the same for what means the same, and without the credentials of URLs.
    pub value: Arc<str>,
    /// Where it was written, if that is known.
    pub span: Option<Span>,
}

impl Difference {
    /// Whether it is about the commit of a repository.
    #[must_use]
    pub fn is_commit(&self) -> bool {
        self.key.starts_with("repos.") && self.key.ends_with(".commit")
    }
}

/// The keys that differ, in order of name.
#[must_use]
pub fn differences(old: &Effective, new: &Effective) -> Vec<Difference> {
    let (mut old, mut new) = (by_key(old), by_key(new));
    let mut keys: Vec<Arc<str>> = old.keys().chain(new.keys()).cloned().collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .map(|key| Difference { old: old.remove(&key), new: new.remove(&key), key })
        .filter(|found| {
            let value = |said: &Option<Said>| said.as_ref().map(|said| Arc::clone(&said.value));
            value(&found.old) != value(&found.new)
        })
        .collect()
}

fn by_key(effective: &Effective) -> BTreeMap<Arc<str>, Said> {
    let variables = effective.env.iter().map(|variable| {
        let value = variable.default.clone().unwrap_or_else(|| OUTER.into());
        let said = Said { value, span: Some(variable.span.clone()) };
        (format!("env.{}", variable.name).into(), said)
    });
    statements(effective)
        .into_iter()
        .map(|said| (said.part, Said { value: said.value, span: said.span }))
        .chain(variables)
        .collect()
}
