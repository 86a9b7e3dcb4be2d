//! Selectors that mean nothing, or too much.

use super::two_boards;

#[test]
fn nothing_matches() {
    let world = two_boards();
    insta::assert_snapshot!(world.graph(&["list", "image/ome-scarthgap"]), @"
    exit status 2
    --- stderr
    error: no node matches `image/ome-scarthgap`
      = hint: did you mean `image/one-scarthgap`, `image/two-scarthgap`?
    ");
    insta::assert_snapshot!(world.graph(&["plan", "workflow=onpush", "machine=three", "image/["]), @"
    exit status 2
    --- stderr
    error: no node matches `workflow=onpush`
      = hint: `graph list` has all names and labels

    error: no node matches `machine=three`
      = hint: `graph list` has all names and labels

    error: `image/[` is not a selector: unclosed character class; missing ']'

    3 errors
    ");
    insta::assert_snapshot!(world.graph(&["why", "nope"]), @"
    exit status 2
    --- stderr
    error: no node matches `nope`
      = hint: `graph list` has all names and labels
    ");
}

#[test]
fn one_node_is_asked_for() {
    let world = two_boards();
    insta::assert_snapshot!(world.graph(&["show", "image/*"]), @"
    exit status 2
    --- stderr
    error: `image/*` means 2 nodes, and one is asked for
    hint: such as `image/one-scarthgap`, `image/two-scarthgap`
    ");
    insta::assert_snapshot!(world.graph(&["log", "image/one-scarthgap"]), @"
    exit status 2
    --- stderr
    error: `image/one-scarthgap` has no log
    hint: `graph runs` lists the runs that are remembered
    ");
    insta::assert_snapshot!(world.graph(&["why", "image/one-scarthgap", "--run", "7"]), @"
    exit status 2
    --- stderr
    error: `image/one-scarthgap` had no part in run 7, or that is forgotten
    hint: `graph runs` lists the runs that are remembered
    ");
}
