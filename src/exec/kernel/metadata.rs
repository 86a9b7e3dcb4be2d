//! `bmeta.json`, in the form that KernelCI's tools read. Pure.
//!
//! It holds what a build is called, which other builds with the same key are not, and what was measured of the one that
//! was executed. So it is made again for each of those: from a node's own description, and what is there.

use serde_json::{Map, Value as Json, json};

use crate::exec::kernel::description::Description;
use crate::exec::kernel::json as text;
use crate::redact::redact_url;

/// The file, among the artifacts.
pub const BMETA: &str = "bmeta.json";

/// What was measured, besides `build`: of the section, these keys.
const MEASURED: [(&str, &[&str]); 2] = [
    ("environment", &["platform", "use_ccache"]),
    (
        "kernel",
        &[
            "endianness",
            "image",
            "text_offset",
            "vmlinux_bss_size",
            "vmlinux_data_size",
            "vmlinux_file_size",
            "vmlinux_text_size",
        ],
    ),
];

/// What is written into `bmeta.json` for a build of a description (the content of its `build.json`) that was executed
/// under another name: `made` is the `bmeta.json` of that one.
///
/// # Errors
/// In words, where one of the two cannot be read.
pub fn metadata(description: &str, made: &str) -> Result<String, String> {
    let made: Json =
        serde_json::from_str(made).map_err(|error| format!("`{BMETA}` cannot be read: {error}"))?;
    Ok(bmeta(&Description::parse(description)?, &made))
}

/// The file: what is declared, and of `made` what was measured.
pub(super) fn bmeta(description: &Description, made: &Json) -> String {
    let mut revision = description.revision.clone();
    let url = redact_url(Description::text(&revision, "url")).into_owned();
    revision.insert("url".to_owned(), url.into());
    let mut environment = description.environment.clone();
    environment.insert("compiler_version".to_owned(), description.compiler_version().into());
    environment.insert("compiler_version_full".to_owned(), description.compiler.as_str().into());
    let mut kernel = description.kernel.clone();
    kernel.insert("publish_path".to_owned(), publish_path(description).into());
    let mut all = json!({"revision": revision, "environment": environment, "kernel": kernel});
    for (section, keys) in MEASURED {
        for key in keys {
            if let Some(value) = made.get(section).and_then(|section| section.get(key)) {
                all[section][key] = value.clone();
            }
        }
    }
    if let Some(build) = made.get("build") {
        all["build"] = build.clone();
    }
    text::text(&all)
}

/// Where KernelCI puts a build on its server.
fn publish_path(description: &Description) -> String {
    let of = |map: &Map<String, Json>, key| Description::text(map, key).replace(['/', ':'], "-");
    let (revision, environment) = (&description.revision, &description.environment);
    let items = [
        of(revision, "tree"),
        of(revision, "branch"),
        of(revision, "describe"),
        of(environment, "arch"),
        of(&description.kernel, "defconfig_full"),
        of(environment, "name"),
    ];
    items.join("/")
}
