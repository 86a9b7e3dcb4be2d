//! Whether nodes of two sides are made of the same, as they are declared: the short way to say so, which makes no digest.
//! What is not alike may make the same key all the same; that is for those to say who make keys.
//!
//! Nodes of a matrix share most of what they are made of, so what was found of two shared pieces is remembered.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::facts::{Facts, Seen};
use crate::spec::{GeneratedFile, Input, Node, Output, Piece, Role, Source, Step, Taken, Template};

/// Compares nodes of two sides.
pub(crate) struct Alike<'a> {
    facts: [&'a Facts; 2],
    known: HashMap<[usize; 4], bool, RandomState>,
}

impl<'a> Alike<'a> {
    pub(crate) fn new(old: &'a Facts, new: &'a Facts) -> Self {
        Self { facts: [old, new], known: HashMap::default() }
    }

    /// Whether the parts of two nodes are equal and all known, needs aside. The nodes of a side must all live as long as
    /// the comparison: pieces are told by where they lie.
    pub(crate) fn nodes(&mut self, was: &'a Node, is: &'a Node) -> bool {
        let ([old_first, old_rest], [first, rest]) = (was.inputs.pieces(), is.inputs.pieces());
        let (before, now) = (&was.action, &is.action);
        was.unresolved.is_empty()
            && is.unresolved.is_empty()
            && self.pieces(old_first, first, Self::inputs)
            && self.pieces(old_rest, rest, Self::inputs)
            && self.pieces(&before.steps, &now.steps, Self::steps)
            && self.pieces(&before.files, &now.files, Self::files)
            && self.pieces(&before.takes, &now.takes, Self::takes)
            && self.pieces(&was.outputs, &is.outputs, Self::outputs)
    }

    fn pieces<T>(
        &mut self,
        was: &'a Arc<[T]>,
        is: &'a Arc<[T]>,
        alike: fn(&Self, &[T], &[T]) -> bool,
    ) -> bool {
        if was.len() != is.len() {
            return false;
        }
        let at = |piece: &Arc<[T]>| Arc::as_ptr(piece).cast::<T>() as usize;
        // Kinds are told apart by what compares them: two empty pieces may lie in one place.
        let key = [at(was), at(is), was.len(), alike as usize];
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let found = alike(self, was, is);
        self.known.insert(key, found);
        found
    }

    fn inputs(&self, was: &[Input], is: &[Input]) -> bool {
        was.iter().zip(is).all(|(was, is)| {
            was.part == is.part
                && was.role == is.role
                && (was.role == Role::Stamp || self.sources(&was.source, &is.source))
        })
    }

    /// Equal sources with equal facts.
    fn sources(&self, was: &Source, is: &Source) -> bool {
        if was != is {
            return false;
        }
        if matches!(was, Source::Value(_) | Source::Secret(_)) {
            return true;
        }
        match (self.facts[0].seen(was), self.facts[1].seen(is)) {
            (Seen::Known { digest: was, .. }, Seen::Known { digest: is, .. }) => was == is,
            (Seen::Missing, Seen::Missing) => true,
            _ => false,
        }
    }

    fn steps(&self, was: &[Step], is: &[Step]) -> bool {
        was.iter().zip(is).all(|(was, is)| {
            was.program == is.program
                && was.when == is.when
                && was.args.len() == is.args.len()
                && was.env.len() == is.env.len()
                && match (&was.dir, &is.dir) {
                    (Some(was), Some(is)) => self.templates(was, is),
                    (was, is) => was.is_none() && is.is_none(),
                }
                && was.args.iter().zip(&is.args).all(|(was, is)| self.templates(was, is))
                && was
                    .env
                    .iter()
                    .zip(&is.env)
                    .all(|(was, is)| was.0 == is.0 && self.templates(&was.1, &is.1))
        })
    }

    fn templates(&self, was: &Template, is: &Template) -> bool {
        let (Template(was), Template(is)) = (was, is);
        let piece = |(was, is): (&Piece, &Piece)| match (was, is) {
            (Piece::Fact(was), Piece::Fact(is)) => self.sources(was, is),
            (was, is) => was == is,
        };
        was.len() == is.len() && was.iter().zip(is.iter()).all(piece)
    }

    /// What is in a file is a function of the inputs.
    fn files(&self, was: &[GeneratedFile], is: &[GeneratedFile]) -> bool {
        was.iter().zip(is).all(|(was, is)| was.path == is.path)
    }

    fn takes(&self, was: &[Taken], is: &[Taken]) -> bool {
        was == is
    }

    fn outputs(&self, was: &[Output], is: &[Output]) -> bool {
        was == is
    }
}
