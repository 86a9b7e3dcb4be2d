//! Markdown that stays below what GitHub takes, and the pieces that all of it is made of.

use crate::escape::{log_line, markdown};
use crate::report::page::cut;
use crate::report::sentence::{Told, sentence};
use crate::report::view::reason::ReasonView;
use crate::report::words::{count, names};
use graph::name::NodeName;

/// The most that GitHub takes as a comment, in characters; bytes are counted, which is never less.
pub const LIMIT: usize = 65_536;

/// What is kept free for closing tags and the line that counts what was left out.
const RESERVE: usize = 256;

/// No single value takes more columns.
const LONGEST_VALUE: usize = 300;

/// How many lines of names a cell holds.
const MOST_NAME_LINES: usize = 20;

/// Text that stays below [`LIMIT`].
pub(super) struct Bounded(pub(super) String);

impl Bounded {
    pub(super) fn new() -> Self {
        Self(String::new())
    }

    /// Adds a piece as a whole, if it fits with the room kept for what follows.
    pub(super) fn add(&mut self, piece: &str, kept: usize) -> bool {
        let fits = self.0.len() + piece.len() + kept <= LIMIT;
        if fits {
            self.0.push_str(piece);
        }
        fits
    }

    /// Adds a piece for each item while they fit, then says how many did not.
    pub(super) fn all<T>(
        &mut self,
        items: impl IntoIterator<IntoIter: ExactSizeIterator<Item = T>>,
        noun: &str,
        kept: usize,
        piece: impl Fn(T) -> String,
    ) {
        let items = items.into_iter();
        let all = items.len();
        let fitted = items.map(piece).take_while(|piece| self.add(piece, kept + RESERVE)).count();
        if fitted < all {
            let rest = count(all - fitted, noun);
            self.add(&format!("\n… and {rest}, left out for length\n"), kept);
        }
    }
}

/// Opens what is folded.
pub(super) fn folded(what: &str) -> String {
    format!("\n<details><summary>{what}</summary>\n\n")
}

/// The end of what is folded.
pub(super) const FOLDED_END: &str = "\n</details>\n";

/// Text of somebody's.
pub(super) fn value(text: &str) -> String {
    markdown(&cut(text, LONGEST_VALUE))
}

/// Text of somebody's, in the type of code.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", value(text))
}

/// Nodes as the lines of a cell; of many, the first and how many they are.
pub(super) fn name_lines(of: &[&NodeName]) -> String {
    let mut all = names(of, 100);
    let rest =
        (all.len() > MOST_NAME_LINES).then(|| format!("… {} in all", count(of.len(), "node")));
    all.truncate(MOST_NAME_LINES);
    let lines: Vec<String> = all.iter().map(|line| code(line)).chain(rest).collect();
    lines.join("<br>")
}

/// A reason as two cells: what it is about, and what happened to it.
pub(super) fn cells(reason: &ReasonView) -> (String, String) {
    let said = sentence(reason);
    let place =
        said.place.as_deref().map_or_else(String::new, |place| format!("<br>{}", value(place)));
    let change = match &said.told {
        Told::Nothing => String::new(),
        Told::Words(words) => value(words),
        Told::Change(old, new) => format!("{} → {}", code(old), code(new)),
    };
    (format!("{}{place}", code(&said.subject)), change)
}

/// Lines of a log. Inside `<pre>` GitHub reads no Markdown, but HTML it does.
pub(super) fn block(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| value(&log_line(line))).collect();
    format!("<pre>\n{}\n</pre>\n", lines.join("\n"))
}
