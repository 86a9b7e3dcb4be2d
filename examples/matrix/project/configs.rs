//! The text of `build-configs.yaml` and `graph.yaml`. Knows no directory.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use super::shape::{ARCHITECTURES, Matrix, Shape, VARIANTS, extra, tree};

/// `graph.yaml` of a project of machines.
pub(super) const GRAPH_YAML_OF_MACHINES: &str = "\
version: 1
sources:
  machines: .github/machines.json
defaults:
  output: \"example-image*.rootfs.wic*\"
";

/// `build-configs.yaml`, as KernelCI writes it: lists, environments and variants once, with anchors.
pub(crate) fn build_configs(shape: &Shape) -> String {
    text_of(shape).expect("a string takes everything")
}

fn text_of(shape: &Shape) -> Result<String, fmt::Error> {
    let mut text = String::from(
        "# Which kernels are built. The compiler is that of the host for all architectures, because nothing is compiled here.\n",
    );
    trees(&mut text, shape)?;
    fragments(&mut text, shape)?;
    environments(&mut text, shape)?;
    lists(&mut text, shape)?;
    text.push_str("\nbuild_configs_defaults:\n\n  variants: &usual\n");
    variants(&mut text, &shape.usual, "usual", 4)?;
    text.push_str("\nbuild_configs:\n");
    for number in 0..shape.trees {
        let name = tree(number);
        write!(text, "\n  {name}:\n    tree: {name}\n    branch: 'master'\n")?;
        let matrix = shape.matrix(number);
        if *matrix == shape.usual {
            text.push_str("    variants: *usual\n");
        } else {
            text.push_str("    variants:\n");
            variants(&mut text, matrix, "last", 6)?;
        }
    }
    Ok(text)
}

/// `graph.yaml`: each tree is the repository beside it.
pub(super) fn graph_yaml(shape: &Shape) -> Result<String, fmt::Error> {
    let mut text = String::from(
        "version: 1\nsources:\n  kernels: build-configs.yaml\n# In place of what their servers have.\ntrees:\n",
    );
    for name in (0..shape.trees).map(tree) {
        writeln!(text, "  {name}: {{path: trees/{name}.git, rev: master}}")?;
    }
    Ok(text)
}

fn trees(text: &mut String, shape: &Shape) -> fmt::Result {
    text.push_str("trees:\n");
    for name in (0..shape.trees).map(tree) {
        write!(text, "\n  {name}:\n    url: \"https://git.example.org/{name}.git\"\n")?;
    }
    Ok(())
}

/// Every architecture of every variant of every matrix.
fn all(shape: &Shape) -> impl Iterator<Item = super::shape::Defconfigs> {
    [&shape.usual, &shape.last].into_iter().flat_map(|matrix| {
        let variants = matrix.variants.iter().enumerate();
        variants.flat_map(move |(variant, counts)| {
            (0..counts.len()).map(move |arch| matrix.defconfigs(variant, arch))
        })
    })
}

fn fragments(text: &mut String, shape: &Shape) -> fmt::Result {
    if all(shape).any(|defconfigs| defconfigs.has_fragment) {
        text.write_str(
            "\nfragments:\n\n  debug:\n    path: \"kernel/configs/debug.config\"\n    configs:\n      - 'CONFIG_DEBUG_KERNEL=y'\n",
        )?;
    }
    Ok(())
}

fn environments(text: &mut String, shape: &Shape) -> fmt::Result {
    let [plain, strict] = VARIANTS;
    write!(text, "\nbuild_environments:\n\n  {plain}:\n    cc: gcc\n    cc_version: 12\n")?;
    let arches = shape.usual.variants[1].len().max(shape.last.variants[1].len());
    if arches > 0 {
        write!(text, "\n  {strict}:\n    cc: gcc\n    cc_version: 12\n    arch_params:\n")?;
    }
    for (at, arch) in ARCHITECTURES.into_iter().take(arches).enumerate() {
        if at == 0 {
            write!(text, "      {arch}: &strict\n        opts:\n          KCFLAGS: '-Werror'\n")?;
        } else {
            writeln!(text, "      {arch}: *strict")?;
        }
    }
    Ok(())
}

/// The lists of defconfigs that architectures share. The section is nobody's, and holds anchors.
fn lists(text: &mut String, shape: &Shape) -> fmt::Result {
    let lengths: BTreeSet<usize> =
        all(shape).map(|defconfigs| defconfigs.extra).filter(|&extra| extra > 0).collect();
    if lengths.is_empty() {
        return Ok(());
    }
    text.push_str("\n_anchors:\n");
    for length in lengths {
        write!(text, "\n  features-{length}: &features-{length}\n")?;
        (0..length).try_for_each(|number| writeln!(text, "    - '{}'", extra(number)))?;
    }
    Ok(())
}

fn variants(text: &mut String, matrix: &Matrix, anchor: &str, indent: usize) -> fmt::Result {
    let [plain, strict] = &matrix.variants;
    let same = plain == strict;
    for (variant, name) in VARIANTS.into_iter().enumerate() {
        let counts = &matrix.variants[variant];
        if counts.is_empty() {
            continue;
        }
        write!(text, "\n{:indent$}{name}:\n{:indent$}  build_environment: {name}\n", "", "")?;
        if same && variant > 0 {
            writeln!(text, "{:indent$}  architectures: *{anchor}-architectures", "")?;
            continue;
        }
        let mark = if same { format!(" &{anchor}-architectures") } else { String::new() };
        writeln!(text, "{:indent$}  architectures:{mark}", "")?;
        for (arch, arch_name) in ARCHITECTURES.into_iter().take(counts.len()).enumerate() {
            let defconfigs = matrix.defconfigs(variant, arch);
            writeln!(text, "{:indent$}    {arch_name}:", "")?;
            writeln!(text, "{:indent$}      base_defconfig: 'defconfig'", "")?;
            if defconfigs.extra > 0 {
                let list = defconfigs.extra;
                writeln!(text, "{:indent$}      extra_configs: *features-{list}", "")?;
            }
            if defconfigs.has_fragment {
                writeln!(text, "{:indent$}      fragments: ['debug']", "")?;
            }
        }
    }
    Ok(())
}
