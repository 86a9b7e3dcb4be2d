//! Whether a step's turn has come for nothing: looks for lines in files of the work directory. Knows no step.

use std::fs;
use std::io;
use std::path::Path;

use graph::spec::Condition;

use crate::exec::workdir;

/// The first condition that is not met, in words; `None` when all are.
///
/// # Errors
/// When a file is there and cannot be read, or lies elsewhere.
pub fn unmet(work: &Path, conditions: &[Condition]) -> io::Result<Option<String>> {
    for Condition { file, line, holds } in conditions {
        let content = match fs::read(workdir::below(work, file)?) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let has_it = content.split(|&byte| byte == b'\n').any(|other| other == line.as_bytes());
        if has_it != *holds {
            let has = if has_it { "has" } else { "does not have" };
            return Ok(Some(format!("`{file}` {has} the line `{line}`")));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use graph::spec::Condition;

    use super::unmet;

    #[test]
    fn whole_lines_count() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("x"), "CONFIG_A=y\n# CONFIG_B is not set\n")
            .expect("a file");
        let check = |file: &str, line: &str, holds: bool, expect: Option<&str>| {
            let condition = Condition { file: file.to_owned(), line: line.to_owned(), holds };
            let found = unmet(dir.path(), &[condition]).map_err(|error| error.to_string());
            assert_eq!(found, Ok(expect.map(str::to_owned)), "{line}");
        };
        check("x", "CONFIG_A=y", true, None);
        check("x", "CONFIG_A=y", false, Some("`x` has the line `CONFIG_A=y`"));
        check("x", "CONFIG_A", true, Some("`x` does not have the line `CONFIG_A`"));
        check("x", "CONFIG_B=y", false, None);
        check("y", "CONFIG_A=y", false, None);
        let away = Condition { file: "../x".into(), line: String::new(), holds: true };
        assert!(unmet(dir.path(), &[away]).is_err());
    }
}
