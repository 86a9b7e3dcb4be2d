//! What is to be built, as far as the files say it. Data only.

use std::sync::Arc;

use crate::diagnostic::Span;
use crate::front::kas::Text;
use crate::front::kernelci::build::{Fragment, Toolchain};
use crate::front::kernelci::filter::Filters;

/// All that is declared and used.
#[derive(Debug, Default)]
pub(in super::super) struct Declared {
    /// Every fragment, in order of declaration; the others name one by its index.
    pub(in super::super) fragments: Vec<Arc<Fragment>>,
    /// The build configs, in order.
    pub(in super::super) configs: Vec<BuildConfig>,
}

/// A build config.
#[derive(Debug)]
pub(in super::super) struct BuildConfig {
    /// Its name, where it is declared.
    pub(in super::super) name: Text,
    /// The name of its tree.
    pub(in super::super) tree: Text,
    /// The URL of the tree.
    pub(in super::super) url: Text,
    /// Its branch.
    pub(in super::super) branch: Text,
    /// Its variants, in order. Most build configs share theirs.
    pub(in super::super) variants: Arc<[Arc<Variant>]>,
}

/// A variant.
#[derive(Debug)]
pub(in super::super) struct Variant {
    /// Its name.
    pub(in super::super) name: Arc<str>,
    /// Its architectures, in order.
    pub(in super::super) architectures: Vec<Architecture>,
}

/// An architecture of a variant.
#[derive(Debug)]
pub(in super::super) struct Architecture {
    /// Where it is declared.
    pub(in super::super) span: Span,
    /// What builds it; knows its name.
    pub(in super::super) toolchain: Arc<Toolchain>,
    /// What is built without a look into the tree: the base, fragments, extra configs.
    pub(in super::super) defconfigs: Vec<Defconfig>,
    /// What a defconfig has to pass.
    pub(in super::super) filters: Arc<Filters>,
}

/// A defconfig that the files name.
#[derive(Debug)]
pub(in super::super) struct Defconfig {
    /// `base+PART+PART…`.
    pub(in super::super) text: Arc<str>,
    /// The index of the fragment that must exist.
    pub(in super::super) needs: Option<usize>,
}
