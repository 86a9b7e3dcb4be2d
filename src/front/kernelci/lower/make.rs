//! What a build environment means to make: variables, tools, the environment of its steps. As `kernelci/build.py` has it.

use std::sync::Arc;

use graph::spec::{Dir, Input, Piece, Place, Role, Source, Template};

use super::words::{is_below, is_plain, is_value, is_variable};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::front::kernelci::Toolchain;

/// What all builds with one toolchain share.
pub(super) struct Make {
    /// Variables and their values, in order.
    pub(super) variables: Vec<(Arc<str>, Arc<str>)>,
    /// The parts of a `config` node.
    pub(super) config_inputs: Vec<Input>,
    /// The parts of a `kernel` node.
    pub(super) kernel_inputs: Vec<Input>,
    /// The program that compiles the kernel.
    pub(super) compiler: Source,
}

/// Tools besides make, the compiler and the linker. Kconfig looks whether there is a `pahole`, a `rustc` and a `bindgen`
/// and remembers it in the `.config`; `depmod` lists the modules that were installed. That they are not there is a value.
const CONFIG_TOOLS: [&str; 5] = ["flex", "bison", "pahole", "rustc", "bindgen"];
const KERNEL_TOOLS: [&str; 6] = ["flex", "bison", "bc", "perl", "pahole", "depmod"];

/// Variables that say which compiler is used. Keys of their own have them, which tell what tools a build depends on.
const ELSEWHERE: [&str; 4] = ["ARCH", "CROSS_COMPILE", "CROSS_COMPILE_COMPAT", "LLVM"];

/// Variables of make that name a program.
const PROGRAMS: [&str; 9] =
    ["CC", "LD", "AR", "NM", "STRIP", "OBJCOPY", "READELF", "HOSTCC", "HOSTLD"];

impl Make {
    /// Problems are added to `found`.
    pub(super) fn of(toolchain: &Toolchain, found: &mut Diagnostics) -> Self {
        check(toolchain, found);
        let variables = variables(toolchain);
        let parts = parts(&variables, &toolchain.declared);
        let tools = tools(toolchain, &variables);
        let with = |more: &[&str]| {
            let more = more.iter().map(|&name| tool(name, Role::Key));
            parts.iter().chain(&tools).cloned().chain(more).collect::<Vec<_>>()
        };
        Self {
            config_inputs: with(&CONFIG_TOOLS),
            kernel_inputs: with(&KERNEL_TOOLS),
            compiler: Source::Tool(compiler(toolchain).into()),
            variables,
        }
    }

    /// The variables as arguments.
    pub(super) fn args(&self) -> Vec<Template> {
        let arg = |(name, value): &(Arc<str>, Arc<str>)| Template::text(format!("{name}={value}"));
        self.variables.iter().map(arg).collect()
    }

    /// The variables as arguments where something is compiled. Where the source and the build lie is hidden from debug
    /// information; what `__FILE__` says, the kernel sees to itself.
    pub(super) fn compiling_args(&self) -> Vec<Template> {
        let is_flags = |name: &str| FLAGS.contains(&name);
        let others = self.variables.iter().filter(|(name, _)| !is_flags(name));
        let mut args: Vec<Template> =
            others.map(|(name, value)| Template::text(format!("{name}={value}"))).collect();
        for name in FLAGS {
            let own = self.variables.iter().find(|(other, _)| **other == *name);
            let own = own.map_or_else(String::new, |(_, value)| format!("{value} "));
            let pieces = [
                Piece::Text(format!("{name}={own}-fdebug-prefix-map=").into()),
                Piece::Dir(Dir::Checkout),
                Piece::Text("/= -fdebug-prefix-map=".into()),
                Piece::Dir(Dir::Work),
                Piece::Text("/build=.".into()),
            ];
            args.push(Template::of(pieces));
        }
        args
    }
}

/// Flags for the compiler, of C and of assembly.
const FLAGS: [&str; 2] = ["KCFLAGS", "KAFLAGS"];

/// What would otherwise differ between hosts and times, and be built in.
pub(super) fn fixed() -> Vec<(String, Template)> {
    let all = [
        ("KBUILD_BUILD_HOST", "KernelCI"),
        ("KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 1970"),
        ("KBUILD_BUILD_VERSION", "1"),
        ("LC_ALL", "C"),
        ("SOURCE_DATE_EPOCH", "0"),
        ("TZ", "UTC"),
    ];
    all.map(|(name, value)| (name.to_owned(), Template::text(value))).into()
}

/// A part that is a variable of make.
pub(super) fn variable_part(name: &str, value: impl Into<Arc<str>>, declared: &Place) -> Input {
    let (part, source) = (format!("make {name}").into(), Source::Value(value.into()));
    Input { part, source, declared: Some(declared.clone()), role: Role::Key }
}

fn check(toolchain: &Toolchain, found: &mut Diagnostics) {
    let Toolchain { environment, arch, declared, .. } = toolchain;
    let mut refuse = |what: String| {
        let problem = format!("build environment `{environment}`, architecture `{arch}`: {what}");
        found.push(Diagnostic::error(problem).in_file(declared.to_string()));
    };
    let words = [
        ("cc", &toolchain.cc),
        ("cross_compile", &toolchain.cross_compile),
        ("cross_compile_compat", &toolchain.cross_compile_compat),
    ];
    for (key, value) in words {
        if !is_plain(value) {
            refuse(format!("`{key}` is no name of a program: `{value}`"));
        }
    }
    if toolchain.cc.is_empty() {
        refuse("`cc` is empty".to_owned());
    }
    if !arch.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || arch.is_empty() {
        refuse("this is no name of an architecture".to_owned());
    }
    for (name, value) in &toolchain.opts {
        let is_elsewhere =
            ELSEWHERE.contains(&name.as_str()) && !(name == "LLVM" && is_clang(toolchain));
        if !is_variable(name) || is_elsewhere {
            refuse(format!("`{name}` in `opts` is no variable that a configuration may set there"));
        } else if name == "KCONFIG_ALLCONFIG" && !is_below(value) {
            refuse(format!("`{name}` in `opts` leads out of the tree: `{value}`"));
        } else if !is_value(value) {
            refuse(format!("`{name}` in `opts` has characters that make would hand to a shell"));
        }
    }
}

fn variables(toolchain: &Toolchain) -> Vec<(Arc<str>, Arc<str>)> {
    let mut all: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    let mut set = |name: &str, value: &str| match all.iter_mut().find(|(same, _)| **same == *name) {
        Some((_, old)) => *old = value.into(),
        None => all.push((name.into(), value.into())),
    };
    set("KBUILD_BUILD_USER", "KernelCI");
    for (name, value) in &toolchain.opts {
        set(name, value);
    }
    let cc = &*toolchain.cc;
    set("ARCH", &toolchain.arch);
    if is_clang(toolchain) {
        set("LLVM", "1");
    } else {
        set("HOSTCC", cc);
    }
    if !toolchain.cross_compile.is_empty() {
        set("CROSS_COMPILE", &toolchain.cross_compile);
    }
    if !toolchain.cross_compile_compat.is_empty() {
        set("CROSS_COMPILE_COMPAT", &toolchain.cross_compile_compat);
    }
    if cc != "gcc" {
        set("CC", cc);
    }
    all
}

fn parts(variables: &[(Arc<str>, Arc<str>)], declared: &Place) -> Vec<Input> {
    let part = |(name, value): &(Arc<str>, Arc<str>)| {
        let own = &**name != "KBUILD_BUILD_USER";
        Input {
            declared: own.then(|| declared.clone()),
            ..variable_part(name, Arc::clone(value), declared)
        }
    };
    variables.iter().map(part).collect()
}

/// As KernelCI has it: a prefix goes with gcc alone.
fn compiler(toolchain: &Toolchain) -> String {
    match &*toolchain.cc {
        "gcc" => format!("{}gcc", toolchain.cross_compile),
        other => other.to_owned(),
    }
}

fn tools(toolchain: &Toolchain, variables: &[(Arc<str>, Arc<str>)]) -> Vec<Input> {
    let mut names = vec!["make".to_owned(), compiler(toolchain)];
    if is_clang(toolchain) {
        names.extend(["clang", "llvm-ar", "llvm-objcopy"].map(str::to_owned));
        if !variables.iter().any(|(name, _)| &**name == "LD") {
            names.push("ld.lld".to_owned());
        }
    } else {
        names.extend([format!("{}ld", toolchain.cross_compile), toolchain.cc.to_string()]);
        if !toolchain.cross_compile_compat.is_empty() {
            names.push(format!("{}gcc", toolchain.cross_compile_compat));
        }
    }
    let named = variables.iter().filter(|(name, _)| PROGRAMS.contains(&&**name));
    names.extend(named.filter_map(|(_, value)| value.split(' ').next().map(str::to_owned)));
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    let mut tools: Vec<Input> = names.iter().map(|name| tool(name, Role::Key)).collect();
    if is_clang(toolchain) {
        // Which assembler clang uses by default depends on the version of the kernel; where it is its own, this one may
        // not even be there.
        let own =
            variables.iter().find(|(name, _)| &**name == "LLVM_IAS").map(|(_, value)| &**value);
        let role = if own == Some("0") { Role::Key } else { Role::Stamp };
        tools.extend(
            (own != Some("1")).then(|| tool(&format!("{}as", toolchain.cross_compile), role)),
        );
    }
    tools
}

fn is_clang(toolchain: &Toolchain) -> bool {
    toolchain.cc.starts_with("clang")
}

fn tool(name: &str, role: Role) -> Input {
    let (part, source) = (format!("tool {name}").into(), Source::Tool(name.into()));
    Input { part, source, declared: None, role }
}
