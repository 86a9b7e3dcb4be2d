//! Artifacts get in and out whole, or not at all.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use cache::{Error, Problem, Produced};
use graph::digest::Digest;

use crate::world::{World, damage, execution, node};

#[test]
fn an_artifact_is_no_link_to_anything() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    world.build(&run, "image/a", "1", &[("x", "image")]);
    let inode = |path| fs::metadata(path).unwrap().ino();
    let (made, kept) = (world.path("work/x"), world.artifact("image"));
    let shown = cache.out_dir(&node("image/a")).join("x");
    assert!(inode(&made) != inode(&kept) && inode(&kept) != inode(&shown));
    fs::write(&made, "later").unwrap();
    fs::write(&shown, "mine").unwrap();
    assert_eq!(fs::read_to_string(&kept).unwrap(), "image");
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o444);
}

#[test]
fn equal_content_is_kept_once_and_heals() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    world.build(&run, "image/a", "1", &[("x", "same"), ("y", "same")]);
    assert_eq!(world.artifacts().len(), 1);
    damage(&world.artifact("same"), "rotten");
    world.build(&run, "image/b", "1", &[("z", "same")]);
    assert_eq!(cache.verify().unwrap(), []);
}

#[test]
fn permission_to_execute_belongs_to_the_output() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let produced = world.produce(&[("plain", "same"), ("program", "same")]);
    fs::set_permissions(&produced[1].file, fs::Permissions::from_mode(0o755)).unwrap();
    let record = run.commit_success(execution("image/a", "1", 5), &produced).unwrap();
    assert_eq!(
        record.outputs.iter().map(|output| output.executable).collect::<Vec<_>>(),
        [false, true]
    );
    let mode = |name: &str| {
        fs::metadata(cache.out_dir(&node("image/a")).join(name)).unwrap().permissions().mode()
    };
    assert_eq!((mode("plain") & 0o111, mode("program") & 0o100), (0, 0o100));
}

#[test]
fn disk_images_stay_sparse() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let mut image = vec![0_u8; 4 << 20];
    image[1 << 20] = 1;
    let file = world.path("work/image.wic");
    fs::write(&file, &image).unwrap();
    let produced = [Produced { path: "image.wic".into(), file }];
    let record = run.commit_success(execution("image/a", "1", 5), &produced).unwrap();
    assert_eq!(record.outputs[0].digest, Digest::of(&image));
    let shown = cache.out_dir(&node("image/a")).join("image.wic");
    assert!(fs::read(&shown).unwrap() == image, "the content is what it was");
    for path in [&shown, &world.artifacts()[0]] {
        let taken = fs::metadata(path).unwrap().blocks() * 512;
        assert!(taken <= 1 << 20, "{taken} bytes for an image of zeros");
    }
    assert!(cache.stat().unwrap().artifact_bytes <= 1 << 20);
}

#[test]
fn outputs_that_cannot_be_are_refused_before_anything_is_done() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    world.build(&run, "image/a", "1", &[("x", "good")]);
    let file = world.path("work/x");
    let produced = |paths: &[&str]| -> Vec<Produced> {
        paths.iter().map(|path| Produced { path: (*path).into(), file: file.clone() }).collect()
    };
    for bad in [&["../x"][..], &["/x"], &["x", "x"], &["y", "a/../../x"]] {
        let refused = run.commit_success(execution("image/a", "2", 5), &produced(bad));
        assert!(matches!(refused, Err(Error::BadOutput(_))), "{bad:?}");
    }
    let clash = run.commit_success(execution("image/a", "2", 5), &produced(&["x", "x/y"]));
    assert!(clash.is_err(), "a file cannot be a directory");
    let dir = [Produced { path: "d".into(), file: world.path("work") }];
    let refused = run.commit_success(execution("image/a", "2", 5), &dir);
    assert!(matches!(refused, Err(Error::NotAFile(_))));
    let none = [Produced { path: "n".into(), file: world.path("work/none") }];
    let error = run.commit_success(execution("image/a", "2", 5), &none).unwrap_err();
    assert!(error.to_string().starts_with("cannot open `"), "{error}");

    assert_eq!(cache.history(&node("image/a"), 9).unwrap().len(), 1, "nothing was recorded");
    assert_eq!(fs::read_to_string(cache.out_dir(&node("image/a")).join("x")).unwrap(), "good");
    assert_eq!(cache.stat().unwrap().leftovers, 0);
}

#[test]
fn links_and_files_of_users_are_swapped_out_whole() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let out = cache.out_dir(&node("image/a"));
    fs::create_dir_all(out.parent().unwrap()).unwrap();
    let elsewhere = world.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("precious"), "mine").unwrap();
    std::os::unix::fs::symlink(&elsewhere, &out).unwrap();
    world.build(&run, "image/a", "1", &[("x", "one")]);
    assert!(elsewhere.join("precious").exists(), "what the link pointed to is not ours");
    assert!(!fs::symlink_metadata(&out).unwrap().is_symlink());
    fs::remove_dir_all(&out).unwrap();
    fs::write(&out, "a file").unwrap();
    world.build(&run, "image/a", "2", &[("x", "two")]);
    assert_eq!(fs::read_to_string(out.join("x")).unwrap(), "two");
}

#[test]
fn verify_names_what_is_damaged_and_drops_it() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    world.build(&run, "image/a", "1", &[("x", "one"), ("y", "two")]);
    world.build(&run, "image/b", "1", &[("x", "one")]);
    assert_eq!(cache.verify().unwrap(), []);
    damage(&world.artifact("one"), "eno");
    fs::remove_file(world.artifact("two")).unwrap();
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let (a, b) = (node("image/a"), node("image/b"));
    let expected = [
        Problem::Corrupt { artifact: one, nodes: vec![a.clone(), b] },
        Problem::Missing { artifact: two, nodes: vec![a] },
    ];
    assert_eq!(cache.verify().unwrap(), expected);
    assert!(!world.artifact("one").exists());
    assert!(matches!(
        &cache.verify().unwrap()[..],
        [Problem::Missing { .. }, Problem::Missing { .. }]
    ));
}

#[test]
fn a_node_without_a_key_cannot_succeed() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let mut unknown = execution("image/a", "1", 5);
    unknown.key = None;
    assert!(matches!(run.commit_success(unknown.clone(), &[]), Err(Error::Misuse(_))));
    run.commit_failure(unknown, graph::record::Outcome::Unsure).unwrap();
    assert_eq!(cache.history(&node("image/a"), 9).unwrap().len(), 1);
}
