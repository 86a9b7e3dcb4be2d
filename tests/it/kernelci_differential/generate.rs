//! Random configurations within what KernelCI 1.1 knows. It calls a fragment by its path where later versions call it by
//! its name, so the fragments here are named by their paths. Knows no answer.

use serde_json::{Map, Value as Json, json};

use super::patterns::pattern;
use crate::random::Random;

/// What every commit is described as.
pub(super) const DESCRIBE: &str = "v6.1.192";

/// What the tree holds.
pub(super) const PATHS: [&str; 18] = [
    "arch/arm/configs/am200epdkit_defconfig",
    "arch/arm/configs/aspeed_g5_defconfig",
    "arch/arm/configs/dram_0x00000000.config",
    "arch/arm/configs/multi_v5_defconfig",
    "arch/arm/configs/multi_v7_defconfig",
    "arch/arm64/configs/defconfig",
    "arch/mips/configs/32r2el_defconfig",
    "arch/mips/configs/generic/32r6.config",
    "arch/mips/configs/generic_defconfig",
    "arch/powerpc/configs/85xx-hw.config",
    "arch/powerpc/configs/g5_defconfig",
    "arch/powerpc/configs/pseries_defconfig",
    "arch/riscv/configs/defconfig",
    "arch/riscv/configs/nommu_k210_defconfig",
    "arch/x86/configs/i386_defconfig",
    "arch/x86/configs/x86_64_defconfig",
    "kernel/configs/debug.config",
    "kernel/configs/tiny.config",
];

/// What KernelCI generates before it lists.
pub(super) const GENERATED: [&str; 2] = ["kernel/configs/ima.config", "kselftest"];

const FRAGMENTS: [&str; 5] = [
    "kernel/configs/debug.config",
    "kernel/configs/gone.config",
    "kernel/configs/ima.config",
    "kernel/configs/tiny.config",
    "kselftest",
];
const ARCHS: [&str; 7] = ["arm", "arm64", "i386", "mips", "powerpc", "riscv", "x86_64"];
const DEFCONFIGS: [&str; 6] = [
    "allnoconfig",
    "allmodconfig",
    "multi_v7_defconfig",
    "defconfig",
    "defconfig+CONFIG_SMP=n",
    "x86_64_defconfig+CONFIG_A=y+kernel/configs/debug.config",
];
const TREES: [&str; 3] = ["mainline", "next", "stable-rc"];
const BRANCHES: [&str; 3] = ["master", "linux-6.1.y", "for-next"];
const KEYS: [&str; 4] = ["defconfig", "kernel", "tree", "branch"];

/// A configuration.
pub(super) fn configuration(seed: u64) -> Json {
    let mut random = Random::new(seed);
    let trees: Map<String, Json> = TREES
        .map(|name| (name.to_owned(), json!({"url": format!("https://example.invalid/{name}")})))
        .into_iter()
        .collect();
    let environments: Map<String, Json> = ["gcc-12", "clang-16"]
        .map(|name| (name.to_owned(), json!({"cc": "gcc", "cc_version": 12})))
        .into_iter()
        .collect();
    let mut configs = Map::new();
    for index in 0..=random.below(3) {
        let mut config = json!({"tree": random.pick(&TREES), "branch": random.pick(&BRANCHES)});
        // KernelCI reads the defaults only where they are used, and we report what is wrong with them anyway.
        if index > 0 {
            config["variants"] = variants(&mut random);
        }
        configs.insert(format!("config-{index}"), config);
    }
    json!({
        "trees": trees,
        "fragments": {
            "kernel/configs/debug.config": {"path": FRAGMENTS[0]},
            "kernel/configs/gone.config": {"path": FRAGMENTS[1], "configs": null},
            "kernel/configs/ima.config": {"path": FRAGMENTS[2], "configs": ["CONFIG_IMA=y"]},
            "kernel/configs/tiny.config": {"path": FRAGMENTS[3], "defconfig": "tinyconfig"},
            "kselftest": {"path": FRAGMENTS[4]},
        },
        "build_environments": environments,
        "build_configs_defaults": {"variants": variants(&mut random)},
        "build_configs": configs,
    })
}

fn variants(random: &mut Random) -> Json {
    let mut variants = Map::new();
    for index in 0..=random.below(2) {
        let mut archs = Map::new();
        for _ in 0..=random.below(4) {
            archs.insert(random.pick(&ARCHS).to_owned(), architecture(random));
        }
        let mut variant = json!({
            "build_environment": random.pick(&["gcc-12", "clang-16"]),
            "architectures": archs,
        });
        if random.one_in(2) {
            variant["fragments"] = fragments(random);
        }
        variants.insert(format!("variant-{index}"), variant);
    }
    variants.into()
}

fn fragments(random: &mut Random) -> Json {
    (0..random.below(4)).map(|_| random.pick(&FRAGMENTS)).collect()
}

fn architecture(random: &mut Random) -> Json {
    if random.one_in(8) {
        return Json::Null;
    }
    let mut arch = Map::new();
    if random.one_in(2) {
        let base = random.pick(&["multi_v7_defconfig", "defconfig", "x86_64_defconfig"]);
        arch.insert("base_defconfig".to_owned(), base.into());
    }
    if random.one_in(2) {
        let extra = (0..random.below(4)).map(|_| random.pick(&DEFCONFIGS)).collect();
        arch.insert("extra_configs".to_owned(), extra);
    }
    if random.one_in(3) {
        arch.insert("fragments".to_owned(), fragments(random));
    }
    if !random.one_in(5) {
        arch.insert("filters".to_owned(), filters(random));
    }
    arch.into()
}

/// Filters of kinds that later versions combine stand once: 1.1 applies each by itself.
fn filters(random: &mut Random) -> Json {
    let (mut filters, mut passed, mut combined) = (Vec::new(), false, false);
    for _ in 0..random.below(4) {
        let filter = match random.below(40) {
            0 => json!({"denylist": {"defconfig": ["x"]}}),
            1..=13 => json!({"blocklist": lists(random)}),
            14..=22 if !passed => {
                passed = true;
                json!({"passlist": lists(random)})
            }
            23..=29 if !combined => {
                combined = true;
                json!({"combination": combination(random)})
            }
            _ => json!({"regex": regex(random)}),
        };
        filters.push(filter);
    }
    filters.into()
}

fn lists(random: &mut Random) -> Json {
    let mut lists = Map::new();
    for _ in 0..=random.below(2) {
        let key = if random.one_in(12) { "arch" } else { random.pick(&KEYS) };
        let items: Vec<&str> = (0..random.below(5)).map(|_| item(random, key)).collect();
        lists.insert(key.to_owned(), items.into());
    }
    lists.into()
}

/// Parts of values: they need not be whole.
fn item(random: &mut Random, key: &str) -> &'static str {
    match key {
        "kernel" => random.pick(&["v3.", "v4.4", "v6", "v6.1", "192", "1", ""]),
        "tree" => random.pick(&["main", "next", "stable", "-rc", "mainline-"]),
        "branch" => random.pick(&["master", "for-", "linux-6.1", ".y", "x"]),
        _ => random.pick(&[
            "def",
            "multi_v7",
            "+",
            "all",
            "allnoconfig",
            "_defconfig",
            "debug",
            "zz",
            "config",
            "5",
        ]),
    }
}

fn regex(random: &mut Random) -> Json {
    let mut regex = Map::new();
    for _ in 0..usize::from(!random.one_in(12)) + usize::from(random.one_in(12)) {
        let key = if random.one_in(15) { "arch" } else { random.pick(&KEYS) };
        regex.insert(key.to_owned(), pattern(random).into());
    }
    regex.into()
}

fn combination(random: &mut Random) -> Json {
    let keys: Vec<&str> = (0..=random.below(2)).map(|_| random.pick(&KEYS)).collect();
    let whole = |random: &mut Random, key: &str| match key {
        "kernel" => DESCRIBE,
        "tree" => random.pick(&TREES),
        "branch" => random.pick(&BRANCHES),
        _ => random.pick(&DEFCONFIGS),
    };
    let values: Vec<Vec<&str>> = (0..random.below(8))
        .map(|_| {
            let count = if random.one_in(15) { 1 } else { keys.len() };
            keys.iter().take(count).map(|key| whole(random, key)).collect()
        })
        .collect();
    json!({"keys": keys, "values": values})
}
