//! Mirrors of kernel trees: without the content of files, apart from those of kas, never half there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to end here")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, SystemTime};

use graph::spec::Repository;
use graph_cli::probe::git::mirror_name;

use super::world::{World, branch, id, why};

/// The objects of a mirror that are there, by kind.
fn kinds(world: &World, url: &str) -> Vec<String> {
    let mirror = world.probe(|probe| probe.git().objects_of(&Repository::Mirror(url.into())));
    let output = Command::new("git")
        .args(["cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"])
        .env("GIT_NO_LAZY_FETCH", "1")
        .current_dir(mirror.expect("there is a mirror"))
        .output()
        .expect("git runs");
    let mut kinds: Vec<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

#[test]
fn a_mirror_has_history_and_tags_but_no_content() {
    let world = World::new();
    let repo = world.repo("linux");
    repo.commit(&[("a", "1")]);
    repo.tag("v6.1");
    repo.commit(&[("a", "2")]);
    let head = repo.commit(&[("a", "3")]);
    let url = repo.url();
    let heads = world.heads(&[branch("linux", &url, "main")]);
    assert_eq!(id(&heads[0]), head);
    assert!(heads[0].as_ref().unwrap().describe.starts_with("v6.1-2-g"));
    assert_eq!(kinds(&world, &url), ["commit", "tag", "tree"]);

    let names: Vec<String> = fs::read_dir(world.mirrors())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, [format!("{}@blobless", mirror_name(&url).unwrap())]);
    let of_kas = world.probe(|probe| probe.git().mirror_of(&url));
    assert_eq!(of_kas, None, "kas must not borrow from it");

    // A checkout fetches what it needs, at once.
    let mirror = world.probe(|probe| probe.git().objects_of(&Repository::Mirror(url.into())));
    let (mirror, tree) = (mirror.unwrap(), world.dir.path().join("tree"));
    fs::create_dir(&tree).unwrap();
    let status = Command::new("git")
        .arg("--git-dir")
        .arg(&mirror)
        .arg("--work-tree")
        .arg(&tree)
        .args(["checkout", "-q", &head, "--", "."])
        .env("GIT_INDEX_FILE", world.dir.path().join("index"))
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(fs::read_to_string(tree.join("a")).unwrap(), "3");
}

#[test]
fn a_server_that_knows_no_filter_gives_all() {
    let world = World::new();
    let repo = world.repo("old");
    let head = repo.commit(&[("a", "1")]);
    repo.git(&["config", "uploadpack.allowFilter", "false"]);
    let heads = world.heads(&[branch("old", &repo.url(), "main")]);
    assert_eq!(id(&heads[0]), head);
    assert_eq!(kinds(&world, &repo.url()), ["blob", "commit", "tree"]);
}

#[test]
fn what_a_killed_fetch_left_is_not_taken_for_a_commit() {
    let world = World::new();
    let repo = world.repo("linux");
    let first = repo.commit(&[("a/b", "1")]);
    let wanted = [branch("linux", &repo.url(), "main")];
    // Killed in the first fetch: a directory with another name.
    let unfinished = world.mirrors().join(".graph-clone-Ab3dE5/bare");
    fs::create_dir_all(unfinished.join("objects/pack")).unwrap();
    fs::write(unfinished.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    assert_eq!(id(&world.heads(&wanted)[0]), first);

    // Killed in a later one: part of a pack, and nothing that names it. No fetch leaves loose objects.
    let mirror = world.mirrors().join(format!("{}@blobless", mirror_name(&repo.url()).unwrap()));
    let loose = || {
        let dirs = fs::read_dir(mirror.join("objects")).unwrap().flatten();
        dirs.filter(|entry| entry.file_name().len() == 2).count()
    };
    assert_eq!(loose(), 0);
    let part = |name: &str, age: u64| {
        let path = mirror.join("objects/pack").join(name);
        fs::write(&path, "PACK").unwrap();
        let then = SystemTime::now() - Duration::from_secs(age);
        fs::File::options().append(true).open(&path).unwrap().set_modified(then).unwrap();
        path
    };
    let (old, new) = (part("tmp_pack_Ab3dE5", 2 * 86_400), part("tmp_pack_Gh3dE5", 60));
    let second = repo.commit(&[("a/b", "2")]);
    let heads = world.heads(&wanted);
    assert_eq!(id(&heads[0]), second);
    assert_eq!(loose(), 0);
    assert_eq!((old.exists(), new.exists()), (false, true), "one of them may be under way");
    let commit = &heads[0].as_ref().unwrap().commit;
    assert_eq!(*world.probe(|probe| probe.files_of(commit, &["a".into()])).unwrap(), ["a/b"]);
}

#[test]
fn a_fetch_that_is_cut_off_leaves_what_there_was() {
    let mut world = World::new();
    let repo = world.repo("linux");
    repo.commit(&[("a/b", "1")]);
    let wanted = [branch("linux", &repo.url(), "main")];
    // The server sends so many bytes of its pack and no more.
    let hook = world.dir.path().join("hook");
    let config = world.dir.path().join("config");
    fs::write(&config, format!("[uploadpack]\n\tpackObjectsHook = {}\n", hook.display())).unwrap();
    let cut = |bytes: usize| {
        fs::write(&hook, format!("#!/bin/sh\n\"$@\" | head -c {bytes}\n")).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    };
    world.set_env("GIT_CONFIG_GLOBAL", &config);
    let entries = || fs::read_dir(world.mirrors()).unwrap().count();
    for bytes in [0, 20, 150] {
        cut(bytes);
        assert!(why(&world.heads(&wanted)[0]).starts_with("cannot fetch"));
        assert_eq!(entries(), 0, "after {bytes} bytes");
    }
    cut(1 << 20);
    world.heads(&wanted).remove(0).unwrap();
    let second = repo.commit(&[("a/b", "2"), ("c", "1")]);
    for bytes in [0, 20, 150, 250] {
        cut(bytes);
        assert!(why(&world.heads(&wanted)[0]).starts_with("cannot fetch"), "after {bytes} bytes");
    }
    cut(1 << 20);
    let heads = world.heads(&wanted);
    assert_eq!(id(&heads[0]), second);
    let commit = &heads[0].as_ref().unwrap().commit;
    let below = ["a".to_owned(), "c".to_owned()];
    assert_eq!(*world.probe(|probe| probe.files_of(commit, &below)).unwrap(), ["a/b", "c"]);
}

#[test]
fn a_branch_that_moves_while_it_is_fetched_is_had_as_it_was_told() {
    let world = World::new();
    let repo = world.repo("linux");
    repo.commit(&[("a", "1")]);
    let wanted = [branch("linux", &repo.url(), "main")];
    // Between the two calls the branch is rewritten: the git of this world does it before it fetches.
    let told = repo.commit(&[("a", "2")]);
    let script = format!(
        "#!/bin/sh\nPATH=${{PATH#*:}}\ncase \"$*\" in *' fetch '*) git -C '{0}' -c user.name=a -c \
         user.email=a@example.org commit -q --amend -m y;; esac\nexec git \"$@\"\n",
        repo.0.display()
    );
    fs::write(world.dir.path().join("bin/git"), script).unwrap();
    assert_eq!(id(&world.heads(&wanted)[0]), told);

    repo.git(&["config", "uploadpack.allowAnySHA1InWant", "false"]);
    repo.git(&["config", "protocol.version", "0"]);
    repo.commit(&[("a", "3")]);
    let heads = world.heads(&wanted);
    let is_told = heads[0].is_ok() || why(&heads[0]).contains("fetch");
    assert!(is_told, "{heads:?}");
}

#[test]
fn branches_may_take_the_place_of_others() {
    let world = World::new();
    let repo = world.repo("linux");
    let first = repo.commit(&[("a", "1")]);
    let head = |name: &str| {
        let mut heads = world.heads(&[branch("linux", &repo.url(), name)]);
        heads.remove(0).map(|head| head.commit.id.to_string())
    };
    repo.git(&["branch", "topic"]);
    assert_eq!(head("topic"), Ok(first));
    repo.git(&["branch", "-D", "topic"]);
    let second = repo.commit(&[("a", "2")]);
    repo.git(&["branch", "topic/sub"]);
    assert_eq!(head("topic/sub"), Ok(second));
    repo.git(&["branch", "-D", "topic/sub"]);
    let third = repo.commit(&[("a", "3")]);
    repo.git(&["branch", "topic"]);
    assert_eq!(head("topic"), Ok(third));
    assert!(head("topic/sub").is_err());
}
