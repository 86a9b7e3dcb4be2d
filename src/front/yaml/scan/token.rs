//! What a YAML text is made of. Knows no text.

use std::ops::Range;

/// A token and where it stands.
pub(in crate::front::yaml) struct Token {
    pub(in crate::front::yaml) kind: Kind,
    pub(in crate::front::yaml) bytes: Range<usize>,
}

/// PyYAML's tokens, less the one for the start of the stream.
pub(in crate::front::yaml) enum Kind {
    StreamEnd,
    Directive(Directive),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowMappingStart,
    FlowSequenceEnd,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    /// `None`: the suffix is the whole tag.
    Tag {
        handle: Option<String>,
        suffix: String,
    },
    Scalar {
        text: String,
        style: Style,
    },
}

pub(in crate::front::yaml) enum Directive {
    /// `%YAML`, of which only the major version matters.
    Yaml { major: u64 },
    /// `%TAG`
    Tag { handle: String, prefix: String },
    /// One to be ignored.
    Other,
}

/// All that matters of a scalar's style.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::front::yaml) enum Style {
    Plain,
    Other,
}

impl Kind {
    /// What it is called in messages.
    pub(in crate::front::yaml) fn name(&self) -> &'static str {
        match self {
            Self::StreamEnd => "the end of the file",
            Self::Directive(_) => "a `%` directive",
            Self::DocumentStart => "`---`",
            Self::DocumentEnd => "`...`",
            Self::BlockSequenceStart => "a list",
            Self::BlockMappingStart => "a mapping",
            Self::BlockEnd => "the end of the block",
            Self::FlowSequenceStart => "`[`",
            Self::FlowMappingStart => "`{`",
            Self::FlowSequenceEnd => "`]`",
            Self::FlowMappingEnd => "`}`",
            Self::BlockEntry => "`-`",
            Self::FlowEntry => "`,`",
            Self::Key => "a key",
            Self::Value => "`:`",
            Self::Alias(_) => "an alias",
            Self::Anchor(_) => "an anchor",
            Self::Tag { .. } => "a tag",
            Self::Scalar { .. } => "a scalar",
        }
    }
}
