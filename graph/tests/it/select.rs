//! Selectors over a small matrix.

use graph::model::Graph;
use graph::query::Selector;
use graph::spec::Spec;

use crate::world::{label, node};

fn matrix() -> Graph {
    let mut nodes = Vec::new();
    for (machine, workflow) in [("rpi", "onpush"), ("rock5a", "manual"), ("rock5b", "tag")] {
        let mut image = node(&format!("image/{machine}-scarthgap"), &[]);
        image.labels = vec![label("machine", machine), label("workflow", workflow)].into();
        nodes.push(image);
    }
    let mut sdk = node("sdk/rpi-scarthgap", &["image/rpi-scarthgap"]);
    sdk.labels =
        vec![label("machine", "rpi"), label("workflow", "onpush"), label("workflow", "tag")].into();
    nodes.push(sdk);
    nodes.push(node("kernel/next/gcc-12/arm64/defconfig", &[]));
    nodes.push(node("kernel/next/gcc-12/arm64/defconfig+CONFIG_A=y", &[]));
    Graph::build(Spec { nodes }).unwrap()
}

fn check(selectors: &[&str], expect: &str) {
    let graph = matrix();
    let found = match graph.select(selectors) {
        Ok(ids) => ids.iter().map(|&id| graph.node(id).name.to_string()).collect(),
        Err(bad) => bad.iter().map(|bad| format!("{bad:?}")).collect::<Vec<_>>(),
    };
    assert_eq!(found.join("\n"), expect, "{selectors:?}");
}

#[test]
fn names_globs_labels_unions_and_exclusions() {
    let all = "image/rpi-scarthgap\nimage/rock5a-scarthgap\nimage/rock5b-scarthgap\nsdk/rpi-scarthgap\n\
               kernel/next/gcc-12/arm64/defconfig\nkernel/next/gcc-12/arm64/defconfig+CONFIG_A=y";
    check(&[], all);
    check(&["**"], all);
    check(&["image/rpi-scarthgap"], "image/rpi-scarthgap");
    check(&["image/rock*"], "image/rock5a-scarthgap\nimage/rock5b-scarthgap");
    check(&["image/rock5[b-z]*"], "image/rock5b-scarthgap");
    check(&["{sdk,image}/rpi*"], "image/rpi-scarthgap\nsdk/rpi-scarthgap");
    check(&["kernel/next/*/arm64/defconfig"], "kernel/next/gcc-12/arm64/defconfig");
    check(&["kernel/**/*=y"], "kernel/next/gcc-12/arm64/defconfig+CONFIG_A=y");
    check(
        &["kernel/next/gcc-12/arm64/defconfig+CONFIG_A=y"],
        "kernel/next/gcc-12/arm64/defconfig+CONFIG_A=y",
    );
    check(&["workflow=tag"], "image/rock5b-scarthgap\nsdk/rpi-scarthgap");
    check(
        &["machine=rock*", "sdk/*"],
        "image/rock5a-scarthgap\nimage/rock5b-scarthgap\nsdk/rpi-scarthgap",
    );
    check(
        &["!kernel/**", "!sdk/**"],
        "image/rpi-scarthgap\nimage/rock5a-scarthgap\nimage/rock5b-scarthgap",
    );
    check(&["!machine=rpi", "image/*"], "image/rock5a-scarthgap\nimage/rock5b-scarthgap");
    check(
        &["image/*", "!machine=rpi", "image/rpi-scarthgap"],
        "image/rock5a-scarthgap\nimage/rock5b-scarthgap",
    );
    check(&["sdk/*", "!sdk/*"], "");
}

#[test]
fn a_star_stays_within_a_segment() {
    check(&["kernel/*"], r#"UnknownTarget { selector: "kernel/*", nearest: ["kernel/**"] }"#);
}

#[test]
fn all_that_is_wrong_is_told_with_the_nearest() {
    check(
        &[
            "image/rpi-scarthgab",
            "rock5b-scarthgap",
            "workflow=onpsh",
            "!arch=arm",
            "kernel",
            "image/[",
            "",
            "!",
            "image/*",
            "",
        ],
        r#"UnknownTarget { selector: "image/rpi-scarthgab", nearest: ["image/rpi-scarthgap", "image/rock5a-scarthgap", "image/rock5b-scarthgap"] }
UnknownTarget { selector: "rock5b-scarthgap", nearest: ["image/rock5b-scarthgap", "image/rock5a-scarthgap"] }
UnknownTarget { selector: "workflow=onpsh", nearest: ["workflow=onpush"] }
UnknownTarget { selector: "!arch=arm", nearest: [] }
UnknownTarget { selector: "kernel", nearest: ["kernel/**"] }
Malformed { selector: "image/[", reason: "unclosed character class; missing ']'" }
Malformed { selector: "", reason: "it names nothing" }
Malformed { selector: "!", reason: "it names nothing" }"#,
    );
}

#[test]
fn what_means_one_slice_says_so() {
    let graph = matrix();
    let check = |written: &str, expect: Option<&str>| {
        let selector = Selector::parse(written).unwrap();
        let slice = selector.slice("tree");
        assert_eq!(slice.as_deref(), expect, "{written}");
        for node in graph.ids().map(|id| graph.node(id)).filter(|node| selector.matches(node)) {
            assert!(slice.is_none() || node.name.slice() == slice.as_deref(), "{written}");
        }
    };
    check("kernel/next/gcc-12/arm64/defconfig", Some("next"));
    check("kernel/next/**", Some("next"));
    check("!kernel/next/*/arm64/*", Some("next"));
    check("*/next/**/*=y", Some("next"));
    check("tree=next", Some("next"));
    check("tree=a/b", Some("a%2Fb"));
    for anywhere in [
        "image/rpi-scarthgap",
        "**",
        "kernel/**",
        "**/next/**",
        "k**/next/**",
        "kernel/*",
        "kernel/nex?/**",
        "kernel/ne[x]t/**",
        "{kernel/next,kernel}/next/gcc-12/**",
        "kernel/next/{gcc-12,x}/**",
        "kernel/n\\ext/**",
        "tree=nex*",
        "arch=next",
        "arch=a/next/b",
    ] {
        check(anywhere, None);
    }
}
