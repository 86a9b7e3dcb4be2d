//! What the files that builds have read are at their commits now. Every commit is listed at most once, and none where
//! nothing has moved since a value was found.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use graph::digest::{Digest, Fields};
use graph::reads::ReadSet;
use graph::spec::Commit;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::listing::Listing;
use crate::probe::Probe;

/// How to come by a set that is kept, by its digest.
pub type KeptSets<'a> = dyn Fn(&Digest) -> Option<ReadSet> + Sync + 'a;

/// A set at a commit, the key under which its value is remembered, and the value if it is.
struct Asked<'w> {
    commit: &'w Commit,
    set: &'w Digest,
    tree: &'w str,
    key: Digest,
    known: Option<Digest>,
}

impl Probe<'_> {
    /// What sets hold at commits, in order; errors are in words.
    #[must_use]
    pub fn read_values(&self, wanted: &[(Arc<Commit>, ReadSet)]) -> Vec<Result<Digest, String>> {
        let digests: Vec<Digest> = wanted.par_iter().map(|(_, set)| set.digest()).collect();
        let named: Vec<(Arc<Commit>, Digest)> =
            wanted.iter().zip(&digests).map(|((commit, _), set)| (commit.clone(), *set)).collect();
        let sets: HashMap<Digest, &ReadSet> =
            digests.iter().copied().zip(wanted.iter().map(|(_, set)| set)).collect();
        self.read_values_of(&named, &|digest| sets.get(digest).map(|set| (*set).clone()))
    }

    /// As [`Probe::read_values`], of sets by their digests: one is only asked for where its value is not remembered.
    #[must_use]
    pub fn read_values_of<'w>(
        &self,
        wanted: &'w [(Arc<Commit>, Digest)],
        sets: &KeptSets<'_>,
    ) -> Vec<Result<Digest, String>> {
        let _span = tracing::debug_span!("read values").entered();
        let git = self.git();
        let mut commits: Vec<&Arc<Commit>> = wanted.iter().map(|(commit, _)| commit).collect();
        commits.sort_unstable();
        commits.dedup();
        let trees = self.trees_of(&commits, &git);
        let ask = |(commit, set): &'w (Arc<Commit>, Digest)| {
            let at = commits.binary_search(&commit).expect("all that are wanted are in it");
            let tree = trees[at].as_ref().map_err(String::clone)?;
            let key = Fields::of("graph read value v1").field(tree).field(set.as_bytes()).finish();
            Ok(Asked { commit, set, tree: tree.as_str(), key, known: None })
        };
        let mut asked: Vec<Result<Asked<'_>, String>> = wanted.par_iter().map(ask).collect();
        let keys: Vec<Digest> = asked.iter().flatten().map(|asked| asked.key).collect();
        for (asked, said) in asked.iter_mut().flatten().zip(self.memory.tools(&keys)) {
            asked.known = said.and_then(|text| Digest::from_hex(&text));
        }
        // Not made within the loop below: who waits there for a listing could be who has to make it.
        let needed: BTreeMap<&str, &Commit> = asked
            .iter()
            .flatten()
            .filter(|asked| asked.known.is_none())
            .map(|asked| (asked.tree, asked.commit))
            .collect();
        let listings: BTreeMap<&str, Result<Listing, String>> =
            needed.par_iter().map(|(&tree, &commit)| (tree, self.listing(commit, &git))).collect();
        let find = |asked: &Result<Asked<'_>, String>| {
            let asked = asked.as_ref().map_err(String::clone)?;
            if let Some(known) = asked.known {
                return Ok(known);
            }
            let set = sets(asked.set).filter(|kept| kept.digest() == *asked.set);
            let set = set.ok_or("nobody knows any more what was read")?;
            Ok(set.value(listings[asked.tree].as_ref().map_err(String::clone)?))
        };
        let values: Vec<Result<Digest, String>> = asked.par_iter().map(find).collect();
        let mut new: BTreeMap<Digest, String> = BTreeMap::new();
        for (asked, value) in asked.iter().zip(&values) {
            if let (Ok(Asked { key, known: None, .. }), Ok(value)) = (asked, value) {
                new.insert(*key, value.to_string());
            }
        }
        self.memory.remember_tools(&new.into_iter().collect::<Vec<_>>());
        values
    }
}
