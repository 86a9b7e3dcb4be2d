//! From tokens to events: a port of PyYAML's grammar (`yaml/parser.py`), state by state. Knows no values and no anchors.

use std::collections::HashMap;
use std::ops::Range;

use super::scalar::shown;
use super::scan::{Directive, Kind, Refusal, Scanner, Style, Token};

/// A step of a document.
pub(super) struct Event {
    pub(super) kind: EventKind,
    pub(super) bytes: Range<usize>,
}

pub(super) enum EventKind {
    DocumentStart,
    DocumentEnd,
    StreamEnd,
    Alias(String),
    Scalar {
        properties: Properties,
        text: String,
        plain: bool,
    },
    SequenceStart {
        properties: Properties,
        flow: bool,
    },
    MappingStart {
        properties: Properties,
        flow: bool,
    },
    /// The end of a list or a mapping.
    End,
}

/// What may stand before a node.
#[derive(Default)]
pub(super) struct Properties {
    pub(super) anchor: Option<String>,
    /// In full, without its handle.
    pub(super) tag: Option<String>,
    pub(super) bytes: Option<Range<usize>>,
}

#[derive(Clone, Copy)]
enum State {
    ImplicitDocument,
    Document,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceEntry,
    IndentlessSequenceEntry,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceFirst,
    FlowSequenceEntry,
    FlowSequenceKey,
    FlowSequenceValue,
    FlowSequenceMappingEnd,
    FlowMappingFirst,
    FlowMappingKey,
    FlowMappingValue,
    FlowMappingEmptyValue,
}

/// Where a node stands, which says what it may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Flow,
    Block,
    /// Also a list that is not indented deeper than its key.
    BlockValue,
}

pub(super) struct Parser<'a> {
    scanner: Scanner<'a>,
    state: State,
    states: Vec<State>,
    /// Where the collections that are open began.
    began: Vec<usize>,
    handles: HashMap<String, String>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, start: usize) -> Self {
        Self {
            scanner: Scanner::new(text, start),
            state: State::ImplicitDocument,
            states: Vec::new(),
            began: Vec::new(),
            handles: HashMap::new(),
        }
    }

    /// The first tab between tokens so far.
    pub(super) fn tab(&self) -> Option<usize> {
        self.scanner.tab
    }

    /// The next event. The last is the end of the stream.
    pub(super) fn next(&mut self) -> Result<Event, Refusal> {
        match self.state {
            State::ImplicitDocument => self.implicit_document(),
            State::Document => self.document(),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(Place::Block),
            State::BlockSequenceEntry => self.block_sequence_entry(),
            State::IndentlessSequenceEntry => self.indentless_sequence_entry(),
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceFirst => self.flow_sequence_entry(true),
            State::FlowSequenceEntry => self.flow_sequence_entry(false),
            State::FlowSequenceKey => self.flow_sequence_key(),
            State::FlowSequenceValue => self.flow_sequence_value(),
            State::FlowSequenceMappingEnd => {
                self.state = State::FlowSequenceEntry;
                let at = self.scanner.peek()?.bytes.start;
                Ok(Event { kind: EventKind::End, bytes: at..at })
            }
            State::FlowMappingFirst => self.flow_mapping_key(true),
            State::FlowMappingKey => self.flow_mapping_key(false),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingEmptyValue => {
                let at = self.scanner.peek()?.bytes.start;
                Ok(self.empty(at, State::FlowMappingKey))
            }
        }
    }

    fn pop(&mut self) -> State {
        self.states.pop().expect("each node was entered from a state")
    }

    /// A node that is not there.
    fn empty(&mut self, at: usize, then: State) -> Event {
        self.state = then;
        let properties = Properties::default();
        let kind = EventKind::Scalar { properties, text: String::new(), plain: true };
        Event { kind, bytes: at..at }
    }

    /// A node, or an empty one if a token stands there that cannot begin it.
    fn node_or_empty(
        &mut self,
        after: usize,
        ends: fn(&Kind) -> bool,
        place: Place,
        then: State,
    ) -> Result<Event, Refusal> {
        if ends(&self.scanner.peek()?.kind) {
            return Ok(self.empty(after, then));
        }
        self.states.push(then);
        self.node(place)
    }

    fn close(&mut self, bytes: Range<usize>) -> Event {
        self.state = self.pop();
        self.began.pop();
        Event { kind: EventKind::End, bytes }
    }

    fn expected(&mut self, what: &str) -> Refusal {
        let began = self.began.last().copied();
        let refusal = match self.scanner.peek() {
            Ok(found) => {
                let message = format!("expected {what}, and found {}", found.kind.name());
                Refusal::new(message, found.bytes.start).hint(
                    "check the indentation, the quotes and the brackets here and on the line above",
                )
            }
            Err(refusal) => refusal,
        };
        match began {
            Some(at) => refusal.began(at),
            None => refusal,
        }
    }

    fn implicit_document(&mut self) -> Result<Event, Refusal> {
        let next = self.scanner.peek()?;
        if matches!(next.kind, Kind::Directive(_) | Kind::DocumentStart | Kind::StreamEnd) {
            return self.document();
        }
        let at = next.bytes.start;
        self.default_handles();
        self.states.push(State::DocumentEnd);
        self.state = State::BlockNode;
        Ok(Event { kind: EventKind::DocumentStart, bytes: at..at })
    }

    fn document(&mut self) -> Result<Event, Refusal> {
        while matches!(self.scanner.peek()?.kind, Kind::DocumentEnd) {
            self.scanner.take()?;
        }
        if matches!(self.scanner.peek()?.kind, Kind::StreamEnd) {
            let end = self.scanner.take()?;
            return Ok(Event { kind: EventKind::StreamEnd, bytes: end.bytes });
        }
        self.directives()?;
        if !matches!(self.scanner.peek()?.kind, Kind::DocumentStart) {
            return Err(self.expected("`---`"));
        }
        let start = self.scanner.take()?;
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        Ok(Event { kind: EventKind::DocumentStart, bytes: start.bytes })
    }

    fn document_content(&mut self) -> Result<Event, Refusal> {
        let next = self.scanner.peek()?;
        let ends = matches!(
            next.kind,
            Kind::Directive(_) | Kind::DocumentStart | Kind::DocumentEnd | Kind::StreamEnd
        );
        if !ends {
            return self.node(Place::Block);
        }
        let at = next.bytes.start;
        let then = self.pop();
        Ok(self.empty(at, then))
    }

    fn document_end(&mut self) -> Result<Event, Refusal> {
        let mut bytes = self.scanner.peek()?.bytes.start..self.scanner.peek()?.bytes.start;
        if matches!(self.scanner.peek()?.kind, Kind::DocumentEnd) {
            bytes = self.scanner.take()?.bytes;
        }
        self.state = State::Document;
        Ok(Event { kind: EventKind::DocumentEnd, bytes })
    }

    fn default_handles(&mut self) {
        for (handle, prefix) in [("!", "!"), ("!!", "tag:yaml.org,2002:")] {
            self.handles.entry(handle.to_owned()).or_insert_with(|| prefix.to_owned());
        }
    }

    fn directives(&mut self) -> Result<(), Refusal> {
        self.handles.clear();
        let mut has_version = false;
        while matches!(self.scanner.peek()?.kind, Kind::Directive(_)) {
            let Token { kind: Kind::Directive(directive), bytes } = self.scanner.take()? else {
                continue;
            };
            match directive {
                Directive::Yaml { .. } if std::mem::replace(&mut has_version, true) => {
                    return Err(Refusal::new("a second `%YAML` directive", bytes.start));
                }
                Directive::Yaml { major: 1 } | Directive::Other => {}
                Directive::Yaml { .. } => {
                    return Err(Refusal::new("only YAML 1 can be read", bytes.start));
                }
                Directive::Tag { handle, prefix } => {
                    if self.handles.contains_key(&handle) {
                        let message =
                            format!("the tag handle `{}` is defined twice", shown(&handle));
                        return Err(Refusal::new(message, bytes.start));
                    }
                    self.handles.insert(handle, prefix);
                }
            }
        }
        self.default_handles();
        Ok(())
    }

    fn properties(&mut self) -> Result<Properties, Refusal> {
        let mut properties = Properties::default();
        let mut written_tag = None;
        loop {
            match &self.scanner.peek()?.kind {
                Kind::Anchor(_) if properties.anchor.is_none() => {}
                Kind::Tag { .. } if written_tag.is_none() => {}
                _ => break,
            }
            let token = self.scanner.take()?;
            let start = properties.bytes.map_or(token.bytes.start, |bytes| bytes.start);
            properties.bytes = Some(start..token.bytes.end);
            match token.kind {
                Kind::Anchor(name) => properties.anchor = Some(name),
                Kind::Tag { handle, suffix } => written_tag = Some((handle, suffix, token.bytes)),
                _ => unreachable!("peeked"),
            }
        }
        properties.tag = match written_tag {
            None => None,
            Some((None, suffix, _)) => Some(suffix),
            Some((Some(handle), suffix, bytes)) => match self.handles.get(&handle) {
                Some(prefix) => Some(format!("{prefix}{suffix}")),
                None => {
                    let message = format!("the tag handle `{}` is not defined", shown(&handle));
                    return Err(Refusal::new(message, bytes.start));
                }
            },
        };
        Ok(properties)
    }

    fn node(&mut self, place: Place) -> Result<Event, Refusal> {
        if matches!(self.scanner.peek()?.kind, Kind::Alias(_)) {
            let token = self.scanner.take()?;
            let Kind::Alias(name) = token.kind else { unreachable!("peeked") };
            self.state = self.pop();
            return Ok(Event { kind: EventKind::Alias(name), bytes: token.bytes });
        }
        let properties = self.properties()?;
        let next = self.scanner.peek()?;
        let bytes = next.bytes.clone();
        let in_block = place != Place::Flow;
        let kind = match next.kind {
            Kind::BlockEntry if place == Place::BlockValue => {
                self.state = State::IndentlessSequenceEntry;
                return Ok(Event {
                    kind: EventKind::SequenceStart { properties, flow: false },
                    bytes,
                });
            }
            Kind::Scalar { .. } => {
                let Kind::Scalar { text, style } = self.scanner.take()?.kind else {
                    unreachable!("peeked")
                };
                self.state = self.pop();
                let plain = match properties.tag.as_deref() {
                    None => style == Style::Plain,
                    // It asks for what the text would be without quotes.
                    Some(tag) => tag == "!",
                };
                return Ok(Event { kind: EventKind::Scalar { properties, text, plain }, bytes });
            }
            Kind::FlowSequenceStart => {
                self.state = State::FlowSequenceFirst;
                EventKind::SequenceStart { properties, flow: true }
            }
            Kind::FlowMappingStart => {
                self.state = State::FlowMappingFirst;
                EventKind::MappingStart { properties, flow: true }
            }
            Kind::BlockSequenceStart if in_block => {
                self.state = State::BlockSequenceEntry;
                EventKind::SequenceStart { properties, flow: false }
            }
            Kind::BlockMappingStart if in_block => {
                self.state = State::BlockMappingKey;
                EventKind::MappingStart { properties, flow: false }
            }
            _ => match properties.bytes.clone() {
                Some(written) => {
                    self.state = self.pop();
                    let plain = properties.tag.as_deref().is_none_or(|tag| tag == "!");
                    let kind = EventKind::Scalar { properties, text: String::new(), plain };
                    return Ok(Event { kind, bytes: written.end..written.end });
                }
                None => return Err(self.expected("a value")),
            },
        };
        self.scanner.take()?;
        self.began.push(bytes.start);
        Ok(Event { kind, bytes })
    }

    fn block_sequence_entry(&mut self) -> Result<Event, Refusal> {
        let next = self.scanner.peek()?;
        match next.kind {
            Kind::BlockEntry => {
                let after = self.scanner.take()?.bytes.end;
                let ends = |kind: &Kind| matches!(kind, Kind::BlockEntry | Kind::BlockEnd);
                self.node_or_empty(after, ends, Place::Block, State::BlockSequenceEntry)
            }
            Kind::BlockEnd => {
                let end = self.scanner.take()?;
                Ok(self.close(end.bytes))
            }
            _ => Err(self.expected("a `-` or the end of the list")),
        }
    }

    fn indentless_sequence_entry(&mut self) -> Result<Event, Refusal> {
        let next = self.scanner.peek()?;
        if matches!(next.kind, Kind::BlockEntry) {
            let after = self.scanner.take()?.bytes.end;
            let ends = |kind: &Kind| {
                matches!(kind, Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd)
            };
            return self.node_or_empty(after, ends, Place::Block, State::IndentlessSequenceEntry);
        }
        let at = next.bytes.start;
        self.state = self.pop();
        Ok(Event { kind: EventKind::End, bytes: at..at })
    }

    fn block_mapping_key(&mut self) -> Result<Event, Refusal> {
        let next = self.scanner.peek()?;
        match next.kind {
            Kind::Key => {
                let after = self.scanner.take()?.bytes.end;
                self.node_or_empty(after, ends_item, Place::BlockValue, State::BlockMappingValue)
            }
            Kind::BlockEnd => {
                let end = self.scanner.take()?;
                Ok(self.close(end.bytes))
            }
            _ => Err(self.expected("a key or the end of the mapping")),
        }
    }

    fn block_mapping_value(&mut self) -> Result<Event, Refusal> {
        let next = self.scanner.peek()?;
        if matches!(next.kind, Kind::Value) {
            let after = self.scanner.take()?.bytes.end;
            return self.node_or_empty(after, ends_item, Place::BlockValue, State::BlockMappingKey);
        }
        let at = next.bytes.start;
        Ok(self.empty(at, State::BlockMappingKey))
    }

    fn flow_sequence_entry(&mut self, first: bool) -> Result<Event, Refusal> {
        let is_end = |kind: &Kind| matches!(kind, Kind::FlowSequenceEnd);
        if !is_end(&self.scanner.peek()?.kind) && !first {
            if !matches!(self.scanner.peek()?.kind, Kind::FlowEntry) {
                return Err(self.expected("`,` or `]`"));
            }
            self.scanner.take()?;
        }
        let next = self.scanner.peek()?;
        if matches!(next.kind, Kind::Key) {
            let bytes = next.bytes.clone();
            self.state = State::FlowSequenceKey;
            let properties = Properties::default();
            return Ok(Event { kind: EventKind::MappingStart { properties, flow: true }, bytes });
        }
        if is_end(&next.kind) {
            let end = self.scanner.take()?;
            return Ok(self.close(end.bytes));
        }
        self.states.push(State::FlowSequenceEntry);
        self.node(Place::Flow)
    }

    fn flow_sequence_key(&mut self) -> Result<Event, Refusal> {
        let after = self.scanner.take()?.bytes.end;
        let ends =
            |kind: &Kind| matches!(kind, Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd);
        self.node_or_empty(after, ends, Place::Flow, State::FlowSequenceValue)
    }

    fn flow_sequence_value(&mut self) -> Result<Event, Refusal> {
        let next = self.scanner.peek()?;
        if matches!(next.kind, Kind::Value) {
            let after = self.scanner.take()?.bytes.end;
            let ends = |kind: &Kind| matches!(kind, Kind::FlowEntry | Kind::FlowSequenceEnd);
            return self.node_or_empty(after, ends, Place::Flow, State::FlowSequenceMappingEnd);
        }
        let at = next.bytes.start;
        Ok(self.empty(at, State::FlowSequenceMappingEnd))
    }

    fn flow_mapping_key(&mut self, first: bool) -> Result<Event, Refusal> {
        let is_end = |kind: &Kind| matches!(kind, Kind::FlowMappingEnd);
        if !is_end(&self.scanner.peek()?.kind) && !first {
            if !matches!(self.scanner.peek()?.kind, Kind::FlowEntry) {
                return Err(self.expected("`,` or `}`"));
            }
            self.scanner.take()?;
        }
        let next = self.scanner.peek()?;
        if matches!(next.kind, Kind::Key) {
            let after = self.scanner.take()?.bytes.end;
            let ends =
                |kind: &Kind| matches!(kind, Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd);
            return self.node_or_empty(after, ends, Place::Flow, State::FlowMappingValue);
        }
        if is_end(&next.kind) {
            let end = self.scanner.take()?;
            return Ok(self.close(end.bytes));
        }
        self.states.push(State::FlowMappingEmptyValue);
        self.node(Place::Flow)
    }

    fn flow_mapping_value(&mut self) -> Result<Event, Refusal> {
        let next = self.scanner.peek()?;
        if matches!(next.kind, Kind::Value) {
            let after = self.scanner.take()?.bytes.end;
            let ends = |kind: &Kind| matches!(kind, Kind::FlowEntry | Kind::FlowMappingEnd);
            return self.node_or_empty(after, ends, Place::Flow, State::FlowMappingKey);
        }
        let at = next.bytes.start;
        Ok(self.empty(at, State::FlowMappingKey))
    }
}

/// What cannot begin a key or a value of a block.
fn ends_item(kind: &Kind) -> bool {
    matches!(kind, Kind::Key | Kind::Value | Kind::BlockEnd)
}
