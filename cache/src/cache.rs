//! The cache as the program sees it. Every method says what it does; how is in the modules that it calls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use graph::digest::Digest;
use graph::name::NodeName;
use graph::reads::ReadSet;
use graph::record::Records;

use crate::error::Error;
use crate::files::{self, Content, Links};
use crate::fresh::{self, Look};
use crate::gc::{self, GcReport, Mode, Policy};
use crate::history::{self, InRun, Past, RunSummary};
use crate::lock::{self, Guard, Holder, LockError};
use crate::manifests;
use crate::read_sets;
use crate::records::{self, Placed};
use crate::refs::{self, SeenRef};
use crate::runs::Run;
use crate::slices::FreshSlice;
use crate::state::{State, make};
use crate::tools;
use crate::upkeep::{self, Problem, Stat};

/// One state directory, open. Cloning gives another handle on the same; any thread may use it.
#[derive(Clone)]
pub struct Cache(Arc<State>);

impl Cache {
    /// Opens the state directory for reading and writing, and makes or migrates what has to be.
    ///
    /// # Errors
    /// [`Error::Newer`], [`Error::Damaged`], or what the system says. [`Error::hints`] has what to do.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        State::open(dir).map(|state| Self(Arc::new(state)))
    }

    /// Opens the state directory for a plan: as [`Cache::open`], but where nothing can be written it is only read, and
    /// digests of files are not remembered.
    ///
    /// # Errors
    /// As [`Cache::open`], less those that mean that nothing can be written.
    pub fn open_to_plan(dir: &Path) -> Result<Self, Error> {
        State::open_to_plan(dir).map(|state| Self(Arc::new(state)))
    }

    /// Closes the database, for one who leaves it to the end of the process to free the records that were read: they hold on
    /// to it, to read their parts. Nothing can be read or written from then on.
    pub fn close(&self) {
        self.0.db.close();
    }

    /// Whether anything can be written.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.0.db.is_writable()
    }

    /// Moves a database that cannot be used out of the way and says where to. Outputs and artifacts stay, but are
    /// unknown until they are made again.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_aside(dir: &Path, _alone: &Guard) -> Result<PathBuf, Error> {
        upkeep::set_aside(dir)
    }

    /// Takes the lock that writing needs, for `verb` at `now` (milliseconds since 1970), or says who has it. It is taken
    /// before the cache is opened, so it can be had for one that cannot be.
    ///
    /// # Errors
    /// [`LockError::Held`] names the holder.
    pub fn try_lock(dir: &Path, verb: &str, now: i64) -> Result<Guard, LockError> {
        make(dir)?;
        lock::try_lock(dir, verb, now)
    }

    /// Who holds the lock now, if someone does.
    #[must_use]
    pub fn locked_by(dir: &Path) -> Option<Holder> {
        lock::held_by(dir)
    }

    /// Begins a run: the handle with which everything is recorded that happens in it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn begin_run(&self, guard: Guard, verb: &str, started: i64) -> Result<Run, Error> {
        Run::begin(self.0.clone(), guard, verb, started)
    }

    /// The last execution of each of these nodes, with where its outputs are, and a way to find other successes by
    /// their key. Nodes that never ran have none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn records_for<'a>(
        &self,
        nodes: impl IntoIterator<Item = &'a NodeName>,
    ) -> Result<Records, Error> {
        Ok(self.records_and_placed(nodes)?.0)
    }

    /// As [`Cache::records_for`], with what was in place: who finds slices to be fresh by these records can write them down
    /// by that.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn records_and_placed<'a>(
        &self,
        nodes: impl IntoIterator<Item = &'a NodeName>,
    ) -> Result<(Records, Placed), Error> {
        records::records_for(&self.0, nodes)
    }

    /// Everything that is known of slices that were found wholly fresh.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn fresh_slices(&self) -> Result<Vec<FreshSlice>, Error> {
        fresh::all(&self.0)
    }

    /// Of each slice by its name, whether all outputs of it are still as they were put in place.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn are_in_place(&self, slices: &[&str], look: Look) -> Result<Vec<bool>, Error> {
        fresh::are_in_place(&self.0, slices, look)
    }

    /// Writes down slices all of whose nodes were found fresh by the records that were read with what was in place. Says
    /// how many it wrote: those whose outputs were then as they were put in place, and in directories where nothing was
    /// exchanged since, unless something was executed since.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn remember_slices(&self, placed: &Placed, fresh: Vec<FreshSlice>) -> Result<usize, Error> {
        let Placed { generation, nodes, dirs } = placed;
        fresh::prove(&self.0, *generation, nodes, Some(dirs), fresh).remember(&self.0)
    }

    /// The content of each path, in order. What has to be read is read in parallel and remembered; a database that cannot
    /// be used costs time only.
    #[must_use]
    pub fn contents<P: AsRef<Path> + Sync>(&self, paths: &[P], links: Links) -> Vec<Content> {
        files::contents(&self.0.db, &self.0.dir, paths, links)
    }

    /// Where users find the outputs of a node.
    #[must_use]
    pub fn out_dir(&self, node: &NodeName) -> PathBuf {
        self.0.outputs.dir(node)
    }

    /// What refs of remotes named when they were last asked, each as URL and name, in their order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_refs(&self, refs: &[(&str, &str)]) -> Result<Vec<Option<SeenRef>>, Error> {
        refs::last(&self.0.db, refs)
    }

    /// Remembers what refs name now, each as URL, name and commit. URLs are kept as digests, without credentials.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn remember_refs(&self, refs: &[(&str, &str, &str)], now: i64) -> Result<(), Error> {
        refs::remember(&self.0.db, refs, now)
    }

    /// What tools said under keys that cover everything the answers depend on, in the order of the keys.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn tools_said(&self, keys: &[Digest]) -> Result<Vec<Option<String>>, Error> {
        tools::said(&self.0.db, keys)
    }

    /// Remembers what tools said: all of it, or nothing.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn remember_tools(&self, told: &[(Digest, String)], now: i64) -> Result<(), Error> {
        tools::remember(&self.0.db, told, now)
    }

    /// Keeps the files of a tree under the digest that is the tree's part, before a record with that part is written.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn keep_manifest(&self, tree: &Digest, files: &[(&str, Digest)]) -> Result<(), Error> {
        manifests::keep(&self.0.db, tree, files)
    }

    /// The files of a tree, in order of path, if they were kept.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn manifest(&self, tree: &Digest) -> Result<Option<Vec<(String, Digest)>>, Error> {
        manifests::find(&self.0.db, tree)
    }

    /// Keeps which files a build read, before a record that names the set is written. Gives what the set is called.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn keep_read_set(&self, set: &ReadSet) -> Result<Digest, Error> {
        read_sets::keep(&self.0.db, set)
    }

    /// The files that a build read, by what the set is called, if it was kept.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn read_set(&self, digest: &Digest) -> Result<Option<ReadSet>, Error> {
        read_sets::find(&self.0.db, digest)
    }

    /// The newest runs first, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn runs(&self, limit: usize) -> Result<Vec<RunSummary>, Error> {
        history::runs(&self.0, limit)
    }

    /// The executions of a node, the newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn history(&self, node: &NodeName, limit: usize) -> Result<Vec<Past>, Error> {
        history::of_node(&self.0, node, limit)
    }

    /// How a node fared in a run; `None` if it had no part in it or that is forgotten.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn in_run(&self, node: &NodeName, run: i64) -> Result<Option<InRun>, Error> {
        history::in_run(&self.0, node, run)
    }

    /// Counts what is there.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn stat(&self) -> Result<Stat, Error> {
        upkeep::stat(&self.0)
    }

    /// Makes room, or says what that would do.
    ///
    /// # Errors
    /// When something cannot be written. What was not done is done the next time.
    pub fn gc(&self, _alone: &Guard, policy: &Policy<'_>, mode: Mode) -> Result<GcReport, Error> {
        gc::gc(&self.0, policy, mode)
    }

    /// Reads every artifact and checks the database. Damaged artifacts are dropped.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn verify(&self) -> Result<Vec<Problem>, Error> {
        upkeep::verify(&self.0)
    }

    /// Forgets everything and removes all artifacts and outputs. Says how many bytes the artifacts took.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn clear(&self, _alone: &Guard) -> Result<u64, Error> {
        upkeep::clear(&self.0)
    }
}
