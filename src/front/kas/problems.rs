//! What is said when the files of a chain cannot be found or must not be read. Finds nothing by itself.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::front::kas::checkouts::{FoundFile, Lookup};
use crate::front::kas::effective::Text;

/// Places a problem at an include, where there is one.
pub(super) fn at(problem: Diagnostic, via: Option<&Span>) -> Diagnostic {
    match via {
        Some(span) => problem.at(span),
        None => problem,
    }
}

/// A file that a chain names and that cannot be read.
pub(super) fn no_such_part(
    name: &str,
    why: Option<Lookup>,
    known: &[String],
    declared: Option<&Span>,
) -> Diagnostic {
    at(cannot_read(name, "the chain's file", why, known), declared)
}

/// A file that an include names and that cannot be read.
pub(super) fn no_such_include(include: &Text, why: Option<Lookup>, known: &[String]) -> Diagnostic {
    cannot_read(&include.value, "the included file", why, known).at(&include.span)
}

fn cannot_read(name: &str, what: &str, why: Option<Lookup>, known: &[String]) -> Diagnostic {
    match why {
        None | Some(Lookup::Escapes) => {
            Diagnostic::error(format!("{what} `{name}` lies out of its repository"))
                .hint("an include is a path in the repository of the file that includes it, or names a `repo`")
        }
        Some(Lookup::Unreadable(why)) => {
            Diagnostic::error(format!("{what} `{name}` cannot be read: {why}"))
        }
        _ => {
            let problem = Diagnostic::error(format!("{what} `{name}` does not exist"));
            let (dir, last) = name.rsplit_once('/').map_or(("", name), |(dir, last)| (dir, last));
            match nearest(last, known.iter().map(String::as_str)) {
                Some(near) if dir.is_empty() => problem.hint(format!("did you mean `{near}`?")),
                Some(near) => problem.hint(format!("did you mean `{dir}/{near}`?")),
                None => problem,
            }
        }
    }
}

/// A lock file that is there and that must not or cannot be read.
pub(super) fn bad_lock(name: &str, why: &Lookup) -> Diagnostic {
    match why {
        Lookup::Unreadable(why) => {
            Diagnostic::error(format!("the lock file of `{name}` cannot be read: {why}"))
        }
        _ => Diagnostic::error(format!("the lock file of `{name}` lies out of its repository")),
    }
}

/// An include that was found beside the file that includes it.
pub(super) fn beside(include: &Text) -> Diagnostic {
    Diagnostic::warning(format!(
        "the include `{}` is relative to the file that includes it",
        include.value
    ))
    .at(&include.span)
    .hint("make it relative to the root of the repository; kas warns of the other")
}

/// A `_source_dir` in a file that is not the first of its chain.
pub(super) fn late_source_dir(name: &str, source_dir: &Text) -> Diagnostic {
    Diagnostic::warning(format!(
        "kas 5.3 and later refuse `{name}`: `_source_dir` may only be in the first file of a chain"
    ))
    .at(&source_dir.span)
    .hint("kas 5.2 accepts it; builds are not affected, for kas gets one flattened file")
}

/// A `_source_dir` that is somewhere else.
pub(super) fn foreign_source_dir(source_dir: &Text) -> Diagnostic {
    Diagnostic::error(format!(
        "`_source_dir` is `{}`, which lies out of the project",
        source_dir.value
    ))
    .at(&source_dir.span)
}

/// A repository that an include names and that nothing defines.
pub(super) fn no_such_repo<'a>(repo: &Text, known: impl Iterator<Item = &'a str>) -> Diagnostic {
    let problem = Diagnostic::error(format!(
        "an include names the repository `{}`, which `repos` does not have",
        repo.value
    ))
    .at(&repo.span);
    match nearest(&repo.value, known) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem,
    }
}

/// A local repository that is not there.
pub(super) fn no_such_directory(repo: &Text, dir: &str) -> Diagnostic {
    Diagnostic::error(format!(
        "the repository `{}` is the directory `{dir}`, which does not exist",
        repo.value
    ))
    .at(&repo.span)
}

/// A file that is included while it is being read, by way of these files. kas would not end.
///
/// It begins with the file whose name sorts first, so that a circle is one problem wherever a chain enters it.
pub(super) fn cycle(open: &[(Arc<FoundFile>, Option<Span>)], via: Option<&Span>) -> Diagnostic {
    let mut files: Vec<(&str, Option<&Span>)> =
        open.iter().map(|(file, span)| (&*file.name, span.as_ref())).collect();
    // What led to the first of them from outside is no part of the circle; what closes it is.
    if let Some(first) = files.first_mut() {
        first.1 = via;
    }
    let start =
        (0..files.len()).min_by_key(|&at| (files[at].1.is_none(), files[at].0)).unwrap_or(0);
    files.rotate_left(start);
    let names: Vec<String> =
        files.iter().chain(files.first()).map(|(name, _)| format!("`{name}`")).collect();
    let mut problem = Diagnostic::error(format!("includes go in a circle: {}", names.join(" → ")));
    for (name, span) in files.iter().skip(1) {
        if let Some(span) = span {
            problem = problem.related(span, format!("includes `{name}`"));
        }
    }
    at(problem, files.first().and_then(|(_, span)| *span))
}

/// Chains whose files do not lie in one repository.
pub(super) fn several_repositories(
    first: &str,
    other: &Arc<str>,
    declared: Option<&Span>,
) -> Diagnostic {
    let problem = format!("`{first}` and `{other}` of a chain lie in different repositories");
    at(Diagnostic::error(problem), declared)
        .hint("kas wants all of them in one repository, or all outside of any")
}
