//! Makes the output of a command the same on every machine and day: digests, durations and time stamps lose their
//! digits and keep their width where they can. Knows no command.

/// Shorter runs of hexadecimal digits are words or numbers.
const SHORTEST_DIGEST: usize = 7;
const UNITS: &[&str] = &["ms", "min", "s", "m", "h", "d"];

/// Redacts a text.
pub(crate) fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let starts_word = !before.is_alphanumeric() && before != '_';
        let length = word_length(rest);
        let (redacted, used) = match () {
            () if starts_word && is_digest(&rest[..length]) => ("x".repeat(length), length),
            () if starts_word && first.is_ascii_digit() => number(rest),
            () if starts_word && length > 0 => (rest[..length].to_owned(), length),
            () => (first.to_string(), first.len_utf8()),
        };
        before = rest[..used].chars().next_back().unwrap_or(before);
        out += &redacted;
        rest = &rest[used..];
    }
    out
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn is_digest(word: &str) -> bool {
    word.len() >= SHORTEST_DIGEST
        && word.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        && word.bytes().any(|b| b.is_ascii_digit())
}

/// A duration `12.3s` becomes `0.0s`, a date or a time of day zeros; any other number stays.
fn number(text: &str) -> (String, usize) {
    let is_stamp = |c: char| c.is_ascii_digit() || "-:.TZ".contains(c);
    let stamp = text.find(|c: char| !is_stamp(c)).unwrap_or(text.len());
    let stamp = text[..stamp].trim_end_matches(['.', ':', '-', 'T']);
    let separators = stamp.chars().filter(|c| "-:".contains(*c)).count();
    if separators >= 2 && stamp.len() >= 8 {
        let zeros = stamp.chars().map(|c| if c.is_ascii_digit() { '0' } else { c });
        return (zeros.collect(), stamp.len());
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let fraction = text[digits..].strip_prefix('.').map_or(0, |after| {
        let more = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        if more == 0 { 0 } else { more + 1 }
    });
    let after = &text[digits + fraction..];
    let spaced = after.strip_prefix(' ').unwrap_or(after);
    if UNITS.contains(&&spaced[..word_length(spaced)]) {
        let zero = if fraction == 0 { "0" } else { "0.0" };
        return (zero.to_owned(), digits + fraction);
    }
    let length = word_length(text);
    (text[..length].to_owned(), length)
}

#[test]
fn what_differs_from_run_to_run_is_redacted() {
    let check = |text: &str, expect: &str| assert_eq!(redact(text), expect, "{text}");
    check("commit 3a1f00c → 9c2e771b", "commit xxxxxxx → xxxxxxxx");
    check("12 built in 4.31s, 2 in 10 ms", "12 built in 0.0s, 2 in 0 ms");
    check("1h 30min", "0h 0min");
    check(
        "at 2026-11-22 10:03:26, 2026-11-22T10:03:26Z.",
        "at 0000-00-00 00:00:00, 0000-00-00T00:00:00Z.",
    );
    check("rootfs-20261122100323.wic", "rootfs-xxxxxxxxxxxxxx.wic");
    check("kas 5.2, effaced, 12 of 13", "kas 5.2, effaced, 12 of 13");
    check("image/virt-x86-64-scarthgap: 2 stale", "image/virt-x86-64-scarthgap: 2 stale");
    check("", "");
}
