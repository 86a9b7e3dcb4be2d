//! Which files of a local layer are not as they were: both sides listed it already. Reads nothing.

use std::collections::HashMap;
use std::sync::Arc;

use graph::compare::{Change, Comparison};
use graph::digest::Digest;
use graph::model::Graph;
use graph::name::NodeName;
use graph::spec::Source;
use graph::verdict::Reason;

use crate::probe::Observed;
use crate::report::view::base::BaseView;

/// More files of one layer are for nobody.
const MOST: usize = 1000;

type Manifest = [(String, Digest)];

/// What is known of trees by their digests, and of which digests parts were and are.
pub(super) struct Files<'a> {
    manifests: HashMap<Digest, &'a Manifest>,
    changed: HashMap<(&'a NodeName, &'a str), (Digest, Digest)>,
}

impl<'a> Files<'a> {
    pub(super) fn of(comparison: &'a Comparison, was: &'a Observed, is: &'a Observed) -> Self {
        let both = was.manifests.iter().chain(&is.manifests);
        let manifests: HashMap<Digest, &Manifest> =
            both.map(|(digest, files)| (*digest, files.as_slice())).collect();
        let mut changed = HashMap::new();
        for compared in &comparison.entries {
            let Change::Changed(reasons) = &compared.change else { continue };
            for reason in reasons {
                let Reason::Changed { old, new } = reason else { continue };
                if manifests.contains_key(&old.digest) && manifests.contains_key(&new.digest) {
                    changed.insert((&compared.name, &*new.name), (old.digest, new.digest));
                }
            }
        }
        Self { manifests, changed }
    }

    /// Names the files in every cause that is a local layer. Their paths are relative to the root.
    pub(super) fn fill(&self, view: &mut BaseView, graph: &Graph) {
        for cause in &mut view.causes {
            let (Some(node), Some(part)) = (cause.nodes.first(), &cause.reason.part) else {
                continue;
            };
            let Some((old, new)) = self.changed.get(&(node, &**part)) else { continue };
            let node = graph.id(node).map(|id| graph.node(id));
            let input = node.and_then(|node| node.inputs.iter().find(|input| input.part == *part));
            let Some(Source::Tree(tree)) = input.map(|input| &input.source) else { continue };
            let below = |path: &str| -> Arc<str> {
                if *tree.dir == *"." { path.into() } else { format!("{}/{path}", tree.dir).into() }
            };
            let files = different(self.manifests[old], self.manifests[new]);
            cause.files = files.into_iter().take(MOST).map(below).collect();
        }
    }
}

/// The paths at which two lists, both in order of path, differ.
fn different<'m>(old: &'m Manifest, new: &'m Manifest) -> Vec<&'m str> {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    let mut found = Vec::new();
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return found,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(was), Some(is)) => was.0.cmp(&is.0),
        };
        let was = if order.is_le() { old.next() } else { None };
        let is = if order.is_ge() { new.next() } else { None };
        if was.map(|file| file.1) != is.map(|file| file.1) {
            found.extend(was.or(is).map(|file| file.0.as_str()));
        }
    }
}

#[cfg(test)]
mod tests {
    use graph::digest::Digest;

    use super::different;

    #[test]
    fn lists_are_compared_path_by_path() {
        let list = |files: &[(&str, &str)]| -> Vec<(String, Digest)> {
            let file =
                |(path, text): &(&str, &str)| ((*path).to_owned(), Digest::of(text.as_bytes()));
            files.iter().map(file).collect()
        };
        let old = list(&[("a", "1"), ("b", "1"), ("d", "1")]);
        let new = list(&[("b", "2"), ("c", "1"), ("d", "1"), ("e", "1")]);
        assert_eq!(different(&old, &new), ["a", "b", "c", "e"]);
        assert_eq!(different(&old, &old), [""; 0]);
    }
}
