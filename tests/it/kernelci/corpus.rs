//! KernelCI's own matrices of three years.

use std::fs;
use std::path::Path;

use graph_cli::diagnostic::{Diagnostics, Severity};

use super::{load_kernels, rows};
use crate::corpus::corpus;
use crate::kernel_trees::ToldTrees;

fn linux_6_1(corpus: &Path) -> ToldTrees {
    let paths = fs::read_to_string(corpus.join("linux-6.1/paths.txt")).expect("the corpus has it");
    ToldTrees::with("v6.1.192", &paths.lines().collect::<Vec<_>>())
}

fn told(problems: &Diagnostics) -> String {
    problems.as_slice().iter().map(|problem| format!("{problem}\n")).collect()
}

#[test]
fn the_matrix_of_2023_is_what_kernelci_makes_of_it() {
    let Some(corpus) = corpus() else { return };
    let kernels = corpus.join("kernelci");
    let loaded = load_kernels(&kernels, &["build-configs-2023-07.yaml"], &linux_6_1(&corpus))
        .unwrap_or_else(|problems| panic!("{}", told(&problems)));
    let expected = fs::read_to_string(kernels.join("expected/builds-2023-07.tsv"));
    let expected = expected.expect("the corpus has it");
    let expected: Vec<&str> = expected.lines().collect();
    assert_eq!(expected.len(), 1378);
    let rows = rows(&loaded);
    let missing: Vec<_> =
        expected.iter().filter(|row| !rows.iter().any(|our| our == *row)).collect();
    let surplus: Vec<_> = rows.iter().filter(|row| !expected.contains(&row.as_str())).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:#?} surplus {surplus:#?}");
    assert_eq!(loaded.spec.nodes.len(), 2 * rows.len());
    assert_eq!(loaded.excluded.len(), loaded.excluded_count);
    assert!(loaded.excluded_count > rows.len());
    assert!(loaded.left_out.is_empty());
    assert_eq!(loaded.reads.iter().collect::<Vec<_>>(), ["build-configs-2023-07.yaml"]);
}

/// As many builds as the branch `legacy` of KernelCI makes of them; of the first, with the old names of filters replaced.
#[test]
fn matrices_of_all_years_load() {
    let Some(corpus) = corpus() else { return };
    let trees = linux_6_1(&corpus);
    for (year, builds, warnings) in
        [("2020-01", 17371, 1), ("2021-01", 16557, 1), ("2023-07", 1378, 4)]
    {
        let file = format!("build-configs-{year}.yaml");
        let loaded = load_kernels(&corpus.join("kernelci"), &[&file], &trees)
            .unwrap_or_else(|problems| panic!("{year}: {}", told(&problems)));
        assert_eq!(rows(&loaded).len(), builds, "{year}");
        let found = loaded.warnings.as_slice();
        assert!(found.iter().all(|problem| problem.severity == Severity::Warning));
        assert_eq!(found.len(), warnings, "{year}: {}", told(&loaded.warnings));
    }
}
