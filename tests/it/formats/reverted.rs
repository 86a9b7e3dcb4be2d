//! `graph plan --if-reverted`: what a user sees.

use graph_cli::report::view::reverted::RevertedView;
use graph_cli::report::{markdown, text};
use insta::assert_snapshot;

use crate::bad_input::two_boards;
use crate::report::boards::{name, page, plain};

fn view() -> RevertedView {
    RevertedView {
        version: 1,
        parts: vec!["repos.poky.commit".to_owned(), "a|<b>@x".to_owned()],
        stale_now: 9,
        saved_ms: Some(5_060_000),
        fresh: vec![name("image/qemu-scarthgap"), name("image/rpi-scarthgap")],
        restorable: Vec::new(),
        open: vec![name("sdk/rpi-scarthgap")],
        stale: vec![name("image/verdin-scarthgap")],
        lost: vec![name("image/x")],
    }
}

#[test]
fn both_numbers_are_told() {
    assert_snapshot!(plain(|out| text::reverted(&view(), &page(None), out)), @"
    2 of 4 nodes that repos.poky.commit, a|<b>@x reaches would be fresh again · about 1 h 24 min less to run · 9 stale in all
      image/{qemu-scarthgap,rpi-scarthgap}

    1 node waits for what would run all the same
      sdk/rpi-scarthgap

    1 node stays stale for other reasons
      image/verdin-scarthgap

    1 node is built with what it is now and would become stale
      image/x
    ");
    assert_snapshot!(plain(|out| markdown::reverted(&view(), out)), @"
    ### 2 of 4 nodes that <code>repos.poky.commit</code>, <code>a&#124;&#60;b&#62;&#64;<!-- -->x</code> reaches would be fresh again · about 1 h 24 min less to run · 9 stale in all

    1 node waits for what would run all the same: <code>sdk/rpi-scarthgap</code>

    1 node stays stale for other reasons: <code>image/verdin-scarthgap</code>

    1 node is built with what it is now and would become stale: <code>image/x</code>

    <details><summary>2 nodes that would be fresh</summary>

    - <code>image/{qemu-scarthgap,rpi-scarthgap}</code>

    </details>
    ");
}

#[test]
fn a_part_that_no_node_has_comes_with_the_nearest() {
    let world = two_boards();
    assert_snapshot!(world.graph(&["plan", "--offline", "--if-reverted", "distrro", "--if-reverted", "zzz"]), @"
    exit status 2
    --- stderr
    error: no node has a part `distrro`
      = hint: did you mean `distro`?

    error: no node has a part `zzz`
      = hint: `graph plan` names the parts, and `graph show NODE` all of a node

    2 errors
    ");
    assert_snapshot!(world.graph(&["plan", "--offline", "--if-reverted", "distro"]), @"
    exit status 0
    --- stdout
    no node is stale for distro
    ");
}
