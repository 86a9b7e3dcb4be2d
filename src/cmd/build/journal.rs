//! Records what happens in a run, over the cache. Knows no schedule.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;
use std::time::SystemTime;

use cache::{Produced, Run};
use graph::digest::Digest;
use graph::executed::{Executed, HasRead};
use graph::facts::{Fact, Facts};
use graph::fingerprint::Part;
use graph::record::{Cost, Record};
use graph::spec::{Node, Source};
use graph::verdict::{Judgement, Verdict};
use tempfile::NamedTempFile;

use crate::cmd::kept::{self, Kept};
use crate::config::{Settings, SourceScope};
use crate::context::Environment;
use crate::exec::job::Execution;
use crate::exec::kernel;
use crate::exec::run::{Journal, Success};
use crate::exec::template::Filling;
use crate::layout::Layout;
use crate::probe::{Mode, Probe};
use crate::redact::redact_url;

/// The journal of one run.
pub(super) struct RunJournal {
    pub(super) run: Run,
    pub(super) kept: Kept,
    pub(super) layout: Layout,
    pub(super) settings: Settings,
    pub(super) env: Environment,
    /// What the nodes were judged by.
    pub(super) facts: Arc<Facts>,
    /// The files of each tree that was observed.
    pub(super) manifests: Vec<(Digest, Vec<(String, Digest)>)>,
    pub(super) now: i64,
}

impl RunJournal {
    fn probe(&self) -> Probe<'_> {
        Probe {
            layout: &self.layout,
            settings: &self.settings,
            env: &self.env,
            files: &self.kept,
            memory: &self.kept,
            // What a build reads in place is local.
            mode: Mode::Offline,
            now: self.now,
        }
    }

    fn execution(
        node: &Node,
        mut executed: Executed,
        verdict: &Verdict,
        cost: Cost,
    ) -> cache::Execution {
        executed.parts.iter_mut().for_each(mask_passwords);
        cache::Execution::of(&node.name, executed, verdict, (cost, now_ms()))
    }

    /// Keeps the lists of files of the trees among the parts, so that `why` can name what changed.
    fn keep_manifests(&self, judgement: &Judgement) -> anyhow::Result<()> {
        let parts = &judgement.fingerprint.parts;
        for (tree, files) in &self.manifests {
            if parts.iter().any(|part| part.digest == *tree) {
                let files: Vec<(&str, Digest)> =
                    files.iter().map(|(path, digest)| (path.as_str(), *digest)).collect();
                self.kept.cache().keep_manifest(tree, &files).map_err(kept::failure)?;
            }
        }
        Ok(())
    }
}

impl RunJournal {
    /// Keeps which files of its commit a build has read. What these are at the commit is looked up just as the next plan
    /// will.
    fn keep_reads(&self, node: &Node, execution: &Execution) -> anyhow::Result<Option<HasRead>> {
        let (Some(set), Some(commit), SourceScope::Files) =
            (&execution.reads, node.commit(), self.settings.source)
        else {
            return Ok(None);
        };
        let values = self.probe().read_values(&[(commit.clone(), set.clone())]);
        let Some(Ok(value)) = values.into_iter().next() else { return Ok(None) };
        let set = self.kept.cache().keep_read_set(set).map_err(kept::failure)?;
        Ok(Some(HasRead { set, value }))
    }

    /// What is recorded of a success, and what it left.
    fn executed(
        &self,
        &Success { node, judgement, execution }: &Success<'_>,
    ) -> anyhow::Result<(cache::Execution, Vec<Produced>)> {
        self.keep_manifests(judgement)?;
        let produced = execution
            .outputs
            .iter()
            .map(|found| Produced { path: found.path.clone(), file: found.source.clone() })
            .collect();
        let read = self.keep_reads(node, execution)?;
        let executed = Executed::built(node, &judgement.fingerprint, read);
        Ok((Self::execution(node, executed, &judgement.verdict, execution.cost), produced))
    }

    /// What tells whose build it was, as it would have been written for this node. Where it cannot be told, that of the
    /// other stays.
    fn own_metadata(&self, node: &Node, from: &Record) -> Option<(Produced, NamedTempFile)> {
        let made = from.outputs.iter().find(|output| &*output.path == kernel::BMETA)?;
        let files = &node.action.files;
        let description = files.iter().find(|file| *file.path == *kernel::DESCRIPTION)?;
        let work = self.layout.work_dir(&node.name);
        let filling = Filling {
            work: &work,
            root: self.layout.root(),
            checkout: None,
            facts: &self.facts,
            inputs: &node.inputs,
        };
        let made = String::from_utf8(self.run.content(made).ok()?).ok()?;
        let own = kernel::metadata(&filling.fill(&description.content).ok()?, &made).ok()?;
        let mut file = NamedTempFile::new_in(self.layout.state()).ok()?;
        file.write_all(own.as_bytes()).ok()?;
        let produced = Produced { path: kernel::BMETA.into(), file: file.path().to_owned() };
        Some((produced, file))
    }
}

impl Journal for RunJournal {
    fn changed(&self, node: &Node, _: &Judgement) -> anyhow::Result<Vec<String>> {
        let facts = self.probe().reobserve(node)?;
        let changed = |(source, fact): &(&Source, &Fact)| self.facts.get(source) != **fact;
        let sources: Vec<_> = facts.iter().filter(changed).map(|(source, _)| source).collect();
        let inputs = node.inputs.iter().filter(|input| sources.contains(&&input.source));
        Ok(inputs.map(|input| input.part.to_string()).collect())
    }

    fn succeeded(&self, successes: &[Success<'_>]) -> Vec<anyhow::Result<Arc<Record>>> {
        let mut kept = Vec::with_capacity(successes.len());
        let outcomes: Vec<anyhow::Result<()>> = successes
            .iter()
            .map(|success| self.executed(success).map(|executed| kept.push(executed)))
            .collect();
        let mut recorded = self.run.commit_successes(kept).into_iter();
        let answer = |outcome: anyhow::Result<()>| {
            outcome?;
            let record = recorded.next().expect("there is an answer to each");
            Ok(record.map_err(kept::failure)?)
        };
        outcomes.into_iter().map(answer).collect()
    }

    fn failed(
        &self,
        node: &Node,
        judgement: &Judgement,
        execution: &Execution,
    ) -> anyhow::Result<()> {
        let executed = Executed::judged(&judgement.fingerprint);
        let record = Self::execution(node, executed, &judgement.verdict, execution.cost);
        self.run.commit_failure(record, execution.outcome).map_err(kept::failure)?;
        Ok(())
    }

    fn restored(
        &self,
        node: &Node,
        judgement: &Judgement,
        from: &Arc<Record>,
    ) -> anyhow::Result<Option<Arc<Record>>> {
        self.keep_manifests(judgement)?;
        let executed = Executed::restored(node, &judgement.fingerprint, from);
        let record = Self::execution(node, executed, &judgement.verdict, Cost::default());
        let own = self.own_metadata(node, from);
        let produced = own.iter().map(|(produced, _)| produced.clone());
        match self.run.commit_restored(record, from, &produced.collect::<Vec<_>>()) {
            Ok(record) => Ok(Some(record)),
            Err(error) if error.is_not_available() => Ok(None),
            Err(error) => Err(kept::failure(error).into()),
        }
    }
}

/// A part as it is kept. Its digest tells whether it changed, so that the text need not be whole.
fn mask_passwords(part: &mut Part) {
    if let Cow::Owned(masked) = redact_url(&part.shown) {
        part.shown = masked.into();
    }
}

/// Now, as records have it.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
