//! `build.json`, as a front-end wrote it for a node: what the build is called, and what to look for when it has ended.
//!
//! Its first line is JSON; what follows is what the compiler says of itself, as it is.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// A build, as it was declared.
#[derive(Debug, Deserialize)]
pub(super) struct Description {
    /// `tree`, `url`, `branch`, `commit`, `describe`, `describe_verbose`.
    pub(super) revision: Map<String, Json>,
    /// `arch`, `compiler`, `cross_compile`, `cross_compile_compat`, `name`, `make_opts`.
    pub(super) environment: Map<String, Json>,
    /// `defconfig`, `defconfig_full`, `defconfig_expanded`, `defconfig_extras`.
    pub(super) kernel: Map<String, Json>,
    /// What may be the image.
    pub(super) image: Image,
    /// Whether the kernel's own tests are asked for.
    pub(super) kselftest: bool,
    /// What the compiler says of itself.
    #[serde(skip)]
    pub(super) compiler: String,
}

/// What may be the image of a kernel.
#[derive(Debug, Deserialize)]
pub(super) struct Image {
    /// What make is asked for, unless the config has it otherwise.
    pub(super) target: Option<String>,
    /// What is taken in its place, the first that is there.
    pub(super) names: Vec<String>,
    /// Below which directories of `arch/` it lies.
    pub(super) dirs: Vec<String>,
}

impl Description {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (json, compiler) = text.split_once('\n').unwrap_or((text, ""));
        let mut description: Self = serde_json::from_str(json)
            .map_err(|error| format!("the description of the build cannot be read: {error}"))?;
        compiler.lines().next().unwrap_or_default().trim().clone_into(&mut description.compiler);
        Ok(description)
    }

    /// A value that is text.
    pub(super) fn text<'a>(map: &'a Map<String, Json>, key: &str) -> &'a str {
        map.get(key).and_then(Json::as_str).unwrap_or_default()
    }

    /// The version in what the compiler says: the first word that begins as one, outside of parentheses, where
    /// distributions write theirs.
    pub(super) fn compiler_version(&self) -> &str {
        let mut depth = 0_usize;
        let mut version = "";
        for word in self.compiler.split_whitespace() {
            depth += word.matches('(').count();
            let starts = word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
            if depth == 0 && starts && version.is_empty() {
                version = &word
                    [..word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len())];
            }
            depth = depth.saturating_sub(word.matches(')').count());
        }
        version
    }
}

#[cfg(test)]
mod tests {
    use super::Description;

    #[test]
    fn versions_of_compilers() {
        let check = |line: &str, expect: &str| {
            let text = r#"{"revision":{},"environment":{},"kernel":{},"image":{"target":null,"names":[],"dirs":[]},"kselftest":false}"#;
            let text = format!("{text}\n{line}\nmore");
            let description = Description::parse(&text).expect("it is one");
            assert_eq!(description.compiler, line);
            assert_eq!(description.compiler_version(), expect, "{line}");
        };
        check("gcc (Debian 12.2.0-14+deb12u1) 12.2.0", "12.2.0");
        check("aarch64-linux-gnu-gcc (Debian 10.2.1-6) 10.2.1 20210110", "10.2.1");
        check("Debian clang version 14.0.6", "14.0.6");
        check("Ubuntu clang version 18.1.3 (1ubuntu1)", "18.1.3");
        check("clang version 16.0.6~rc1 (++2023 \"x\")", "16.0.6");
        check("toycc \"1\"", "");
        assert!(Description::parse("{").is_err());
    }
}
