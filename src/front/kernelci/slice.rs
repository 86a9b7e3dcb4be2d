//! What the nodes of a build config are made of, as one digest: where it is what it was, so are they. Makes no node.
//!
//! Everything enters that expansion and lowering look at: what is declared, and the commit with what git says of it. What the
//! tree of the commit holds is a function of the commit. Where something stands in its file does not enter: no node differs
//! by that. Every type is taken apart field by field, so that a new one cannot be forgotten.

use std::collections::HashMap;
use std::sync::Arc;

use graph::digest::{Digest, Fields};
use graph::name::NodeName;
use graph::spec::{Commit, Repository, Role};

use super::build::{Fragment, Toolchain};
use super::file::{Architecture, BuildConfig, Declared, Defconfig, Variant};
use super::trees::Head;

/// A build config at a commit, and what its nodes are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// As [`NodeName::slice`] of its nodes.
    pub name: Arc<str>,
    /// The digest of what they are made of, but for what is observed of tools.
    pub declared: Digest,
}

/// What was found of a slice when all of its nodes were fresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshSlice {
    /// As [`NodeName::slice`] of its nodes.
    pub name: Arc<str>,
    /// How many nodes it has.
    pub nodes: usize,
    /// How many combinations of it filters reject.
    pub excluded: usize,
}

/// What is known of slices without a look at their nodes: a seam, since to know it is a cache's work.
pub trait FreshSlices: Sync {
    /// Each of the slices that need not be expanded, at its place: it is made of what it was made of then, and either all of
    /// its nodes are fresh now or none is wanted.
    fn unexpanded(&self, slices: &[Slice]) -> Vec<Option<FreshSlice>>;
}

/// Nothing is known: every node is wanted.
pub struct NoneFresh;

impl FreshSlices for NoneFresh {
    fn unexpanded(&self, slices: &[Slice]) -> Vec<Option<FreshSlice>> {
        vec![None; slices.len()]
    }
}

/// Makes digests of build configs; what many share is digested once.
pub(super) struct Slices<'a> {
    fragments: &'a [Arc<Fragment>],
    described: Role,
    variants: HashMap<*const Arc<Variant>, Digest>,
}

impl<'a> Slices<'a> {
    pub(super) fn of(declared: &'a Declared, described: Role) -> Self {
        Self { fragments: &declared.fragments, described, variants: HashMap::new() }
    }

    /// The slice of a build config at a commit; none where its name can be no node's.
    pub(super) fn slice(&mut self, config: &BuildConfig, head: &Head) -> Option<Slice> {
        let BuildConfig { name, tree, url, branch, variants } = config;
        let Head { commit, describe, describe_verbose } = head;
        let node = NodeName::new("kernel", [&*name.value, "all"]).ok()?;
        let mut fields = Fields::of("graph slice of kernels v1");
        for text in [name, tree, url, branch] {
            fields.add(&*text.value);
        }
        let Commit { repository, id } = &**commit;
        match repository {
            Repository::Mirror(url) => add(&mut fields, ["mirror", url]),
            Repository::Local(dir) => add(&mut fields, ["local", dir]),
        }
        add(&mut fields, [id, describe, describe_verbose]);
        fields.add([u8::from(self.described == Role::Key)]);
        let fragments = self.fragments;
        let list = self.variants.entry(variants.as_ptr());
        fields.add(list.or_insert_with(|| list_digest(variants, fragments)).as_bytes());
        Some(Slice { name: node.slice()?.into(), declared: fields.finish() })
    }
}

fn list_digest(variants: &[Arc<Variant>], fragments: &[Arc<Fragment>]) -> Digest {
    let mut fields = Fields::of("graph variants v1");
    for variant in variants {
        let Variant { name, architectures } = &**variant;
        add(&mut fields, ["variant", name]);
        for Architecture { span: _, toolchain, defconfigs, filters } in architectures {
            fields.add("architecture");
            add_toolchain(&mut fields, toolchain);
            for Defconfig { text, needs } in defconfigs {
                add(&mut fields, ["defconfig", text]);
                if let Some(fragment) = needs.and_then(|index| fragments.get(index)) {
                    fields.add("needs");
                    add_fragment(&mut fields, fragment);
                }
                // Whatever a part may stand for; a defconfig of the tree has none.
                for part in text.split('+').skip(1) {
                    let meant = fragments
                        .iter()
                        .filter(|fragment| *fragment.name == *part || *fragment.path == *part);
                    meant.for_each(|fragment| add_fragment(&mut fields, fragment));
                }
            }
            fields.add("filters");
            filters.add_to(&mut fields);
        }
    }
    fields.finish()
}

fn add_toolchain(fields: &mut Fields, toolchain: &Toolchain) {
    let Toolchain {
        environment,
        cc,
        arch,
        make_arch,
        cross_compile,
        cross_compile_compat,
        opts,
        declared: _,
    } = toolchain;
    add(fields, [environment, cc, arch, make_arch, cross_compile, cross_compile_compat]);
    fields.add(opts.len().to_le_bytes());
    for (name, value) in opts {
        add(fields, [name, value]);
    }
}

fn add_fragment(fields: &mut Fields, fragment: &Fragment) {
    let Fragment { name, path, configs, defconfig, declared: _ } = fragment;
    add(fields, ["fragment", name, path, defconfig.as_deref().unwrap_or("")]);
    fields.add([u8::from(defconfig.is_some())]);
    fields.add(configs.len().to_le_bytes());
    configs.iter().for_each(|line| fields.add(line));
}

fn add<const COUNT: usize>(fields: &mut Fields, texts: [&str; COUNT]) {
    texts.iter().for_each(|text| fields.add(text));
}
