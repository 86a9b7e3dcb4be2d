//! What we make of a project, in the form in which the script tells what kas makes of it.

use std::path::Path;

use graph_cli::diagnostic::Diagnostics;
use graph_cli::front::kas::{
    Chain, Directories, Effective, EffectiveLayer, EffectivePatch, EffectiveRepo, FileCache,
    Merged, Text, load_chain,
};
use serde_json::{Value as Json, json};

use crate::kas_values::{canonical, canonical_text};

/// What we make of a project, in the form of the script's answers.
pub(super) fn answer(root: &Path, chain: &str) -> Json {
    let chain = Chain::parse(chain).expect("a generated chain is good");
    match load_chain(&chain, &Directories::new(root, root), &FileCache::new(root)) {
        Err(problems) => json!({"error": told(&problems)}),
        Ok(merged) => {
            let relative = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_owned();
            let files = merged.files.iter().filter_map(|file| file.path.as_deref().map(relative));
            let mut answer = json!({
                "config": canonical(&merged.config),
                "files": files.collect::<Vec<_>>(),
                "missing": merged.missing_repos,
            });
            // While something is missing, kas sets up nothing but what is missing.
            if merged.missing_repos.is_empty() {
                set_up(&merged, &mut answer);
            }
            answer
        }
    }
}

fn told(problems: &Diagnostics) -> String {
    problems.as_slice().iter().map(|problem| format!("{problem}\n")).collect()
}

fn set_up(merged: &Merged, answer: &mut Json) {
    match Effective::of(merged) {
        Err(problems) => answer["repos"] = json!({"error": told(&problems)}),
        Ok((effective, _)) => {
            let repos: Vec<_> = effective.repos.iter().map(repo).collect();
            answer["repos"] = format!("{{{}}}", repos.join(",")).into();
            answer["headers"] =
                effective.local_conf_header.iter().map(|header| &*header.id).collect();
        }
    }
}

/// A repository as `canonical` in the script has it.
fn repo(repo: &EffectiveRepo) -> String {
    let text = |text: &Text| canonical_text(&text.value);
    let maybe = |value: &Option<Text>| value.as_ref().map_or_else(|| "n".to_owned(), text);
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    let commit = if repo.is_local() { "n".to_owned() } else { maybe(&repo.commit) };
    let layer = |layer: &EffectiveLayer| {
        list(vec![canonical_text(&layer.name), format!("i:{}", layer.prio)])
    };
    let patch = |patch: &EffectivePatch| {
        list(vec![canonical_text(&patch.id), text(&patch.repo), text(&patch.path)])
    };
    let signers = repo
        .signers
        .as_ref()
        .map_or_else(|| "n".to_owned(), |names| list(names.iter().map(text).collect()));
    let fields = [
        ("name", canonical_text(&repo.name)),
        ("url", maybe(&repo.url)),
        ("commit", commit),
        ("tag", maybe(&repo.tag)),
        ("branch", maybe(&repo.branch)),
        ("refspec", maybe(&repo.refspec)),
        ("layers", list(repo.layers.iter().map(layer).collect())),
        ("patches", list(repo.patches.iter().map(patch).collect())),
        ("signers", signers),
    ];
    let fields: Vec<_> =
        fields.iter().map(|(key, value)| format!("{}={value}", canonical_text(key))).collect();
    format!("{}={{{}}}", canonical_text(&repo.id), fields.join(","))
}
