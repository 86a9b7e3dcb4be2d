//! What is refused of a configuration that kas would take: addresses that git would read as something else, and
//! directories that are not where their name says. Reads no content.
//!
//! A layer outside of its repository is a case of its own: nothing would observe it, so a change of it would go unseen.

use std::path::Path;

use super::ground::Ground;
use crate::address::{check_branch, check_url};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::front::kas::checkouts::inside;
use crate::front::kas::effective::{Effective, EffectiveRepo, RepoKind};
use crate::front::kas::merged::Merged;

/// Adds what is refused. [`inputs`](super::inputs) does so, too.
pub fn refuse(merged: &Merged, effective: &Effective, ground: &Ground, found: &mut Diagnostics) {
    for repo in &effective.repos {
        if repo.is_local() {
            directory(repo, &merged.top_dir, ground, found);
        } else {
            address(repo, found);
        }
        for layer in repo.layers.iter().filter(|layer| inside(Path::new(&*layer.name)).is_none()) {
            let problem = format!("the layer `{}` of `{}` lies out of it", layer.name, repo.id);
            found.push(
                Diagnostic::error(problem)
                    .at(&layer.span)
                    .hint("name it below the repository that holds it"),
            );
        }
    }
    patches(effective, found);
}

/// A patch of a local repository must lie in it, because nothing would observe it elsewhere.
fn patches(effective: &Effective, found: &mut Diagnostics) {
    for repo in &effective.repos {
        for patch in &repo.patches {
            let holder = &patch.repo.value;
            let is_holder = |other: &EffectiveRepo| other.id == *holder && other.is_local();
            if inside(Path::new(&*patch.path.value)).is_none()
                && effective.repos.iter().any(is_holder)
            {
                let problem = format!(
                    "patch `{}` of `{}` lies at `{}`, out of the repository `{holder}`",
                    patch.id, repo.id, patch.path.value
                );
                found.push(Diagnostic::error(problem).at(&patch.path.span));
            }
        }
    }
}

fn address(repo: &EffectiveRepo, found: &mut Diagnostics) {
    let Some(url) = &repo.url else { return };
    let checked = match repo.kind {
        RepoKind::Git => check_url(&url.value).map_err(|bad| bad.to_string()),
        RepoKind::Hg if url.value.starts_with('-') => {
            Err(format!("`{}` is no URL: it would be read as an option", url.value))
        }
        RepoKind::Hg => Ok(()),
    };
    if let Err(problem) = checked {
        found.push(
            Diagnostic::error(format!("{problem} (`url` of `{}`)", repo.id)).at(&url.span).hint(
                "a URL of git is like `https://host/path`, `ssh://user@host/path` or `/path`",
            ),
        );
    }
    let pins = [&repo.commit, &repo.branch, &repo.tag, &repo.refspec];
    for pin in pins.into_iter().flatten() {
        if let Err(bad) = check_branch(&pin.value) {
            found.push(Diagnostic::error(format!("{bad} (of `{}`)", repo.id)).at(&pin.span));
        }
    }
}

/// A directory that holds the project holds what builds write, so its content would never be the same twice.
fn directory(repo: &EffectiveRepo, top: &Path, ground: &Ground, found: &mut Diagnostics) {
    let Some(path) = &repo.path else { return };
    let said = Path::new(&*path.value);
    let dir = ground.dir(repo, top);
    let shown = format!("the repository `{}` is the directory `{}`", repo.id, path.value);
    let problem = if said.is_relative() && inside(said).is_none() {
        Diagnostic::error(format!("{shown}, which lies out of the project"))
            .hint("give it a `url`, or write an absolute path")
    } else if dir != ground.root() && ground.root().starts_with(&dir) {
        Diagnostic::error(format!("{shown}, which holds the project itself"))
            .hint("name the layer that is meant, not a directory above the project")
    } else if ground.root().is_dir() && !dir.is_dir() {
        Diagnostic::error(format!("{shown}, which does not exist"))
    } else {
        return;
    };
    found.push(problem.at(&path.span));
}
