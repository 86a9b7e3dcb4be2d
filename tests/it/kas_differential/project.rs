//! A random project on disk: kas files in directories and in other repositories, lock files, includes of every form.
//! The same seed makes the same project. Makes nothing that we refuse on purpose: no circle, nothing that escapes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::content::{Include, content};
use super::value::Value;
use crate::random::Random;

/// A project that was written to disk.
pub(super) struct Project {
    pub(super) chain: String,
    files: Vec<(String, String)>,
}

/// A file that is planned: files only include later ones, so that no circle comes about.
struct Plan {
    /// The directory of its repository, relative to the project; empty for the project itself.
    repo: &'static str,
    /// The path in the repository.
    path: String,
}

/// A repository that files can be in.
struct Repo {
    id: &'static str,
    /// Where it is in the project's directory.
    dir: &'static str,
    definition: &'static [(&'static str, &'static str)],
    is_on_disk: bool,
}

const REPOS: &[Repo] = &[
    Repo { id: "self", dir: "", definition: &[], is_on_disk: true },
    Repo {
        id: "near",
        dir: "layers/near",
        definition: &[("path", "layers/near")],
        is_on_disk: true,
    },
    Repo {
        id: "far",
        dir: "far",
        definition: &[("url", "https://example.com/far"), ("branch", "main"), ("tag", "~")],
        is_on_disk: true,
    },
    Repo {
        id: "moved",
        dir: "layers/moved",
        definition: &[
            ("url", "https://example.com/moved"),
            ("path", "layers/moved"),
            ("commit", "fedcba9876543210fedcba9876543210fedcba98"),
        ],
        is_on_disk: true,
    },
    Repo {
        id: "named",
        dir: "other-name",
        definition: &[
            ("url", "https://example.com/named"),
            ("name", "other-name"),
            ("tag", "v1"),
            ("branch", "~"),
        ],
        is_on_disk: true,
    },
    Repo {
        id: "away",
        dir: "away",
        definition: &[("url", "https://example.com/away"), ("branch", "main"), ("tag", "~")],
        is_on_disk: false,
    },
];

impl Project {
    pub(super) fn random(seed: u64, root: &Path) -> Self {
        let random = &mut Random::new(seed);
        if !random.one_in(8) {
            // As much of a repository as git needs to see one.
            for dir in ["objects", "refs"] {
                fs::create_dir_all(root.join(".git").join(dir)).expect("a directory");
            }
            fs::write(root.join(".git/HEAD"), "ref: refs/heads/main\n").expect("a file");
        }
        let in_git = root.join(".git").exists();
        // `_source_dir` names it.
        fs::create_dir_all(root.join("kas")).expect("a directory");
        for repo in REPOS.iter().filter(|repo| repo.is_on_disk) {
            fs::create_dir_all(root.join(repo.dir)).expect("a directory");
        }
        let plans = plan(random, in_git);
        let mut files = Vec::new();
        for (index, plan) in plans.iter().enumerate() {
            let is_json = plan.path.ends_with(".json");
            let includes = includes(random, &plans, index, in_git);
            files.push((full(plan), content(random, &includes, is_json, root)));
            if random.one_in(4) {
                let (stem, extension) = plan.path.rsplit_once('.').expect("it has an extension");
                let lock = Plan { repo: plan.repo, path: format!("{stem}.lock.{extension}") };
                let nested = if random.one_in(4) { includes } else { Vec::new() };
                files.push((full(&lock), content(random, &nested, is_json, root)));
            }
        }
        for (name, text) in &files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("it is below the root")).expect("directories");
            fs::write(path, text).expect("a file");
        }
        let tops = plans.iter().filter(|plan| plan.repo.is_empty()).take(1 + random.below(3));
        let chain: Vec<String> = tops.map(full).collect();
        Self { chain: chain.join(":"), files }
    }

    /// All files, for a failed test.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (name, content) in &self.files {
            write!(text, "--- {name}\n{content}\n").expect("text can be written to");
        }
        text
    }
}

fn full(plan: &Plan) -> String {
    if plan.repo.is_empty() { plan.path.clone() } else { format!("{}/{}", plan.repo, plan.path) }
}

fn plan(random: &mut Random, in_git: bool) -> Vec<Plan> {
    let count = 3 + random.below(8);
    (0..count)
        .map(|index| {
            let elsewhere = REPOS[random.below(REPOS.len() - 1)].dir;
            let repo = if index < 3 || random.one_in(2) { "" } else { elsewhere };
            // Outside of git the directory of the chain's first file is the root of includes.
            let dirs: &[&str] = if in_git || index > 0 { &["", "kas/", "kas/sub/"] } else { &[""] };
            let extension = random.pick(&["yaml", "yaml", "yaml", "yml", "json"]);
            Plan { repo, path: format!("{}f{index}.{extension}", random.pick(dirs)) }
        })
        .collect()
}

fn includes(random: &mut Random, plans: &[Plan], index: usize, in_git: bool) -> Vec<Include> {
    let own = &plans[index];
    let mut includes = Vec::new();
    for _ in 0..random.below(4) {
        let Some(later) = plans.get(index + 1..).filter(|later| !later.is_empty()) else { break };
        let target = &later[random.below(later.len())];
        if target.repo == own.repo && !random.one_in(4) {
            let dir = own.path.rsplit_once('/').map_or("", |(dir, _)| dir);
            let beside = target.path.strip_prefix(&format!("{dir}/")).filter(|_| !dir.is_empty());
            let path = match beside {
                Some(beside) if random.one_in(2) => beside.to_owned(),
                _ if random.one_in(8) => format!("kas/../{}", target.path),
                _ => target.path.clone(),
            };
            includes.push(Include::Own(path));
        } else {
            let repo = REPOS.iter().find(|repo| repo.dir == target.repo);
            let repo = repo.expect("every plan is in a known repository").id;
            includes.push(Include::Foreign { repo, file: target.path.clone() });
        }
    }
    if in_git && random.one_in(120) {
        includes.push(Include::Own("kas/nowhere.yaml".into()));
    }
    if random.one_in(100) {
        includes.push(Include::Foreign { repo: "unknown", file: "x.yaml".into() });
    }
    if random.one_in(12) {
        includes.push(Include::Foreign { repo: "away", file: "x.yaml".into() });
    }
    includes
}

/// The definition of a repository.
pub(super) fn definition(id: &str) -> Option<Value> {
    let repo = REPOS.iter().find(|repo| repo.id == id)?;
    let field = |(key, value): &(&str, &'static str)| match *value {
        "~" => ((*key).to_owned(), Value::Plain("~")),
        text => ((*key).to_owned(), Value::text(text)),
    };
    let fields: Vec<_> = repo.definition.iter().map(field).collect();
    Some(if fields.is_empty() { Value::Plain("~") } else { Value::Map(fields) })
}
