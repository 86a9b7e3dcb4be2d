//! What the architectures differ in: the target of make, the image, device trees. As `kernelci/build.py` has it.

/// Which image an architecture has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Image {
    /// What make is asked for; nothing means its default target.
    pub(super) target: Option<&'static str>,
    /// What may be the image, the first that is there.
    pub(super) names: &'static [&'static str],
}

/// The image of an architecture, by its name in the configuration.
pub(super) fn image(arch: &str) -> Image {
    let (target, names): (_, &[&str]) = match arch {
        "arm" => (Some("zImage"), &["zImage", "xipImage"]),
        "arm64" => (Some("Image"), &["Image"]),
        "arc" => (Some("uImage"), &["uImage"]),
        "i386" | "x86_64" => (Some("bzImage"), &["bzImage"]),
        "x86" => (None, &["bzImage"]),
        "mips" => (Some("uImage.gz"), &["uImage.gz", "vmlinux.gz.itb", "vmlinuz"]),
        "riscv" => (None, &["Image", "Image.gz"]),
        "sparc" => (Some("zImage"), &["zImage"]),
        // KernelCI builds no others.
        _ => (None, &["Image", "zImage", "bzImage", "uImage", "vmlinuz", "vmlinux"]),
    };
    Image { target, names }
}

/// Below which directories of `arch/` its images may lie.
pub(super) fn dirs(arch: &str) -> Vec<&str> {
    match arch {
        "i386" | "x86_64" => vec![arch, "x86"],
        "sparc64" => vec![arch, "sparc"],
        _ => vec![arch],
    }
}

/// Whether the architecture has device trees to build. Where it has none, `make dtbs` is an error, and `allmodconfig` has
/// `CONFIG_OF_FLATTREE=y` everywhere.
pub(super) fn has_device_trees(arch: &str) -> bool {
    const NONE: [&str; 13] = [
        "alpha", "hexagon", "i386", "ia64", "m68k", "parisc", "parisc64", "s390", "sparc",
        "sparc64", "um", "x86", "x86_64",
    ];
    !NONE.contains(&arch)
}

/// How the kernel's own tests are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Selftests {
    /// With one target of the kernel.
    Target,
    /// With the makefile of the tests, after the headers.
    OwnMakefile,
}

/// How, for a version as `git describe` tells it; before 5.10, and where there is no version, they are not.
pub(super) fn selftests(describe: &str) -> Option<Selftests> {
    match version(describe)? {
        // KernelCI says 5.20, which became 6.0.
        newer if newer >= (5, 20) => Some(Selftests::Target),
        new if new >= (5, 10) => Some(Selftests::OwnMakefile),
        _ => None,
    }
}

fn version(describe: &str) -> Option<(u32, u32)> {
    let (major, rest) = describe.strip_prefix('v')?.split_once('.')?;
    let minor = &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())];
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Selftests, image, selftests};

    #[test]
    fn targets() {
        let target = |arch| image(arch).target.unwrap_or("-");
        let all = ["arm", "arm64", "arc", "i386", "x86_64", "mips", "sparc", "riscv", "powerpc"];
        let expect =
            ["zImage", "Image", "uImage", "bzImage", "bzImage", "uImage.gz", "zImage", "-", "-"];
        assert_eq!(all.map(target), expect);
    }

    #[test]
    fn selftests_by_version() {
        let check = |describe, expect| assert_eq!(selftests(describe), expect, "{describe}");
        check("v6.1.192", Some(Selftests::Target));
        check("v6.0-rc1-3-gabc", Some(Selftests::Target));
        check("v5.19.17", Some(Selftests::OwnMakefile));
        check("v5.10-rc1", Some(Selftests::OwnMakefile));
        check("v5.9.16", None);
        check("v4.19", None);
        check("0123abcd", None);
        check("next-20230701", None);
    }
}
