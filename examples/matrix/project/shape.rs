//! What a matrix of so many nodes consists of: trees, variants, architectures, defconfigs. Counts; writes nothing.

/// Architectures that have a Linux, by their directories in `arch/`.
pub(crate) const ARCHITECTURES: [&str; 10] =
    ["arc", "arm", "arm64", "loongarch", "mips", "powerpc", "riscv", "s390", "sparc", "x86_64"];

/// The variants, which are named as their build environments.
pub(crate) const VARIANTS: [&str; 2] = ["gcc", "gcc-strict"];

/// How many defconfigs each architecture has, in the order of [`ARCHITECTURES`]; those without any are left out.
type Counts = Vec<usize>;

/// The matrix of a build config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matrix {
    /// Of each variant.
    pub(crate) variants: [Counts; 2],
    /// How many of each architecture's defconfigs are files of the tree.
    pub(crate) in_tree: Counts,
}

/// The whole of it. Every tree has the usual matrix but the last, which has what is left of the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How many trees there are, with one build config each.
    pub(crate) trees: usize,
    /// What most of them build.
    pub(crate) usual: Matrix,
    /// What the last of them builds.
    pub(crate) last: Matrix,
}

/// The defconfigs of one architecture in one variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Defconfigs {
    /// `board-NN_defconfig` in the tree.
    pub(crate) in_tree: usize,
    /// Whether a fragment is merged into the default one.
    pub(crate) has_fragment: bool,
    /// `defconfig+CONFIG_FEATURE_NNN=y`.
    pub(crate) extra: usize,
}

impl Shape {
    /// One of so many nodes, two for each combination. Trees grow with the square root: a million nodes have 200 trees of
    /// 2,500 combinations each, and a thousand have six.
    ///
    /// # Errors
    /// When the number is odd or nothing.
    pub(crate) fn of(nodes: usize) -> Result<Self, String> {
        if nodes == 0 || !nodes.is_multiple_of(2) {
            return Err(format!("{nodes} nodes are no matrix: each combination has two"));
        }
        let combinations = nodes / 2;
        let trees = (nodes.isqrt() / 5).max(1);
        let usual = if trees == 1 { combinations } else { combinations / trees / 2 * 2 };
        let last = combinations - usual * (trees - 1);
        Ok(Self { trees, usual: Matrix::of(usual), last: Matrix::of(last) })
    }

    /// The matrix of a tree, by its number.
    pub(crate) fn matrix(&self, tree: usize) -> &Matrix {
        if tree + 1 == self.trees { &self.last } else { &self.usual }
    }

    /// How many nodes there are.
    pub(crate) fn nodes(&self) -> usize {
        2 * (self.usual.combinations() * (self.trees - 1) + self.last.combinations())
    }
}

impl Matrix {
    fn of(combinations: usize) -> Self {
        let half = combinations / 2;
        let variants = [spread(combinations - half), spread(half)];
        let arches = variants[0].len();
        let fewest = |arch| variants.iter().filter_map(move |counts| counts.get(arch)).min();
        let in_tree =
            (0..arches).map(|arch| fewest(arch).map_or(0, |count| (count - 1) / 5)).collect();
        Self { variants, in_tree }
    }

    /// How many combinations it has.
    pub(crate) fn combinations(&self) -> usize {
        self.variants.iter().flatten().sum()
    }

    /// The defconfigs of an architecture in a variant, both by number.
    pub(crate) fn defconfigs(&self, variant: usize, arch: usize) -> Defconfigs {
        let in_tree = self.in_tree[arch];
        let others = self.variants[variant][arch] - 1 - in_tree;
        let has_fragment = others > 0;
        Defconfigs { in_tree, has_fragment, extra: others - usize::from(has_fragment) }
    }

    /// Every combination: variant, architecture, defconfig.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&'static str, &'static str, String)> {
        VARIANTS.into_iter().enumerate().flat_map(move |(variant, name)| {
            let arches = ARCHITECTURES.into_iter().take(self.variants[variant].len()).enumerate();
            arches.flat_map(move |(arch, arch_name)| {
                let names = self.defconfigs(variant, arch).names();
                names.into_iter().map(move |defconfig| (name, arch_name, defconfig))
            })
        })
    }
}

impl Defconfigs {
    fn names(self) -> Vec<String> {
        let mut names = vec!["defconfig".to_owned()];
        names.extend(self.has_fragment.then(|| "defconfig+debug".to_owned()));
        names.extend((0..self.extra).map(extra));
        names.extend((0..self.in_tree).map(board));
        names
    }
}

/// A defconfig that is a file of the tree.
pub(crate) fn board(number: usize) -> String {
    format!("board-{number:02}_defconfig")
}

/// A defconfig that `build-configs.yaml` adds.
pub(crate) fn extra(number: usize) -> String {
    format!("defconfig+CONFIG_FEATURE_{number:03}=y")
}

/// The name of a tree, which is also that of its build config.
pub(crate) fn tree(number: usize) -> String {
    format!("tree-{number:03}")
}

/// So many over the architectures, as evenly as it goes.
fn spread(total: usize) -> Counts {
    let all = ARCHITECTURES.len();
    let count = |arch| total / all + usize::from(arch < total % all);
    (0..all).map(count).filter(|count| *count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::{Defconfigs, Shape};

    #[test]
    fn every_even_number_of_nodes_has_a_shape() {
        for nodes in (2..3000).step_by(2).chain([30_000, 999_998, 1_000_000]) {
            let shape = Shape::of(nodes).unwrap();
            assert_eq!(shape.nodes(), nodes);
            assert_eq!(shape.last.each().count(), shape.last.combinations(), "{nodes}");
        }
        assert!(Shape::of(0).is_err() && Shape::of(7).is_err());
    }

    #[test]
    fn a_million_nodes() {
        let shape = Shape::of(1_000_000).unwrap();
        assert_eq!((shape.trees, shape.usual.combinations()), (200, 2500));
        assert_eq!(shape.usual, shape.last);
        let expect = Defconfigs { in_tree: 24, has_fragment: true, extra: 99 };
        assert_eq!(shape.usual.defconfigs(1, 9), expect);
    }
}
