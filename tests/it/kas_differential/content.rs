//! The random content of one kas file. Most of it is right; in some files something is not.

use std::path::Path;

use super::project::definition;
use super::value::Value;
use crate::random::Random;

/// An include to write.
#[derive(Clone)]
pub(super) enum Include {
    Own(String),
    Foreign { repo: &'static str, file: String },
}

/// Strings, many of which YAML 1.2 or a careless reader would take for something else.
const STRINGS: &[&str] = &[
    "qemux86-64",
    "poky",
    "'yes'",
    "\"on\"",
    "0o777",
    "0888",
    "1e3",
    "8080:80",
    "y",
    "n",
    "1.2.3",
    "v1.0",
    "123e4567",
    "a b",
    "'12'",
    "\"a\\nb\"",
    "\"\\u00e9\"",
    "-x",
    "~x",
    "None",
];

/// What no string field takes.
const NO_STRINGS: &[&str] = &[
    "yes",
    "12",
    "0777",
    "1:30",
    "6.10",
    "2001-12-14",
    "0x1F",
    "1_000",
    "+12",
    ".5",
    "[a]",
    "{a: b}",
];

/// Booleans, integers and strings.
const SCALARS: &[&str] = &[
    "yes", "Off", "TRUE", "0777", "1:30", "0x1F", "0b11", "1_000", "+12", "-7", "text", "1e3", "y",
    "0888",
];

/// Anything.
const ANY: &[&str] = &[
    "~",
    "null",
    "no",
    "12:30:45",
    "6.10",
    "1.0e+3",
    ".inf",
    "-.5",
    "1_0.5",
    "abc",
    "''",
    "190:20:30.15",
];

/// Keys of which some are equal to Python.
const KEYS: &[&str] = &["a", "b", "c", "on", "1", "1.0", "'1'", "~", "0x1"];

const COMMIT: &str = "89abcdef0123456789abcdef0123456789abcdef";

pub(super) fn content(
    random: &mut Random,
    includes: &[Include],
    is_json: bool,
    root: &Path,
) -> String {
    let mut writer = Writer { faulty: random.one_in(90), random };
    if writer.faulty && writer.random.one_in(6) {
        return writer
            .random
            .pick(&["", "# nothing\n", "- a\n", "a: [\n", "header: {version: 99}\n"])
            .to_owned();
    }
    let value = writer.file(includes, root);
    if is_json { value.json() } else { value.yaml() }
}

struct Writer<'a> {
    random: &'a mut Random,
    /// Whether something in this file is to be wrong.
    faulty: bool,
}

impl Writer<'_> {
    fn file(&mut self, includes: &[Include], root: &Path) -> Value {
        let mut entries = vec![("header".to_owned(), self.header(includes))];
        let mut fields = vec![
            ("machine", self.string()),
            ("distro", self.string()),
            ("task", self.string()),
            ("build_system", Value::Plain(self.random.pick(&["oe", "openembedded", "isar"]))),
            ("target", self.target()),
            ("env", self.env()),
            ("local_conf_header", self.headers()),
            ("bblayers_conf_header", self.headers()),
            ("menu_configuration", self.menu()),
            ("artifacts", self.map_of(&["image", "log"], Self::string)),
            ("buildtools", self.buildtools()),
            ("signers", self.signers()),
            ("defaults", self.defaults()),
            ("overrides", self.overrides()),
        ];
        let mut repos = Vec::new();
        for include in includes {
            if let Include::Foreign { repo, .. } = include
                && !self.random.one_in(8)
                && !repos.iter().any(|(id, _)| id == repo)
                && let Some(definition) = definition(repo)
            {
                repos.push(((*repo).to_owned(), definition));
            }
        }
        if self.random.one_in(3) {
            repos.push((self.random.pick(&["x", "y", "far", "near"]).to_owned(), self.repo()));
        }
        if !repos.is_empty() {
            fields.push(("repos", Value::Map(repos)));
        }
        let root = root.to_string_lossy();
        if self.random.one_in(12) {
            fields.push(("_source_dir", Value::text(self.random.pick(&[".", "kas", "", &root]))));
        }
        if self.faulty && self.random.one_in(4) {
            fields.push(("colour", self.string()));
        }
        for (key, value) in fields {
            if matches!(key, "repos" | "_source_dir" | "colour") || self.random.one_in(3) {
                entries.insert(self.random.below(entries.len() + 1), (key.to_owned(), value));
            }
        }
        Value::Map(entries)
    }

    fn header(&mut self, includes: &[Include]) -> Value {
        let versions: &[&str] = if self.faulty {
            &["1", "0", "24", "'1'", "1.5", "yes", "~"]
        } else {
            &["1", "8", "14", "16.0", "2_1"]
        };
        let version = self.random.pick(versions);
        let mut header = vec![("version".to_owned(), Value::Plain(version))];
        if !includes.is_empty() || self.random.one_in(10) {
            let include = |include: &Include| match include {
                Include::Own(path) => Value::text(path),
                Include::Foreign { repo, file } => Value::Map(vec![
                    ("repo".to_owned(), Value::text(*repo)),
                    ("file".to_owned(), Value::text(file)),
                ]),
            };
            header
                .push(("includes".to_owned(), Value::List(includes.iter().map(include).collect())));
        }
        Value::Map(header)
    }

    fn string(&mut self) -> Value {
        if self.faulty && self.random.one_in(8) {
            return Value::Plain(self.random.pick(NO_STRINGS));
        }
        Value::Plain(self.random.pick(STRINGS))
    }

    fn string_or_null(&mut self) -> Value {
        if self.random.one_in(4) { Value::Plain("~") } else { self.string() }
    }

    fn map_of(&mut self, keys: &[&str], value: impl Fn(&mut Self) -> Value) -> Value {
        let mut entries = Vec::new();
        for _ in 0..self.random.below(4) {
            let key = self.random.pick(keys).to_owned();
            entries.push((key, value(self)));
        }
        Value::Map(entries)
    }

    fn target(&mut self) -> Value {
        if self.random.one_in(2) {
            return self.string();
        }
        Value::List((0..self.random.below(3)).map(|_| self.string()).collect())
    }

    fn env(&mut self) -> Value {
        self.map_of(&["A", "B", "SSTATE_DIR"], Self::string_or_null)
    }

    fn headers(&mut self) -> Value {
        let keys: &[&str] = if self.random.one_in(15) {
            &["10", "9", "b"]
        } else {
            &["a", "B", "zz", "'10'", "'9'", "meta-x", "10_base"]
        };
        self.map_of(keys, |writer| match writer.random.below(3) {
            0 => Value::text("A = \"1\"\nB ?= \"2\""),
            _ => writer.string(),
        })
    }

    fn menu(&mut self) -> Value {
        self.map_of(KEYS, |writer| Value::Plain(writer.random.pick(SCALARS)))
    }

    /// What is not checked any closer: nested mappings and lists over each other.
    fn any(&mut self, depth: usize) -> Value {
        match self.random.below(if depth > 2 { 2 } else { 5 }) {
            0 | 1 => Value::Plain(self.random.pick(ANY)),
            2 => Value::List((0..self.random.below(3)).map(|_| self.any(depth + 1)).collect()),
            _ => self.map_of(KEYS, |writer| writer.any(depth + 1)),
        }
    }

    fn buildtools(&mut self) -> Value {
        let mut entries =
            vec![("version".to_owned(), self.string()), ("sha256sum".to_owned(), self.string())];
        for key in ["deep", "deeper", "other"] {
            if self.random.one_in(2) {
                entries.push((key.to_owned(), self.any(0)));
            }
        }
        if self.faulty && self.random.one_in(6) {
            entries.remove(0);
        }
        Value::Map(entries)
    }

    fn signers(&mut self) -> Value {
        self.map_of(&["panta", "other"], |writer| {
            Value::Map(vec![
                ("type".to_owned(), Value::Plain(writer.random.pick(&["gpg", "ssh"]))),
                ("fingerprint".to_owned(), Value::text(COMMIT)),
                ("repo".to_owned(), writer.any(2)),
            ])
        })
    }

    fn defaults(&mut self) -> Value {
        let repos = self.map_of(&["branch", "branch", "branch", "tag"], Self::string);
        let Value::Map(mut entries) = repos else { return repos };
        if self.random.one_in(2) {
            let repo = Value::Map(vec![("repo".to_owned(), Value::text("x"))]);
            entries.push(("patches".to_owned(), repo));
        }
        Value::Map(vec![("repos".to_owned(), Value::Map(entries))])
    }

    fn overrides(&mut self) -> Value {
        let repos = self.map_of(&["x", "y", "far", "nowhere"], |writer| {
            let mut entries = vec![("commit".to_owned(), Value::text(COMMIT))];
            if writer.random.one_in(3) {
                entries.push(("branch".to_owned(), writer.string_or_null()));
            }
            Value::Map(entries)
        });
        Value::Map(vec![("repos".to_owned(), repos)])
    }

    fn repo(&mut self) -> Value {
        if self.random.one_in(6) {
            return Value::Plain("~");
        }
        let mut fields = Vec::new();
        if self.random.one_in(2) {
            fields.push(("url", Value::text("https://example.com/x")));
        }
        match self.random.below(6) {
            0 => fields.push(("branch", self.string_or_null())),
            1 => fields.push(("tag", self.string_or_null())),
            2 if self.faulty => fields.push(("commit", Value::Plain("12345678"))),
            2 => fields.push(("commit", Value::text(COMMIT))),
            3 => fields.push(("refspec", Value::Plain("main"))),
            4 => fields.push(("commit", Value::Plain("123e4567"))),
            _ => {}
        }
        if self.random.one_in(3) {
            fields.push(("layers", self.layers()));
        }
        if self.random.one_in(3) {
            fields.push(("patches", self.patches()));
        }
        if self.random.one_in(8) {
            fields.push(("signed", Value::Plain(self.random.pick(&["yes", "no"]))));
            fields.push(("allowed_signers", Value::List(vec![self.string()])));
        }
        Value::Map(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    fn layers(&mut self) -> Value {
        self.map_of(&["meta", "meta-x", "."], |writer| match writer.random.below(7) {
            0 => Value::Plain("disabled"),
            1 => Value::Plain(writer.random.pick(&["excluded", "no", "0", "n", "'false'", "'0'"])),
            2 => Value::Map(vec![(
                "prio".to_owned(),
                Value::Plain(writer.random.pick(&["5", "-99", "0"])),
            )]),
            3 if writer.faulty => {
                Value::Plain(writer.random.pick(&["yes", "1", "x", "{prio: 100}", "{pri: 1}"]))
            }
            _ => Value::Plain("~"),
        })
    }

    fn patches(&mut self) -> Value {
        self.map_of(&["b", "a", "'10'"], |writer| {
            if writer.random.one_in(5) {
                return Value::Plain("~");
            }
            let mut entries = vec![("path".to_owned(), Value::text("patches/a.patch"))];
            if writer.random.one_in(2) {
                entries.push((
                    "repo".to_owned(),
                    Value::text(writer.random.pick(&["x", "y", "near"])),
                ));
            }
            Value::Map(entries)
        })
    }
}
