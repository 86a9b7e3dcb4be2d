//! The parts of a configuration, in the user's words, each with where it was written. The table is in the front door.

use std::sync::Arc;

use graph::spec::{BroughtTool, Input, RemoteRef, Role, Source};

use super::ground::Ground;
use super::refuse::refuse;
use super::statements::statements;
use crate::diagnostic::{Diagnostics, Span};
use crate::front::kas::effective::{Effective, EffectiveRepo, Pin, RepoKind};
use crate::front::kas::merged::Merged;

/// The parts of a configuration and its meaning. Problems are added to `found`.
#[must_use]
pub fn inputs(
    merged: &Merged,
    effective: &Effective,
    ground: &Ground,
    found: &mut Diagnostics,
) -> Vec<Input> {
    refuse(merged, effective, ground, found);
    let mut parts = Parts(Vec::new());
    for said in statements(effective) {
        parts.add(said.part, Source::Value(said.value), said.span.as_ref());
    }
    for variable in &effective.env {
        let (name, span) = (&variable.name, Some(&variable.span));
        let source = Source::variable(name.clone(), variable.default.clone());
        parts.add(format!("env.{name}").into(), source, span);
    }
    for repo in &effective.repos {
        if repo.is_local() {
            let dir = ground.dir(repo, &merged.top_dir);
            parts.add(format!("local {}", repo.id).into(), ground.tree(&dir), Some(&repo.span));
            continue;
        }
        if let (Some(source @ Source::Ref(_)), Some(span)) = (revision(repo), pin_span(repo)) {
            parts.add(format!("repos.{}.commit", repo.id).into(), source, Some(span));
        }
        parts.0.extend(bitbake(repo));
        parts.0.extend(patches(repo, effective, merged, ground));
    }
    parts.add("tool kas".into(), Source::Tool("kas".into()), None);
    let source = Source::Describe(ground.named(&merged.top_dir));
    let role = ground.describe();
    parts.0.push(Input { part: "describe".into(), source, declared: None, role });
    parts.0
}

/// Why a configuration cannot be built as it is, in users' words.
#[must_use]
pub fn unresolved(merged: &Merged, effective: &Effective) -> Vec<String> {
    let missing =
        merged.missing_repos.iter().map(|id| format!("the repository `{id}` is not cloned yet"));
    let unpinned =
        effective.repos.iter().filter(|repo| !repo.is_local() && revision(repo).is_none());
    let unpinned = unpinned.map(|repo| {
        format!(
            "the Mercurial repository `{}` names no commit, and only its program could tell",
            repo.id
        )
    });
    missing.chain(unpinned).collect()
}

struct Parts(Vec<Input>);

impl Parts {
    fn add(&mut self, part: Arc<str>, source: Source, span: Option<&Span>) {
        let declared = span.map(Span::place);
        self.0.push(Input { part, source, declared, role: Role::Key });
    }
}

/// The bitbake that a pinned repository may bring. Its commit is a part already, so the version is for people.
fn bitbake(repo: &EffectiveRepo) -> Option<Input> {
    let (Some(url), Pin::Commit(commit), RepoKind::Git) = (&repo.url, repo.pin(), repo.kind) else {
        return None;
    };
    let (url, commit) = (url.value.to_string(), commit.value.to_string());
    let tool = BroughtTool { url, commit, tool: "bitbake" };
    let part = format!("bitbake of {}", repo.id).into();
    Some(Input { part, source: Source::Brought(tool.into()), declared: None, role: Role::Stamp })
}

/// What the patches say that lie in local repositories.
fn patches(
    repo: &EffectiveRepo,
    effective: &Effective,
    merged: &Merged,
    ground: &Ground,
) -> Vec<Input> {
    let mut inputs = Vec::new();
    for patch in &repo.patches {
        let holder = &patch.repo.value;
        let is_holder = |other: &&EffectiveRepo| other.id == *holder && other.is_local();
        let Some(local) = effective.repos.iter().find(is_holder) else { continue };
        let dir = ground.dir(local, &merged.top_dir);
        // One that lies out of the repository is refused.
        if let Some(source) = ground.patch(patch, &dir) {
            let part = format!("patch {}/{}", repo.id, patch.id).into();
            let declared = Some(patch.span.place());
            inputs.push(Input { part, source, declared, role: Role::Key });
        }
    }
    inputs
}

/// Where the commit of a clone comes from; `None` where nothing but its program can tell.
#[must_use]
pub fn revision(repo: &EffectiveRepo) -> Option<Source> {
    let url = repo.url.as_ref()?.value.to_string();
    let reference = |name: &str, kind: &str| {
        let name = match name.strip_prefix("refs/") {
            Some(_) => name.to_owned(),
            None => format!("refs/{kind}/{name}"),
        };
        Source::Ref(Arc::new(RemoteRef { url: url.clone(), name }))
    };
    match repo.pin() {
        Pin::Commit(commit) => Some(Source::Value(commit.value.clone())),
        _ if repo.kind == RepoKind::Hg => None,
        Pin::Branch(branch) => Some(reference(&branch.value, "heads")),
        Pin::Refspec(refspec) => Some(reference(&refspec.value, "heads")),
        Pin::Tag(tag) => Some(reference(&tag.value, "tags")),
        Pin::Head => Some(Source::Ref(Arc::new(RemoteRef { url, name: "HEAD".to_owned() }))),
    }
}

fn pin_span(repo: &EffectiveRepo) -> Option<&Span> {
    match repo.pin() {
        Pin::Commit(text) | Pin::Branch(text) | Pin::Tag(text) | Pin::Refspec(text) => {
            Some(&text.span)
        }
        Pin::Head => repo.url.as_ref().map(|url| &url.span),
    }
}
