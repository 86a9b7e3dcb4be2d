//! The kernel trees as the front-end sees them: mirrors of their URLs, or local repositories where the settings say so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use globset::{GlobBuilder, GlobMatcher};
use graph::spec::Commit;

use crate::config::LocalTree;
use crate::diagnostic::Diagnostics;
use crate::front::kernelci::{Head, TreeBranch, Trees, Unreachable};
use crate::probe::commit::{Found, Lost, Tell, Wish};
use crate::probe::{Mode, Probe};

/// What makes a glob of a name.
const GLOB: [char; 6] = ['*', '?', '[', ']', '{', '}'];

/// The trees of a project.
pub struct KernelTrees<'a> {
    probe: Probe<'a>,
    tell: &'a Tell<'a>,
    warnings: Mutex<Diagnostics>,
    /// The globs of the settings in their order, without those that are none.
    globs: Vec<(GlobMatcher, &'a str, &'a LocalTree)>,
    answers: Answers,
}

/// What was answered about heads: whoever asks on need not ask for them again, and hears the same.
#[derive(Debug, Clone, Default)]
pub struct Answers(Arc<Mutex<HashMap<Wish, Result<Head, Unreachable>>>>);

impl<'a> KernelTrees<'a> {
    /// The trees that a probe sees; `tell` hears of what takes minutes.
    #[must_use]
    pub fn new(probe: Probe<'a>, tell: &'a Tell<'a>) -> Self {
        let glob = |(glob, local): (&'a String, &'a LocalTree)| {
            let matcher = GlobBuilder::new(glob).literal_separator(false).build().ok()?;
            Some((matcher.compile_matcher(), glob.as_str(), local))
        };
        // A tree that is named as it is needs no glob.
        let is_glob =
            |(name, _): &(&'a String, &'a LocalTree)| name.contains(GLOB) || name.contains('\\');
        let globs = probe.settings.trees.iter().filter(is_glob).filter_map(glob).collect();
        Self { probe, tell, warnings: Mutex::default(), globs, answers: Answers::default() }
    }

    /// These trees, which know what others were told.
    #[must_use]
    pub fn knowing(mut self, answers: Answers) -> Self {
        self.answers = answers;
        self
    }

    /// What these trees were told.
    #[must_use]
    pub fn answers(&self) -> Answers {
        self.answers.clone()
    }

    /// What is to be said of all heads that were asked for: how old they are, offline.
    #[must_use]
    pub fn warnings(&self) -> Diagnostics {
        self.warnings.lock().expect("no thread panics while it holds this").clone()
    }

    /// The local repository that stands for a tree: by its very name, or else by the most specific of the globs.
    fn substitute(&self, tree: &str) -> Option<&LocalTree> {
        let literal = |glob: &str| glob.chars().filter(|c| !GLOB.contains(c)).count();
        self.probe.settings.trees.get(tree).or_else(|| {
            let fitting = self.globs.iter().filter(|(glob, ..)| glob.is_match(tree));
            fitting.max_by_key(|(_, glob, _)| literal(glob)).map(|(.., local)| *local)
        })
    }

    fn wish(&self, branch: &TreeBranch) -> Wish {
        match self.substitute(&branch.tree) {
            Some(local) => Wish::Revision {
                dir: self.probe.layout.root().join(&local.path),
                revision: local.rev.as_str().into(),
            },
            None => Wish::Branch { url: branch.url.clone(), branch: branch.branch.clone() },
        }
    }

    fn head(&self, found: Found) -> Head {
        let Found { commit, describe, tagged } = found;
        let describe_verbose = if tagged { describe.clone() } else { "".into() };
        Head { commit, describe, describe_verbose }
    }

    fn unreachable(&self, branch: &TreeBranch, lost: Lost) -> Unreachable {
        let local = self.substitute(&branch.tree).is_some();
        let hint = match (local, self.probe.mode) {
            (true, _) => " (`trees` in `graph.yaml` puts it in place of the tree's URL)",
            (false, Mode::Online) => " (`--offline` takes what was last known instead)",
            (false, Mode::Offline) => " (plan once without `--offline`)",
        };
        match lost {
            Lost::Repository(why) => Unreachable::Remote(why + hint),
            Lost::Name(why) if local => Unreachable::NoSuchBranch(why + hint),
            Lost::Name(why) => Unreachable::NoSuchBranch(why),
        }
    }
}

impl Trees for KernelTrees<'_> {
    fn heads(&self, wanted: &[TreeBranch]) -> Vec<Result<Head, Unreachable>> {
        let no_panic = "no thread panics while it holds this";
        let mut answers = self.answers.0.lock().expect(no_panic);
        let wishes: Vec<Wish> = wanted.iter().map(|branch| self.wish(branch)).collect();
        let is_new = |(wish, _): &(&Wish, &TreeBranch)| !answers.contains_key(*wish);
        let (unknown, branches): (Vec<Wish>, Vec<&TreeBranch>) =
            wishes.iter().zip(wanted).filter(is_new).map(|(wish, of)| (wish.clone(), of)).unzip();
        if !unknown.is_empty() {
            let (heads, warnings) = self.probe.heads(&unknown, self.tell);
            self.warnings.lock().expect(no_panic).extend(warnings);
            for ((head, wish), branch) in heads.into_iter().zip(unknown).zip(branches) {
                let head = head.map(|found| self.head(found));
                answers.insert(wish, head.map_err(|lost| self.unreachable(branch, lost)));
            }
        }
        wishes.iter().map(|wish| answers[wish].clone()).collect()
    }

    fn files(&self, commit: &Commit, below: &[String]) -> Result<Arc<[String]>, String> {
        self.probe.files_of(commit, below)
    }
}
