//! Which lines of a value changed. Knows no form of output.

/// More pairs of lines than this are not compared one by one.
const MOST_PAIRS: usize = 1_000_000;

/// A line that is not in both texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// It was there.
    Old(&'a str),
    /// It is there now.
    New(&'a str),
}

/// A line of either text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit<'a> {
    /// It is in both.
    Same(&'a str),
    /// It was there.
    Old(&'a str),
    /// It is there now.
    New(&'a str),
}

/// The lines that differ, in order, by a longest common subsequence; texts too long for that differ as a whole
/// between their common head and tail.
pub(super) fn diff<'a>(old: &'a str, new: &'a str) -> Vec<Line<'a>> {
    edits(old, new)
        .into_iter()
        .filter_map(|edit| match edit {
            Edit::Same(_) => None,
            Edit::Old(line) => Some(Line::Old(line)),
            Edit::New(line) => Some(Line::New(line)),
        })
        .collect()
}

/// All lines of both, in the order of a difference.
pub(super) fn edits<'a>(old: &'a str, new: &'a str) -> Vec<Edit<'a>> {
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let mut edits: Vec<Edit<'a>> = old[..head].iter().map(|line| Edit::Same(line)).collect();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, tail) = old.split_at(old.len() - tail);
    let new = &new[..new.len() - tail.len()];
    if old.len().saturating_mul(new.len()) > MOST_PAIRS {
        edits.extend(old.iter().map(|line| Edit::Old(line)));
        edits.extend(new.iter().map(|line| Edit::New(line)));
    } else {
        walk(old, new, &mut edits);
    }
    edits.extend(tail.iter().map(|line| Edit::Same(line)));
    edits
}

fn walk<'a>(old: &[&'a str], new: &[&'a str], edits: &mut Vec<Edit<'a>>) {
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for (i, was) in old.iter().enumerate().rev() {
        for (j, is) in new.iter().enumerate().rev() {
            common[i * width + j] = if was == is {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            edits.push(Edit::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            edits.push(Edit::Old(old[i]));
            i += 1;
        } else {
            edits.push(Edit::New(new[j]));
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, diff};

    fn check(old: &str, new: &str, expected: &[&str]) {
        let shown: Vec<String> = diff(old, new)
            .iter()
            .map(|line| match line {
                Line::Old(text) => format!("-{text}"),
                Line::New(text) => format!("+{text}"),
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn only_what_changed() {
        check("a\nb\nc", "a\nx\nc", &["-b", "+x"]);
        check("a\nb", "a\nb\nc", &["+c"]);
        check("a\nb\nc\nd", "b\nc\ne\nd", &["-a", "+e"]);
        check("", "a", &["+a"]);
        check("a", "a", &[]);
    }

    #[test]
    fn long_texts_do_not_take_long() {
        let text = |word: &str| format!("same\n{}end", format!("{word}\n").repeat(2000));
        assert_eq!(diff(&text("a"), &text("b")).len(), 4000);
    }
}
