//! A Python with kas 5.2 (and so with PyYAML), provisioned once below `target`. Knows nothing of what is compared with it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const KAS: &str = "kas==5.2";

/// The Python that has kas and PyYAML.
pub(crate) fn python() -> PathBuf {
    venv().join("bin/python")
}

/// The `kas` program.
#[allow(dead_code, reason = "for the tests that run kas itself")]
pub(crate) fn kas() -> PathBuf {
    venv().join("bin/kas")
}

fn venv() -> &'static Path {
    static VENV: OnceLock<PathBuf> = OnceLock::new();
    VENV.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .expect("cargo's directory for tests lies in the target directory");
        let venv = target.join("kas-5.2");
        // Tests run in parallel threads and, under nextest, in parallel processes.
        let lock = File::create(target.join("kas-5.2.lock")).expect("a lock file in target");
        lock.lock().expect("file locks work in target");
        let complete = venv.join("complete");
        if !complete.exists() {
            provision(&venv);
            // Written last, so that an interrupted installation is done again.
            fs::write(complete, KAS).expect("a marker in the venv");
        }
        venv
    })
}

fn provision(venv: &Path) {
    if venv.exists() {
        fs::remove_dir_all(venv).expect("a half-made venv can be removed");
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(venv));
    run(Command::new(venv.join("bin/python")).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        KAS,
    ]));
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed: the tests need python3 with venv, and a package index to install kas from\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

#[test]
fn the_venv_has_kas_and_yaml() {
    let output = Command::new(python())
        .args(["-c", "import kas, yaml; print(yaml.safe_load('yes'))"])
        .output()
        .expect("the venv's python starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "True");
}
