//! Which package of Debian or Ubuntu has a program. Installs nothing, and asks no package manager.

use std::path::Path;

use super::program::without_version;

/// Where a distribution says what it is.
const OS_RELEASE: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// Programs whose packages have other names, or whose versions have no packages of their own.
const PACKAGES: [(&str, &str); 22] = [
    ("bindgen", "bindgen"),
    ("bison", "bison"),
    ("bc", "bc"),
    ("ccache", "ccache"),
    ("cpio", "cpio"),
    ("depmod", "kmod"),
    ("docker", "docker.io"),
    ("flex", "flex"),
    ("git", "git"),
    ("lz4", "lz4"),
    ("lzop", "lzop"),
    ("make", "make"),
    ("mkimage", "u-boot-tools"),
    ("openssl", "openssl"),
    ("pahole", "pahole"),
    ("perl", "perl"),
    ("python3", "python3"),
    ("rsync", "rsync"),
    ("sccache", "sccache"),
    ("tar", "tar"),
    ("xz", "xz-utils"),
    ("zstd", "zstd"),
];

/// Programs of binutils, with or without the prefix of another machine.
const BINUTILS: [&str; 9] =
    ["addr2line", "ar", "as", "ld", "nm", "objcopy", "objdump", "readelf", "strip"];

/// Machines for which Debian has cross compilers.
const MACHINES: [&str; 23] = [
    "aarch64",
    "alpha",
    "arc",
    "arm",
    "hppa",
    "i686",
    "loongarch64",
    "m68k",
    "mips",
    "mips64",
    "mips64el",
    "mipsel",
    "mipsisa64r6",
    "mipsisa64r6el",
    "powerpc",
    "powerpc64",
    "powerpc64le",
    "riscv64",
    "s390x",
    "sh4",
    "sparc64",
    "x86_64",
    "hppa64",
];

/// What to do on this host about a program that is not installed, where its distribution is known.
#[must_use]
pub fn package_hint(program: &str) -> Option<String> {
    let text = OS_RELEASE.iter().find_map(|path| std::fs::read_to_string(Path::new(path)).ok())?;
    let name = is_debian(&text).then(|| package(program)).flatten()?;
    Some(format!("`apt install {name}`"))
}

/// Whether `os-release` is that of Debian, Ubuntu or one of their children.
fn is_debian(os_release: &str) -> bool {
    let value = |line: &str, key: &str| {
        line.strip_prefix(key)?.strip_prefix('=').map(|value| value.trim_matches('"').to_owned())
    };
    os_release.lines().any(|line| {
        let ids = value(line, "ID").or_else(|| value(line, "ID_LIKE")).unwrap_or_default();
        ids.split_whitespace().any(|id| id == "debian" || id == "ubuntu")
    })
}

/// The package that has a program.
fn package(program: &str) -> Option<String> {
    let bare = without_version(program);
    let version = &program[bare.len()..];
    if let Some((_, package)) = PACKAGES.iter().find(|(name, _)| *name == bare) {
        return Some((*package).to_owned());
    }
    if let Some((prefix, tool)) = bare.rsplit_once('-')
        && is_debian_target(prefix)
    {
        // No package has an underscore in its name.
        let target = prefix.replace('_', "-");
        return match tool {
            "gcc" | "cpp" => Some(format!("gcc{version}-{target}")),
            tool if BINUTILS.contains(&tool) => Some(format!("binutils-{target}")),
            _ => None,
        };
    }
    match bare {
        "gcc" | "clang" => Some(format!("{bare}{version}")),
        "lld" | "ld.lld" => Some(format!("lld{version}")),
        tool if tool.starts_with("llvm-") => Some(format!("llvm{version}")),
        tool if BINUTILS.contains(&tool) => Some("binutils".to_owned()),
        _ => None,
    }
}

/// `aarch64-linux-gnu`, `arm-linux-gnueabihf`, and `arm-none-eabi`, the one for no system at all.
fn is_debian_target(prefix: &str) -> bool {
    let Some((machine, system)) = prefix.split_once('-') else { return false };
    prefix == "arm-none-eabi" || (MACHINES.contains(&machine) && system.starts_with("linux-gnu"))
}

#[cfg(test)]
mod tests {
    use super::{is_debian, package};

    #[test]
    fn programs_have_packages() {
        for (program, expect) in [
            ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
            ("arm-linux-gnueabihf-gcc", "gcc-arm-linux-gnueabihf"),
            ("riscv64-linux-gnu-gcc", "gcc-riscv64-linux-gnu"),
            ("x86_64-linux-gnu-gcc", "gcc-x86-64-linux-gnu"),
            ("aarch64-linux-gnu-gcc-12", "gcc-12-aarch64-linux-gnu"),
            ("aarch64-linux-gnu-ld", "binutils-aarch64-linux-gnu"),
            ("arm-none-eabi-gcc", "gcc-arm-none-eabi"),
            ("gcc", "gcc"),
            ("gcc-12", "gcc-12"),
            ("clang-16", "clang-16"),
            ("ld.lld", "lld"),
            ("ld.lld-16", "lld-16"),
            ("llvm-objcopy", "llvm"),
            ("llvm-nm-16", "llvm-16"),
            ("ld", "binutils"),
            ("bison", "bison"),
            ("xz", "xz-utils"),
        ] {
            assert_eq!(package(program).as_deref(), Some(expect), "{program}");
        }
        for program in ["arc-elf32-gcc", "kas", "mine", "a-b-ld"] {
            assert_eq!(package(program), None, "{program}");
        }
    }

    #[test]
    fn distributions_say_what_they_are() {
        assert!(is_debian("NAME=x\nID=debian\n"));
        assert!(is_debian("ID=ubuntu\nID_LIKE=debian\n"));
        assert!(is_debian("ID=\"linuxmint\"\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!is_debian("ID=fedora\nVERSION_ID=40\n"));
        assert!(!is_debian(""));
    }
}
