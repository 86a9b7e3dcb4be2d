//! What `graph lock` did as the message of a commit or the text of a pull request: plain text that is Markdown too.
//!
//! Whatever others have written (subjects of commits, values of keys) stands in lines that are indented by four, which
//! is code to Markdown, so nothing in it is markup, and no line of it is a trailer of the message. GitHub closes issues
//! and tells people by what it finds in any commit, code or not, so `#12`, `@name` and addresses are pulled apart.

use std::io::{self, Write};
use std::sync::Arc;

use super::page::cut;
use super::sentence::sentence;
use super::view::lock::{FileChange, HistoryView, LockView, LockedView, MovedView};
use super::words::count;
use crate::escape::{markdown, terminal};

/// The longest first line that all forms of `git log` show whole.
const TITLE: usize = 72;

/// No line of others takes more columns.
const LINE: usize = 160;

/// How much of a commit is shown.
const SHORT: usize = 12;

/// More keys of one file are not told.
const MOST_KEYS: usize = 50;

/// More files are counted, not named.
const MOST_FILES: usize = 30;

/// The most that GitHub takes as the text of a pull request, less room for what somebody adds.
const LIMIT: usize = 60_000;

/// Writes the message.
///
/// # Errors
/// When the writer fails.
pub fn message(view: &LockView, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    whole(view, &mut text)?;
    if text.len() <= LIMIT {
        return out.write_all(&text);
    }
    let end = text[..LIMIT].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let rest = text[end..].iter().filter(|&&byte| byte == b'\n').count();
    out.write_all(&text[..end])?;
    writeln!(out, "\n… and {}, left out for length", count(rest, "more line"))
}

fn whole(view: &LockView, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", cut(&title(view), TITLE))?;
    for moved in &view.repositories {
        movement(moved, view, out)?;
    }
    let changed: Vec<&LockedView> = view.changed().filter(|file| !file.keys.is_empty()).collect();
    if !changed.is_empty() {
        writeln!(out, "\nChanged configuration, besides commits:")?;
        keys(&changed, out)?;
    }
    names(view, FileChange::Created, "New files", out)?;
    names(view, FileChange::Reworded, "Files that mean the same in other words", out)
}

/// Paths, each on a line of its own.
fn paths(paths: &[&str], out: &mut dyn Write) -> io::Result<()> {
    for path in paths.iter().take(MOST_FILES) {
        writeln!(out, "    {}", inert(path))?;
    }
    match paths.len().saturating_sub(MOST_FILES) {
        0 => Ok(()),
        rest => writeln!(out, "    … and {}", count(rest, "more file")),
    }
}

fn title(view: &LockView) -> String {
    let files = count(view.changed().count(), "pinned file");
    let mut ids: Vec<String> =
        view.repositories.iter().map(|moved| markdown(&moved.repository)).collect();
    ids.dedup();
    let what = match ids.as_slice() {
        [] if view.changed().next().is_none() => return "No pinned file changes".to_owned(),
        [] => return format!("Flatten {files} anew"),
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [one, other, third] => format!("{one}, {other} and {third}"),
        many => count(many.len(), "repository").replace("repositorys", "repositories"),
    };
    let verb = match view.repositories.iter().all(|moved| moved.old.is_none()) {
        true => "Pin",
        false => "Update",
    };
    format!("{verb} {what} in {files}")
}

fn movement(moved: &MovedView, view: &LockView, out: &mut dyn Write) -> io::Result<()> {
    let short = |commit: &str| markdown(commit.get(..SHORT).unwrap_or(commit));
    let id = markdown(&moved.repository);
    let branch = moved.reference.as_deref().map(|name| format!(" of {}", markdown(name)));
    let branch = branch.unwrap_or_default();
    writeln!(out)?;
    match (&moved.old, &moved.new) {
        (Some(old), Some(new)) => {
            write!(out, "{id}: {} → {}{branch}", short(old), short(new))?;
        }
        (Some(old), None) => write!(out, "{id}: removed, was {}", short(old))?,
        (None, new) => {
            write!(out, "{id}: added at {}{branch}", short(new.as_deref().unwrap_or_default()))?;
        }
    }
    match &moved.history {
        Some(history) => log(history, out)?,
        None => writeln!(out)?,
    }
    let is_new = |path: &&Arc<str>| {
        view.files.iter().any(|file| file.path == **path && file.change == FileChange::Created)
    };
    if moved.old.is_none() && moved.files.iter().all(|path| is_new(&path)) {
        return writeln!(out, "\n(in {})", count(moved.files.len(), "new file"));
    }
    if moved.files.len() == view.files.len() {
        return writeln!(
            out,
            "\n(in {})",
            if view.files.len() == 1 { "the one pinned file" } else { "all pinned files" }
        );
    }
    writeln!(out, "\nin {}:\n", count(moved.files.len(), "file"))?;
    paths(&moved.files.iter().map(|file| &**file).collect::<Vec<_>>(), out)
}

/// Ends the line of a movement, and tells what lies between its commits.
fn log(history: &HistoryView, out: &mut dyn Write) -> io::Result<()> {
    if let Some(why) = &history.missing {
        return writeln!(out, "\n\nWhat lies between is not known:\n\n    {}", inert(why));
    }
    let new = count(history.added, "new commit");
    let gone = match history.dropped {
        0 => String::new(),
        many => format!(", {} gone", count(many, "commit")),
    };
    writeln!(out, ", {new}{gone}")?;
    if !history.commits.is_empty() {
        writeln!(out)?;
    }
    for entry in &history.commits {
        let commit = entry.commit.get(..SHORT).unwrap_or(&entry.commit);
        writeln!(out, "    {} {}", inert(commit), inert(&entry.subject))?;
    }
    match history.added - history.commits.len().min(history.added) {
        0 => Ok(()),
        rest => writeln!(out, "    … and {}", count(rest, "more commit")),
    }
}

/// The keys that changed; files in which the same ones did are told together.
fn keys(files: &[&LockedView], out: &mut dyn Write) -> io::Result<()> {
    let mut told: Vec<(Vec<String>, Vec<&LockedView>)> = Vec::new();
    for file in files {
        let said: Vec<String> = file
            .keys
            .iter()
            .map(|key| {
                // Where it stood in the one pinned file is nothing for the message of all.
                let mut reason = key.reason();
                reason.declared = key.new.as_ref().and_then(|new| new.declared.clone());
                inert(&sentence(&reason).to_string())
            })
            .collect();
        match told.iter_mut().find(|(known, _)| *known == said) {
            Some((_, files)) => files.push(file),
            None => told.push((said, vec![file])),
        }
    }
    for (said, files) in told {
        writeln!(out, "\nin {}:\n", count(files.len(), "file"))?;
        paths(&files.iter().map(|file| &*file.path).collect::<Vec<_>>(), out)?;
        writeln!(out)?;
        said.iter().take(MOST_KEYS).try_for_each(|line| writeln!(out, "    {line}"))?;
        if said.len() > MOST_KEYS {
            writeln!(out, "    … and {}", count(said.len() - MOST_KEYS, "more key"))?;
        }
    }
    Ok(())
}

fn names(view: &LockView, change: FileChange, title: &str, out: &mut dyn Write) -> io::Result<()> {
    let of: Vec<&LockedView> = view.files.iter().filter(|file| file.change == change).collect();
    if of.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}:\n")?;
    paths(&of.iter().map(|file| &*file.path).collect::<Vec<_>>(), out)
}

/// Text of others for a line of its own: no control character, and nothing that a forge would act upon.
fn inert(text: &str) -> String {
    let text = cut(&terminal(text), LINE);
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        out.push(char);
        let next = chars.peek().copied().unwrap_or(' ');
        let acts = match char {
            // `##[` is a command to the viewer of a workflow's log.
            '#' => next.is_ascii_digit() || next == '[',
            '@' => next.is_alphanumeric(),
            ':' => next == '/',
            // `GH-12` is an issue as well.
            '-' => next.is_ascii_digit() && out.to_ascii_lowercase().ends_with("gh-"),
            _ => false,
        };
        if acts {
            out.push(' ');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn nothing_of_others_acts() {
        for (text, expect) in [
            ("Fixes #12 and o/r#3", "Fixes # 12 and o/r# 3"),
            ("Closes GH-7, not x-7", "Closes GH- 7, not x-7"),
            ("thanks @someone", "thanks @ someone"),
            ("see https://example.org/issues/1", "see https: //example.org/issues/1"),
            ("a\u{1b}[31mb\rc\u{202e}d", r"a\u{1b}[31mb\rc\u{202e}d"),
            ("C# and a@ b", "C# and a@ b"),
        ] {
            assert_eq!(inert(text), expect);
        }
    }
}
