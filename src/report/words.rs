//! Durations, sizes, counts and lists of names as people say them. Knows no view.

use std::io;

use foldhash::fast::RandomState;
use graph::name::NodeName;
use indexmap::IndexMap;
use jiff::{Timestamp, Zoned};

use super::page::columns;

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `850 ms`, `3.2 s`, `42 min 10 s`, `2 h 10 min`.
#[must_use]
pub fn duration(ms: u64) -> String {
    match ms {
        0..SECOND => format!("{ms} ms"),
        SECOND..10_000 => format!("{}.{} s", ms / SECOND, ms % SECOND / 100),
        10_000..MINUTE => format!("{} s", ms / SECOND),
        MINUTE..HOUR => two(ms / MINUTE, "min", ms % MINUTE / SECOND, "s"),
        HOUR..DAY => two(ms / HOUR, "h", ms % HOUR / MINUTE, "min"),
        _ => two(ms / DAY, "d", ms % DAY / HOUR, "h"),
    }
}

/// A duration of which nobody knows the seconds: `about 2 h 10 min`.
#[must_use]
pub fn about(ms: u64) -> String {
    match ms {
        0..SECOND => "less than a second".to_owned(),
        SECOND..MINUTE => format!("about {} s", ms.div_ceil(SECOND)),
        MINUTE..HOUR => format!("about {} min", (ms + MINUTE / 2) / MINUTE),
        _ => format!("about {}", duration((ms + MINUTE / 2) / MINUTE * MINUTE)),
    }
}

/// A running clock: `3:41`, `1:02:03`.
#[must_use]
pub fn clock(ms: u64) -> String {
    let (hours, minutes, seconds) = (ms / HOUR, ms % HOUR / MINUTE, ms % MINUTE / SECOND);
    if hours == 0 {
        format!("{minutes}:{seconds:02}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}")
    }
}

fn two(large: u64, of: &str, small: u64, than: &str) -> String {
    if small == 0 { format!("{large} {of}") } else { format!("{large} {of} {small} {than}") }
}

/// `just now`, `5 min ago`, `3 d ago`.
#[must_use]
pub fn ago(then_ms: i64, now: &Zoned) -> String {
    let passed = now.timestamp().as_millisecond().saturating_sub(then_ms);
    match u64::try_from(passed).unwrap_or(0) {
        0..MINUTE => "just now".to_owned(),
        ms @ MINUTE..HOUR => format!("{} min ago", ms / MINUTE),
        ms @ HOUR..DAY => format!("{} h ago", ms / HOUR),
        ms => format!("{} d ago", ms / DAY),
    }
}

/// The time of day in the reader's zone, with the date if that is another.
#[must_use]
pub fn when(then_ms: i64, now: &Zoned) -> String {
    let Ok(then) = Timestamp::from_millisecond(then_ms) else {
        return "at no known time".to_owned();
    };
    let then = then.to_zoned(now.time_zone().clone());
    let form = if then.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    then.strftime(form).to_string()
}

/// `512 B`, `3.1 GiB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut scaled = count;
    let mut unit = 0;
    while scaled >= 1024 * 1024 && unit + 1 < units.len() {
        scaled /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", scaled / 1024, scaled % 1024 * 10 / 1024, units[unit])
}

/// `1,234,567`.
#[must_use]
pub fn number(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 node`, `12 nodes`.
#[must_use]
pub fn count(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", number(count))
}

/// A line of a log without the time and the level that kas begins it with (`2026-01-30 23:00:00 - INFO     - …`): they
/// would fill half of a terminal, and the display has a clock of its own.
#[must_use]
pub fn without_stamp(line: &str) -> &str {
    let is_stamp = |text: &str| {
        text.len() == 19
            && text.bytes().zip("0000-00-00 00:00:00".bytes()).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            })
    };
    let mut pieces = line.splitn(3, " - ");
    match (pieces.next(), pieces.next(), pieces.next()) {
        (Some(stamp), Some(level), Some(rest))
            if is_stamp(stamp)
                && level.trim_end().bytes().all(|byte| byte.is_ascii_uppercase()) =>
        {
            rest
        }
        _ => line,
    }
}

/// Names in few words: those that differ in the last segment only share a pair of braces, as in
/// `image/{rpi-scarthgap,verdin-scarthgap}`, wherever they stand. Each line is a selector that means its nodes.
#[must_use]
pub fn names(names: &[&NodeName], room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let line = |pieces: &[&str]| {
        lines.push(pieces.concat());
        Ok(())
    };
    name_lines(names, room, line).expect("memory takes all");
    lines
}

/// As [`names`], each line when it is made, in pieces.
///
/// # Errors
/// When the line cannot be taken.
pub fn name_lines(
    names: &[&NodeName],
    room: usize,
    mut line: impl FnMut(&[&str]) -> io::Result<()>,
) -> io::Result<()> {
    let mut groups: IndexMap<&str, Vec<&str>, RandomState> = IndexMap::default();
    for name in names {
        let (head, last) = split(name.as_str());
        groups.entry(head).or_default().push(last);
    }
    for (head, lasts) in groups {
        let room = room.saturating_sub(columns(head) + 2);
        let mut rest = lasts.as_slice();
        while let Some(first) = rest.first() {
            let mut used = columns(first) + 1;
            let more = rest[1..].iter().take_while(|last| {
                used += columns(last) + 1;
                // A comma separates inside braces, so a segment that holds one stands alone.
                used <= room && !first.contains(',') && !last.contains(',')
            });
            let (together, others) = rest.split_at(1 + more.count());
            match together {
                [one] => line(&[head, one])?,
                many => line(&[head, "{", &many.join(","), "}"])?,
            }
            rest = others;
        }
    }
    Ok(())
}

fn split(name: &str) -> (&str, &str) {
    name.rfind('/').map_or(("", name), |at| name.split_at(at + 1))
}

#[cfg(test)]
mod tests {
    use graph::name::NodeName;

    use super::{about, bytes, clock, duration, names, number, without_stamp};

    #[test]
    fn amounts() {
        let check = |ms, exact: &str, rough: &str, running: &str| {
            assert_eq!(
                (duration(ms).as_str(), about(ms).as_str(), clock(ms).as_str()),
                (exact, rough, running)
            );
        };
        check(850, "850 ms", "less than a second", "0:00");
        check(3_270, "3.2 s", "about 4 s", "0:03");
        check(59_999, "59 s", "about 60 s", "0:59");
        check(2_530_000, "42 min 10 s", "about 42 min", "42:10");
        check(7_800_000, "2 h 10 min", "about 2 h 10 min", "2:10:00");
        check(90_000_000, "1 d 1 h", "about 1 d 1 h", "25:00:00");
        assert_eq!(
            [bytes(512), bytes(3_328_599_654), bytes(1 << 62)],
            ["512 B", "3.0 GiB", "4.0 EiB"]
        );
        assert_eq!([number(7), number(1234), number(1_234_567)], ["7", "1,234", "1,234,567"]);
    }

    #[test]
    fn stamps_of_kas_are_left_out() {
        for (line, expect) in [
            ("2026-01-30 23:00:00 - INFO     - NOTE: a - b", "NOTE: a - b"),
            ("2026-01-30 23:00:00 - ERROR    - ", ""),
            ("2026-01-30 - INFO - x", "2026-01-30 - INFO - x"),
            ("NOTE: a - B - c", "NOTE: a - B - c"),
            ("", ""),
        ] {
            assert_eq!(without_stamp(line), expect);
        }
    }

    #[test]
    fn lists_of_names_are_selectors() {
        let check = |given: &[&str], room, expected: &[&str]| {
            let all: Vec<NodeName> =
                given.iter().map(|name| NodeName::parse(name).expect("a name")).collect();
            assert_eq!(names(&all.iter().collect::<Vec<_>>(), room), expected);
        };
        check(&["image/a", "image/b", "sdk/a"], 80, &["image/{a,b}", "sdk/a"]);
        check(&["image/b", "sdk/b", "image/a", "sdk/a"], 80, &["image/{b,a}", "sdk/{b,a}"]);
        check(
            &["image/aaaa", "image/bbbb", "image/cccc"],
            18,
            &["image/{aaaa,bbbb}", "image/cccc"],
        );
        check(&["image/a,b", "image/c"], 80, &["image/a,b", "image/c"]);
        check(&["image/much-longer-than-the-room"], 10, &["image/much-longer-than-the-room"]);
        check(&[], 80, &[]);
    }
}
