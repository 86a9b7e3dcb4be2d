//! The events of a document as a tree: PyYAML's `Composer` over libyaml's scanner. Knows tags and anchors, and no values.

use std::collections::HashMap;
use std::ops::Range;

use libyaml_safer::{Encoding, Event, EventData, MappingStyle, Parser, ScalarStyle, SequenceStyle};

use super::problems::Problems;
use super::resolve::{self, Tag};
use super::scan;
use super::scan::Text;
use crate::diagnostic::Diagnostic;

/// Nobody nests deeper, Python does not read much deeper, and what walks a tree here may recurse.
pub(super) const DEEPEST: usize = 256;

/// Index into [`Tree::nodes`].
pub(super) type Id = usize;

/// A document. Children come before their parents, and what an alias means before the alias.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Raw>,
    pub(super) root: Option<Id>,
    /// Where tabs are content: quoted and block scalars.
    pub(super) verbatim: Vec<Range<usize>>,
}

/// A node before it has a value.
pub(super) struct Raw {
    pub(super) tag: Tag,
    /// Its anchor and tag, if it has any.
    pub(super) properties: Range<usize>,
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
    let mut input = text.body().as_bytes();
    let mut parser = Parser::new();
    // What is no UTF-8 was replaced already, and a guess could only go wrong.
    parser.set_encoding(Encoding::Utf8);
    parser.set_input(&mut input);
    let mut composer = Composer::new(text, problems);
    loop {
        match parser.parse() {
            Ok(event) => match composer.take(event) {
                Step::Next => {}
                Step::Done => return Some(composer.tree),
                Step::Hopeless => return None,
            },
            Err(error) => {
                problems.push(scan::refusal(text, &error));
                return None;
            }
        }
    }
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
        let bytes = self.text.range(event.start_mark, event.end_mark);
        match event.data {
            EventData::StreamStart { .. } | EventData::DocumentEnd { .. } => {}
            EventData::StreamEnd => return Step::Done,
            EventData::DocumentStart { .. } => {
                if let Some(first) = self.document.replace(bytes.clone()) {
                    self.second_document(&first, &bytes);
                    return Step::Done;
                }
            }
            EventData::Alias { anchor } => self.alias(&anchor, bytes),
            EventData::Scalar { anchor, tag, value, plain_implicit, style, .. } => {
                let tag = match tag.as_deref() {
                    None | Some("" | "!") if plain_implicit => resolve::plain(&value),
                    None | Some("" | "!") => Tag::Str,
                    Some(name) => Tag::named(name),
                };
                self.verbatim(style, &bytes);
                let raw = self.raw(tag, anchor.as_deref(), bytes, Content::Scalar(value));
                self.anchor(anchor.as_deref(), &raw.properties);
                self.close(raw, anchor);
            }
            EventData::SequenceStart { anchor, tag, style, .. } => {
                let tag = collection_tag(tag.as_deref(), Tag::Seq);
                let content = Content::Seq(Vec::new());
                return self.enter(tag, anchor, bytes, content, style == SequenceStyle::Flow);
            }
            EventData::MappingStart { anchor, tag, style, .. } => {
                let tag = collection_tag(tag.as_deref(), Tag::Map);
                let content = Content::Map(Vec::new());
                return self.enter(tag, anchor, bytes, content, style == MappingStyle::Flow);
            }
            EventData::SequenceEnd | EventData::MappingEnd => {
                let open = self.open.pop().expect("the parser balances its events");
                let mut raw = open.raw;
                // The end of a block is only seen at the next token, perhaps many comments later.
                if open.flow {
                    raw.bytes.end = bytes.end;
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

    /// A node that begins at an event: its anchor and tag are told from its content.
    fn raw(&self, tag: Tag, anchor: Option<&str>, bytes: Range<usize>, content: Content) -> Raw {
        let start = if anchor.is_some() || self.text.has_tag(bytes.start) {
            self.text.after_properties(&bytes)
        } else {
            bytes.start
        };
        let properties = self.text.trimmed(bytes.start..start);
        // A collection grows with its items.
        let bytes = match content {
            Content::Scalar(_) => self.text.trimmed(start..bytes.end.max(start)),
            Content::Seq(_) | Content::Map(_) => start..start,
        };
        Raw { tag, properties, bytes, content, wanted: false }
    }

    fn enter(
        &mut self,
        tag: Tag,
        anchor: Option<String>,
        bytes: Range<usize>,
        content: Content,
        flow: bool,
    ) -> Step {
        let raw = self.raw(tag, anchor.as_deref(), bytes.start..self.text.len(), content);
        self.anchor(anchor.as_deref(), &raw.properties);
        let merged = self.open.last().is_some_and(|parent| {
            parent.key.as_ref().is_some_and(|(key, _)| self.tree.nodes[*key].tag == Tag::Merge)
        });
        if self.open.len() == DEEPEST {
            self.problems.push(
                Diagnostic::error(format!("nested more than {DEEPEST} levels deep"))
                    .at(&self.text.span(&raw.bytes)),
            );
            return Step::Hopeless;
        }
        self.open.push(Open { raw, anchor, key: None, flow, merged });
        Step::Next
    }

    /// Notes an anchor when its node begins, so that an alias inside of it is known to be one to itself.
    fn anchor(&mut self, name: Option<&str>, at: &Range<usize>) {
        let Some(name) = name else { return };
        let old = self.anchors.insert(name.to_owned(), (Anchor::Open, at.clone()));
        if let Some((_, first)) = old {
            self.problems.push(
                Diagnostic::error(format!("the anchor `&{name}` is defined twice"))
                    .at(&self.text.span(at))
                    .related(&self.text.span(&first), "first defined here"),
            );
        }
    }

    fn alias(&mut self, name: &str, bytes: Range<usize>) {
        let problem = match self.anchors.get(name) {
            Some((Anchor::Closed(id), _)) => return self.attach(*id, bytes),
            Some((Anchor::Open, at)) => {
                Diagnostic::error(format!("the alias `*{name}` stands inside of what it repeats"))
                    .related(&self.text.span(at), "the anchor")
            }
            None => {
                let nearest =
                    crate::diagnostic::nearest(name, self.anchors.keys().map(String::as_str));
                let problem = Diagnostic::error(format!("the alias `*{name}` has no anchor"));
                match nearest {
                    Some(nearest) => problem.hint(format!("did you mean `*{nearest}`?")),
                    None => problem.hint(format!(
                        "define `&{name}` before it, or quote the value if it is a text"
                    )),
                }
            }
        };
        self.problems.push(problem.at(&self.text.span(&bytes)));
        let stand_in = Content::Scalar(String::new());
        self.close(self.raw(Tag::Null, None, bytes, stand_in), None);
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

    fn verbatim(&mut self, style: ScalarStyle, bytes: &Range<usize>) {
        match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                self.tree.verbatim.push(bytes.clone());
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                self.tree.verbatim.push(self.text.after_line(bytes));
            }
            _ => {}
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

fn collection_tag(written: Option<&str>, default: Tag) -> Tag {
    match written {
        None | Some("" | "!") => default,
        Some(name) => Tag::named(name),
    }
}
