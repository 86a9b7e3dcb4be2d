//! Where the shared corpus of real inputs lies. Knows nothing of what is in it.

use std::path::{Path, PathBuf};

/// The corpus beside the project, or `None` with a word on the skipped test.
///
/// # Panics
///
/// In CI, where a silently skipped comparison would be worth nothing.
#[allow(clippy::print_stderr, reason = "what a test skipped must be seen in its output")]
pub(crate) fn corpus() -> Option<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if corpus.is_dir() {
        return Some(corpus);
    }
    assert!(
        !std::env::var("CI").is_ok_and(|ci| ci == "true"),
        "there is no corpus at `../shared/corpus`, and CI must not skip the tests that need it"
    );
    eprintln!("SKIPPED: there is no corpus at `../shared/corpus`");
    None
}
