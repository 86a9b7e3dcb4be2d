//! Reads the typed meaning out of a merged configuration, with all its problems at once. Looks at no disk.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::front::kas::effective::{ConfHeader, Effective, EnvVar, Leaf};
use crate::front::kas::ids::{self, text};
use crate::front::kas::merged::Merged;
use crate::front::kas::repo::Repos;
use crate::front::kas::shape::key_text;
use crate::front::yaml::{Node, Value};

/// Top-level keys that are read into a field of their own, or that no build depends on.
const READ: &[&str] = &[
    "header",
    "build_system",
    "defaults",
    "overrides",
    "machine",
    "distro",
    "env",
    "target",
    "task",
    "repos",
    "bblayers_conf_header",
    "local_conf_header",
    "proxy_config",
    "menu_configuration",
    "artifacts",
    "_source_dir",
    "_source_dir_host",
];

impl Effective {
    /// The meaning of a merged configuration, beside warnings.
    ///
    /// # Errors
    /// Everything that kas would refuse when it sets up the repositories or writes its configuration. While
    /// repositories are missing from `merged` nothing is refused: what their files add may put it right.
    pub fn of(merged: &Merged) -> Result<(Self, Diagnostics), Diagnostics> {
        let mut found = Diagnostics::default();
        let config = &*merged.config;
        let field = |key: &str| config.get(key).and_then(|node| text(node));
        let effective = Self {
            machine: field("machine"),
            distro: field("distro"),
            targets: config.get("target").map(|node| match &node.value {
                Value::List(items) => items.iter().filter_map(|item| text(item)).collect(),
                _ => text(node).into_iter().collect(),
            }),
            task: field("task"),
            build_system: field("build_system"),
            env: env(config, &mut found),
            local_conf_header: headers(config, "local_conf_header", &mut found),
            bblayers_conf_header: headers(config, "bblayers_conf_header", &mut found),
            repos: Repos::of(config).all(&mut found),
            other: other(config),
        };
        if !found.has_errors() {
            Ok((effective, found))
        } else if merged.missing_repos.is_empty() {
            Err(found)
        } else {
            Ok((effective, Diagnostics::default()))
        }
    }
}

fn env(config: &Node, found: &mut Diagnostics) -> Vec<EnvVar> {
    let Some(map) = config.get("env").and_then(|node| node.as_map()) else { return Vec::new() };
    let mut variables = Vec::with_capacity(map.len());
    for (name, entry) in ids::texts(map, "the name of a variable", found) {
        let is_name = !name.is_empty()
            && !name.contains(|letter: char| {
                letter == '=' || letter.is_whitespace() || letter.is_control()
            });
        if is_name {
            let default = text(&entry.value).map(|text| text.value);
            variables.push(EnvVar { name, default, span: entry.value.span.clone() });
        } else {
            let problem = format!("`{}` cannot be the name of a variable", name.escape_debug());
            found.push(Diagnostic::error(problem).at(&entry.key_span));
        }
    }
    variables
}

fn headers(config: &Node, key: &str, found: &mut Diagnostics) -> Vec<ConfHeader> {
    let Some(map) = config.get(key).and_then(|node| node.as_map()) else { return Vec::new() };
    ids::sorted(map, &format!("an id in `{key}`"), found)
        .into_iter()
        .filter_map(|(id, entry)| {
            let text = text(&entry.value)?;
            Some(ConfHeader { id, text: text.value, span: text.span })
        })
        .collect()
}

fn other(config: &Node) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for (key, entry) in config.as_map().into_iter().flatten() {
        let key = key_text(key);
        if !READ.contains(&key.as_str()) {
            collect(key, &entry.value, &mut leaves);
        }
    }
    leaves
}

fn collect(path: String, node: &Arc<Node>, leaves: &mut Vec<Leaf>) {
    match node.as_map() {
        Some(map) if !map.is_empty() => {
            for (key, entry) in map {
                collect(format!("{path}.{}", key_text(key)), &entry.value, leaves);
            }
        }
        _ => leaves.push(Leaf { path, value: Arc::clone(node), span: node.span.clone() }),
    }
}
