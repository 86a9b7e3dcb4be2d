//! The whole of what users wrote, as a Spec: every front-end, with all problems at once.

use std::path::Path;

use crate::diagnostic::Diagnostics;
use crate::front::kas::Checkouts;
use crate::front::kernelci::{self, FreshSlices, Trees};
use crate::front::loaded::{Loaded, Sources};
use crate::front::machines;

/// Reads everything. Of kernels that are `known` to be fresh there are no nodes.
///
/// # Errors
/// All problems of all files.
pub fn load(
    sources: &Sources,
    root: &Path,
    checkouts: &dyn Checkouts,
    trees: &dyn Trees,
    known: &dyn FreshSlices,
) -> Result<Loaded, Diagnostics> {
    if sources.kernels.is_empty() {
        return machines::load(sources, root, checkouts);
    }
    if sources.machines.is_empty() {
        return kernelci::load(sources, root, trees, known);
    }
    let machines = machines::load(sources, root, checkouts);
    let kernels = kernelci::load(sources, root, trees, known);
    match (machines, kernels) {
        (Ok(machines), Ok(kernels)) => Ok(both(machines, kernels)),
        (machines, kernels) => {
            let mut found = Diagnostics::default();
            for loaded in [machines, kernels] {
                found.extend(loaded.map_or_else(|errors| errors, |loaded| loaded.warnings));
            }
            Err(found)
        }
    }
}

fn both(mut machines: Loaded, kernels: Loaded) -> Loaded {
    machines.spec.nodes.extend(kernels.spec.nodes);
    machines.warnings.extend(kernels.warnings);
    machines.reads.extend(kernels.reads);
    Loaded {
        excluded: kernels.excluded,
        excluded_count: kernels.excluded_count,
        left_out: kernels.left_out,
        slices: kernels.slices,
        fresh: kernels.fresh,
        ..machines
    }
}
