//! `trees` and `fragments`. Looks into no tree.

use std::sync::Arc;

use indexmap::IndexMap;

use super::fields::Fields;
use super::words::{is_defconfig, is_fragment_name, is_name, is_path, is_url};
use crate::diagnostic::{Diagnostics, Span};
use crate::front::kas::Text;
use crate::front::kernelci::build::Fragment;
use crate::front::kernelci::merge::Section;
use crate::front::yaml::Node;

/// A tree.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) span: Span,
    /// None where it could not be read, which was said.
    pub(super) url: Option<Text>,
}

/// Fragments by name, each with its place.
pub(super) type Fragments = IndexMap<Arc<str>, (Span, Option<Arc<Fragment>>)>;

/// Reads `trees`.
pub(super) fn trees(section: &Section, found: &mut Diagnostics) -> IndexMap<Arc<str>, Tree> {
    let mut trees = IndexMap::new();
    for (name, entry) in section {
        let text = Text { value: name.clone(), span: entry.key_span.clone() };
        is_name(&text, "the name of a tree", found);
        let fields = Fields::of(&entry.value, &format!("trees.{name}"), &["url"], found);
        let url = fields
            .and_then(|fields| fields.required_text("url", found))
            .filter(|url| is_url(url, found));
        trees.insert(name.clone(), Tree { span: text.span, url });
    }
    trees
}

/// Reads `fragments`.
pub(super) fn fragments(section: &Section, found: &mut Diagnostics) -> Fragments {
    let mut fragments = IndexMap::new();
    for (name, entry) in section {
        let text = Text { value: name.clone(), span: entry.key_span.clone() };
        is_fragment_name(&text, found);
        let fragment = fragment(&text, &entry.value, found).map(Arc::new);
        fragments.insert(name.clone(), (text.span, fragment));
    }
    fragments
}

fn fragment(name: &Text, node: &Node, found: &mut Diagnostics) -> Option<Fragment> {
    let path = format!("fragments.{}", name.value);
    let fields = Fields::of(node, &path, &["path", "configs", "defconfig"], found)?;
    let path = fields
        .required_text("path", found)
        .filter(|path| is_path(path, "the `path` of a fragment", found));
    let configs = fields.texts("configs", found);
    let defconfig =
        fields.text("defconfig", found).filter(|defconfig| is_defconfig(defconfig, found));
    Some(Fragment {
        name: name.value.clone(),
        path: path?.value,
        configs: configs.into_iter().map(|line| line.value.to_string()).collect(),
        defconfig: defconfig.map(|defconfig| defconfig.value),
        declared: name.span.place(),
    })
}
