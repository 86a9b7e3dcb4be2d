//! What locking does, as it is shown: each file before and after, and each movement once.

use std::collections::HashMap;
use std::sync::Arc;

use super::chains::{Before, Loaded};
use super::refs::Commits;
use super::targets::Target;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::front::kas::{
    Difference, Effective, EffectiveRepo, Said, differences, dump, first_difference, flattened,
    in_order_of,
};
use crate::lock::{Movement, Pin, Pins, movements};
use crate::probe::Mode;
use crate::probe::git::Git;
use crate::redact::redact_url;
use crate::report::view::diff::{KeyView, SaidView};
use crate::report::view::lock::{
    FileChange, HistoryView, LockView, LockedView, LogView, MovedView,
};

/// More commits of one movement are counted, not told.
const MOST_COMMITS: usize = 30;

/// The view of all files, and warnings about those that say what their chains do not.
pub(super) fn view(
    targets: &[Target],
    chains: &[Loaded],
    commits: &[Commits],
) -> std::io::Result<(LockView, Vec<Movement>, Diagnostics)> {
    let mut files = Vec::new();
    let mut pins: Vec<(Arc<str>, Pins, Pins)> = Vec::new();
    let mut lost: Vec<(String, Vec<(&Target, Difference)>)> = Vec::new();
    let mut warnings = Diagnostics::default();
    for ((target, loaded), commits) in targets.iter().zip(chains).zip(commits) {
        let mut text = Vec::new();
        let mut config = flattened(&loaded.merged, &loaded.effective, commits);
        if let Before::Pinned { config: earlier, .. } = &loaded.before {
            config = in_order_of(&config, earlier);
        }
        dump::yaml(&config, &mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let before = loaded.before.effective();
        let found: Vec<Difference> = before
            .map(|before| differences(before, &loaded.effective))
            .unwrap_or_default()
            .into_iter()
            .filter(|difference| !difference.is_commit())
            .collect();
        let own = (
            Arc::clone(&target.file),
            before.map(|before| pinned(before, &Commits::new())).unwrap_or_default(),
            pinned(&loaded.effective, commits),
        );
        let meaning = own.1 != own.2 || !found.is_empty();
        if let Before::Broken { problems, .. } = &loaded.before {
            let why = problems.as_slice().first().map(ToString::to_string).unwrap_or_default();
            let problem =
                format!("the pinned file cannot be understood, and is written anew: {why}");
            warnings.push(Diagnostic::warning(problem).in_file(Arc::clone(&target.file)));
        }
        let change = match &loaded.before {
            Before::Absent => FileChange::Created,
            before if before.text() == text => FileChange::Same,
            Before::Pinned { .. } if !meaning => FileChange::Reworded,
            _ => FileChange::Changed,
        };
        // What only the chain has, nobody loses.
        if let Some(first) = found.iter().find(|difference| difference.old.is_some()) {
            let value = |said: &Option<Said>| said.as_ref().map(|said| Arc::clone(&said.value));
            let group = format!("{:?}", (&first.key, value(&first.old), value(&first.new)));
            match lost.iter_mut().find(|(known, _)| *known == group) {
                Some((_, files)) => files.push((target, first.clone())),
                None => lost.push((group, vec![(target, first.clone())])),
            }
        }
        pins.push(own);
        files.push(LockedView {
            path: Arc::clone(&target.file),
            node: target.node.clone(),
            change,
            keys: found.iter().map(key).collect(),
            texts: (loaded.before.text().to_owned(), text),
        });
    }
    lost.iter().for_each(|(_, files)| warnings.push(overwritten(files)));
    let moved = movements(pins.iter().map(|(file, before, after)| (file, before, after)));
    let view = LockView::of(moved.iter().map(shown).collect(), files);
    Ok((view, moved, warnings))
}

/// A key that differs, as it is shown.
pub(in crate::cmd) fn key(difference: &Difference) -> KeyView {
    let said = |said: &Option<Said>| {
        said.as_ref().map(|said| {
            let place = said.span.as_ref().map(|span| span.place().to_string());
            SaidView::of(&difference.key, &said.value, place)
        })
    };
    KeyView {
        key: Arc::clone(&difference.key),
        old: said(&difference.old),
        new: said(&difference.new),
    }
}

/// That pinned files say something that their chains do not, which is lost.
fn overwritten(files: &[(&Target, Difference)]) -> Diagnostic {
    let Some((target, first)) = files.first() else { return Diagnostic::warning("nothing") };
    let problem = format!("`{}` does not say what its chain does", target.file);
    let mut warning = first_difference(&problem, first);
    if files.len() > 1 {
        let more = files.len() - 1;
        let plural = if more == 1 { "file differs" } else { "files differ" };
        warning = warning.hint(format!("{more} more pinned {plural} in the same way"));
    }
    warning.hint(
        "the chain counts; what was written into a pinned file by hand is lost unless git has it",
    )
}

/// Where each clone is pinned: by its configuration, or as it was found out.
fn pinned(effective: &Effective, found: &Commits) -> Pins {
    let pin = |repo: &EffectiveRepo| {
        let declared = match repo.pin() {
            crate::front::kas::Pin::Commit(commit) => Some(&commit.value),
            _ => None,
        };
        let url = Arc::clone(&repo.url.as_ref()?.value);
        let commit = Arc::clone(found.get(&repo.id).or(declared)?);
        let reference =
            repo.tag.as_ref().or(repo.branch.as_ref()).map(|text| Arc::clone(&text.value));
        Some((Arc::clone(&repo.id), Pin { url, commit, reference }))
    };
    effective.repos.iter().filter_map(pin).collect()
}

fn shown(movement: &Movement) -> MovedView {
    let pin = movement.new.as_ref().or(movement.old.as_ref());
    MovedView {
        repository: Arc::clone(&movement.repository),
        url: pin.map(|pin| redact_url(&pin.url).into()).unwrap_or_else(|| "".into()),
        reference: pin.and_then(|pin| pin.reference.clone()),
        old: movement.old.as_ref().map(|pin| Arc::clone(&pin.commit)),
        new: movement.new.as_ref().map(|pin| Arc::clone(&pin.commit)),
        files: movement.files.clone(),
        history: None,
    }
}

/// Adds what lies between the commits of each movement. A mirror that lacks the new commit is brought up to date; where
/// there is no mirror none is made, for a message is not worth a clone.
pub(super) fn add_history(view: &mut LockView, moved: &[Movement], git: &Git, mode: Mode) {
    let mut known: HashMap<(&str, &str, &str), HistoryView> = HashMap::new();
    for (shown, movement) in view.repositories.iter_mut().zip(moved) {
        let (Some(old), Some(new)) = (&movement.old, &movement.new) else { continue };
        let key = (&*new.url, &*old.commit, &*new.commit);
        let history = known.entry(key).or_insert_with(|| history(git, old, new, mode));
        shown.history = Some(history.clone());
    }
}

fn history(git: &Git, old: &Pin, new: &Pin, mode: Mode) -> HistoryView {
    let missing = |why: String| HistoryView { missing: Some(why.into()), ..HistoryView::default() };
    if git.mirror_of(&new.url).is_none() {
        let url = redact_url(&new.url).into_owned();
        return missing(format!("there is no mirror of `{url}`; a build makes one"));
    }
    if mode == Mode::Online
        && let Err(error) = git.mirror_with(&new.url, &new.commit)
    {
        return missing(format!("the mirror cannot be brought up to date: {error}"));
    }
    match git.history(&new.url, (&old.commit, &new.commit), MOST_COMMITS) {
        Ok(Some(history)) => HistoryView {
            commits: history
                .commits
                .into_iter()
                .map(|entry| LogView { commit: entry.commit.into(), subject: entry.subject.into() })
                .collect(),
            added: history.added,
            dropped: history.dropped,
            missing: None,
        },
        Ok(None) => missing("the mirror lacks one of the two commits".to_owned()),
        Err(error) => missing(error.to_string()),
    }
}
