//! The commits that refs name: asked of the remotes, or remembered where no remote may be asked.

use std::collections::{BTreeMap, BTreeSet};

use graph::facts::Fact;
use graph::spec::RemoteRef;

use super::git::{Git, Wanted};
use super::memory::Memory;
use crate::diagnostic::Diagnostic;
use crate::redact::redact_url;

/// Facts of refs, and what is to be said of them.
pub(super) type Told = (Vec<(RemoteRef, Fact)>, Vec<Diagnostic>);

/// Asks the remotes.
pub(super) fn ask(refs: &[&RemoteRef], git: &Git, memory: &dyn Memory) -> Told {
    let mut wanted = Wanted::new();
    for one in refs {
        wanted.entry(one.url.clone()).or_default().insert(one.name.clone());
    }
    let answers = git.ls_remotes(&wanted);
    let mut warnings = Vec::new();
    let mut seen: Vec<(&str, &str, &str)> = Vec::new();
    for (url, answer) in &answers {
        match answer {
            Ok(commits) => {
                for (name, commit) in commits {
                    match commit {
                        Some(commit) => seen.push((url, name, commit)),
                        None => warnings.push(no_such_ref(url, name)),
                    }
                }
            }
            Err(error) => warnings.push(
                Diagnostic::warning(format!("cannot ask `{}`: {error}", redact_url(url)))
                    .hint("what is built from its branches counts as changed")
                    .hint("`--offline` takes what was last known instead"),
            ),
        }
    }
    memory.remember_refs(&seen);
    let fact = |one: &RemoteRef| match answers.get(&one.url) {
        Some(Ok(commits)) => match commits.get(&one.name) {
            Some(Some(commit)) => Fact::text(commit),
            _ => Fact::Missing,
        },
        Some(Err(error)) => Fact::Unknown(error.to_string().into()),
        None => Fact::Unknown("it was not asked for".into()),
    };
    (refs.iter().map(|one| ((*one).clone(), fact(one))).collect(), warnings)
}

fn no_such_ref(url: &str, name: &str) -> Diagnostic {
    Diagnostic::warning(format!("`{}` has no `{name}`", redact_url(url)))
        .hint("is the branch or tag spelled as the repository has it?")
}

/// Takes what was last known, and says how old it is.
pub(super) fn remember(refs: &[&RemoteRef], memory: &dyn Memory, now: i64) -> Told {
    let mut oldest = now;
    let mut urls: BTreeSet<&str> = BTreeSet::new();
    let mut unknown: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut facts = Vec::with_capacity(refs.len());
    for one in refs {
        let fact = match memory.last_ref(&one.url, &one.name) {
            Some(last) => {
                oldest = oldest.min(last.seen);
                urls.insert(&one.url);
                Fact::text(&last.commit)
            }
            None => {
                unknown.entry(&one.url).or_default().push(format!("`{}`", one.name));
                Fact::Unknown("it was never asked for, and this is offline".into())
            }
        };
        facts.push(((*one).clone(), fact));
    }
    let mut notes = Vec::new();
    notes.extend(as_of("refs", &urls, now - oldest));
    notes.extend(unknown.iter().map(|(url, names)| {
        let (url, names) = (redact_url(url), names.join(", "));
        Diagnostic::warning(format!("offline: nobody knows {names} of `{url}` yet"))
            .hint("plan once without `--offline`, or pin the commit")
    }));
    (facts, notes)
}

/// How old what was last known of some repositories is.
pub(super) fn as_of(what: &str, urls: &BTreeSet<&str>, age: i64) -> Option<Diagnostic> {
    let repositories = match urls.iter().next() {
        None => return None,
        Some(url) if urls.len() == 1 => format!("`{}`", redact_url(url)),
        Some(_) => format!("{} repositories", urls.len()),
    };
    let age = ago(age);
    Some(Diagnostic::warning(format!("offline: the {what} of {repositories} are as of {age}")))
}

/// How long ago something was, to two digits.
fn ago(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    let (count, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::ago;

    #[test]
    fn ages_are_told_in_words() {
        let shown: Vec<String> =
            [-5, 59_000, 61_000, 7_200_000, 86_400_000, 200_000_000].map(ago).to_vec();
        assert_eq!(
            shown,
            ["just now", "just now", "1 minute ago", "2 hours ago", "1 day ago", "2 days ago"]
        );
    }
}
