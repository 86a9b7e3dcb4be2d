//! The values of a composed document: PyYAML's `SafeConstructor`, with its merges, its duplicates and its tags.
//! Knows no syntax.
//!
//! The tree lists children before parents and anchors before aliases, so one pass without recursion builds all. What
//! aliases and merges multiply is counted before it exists: `&a`, `*a` cost nothing as shared nodes, but everything
//! that walks the result would pay for them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::Entry as MapEntry;

use super::compose::{Content, DEEPEST, Id, Pair, Raw, Tree};
use super::problems::Problems;
use super::resolve::Tag;
use super::scalar;
use super::text::Text;
use super::value::{Entry, Key, Map, Node, Value};
use crate::diagnostic::Diagnostic;

/// How many values a document may have with every alias written out, if it is not written that long.
const MOST_VALUES: usize = 1_000_000;
/// How much longer than what is written the document may be in any case.
const MOST_GROWTH: usize = 8;
/// How many entries all `<<` of a document may copy, if it does not have that many values.
const MOST_MERGED: usize = 100_000;

/// The value of a document; `None` if there are errors.
pub(super) fn construct(tree: &Tree, text: &Text, problems: &mut Problems) -> Option<Arc<Node>> {
    let most_values = MOST_VALUES.max(MOST_GROWTH * tree.nodes.len());
    let mut constructor = Constructor {
        tree,
        text,
        problems,
        built: Vec::with_capacity(tree.nodes.len()),
        flat: HashMap::new(),
        may_merge: Some(MOST_MERGED.max(tree.nodes.len())),
    };
    for (id, raw) in tree.nodes.iter().enumerate() {
        let built = constructor.build(id, raw);
        if let Some(problem) = built.as_ref().and_then(|built| too_much(built, most_values)) {
            constructor.problems.push(problem.at(&text.span(&raw.bytes)));
            return None;
        }
        constructor.may_merge?;
        constructor.built.push(built);
    }
    let Some(root) = tree.root else { return Some(empty(text)) };
    constructor.built[root].take().map(|built| built.node)
}

/// The value of a text without a document.
fn empty(text: &Text) -> Arc<Node> {
    Arc::new(Node { value: Value::Null, span: text.span(&(0..0)) })
}

/// A value and what it would be with every alias written out.
struct Built {
    node: Arc<Node>,
    values: usize,
    depth: usize,
}

fn too_much(built: &Built, most_values: usize) -> Option<Diagnostic> {
    let hint = "write out what is really meant, or split the file";
    if built.depth > DEEPEST {
        let message =
            format!("with its aliases written out this is nested more than {DEEPEST} levels deep");
        return Some(Diagnostic::error(message).hint(hint));
    }
    (built.values > most_values).then(|| {
        let message =
            format!("with its aliases written out this has more than {most_values} values");
        Diagnostic::error(message).hint(hint)
    })
}

/// What the items of a collection add up to.
#[derive(Default)]
struct Extent {
    values: usize,
    depth: usize,
}

impl Extent {
    fn add(&mut self, item: &Built) {
        self.values = self.values.saturating_add(item.values);
        self.depth = self.depth.max(item.depth);
    }

    fn of(self, node: Arc<Node>) -> Built {
        Built { node, values: self.values.saturating_add(1), depth: self.depth + 1 }
    }
}

struct Constructor<'a> {
    tree: &'a Tree,
    text: &'a Text,
    problems: &'a mut Problems,
    /// By id; `None` for what is not wanted or has a problem.
    built: Vec<Option<Built>>,
    /// The items of the mappings that have a `<<`, each key once.
    flat: HashMap<Id, Vec<Pair>>,
    /// How many entries `<<` may still copy; `None` once it was too many.
    may_merge: Option<usize>,
}

impl<'a> Constructor<'a> {
    fn build(&mut self, id: Id, raw: &'a Raw) -> Option<Built> {
        if let Content::Map(pairs) = &raw.content {
            self.flatten(id, raw, pairs);
        }
        if !raw.wanted {
            return None;
        }
        match (&raw.content, &raw.tag) {
            (_, Tag::Unknown(name)) => {
                let problem = scalar::unknown(name);
                self.refuse(problem, raw.properties.as_ref().unwrap_or(&raw.bytes));
                None
            }
            (Content::Scalar(text), tag) => match scalar::value(tag, text) {
                Ok(value) => Some(Built { node: self.node(raw, value), values: 1, depth: 0 }),
                Err(problem) => {
                    self.refuse(problem, &raw.bytes);
                    None
                }
            },
            (Content::Seq(items), Tag::Seq) => self.list(raw, items),
            (Content::Seq(items), Tag::Omap | Tag::Pairs) => self.pairs(raw, items),
            (Content::Map(pairs), Tag::Map | Tag::Set) => self.map(id, raw, pairs),
            (content, tag) => {
                let needs = match tag {
                    Tag::Seq | Tag::Omap | Tag::Pairs => "a list",
                    Tag::Map | Tag::Set => "a mapping",
                    _ => "a scalar",
                };
                let message =
                    format!("`{}` needs {needs}, and this is {}", tag.written(), content.kind());
                self.problems.push(Diagnostic::error(message).at(&self.text.span(&raw.bytes)));
                None
            }
        }
    }

    fn refuse(&mut self, problem: scalar::Refusal, at: &Range<usize>) {
        let diagnostic = Diagnostic::error(problem.message).at(&self.text.span(at));
        self.problems.push(match problem.hint {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        });
    }

    fn node(&self, raw: &Raw, value: Value) -> Arc<Node> {
        Arc::new(Node { value, span: self.text.span(&raw.bytes) })
    }

    fn list(&self, raw: &Raw, items: &[Id]) -> Option<Built> {
        let (mut list, mut extent) = (Vec::with_capacity(items.len()), Extent::default());
        for &item in items {
            let built = self.built[item].as_ref()?;
            list.push(Arc::clone(&built.node));
            extent.add(built);
        }
        Some(extent.of(self.node(raw, Value::List(list))))
    }

    /// `!!omap` and `!!pairs`: Python makes tuples of them, which are lists wherever they are printed.
    fn pairs(&mut self, raw: &Raw, items: &[Id]) -> Option<Built> {
        let (mut list, mut extent) = (Vec::with_capacity(items.len()), Extent::default());
        for &item in items {
            let child = &self.tree.nodes[item];
            let pair = match &child.content {
                Content::Map(pairs) if pairs.len() == 1 => &pairs[0],
                _ => return self.refuse_pair(raw, child),
            };
            if self.tree.nodes[pair.key].tag == Tag::Merge {
                return self.refuse_pair(raw, child);
            }
            let (key, value) = (self.built[pair.key].as_ref()?, self.built[pair.value].as_ref()?);
            let tuple = Value::List(vec![Arc::clone(&key.node), Arc::clone(&value.node)]);
            let mut inner = Extent::default();
            inner.add(key);
            inner.add(value);
            let built = inner.of(self.node(child, tuple));
            extent.add(&built);
            list.push(built.node);
        }
        Some(extent.of(self.node(raw, Value::List(list))))
    }

    fn refuse_pair(&mut self, raw: &Raw, child: &Raw) -> Option<Built> {
        let message = format!("`{}` needs a list of mappings of one key each", raw.tag.written());
        self.problems.push(Diagnostic::error(message).at(&self.text.span(&child.bytes)));
        None
    }

    fn map(&mut self, id: Id, raw: &Raw, own: &[Pair]) -> Option<Built> {
        let flat = self.flat.remove(&id);
        let pairs = flat.as_deref().unwrap_or(own);
        let mut map = Map::with_capacity_and_hasher(pairs.len(), Default::default());
        let (mut extent, mut complete) = (Extent::default(), true);
        for pair in pairs {
            let (Some(key), Some(value)) = (self.key(pair), self.built[pair.value].as_ref()) else {
                complete = false;
                continue;
            };
            extent.add(value);
            let value = match raw.tag {
                Tag::Set => Arc::new(Node { value: Value::Null, span: self.text.span(&pair.at) }),
                _ => Arc::clone(&value.node),
            };
            // As in a dict, a key that was there keeps its place.
            map.insert(key, Entry { key_span: self.text.span(&pair.at), value });
        }
        if flat.is_some() || map.len() < own.len() {
            self.warn_of_duplicates(own);
        }
        self.flat.extend(flat.map(|flat| (id, flat)));
        complete.then(|| extent.of(self.node(raw, Value::Map(map))))
    }

    /// The key of an item; `None` after a problem.
    fn key(&mut self, pair: &Pair) -> Option<Key> {
        let node = &self.built[pair.key].as_ref()?.node;
        let key = scalar::key(&node.value);
        if key.is_none() {
            let message = format!("{} cannot be a key", node.kind());
            self.problems.push(Diagnostic::error(message).at(&self.text.span(&pair.at)));
        }
        key
    }

    fn warn_of_duplicates(&mut self, own: &[Pair]) {
        let mut seen: HashMap<Key, &Range<usize>> = HashMap::with_capacity(own.len());
        for pair in own.iter().filter(|pair| self.tree.nodes[pair.key].tag != Tag::Merge) {
            let Some(node) = self.built[pair.key].as_ref().map(|built| &built.node) else {
                continue;
            };
            let Some(key) = scalar::key(&node.value) else { continue };
            let Some(first) = seen.insert(key, &pair.at) else { continue };
            let written = self.text.as_str().get(pair.at.clone()).unwrap_or_default();
            self.problems.push(
                Diagnostic::warning(format!(
                    "the key `{}` is given twice, and the last one wins",
                    scalar::shown(written)
                ))
                .at(&self.text.span(&pair.at))
                .related(&self.text.span(first), "given here, too"),
            );
        }
    }

    /// `flatten_mapping`: what `<<` brings comes first, of a list the earlier wins, and of two `<<` the later.
    /// Python keeps every copy of a key; one is enough, the first in place and the last in value.
    fn flatten(&mut self, id: Id, raw: &Raw, pairs: &'a [Pair]) {
        let is_merge = |pair: &&Pair| self.tree.nodes[pair.key].tag == Tag::Merge;
        if !pairs.iter().any(|pair| is_merge(&pair)) {
            return;
        }
        let mut operands: Vec<Id> = Vec::new();
        for merge in pairs.iter().filter(is_merge) {
            match &self.tree.nodes[merge.value].content {
                Content::Map(_) => operands.push(merge.value),
                Content::Seq(items) => operands.extend(items.iter().rev()),
                Content::Scalar(_) => operands.push(merge.value),
            }
        }
        let tree = self.tree;
        let mut flat: IndexMap<Key, Pair> = IndexMap::new();
        for operand in operands {
            let Content::Map(items) = &tree.nodes[operand].content else {
                self.refuse_operand(raw, operand);
                continue;
            };
            let items = self.flat.get(&operand).unwrap_or(items).clone();
            self.may_merge = self.may_merge.and_then(|left| left.checked_sub(items.len()));
            if self.may_merge.is_none() {
                let most = MOST_MERGED.max(tree.nodes.len());
                let message = format!("the `<<` of this file copy more than {most} entries");
                self.problems.push(Diagnostic::error(message).at(&self.text.span(&raw.bytes)));
                return;
            }
            for pair in items {
                self.place(&mut flat, pair);
            }
        }
        for pair in pairs.iter().filter(|pair| tree.nodes[pair.key].tag != Tag::Merge) {
            self.place(&mut flat, pair.clone());
        }
        self.flat.insert(id, flat.into_values().collect());
    }

    fn place(&mut self, flat: &mut IndexMap<Key, Pair>, pair: Pair) {
        let Some(key) = self.key(&pair) else { return };
        match flat.entry(key) {
            MapEntry::Vacant(vacant) => {
                vacant.insert(pair);
            }
            // A dict keeps the key that it has: `1` stays `1` when `true` comes.
            MapEntry::Occupied(mut occupied) => {
                let known = occupied.get_mut();
                (known.value, known.at) = (pair.value, pair.at);
            }
        }
    }

    fn refuse_operand(&mut self, raw: &Raw, operand: Id) {
        let found = &self.tree.nodes[operand];
        let message = format!(
            "`<<` needs a mapping or a list of mappings, and this is {}",
            found.content.kind()
        );
        self.problems.push(
            Diagnostic::error(message)
                .at(&self.text.span(&found.bytes))
                .related(&self.text.span(&raw.bytes), "the mapping that merges it"),
        );
    }
}
