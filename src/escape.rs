//! Untrusted text made safe to show: control characters, terminal escapes, Markdown, workflow commands, drawings.
//!
//! Knows no form of output but the rules of its readers: a terminal, GitHub's Markdown, GitHub's runner, Graphviz, Mermaid.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text for one line of a terminal: nothing in it can move the cursor, change a colour, end the line or turn the
/// direction of writing. What could is shown as `\n`, `\t` or `\u{…}`.
#[must_use]
pub fn terminal(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// As [`terminal`], for text of several lines: line feeds and tabs stay.
#[must_use]
pub fn terminal_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |char| matches!(char, '\n' | '\t'))
}

/// A line of a program's log, for a terminal: as [`terminal`], but colours are dropped rather than spelt out, and of
/// a line that overwrites itself with carriage returns only what would be left is shown.
#[must_use]
pub fn log_line(line: &str) -> Cow<'_, str> {
    let line = line.trim_end_matches(['\r', '\n']);
    let last = line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or("");
    if !last.contains(['\u{1b}', '\t']) {
        return terminal(last);
    }
    let plain = without_colours(last).replace('\t', "    ");
    Cow::Owned(terminal(&plain).into_owned())
}

/// Text that stays text in GitHub's Markdown: in a paragraph, in a cell of a table, inside `<code>`. It makes no
/// markup, no link, no mention and no reference to an issue. Names and paths stay readable in the source.
#[must_use]
pub fn markdown(text: &str) -> String {
    let text = terminal(text);
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 16);
    for (at, &char) in chars.iter().enumerate() {
        if is_markup(&chars, at) {
            write!(out, "&#{};", u32::from(char)).expect("a string takes everything");
        } else {
            out.push(char);
        }
        // GitHub looks for mentions and issues in the finished HTML, where an entity is the character again.
        if matches!(char, '@' | '#') {
            out.push_str("<!-- -->");
        }
    }
    out
}

/// The message of a GitHub workflow command: one line, whatever the text holds.
#[must_use]
pub fn workflow_data(text: &str) -> String {
    terminal_lines(text)
        .replace("##[", r"#\u{23}[")
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property of a GitHub workflow command, such as `file=`.
#[must_use]
pub fn workflow_property(text: &str) -> String {
    workflow_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A line of a log for the log of a GitHub workflow: as [`log_line`], and no command to the runner.
#[must_use]
pub fn workflow_line(line: &str) -> String {
    without_commands(&log_line(line))
}

/// Text for the log of a GitHub workflow in which no line is a command to the runner.
///
/// The runner takes a line that begins with `::` after blanks, and its log viewer anything with `##[`. Lines like
/// these are printed between `::stop-commands::` too, but the viewer does not honour that.
#[must_use]
pub fn without_commands(text: &str) -> String {
    let text = text.replace("##[", r"#\u{23}[");
    let line = |line: &str| {
        let start = line.trim_start();
        match start.strip_prefix("::") {
            Some(rest) => format!(r"{}\u{{3a}}:{rest}", &line[..line.len() - start.len()]),
            None => line.to_owned(),
        }
    };
    text.split_inclusive('\n').map(line).collect()
}

/// Text inside a quoted string of Graphviz' language. It ends no string and makes no escape, and what the drawing shows
/// is the text: Graphviz reads entities of HTML in labels.
#[must_use]
pub fn dot(text: &str) -> String {
    let text = terminal(text);
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str(r"\\"),
            '&' => out.push_str("&amp;"),
            _ => out.push(char),
        }
    }
    out
}

/// Text inside a quoted label of a Mermaid drawing: letters, digits and what names are made of stay, and all else is an
/// entity of Mermaid's. So nothing ends the label, begins a directive, or is HTML, Markdown or a link in the drawing.
#[must_use]
pub fn mermaid(text: &str) -> String {
    let text = terminal(text);
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_alphanumeric() || " ._-/,+".contains(char) {
            out.push(char);
        } else {
            write!(out, "#{};", u32::from(char)).expect("a string takes everything");
        }
    }
    out
}

fn escaped(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    // Nearly all that is shown is this, and to look at bytes is quicker.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let Some(first) = text.find(|char| is_unsafe(char) && !kept(char)) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for char in text[first..].chars() {
        match char {
            _ if kept(char) || !is_unsafe(char) => out.push(char),
            '\n' => out.push_str(r"\n"),
            '\r' => out.push_str(r"\r"),
            '\t' => out.push_str(r"\t"),
            _ => out.extend(char.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

/// Whether a terminal could take the character for more, or the reader for less, than a character.
fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether the character at a position could mean something to Markdown there. Inside a word an underscore does
/// not, so `local_conf_header.base` stays as it is.
fn is_markup(chars: &[char], at: usize) -> bool {
    let word = |index: Option<usize>| {
        index.and_then(|index| chars.get(index)).is_some_and(|char| char.is_alphanumeric())
    };
    match chars[at] {
        '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '@' | '#' | '!' | '$' => true,
        '_' => !(word(at.checked_sub(1)) && word(Some(at + 1))),
        ':' => chars.get(at + 1) == Some(&'/'),
        '.' | ')' => {
            (at > 0 && chars[..at].iter().all(char::is_ascii_digit) && !word(Some(at + 1)))
                || (at >= 3 && chars[at - 3..at].iter().all(|char| char.eq_ignore_ascii_case(&'w')))
        }
        '-' | '+' | '=' | ' ' => at == 0,
        _ => false,
    }
}

/// Drops `ESC [ … m`; whatever else begins with ESC stays, to be spelt out.
fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        let parameters = &rest[at + 2..];
        let length = parameters.find(|char: char| !char.is_ascii_digit() && char != ';');
        match length.filter(|&length| parameters[length..].starts_with('m')) {
            Some(length) => {
                out.push_str(&rest[..at]);
                rest = &parameters[length + 1..];
            }
            None => {
                out.push_str(&rest[..at + 2]);
                rest = parameters;
            }
        }
    }
    out.push_str(rest);
    out
}
