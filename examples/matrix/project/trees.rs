//! The repositories that are built: bare, tiny, each with its own commits and a tag to count from. Knows no configuration.

use std::fmt::Write as _;
use std::fs;
use std::io::{Result, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::shape::{ARCHITECTURES, Matrix, Shape, board, tree};

/// Files that every build of a tree reads.
pub(crate) const COMMON: [&str; 3] = ["Makefile", "Kconfig", "init/main.c"];

/// Where a tree is.
fn path(root: &Path, name: &str) -> PathBuf {
    root.join("trees").join(format!("{name}.git"))
}

/// Makes all of them.
pub(super) fn write(root: &Path, shape: &Shape) -> Result<()> {
    for number in 0..shape.trees {
        let name = tree(number);
        let dir = path(root, &name);
        // What `git init --bare` makes, without a process for each.
        fs::create_dir_all(dir.join("objects"))?;
        fs::create_dir_all(dir.join("refs/heads"))?;
        fs::write(dir.join("HEAD"), "ref: refs/heads/master\n")?;
        fs::write(
            dir.join("config"),
            "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n",
        )?;
        import(&dir, &history(&name, shape.matrix(number)))?;
    }
    Ok(())
}

/// Adds a commit to a tree that changes a file which all builds read.
pub(crate) fn advance(root: &Path, name: &str, text: &str) -> Result<()> {
    let mut stream = commit("a change", "from refs/heads/master^0\n");
    file(&mut stream, "Makefile", &format!("VERSION = 6\nPATCHLEVEL = 1\n# {text}\n"));
    import(&path(root, name), &stream)
}

fn history(name: &str, matrix: &Matrix) -> String {
    let mut stream = commit("a kernel", "");
    let mut add = |path: &str, text: &str| file(&mut stream, path, text);
    add("Makefile", "VERSION = 6\nPATCHLEVEL = 1\n");
    add("Kconfig", "config DEBUG_KERNEL\n\tbool \"Debugging\"\n");
    add("init/main.c", "int main(void) { return 0; }\n");
    for arch in ARCHITECTURES.into_iter().take(matrix.in_tree.len()) {
        add(&format!("arch/{arch}/Kconfig"), "config MMU\n\tdef_bool y\n");
    }
    configs(matrix).iter().for_each(|path| add(path, "CONFIG_MMU=y\n"));
    stream.push_str("tag v6.1\nfrom refs/heads/master\n");
    stream.push_str("tagger Example <someone@example.com> 1670792400 +0000\ndata 9\nLinux 6.1\n");
    stream.push_str(&commit("the name of the tree", ""));
    file(&mut stream, "localversion", &format!("-{name}\n"));
    stream
}

fn configs(matrix: &Matrix) -> Vec<String> {
    let arches = ARCHITECTURES.into_iter().zip(&matrix.in_tree);
    let below = |(arch, boards): (&'static str, &usize)| {
        (0..*boards).map(move |number| format!("arch/{arch}/configs/{}", board(number)))
    };
    arches.flat_map(below).collect()
}

/// The configurations in a tree, in order.
pub(crate) fn configs_of(shape: &Shape, tree: usize) -> Vec<String> {
    configs(shape.matrix(tree))
}

fn commit(subject: &str, from: &str) -> String {
    format!(
        "commit refs/heads/master\ncommitter Example <someone@example.com> 1670792400 +0000\ndata {}\n{subject}\n{from}",
        subject.len()
    )
}

fn file(stream: &mut String, path: &str, text: &str) {
    write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len())
        .expect("a string takes everything");
}

fn import(dir: &Path, stream: &str) -> Result<()> {
    let mut command = Command::new("git");
    // One pack, however few objects it has.
    command.args(["-c", "fastimport.unpackLimit=0", "--git-dir"]).arg(dir);
    command.args(["fast-import", "--quiet"]).env("GIT_CONFIG_GLOBAL", "/dev/null");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    child.stdin.take().expect("its input is a pipe").write_all(stream.as_bytes())?;
    let status = child.wait()?;
    if status.success() {
        Ok(())
    } else {
        Err(std::io::Error::other(format!("`git fast-import` in `{}`: {status}", dir.display())))
    }
}
