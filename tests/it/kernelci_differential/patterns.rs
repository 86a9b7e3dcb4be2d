//! Random patterns of Python's `re`, most of them good. Knows no engine.

use crate::random::Random;

const LITERALS: [&str; 16] = [
    "defconfig",
    "def",
    "multi_v7",
    "x",
    "_",
    "\\+",
    "all",
    "no",
    "v6",
    "\\.",
    "1",
    "config",
    "+",
    "-",
    "/",
    "#",
];
const CLASSES: [&str; 16] = [
    ".", "\\w", "\\d", "\\S", "[a-z]", "[^+]", "[\\w+]", "[]a]", "[a-]", "[[x]", "[&&d]",
    "[\\d_-]", "\\D", "\\W", "[^\\s]", "[+-.]",
];
const REPEATS: [&str; 9] = ["*", "+", "?", "*?", "+?", "{2}", "{1,3}", "{,2}", "{2,}?"];
const ANCHORS: [&str; 6] = ["^", "$", "\\Z", "\\b", "\\B", "\\A"];
/// What no pattern can hold, or what is no repeat after all.
const ODDITIES: [&str; 18] = [
    "(", ")", "[", "*", "\\z", "\\1", "(?<n>a)", "{", "{}", "{x}", "[z-a]", "\\y", "(?i)", "\\x4",
    "**", "(?P=n)", "{3,1}", "\\",
];

/// A pattern.
pub(super) fn pattern(random: &mut Random) -> String {
    loop {
        let flags =
            if random.one_in(10) { random.pick(&["(?i)", "(?s)", "(?x)", "(?m)"]) } else { "" };
        let lead = if random.one_in(2) { ".*" } else { "" };
        let mut text = format!("{flags}{lead}{}", alternatives(random, 3));
        if random.one_in(12) {
            // Between characters: all of what is made here is ASCII.
            text.insert_str(random.below(text.len() + 1), random.pick(&ODDITIES));
        }
        // What Python 3.11 has learnt is an error here, since KernelCI ran before that.
        let is_new = ["*+", "++", "?+", "}+", "(?>"].iter().any(|new| text.contains(new));
        if !is_new {
            return text;
        }
    }
}

fn alternatives(random: &mut Random, depth: usize) -> String {
    let count = if random.one_in(4) { 2 + random.below(2) } else { 1 };
    let branches: Vec<String> = (0..count).map(|_| branch(random, depth)).collect();
    branches.join("|")
}

fn branch(random: &mut Random, depth: usize) -> String {
    (0..random.below(4)).map(|_| piece(random, depth)).collect()
}

fn piece(random: &mut Random, depth: usize) -> String {
    let mut piece = match random.below(if depth == 0 { 7 } else { 11 }) {
        0..=3 => random.pick(&LITERALS).to_owned(),
        4 | 5 => random.pick(&CLASSES).to_owned(),
        6 => return random.pick(&ANCHORS).to_owned(),
        7 => format!("({})", alternatives(random, depth - 1)),
        8 => format!("(?:{})", alternatives(random, depth - 1)),
        9 => {
            format!("{}{})", random.pick(&["(?=", "(?!", "(?i:"]), alternatives(random, depth - 1))
        }
        _ => format!(
            "{}{})",
            random.pick(&["(?<=", "(?<!"]),
            random.pick(&["x", "_d", "a|b", ".", "a|bc"])
        ),
    };
    if random.one_in(3)
        && !piece.starts_with("(?=")
        && !piece.starts_with("(?<")
        && !piece.starts_with("(?!")
    {
        piece.push_str(random.pick(&REPEATS));
    }
    piece
}
