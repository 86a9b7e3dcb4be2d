//! Pythons with what this project is compared with, each provisioned once below `target`. Knows nothing of what is asked.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// kas 5.2, and so PyYAML.
static KAS: Venv = Venv::of("kas-5.2", &["kas==5.2"]);

/// KernelCI 1.1 without what it needs for other things than configurations: it is asked for those alone.
static KERNELCI: Venv = Venv::of("kernelci-1.1", &["kernelci==1.1", "pyyaml"]);

/// The Python that has kas and PyYAML.
pub(crate) fn python_of_kas() -> PathBuf {
    KAS.python()
}

/// The `kas` program.
pub(crate) fn kas() -> PathBuf {
    KAS.dir().join("bin/kas")
}

/// The Python that has KernelCI and PyYAML.
pub(crate) fn python_of_kernelci() -> PathBuf {
    KERNELCI.python()
}

struct Venv {
    name: &'static str,
    packages: &'static [&'static str],
    dir: OnceLock<PathBuf>,
}

impl Venv {
    const fn of(name: &'static str, packages: &'static [&'static str]) -> Self {
        Self { name, packages, dir: OnceLock::new() }
    }

    fn python(&self) -> PathBuf {
        self.dir().join("bin/python")
    }

    fn dir(&self) -> &Path {
        self.dir.get_or_init(|| {
            let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
                .parent()
                .expect("cargo's directory for tests lies in the target directory");
            let dir = target.join(self.name);
            // Under nextest, tests run in parallel processes.
            let lock = File::create(target.join(format!("{}.lock", self.name)));
            let lock = lock.expect("a lock file in target");
            lock.lock().expect("file locks work in target");
            let complete = dir.join("complete");
            if !complete.exists() {
                self.provision(&dir);
                // Written last, so that an interrupted installation is done again.
                fs::write(complete, self.packages.join(" ")).expect("a marker in the venv");
            }
            dir
        })
    }

    fn provision(&self, dir: &Path) {
        if dir.exists() {
            fs::remove_dir_all(dir).expect("a half-made venv can be removed");
        }
        run(Command::new("python3").args(["-m", "venv"]).arg(dir));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        run(Command::new(dir.join("bin/python")).args(pip).args(self.packages));
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed: the tests need python3 with venv, and a package index to install from\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

#[test]
fn the_venv_has_kas_and_yaml() {
    let output = Command::new(python_of_kas())
        .args(["-c", "import kas, yaml; print(yaml.safe_load('yes'))"])
        .output()
        .expect("the venv's python starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "True");
}
