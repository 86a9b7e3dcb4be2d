//! What was so last time: how one execution of a node went and what went into it. Stores nothing itself.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Fields};
use crate::fingerprint::{Part, key_of};
use crate::keyed::Keyed;
use crate::name::NodeName;
use crate::names::{Named, Names};

/// One finished execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The node that ran.
    pub node: NodeName,
    /// The key it ran under.
    pub key: Digest,
    /// The parts that made the key, and the stamps.
    pub parts: Parts,
    /// Which files of its commit it read, where it had one and that is known: the digest of a set.
    pub reads: Option<Digest>,
    /// How it went.
    pub outcome: Outcome,
    /// What it left; empty unless it succeeded.
    pub outputs: Vec<OutputFile>,
    /// What it cost.
    pub cost: Cost,
    /// The run in which it ran.
    pub run: i64,
    /// When it ended, in milliseconds since 1970.
    pub ended: i64,
}

/// The parts of an execution, sorted by name.
///
/// They may be read when somebody first looks at them: a plan in which nothing changed looks at none, and reading
/// them all would be most of its cost. Whoever reads must give the same parts whenever it is asked.
#[derive(Clone)]
pub struct Parts {
    known: OnceLock<Arc<Recorded>>,
    /// Who reads them, and of which execution.
    reader: Option<(Arc<ReadParts>, i64)>,
}

/// Reads what went into an execution, by a number that the reader knows.
pub type ReadParts = dyn Fn(i64) -> Recorded + Send + Sync;

/// What went into an execution.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recorded {
    /// What made the key, and the stamps.
    pub parts: Vec<Part>,
    /// Where it is known which files of its commit it read: the part that stands for all of them. In `parts` is one of the
    /// same name that stands for what it read.
    pub whole: Option<Part>,
}

impl Recorded {
    /// The key with all of the commit. Under this too the execution is found, by a node of which nobody knows yet what it
    /// reads.
    #[must_use]
    pub fn wide_key(&self) -> Option<Digest> {
        let whole = self.whole.as_ref()?;
        let mut parts = self.parts.clone();
        *parts.iter_mut().find(|part| part.name == whole.name)? = whole.clone();
        Some(key_of(&parts))
    }
}

impl Parts {
    /// Parts that `read` gives of this execution when somebody first looks at them.
    #[must_use]
    pub fn read_when_needed(read: &Arc<ReadParts>, execution: i64) -> Self {
        Self { known: OnceLock::new(), reader: Some((read.clone(), execution)) }
    }

    /// All that is known of them.
    pub fn recorded(&self) -> &Recorded {
        self.known.get_or_init(|| {
            let read = self.reader.as_ref().map(|(read, execution)| read(*execution));
            Arc::new(read.unwrap_or_default())
        })
    }
}

impl From<Recorded> for Parts {
    fn from(recorded: Recorded) -> Self {
        Self { known: OnceLock::from(Arc::new(recorded)), reader: None }
    }
}

impl From<Vec<Part>> for Parts {
    fn from(parts: Vec<Part>) -> Self {
        Recorded { parts, whole: None }.into()
    }
}

impl Deref for Parts {
    type Target = [Part];

    fn deref(&self) -> &[Part] {
        &self.recorded().parts
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.recorded().fmt(f)
    }
}

impl PartialEq for Parts {
    fn eq(&self, other: &Self) -> bool {
        self.recorded() == other.recorded()
    }
}

impl Eq for Parts {}

impl Record {
    /// The digest of everything it left, which is what goes into the nodes that need it.
    #[must_use]
    pub fn made(&self) -> Digest {
        made(&self.outputs)
    }

    /// Where `reads` is known: the key that it would have if it were not.
    #[must_use]
    pub fn wide_key(&self) -> Option<Digest> {
        self.reads?;
        self.parts.recorded().wide_key()
    }
}

/// The digest of a list of outputs: names, modes and contents, in order of name.
#[must_use]
pub fn made(outputs: &[OutputFile]) -> Digest {
    let mut fields = Fields::of("graph outputs v1");
    let mut add = |output: &OutputFile| {
        fields.add(&*output.path);
        fields.add([u8::from(output.executable)]);
        fields.add(output.digest.as_bytes());
    };
    if outputs.is_sorted_by(|a, b| a.path <= b.path) {
        outputs.iter().for_each(add);
    } else {
        let mut sorted: Vec<&OutputFile> = outputs.iter().collect();
        sorted.sort_by(|a, b| a.path.cmp(&b.path));
        sorted.into_iter().for_each(&mut add);
    }
    fields.finish()
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All steps ended well and all required outputs are there.
    Succeeded,
    /// A step failed or an output is missing.
    Failed,
    /// It ran longer than allowed.
    TimedOut,
    /// It wrote nothing to its log for longer than allowed.
    Stalled,
    /// The user or a signal ended it.
    Interrupted,
    /// It ended well, but an input changed while it ran, so nobody knows what was built.
    Unsure,
}

/// One file that a node left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OutputFile {
    /// Its path below the node's output directory. Many nodes leave files of one name.
    pub path: Arc<str>,
    /// The digest of its content, as `b3sum` prints it.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// Whether it is executable.
    pub executable: bool,
}

/// What an execution cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Wall time in milliseconds.
    pub wall_ms: u64,
    /// CPU time of all its processes in milliseconds.
    pub cpu_ms: u64,
    /// The most resident memory that all its processes held at a time, in bytes, as far as samples show.
    pub peak_memory: u64,
}

/// Where the outputs of a successful record can be found now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// Where the user looks for them, as they were made.
    InPlace,
    /// Not (all) in place, but all in the artifact store.
    InStore,
    /// At least one is in neither place.
    Gone,
}

/// A record with what is known now of its outputs.
#[derive(Debug, Clone)]
pub struct Remembered {
    /// What was recorded.
    pub record: Arc<Record>,
    /// Where its outputs are.
    pub available: Availability,
}

/// What is remembered last of each node, by its name.
///
/// Whoever plans asks for all of them in the order in which they were told, and by the very names that are in them: then none
/// is looked up, and the table by which they are is not even made.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastByName {
    all: Vec<Remembered>,
    /// Made when one is looked up.
    names: OnceLock<Names>,
}

/// The last executions of nodes, one after the other.
#[derive(Debug)]
pub struct InTurn<'r> {
    all: &'r LastByName,
    /// Where the next one is expected.
    next: usize,
}

/// What the cache remembers of the nodes in question. A clone shares what was last of each, until one of the two learns
/// more of that.
#[derive(Debug, Clone, Default)]
pub struct Records {
    last: Arc<LastByName>,
    /// By key; nothing where it is known that the outputs are out of reach.
    succeeded: Keyed<Option<Remembered>>,
    recall: Option<Recall>,
}

/// Finds a successful execution by its key where there are too many to load them all ahead.
#[derive(Clone)]
struct Recall(Arc<FindByKey>);

type FindByKey = dyn Fn(&Digest) -> Option<Remembered> + Send + Sync;

impl fmt::Debug for Recall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recall")
    }
}

impl Named for Remembered {
    fn name(&self) -> &NodeName {
        &self.record.node
    }
}

impl LastByName {
    fn insert(&mut self, remembered: Remembered) {
        if let Some(index) = self.find(&remembered.record.node) {
            self.all[index] = remembered;
            return;
        }
        self.all.push(remembered);
        let names = self.names.get_mut().expect("it was made to look for the node");
        names.add_last(&self.all);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The index of a node.
    pub(crate) fn find(&self, node: &NodeName) -> Option<usize> {
        // By one thread: a job that another of its jobs waits for here would wait for itself.
        self.names.get_or_init(|| Names::of_distinct(&self.all)).get(node, &self.all)
    }

    /// What is remembered of the node of this index.
    pub(crate) fn at(&self, index: usize) -> &Remembered {
        &self.all[index]
    }

    pub(crate) fn in_turn(&self, from: usize) -> InTurn<'_> {
        InTurn { all: self, next: from }
    }
}

impl<'r> InTurn<'r> {
    /// The last execution of a node.
    pub fn last(&mut self, node: &NodeName) -> Option<&'r Remembered> {
        self.find(node).map(|index| self.all.at(index))
    }

    /// The index of a node.
    pub(crate) fn find(&mut self, node: &NodeName) -> Option<usize> {
        let LastByName { all, .. } = self.all;
        let is_expected = all.get(self.next).is_some_and(|next| next.record.node.is(node));
        let index = if is_expected { self.next } else { self.all.find(node)? };
        self.next = index + 1;
        Some(index)
    }
}

impl Records {
    /// Asks `find` for the successful executions that were not inserted.
    #[must_use]
    pub fn recalling(
        mut self,
        find: impl Fn(&Digest) -> Option<Remembered> + Send + Sync + 'static,
    ) -> Self {
        self.recall = Some(Recall(Arc::new(find)));
        self
    }

    /// Remembers the last execution of each of these nodes, of which none comes twice.
    #[must_use]
    pub fn of_lasts(all: Vec<Remembered>) -> Self {
        Self { last: Arc::new(LastByName { all, names: OnceLock::new() }), ..Self::default() }
    }

    /// Remembers the last execution of a node, whatever its outcome.
    pub fn insert_last(&mut self, remembered: Remembered) {
        Arc::make_mut(&mut self.last).insert(remembered);
    }

    /// Remembers a successful execution under its key, of whichever node; `available` speaks of the store.
    pub fn insert_key(&mut self, remembered: &Remembered) {
        let record = &remembered.record;
        for key in [Some(record.key), record.wide_key()].into_iter().flatten() {
            self.succeeded.insert(key, Some(remembered.clone()));
        }
    }

    /// Forgets the successful execution under a key, whose outputs turned out to be out of reach.
    pub fn forget(&mut self, record: &Record) {
        for key in [Some(record.key), record.wide_key()].into_iter().flatten() {
            self.succeeded.insert(key, None);
        }
    }

    /// The last execution of a node.
    #[must_use]
    pub fn last(&self, node: &NodeName) -> Option<&Remembered> {
        self.last.find(node).map(|index| self.last.at(index))
    }

    /// For one who asks for the last executions of one node after the other, more often than not in the order in which they
    /// were told, from about this one on.
    #[must_use]
    pub fn in_turn(&self, from: usize) -> InTurn<'_> {
        self.last.in_turn(from)
    }

    /// The last executions of all nodes.
    pub(crate) fn last_by_name(&self) -> &Arc<LastByName> {
        &self.last
    }

    /// Whether nothing is known of any execution, nor can be found.
    pub(crate) fn has_nothing(&self) -> bool {
        self.last.is_empty() && self.succeeded.is_empty() && self.recall.is_none()
    }

    /// A successful execution under a key.
    #[must_use]
    pub fn succeeded(&self, key: &Digest) -> Option<Remembered> {
        match (self.succeeded.get(key), &self.recall) {
            (Some(known), _) => known.clone(),
            (None, Some(recall)) => (recall.0)(key),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Availability, Cost, Outcome, Parts, Record, Records, Remembered};
    use crate::digest::Digest;
    use crate::name::NodeName;

    fn remembered(node: &NodeName, run: i64) -> Remembered {
        let (node, key) = (node.clone(), Digest::of(b""));
        let (parts, cost) = (Parts::from(Vec::new()), Cost::default());
        let (outcome, outputs) = (Outcome::Failed, Vec::new());
        let (reads, ended) = (None, 0);
        let record = Record { node, key, parts, reads, outcome, outputs, cost, run, ended };
        Remembered { record: Arc::new(record), available: Availability::Gone }
    }

    #[test]
    fn in_turn_and_looked_up_are_one() {
        let name = |n: i64| NodeName::new("n", [&*n.to_string()]).expect("a name");
        let names: Vec<NodeName> = (0..9).map(name).collect();
        let told = [2_i64, 3, 4, 7, 1, 5];
        let list = told.map(|n| remembered(&names[usize::try_from(n).expect("small")], n));
        let mut records = Records::of_lasts(list.to_vec());
        let lasts = records.last_by_name().clone();
        let run = |found: Option<usize>| found.map(|index| lasts.at(index).record.run);
        for from in 0..8 {
            // Once by the names that were told, once by others that are equal to them.
            let mut in_turn = (lasts.in_turn(from), lasts.in_turn(from));
            for n in (0..9).chain([7, 1, 5, 2]) {
                let expect = told.contains(&n).then_some(n);
                let told = &names[usize::try_from(n).expect("small")];
                assert_eq!(run(in_turn.0.find(told)), expect);
                assert_eq!(run(in_turn.1.find(&name(n))), expect);
                assert_eq!(records.last(told).map(|last| last.record.run), expect);
            }
        }
        for n in 0..9 {
            records.insert_last(remembered(&name(n), n + 10));
        }
        for (n, name) in (10..).zip(&names) {
            let last = records.last(name).map(|last| last.record.run);
            assert_eq!(last, Some(n), "it took the place of the one before");
        }
        let last = records.last_by_name();
        let index = last.in_turn(0).find(&names[2]).expect("it is there");
        assert_eq!(last.at(index).record.run, 12);
    }
}
