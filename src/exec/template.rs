//! Fills the holes of templates when a node runs. Knows facts and two directories, and touches nothing.

use std::path::Path;

use graph::facts::{Fact, Facts};
use graph::list::List;
use graph::spec::{Dir, Input, Piece, Source, Template};

/// What fills the holes.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// The node's work directory.
    pub work: &'a Path,
    /// The project's root.
    pub root: &'a Path,
    /// Where the action's checkout lies, if it has one.
    pub checkout: Option<&'a Path>,
    /// What was observed.
    pub facts: &'a Facts,
    /// What is observed for the node, to call it by its name.
    pub inputs: &'a List<Input>,
}

impl Filling<'_> {
    /// The template as text.
    ///
    /// # Errors
    /// In words, when a fact is not known or a directory is not text.
    pub fn fill(&self, template: &Template) -> Result<String, String> {
        template.0.iter().map(|piece| self.piece(piece)).collect()
    }

    fn piece(&self, piece: &Piece) -> Result<String, String> {
        let dir = |dir: &Path| {
            let text = dir.to_str().map(str::to_owned);
            text.ok_or_else(|| format!("the path `{}` is not valid UTF-8", dir.display()))
        };
        match piece {
            Piece::Text(text) => Ok(text.to_string()),
            Piece::Dir(Dir::Work) => dir(self.work),
            Piece::Dir(Dir::Root) => dir(self.root),
            Piece::Dir(Dir::Checkout) => dir(self.checkout.ok_or("there is no checkout")?),
            // As facts, these are known by their digests alone.
            Piece::Fact(Source::Value(text) | Source::Secret(text)) => Ok(text.to_string()),
            Piece::Fact(source) => match self.facts.get(source) {
                Fact::Known { text, .. } => Ok(text.to_string()),
                Fact::Missing if matches!(source, Source::Ref(_)) => {
                    Err(format!("the remote has no such branch or tag: {}", self.named(source)))
                }
                Fact::Missing => Err(format!("{} is missing", self.named(source))),
                Fact::Unknown(why) => Err(format!("{} is not known: {why}", self.named(source))),
            },
        }
    }

    /// A source in the user's words, with where it was written.
    fn named(&self, source: &Source) -> String {
        let input = self.inputs.iter().find(|input| input.source == *source);
        let place = input.and_then(|input| input.declared.as_ref());
        match (input, place) {
            (Some(input), Some(place)) => format!("`{}` ({place})", input.part),
            (Some(input), None) => format!("`{}`", input.part),
            (None, _) => "a value that the build needs".to_owned(),
        }
    }
}
