//! The projects that are measured, made when they are first asked for. Measures nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::project::{self, Shape};
use super::tools::Tools;

/// What is younger is never remembered, by `graph` or by git.
const SETTLED: Duration = Duration::from_millis(2100);

/// How many files a directory of a repository of files has.
const IN_A_DIRECTORY: usize = 250;

/// Where the projects are.
pub(crate) struct Worlds<'a> {
    dir: PathBuf,
    tools: &'a Tools,
    outputs: &'a str,
}

impl<'a> Worlds<'a> {
    /// Below a directory; what was made there before is taken as it is.
    pub(crate) fn new(dir: &Path, tools: &'a Tools, outputs: &'a str) -> Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self { dir: dir.canonicalize()?, tools, outputs })
    }

    /// A matrix of which nothing was ever built.
    pub(crate) fn matrix(&self, nodes: usize) -> Result<PathBuf> {
        self.once(&format!("matrix-{nodes}"), |dir| {
            let shape = Shape::of(nodes).map_err(anyhow::Error::msg)?;
            Ok(project::write(dir, &shape)?)
        })
    }

    /// A matrix of which everything was built. Another process builds it: the memory that this one has at most is told of
    /// those that it starts.
    pub(crate) fn built(&self, nodes: usize) -> Result<PathBuf> {
        let dir = self.filled(nodes)?;
        self.set_outputs(&dir)?;
        Ok(dir)
    }

    /// Settles what a plan looks at of outputs. What was known of slices is forgotten by that, and the next plan finds it
    /// again.
    fn set_outputs(&self, dir: &Path) -> Result<()> {
        let (file, setting) = (dir.join("graph.yaml"), "cache: {outputs: ");
        let text = fs::read_to_string(&file)?;
        let others = text.lines().filter(|line| !line.starts_with(setting));
        let ours = format!("{setting}{}}}", self.outputs);
        let now: String = others.chain([ours.as_str()]).flat_map(|line| [line, "\n"]).collect();
        if now != text {
            fs::write(file, now)?;
        }
        Ok(())
    }

    fn filled(&self, nodes: usize) -> Result<PathBuf> {
        self.once(&format!("built-{nodes}"), |dir| {
            let log = dir.with_extension("log");
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["--nodes", &nodes.to_string(), "--fill"]).arg(dir);
            command.stdout(Stdio::null()).stderr(fs::File::create(&log)?);
            let status = command.status()?;
            ensure!(status.success(), "the cache was not filled, as `{}` says", log.display());
            fs::remove_file(log)?;
            std::thread::sleep(SETTLED);
            self.check_idle(dir)
        })
    }

    /// Sees that neither of the two has anything to do.
    fn check_idle(&self, dir: &Path) -> Result<()> {
        let plan = ["plan", "--offline", "--exit-code"];
        run(Command::new(&self.tools.graph).arg("-C").arg(dir).args(plan))?;
        let Some(ninja) = &self.tools.ninja else { return Ok(()) };
        let output = Command::new(ninja).arg("-C").arg(dir).arg("-n").output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(said.contains("no work to do"), "ninja has something to do in `{}`", dir.display());
        Ok(())
    }

    /// Machines over a hundred kas files.
    pub(crate) fn machines(&self, machines: usize) -> Result<PathBuf> {
        self.once(&format!("machines-{machines}"), |dir| {
            Ok(project::write_machines(dir, machines)?)
        })
    }

    /// A project that is one layer of as many files, or a copy of `tree`, which is a git repository.
    pub(crate) fn layer(&self, files: usize, tree: Option<&Path>, kas: &Path) -> Result<PathBuf> {
        let name = if tree.is_some() { "tree".to_owned() } else { format!("layer-{files}") };
        self.once(&name, |dir| {
            match tree {
                Some(tree) => {
                    run(Command::new("cp").args(["-a", "--reflink=auto"]).arg(tree).arg(dir))?;
                }
                None => make_files(dir, files)?,
            }
            make_layer(dir, kas)?;
            std::thread::sleep(SETTLED);
            // It writes down what it saw, for the next time.
            run(Command::new("git").arg("-C").arg(dir).args(["status", "--porcelain"]))
        })
    }

    /// A checkout of a tree of a matrix, as KernelCI's tools want it.
    pub(crate) fn checkout(&self, matrix: &Path, kernelci: &Path) -> Result<PathBuf> {
        self.once("checkout", |dir| {
            let tree = matrix.join("trees/tree-000.git");
            run(Command::new("git").args(["clone", "--quiet"]).arg(tree).arg(dir))?;
            let mut command = Command::new(kernelci);
            command.arg("--yaml-configs").arg(matrix.join("build-configs.yaml"));
            command.args(["generate_fragments", "--build-config", "tree-000", "--kdir"]);
            run(command.arg(dir))
        })
    }

    fn once(&self, name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let (dir, done) = (self.dir.join(name), self.dir.join(format!("{name}.complete")));
        if !done.exists() {
            if dir.exists() {
                fs::remove_dir_all(&dir)?;
            }
            make(&dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
            fs::write(done, "")?;
        }
        Ok(dir)
    }
}

fn make_files(dir: &Path, files: usize) -> Result<()> {
    for first in (0..files).step_by(IN_A_DIRECTORY) {
        let below = dir.join(format!("recipes-{}/recipe-{first}/files", first % 7));
        fs::create_dir_all(&below)?;
        for file in first..files.min(first + IN_A_DIRECTORY) {
            fs::write(below.join(format!("file-{file}.c")), format!("int file_{file};\n"))?;
        }
    }
    let git = |arguments: &[&str]| run(Command::new("git").arg("-C").arg(dir).args(arguments));
    git(&["init", "--quiet"])?;
    git(&["add", "."])?;
    let name = ["-c", "user.name=Example", "-c", "user.email=someone@example.com"];
    git(&[&name[..], &["commit", "--quiet", "-m", "files"]].concat())
}

/// Makes a project of a repository: one machine, of which the repository is a layer.
fn make_layer(dir: &Path, kas: &Path) -> Result<()> {
    fs::create_dir_all(dir.join(".github"))?;
    let machine =
        r#"{"yocto_branch": "scarthgap", "machines": [{"name": "one", "config": "one.kas.yaml"}]}"#;
    fs::write(dir.join(".github/machines.json"), machine)?;
    fs::write(
        dir.join("one.kas.yaml"),
        "header:\n  version: 16\nmachine: one\ntarget: image\nrepos:\n  layer:\n",
    )?;
    let graph = format!(
        "version: 1\nsources: {{machines: .github/machines.json}}\nkas: {{program: {}}}\n",
        kas.display()
    );
    Ok(fs::write(dir.join("graph.yaml"), graph)?)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
