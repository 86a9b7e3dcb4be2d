//! The events of a document as a tree: PyYAML's `Composer`. Knows tags and anchors, and no values.

use std::collections::HashMap;
use std::ops::Range;

use super::parse::{Event, EventKind, Parser, Properties};
use super::problems::Problems;
use super::resolve::{self, Tag};
use super::scalar;
use super::text::Text;
use crate::diagnostic::{self, Diagnostic};

/// Nobody nests deeper, Python does not read much deeper, and what walks a tree here may recurse.
pub(super) const DEEPEST: usize = 256;

/// Among how many anchors a misspelt alias is looked for.
const MOST_NAMES: usize = 200;

/// Index into [`Tree::nodes`].
pub(super) type Id = usize;

/// A document. Children come before their parents, and what an alias means before the alias.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Raw>,
    pub(super) root: Option<Id>,
}

/// A node before it has a value.
pub(super) struct Raw {
    pub(super) tag: Tag,
    /// Its anchor and tag, if it has any.
    pub(super) properties: Option<Range<usize>>,
    pub(super) bytes: Range<usize>,
    pub(super) content: Content,
    /// Whether its value is asked for. That of `<<` and of its operands is not.
    pub(super) wanted: bool,
}

pub(super) enum Content {
    Scalar(String),
    Seq(Vec<Id>),
    Map(Vec<Pair>),
}

/// An item of a mapping.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) key: Id,
    pub(super) value: Id,
    /// Where the key was written, be it an alias.
    pub(super) at: Range<usize>,
}

impl Content {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "a scalar",
            Self::Seq(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// Composes the one document of a text. `None`: the problems are such that going on would only find more.
pub(super) fn compose(text: &Text, problems: &mut Problems) -> Option<Tree> {
    let mut parser = Parser::new(text.as_str(), text.start);
    let mut composer = Composer::new(text, problems);
    let tree = loop {
        match parser.next() {
            Ok(event) => match composer.take(event) {
                Step::Next => {}
                Step::Done => break Some(composer.tree),
                Step::Hopeless => break None,
            },
            Err(refusal) => {
                let problem = Diagnostic::error(refusal.message).at(&text.character(refusal.at));
                let problem = refusal.hint.into_iter().fold(problem, Diagnostic::hint);
                problems.push(match refusal.began {
                    Some(began) => problem.related(&text.character(began), "it began here"),
                    None => problem,
                });
                break None;
            }
        }
    };
    if let Some(tab) = parser.tab() {
        problems.push(
            Diagnostic::warning("a tab between tokens, which kas does not read")
                .at(&text.character(tab))
                .hint("replace it by spaces, or quote the text that holds it"),
        );
    }
    tree
}

enum Step {
    Next,
    Done,
    Hopeless,
}

/// A collection that is not yet closed.
struct Open {
    raw: Raw,
    anchor: Option<String>,
    /// The key that waits for its value.
    key: Option<(Id, Range<usize>)>,
    flow: bool,
    /// The operand of a `<<`.
    merged: bool,
}

enum Anchor {
    Open,
    Closed(Id),
}

struct Composer<'a> {
    text: &'a Text,
    problems: &'a mut Problems,
    tree: Tree,
    open: Vec<Open>,
    anchors: HashMap<String, (Anchor, Range<usize>)>,
    document: Option<Range<usize>>,
}

impl<'a> Composer<'a> {
    fn new(text: &'a Text, problems: &'a mut Problems) -> Self {
        Self {
            text,
            problems,
            tree: Tree::default(),
            open: Vec::new(),
            anchors: HashMap::new(),
            document: None,
        }
    }

    fn take(&mut self, event: Event) -> Step {
        let bytes = event.bytes;
        match event.kind {
            EventKind::DocumentEnd => {}
            EventKind::StreamEnd => return Step::Done,
            EventKind::DocumentStart => {
                if let Some(first) = self.document.replace(bytes.clone()) {
                    self.second_document(&first, &bytes);
                    return Step::Done;
                }
            }
            EventKind::Alias(anchor) => self.alias(&anchor, bytes),
            EventKind::Scalar { properties, text, plain } => {
                let tag = match properties.tag.as_deref() {
                    None | Some("!") if plain => resolve::plain(&text),
                    None | Some("!") => Tag::Str,
                    Some(name) => Tag::named(name),
                };
                let bytes = self.text.trimmed(bytes);
                let (raw, anchor) = raw(tag, properties, bytes, Content::Scalar(text));
                self.anchor(anchor.as_deref(), &raw);
                self.close(raw, anchor);
            }
            EventKind::SequenceStart { properties, flow } => {
                return self.enter(Tag::Seq, properties, bytes, Content::Seq(Vec::new()), flow);
            }
            EventKind::MappingStart { properties, flow } => {
                return self.enter(Tag::Map, properties, bytes, Content::Map(Vec::new()), flow);
            }
            EventKind::End => {
                let open = self.open.pop().expect("the parser balances its events");
                let mut raw = open.raw;
                // The end of a block is only seen at the next token, perhaps many comments later.
                if open.flow {
                    raw.bytes.end = raw.bytes.end.max(bytes.end);
                }
                self.close(raw, open.anchor);
            }
        }
        Step::Next
    }

    fn second_document(&mut self, first: &Range<usize>, second: &Range<usize>) {
        self.problems.push(
            Diagnostic::error("a second document begins here, and only one is read")
                .at(&self.text.span(second))
                .related(&self.text.span(first), "the first one")
                .hint("put it into a file of its own"),
        );
    }

    fn enter(
        &mut self,
        default: Tag,
        properties: Properties,
        bytes: Range<usize>,
        content: Content,
        flow: bool,
    ) -> Step {
        let tag = match properties.tag.as_deref() {
            None | Some("!") => default,
            Some(name) => Tag::named(name),
        };
        // A block grows with its items.
        let bytes = if flow { bytes } else { bytes.start..bytes.start };
        let (raw, anchor) = raw(tag, properties, bytes, content);
        self.anchor(anchor.as_deref(), &raw);
        if self.open.len() == DEEPEST {
            self.problems.push(
                Diagnostic::error(format!("nested more than {DEEPEST} levels deep"))
                    .at(&self.text.character(raw.bytes.start)),
            );
            return Step::Hopeless;
        }
        let merged = self.open.last().is_some_and(|parent| {
            parent.key.as_ref().is_some_and(|(key, _)| self.tree.nodes[*key].tag == Tag::Merge)
        });
        self.open.push(Open { raw, anchor, key: None, flow, merged });
        Step::Next
    }

    /// Notes an anchor when its node begins, so that an alias inside of it is known to be one to itself.
    fn anchor(&mut self, name: Option<&str>, raw: &Raw) {
        let Some(name) = name else { return };
        let at = raw.properties.clone().unwrap_or_else(|| raw.bytes.clone());
        let old = self.anchors.insert(name.to_owned(), (Anchor::Open, at.clone()));
        if let Some((_, first)) = old {
            self.problems.push(
                Diagnostic::error(format!(
                    "the anchor `&{}` is defined twice",
                    scalar::shown(name)
                ))
                .at(&self.text.span(&at))
                .related(&self.text.span(&first), "first defined here"),
            );
        }
    }

    fn alias(&mut self, name: &str, bytes: Range<usize>) {
        let shown = scalar::shown(name);
        let problem = match self.anchors.get(name) {
            Some((Anchor::Closed(id), _)) => return self.attach(*id, bytes),
            Some((Anchor::Open, at)) => {
                Diagnostic::error(format!("the alias `*{shown}` stands inside of what it repeats"))
                    .related(&self.text.span(at), "the anchor")
            }
            None => {
                let most = if self.problems.is_full() { 0 } else { MOST_NAMES };
                let names = self.anchors.keys().take(most).map(String::as_str);
                let nearest = diagnostic::nearest(name, names);
                let problem = Diagnostic::error(format!("the alias `*{shown}` has no anchor"));
                match nearest {
                    Some(nearest) => problem.hint(format!("did you mean `*{nearest}`?")),
                    None => problem.hint(format!(
                        "define `&{shown}` before it, or quote the value if it is a text"
                    )),
                }
            }
        };
        self.problems.push(problem.at(&self.text.span(&bytes)));
        let stand_in = Content::Scalar(String::new());
        self.close(raw(Tag::Null, Properties::default(), bytes, stand_in).0, None);
    }

    /// Files a node that is complete.
    fn close(&mut self, raw: Raw, anchor: Option<String>) {
        let (id, bytes) = (self.tree.nodes.len(), raw.bytes.clone());
        self.tree.nodes.push(raw);
        if let Some((anchor, _)) = anchor.and_then(|name| self.anchors.get_mut(&name)) {
            *anchor = Anchor::Closed(id);
        }
        self.attach(id, bytes);
    }

    /// Gives a node to the collection that is open.
    fn attach(&mut self, id: Id, bytes: Range<usize>) {
        let Some(parent) = self.open.last_mut() else {
            self.tree.root = Some(id);
            return self.tree.want(id);
        };
        parent.raw.bytes.end = parent.raw.bytes.end.max(bytes.end);
        match (&mut parent.raw.content, parent.key.take()) {
            (Content::Seq(items), _) => {
                items.push(id);
                if !parent.merged {
                    self.tree.want(id);
                }
            }
            (Content::Map(pairs), Some((key, at))) => {
                pairs.push(Pair { key, value: id, at });
                if self.tree.nodes[key].tag != Tag::Merge {
                    self.tree.want(id);
                }
            }
            (_, None) => {
                parent.key = Some((id, bytes));
                match self.tree.nodes[id].tag {
                    Tag::Merge => {}
                    // As a key, and only there, `=` is a text: `flatten_mapping`.
                    Tag::Value => {
                        self.tree.nodes[id].tag = Tag::Str;
                        self.tree.want(id);
                    }
                    _ => self.tree.want(id),
                }
            }
            (Content::Scalar(_), Some(_)) => unreachable!("only collections are open"),
        }
    }
}

impl Tree {
    fn want(&mut self, id: Id) {
        if std::mem::replace(&mut self.nodes[id].wanted, true) {
            return;
        }
        // The operand of a `<<` that an alias uses as a value, too.
        if let Content::Seq(items) = &self.nodes[id].content {
            for item in items.clone() {
                self.want(item);
            }
        }
    }
}

/// A node, and its anchor.
fn raw(
    tag: Tag,
    properties: Properties,
    bytes: Range<usize>,
    content: Content,
) -> (Raw, Option<String>) {
    let Properties { anchor, bytes: written, .. } = properties;
    (Raw { tag, properties: written, bytes, content, wanted: false }, anchor)
}
