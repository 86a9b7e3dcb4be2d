//! What is said of trees that cannot be read and of filters without end. Finds nothing by itself.

use super::file::BuildConfig;
use crate::diagnostic::Diagnostic;
use crate::front::kas::Text;
use crate::redact::redact_url;

/// A tree of which nothing can be read: its build configs are left out, and all others are built.
pub(super) fn unreachable(configs: &[&BuildConfig], why: &str) -> Diagnostic {
    let first = configs[0];
    let tree = first.tree.value.escape_debug().to_string();
    let url = redact_url(&first.url.value).escape_debug().to_string();
    let are = if configs.len() == 1 { "is" } else { "are" };
    let message = format!(
        "the tree `{tree}`, `{url}`, cannot be reached, so {} {are} left out: {}",
        names(configs),
        redact_url(why)
    );
    Diagnostic::warning(message).at(&first.url.span)
}

/// A branch that its tree does not have.
pub(super) fn no_such_branch(config: &BuildConfig, why: &str) -> Diagnostic {
    let name = config.name.value.escape_debug();
    Diagnostic::warning(format!("`{name}` is left out: {}", redact_url(why)))
        .at(&config.branch.span)
}

/// A commit whose files cannot be listed.
pub(super) fn unreadable(config: &BuildConfig, why: &str) -> Diagnostic {
    let name = config.name.value.escape_debug();
    Diagnostic::warning(format!("`{name}` is left out: {}", redact_url(why))).at(&config.name.span)
}

/// A pattern that takes time without end.
pub(super) fn without_end(pattern: &Text) -> Diagnostic {
    Diagnostic::error(format!("to match `{}` takes too long", pattern.value))
        .at(&pattern.span)
        .hint("repeats within repeats take time that doubles with every letter")
}

fn names(configs: &[&BuildConfig]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = configs
        .iter()
        .take(SHOWN)
        .map(|config| format!("`{}`", config.name.value.escape_debug()))
        .collect();
    match (configs.len(), shown.as_slice()) {
        (count, _) if count > SHOWN => format!("{} and {} more", shown.join(", "), count - SHOWN),
        (_, [rest @ .., last]) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => shown.join(", "),
    }
}
