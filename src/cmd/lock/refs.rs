//! The commits of everything that floats: each repository is asked once for all of its branches, all at the same time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use graph::spec::{RemoteRef, Source};

use super::chains::{Keep, Loaded, kept_commits};
use crate::cmd::checkouts::Mirrors;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::failure::Kind;
use crate::front::kas::{EffectiveRepo, Pin, revision};
use crate::probe::git::{Git, Wanted};
use crate::probe::{Memory, Mode};
use crate::redact::redact_url;

/// Commits by the id of the repository.
pub(super) type Commits = BTreeMap<Arc<str>, Arc<str>>;

/// What answers.
pub(super) struct Resolver<'a> {
    pub(super) mirrors: &'a Mirrors<'a>,
    pub(super) git: &'a Git,
    pub(super) memory: &'a dyn Memory,
    pub(super) mode: Mode,
    pub(super) keep: Keep,
}

/// A repository that floats, and the refs that it may follow: the first that is there counts.
struct Floating {
    id: Arc<str>,
    refs: Vec<RemoteRef>,
    /// Where the branch or tag was written.
    span: Option<Span>,
    /// Where the URL was written.
    url: Option<Span>,
}

/// What became of asking for a ref.
enum Told {
    Commit(Arc<str>),
    NoSuchRef,
    Failed(String),
    NeverAsked,
}

impl Resolver<'_> {
    /// The commits of what floats in each chain. Everything that has none is told, with the kind of the failure.
    pub(super) fn resolve(
        &self,
        chains: &[Option<Loaded>],
        found: &mut Diagnostics,
    ) -> (Vec<Commits>, Option<Kind>) {
        let mut kind = None;
        let mut all: Vec<(Commits, Vec<Floating>)> = Vec::new();
        for loaded in chains {
            let mut commits = Commits::new();
            let mut floating = Vec::new();
            if let Some(loaded) = loaded {
                commits.extend(kept_commits(self.mirrors, loaded, self.keep));
                let open =
                    loaded.effective.repos.iter().filter(|repo| !commits.contains_key(&repo.id));
                for repo in open.filter(|repo| !repo.is_local()) {
                    match floats(repo) {
                        Ok(one) => floating.extend(one),
                        Err(problem) => {
                            found.push(problem);
                            kind = Some(Kind::Input);
                        }
                    }
                }
            }
            all.push((commits, floating));
        }
        let refs = all.iter().flat_map(|(_, floating)| floating).flat_map(|one| &one.refs);
        let told = self.ask(refs);
        for (commits, floating) in &mut all {
            for one in floating {
                match pick(one, &told) {
                    Ok(commit) => drop(commits.insert(Arc::clone(&one.id), commit)),
                    Err(refused) => {
                        let (worst, problem) = *refused;
                        found.push(problem);
                        kind = kind.or(Some(worst));
                    }
                }
            }
        }
        (all.into_iter().map(|(commits, _)| commits).collect(), kind)
    }

    fn ask<'r>(&self, refs: impl Iterator<Item = &'r RemoteRef>) -> HashMap<RemoteRef, Told> {
        let mut told = HashMap::new();
        let mut wanted = Wanted::new();
        // Those that were asked for while chains were loaded, because files of theirs are included.
        let known = self.mirrors.asked();
        for one in refs {
            let known = known.get(&(one.url.clone(), one.name.clone())).cloned();
            let known = match self.mode {
                Mode::Offline => {
                    known.or_else(|| Some(self.memory.last_ref(&one.url, &one.name)?.commit))
                }
                Mode::Online => known,
            };
            match known {
                Some(commit) => drop(told.insert(one.clone(), Told::Commit(commit.into()))),
                None if self.mode == Mode::Offline => {
                    drop(told.insert(one.clone(), Told::NeverAsked));
                }
                None => drop(wanted.entry(one.url.clone()).or_default().insert(one.name.clone())),
            }
        }
        let mut seen: Vec<(String, String, String)> = Vec::new();
        for (url, answer) in self.git.ls_remotes(&wanted) {
            for name in wanted.get(&url).into_iter().flatten() {
                let one = RemoteRef { url: url.clone(), name: name.clone() };
                let told_of = match &answer {
                    Ok(commits) => match commits.get(name) {
                        Some(Some(commit)) => {
                            seen.push((url.clone(), name.clone(), commit.clone()));
                            Told::Commit(commit.as_str().into())
                        }
                        _ => Told::NoSuchRef,
                    },
                    Err(error) => Told::Failed(error.to_string()),
                };
                told.insert(one, told_of);
            }
        }
        let seen: Vec<_> = seen.iter().map(|(u, n, c)| (&**u, &**n, &**c)).collect();
        self.memory.remember_refs(&seen);
        told
    }
}

/// What a repository follows; `None` where it is pinned.
fn floats(repo: &EffectiveRepo) -> Result<Option<Floating>, Diagnostic> {
    let span = match repo.pin() {
        Pin::Commit(_) => return Ok(None),
        Pin::Branch(text) | Pin::Tag(text) | Pin::Refspec(text) => Some(text.span.clone()),
        Pin::Head => repo.url.as_ref().map(|url| url.span.clone()),
    };
    let Some(Source::Ref(named)) = revision(repo) else {
        let problem = format!("the Mercurial repository `{}` names no commit", repo.id);
        return Err(Diagnostic::error(problem)
            .at(&repo.span)
            .hint("pin a commit; only git is asked"));
    };
    let mut refs = vec![RemoteRef::clone(&named)];
    if let (Pin::Refspec(_), Some(branch)) = (repo.pin(), named.name.strip_prefix("refs/heads/")) {
        refs.push(RemoteRef { url: named.url.clone(), name: format!("refs/tags/{branch}") });
    }
    let url = repo.url.as_ref().map(|url| url.span.clone());
    Ok(Some(Floating { id: Arc::clone(&repo.id), refs, span, url }))
}

fn pick(
    one: &Floating,
    told: &HashMap<RemoteRef, Told>,
) -> Result<Arc<str>, Box<(Kind, Diagnostic)>> {
    let at = |problem: Diagnostic, span: &Option<Span>| match span {
        Some(span) => problem.at(span),
        None => problem,
    };
    let refuse = |problem: String, hint: &str| {
        Err((Kind::Environment, at(Diagnostic::error(problem), &one.url).hint(hint)).into())
    };
    for named in &one.refs {
        let url = redact_url(&named.url);
        match told.get(named) {
            Some(Told::Commit(commit)) => return Ok(Arc::clone(commit)),
            Some(Told::Failed(why)) => {
                let hint = "`--keep` asks only for what is not pinned yet";
                return refuse(format!("cannot ask `{url}`: {why}"), hint);
            }
            Some(Told::NeverAsked) => {
                let problem = format!("offline: nobody knows `{}` of `{url}` yet", named.name);
                return refuse(problem, "lock once without `--offline`, or pin the commit");
            }
            Some(Told::NoSuchRef) | None => {}
        }
    }
    let names: Vec<String> = one.refs.iter().map(|named| format!("`{}`", named.name)).collect();
    let url = one.refs.first().map(|named| named.url.as_str()).unwrap_or_default();
    let problem = format!("`{}` has no {}", redact_url(url), names.join(" and no "));
    let mut problem = at(Diagnostic::error(problem), &one.span);
    let others: Vec<String> = told
        .iter()
        .filter(|(named, told)| named.url == url && matches!(told, Told::Commit(_)))
        .map(|(named, _)| format!("`{}`", named.name))
        .collect();
    if !others.is_empty() {
        let mut others = others;
        others.sort();
        problem = problem.hint(format!("it answers, and has {}", others.join(", ")));
    }
    let problem = problem.hint("is the branch or tag spelled as the repository has it?");
    Err((Kind::Input, problem).into())
}
