//! Random YAML documents, tricky ones more often than not. Knows no parser.

/// An endless row of documents, the same for the same seed.
pub(crate) struct Documents {
    random: Random,
    /// Whether the document at hand begins with what the rest can merge and repeat.
    has_base: bool,
}

/// SplitMix64: reproducible anywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % bound
    }

    fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const PLAIN: &[&str] = &[
    "a",
    "b",
    "key",
    "yes",
    "No",
    "on",
    "off",
    "y",
    "~",
    "null",
    "Null",
    "0777",
    "0888",
    "0o17",
    "0x1F",
    "0b11",
    "1_000",
    "1:30",
    "12:30:45",
    "8080:80",
    "+12",
    "-5",
    "6.10",
    "1e3",
    "1.0e+3",
    ".5",
    "-.5",
    ".inf",
    "-.INF",
    ".nan",
    "123e4567",
    "12345678",
    "0123456",
    "2024-01-02",
    "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43.1 Z",
    "2024-1-2",
    "a b",
    "a  b",
    "http://x/y:z",
    "b#c",
    "-a",
    "a:b",
    "x'y",
    "x\"y",
    "99999999999999999999",
    "0xFFFFFFFFFFFFFFFFFF",
    "1:00:00:00:00:00:00:00:00:00:00:00",
    "0_",
    "_1",
    "1_",
    "1__0",
    "--",
    "é",
    "日本",
    "😀",
    "a\u{a0}b",
    "1.",
    "1.e+1",
    "0.0",
    "-0",
    "-0.0",
    "1:30.5",
    "0:30.5",
    "TRUE",
    "tRUE",
    "a\\b",
    "a=b",
    "a<<",
    "$(x)",
    "${X}",
    "()",
];
/// Plain scalars that are wrong nearly everywhere.
const WILD: &[&str] = &[
    "2024-13-45",
    "=",
    "<<",
    "0b_",
    "-",
    "---a",
    "'",
    "&",
    "*",
    "a: b",
    "!a",
    "[",
    "]",
    "@a",
    "`a",
    "%a",
    "{a",
    "|",
    ">",
    ",",
    "a #b",
    "a]b",
    "a,b",
    "\u{feff}a",
    "?a",
    ":a",
    "a?b",
    "? a",
    "---",
    "...",
    "\"",
];
const QUOTED: &[&str] = &[
    "'a'",
    "'yes'",
    "''",
    "'it''s'",
    "'a\n\n  b'",
    "'a\n b'",
    "'<<'",
    "'='",
    "\"a\"",
    "\"\"",
    "\"a\\nb\"",
    "\"\\x41\\u00e9\\U0001F600\"",
    "\"a\n  b \\\n  c\"",
    "\"\\t\\/\\_\\N\\L\\P\\e\\0\"",
    "\"a\\\n   b\"",
    "\"it's\"",
    "\"a\tb\"",
    "'a\tb'",
    "' a '",
    "\"a: b\"",
    "'#'",
    "'a\n\n\n b'",
    "\"a  \n  b\"",
];
/// Quoted scalars with escapes that only some scanners know.
const ESCAPES: &[&str] = &["\"\\q\"", "\"\\'\"", "\"\\x4\"", "\"\\\t\"", "\"\\uD83D\"", "\"a\\"];
const KEYS: &[&str] = &[
    "a",
    "b",
    "c",
    "key",
    "on",
    "yes",
    "1",
    "1.0",
    "true",
    "~",
    "''",
    "'a'",
    "0x1",
    "2024-01-02",
    "<<",
    "é",
    "a b",
    "\"b\"",
    "<<",
    "1:30",
    "d",
    "e",
    "f",
];
const TAGS: &[&str] = &[
    "!!str",
    "!!int",
    "!!float",
    "!!bool",
    "!!null",
    "!!timestamp",
    "!!binary",
    "!!seq",
    "!!map",
    "!!omap",
    "!!pairs",
    "!",
    "!foo",
    "!!foo",
    "!<tag:yaml.org,2002:str>",
    "!e!x",
    "!!python/none",
    "!!merge",
    "!!value",
];

impl Documents {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Random(seed), has_base: false }
    }

    fn document(&mut self) -> String {
        if self.random.one_in(15) {
            return self.soup();
        }
        let mut text = match self.random.below(12) {
            0 => "---\n".to_owned(),
            1 => "# comment\n\n".to_owned(),
            2 => "%YAML 1.1\n---\n".to_owned(),
            3 => "\u{feff}".to_owned(),
            _ => String::new(),
        };
        self.has_base = self.random.one_in(2);
        if self.has_base {
            text.push_str("x: &x {a: 1, b: 2}\ny: &y\n  b: 9\n  c: [3]\nz: &z [*x, *y]\n");
            self.mapping(0, 3, &mut text);
        } else {
            self.block(0, 4, &mut text);
        }
        match self.random.below(20) {
            0 => text.push_str("...\n"),
            1 => text.push_str("---\nb\n"),
            2 => text = text.replace('\n', "\r\n"),
            3..6 => self.mutate(&mut text),
            _ => {}
        }
        text
    }

    fn plain(&mut self) -> &'static str {
        if self.random.one_in(60) { self.random.pick(WILD) } else { self.random.pick(PLAIN) }
    }

    fn alias(&mut self) -> &'static str {
        if self.random.one_in(20) { "*n" } else { self.random.pick(&["*x", "*y", "*z"]) }
    }

    fn quoted(&mut self) -> &'static str {
        if self.random.one_in(30) { self.random.pick(ESCAPES) } else { self.random.pick(QUOTED) }
    }

    /// Signs without any plan.
    fn soup(&mut self) -> String {
        const SIGNS: &[&str] = &[
            "a", "b", "1", " ", " ", "  ", "\n", "\n", "\n  ", "\n ", ":", ": ", "- ", "-", "? ",
            "?", "#", " #", "'", "\"", "''", ",", ", ", "[", "]", "{", "}", "&x ", "*x", "!",
            "!!str ", "|", ">", "|-\n", ">+\n", "|1", "%", "@", "\\", "---", "...", "\r", "\u{85}",
            "\u{2028}", "<<: ", "é", "~", "=", ".", "_", "\u{feff}", "+",
        ];
        (0..self.random.below(16)).map(|_| self.random.pick(SIGNS)).collect()
    }

    /// A text that is worth folding.
    fn long(&mut self, text: &mut String) {
        const WORDS: &[&str] = &[
            "a",
            "word",
            "longer-word",
            "it's",
            "é",
            "😀",
            "#",
            "x:",
            "-",
            "\\\\",
            "\\\"",
            "${X}",
        ];
        const GAPS: &[&str] =
            &[" ", " ", " ", " ", " ", " ", " ", "  ", "\\n", "\\t", " \\n", "\\n "];
        let (plain, gaps) = (self.random.one_in(2), self.random.one_in(3));
        let length = self.random.below(60);
        text.push('"');
        for at in 0..length {
            if at > 0 {
                text.push_str(if gaps { self.random.pick(GAPS) } else { " " });
            }
            text.push_str(if plain {
                self.random.pick(&WORDS[..3])
            } else {
                self.random.pick(WORDS)
            });
        }
        text.push('"');
    }

    /// One small change somewhere: most of them break something.
    fn mutate(&mut self, text: &mut String) {
        const CHANGES: &[&str] = &[
            " ", "\n", ":", "-", "#", "\t", "'", "\"", ",", "[", "]", "{", "}", "&", "*", "!", "|",
            ">", "?", "%", "@", "\\", "  ", ": ", "- ", " #", "&x ", "*x", "---", "...", "\r",
            "\u{85}", "\u{2028}",
        ];
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        if places.is_empty() {
            return;
        }
        let at = places[self.random.below(places.len())];
        if self.random.one_in(2) {
            text.insert_str(at, self.random.pick(CHANGES));
        } else {
            text.remove(at);
        }
    }

    /// A value that begins on a line of its own.
    fn block(&mut self, indent: usize, depth: usize, text: &mut String) {
        match self.random.below(6) {
            _ if depth == 0 => self.line(indent, text),
            0 => self.line(indent, text),
            1 | 2 => self.sequence(indent, depth, text),
            _ => self.mapping(indent, depth, text),
        }
    }

    fn line(&mut self, indent: usize, text: &mut String) {
        text.push_str(&" ".repeat(indent));
        self.inline(indent, 2, text);
        text.push('\n');
    }

    fn sequence(&mut self, indent: usize, depth: usize, text: &mut String) {
        for _ in 0..=self.random.below(3) {
            text.push_str(&" ".repeat(indent));
            text.push('-');
            self.item(indent, depth, text);
        }
    }

    fn mapping(&mut self, indent: usize, depth: usize, text: &mut String) {
        for _ in 0..=self.random.below(4) {
            text.push_str(&" ".repeat(indent));
            if self.random.one_in(60) {
                self.long(text);
            }
            let key = match self.random.below(80) {
                0 => "[1]",
                1 => "? a",
                2 => "=",
                _ => self.random.pick(KEYS),
            };
            text.push_str(key);
            if self.random.one_in(60) {
                text.push(' ');
            }
            text.push(':');
            if key == "<<" && self.has_base && !self.random.one_in(50) {
                let operand = [
                    "*x",
                    "*y",
                    "[*x, *y]",
                    "[*y, *x]",
                    "{a: 7, d: 8}",
                    "*z",
                    "[{a: 1}, *x]",
                    "{<<: *x, e: 1}",
                ];
                text.push(' ');
                text.push_str(self.random.pick(&operand));
                text.push('\n');
            } else {
                self.item(indent, depth, text);
            }
        }
    }

    /// What follows a `-` or a `:`.
    fn item(&mut self, indent: usize, depth: usize, text: &mut String) {
        self.properties(text);
        match self.random.below(10) {
            0 => text.push('\n'),
            1 => {
                text.push_str(
                    self.random
                        .pick(&[" |", " >", " |-", " >-", " |+", " >+", " |2", " | # c", " >1-"]),
                );
                self.literal(indent + 2, text);
            }
            2..5 if depth > 0 => {
                text.push_str(self.random.pick(&["\n", "\n", " # c\n", "  \n\n"]));
                let deeper = indent + [1, 2, 2, 2, 4][self.random.below(5)];
                self.block(deeper, depth - 1, text);
            }
            5 if depth > 0 => {
                text.push(' ');
                let rest = " ".repeat(indent + 2);
                let mut inner = String::new();
                self.block(indent + 2, depth - 1, &mut inner);
                text.push_str(inner.strip_prefix(&rest).unwrap_or(&inner));
            }
            _ => {
                text.push_str(if self.random.one_in(80) { "\t" } else { " " });
                self.inline(indent, 2, text);
                text.push_str(self.random.pick(&["\n", "\n", "\n", " # c\n", " \n", "\n\n"]));
            }
        }
    }

    fn literal(&mut self, indent: usize, text: &mut String) {
        const LINES: &[&str] =
            &["x", "  y", "", "a: b", "# c", "- d", "\tt", "é", "'", "long line of text", "z  "];
        text.push('\n');
        for _ in 0..self.random.below(4) {
            let line = self.random.pick(LINES);
            if !line.is_empty() {
                text.push_str(&" ".repeat(indent));
                text.push_str(line);
            }
            text.push('\n');
        }
    }

    fn properties(&mut self, text: &mut String) {
        if self.random.one_in(40) {
            text.push(' ');
            text.push_str(self.random.pick(TAGS));
        }
        if self.random.one_in(30) {
            text.push(' ');
            text.push_str(self.random.pick(&["&x", "&n", "&m", "&q", "&a-b_1"]));
        }
    }

    /// A scalar, an alias or a flow collection.
    fn inline(&mut self, indent: usize, depth: usize, text: &mut String) {
        match self.random.below(12) {
            0 | 1 if depth > 0 => self.flow(depth, text),
            2 if self.has_base || self.random.one_in(20) => text.push_str(self.alias()),
            3 | 4 => text.push_str(self.quoted()),
            5 => {
                text.push_str(self.plain());
                text.push('\n');
                text.push_str(&" ".repeat(indent + self.random.below(3)));
                text.push_str(self.plain());
            }
            6 if self.random.one_in(3) => text.push_str("!!binary aGVsbG8="),
            7 if self.random.one_in(3) => self.long(text),
            _ => text.push_str(self.plain()),
        }
    }

    fn flow(&mut self, depth: usize, text: &mut String) {
        let is_map = self.random.one_in(2);
        text.push(if is_map { '{' } else { '[' });
        for at in 0..self.random.below(4) {
            if at > 0 {
                text.push_str(self.random.pick(&[", ", ",", ", ", ",\n  ", " , "]));
            }
            if is_map || self.random.one_in(8) {
                text.push_str(self.random.pick(KEYS));
                text.push_str(self.random.pick(&[": ", ": ", ": ", ":", " : ", ""]));
            }
            self.inline(2, depth - 1, text);
        }
        text.push_str(self.random.pick(&["", "", "", ",", " ", "\n"]));
        text.push(if is_map { '}' } else { ']' });
    }
}

impl Iterator for Documents {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        Some(self.document())
    }
}
