//! Finds what may be paths in the text of Makefiles, Kconfig files and scripts. Evaluates nothing: a variable that is
//! not known to be a place in the tree stands for any text.

/// Stands for a variable that is not known.
pub(super) const ANY: char = '\u{1}';

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Base {
    /// At the top of the tree, as `$(srctree)/x`.
    Root,
    /// In the directory that is being built, as `$(src)/x`.
    Own,
    /// In the build directory, as `$(obj)/x`; make looks in the tree for what is not there.
    Output,
    /// In either: a bare word.
    Bare,
    /// At a place that a variable tells.
    Variable,
}

/// A word that may be a path. In it, [`ANY`] stands for any text, and `*`, `?` and `[` are the file's own patterns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Word {
    pub(super) base: Base,
    pub(super) path: String,
}

impl Word {
    /// Whether it is a pattern of the file's own, which finds files that are added later.
    pub(super) fn is_glob(&self) -> bool {
        self.path.contains(['*', '?', '['])
    }

    /// Whether it stands for a path just so.
    pub(super) fn is_literal(&self) -> bool {
        !self.is_glob() && !self.path.contains(ANY)
    }
}

/// The words of a text. `arch` is the source architecture; without one `$(SRCARCH)` is any text.
pub(super) fn words(text: &str, arch: Option<&str>) -> Vec<Word> {
    let mut words = Vec::new();
    let mut continued = false;
    for line in text.lines() {
        let comment = !continued && line.trim_start().starts_with('#');
        continued = line.ends_with('\\');
        if !comment {
            line_words(line, arch, &mut words);
        }
    }
    words.sort_unstable();
    words.dedup();
    words
}

/// What one character or variable of a line is.
enum Piece<'a> {
    Char(char),
    Variable(&'a str),
    Apart,
}

fn line_words(line: &str, arch: Option<&str>, words: &mut Vec<Word>) {
    let mut word = Open::default();
    let mut rest = line;
    while !rest.is_empty() {
        let (piece, length) = piece(rest);
        rest = &rest[length..];
        match piece {
            Piece::Char(c) => word.path.push(c),
            Piece::Variable(name) => word.variable(name, arch),
            Piece::Apart => word.end(words),
        }
    }
    word.end(words);
}

/// A word being read.
#[derive(Default)]
struct Open {
    base: Option<Base>,
    path: String,
}

impl Open {
    fn variable(&mut self, name: &str, arch: Option<&str>) {
        match name {
            "srctree" | "abs_srctree" | "KBUILD_SRC" | "TOPDIR" => self.begin(Base::Root),
            "objtree" | "abs_objtree" => self.begin(Base::Output),
            "obj" if self.base != Some(Base::Root) || !self.path.is_empty() && self.path != "/" => {
                self.begin(Base::Output);
            }
            "src" | "obj" | "CURDIR" | "PWD" | "kbuild-dir" => self.begin(Base::Own),
            "SRCARCH" => match arch {
                Some(arch) => self.path.push_str(arch),
                None => self.path.push(ANY),
            },
            _ => self.path.push(ANY),
        }
    }

    /// What stood before a place says nothing: `-I$(srctree)/$(src)/x` is `x` there.
    fn begin(&mut self, base: Base) {
        self.base = Some(base);
        self.path.clear();
    }

    fn end(&mut self, words: &mut Vec<Word>) {
        let Self { base, path } = std::mem::take(self);
        if path.is_empty() {
            return;
        }
        let parts = path.contains(',').then(|| path.split(',').map(str::to_owned));
        for (index, path) in
            std::iter::once(path.clone()).chain(parts.into_iter().flatten()).enumerate()
        {
            // Only the first two can be what follows the place: the whole, and the part before the first comma.
            words.extend(word(base.filter(|_| index < 2), &path));
        }
    }
}

fn word(base: Option<Base>, path: &str) -> Option<Word> {
    let rooted = path.starts_with('/');
    let path = path.trim_matches('/');
    if let Some(base) = base {
        return (!path.is_empty()).then(|| Word { base, path: path.to_owned() });
    }
    // An absolute path is a file of the machine; an option with a path is `-I` and what follows.
    if rooted || path.is_empty() {
        return None;
    }
    let path = path.strip_prefix("-I").unwrap_or(path);
    if path.starts_with('-') {
        return None;
    }
    if let Some((first, rest)) = path.split_once('/')
        && first.contains(ANY)
        && first.chars().all(|c| c == ANY)
    {
        return Some(Word { base: Base::Variable, path: rest.to_owned() });
    }
    path.contains(|c: char| c.is_alphanumeric())
        .then(|| Word { base: Base::Bare, path: path.to_owned() })
}

fn piece(rest: &str) -> (Piece<'_>, usize) {
    let Some(c) = rest.chars().next() else { return (Piece::Apart, 0) };
    if c == '$' {
        return variable(rest);
    }
    let kept = c.is_alphanumeric() || "_-./+@%*?[]~,^".contains(c);
    (if kept { Piece::Char(c) } else { Piece::Apart }, c.len_utf8())
}

/// `$(name)`, `${name}`, `$name`, `$x`, each also as `$$…`; of a call as `$(wildcard …)` only the beginning.
fn variable(rest: &str) -> (Piece<'_>, usize) {
    let dollars = rest.len() - rest.trim_start_matches('$').len();
    let after = &rest[dollars..];
    let is_name = |c: char| c.is_alphanumeric() || "_-.@<*^?+%".contains(c);
    for (open, close) in [('(', ')'), ('{', '}')] {
        if let Some(inner) = after.strip_prefix(open) {
            let name = inner.find(|c: char| !is_name(c)).map_or(inner, |end| &inner[..end]);
            let tail = &inner[name.len()..];
            return match tail.chars().next() {
                Some(c) if c == close => (Piece::Variable(name), dollars + name.len() + 2),
                // A substitution, `$(x:.o=.c)`, is as little known as another variable; a call holds words.
                Some(':') if close == ')' => match tail.find(close) {
                    Some(end) if !tail[..end].contains('$') => {
                        (Piece::Variable("?"), dollars + 1 + name.len() + end + 1)
                    }
                    _ => (Piece::Apart, dollars + 1),
                },
                Some('}' | ':' | '#' | '/') if close == '}' => match tail.find('}') {
                    Some(end) => (Piece::Variable("?"), dollars + 1 + name.len() + end + 1),
                    None => (Piece::Apart, dollars + 1),
                },
                _ => (Piece::Apart, dollars + 1),
            };
        }
    }
    let shell = after.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(after.len());
    if shell > 0 {
        return (Piece::Variable(&after[..shell]), dollars + shell);
    }
    match after.chars().next() {
        Some(c) if "@<*^?+%#!".contains(c) => (Piece::Variable("?"), dollars + 1),
        _ => (Piece::Apart, dollars),
    }
}
