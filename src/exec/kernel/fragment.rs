//! The config fragment of the kernel's own tests: whatever files called `config` lie below them. Knows no node.

use std::fs;
use std::io;
use std::path::Path;

/// Where the tests lie.
const TESTS: &str = "tools/testing/selftests";

/// Writes the fragment of a checkout. In order of the paths, where KernelCI takes them as `find` does.
pub(super) fn write(checkout: &Path, file: &Path) -> Result<(), String> {
    let text = text(checkout).map_err(|error| format!("cannot read below `{TESTS}`: {error}"))?;
    fs::write(file, text).map_err(|error| format!("cannot write `{}`: {error}", file.display()))
}

fn text(checkout: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut paths = Vec::new();
    find(checkout, TESTS, &mut paths)?;
    paths.sort();
    for path in paths {
        text.extend(format!("#\n# {path}\n#\n").bytes());
        text.extend(fs::read(checkout.join(&path))?);
        if text.last() != Some(&b'\n') {
            text.push(b'\n');
        }
    }
    Ok(text)
}

/// Links are not followed.
fn find(checkout: &Path, dir: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(checkout.join(dir))? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let (path, kind) = (format!("{dir}/{name}"), entry.file_type()?);
        if kind.is_dir() {
            find(checkout, &path, paths)?;
        } else if kind.is_file() && name == "config" {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::write;

    #[test]
    fn configs_of_the_tests_are_put_together() {
        let dir = tempfile::tempdir().expect("a directory");
        let tests = dir.path().join("tools/testing/selftests");
        let all =
            [("vm/config", "CONFIG_V=y"), ("bpf/config", "CONFIG_B=y\n"), ("vm/x.config", "x")];
        for (path, text) in all {
            fs::create_dir_all(tests.join(path).parent().expect("it has one")).expect("made");
            fs::write(tests.join(path), text).expect("written");
        }
        let file = dir.path().join("out.config");
        write(dir.path(), &file).expect("it is written");
        let expect = "#\n# tools/testing/selftests/bpf/config\n#\nCONFIG_B=y\n\
                      #\n# tools/testing/selftests/vm/config\n#\nCONFIG_V=y\n";
        assert_eq!(fs::read_to_string(file).expect("it is there"), expect);
        assert!(write(&dir.path().join("none"), &dir.path().join("x")).is_err());
    }
}
