//! Loads a chain: walks over its files, again when a walk has shown where the repositories of its includes are (the
//! loop of `SetupReposStep` in `kas/libcmds.py`), and merges what was found.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use graph::spec::Place;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::front::kas::chain::Chain;
use crate::front::kas::checkouts::Checkouts;
use crate::front::kas::effective::Text;
use crate::front::kas::files::{FileCache, KasFile};
use crate::front::kas::merge::{finish, merge_over};
use crate::front::kas::merged::{Demands, FileRef, Merged, RepoAt};
use crate::front::kas::problems;
use crate::front::kas::repo::Repos;
use crate::front::kas::walk::{Known, Walk};
use crate::front::yaml::Node;

/// Loads the files of a chain and merges them as kas 5.2 does.
///
/// Repositories that are not at hand are no error: [`Merged::missing_repos`] names them.
///
/// # Errors
/// All problems of all files, warnings among them.
pub fn load_chain(
    chain: &Chain,
    checkouts: &dyn Checkouts,
    files: &FileCache,
) -> Result<Merged, Diagnostics> {
    let mut found = Diagnostics::default();
    let Some(top) = top_dir(chain, files, &mut found) else { return Err(found) };
    let mut walk = Walk { files, checkouts, top, known: HashMap::new() };
    loop {
        let round = walk.round(chain);
        if round.found.has_errors() {
            return Err(round.found);
        }
        let config = merge(&round.loaded);
        let learned = learn(&mut walk, &config, &round.missing, &mut found);
        if found.has_errors() {
            found.extend(round.found);
            return Err(found);
        }
        if learned {
            continue;
        }
        let to_clone = to_clone(&walk, &config, &round.missing, &mut found);
        if found.has_errors() {
            found.extend(round.found);
            return Err(found);
        }
        let demands = demands(chain, &round.loaded);
        return Ok(Merged {
            config,
            files: round.loaded.into_iter().map(|(file, _)| file).collect(),
            missing_repos: round.missing.into_iter().map(|repo| repo.value).collect(),
            to_clone,
            warnings: round.found,
            demands,
            top_dir: files.repository(&walk.top).map_or(walk.top, |root| root.to_path_buf()),
        });
    }
}

/// What kas must be to read these files. A lock file has the name of another file.
fn demands(chain: &Chain, loaded: &[(FileRef, Arc<KasFile>)]) -> Demands {
    let mut newest: Option<(i64, &Place)> = None;
    let mut late_source_dirs = Vec::new();
    for (file, kas_file) in loaded {
        if let Some(place) = &kas_file.version_place
            && newest.is_none_or(|(format, _)| format < kas_file.version)
        {
            newest = Some((kas_file.version, place));
        }
        if let Some(text) = &kas_file.source_dir
            && chain.files().first() != Some(&file.name)
        {
            let place = text.span.place();
            if !late_source_dirs.contains(&place) {
                late_source_dirs.push(place);
            }
        }
    }
    Demands { format: newest.map(|(format, place)| (format, place.clone())), late_source_dirs }
}

/// The directory that includes start from; all files of a chain must agree on the repository.
fn top_dir(
    chain: &Chain,
    files: &FileCache,
    found: &mut Diagnostics,
) -> Option<std::path::PathBuf> {
    let dir = |name: &Arc<str>| files.root().join(&**name).parent().map(Path::to_path_buf);
    let first = chain.files().first()?;
    let top = dir(first)?;
    let repository = files.repository(&top);
    for (index, other) in chain.files().iter().enumerate() {
        if dir(other).and_then(|dir| files.repository(&dir)) != repository {
            let declared = chain.declared_file(index);
            found.push(problems::several_repositories(first, other, declared.as_ref()));
            return None;
        }
    }
    Some(repository.map_or(top, |root| root.to_path_buf()))
}

fn merge(loaded: &[(FileRef, Arc<KasFile>)]) -> Arc<Node> {
    let mut files = loaded.iter().map(|(_, file)| file);
    let mut config =
        Arc::clone(&files.next().expect("a round without errors loads the chain's files").node);
    files.for_each(|file| merge_over(&mut config, &file.node));
    let version = loaded.iter().map(|(_, file)| file.version).max().unwrap_or(1);
    finish(&mut config, version);
    config
}

/// Finds where missing repositories are, by what the configuration says so far. It stays where it was found first, also
/// if files of it move it: kas has cloned it by then. Answers whether another walk can find more.
fn learn(walk: &mut Walk<'_>, config: &Node, missing: &[Text], found: &mut Diagnostics) -> bool {
    let repos = Repos::of(config);
    let mut learned = false;
    for repo in
        missing.iter().filter(|repo| !walk.known.contains_key(&repo.value)).collect::<Vec<_>>()
    {
        let mut problems = Diagnostics::default();
        let Some(effective) = repos.one(&repo.value, &mut problems) else { continue };
        found.extend(errors(&problems));
        let known = if effective.url.is_none() && effective.path.is_none() {
            let top = walk.files.repository(&walk.top);
            Known::Top(top.map_or_else(|| walk.top.clone(), |root| root.to_path_buf()))
        } else {
            Known::Other(Arc::new(RepoAt::from(&effective)))
        };
        walk.known.insert(repo.value.clone(), known);
        learned = true;
    }
    learned
}

/// What is to clone before the walk can go on. A repository that nothing defines may be defined by the files of one
/// that is still to clone; without one it is a mistake.
fn to_clone(
    walk: &Walk<'_>,
    config: &Node,
    missing: &[Text],
    found: &mut Diagnostics,
) -> Vec<RepoAt> {
    let mut all = Vec::new();
    for repo in missing {
        match walk.known.get(&repo.value) {
            Some(Known::Other(at)) if at.url.is_some() => all.push(RepoAt::clone(at)),
            Some(Known::Other(at)) => {
                found.push(problems::no_such_directory(repo, &at.path.to_string_lossy()));
            }
            _ => {}
        }
    }
    if all.is_empty() {
        for repo in missing.iter().filter(|repo| !walk.known.contains_key(&repo.value)) {
            found.push(problems::no_such_repo(repo, Repos::of(config).ids()));
        }
    }
    all
}

fn errors(problems: &Diagnostics) -> Diagnostics {
    let is_error = |problem: &&Diagnostic| problem.severity == Severity::Error;
    problems.as_slice().iter().filter(is_error).cloned().collect()
}
