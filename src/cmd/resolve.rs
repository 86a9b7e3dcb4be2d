//! `graph resolve`: prints what a chain of kas files is merged to, as `kas dump` does, or the files that were merged.

use std::io::Write;
use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use super::console::Console;
use crate::config;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::failure::Failure;
use crate::front::kas::{
    Chain, Checkouts, Directories, Effective, FileCache, Merged, dump, load_chain,
};

/// The arguments of `graph resolve`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  graph resolve kas/board.yaml:kas/scarthgap.yaml            what kas makes of the chain
  graph resolve kas/board.yaml:kas/scarthgap.yaml --files    which files it reads, in order")]
pub struct Args {
    /// kas files joined by colons, such as `kas/bsp-base.yaml:kas/scarthgap.yaml`
    #[arg(value_name = "CHAIN")]
    pub chain: String,
    /// How to print it: `yaml`, as `kas dump` does, or `json`
    #[arg(long, value_enum, default_value_t = Format::Yaml, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Format,
    /// Print the files in the order in which they are merged, instead of what they are merged to
    #[arg(long)]
    pub files: bool,
}

/// How the result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// As `kas dump` prints it; files one a line
    Yaml,
    /// The mapping and nothing else; files as a list
    Json,
}

/// Runs the verb. Other repositories are read where kas, started in the project's root, would have cloned them.
///
/// # Errors
/// The chain cannot be merged, or kas would refuse what it is merged to.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> Result<()> {
    let root = root(&context.cwd);
    let warnings = resolve(args, &context.cwd, &root, &Directories::new(&root, &root), out)?;
    out.flush()?;
    Console::of(context).diagnostics(&warnings);
    Ok(())
}

/// The project's root; a chain needs no project, and a mistake in its `graph.yaml` is no mistake of the chain.
pub(super) fn root(cwd: &Path) -> PathBuf {
    let repository = || cwd.ancestors().find(|dir| dir.join(".git").exists()).unwrap_or(cwd);
    config::find(cwd).map_or_else(|_| repository().to_owned(), |project| project.root)
}

/// Prints what was asked for, and returns what is worth a warning. The files of the chain are relative to `cwd` and lie
/// below `root`. What is printed is printed also where kas would refuse to go on with it, such as a repository without a
/// revision.
fn resolve(
    args: &Args,
    cwd: &Path,
    root: &Path,
    checkouts: &dyn Checkouts,
    out: &mut dyn Write,
) -> Result<Diagnostics> {
    let chain =
        chain(&args.chain, cwd, root).map_err(|problem| input([problem].into_iter().collect()))?;
    let merged = load_chain(&chain, checkouts, &FileCache::new(root)).map_err(input)?;
    print(args, &merged, out)?;
    let mut warnings = merged.warnings.clone();
    for repo in &merged.missing_repos {
        let message =
            format!("the repository `{repo}` is not there yet, so what its files add is missing");
        warnings.push(Diagnostic::warning(message).hint("`graph build` clones it"));
    }
    match Effective::of(&merged) {
        Ok((_, more)) => {
            warnings.extend(more);
            Ok(warnings)
        }
        Err(problems) => {
            warnings.extend(problems);
            Err(input(warnings))
        }
    }
}

fn input(problems: Diagnostics) -> anyhow::Error {
    Failure::input(problems).into()
}

fn print(args: &Args, merged: &Merged, out: &mut dyn Write) -> Result<()> {
    let names = || merged.files.iter().map(|file| &*file.name);
    match (args.files, args.format) {
        (false, Format::Yaml) => dump::yaml(&merged.config, out)?,
        (false, Format::Json) => dump::json(&merged.config, out)?,
        (true, Format::Yaml) => {
            for name in names() {
                writeln!(out, "{name}")?;
            }
        }
        (true, Format::Json) => {
            serde_json::to_writer_pretty(&mut *out, &names().collect::<Vec<_>>())?;
            writeln!(out)?;
        }
    }
    Ok(())
}

/// The chain as it was typed in one directory, relative to the project's root.
pub(super) fn chain(typed: &str, cwd: &Path, root: &Path) -> Result<Chain, Diagnostic> {
    let relative = |part: &str| {
        if part.is_empty() {
            return Ok(String::new());
        }
        let path = normal(&cwd.join(part));
        let below = path.strip_prefix(root).ok().and_then(Path::to_str);
        below.map(str::to_owned).ok_or_else(|| {
            Diagnostic::error(format!("`{part}` lies out of the project"))
                .hint("run it in the project, or name its directory with `-C`")
        })
    };
    let parts: Result<Vec<String>, Diagnostic> = typed.split(':').map(relative).collect();
    Chain::parse(&parts?.join(":"))
}

/// A path without `.` and `..`, by its text alone: that is how kas reads its arguments.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let root = std::fs::canonicalize(dir.path()).expect("it is there");
        std::fs::create_dir_all(root.join("kas")).expect("a directory");
        for (name, text) in files {
            std::fs::write(root.join(name), text).expect("a file");
        }
        (dir, root)
    }

    fn printed(
        root: &Path,
        cwd: &str,
        chain: &str,
        format: Format,
        files: bool,
    ) -> Result<(String, String)> {
        let args = Args { chain: chain.into(), format, files };
        let mut out = Vec::new();
        let told = |problems: &Diagnostics| {
            problems.as_slice().iter().map(|problem| format!("{problem}\n")).collect::<String>()
        };
        match resolve(&args, &root.join(cwd), root, &Directories::new(root, root), &mut out) {
            Ok(warnings) => Ok((String::from_utf8(out)?, told(&warnings))),
            Err(error) => match error.downcast::<Failure>() {
                Ok(failure) => Ok((String::from_utf8(out)?, told(&failure.diagnostics))),
                Err(error) => Err(error),
            },
        }
    }

    const FILES: &[(&str, &str)] = &[
        ("kas/a.yaml", "header: {version: 14, includes: [kas/b.yaml]}\nmachine: m\n"),
        ("kas/b.yaml", "header: {version: 12}\ndistro: d\n"),
        (
            "far.yaml",
            "header: {version: 14, includes: [{repo: far, file: x.yaml}]}\nrepos: {far: {url: u, branch: b}}\n",
        ),
        ("none.yaml", "header: {version: 14}\nrepos: {far: {url: u}}\n"),
    ];

    #[test]
    fn prints_the_mapping_and_nothing_else() {
        let (_dir, root) = project(FILES);
        // Outside of git, the includes of `kas/a.yaml` would start from `kas`.
        std::fs::create_dir(root.join(".git")).expect("a directory");
        let (json, warnings) =
            printed(&root, "kas", "a.yaml", Format::Json, false).expect("it resolves");
        let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
        assert_eq!(json.to_string(), r#"{"header":{"version":14},"distro":"d","machine":"m"}"#);
        assert_eq!(warnings, "");
        let (yaml, _) = printed(&root, "", "kas/a.yaml", Format::Yaml, false).expect("it resolves");
        assert_eq!(yaml, "header:\n    version: 14\ndistro: d\nmachine: m\n");
    }

    #[test]
    fn prints_the_merge_order() {
        let (_dir, root) = project(FILES);
        std::fs::create_dir(root.join(".git")).expect("a directory");
        let (lines, _) = printed(&root, "", "kas/a.yaml", Format::Yaml, true).expect("it resolves");
        assert_eq!(lines, "kas/b.yaml\nkas/a.yaml\n");
        let (list, _) = printed(&root, "kas", "a.yaml", Format::Json, true).expect("it resolves");
        assert_eq!(list, "[\n  \"kas/b.yaml\",\n  \"kas/a.yaml\"\n]\n");
    }

    #[test]
    fn tells_what_is_missing_and_what_kas_would_refuse() {
        let (_dir, root) = project(FILES);
        let (text, warnings) =
            printed(&root, "", "far.yaml", Format::Yaml, true).expect("it resolves");
        assert_eq!(text, "far.yaml\n");
        assert_eq!(
            warnings,
            "the repository `far` is not there yet, so what its files add is missing\n"
        );
        let (text, problems) =
            printed(&root, "", "none.yaml", Format::Yaml, false).expect("it fails as input");
        assert!(text.starts_with("header:"), "{text}");
        assert_eq!(
            problems,
            "none.yaml:2:20: `far` has a `url`, and neither `commit`, `branch` nor `tag`\n"
        );
        let (_, problems) =
            printed(&root, "kas", "../../x.yaml", Format::Yaml, false).expect("it fails as input");
        assert_eq!(problems, "`../../x.yaml` lies out of the project\n");
    }
}
