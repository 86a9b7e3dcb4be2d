//! The steps of both nodes. Knows no part.
//!
//! No value of a configuration becomes a program, an option or a word of a shell: see [`super::words`].

use std::sync::Arc;

use graph::spec::{Condition, Dir, GeneratedFile, Piece, Step, Template};

use super::arch::{Selftests, has_device_trees, image};
use super::defconfig::{Defconfig, Merged};
use super::description;
use super::make::{Make, fixed};

/// The kernel's config, in the work directory.
pub(super) const DOT_CONFIG: &str = "build/.config";

/// The lines that a defconfig string asks for.
const LINES: &str = "kernelci.config";

/// What the kernel's own tests ask for.
const SELFTESTS: &str = "kselftest.config";

/// What make does for all builds with one toolchain, the targets left out.
pub(super) struct Calls {
    config: Vec<Template>,
    kernel: Vec<Template>,
}

impl Calls {
    pub(super) fn of(make: &Make) -> Self {
        let in_tree = || vec![Template::text("-C"), at(Dir::Checkout, ""), output()];
        Self {
            config: in_tree().into_iter().chain(make.args()).collect(),
            kernel: in_tree().into_iter().chain(make.compiling_args()).collect(),
        }
    }

    /// The files and steps that make a `.config`.
    pub(super) fn config(&self, defconfig: &Defconfig<'_>) -> (Vec<GeneratedFile>, Vec<Step>) {
        let variables = defconfig.variables.iter();
        let variables = variables.map(|(name, value)| Template::text(format!("{name}={value}")));
        let args =
            self.config.iter().cloned().chain(variables).chain([Template::text(defconfig.base)]);
        let mut steps = vec![Step {
            name: "config",
            program: "make",
            args: args.collect(),
            env: fixed(),
            ..Step::default()
        }];
        if !defconfig.is_merged() {
            return (Vec::new(), steps);
        }
        let (files, merged) = merged(defconfig);
        if defconfig.has_selftests() {
            let args =
                vec![Template::text("__kernel-fragment"), at(Dir::Checkout, ""), work(SELFTESTS)];
            steps.push(Step { name: "fragment", program: "graph", args, ..Step::default() });
        }
        let script = at(Dir::Checkout, "/scripts/kconfig/merge_config.sh");
        // `-m`: that is all that it does. What it would do next is to call make where it runs, without the variables, and
        // that must be the checkout, in which it could not write.
        let options = [Template::text("-m"), Template::text("-O"), work("build"), work(DOT_CONFIG)];
        let args = std::iter::once(script).chain(options).chain(merged.iter().cloned());
        let locale = vec![("LC_ALL".to_owned(), Template::text("C"))];
        steps.push(Step {
            name: "merge",
            program: "sh",
            args: args.collect(),
            env: locale,
            ..Step::default()
        });
        let all = [
            Piece::Text("KCONFIG_ALLCONFIG=".into()),
            Piece::Dir(Dir::Work),
            Piece::Text(format!("/{DOT_CONFIG}").into()),
        ];
        let all = Template::of(all);
        let args = self.config.iter().cloned().chain([all, Template::text("alldefconfig")]);
        steps.push(Step {
            name: "alldefconfig",
            program: "make",
            args: args.collect(),
            env: fixed(),
            ..Step::default()
        });
        let args =
            [Template::text("__kernel-requested"), work(DOT_CONFIG)].into_iter().chain(merged);
        let args = args.collect();
        steps.push(Step { name: "requested", program: "graph", args, ..Step::default() });
        (files, steps)
    }

    /// The steps that make a kernel of a `.config`.
    pub(super) fn kernel(&self, arch: &str, selftests: Option<Selftests>) -> Vec<Step> {
        let (with, without) = (|line| condition(line, true), |line| condition(line, false));
        let make = |name, when, more: &[Template], target: Option<&str>| {
            let mut args = self.kernel.clone();
            args.extend_from_slice(more);
            args.extend(target.map(Template::text));
            Step { name, when, program: "make", args, env: fixed(), ..Step::default() }
        };
        let (xip, zboot) = ("CONFIG_XIP_KERNEL=y", "CONFIG_SYS_SUPPORTS_ZBOOT=y");
        let modules = || vec![with("CONFIG_MODULES=y")];
        let installed = [
            Template::of([
                Piece::Text("INSTALL_MOD_PATH=".into()),
                Piece::Dir(Dir::Work),
                Piece::Text("/build/_modules_".into()),
            ]),
            Template::text("INSTALL_MOD_STRIP=1"),
        ];
        let mut steps = vec![
            verb("firmware", "__kernel-firmware"),
            make("kernel", vec![with(xip)], &[], Some("xipImage")),
            make("kernel", vec![without(xip), with(zboot)], &[], Some("vmlinuz")),
            make("kernel", vec![without(xip), without(zboot)], &[], image(arch).target),
            make("modules", modules(), &[], Some("modules")),
            make("modules_install", modules(), &installed, Some("modules_install")),
            Step { when: modules(), ..modules_tarball() },
        ];
        if has_device_trees(arch) {
            steps.push(make("dtbs", vec![with("CONFIG_OF_FLATTREE=y")], &[], Some("dtbs")));
        }
        let format = [Template::text("FORMAT=.xz")];
        match selftests {
            Some(Selftests::Target) => {
                steps.push(make("kselftest", Vec::new(), &format, Some("kselftest-gen_tar")));
            }
            Some(Selftests::OwnMakefile) => {
                steps.push(make("headers", Vec::new(), &[], Some("headers")));
                let mut step = make("kselftest", Vec::new(), &format, Some("gen_tar"));
                step.args[1] = at(Dir::Checkout, "/tools/testing/selftests");
                steps.push(step);
            }
            None => {}
        }
        steps.push(verb("artifacts", "__kernel-artifacts"));
        steps
    }
}

/// The files with lines, and everything that is merged, in order.
fn merged(defconfig: &Defconfig<'_>) -> (Vec<GeneratedFile>, Vec<Template>) {
    let (mut files, mut merged) = (Vec::new(), Vec::new());
    let mut write = |path: String, content: String, merged: &mut Vec<Template>| {
        merged.push(work(&path));
        files.push(GeneratedFile { path: path.into(), content: Template::text(content) });
    };
    if !defconfig.lines.is_empty() {
        write(LINES.to_owned(), lines(&defconfig.lines), &mut merged);
    }
    for (number, &fragment) in (1..).zip(&defconfig.merged) {
        match fragment {
            Merged::Path(path, _) => merged.push(at(Dir::Checkout, &format!("/{path}"))),
            Merged::Lines(fragment) => {
                write(file_name(number, &fragment.name), lines(&fragment.configs), &mut merged);
            }
            Merged::Selftests(fragment) => {
                merged.push(work(SELFTESTS));
                if !fragment.configs.is_empty() {
                    write(file_name(number, &fragment.name), lines(&fragment.configs), &mut merged);
                }
            }
        }
    }
    (files, merged)
}

fn lines<S: AsRef<str>>(lines: &[S]) -> String {
    lines.iter().flat_map(|line| [line.as_ref(), "\n"]).collect()
}

/// The script splits its arguments at blanks.
fn file_name(number: usize, fragment: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    format!("fragment-{number}-{}.config", fragment.chars().map(safe).collect::<String>())
}

fn condition(line: &str, holds: bool) -> Condition {
    Condition { file: DOT_CONFIG.to_owned(), line: line.to_owned(), holds }
}

/// A step of this very program, in the work directory.
fn verb(name: &'static str, verb: &'static str) -> Step {
    let args = vec![Template::text(verb), at(Dir::Work, ""), Template::text(description::FILE)];
    Step { name, program: "graph", args, ..Step::default() }
}

/// The same modules make the same bytes. One thread, because several cut the stream elsewhere than one does.
fn modules_tarball() -> Step {
    let fixed = [
        "--create",
        "--xz",
        "--format=gnu",
        "--sort=name",
        "--mtime=@0",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--mode=u+rw,go=rX",
        // Where they were built.
        "--exclude=./lib/modules/*/build",
        "--exclude=./lib/modules/*/source",
    ];
    let mut args: Vec<Template> = fixed.map(Template::text).into();
    args.extend([
        Template::text("--directory"),
        work("build/_modules_"),
        Template::text("--file"),
        work("build/modules.tar.xz"),
        Template::text("."),
    ]);
    let env = [("XZ_OPT", "-T1"), ("LC_ALL", "C")];
    let env = env.map(|(name, value)| (name.to_owned(), Template::text(value))).into();
    Step { name: "modules_tar", program: "tar", args, env, ..Step::default() }
}

fn output() -> Template {
    Template::of([Piece::Text("O=".into()), Piece::Dir(Dir::Work), Piece::Text("/build".into())])
}

fn work(path: &str) -> Template {
    at(Dir::Work, &format!("/{path}"))
}

fn at(dir: Dir, below: &str) -> Template {
    let mut pieces = vec![Piece::Dir(dir)];
    if !below.is_empty() {
        pieces.push(Piece::Text(Arc::from(below)));
    }
    Template::of(pieces)
}
