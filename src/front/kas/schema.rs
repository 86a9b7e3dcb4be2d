//! What a single kas file may hold: the rules of kas 5.2 (`kas/schema-kas.json`), and what versions up to 5.5 added to
//! them. What 5.5 takes away (`_source_dir` beyond the first file, incomplete `signers`) is still accepted, because
//! kas 5.2 accepts it. Knows no other file.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::front::kas::shape::{self, Custom, Others, Record, Shape};
use crate::front::yaml::{Node, Value};

/// The newest format of kas files that is known here: that of kas 5.5.
pub(super) const NEWEST_VERSION: i64 = 23;

/// All problems of one file: errors, and what is worth a warning.
pub(super) fn check(node: &Node) -> Diagnostics {
    let mut found = Diagnostics::default();
    shape::check(node, &Shape::Record(&FILE), &mut found);
    let proxies = node.entry("proxy_config");
    if let Some(entry) =
        proxies.filter(|entry| entry.value.as_map().is_some_and(|map| !map.is_empty()))
    {
        let message = "`proxy_config` has no effect: kas forwards the proxy variables by itself";
        found.push(Diagnostic::warning(message).at(&entry.key_span));
    }
    found
}

/// The version in a header that passed the check. `0.10` is what versions were called before they were numbers.
pub(super) fn version(header: &Node) -> i64 {
    header.get("version").and_then(|node| shape::whole(&node.value)).unwrap_or(1)
}

const TEXTS: Shape = Shape::Each(&Shape::Text);
const NAMES: Shape = Shape::List(&Shape::Text);
const TEXT_OR_NULL: Shape = Shape::Nullable(&Shape::Text);

const FILE: Record = Record {
    fields: &[
        ("header", Shape::Record(&HEADER)),
        (
            "build_system",
            Shape::Word(&["openembedded", "oe", "isar", "isar-privileged", "isar-rootless"]),
        ),
        ("defaults", Shape::Record(&DEFAULTS)),
        ("overrides", Shape::Record(&OVERRIDES)),
        ("machine", Shape::Text),
        ("distro", Shape::Text),
        ("env", Shape::Each(&TEXT_OR_NULL)),
        ("target", Shape::TextOr(&NAMES)),
        ("task", Shape::Text),
        ("repos", Shape::Each(&Shape::Nullable(&Shape::Record(&REPO)))),
        ("bblayers_conf_header", TEXTS),
        ("local_conf_header", TEXTS),
        ("proxy_config", Shape::Record(&PROXIES)),
        ("menu_configuration", Shape::Each(&Shape::Scalar)),
        ("artifacts", TEXTS),
        ("signers", Shape::Each(&Shape::Record(&SIGNER))),
        ("buildtools", Shape::Record(&BUILDTOOLS)),
        ("_source_dir", Shape::Text),
        ("_source_dir_host", Shape::Text),
    ],
    required: &["header"],
    others: Others::Refused,
};

const HEADER: Record = Record {
    fields: &[
        ("version", Shape::Custom("an integer", version_number)),
        ("includes", Shape::List(&Shape::TextOr(&Shape::Record(&INCLUDE)))),
    ],
    required: &["version"],
    others: Others::Refused,
};

const INCLUDE: Record = Record {
    fields: &[("repo", Shape::Text), ("file", Shape::Text)],
    required: &["repo", "file"],
    others: Others::Refused,
};

const DEFAULTS: Record = Record {
    fields: &[("repos", Shape::Record(&DEFAULT_REPO))],
    required: &[],
    others: Others::Refused,
};

const DEFAULT_REPO: Record = Record {
    fields: &[
        ("branch", Shape::Text),
        ("tag", Shape::Text),
        ("refspec", Shape::Text),
        ("patches", Shape::Record(&DEFAULT_PATCH)),
    ],
    required: &[],
    others: Others::Refused,
};

const DEFAULT_PATCH: Record =
    Record { fields: &[("repo", Shape::Text)], required: &[], others: Others::Refused };

const OVERRIDES: Record = Record {
    fields: &[("repos", Shape::Each(&Shape::Record(&OVERRIDE)))],
    required: &[],
    others: Others::Refused,
};

const OVERRIDE: Record = Record {
    fields: &[("branch", TEXT_OR_NULL), ("commit", TEXT_OR_NULL), ("url", Shape::Text)],
    required: &[],
    others: Others::Refused,
};

const REPO: Record = Record {
    fields: &[
        ("name", Shape::Text),
        ("url", TEXT_OR_NULL),
        ("type", Shape::Word(&["git", "hg"])),
        ("commit", Shape::Text),
        ("branch", TEXT_OR_NULL),
        ("tag", TEXT_OR_NULL),
        ("refspec", Shape::Text),
        ("signed", Shape::Flag),
        ("allowed_signers", NAMES),
        ("path", TEXT_OR_NULL),
        ("layers", Shape::Each(&Shape::Custom("null, `disabled` or `{prio: N}`", layer))),
        ("patches", Shape::Each(&Shape::Nullable(&Shape::Record(&PATCH)))),
    ],
    required: &[],
    others: Others::Refused,
};

const LAYER: Record =
    Record { fields: &[("prio", Shape::Integer(-99, 99))], required: &[], others: Others::Refused };

const PATCH: Record = Record {
    fields: &[("repo", Shape::Text), ("path", Shape::Text)],
    required: &["path"],
    others: Others::Refused,
};

const PROXIES: Record = Record {
    fields: &[
        ("http_proxy", Shape::Text),
        ("https_proxy", Shape::Text),
        ("ftp_proxy", Shape::Text),
        ("no_proxy", Shape::Text),
    ],
    required: &[],
    others: Others::Refused,
};

const SIGNER: Record = Record {
    fields: &[
        ("type", Shape::Word(&["gpg", "ssh"])),
        ("repo", Shape::Any),
        ("path", Shape::Text),
        ("fingerprint", Shape::TextOfLength(&[40, 50])),
        ("gpg_keyserver", Shape::Text),
    ],
    required: &[],
    others: Others::Refused,
};

const BUILDTOOLS: Record = Record {
    fields: &[
        ("version", Shape::Text),
        ("sha256sum", Shape::Text),
        ("base_url", Shape::Text),
        ("filename", Shape::Text),
    ],
    required: &["version", "sha256sum"],
    others: Others::Accepted,
};

fn version_number(node: &Node) -> Custom {
    match &node.value {
        Value::Str(text) if &**text == "0.10" => Custom::Fits,
        value => match shape::whole(value) {
            Some(1..=NEWEST_VERSION) => Custom::Fits,
            Some(number) if number > NEWEST_VERSION => Custom::Refuse(
                format!(
                    "is {number}, and the newest that is known here is {NEWEST_VERSION}, that of kas 5.5"
                ),
                "a newer `graph` may know it; otherwise lower it to what the file needs",
            ),
            Some(number) => Custom::Refuse(
                format!("is {number}, and must be from 1 to {NEWEST_VERSION}"),
                "see kas's manual for the version that the file needs",
            ),
            None => Custom::Misfit,
        },
    }
}

/// Words that once took a layer out of the build.
const OLD_DISABLED: &[&str] = &["excluded", "n", "no", "0", "false"];

/// Whether a layer's value takes it out of the build.
pub(super) fn layer_is_disabled(node: &Node) -> bool {
    match &node.value {
        Value::Str(text) => &**text == "disabled" || OLD_DISABLED.contains(&&**text),
        Value::Bool(enabled) => !enabled,
        value => shape::whole(value) == Some(0),
    }
}

fn layer(node: &Node) -> Custom {
    match &node.value {
        Value::Null => Custom::Fits,
        Value::Str(text) if &**text == "disabled" => Custom::Fits,
        Value::Map(_) => Custom::As(&Shape::Record(&LAYER)),
        _ if layer_is_disabled(node) => {
            Custom::Warn("takes the layer out in an old way".into(), "write `disabled`")
        }
        _ => Custom::Misfit,
    }
}
