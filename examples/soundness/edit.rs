//! Single-file edits: what a path holds afterwards. Chooses nothing.

use crate::random::Random;

/// What a file is changed to.
pub(crate) struct Edit {
    pub(crate) class: &'static str,
    pub(crate) path: String,
    pub(crate) what: String,
    /// None if the file is deleted.
    pub(crate) content: Option<Vec<u8>>,
}

/// How a text is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// One letter of a string, or a number.
    Constant,
    /// The number of a `#define`, or else a constant.
    Define,
    /// Text at the end.
    Append(&'static str),
    /// A default or a prompt of a Kconfig file.
    Kconfig,
    /// A space at the end of an assignment of a Makefile.
    Space,
    /// An object taken from a list of a Makefile.
    Object,
}

/// The text with a change in it, and the line that changed; none if there is no place for it.
pub(crate) fn changed(text: &str, change: Change, random: &mut Random) -> Option<(String, String)> {
    match change {
        Change::Append(end) => Some((
            format!("{text}{end}\n"),
            format!("appended `{}`", end.trim().replace('\n', " ")),
        )),
        Change::Constant => in_a_line(text, random, constant),
        Change::Define => {
            in_a_line(text, random, |line| line.starts_with("#define").then(|| number(line))?)
                .or_else(|| in_a_line(text, random, constant))
        }
        Change::Kconfig => in_a_line(text, random, kconfig),
        Change::Space => in_a_line(text, random, |line| {
            let list = line.contains(":=") || line.contains("+=");
            (list && !line.ends_with('\\')).then(|| format!("{line} "))
        }),
        Change::Object => in_a_line(text, random, |line| {
            let (head, object) = line.rsplit_once([' ', '\t'])?;
            (line.starts_with("obj-y") && object.ends_with(".o")).then(|| head.to_owned())
        }),
    }
}

/// Changes one line, chosen among those that can be.
fn in_a_line(
    text: &str,
    random: &mut Random,
    change: impl Fn(&str) -> Option<String>,
) -> Option<(String, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let able: Vec<(usize, String)> =
        lines.iter().enumerate().filter_map(|(at, line)| Some((at, change(line)?))).collect();
    let (at, line) = random.one(&able)?;
    let mut changed: Vec<&str> = lines;
    changed[*at] = line;
    let mut text = changed.join("\n");
    text.push('\n');
    Some((text, format!("line {}: `{}`", at + 1, line.trim())))
}

fn constant(line: &str) -> Option<String> {
    let code = !line.starts_with(['#', '*'])
        && !line.trim_start().starts_with(['*', '/'])
        && !line.contains("asm")
        && !line.contains("/*");
    if !code {
        return None;
    }
    match line.split('"').nth(1).filter(|inner| inner.len() > 4 && !inner.contains(['%', '\\'])) {
        Some(inner) => {
            let last = inner.chars().next_back().filter(char::is_ascii_lowercase)?;
            let other = if last == 'x' { 'y' } else { 'x' };
            let flipped = format!("{}{other}", &inner[..inner.len() - 1]);
            Some(line.replacen(inner, &flipped, 1))
        }
        None => (line.contains(" = ") || line.contains("return ")).then(|| number(line))?,
    }
}

/// The last decimal number of a line, one more than it was.
fn number(line: &str) -> Option<String> {
    let end = line.rfind(|c: char| c.is_ascii_digit())? + 1;
    let start = line[..end].rfind(|c: char| !c.is_ascii_digit())? + 1;
    let before = line[..start].chars().next_back()?;
    let after = line[end..].chars().next();
    let apart = " (=,".contains(before) && after.is_none_or(|c| ";),".contains(c));
    let number: u32 = line[start..end].parse().ok().filter(|_| apart)?;
    Some(format!("{}{}{}", &line[..start], number + 1, &line[end..]))
}

fn kconfig(line: &str) -> Option<String> {
    let trimmed = line.trim();
    if trimmed == "default y" {
        return Some(line.replace("default y", "default n"));
    }
    if trimmed == "default n" {
        return Some(line.replace("default n", "default y"));
    }
    if trimmed.starts_with("default ") {
        return number(line);
    }
    (trimmed.starts_with("bool \"") || trimmed.starts_with("tristate \""))
        .then(|| line.replacen("\" ", "x\" ", 1).replacen("\"x\"", "\"", 1))
        .filter(|changed| changed != line)
}
