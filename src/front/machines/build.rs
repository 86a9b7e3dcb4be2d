//! What is built for a machine: its pinned file if there is one, else its chain; followed by the shared volumes.

use super::file::Machine;
use crate::diagnostic::Diagnostics;
use crate::front::kas::{
    Chain, Checkouts, Demands, Effective, FileCache, FileRef, Merged, load_chain, out_of_date,
};

/// Where the flattened, pinned form of each chain lies.
const PINNED: &str = "kas/build-configs/release";
/// What says where downloads and shared state are.
const SHARED: &str = "kas/build-configs/shared-vols.yaml";

/// A configuration with its meaning.
#[derive(Debug)]
pub struct Build {
    /// The merged mapping, with what could not be read.
    pub merged: Merged,
    /// What it means.
    pub effective: Effective,
    /// Every file that was read for it, those of the chain too where a pinned file is built.
    pub reads: Vec<FileRef>,
    /// What all of them ask of kas.
    pub demands: Demands,
}

/// Where the flattened, pinned form of a machine's chain lies, relative to the project's root.
#[must_use]
pub fn pinned_file(machine: &Machine, yocto_branch: &str) -> String {
    format!("{PINNED}/{}-{yocto_branch}.yaml", machine.name.value)
}

/// Loads what is built for a machine, and compares the pinned file with the chain. Warnings come with the value.
///
/// # Errors
/// All problems of all files, also of a chain in whose place a pinned file is built.
pub fn load_build(
    machine: &Machine,
    yocto_branch: &str,
    checkouts: &dyn Checkouts,
    files: &FileCache,
) -> Result<(Build, Diagnostics), Diagnostics> {
    let exists = |file: &str| files.has(file);
    let pinned = pinned_file(machine, yocto_branch);
    let shared = |chain: Chain| if exists(SHARED) { chain.followed_by(SHARED) } else { chain };
    let chain = &machine.chain;
    if !exists(&pinned) {
        let ((merged, effective), found) = load(&shared(chain.clone()), checkouts, files)?;
        let (reads, demands) = (merged.files.clone(), merged.demands.clone());
        return Ok((Build { merged, effective, reads, demands }, found));
    }
    let alone = Chain::parse(&pinned).map_err(|problem| Diagnostics::from_iter([problem]))?;
    let alone = alone.declared_at(&machine.config);
    let (declared, release) = (load(chain, checkouts, files), load(&alone, checkouts, files));
    let built = load(&shared(alone), checkouts, files);
    let (((declared, said), mut found), ((_, kept), _), ((merged, effective), others)) =
        match (declared, release, built) {
            (Ok(declared), Ok(release), Ok(built)) => (declared, release, built),
            (declared, release, built) => {
                let mut found = Diagnostics::default();
                let errors = [declared.err(), release.err(), built.err()];
                errors.into_iter().flatten().for_each(|errors| found.extend(errors));
                return Err(found);
            }
        };
    found.extend(others);
    if declared.missing_repos.is_empty() {
        out_of_date(&pinned, &said, &kept).into_iter().for_each(|warning| found.push(warning));
    }
    let reads = declared.files.iter().chain(&merged.files).cloned().collect();
    let mut demands = merged.demands.clone();
    demands.extend(&declared.demands);
    Ok((Build { merged, effective, reads, demands }, found))
}

type Meaning = ((Merged, Effective), Diagnostics);

fn load(
    chain: &Chain,
    checkouts: &dyn Checkouts,
    files: &FileCache,
) -> Result<Meaning, Diagnostics> {
    let merged = load_chain(chain, checkouts, files)?;
    let mut found = merged.warnings.clone();
    match Effective::of(&merged) {
        Ok((effective, warnings)) => {
            found.extend(warnings);
            Ok(((merged, effective), found))
        }
        Err(errors) => {
            found.extend(errors);
            Err(found)
        }
    }
}
