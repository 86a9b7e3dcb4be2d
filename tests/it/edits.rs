//! Edits of the example that can be taken back. Knows nothing of what they should cause.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::world::World;

/// A change that can be taken back.
pub(crate) enum Edit {
    /// In a file, the one occurrence of a text becomes another. `@COMMIT:<repo>:<n>@` means that commit.
    Replace(&'static str, &'static str, &'static str),
    /// A file is added, or written anew.
    Write(&'static str, &'static str),
    /// A file is removed.
    Remove(&'static str),
    /// A file gets a new time stamp and nothing else.
    Touch(&'static str),
    /// A variable of the environment is set.
    Variable(&'static str, &'static str),
    /// An upstream branch gets a commit with this file.
    Upstream(&'static str, &'static str, &'static str),
    /// kas says that it has another version.
    KasVersion,
    /// A file that a board includes from another repository moves there, and the lock file follows.
    IncludeMoves,
}

/// Files as they were, and what else is to be put back.
#[must_use]
#[derive(Default)]
pub(crate) struct Undo {
    files: Vec<(&'static str, Option<String>)>,
    variable: Option<&'static str>,
    branch: Option<(&'static str, String)>,
}

impl Undo {
    fn write(&mut self, world: &World, path: &'static str, text: &str) {
        self.files = self
            .files
            .iter()
            .cloned()
            .chain([(path, fs::read_to_string(world.path(path)).ok())])
            .collect();
        world.write(path, text);
    }

    /// Puts everything back.
    pub(crate) fn take_back(self, world: &mut World) {
        for (path, text) in self.files {
            match text {
                Some(text) => world.write(path, &text),
                None => world.remove(path),
            }
        }
        if let Some(name) = self.variable {
            world.unset_env(name);
        }
        if let Some((repo, commit)) = self.branch {
            let git_dir = format!("upstream/{repo}.git");
            world.git(&git_dir, &["update-ref", "refs/heads/scarthgap", &commit]);
        }
    }
}

impl Edit {
    /// Makes the edit.
    pub(crate) fn apply(&self, world: &mut World) -> Undo {
        let mut undo = Undo::default();
        match *self {
            Edit::Replace(path, from, to) => {
                let text = world.read(path);
                let (from, to) = (with_commits(world, from), with_commits(world, to));
                assert_eq!(text.matches(&from).count(), 1, "`{from}` in {path}:\n{text}");
                undo.write(world, path, &text.replacen(&from, &to, 1));
            }
            Edit::Write(path, text) => undo.write(world, path, text),
            Edit::Remove(path) => {
                undo.files =
                    undo.files.iter().cloned().chain([(path, Some(world.read(path)))]).collect();
                world.remove(path);
            }
            Edit::Touch(path) => world.write(path, &world.read(path)),
            Edit::Variable(name, value) => {
                world.set_env(name, value);
                undo.variable = Some(name);
            }
            Edit::Upstream(repo, path, text) => {
                undo.branch = Some((repo, head(world, repo)));
                world.commit_upstream(repo, &[(path, Some(text))]);
            }
            Edit::KasVersion => {
                let text = world.read("graph.yaml");
                let line = text.lines().find(|line| line.contains("program: ")).expect("a program");
                let kas = line.trim().trim_start_matches("program: ");
                let script = world.root().join(".git/kas");
                let said = "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'kas 5.1 (configuration format version 20, earliest compatible version 1)'; exit; fi\n";
                fs::write(&script, format!("{said}exec {kas} \"$@\"\n")).expect("a script");
                fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("its mode");
                undo.write(world, "graph.yaml", &text.replace(kas, &script.display().to_string()));
            }
            Edit::IncludeMoves => {
                undo.branch = Some(("meta-toybsp", head(world, "meta-toybsp")));
                let git_dir = "upstream/meta-toybsp.git";
                let text = world.git(git_dir, &["show", "scarthgap:kas/birch-radio.yaml"]);
                let files =
                    [("kas/birch-radio.yaml", None), ("kas/radio/birch.yaml", Some(text.as_str()))];
                let commit = world.commit_upstream("meta-toybsp", &files);
                let lock = world.read("kas/base.lock.yaml");
                let lock = lock.replace(world.commit("meta-toybsp", 3), &commit);
                undo.write(world, "kas/base.lock.yaml", &lock);
                let fragment = world.read("kas/bsp-birch.yaml");
                let fragment = fragment.replace("kas/birch-radio.yaml", "kas/radio/birch.yaml");
                undo.write(world, "kas/bsp-birch.yaml", &fragment);
            }
        }
        undo
    }
}

fn head(world: &World, repo: &str) -> String {
    let head = world.git(&format!("upstream/{repo}.git"), &["rev-parse", "scarthgap"]);
    head.trim().to_owned()
}

fn with_commits(world: &World, text: &str) -> String {
    let Some((before, rest)) = text.split_once("@COMMIT:") else { return text.to_owned() };
    let (name, after) = rest.split_once('@').expect("a token ends");
    let (repo, number) = name.split_once(':').expect("a repository and a number");
    let commit = world.commit(repo, number.parse().expect("a number"));
    format!("{before}{commit}{after}")
}
