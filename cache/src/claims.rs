//! Which executions claim which artifacts, and letting go of claims. Decides nothing.

use std::collections::{HashMap, HashSet};

use graph::digest::Digest;
use rusqlite::Connection;

use crate::error::Fault;
use crate::intern::blob;
use crate::outputs::each_output;

/// A success whose outputs the store is to have.
pub(crate) struct Claim {
    pub(crate) id: i64,
    pub(crate) node: i64,
    pub(crate) ended: i64,
    /// The key, as far as it is needed to tell a node's executions apart.
    key: (i64, Vec<u8>),
    /// Digest and length of each output.
    pub(crate) outputs: Vec<(Digest, u64)>,
}

/// All claims that are left, and those that were let go.
pub(crate) struct Claims {
    /// In order of id, so the newest of a node is its last.
    left: Vec<Claim>,
    dropped: Vec<i64>,
}

impl Claims {
    pub(crate) fn read(tx: &rusqlite::Transaction<'_>) -> Result<Self, Fault> {
        read_claims(tx)
    }

    /// Lets go of the claims of which this holds.
    pub(crate) fn drop_where(&mut self, mut is_dropped: impl FnMut(&Claim) -> bool) {
        let dropped = &mut self.dropped;
        self.left.retain(|claim| {
            let drop = is_dropped(claim);
            if drop {
                dropped.push(claim.id);
            }
            !drop
        });
    }

    /// Of the claims of one node under one key, lets go of all but the newest.
    pub(crate) fn drop_repeated(&mut self) {
        let newest: HashMap<(i64, &(i64, Vec<u8>)), i64> =
            self.left.iter().map(|claim| ((claim.node, &claim.key), claim.id)).collect();
        let newest: HashSet<i64> = newest.into_values().collect();
        self.drop_where(|claim| !newest.contains(&claim.id));
    }

    /// The newest claim of each node.
    pub(crate) fn last_of_each_node(&self) -> HashSet<i64> {
        let last: HashMap<i64, i64> =
            self.left.iter().map(|claim| (claim.node, claim.id)).collect();
        last.into_values().collect()
    }

    /// Lets go of claims, the oldest first, of those that `may_go`, as long as `goes_on` says so, which is told what is
    /// claimed by nobody then. Says how many.
    pub(crate) fn evict(
        &mut self,
        may_go: impl Fn(&Claim) -> bool,
        mut goes_on: impl FnMut(&[Digest]) -> bool,
    ) -> usize {
        let mut users: HashMap<Digest, usize> = HashMap::new();
        for claim in &self.left {
            for digest in claim.distinct() {
                *users.entry(digest).or_default() += 1;
            }
        }
        let mut candidates: Vec<&Claim> = self.left.iter().filter(|claim| may_go(claim)).collect();
        candidates.sort_by_key(|claim| (claim.ended, claim.id));
        let mut evicted = HashSet::new();
        for claim in candidates {
            let digests = claim.distinct();
            let freed: Vec<Digest> =
                digests.iter().filter(|digest| users[*digest] == 1).copied().collect();
            if !goes_on(&freed) {
                break;
            }
            for digest in digests {
                users.entry(digest).and_modify(|users| *users -= 1);
            }
            evicted.insert(claim.id);
        }
        self.drop_where(|claim| evicted.contains(&claim.id));
        evicted.len()
    }

    /// Every artifact that is claimed.
    pub(crate) fn digests(&self) -> HashSet<Digest> {
        self.left.iter().flat_map(Claim::distinct).collect()
    }

    /// The claims that are left.
    pub(crate) fn left(&self) -> &[Claim] {
        &self.left
    }

    /// The executions whose claims were let go.
    pub(crate) fn dropped(&self) -> &[i64] {
        &self.dropped
    }
}

impl Claim {
    fn distinct(&self) -> HashSet<Digest> {
        self.outputs.iter().map(|(digest, _)| *digest).collect()
    }
}

fn read_claims(db: &Connection) -> Result<Claims, Fault> {
    let mut query = db.prepare_cached(
        "SELECT id, node, ended, key_head, key_tail, outputs
         FROM executions WHERE kept = 1 ORDER BY id",
    )?;
    let mut rows = query.query([])?;
    let mut left = Vec::new();
    while let Some(row) = rows.next()? {
        let mut outputs = Vec::new();
        each_output(blob(row, 5)?, |_, _, size, digest| {
            outputs.push((digest, size));
            Ok(())
        })?;
        left.push(Claim {
            id: row.get(0)?,
            node: row.get(1)?,
            ended: row.get(2)?,
            key: (row.get(3)?, row.get(4)?),
            outputs,
        });
    }
    Ok(Claims { left, dropped: Vec::new() })
}
