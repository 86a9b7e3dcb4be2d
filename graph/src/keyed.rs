//! The short way to the key of a node: as the explained fingerprint makes it, and nothing for people.

use std::borrow::Cow;
use std::sync::Arc;

use crate::digest::{Digest, Fields};
use crate::facts::Facts;
use crate::fingerprint::{KEY_DOMAIN, add_to_key, need_part};
use crate::name::NodeName;
use crate::spec::{Input, Node, Role};
use crate::walk::{Found, Walker, walk};

/// What a node's key is made of, and nothing for people: a plan of a million nodes explains few of them.
#[derive(Default)]
pub(crate) struct Keyed<'a> {
    parts: Vec<(Cow<'a, str>, Digest)>,
    is_open: bool,
    whole: Option<(&'a str, Digest)>,
}

impl<'a> Keyed<'a> {
    /// Takes the short way to the key of a node; `None` if something stands in its way. `made` is asked by the place of
    /// the need among the node's needs.
    pub(crate) fn of(
        node: &'a Node,
        facts: &'a Facts,
        made: impl Fn(usize) -> Option<Digest>,
        reads: Option<Digest>,
    ) -> Option<Self> {
        let mut keyed = Self::default();
        keyed.parts.reserve(node.inputs.len() + node.needs.len() + 2);
        walk(node, facts, |at, _| made(at), reads, &mut keyed);
        if keyed.is_open {
            return None;
        }
        keyed.parts.sort_unstable_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        Some(keyed)
    }

    /// As [`Fingerprint::key`](crate::fingerprint::Fingerprint::key).
    pub(crate) fn key(&self) -> Digest {
        self.key_with(None)
    }

    /// As [`Fingerprint::execution_key`](crate::fingerprint::Fingerprint::execution_key), where the key is known.
    pub(crate) fn execution_key_beside(&self, key: Digest) -> Digest {
        self.whole.map_or(key, |whole| self.key_with(Some(whole)))
    }

    fn key_with(&self, mut whole: Option<(&str, Digest)>) -> Digest {
        let mut fields = Fields::of(KEY_DOMAIN);
        for (name, digest) in &self.parts {
            // The first of that name, as in `Fingerprint::with`.
            let whole = whole.take_if(|whole| whole.0 == name).map(|whole| whole.1);
            add_to_key(&mut fields, name, whole.unwrap_or(*digest));
        }
        fields.finish()
    }
}

impl<'a> Walker<'a> for Keyed<'a> {
    fn unresolved(&mut self, _: &'a str) {
        self.is_open = true;
    }

    fn input(&mut self, input: &'a Input, found: Found<'a>, narrowed: Option<(Digest, Found<'a>)>) {
        if input.role == Role::Key {
            let digest = narrowed.map_or(found.digest, |(_, read)| read.digest);
            self.parts.push((Cow::Borrowed(&input.part), digest));
            if narrowed.is_some() {
                self.whole = Some((&input.part, found.digest));
            }
        }
    }

    fn unknown(&mut self, _: &'a Input, _: Option<&'a Arc<str>>) {
        self.is_open = true;
    }

    fn need(&mut self, need: &'a NodeName, made: Option<Digest>) {
        match made {
            Some(digest) => self.parts.push((Cow::Owned(need_part(need)), digest)),
            None => self.is_open = true,
        }
    }

    fn own(&mut self, name: &'static str, digest: Digest) {
        self.parts.push((Cow::Borrowed(name), digest));
    }
}
