//! The log of a node, whole or its end.

use std::io::Cursor;

use graph_cli::report::log::{Reader, log};
use proptest::prelude::{any, prop, prop_assert_eq, proptest};

fn printed(text: &[u8], tail: Option<usize>, reader: Reader) -> Vec<u8> {
    let mut out = Vec::new();
    log(Cursor::new(text), tail, reader, &mut out).unwrap();
    out
}

#[test]
fn raw_for_programs_and_safe_for_people() {
    let text = b"one\n\x1b[31mred\x1b[0m \x1b[2J\xff\n10%\r20%\r";
    assert_eq!(printed(text, None, Reader::Pipe), text);
    let shown = String::from_utf8(printed(text, None, Reader::Terminal)).unwrap();
    assert_eq!(shown, "one\nred \\u{1b}[2J\u{fffd}\n20%\n");
}

#[test]
fn the_tail_of_a_long_log() {
    let text: String = (0..100_000).map(|line| format!("line {line}\n")).collect();
    let tail = printed(text.as_bytes(), Some(2), Reader::Pipe);
    assert_eq!(String::from_utf8(tail).unwrap(), "line 99998\nline 99999\n");
    assert_eq!(printed(text.as_bytes(), Some(200_000), Reader::Pipe), text.as_bytes());
}

proptest! {
    #[test]
    fn the_tail_is_the_last_lines(lines in prop::collection::vec("[a-c]{0,3}", 0..8), closed in any::<bool>(), tail in 0_usize..10) {
        let mut text = lines.join("\n");
        if closed && !text.is_empty() {
            text.push('\n');
        }
        let all: Vec<&str> = text.split_inclusive('\n').collect();
        let expected = all[all.len().saturating_sub(tail)..].concat();
        prop_assert_eq!(printed(text.as_bytes(), Some(tail), Reader::Pipe), expected.into_bytes());
    }
}
