//! The sections of several files as one: KernelCI's `load_yaml`, which merges each section by its keys, except that a
//! key which two files define is an error here and not the later of both. Looks at no value.

use std::sync::Arc;

use indexmap::IndexMap;

use super::file::misfit;
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::front::yaml::{Entry, Key, Named, Node, Value};

/// The sections that count. Others hold anchors, or belong to other tools.
const SECTIONS: [&str; 5] =
    ["trees", "fragments", "build_environments", "build_configs_defaults", "build_configs"];

/// A section: names with what they are.
pub(super) type Section = IndexMap<Arc<str>, Entry>;

/// All sections of all files.
#[derive(Debug, Default)]
pub(super) struct Sections {
    pub(super) trees: Section,
    pub(super) fragments: Section,
    pub(super) environments: Section,
    pub(super) defaults: Section,
    pub(super) configs: Section,
}

/// Merges the documents of files, each under the name of its file.
pub(super) fn merge(documents: &[(Arc<str>, Arc<Node>)], found: &mut Diagnostics) -> Sections {
    let mut sections = Sections::default();
    for (name, document) in documents {
        let map = match &document.value {
            Value::Map(map) => map,
            Value::Null => continue,
            _ => {
                let problem = format!("the file is {}, and must be a mapping", document.kind());
                found.push(Diagnostic::error(problem).in_file(name.clone()));
                continue;
            }
        };
        for section in SECTIONS {
            if let Some(entry) = map.get(&Named(section)) {
                extend(sections.section(section), section, &entry.value, found);
            }
        }
    }
    if sections.configs.is_empty() && !documents.is_empty() && !found.has_errors() {
        found.push(no_configs(documents));
    }
    sections
}

impl Sections {
    fn section(&mut self, name: &str) -> &mut Section {
        match name {
            "trees" => &mut self.trees,
            "fragments" => &mut self.fragments,
            "build_environments" => &mut self.environments,
            "build_configs_defaults" => &mut self.defaults,
            _ => &mut self.configs,
        }
    }
}

fn extend(section: &mut Section, name: &str, node: &Node, found: &mut Diagnostics) {
    let map = match &node.value {
        Value::Map(map) => map,
        Value::Null => return,
        _ => {
            found.push(misfit(name, node, "a mapping"));
            return;
        }
    };
    for (key, entry) in map {
        let Key::Str(key) = key else {
            let problem = format!("a name in `{name}` is no string to YAML");
            found.push(Diagnostic::error(problem).at(&entry.key_span).hint("put it in quotes"));
            continue;
        };
        match section.get(key) {
            Some(first) => {
                let problem = format!("`{name}.{}` is defined in two files", key.escape_debug());
                found.push(
                    Diagnostic::error(problem)
                        .at(&entry.key_span)
                        .related(&first.key_span, "the first is here"),
                );
            }
            None => {
                section.insert(key.clone(), entry.clone());
            }
        }
    }
}

fn no_configs(documents: &[(Arc<str>, Arc<Node>)]) -> Diagnostic {
    let keys = documents.iter().filter_map(|(_, document)| document.as_map());
    let keys: Vec<_> =
        keys.flatten().filter_map(|(key, entry)| Some((key.as_str()?, entry))).collect();
    let others = keys.iter().map(|(key, _)| *key).filter(|key| !SECTIONS.contains(key));
    let near = nearest("build_configs", others);
    let problem = Diagnostic::error("there are no `build_configs`");
    match keys.iter().find(|(key, _)| Some(*key) == near) {
        Some((key, entry)) => problem
            .at(&entry.key_span)
            .hint(format!("`{key}` is no section; did you mean `build_configs`?")),
        None => problem.in_file(documents[0].0.clone()),
    }
}
