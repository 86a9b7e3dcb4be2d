//! A Python with KernelCI 1.1, provisioned once below `target`. Knows nothing of what is compared with it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Without what it needs for other things than configurations: it is asked for those alone.
const PACKAGES: [&str; 2] = ["kernelci==1.1", "pyyaml"];

/// The Python that has KernelCI and PyYAML.
pub(crate) fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("cargo's directory for tests lies in the target directory");
    let venv = target.join("kernelci-1.1");
    // Tests run in parallel threads and, under nextest, in parallel processes.
    let lock = File::create(target.join("kernelci-1.1.lock")).expect("a lock file in target");
    lock.lock().expect("file locks work in target");
    let complete = venv.join("complete");
    if !complete.exists() {
        provision(&venv);
        // Written last, so that an interrupted installation is done again.
        fs::write(complete, PACKAGES.join(" ")).expect("a marker in the venv");
    }
    venv.join("bin/python")
}

fn provision(venv: &Path) {
    if venv.exists() {
        fs::remove_dir_all(venv).expect("a half-made venv can be removed");
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(venv));
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(Command::new(venv.join("bin/python")).args(pip).args(PACKAGES));
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed: the tests need python3 with venv, and a package index to install KernelCI from\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
