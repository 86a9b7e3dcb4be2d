//! What was merged into a config and is not in it: a symbol that depends on another, or that is no more. It is told, not
//! an error, as in KernelCI. Knows no node.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

/// Tells what of the merged files the config does not have.
pub(super) fn tell(config: &Path, merged: &[&Path]) -> Result<(), String> {
    let read = |path: &Path| {
        let text =
            fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()));
        Ok::<_, String>(String::from_utf8_lossy(&text?).into_owned())
    };
    let merged: Vec<String> = merged.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    let mut out = std::io::stdout().lock();
    for line in refused(&read(config)?, &merged) {
        // Nothing depends on whether it is read.
        writeln!(out, "{line}").ok();
    }
    Ok(())
}

fn refused(config: &str, merged: &[String]) -> Vec<String> {
    let has: BTreeMap<&str, &str> = config.lines().filter_map(setting).collect();
    // Of several lines of one symbol the last counts.
    let wanted: BTreeMap<&str, &str> =
        merged.iter().flat_map(|text| text.lines()).filter_map(setting).collect();
    let unlike = |(symbol, value): (&str, &str)| {
        let got = has.get(symbol).copied().unwrap_or("n");
        (got != value).then(|| {
            format!("`{symbol}={value}` was asked for, but the config has `{symbol}={got}`")
        })
    };
    wanted.into_iter().filter_map(unlike).collect()
}

/// A symbol and its value; what is not set is `n`.
fn setting(line: &str) -> Option<(&str, &str)> {
    if let Some(unset) = line.strip_prefix("# ").and_then(|line| line.strip_suffix(" is not set")) {
        return unset.starts_with("CONFIG_").then_some((unset, "n"));
    }
    line.split_once('=').filter(|(symbol, _)| symbol.starts_with("CONFIG_"))
}

#[cfg(test)]
mod tests {
    use super::refused;

    #[test]
    fn what_the_config_does_not_have() {
        let config =
            "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=m\nCONFIG_S=\"a=b\"\n# CONFIG_Z\n";
        let check = |merged: &[&str], expect: &[&str]| {
            let merged: Vec<String> = merged.iter().map(|&text| text.to_owned()).collect();
            assert_eq!(refused(config, &merged), expect);
        };
        check(&["CONFIG_A=y\nCONFIG_B=n\nCONFIG_S=\"a=b\"\n", "# CONFIG_N is not set"], &[]);
        check(&["CONFIG_A=n", "CONFIG_A=y"], &[]);
        check(&["# a comment\n\nX=y"], &[]);
        check(
            &["CONFIG_C=y\nCONFIG_N=m"],
            &[
                "`CONFIG_C=y` was asked for, but the config has `CONFIG_C=m`",
                "`CONFIG_N=m` was asked for, but the config has `CONFIG_N=n`",
            ],
        );
    }
}
