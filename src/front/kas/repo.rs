//! One entry of `repos` as kas sets it up (`Repo.factory` of `kas/repos.py`): defaults and overrides folded in, with
//! the errors that kas raises. Looks at no disk.
//!
//! kas 5.2 to 5.5 refuse a repository with a URL and neither commit, branch, tag nor refspec, though their manual says
//! that the remote's HEAD is meant; so does this.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::front::kas::checkouts::inside;
use crate::front::kas::effective::{
    EffectiveLayer, EffectivePatch, EffectiveRepo, Pin, RepoKind, Text, is_full_commit,
};
use crate::front::kas::ids::{self, text};
use crate::front::kas::merged::RepoAt;
use crate::front::kas::{schema, shape};
use crate::front::yaml::{Entry, Node, Value};

/// The parts of a merged configuration that speak of repositories.
#[derive(Clone, Copy)]
pub(super) struct Repos<'a> {
    repos: Option<&'a Node>,
    defaults: Option<&'a Node>,
    overrides: Option<&'a Node>,
}

impl<'a> Repos<'a> {
    pub(super) fn of(config: &'a Node) -> Self {
        let below =
            |key: &str| config.get(key).and_then(|node| node.get("repos")).map(|node| &**node);
        Self {
            repos: config.get("repos").map(|node| &**node),
            defaults: below("defaults"),
            overrides: below("overrides"),
        }
    }

    /// Every repository, in the order of the configuration.
    pub(super) fn all(self, found: &mut Diagnostics) -> Vec<EffectiveRepo> {
        let Some(map) = self.repos.and_then(Node::as_map) else { return Vec::new() };
        let all: Vec<EffectiveRepo> = ids::texts(map, "the id of a repository", found)
            .into_iter()
            .map(|(id, entry)| self.effective(id, entry, found))
            .collect();
        for repo in &all {
            for patch in &repo.patches {
                if !all.iter().any(|other| other.id == patch.repo.value) {
                    let problem = format!(
                        "patch `{}` of `{}` is in the repository `{}`, which `repos` does not have",
                        patch.id, repo.id, patch.repo.value
                    );
                    found.push(Diagnostic::error(problem).at(&patch.repo.span));
                }
            }
        }
        all
    }

    /// One repository, if it is defined.
    pub(super) fn one(self, id: &str, found: &mut Diagnostics) -> Option<EffectiveRepo> {
        let entry = self.repos?.entry(id)?;
        Some(self.effective(id.into(), entry, found))
    }

    /// The ids that are defined.
    pub(super) fn ids(self) -> impl Iterator<Item = &'a str> {
        self.repos
            .and_then(Node::as_map)
            .into_iter()
            .flat_map(|map| map.keys())
            .filter_map(|key| key.as_str())
    }

    fn effective(self, id: Arc<str>, entry: &Entry, found: &mut Diagnostics) -> EffectiveRepo {
        let node = &*entry.value;
        let overrides = self.overrides.and_then(|all| all.get(&id)).map(|node| &**node);
        let default = |key: &str| match node.get(key) {
            Some(own) => text(own),
            None => self.defaults.and_then(|all| all.get(key)).and_then(|node| text(node)),
        };
        let own = |key: &str| node.get(key).and_then(|node| text(node));
        let mut repo = EffectiveRepo {
            name: own("name").map_or_else(|| id.clone(), |name| name.value),
            url: own("url"),
            path: own("path"),
            kind: match node.get("type").and_then(|node| node.as_str()) {
                Some("hg") => RepoKind::Hg,
                _ => RepoKind::Git,
            },
            commit: own("commit"),
            branch: default("branch"),
            tag: default("tag"),
            refspec: default("refspec"),
            layers: layers(node, entry),
            patches: self.patches(&id, node, found),
            signers: None,
            span: entry.key_span.clone(),
            id,
        };
        repo.signers = signers(&repo, node, found);
        fold_overrides(&mut repo, overrides, found);
        check(&repo, found);
        if repo.is_local() && !repo.patches.is_empty() {
            let problem = format!("the patches of `{}` are ignored: it has no `url`", repo.id);
            found.push(Diagnostic::warning(problem).at(&repo.span));
            repo.patches.clear();
        }
        repo
    }

    fn patches(self, id: &str, node: &Node, found: &mut Diagnostics) -> Vec<EffectivePatch> {
        let Some(map) = node.get("patches").and_then(|node| node.as_map()) else {
            return Vec::new();
        };
        let default =
            self.defaults.and_then(|all| all.get("patches")).and_then(|node| node.get("repo"));
        let mut patches = Vec::new();
        for (patch, entry) in ids::sorted(map, "the id of a patch", found) {
            let Some(path) = entry.value.get("path").and_then(|node| text(node)) else { continue };
            match entry.value.get("repo").or(default).and_then(|node| text(node)) {
                Some(repo) => {
                    patches.push(EffectivePatch {
                        id: patch,
                        repo,
                        path,
                        span: entry.key_span.clone(),
                    });
                }
                None => {
                    let problem = format!("patch `{patch}` of `{id}` names no `repo`");
                    found.push(Diagnostic::error(problem).at(&entry.key_span).hint(
                        "name the repository that holds it, here or in `defaults.repos.patches.repo`",
                    ));
                }
            }
        }
        patches
    }
}

fn layers(node: &Node, entry: &Entry) -> Vec<EffectiveLayer> {
    let Some(map) = node.get("layers").and_then(|node| node.as_map()) else {
        return vec![EffectiveLayer { name: "".into(), prio: 0, span: entry.key_span.clone() }];
    };
    map.iter()
        .filter(|(_, entry)| !schema::layer_is_disabled(&entry.value))
        .map(|(key, entry)| EffectiveLayer {
            name: shape::key_text(key).into(),
            prio: entry.value.get("prio").and_then(|prio| shape::whole(&prio.value)).unwrap_or(0),
            span: entry.key_span.clone(),
        })
        .collect()
}

fn signers(repo: &EffectiveRepo, node: &Node, found: &mut Diagnostics) -> Option<Vec<Text>> {
    let signed = node.get("signed")?;
    if !matches!(signed.value, Value::Bool(true)) {
        return None;
    }
    let names = node.get("allowed_signers").and_then(|node| node.as_list()).unwrap_or_default();
    if names.is_empty() {
        let problem = format!("`{}` must be signed, and has no `allowed_signers`", repo.id);
        found.push(Diagnostic::error(problem).at(&signed.span));
    }
    Some(names.iter().filter_map(|name| text(name)).collect())
}

/// kas looks for the absence of any pin before it applies overrides, so an override rescues none.
fn fold_overrides(repo: &mut EffectiveRepo, overrides: Option<&Node>, found: &mut Diagnostics) {
    let unpinned = repo.commit.is_none() && repo.branch.is_none() && repo.tag.is_none();
    if let Some(refspec) = &mut repo.refspec {
        let problem = format!("`refspec` of `{}` is the old way", repo.id);
        found.push(
            Diagnostic::warning(problem)
                .at(&refspec.span)
                .hint("write `commit`, `branch` or `tag`"),
        );
        if !unpinned {
            let problem = format!("`{}` has a `refspec` beside a commit, branch or tag", repo.id);
            found.push(Diagnostic::error(problem).at(&refspec.span));
        }
        if let Some(commit) =
            overrides.and_then(|node| node.get("commit")).and_then(|node| text(node))
        {
            *refspec = commit;
        }
        return;
    }
    if let Some(url) = repo.url.as_ref().filter(|_| unpinned) {
        let problem =
            format!("`{}` has a `url`, and neither `commit`, `branch` nor `tag`", repo.id);
        found.push(
            Diagnostic::error(problem)
                .at(&url.span)
                .hint("kas refuses this; pin a commit or name a branch"),
        );
    }
    if let Some(commit) = overrides.and_then(|node| node.get("commit")) {
        repo.commit = text(commit);
    }
    if let Some(branch) = overrides.and_then(|node| node.get("branch")) {
        repo.branch = text(branch);
    }
    if let Some(url) = overrides.and_then(|node| node.get("url")) {
        repo.url = text(url);
    }
}

fn check(repo: &EffectiveRepo, found: &mut Diagnostics) {
    let Some(url) = &repo.url else { return };
    let pins = [&repo.commit, &repo.branch, &repo.tag, &repo.refspec];
    for empty in pins.into_iter().flatten().chain([url]).filter(|text| text.value.is_empty()) {
        let problem = format!("a value of `{}` is empty", repo.id);
        found.push(Diagnostic::error(problem).at(&empty.span));
    }
    if let (Some(tag), Some(branch)) = (&repo.tag, &repo.branch) {
        let problem = format!("`{}` has a tag and a branch", repo.id);
        found.push(
            Diagnostic::error(problem)
                .at(&tag.span)
                .related(&branch.span, "the branch")
                .hint("kas takes one of them; `branch: null` undoes a default"),
        );
    }
    if let Some(commit) = repo.commit.as_ref().filter(|text| !is_full_commit(&text.value)) {
        let problem = format!("the commit `{}` of `{}` is not a full id", commit.value, repo.id);
        found.push(
            Diagnostic::warning(problem)
                .at(&commit.span)
                .hint("write all 40 hexadecimal digits in lower case"),
        );
    }
    let dir = repo.path.as_ref().map_or(&repo.name, |path| &path.value);
    if inside(Path::new(&**dir)).is_none() {
        let place = repo.path.as_ref().map_or(&repo.span, |path| &path.span);
        let problem =
            format!("the clone of `{}` would lie at `{dir}`, out of the work directory", repo.id);
        found.push(Diagnostic::error(problem).at(place));
    }
}

impl From<&EffectiveRepo> for RepoAt {
    fn from(repo: &EffectiveRepo) -> Self {
        let value = |text: &Option<Text>| text.as_ref().map(|text| text.value.clone());
        let commit = match repo.pin() {
            Pin::Commit(commit) => Some(commit.value.clone()),
            _ => None,
        };
        Self {
            id: repo.id.clone(),
            url: value(&repo.url),
            path: PathBuf::from(&**repo.path.as_ref().map_or(&repo.name, |path| &path.value)),
            tag: value(&repo.tag).or_else(|| value(&repo.refspec).filter(|_| commit.is_none())),
            branch: value(&repo.branch),
            commit,
        }
    }
}
