//! What is to be built, as expansion finds it and as it is lowered. Data only.

use std::sync::Arc;

use graph::spec::Place;

use super::trees::Head;

/// The builds of an architecture, in a variant of a build config, at a commit: one for each defconfig.
#[derive(Debug, Clone)]
pub struct KernelBuilds {
    /// What its build config says, at its commit.
    pub config: Arc<ConfigAt>,
    /// The name of the variant.
    pub variant: Arc<str>,
    /// What builds it: the variant's environment, for this architecture.
    pub toolchain: Arc<Toolchain>,
    /// Each `base+PART+PART…`, in order.
    pub defconfigs: Vec<Arc<str>>,
    /// Where the architecture of the variant is declared.
    pub declared: Place,
}

/// A build config at the commit that its branch names.
#[derive(Debug, Clone)]
pub struct ConfigAt {
    /// Its name.
    pub name: Arc<str>,
    /// The name of its tree.
    pub tree: Arc<str>,
    /// The tree's URL, as configured.
    pub url: Arc<str>,
    /// Its branch.
    pub branch: Arc<str>,
    /// The commit.
    pub head: Head,
    /// Where it is declared.
    pub declared: Place,
}

/// A build environment for one architecture.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// The name of the environment, such as `gcc-12`.
    pub environment: Arc<str>,
    /// The compiler, without the prefix of a cross compiler: `gcc` or `clang`.
    pub cc: Arc<str>,
    /// The key of the architecture in the matrix, such as `x86_64`.
    pub arch: Arc<str>,
    /// `ARCH`, which `arch_params` can say; else the key.
    pub make_arch: Arc<str>,
    /// `CROSS_COMPILE`; empty for none.
    pub cross_compile: Arc<str>,
    /// `CROSS_COMPILE_COMPAT`; empty for none.
    pub cross_compile_compat: Arc<str>,
    /// Further variables for make, in order of declaration.
    pub opts: Vec<(String, String)>,
    /// Where it is declared.
    pub declared: Place,
}

/// A config fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// Its name.
    pub name: Arc<str>,
    /// Its path in the tree.
    pub path: Arc<str>,
    /// Its lines; empty where it is a file of the tree.
    pub configs: Vec<String>,
    /// The defconfig that it stands for, if it does.
    pub defconfig: Option<Arc<str>>,
    /// Where it is declared.
    pub declared: Place,
}
