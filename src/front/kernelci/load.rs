//! All kernels of a project: files, then the heads of their trees, then what those trees hold, then nodes.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use graph::spec::{Commit, Spec};
use indexmap::{IndexMap, IndexSet};
use rayon::prelude::*;

use super::build::{Fragment, KernelBuilds};
use super::excluded::Excluding;
use super::expand::{Expanded, Listing, below, expand};
use super::file::{BuildConfig, Declared, declared};
use super::slice::{FreshSlices, Slice, Slices};
use super::trees::{Head, TreeBranch, Trees, Unreachable};
use super::{lower, merge, problems, read};
use crate::diagnostic::Diagnostics;
use crate::front::loaded::{Loaded, Sources};

/// Loads all kernels. A tree that cannot be read is a warning, and what is built of it is left out.
///
/// # Errors
/// All problems of all files.
pub fn load(
    sources: &Sources,
    root: &Path,
    trees: &dyn Trees,
    known: &dyn FreshSlices,
) -> Result<Loaded, Diagnostics> {
    let mut found = Diagnostics::default();
    let parse = tracing::info_span!("parse").entered();
    let documents = read::read(&sources.kernels, root, &mut found);
    let named: Vec<_> =
        documents.iter().map(|document| (document.name.clone(), document.node.clone())).collect();
    let sections = merge::merge(&named, &mut found);
    let declared = declared(&sections, &mut found);
    drop(parse);
    // No remote is asked for what will not be built.
    if found.has_errors() {
        return Err(found);
    }
    let below_root = documents.iter().filter(|document| document.is_below_root);
    let mut reads: BTreeSet<String> =
        below_root.map(|document| document.name.to_string()).collect();
    let settings = sources.settings.as_ref().map(|path| root.join(path));
    let settings = settings.as_ref().and_then(|path| path.strip_prefix(root).ok());
    reads.extend(settings.map(|path| path.to_string_lossy().into_owned()));
    let mut loaded = Loaded { reads, ..Loaded::default() };
    let excluding = if sources.excluded { Excluding::Listed } else { Excluding::Counted };
    let mut left_out: IndexMap<&str, ()> = IndexMap::new();
    let heads = {
        let _span = tracing::info_span!("trees").entered();
        heads(&declared, trees, &mut left_out, &mut found)
    };
    let slices = Slices::of(&declared, sources.describe);
    let (heads, slices) = to_expand(heads, slices, known, &mut loaded);
    let reached = Reached { heads, slices, left_out };
    let builds = builds(&declared, reached, (trees, excluding), &mut loaded, &mut found);
    let fragments = declared.fragments.iter();
    let fragments: HashMap<Arc<str>, Arc<Fragment>> =
        fragments.map(|fragment| (fragment.name.clone(), fragment.clone())).collect();
    let lowering = lower::Lowering { describe: sources.describe };
    let _span = tracing::info_span!("lower").entered();
    match lower::nodes(&builds, &fragments, &lowering) {
        Ok(nodes) => loaded.spec = Spec { nodes },
        Err(errors) => found.extend(errors),
    }
    if found.has_errors() { Err(found) } else { Ok(Loaded { warnings: found, ..loaded }) }
}

/// Takes out the build configs that need not be expanded.
fn to_expand<'a>(
    heads: Vec<(&'a BuildConfig, Head)>,
    mut slices: Slices<'_>,
    known: &dyn FreshSlices,
    loaded: &mut Loaded,
) -> (Vec<(&'a BuildConfig, Head)>, Vec<Option<Slice>>) {
    let all: Vec<Option<Slice>> =
        heads.iter().map(|(config, head)| slices.slice(config, head)).collect();
    let named: Vec<Slice> = all.iter().flatten().cloned().collect();
    let mut answers = known.unexpanded(&named).into_iter();
    let mut rest = (Vec::new(), Vec::new());
    for (head, slice) in heads.into_iter().zip(all) {
        let answer = slice.as_ref().and_then(|_| answers.next().flatten());
        match answer {
            Some(fresh) => {
                loaded.excluded_count += fresh.excluded;
                loaded.fresh.push(fresh);
            }
            None => {
                rest.0.push(head);
                rest.1.push(slice);
            }
        }
    }
    rest
}

/// Build configs at the commits of their branches, and those without one.
struct Reached<'a> {
    heads: Vec<(&'a BuildConfig, Head)>,
    slices: Vec<Option<Slice>>,
    left_out: IndexMap<&'a str, ()>,
}

/// Everything that is built of the trees that can be read; what else was found goes where it belongs.
fn builds<'a>(
    declared: &'a Declared,
    reached: Reached<'a>,
    (trees, excluding): (&dyn Trees, Excluding),
    loaded: &mut Loaded,
    found: &mut Diagnostics,
) -> Vec<KernelBuilds> {
    let Reached { heads, slices, mut left_out } = reached;
    let listings = {
        let _span = tracing::info_span!("trees").entered();
        listings(declared, &heads, trees)
    };
    let _span = tracing::info_span!("expand").entered();
    let mut expandable = Vec::new();
    let mut whole = Vec::new();
    for ((config, head), slice) in heads.into_iter().zip(slices) {
        match &listings[&*head.commit] {
            Ok(listing) => {
                expandable.push((config, head, listing));
                whole.push(slice);
            }
            Err(why) => {
                left_out.insert(&config.name.value, ());
                found.push(problems::unreadable(config, why));
            }
        }
    }
    let expanded: Vec<Expanded> = expandable
        .par_iter()
        .map(|(config, head, listing)| expand(config, head, listing, excluding))
        .collect();
    let mut builds = Vec::with_capacity(expanded.iter().map(|one| one.builds.len()).sum());
    for (one, slice) in expanded.into_iter().zip(whole) {
        if let Some(slice) = slice.filter(|_| one.problems.is_empty()) {
            loaded.slices.push((slice, one.excluded_count));
        }
        builds.extend(one.builds);
        loaded.excluded.extend(one.excluded);
        loaded.excluded_count += one.excluded_count;
        found.extend(one.problems);
    }
    loaded.left_out = left_out.keys().map(|name| (*name).to_owned()).collect();
    builds
}

/// What each build config's branch names now, as far as that is known.
fn heads<'a>(
    declared: &'a Declared,
    trees: &dyn Trees,
    left_out: &mut IndexMap<&'a str, ()>,
    found: &mut Diagnostics,
) -> Vec<(&'a BuildConfig, Head)> {
    let branch = |config: &BuildConfig| TreeBranch {
        tree: config.tree.value.clone(),
        url: config.url.value.clone(),
        branch: config.branch.value.clone(),
    };
    let built = declared.configs.iter().filter(|config| !config.variants.is_empty());
    let built: Vec<&BuildConfig> = built.collect();
    let wanted: IndexSet<TreeBranch> = built.iter().map(|config| branch(config)).collect();
    let list: Vec<TreeBranch> = wanted.iter().cloned().collect();
    let answers = if list.is_empty() { Vec::new() } else { trees.heads(&list) };
    let mut heads = Vec::with_capacity(built.len());
    let mut unreachable: IndexMap<&str, (Vec<&BuildConfig>, &str)> = IndexMap::new();
    for config in built {
        let index = wanted.get_index_of(&branch(config));
        match index.and_then(|index| answers.get(index)) {
            Some(Ok(head)) => {
                heads.push((config, head.clone()));
                continue;
            }
            Some(Err(Unreachable::NoSuchBranch(why))) => {
                found.push(problems::no_such_branch(config, why));
            }
            Some(Err(Unreachable::Remote(why))) => {
                let tree = unreachable.entry(&config.tree.value).or_insert((Vec::new(), why));
                tree.0.push(config);
            }
            None => {}
        }
        left_out.insert(&config.name.value, ());
    }
    for (configs, why) in unreachable.values() {
        found.push(problems::unreachable(configs, why));
    }
    heads
}

/// What each commit holds, each read once.
fn listings(
    declared: &Declared,
    heads: &[(&BuildConfig, Head)],
    trees: &dyn Trees,
) -> HashMap<Commit, Result<Listing, String>> {
    let below = below(declared);
    let commits: IndexSet<&Commit> = heads.iter().map(|(_, head)| &*head.commit).collect();
    let commits: Vec<&Commit> = commits.into_iter().collect();
    commits
        .into_par_iter()
        .map(|commit| {
            let listing = trees.files(commit, &below);
            (commit.clone(), listing.map(|paths| Listing::of(&paths, &declared.fragments)))
        })
        .collect()
}
