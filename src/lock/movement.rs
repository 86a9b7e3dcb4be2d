//! Which repositories moved, over many pinned files: the same movement in several of them is told once.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a repository is pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Its URL, which may hold credentials.
    pub url: Arc<str>,
    /// The commit.
    pub commit: Arc<str>,
    /// The branch or tag beside it.
    pub reference: Option<Arc<str>>,
}

/// The repositories of a file, by id.
pub type Pins = BTreeMap<Arc<str>, Pin>;

/// A repository that is not pinned as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Its id.
    pub repository: Arc<str>,
    /// Where it was pinned; `None`: the files did not have it.
    pub old: Option<Pin>,
    /// Where it is pinned; `None`: the files do not have it any more.
    pub new: Option<Pin>,
    /// The files, in order.
    pub files: Vec<Arc<str>>,
}

/// The movements in files, each with its pins before and after; by repository, those from one commit to another first.
#[must_use]
pub fn movements<'a>(
    files: impl IntoIterator<Item = (&'a Arc<str>, &'a Pins, &'a Pins)>,
) -> Vec<Movement> {
    let mut found: Vec<Movement> = Vec::new();
    for (file, before, after) in files {
        let mut ids: Vec<&Arc<str>> = before.keys().chain(after.keys()).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let (old, new) = (before.get(id), after.get(id));
            if commit(old) == commit(new) {
                continue;
            }
            let same = |movement: &&mut Movement| {
                movement.repository == *id
                    && movement.old.as_ref() == old
                    && movement.new.as_ref() == new
            };
            match found.iter_mut().find(same) {
                Some(movement) => movement.files.push(Arc::clone(file)),
                None => found.push(Movement {
                    repository: Arc::clone(id),
                    old: old.cloned(),
                    new: new.cloned(),
                    files: vec![Arc::clone(file)],
                }),
            }
        }
    }
    found.sort_by(|a, b| {
        let is_move = |one: &Movement| one.old.is_some() && one.new.is_some();
        let by_kind = is_move(b).cmp(&is_move(a));
        let by_kind = by_kind.then_with(|| b.files.len().cmp(&a.files.len()));
        a.repository.cmp(&b.repository).then(by_kind)
    });
    found
}

fn commit(pin: Option<&Pin>) -> Option<&str> {
    pin.map(|pin| &*pin.commit)
}

#[cfg(test)]
mod tests {
    use super::{Pin, Pins, movements};
    use std::sync::Arc;

    fn pins(all: &[(&str, &str)]) -> Pins {
        let pin = |commit: &str| Pin { url: "u".into(), commit: commit.into(), reference: None };
        all.iter().map(|(id, commit)| ((*id).into(), pin(commit))).collect()
    }

    #[test]
    fn the_same_movement_is_told_once() {
        let [a, b, c]: [Arc<str>; 3] = ["a".into(), "b".into(), "c".into()];
        let (old, new) = (pins(&[("p", "1"), ("q", "5")]), pins(&[("p", "2"), ("r", "7")]));
        let (other, same) = (pins(&[("p", "9")]), pins(&[("p", "2")]));
        let found =
            movements([(&a, &old, &new), (&b, &old, &new), (&c, &other, &same), (&c, &old, &old)]);
        let told: Vec<String> = found
            .iter()
            .map(|found| {
                let commit = |pin: &Option<Pin>| pin.as_ref().map(|pin| pin.commit.to_string());
                let (old, new) = (commit(&found.old), commit(&found.new));
                format!("{} {old:?} {new:?} {}", found.repository, found.files.join(","))
            })
            .collect();
        let expect = [
            r#"p Some("1") Some("2") a,b"#,
            r#"p Some("9") Some("2") c"#,
            r#"q Some("5") None a,b"#,
            r#"r None Some("7") a,b"#,
        ];
        assert_eq!(told, expect);
    }
}
