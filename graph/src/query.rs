//! Which nodes are meant: selectors as users write them. Knows no verdict.
//!
//! | written | means |
//! | --- | --- |
//! | `image/rpi-scarthgap` | the node of that name |
//! | `kernel/next/*/arm64/*` | names that match; `*` does not cross a `/`, `**` does |
//! | `workflow=onpush`, `arch=arm*` | nodes with a label whose value matches |
//! | `!…` | not those, wherever in the list it stands |
//!
//! Several are united. Nothing, or nothing but exclusions, means everything. A selector that matches nothing is an
//! error, an exclusion too: one with a typing mistake would build what was to be left out.

use std::collections::BTreeSet;

use globset::{GlobBuilder, GlobMatcher};

use crate::model::{Graph, NodeId};
use crate::name::NodeName;
use crate::spec::Node;

/// How many names are offered for one that nothing matches.
const OFFERED: usize = 3;

/// How alike two names must be for one to be offered for the other.
const ALIKE: f64 = 0.7;

/// One selector, parsed.
#[derive(Debug, Clone)]
pub struct Selector {
    written: String,
    excludes: bool,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Name(NodeName),
    Names(GlobMatcher),
    Label { key: String, value: GlobMatcher },
}

/// What is wrong with a selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSelector {
    /// Nothing has this name or label.
    #[error("no node matches `{selector}`")]
    UnknownTarget {
        /// The selector as it was written.
        selector: String,
        /// The names or labels that are most like it, best first.
        nearest: Vec<String>,
    },
    /// It is no selector.
    #[error("`{selector}` is not a selector: {reason}")]
    Malformed {
        /// The selector as it was written.
        selector: String,
        /// Why.
        reason: String,
    },
}

impl Selector {
    /// Reads a selector as users write it.
    ///
    /// # Errors
    /// When it is empty or its pattern is broken.
    pub fn parse(written: &str) -> Result<Self, BadSelector> {
        let (excludes, text) = match written.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, written),
        };
        let malformed =
            |reason: String| BadSelector::Malformed { selector: written.to_owned(), reason };
        if text.is_empty() {
            return Err(malformed("it names nothing".to_owned()));
        }
        let glob = |pattern: &str| {
            GlobBuilder::new(pattern)
                .literal_separator(true)
                .backslash_escape(true)
                .build()
                .map(|glob| glob.compile_matcher())
                .map_err(|error| malformed(error.kind().to_string()))
        };
        let what = match (label_key(text), NodeName::parse(text)) {
            (Some((key, value)), _) => What::Label { key: key.to_owned(), value: glob(value)? },
            (None, Ok(name)) => What::Name(name),
            (None, Err(_)) => What::Names(glob(text)?),
        };
        Ok(Self { written: written.to_owned(), excludes, what })
    }

    /// Whether it means this node, exclusion aside.
    #[must_use]
    pub fn matches(&self, node: &Node) -> bool {
        match &self.what {
            What::Name(name) => node.name == *name,
            What::Names(glob) => glob.is_match(node.name.as_str()),
            What::Label { key, value } => {
                node.labels.iter().any(|label| label.key == key && value.is_match(&*label.value))
            }
        }
    }

    /// Whether it means something of this name that is no node, exclusion aside; nothing, where it asks for a label.
    #[must_use]
    pub fn matches_name(&self, name: &NodeName) -> bool {
        match &self.what {
            What::Name(meant) => meant == name,
            What::Names(glob) => glob.is_match(name.as_str()),
            What::Label { .. } => false,
        }
    }

    /// The one slice in which all nodes are that it means, by its [name](NodeName::slice), where its text tells; `label` is
    /// that whose value names a slice.
    #[must_use]
    pub fn slice(&self, label: &str) -> Option<String> {
        let literal = |text: &str| !text.contains(['*', '?', '[', ']', '{', '}', '\\']);
        let named = match &self.what {
            What::Name(name) => return name.slice().map(str::to_owned),
            What::Label { key, value } if key == label && literal(value.glob().glob()) => {
                NodeName::new("any", [value.glob().glob(), "any"]).ok()?
            }
            What::Label { .. } => return None,
            What::Names(glob) => {
                // `*` crosses no `/`; what else could stand for one is left alone.
                let (kind, rest) = glob.glob().glob().split_once('/')?;
                let (slice, rest) = rest.split_once('/')?;
                let is_plain = literal(&kind.replace('*', "")) && !kind.contains("**");
                let is_plain = is_plain && literal(&rest.replace('*', ""));
                let name = format!("any/{slice}/any");
                NodeName::parse(&name).ok().filter(|_| is_plain && literal(slice))?
            }
        };
        named.slice().map(str::to_owned)
    }

    /// Whether it takes away what it means.
    #[must_use]
    pub fn excludes(&self) -> bool {
        self.excludes
    }

    fn in_graph(&self, graph: &Graph) -> Vec<NodeId> {
        match &self.what {
            What::Name(name) => graph.id(name).into_iter().collect(),
            What::Names(_) | What::Label { .. } => {
                graph.ids().filter(|&id| self.matches(graph.node(id))).collect()
            }
        }
    }

    fn unknown(&self, graph: &Graph) -> BadSelector {
        let text = self.written.strip_prefix('!').unwrap_or(&self.written);
        let nodes = || graph.ids().map(|id| graph.node(id));
        let nearest = match &self.what {
            What::Label { .. } => {
                let labels = nodes().flat_map(|node| &node.labels);
                let all: BTreeSet<String> =
                    labels.map(|label| format!("{}={}", label.key, label.value)).collect();
                nearest(text, all.iter().map(|label| (label.as_str(), label.as_str())))
            }
            What::Name(_) | What::Names(_) => match deeper(text, graph) {
                Some(deeper) => vec![deeper],
                None => {
                    let last = |name: &str| name.rfind('/').map_or(0, |slash| slash + 1);
                    let names = nodes().map(|node| node.name.as_str());
                    nearest(text, names.map(|name| (name, &name[last(name)..])))
                }
            },
        };
        BadSelector::UnknownTarget { selector: self.written.clone(), nearest }
    }
}

/// What was meant by `kernel` or `kernel/*` where names have more segments.
fn deeper(text: &str, graph: &Graph) -> Option<String> {
    let written = format!("{}/**", text.strip_suffix("/*").unwrap_or(text));
    let selector = Selector::parse(&written).ok()?;
    (!selector.in_graph(graph).is_empty()).then_some(written)
}

/// A label's key is a plain word, so a name with an `=` in it (`…/defconfig+CONFIG_A=y`) is none.
fn label_key(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once('=')?;
    let plain = key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    (plain && !key.is_empty()).then_some((key, value))
}

/// Those of the names that are most like a text, best first. Each comes with a brief form that counts as well.
pub(crate) fn nearest<'a>(
    text: &str,
    names: impl Iterator<Item = (&'a str, &'a str)>,
) -> Vec<String> {
    let mut best: Vec<(f64, &str)> = Vec::new();
    for (name, brief) in names {
        let alike = |name| strsim::normalized_damerau_levenshtein(text, name);
        let likeness = alike(name).max(alike(brief));
        let at = best.partition_point(|(other, _)| *other >= likeness);
        if likeness > ALIKE && at < OFFERED {
            best.insert(at, (likeness, name));
            best.truncate(OFFERED);
        }
    }
    best.into_iter().map(|(_, name)| name.to_owned()).collect()
}

impl Graph {
    /// The nodes that the selectors mean, needs first, each once. What they need is not added.
    ///
    /// # Errors
    /// Every selector that is broken or matches nothing.
    pub fn select<S: AsRef<str>>(&self, selectors: &[S]) -> Result<Vec<NodeId>, Vec<BadSelector>> {
        let mut bad = Vec::new();
        let mut included: Vec<Option<bool>> = vec![None; self.len()];
        let mut nothing_included = true;
        for selector in selectors {
            let parsed = Selector::parse(selector.as_ref());
            let found = parsed.and_then(|parsed| match parsed.in_graph(self) {
                found if found.is_empty() => Err(parsed.unknown(self)),
                found => Ok((parsed.excludes, found)),
            });
            match found {
                Err(error) if bad.contains(&error) => {}
                Err(error) => bad.push(error),
                Ok((excludes, found)) => {
                    nothing_included &= excludes;
                    for id in found {
                        let state = &mut included[id.index()];
                        *state = Some(!excludes && *state != Some(false));
                    }
                }
            }
        }
        if !bad.is_empty() {
            return Err(bad);
        }
        let meant = |id: &NodeId| included[id.index()].unwrap_or(nothing_included);
        Ok(self.ids().filter(meant).collect())
    }
}
