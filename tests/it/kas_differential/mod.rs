//! Random projects, merged by kas 5.2 itself and by us: the same configuration with the same order of keys, the same
//! files in the same order, the same missing repositories, the same repositories set up, and errors for the same chains.
//! Knows nothing of how either works.

mod content;
mod ours;
mod project;
mod together;
mod value;

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::python::ask_file;
use crate::venv::python_of_kas;
use ours::answer;
use project::Project;

const PROJECTS: u64 = 400;
/// kas finds the roots of repositories by running git. That is slow, so most projects are spared it.
const WITH_REAL_GIT: u64 = 20;

#[test]
fn random_projects_are_merged_as_kas_does() {
    let dir = tempfile::tempdir().unwrap();
    let parent = fs::canonicalize(dir.path()).unwrap();
    let projects: Vec<Project> = (0..PROJECTS)
        .map(|seed| {
            let root = parent.join(seed.to_string());
            fs::create_dir_all(&root).unwrap();
            Project::random(seed, &root)
        })
        .collect();
    let answers = ask_kas(&parent, &projects);
    let (mut merged, mut set_up, mut missing) = (0, 0, 0);
    for (seed, (project, kas)) in projects.iter().zip(&answers).enumerate() {
        let root = parent.join(seed.to_string());
        let ours = answer(&root, &project.chain);
        for key in ["config", "files", "missing", "repos", "headers"] {
            if kas["error"].is_string() && ours["error"].is_string() {
                continue;
            }
            let both_fail = kas[key]["error"].is_string() && ours[key]["error"].is_string();
            assert!(
                both_fail || kas[key] == ours[key],
                "seed {seed}, `{key}` of {}\nkas:  {}\nours: {}\n{}\n{}\n{}",
                project.chain,
                kas[key],
                ours[key],
                kas["error"],
                ours["error"],
                project.text()
            );
        }
        merged += u64::from(kas["config"].is_string());
        set_up += u64::from(kas["repos"].is_string());
        missing += u64::from(kas["missing"].as_array().is_some_and(|names| !names.is_empty()));
    }
    let share = |count: u64, least: u64, what: &str| {
        assert!(count * 100 > PROJECTS * least, "only {count} of {PROJECTS} projects {what}");
    };
    share(merged, 50, "can be merged");
    share(set_up, 20, "can be set up");
    share(missing, 5, "miss a repository");
    share(PROJECTS - merged, 10, "are refused");
}

/// What kas makes of each project, by one process for all of them.
fn ask_kas(parent: &Path, projects: &[Project]) -> Vec<Json> {
    let question = |(project, seed): (&Project, u64)| {
        let dir = parent.join(seed.to_string());
        json!({"dir": dir, "chain": project.chain, "real_git": seed < WITH_REAL_GIT})
    };
    let questions: Vec<Json> = projects.iter().zip(0..).map(question).collect();
    ask_file(&python_of_kas(), "kas_differential/reference.py", &questions)
}
