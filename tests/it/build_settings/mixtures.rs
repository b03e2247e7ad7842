//! Build settings in mixtures at random: relkit refuses them clearly, or builds the files that hatchling builds.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::{HOOKED, build, compare, stage};
use crate::support::Tools;

type Rows = BTreeMap<&'static str, String>;

/// Settings of any kind in any mixture: keys of hatchling and others, values of the right type and of none.
fn any_settings() -> impl Strategy<Value = String> {
    let path = prop::sample::select(vec![
        "src/demo_bin",
        "src/demo_bin/",
        "src/demo_bin/notes.txt",
        "src/demo_bin/data",
        "src/other",
        "src",
        "scripts",
        "scripts/demo",
        "scripts/helper.py",
        "scripts/more",
        "data",
        "data/share",
        "data/share/run.sh",
        "./sboms",
        "sboms/demo.cdx.json",
        "sboms/more/demo.cdx.json",
        "extra.txt",
        "notes",
        "gone",
        "../up",
        "/abs",
        "",
    ]);
    let place = prop::sample::select(vec![
        "demo",
        "share",
        "demo_bin/x",
        "demo_bin",
        "demo_bin/notes.txt",
        "src/demo_bin/x",
        "src/other/",
        "a/../b",
        "a//./b/",
        "/",
        "/abs",
        ".",
        "..",
        "dist",
        "x.pyc",
        "demo_bin-1.2.3.data/scripts",
        "demo_bin-1.2.3.dist-info/METADATA",
        "demo_bin-1.2.3.dist-info/sboms",
        "",
    ]);
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let list = prop::collection::vec(path.clone(), 0..3)
        .prop_map(move |paths| format!("[{}]", paths.into_iter().map(quoted).collect::<Vec<_>>().join(", ")));
    let map = prop::collection::btree_map(path, place, 0..3).prop_map(move |rows| {
        let rows: Vec<_> = rows.into_iter().map(|(from, to)| format!("{} = {}", quoted(from), quoted(to))).collect();
        format!("{{ {} }}", rows.join(", "))
    });
    let other = prop::sample::select(vec!["true", "false", "1", "\"a\"", "[]", "{}", "[1]", "{ a = 1 }", "\"2.4\""]);
    let value = prop_oneof![map.clone(), list.clone(), other.prop_map(str::to_owned)];
    let mappings = prop::sample::select(vec!["force-include", "shared-scripts", "shared-data"]);
    let lists = prop::sample::select(vec!["sbom-files", "packages"]);
    let keys = prop::sample::select(vec![
        "include",
        "exclude",
        "only-include",
        "packages",
        "sources",
        "artifacts",
        "force-include",
        "shared-scripts",
        "shared-data",
        "sbom-files",
        "extra-metadata",
        "ignore-vcs",
        "strict-naming",
        "reproducible",
        "versions",
        "dev-mode-dirs",
        "directory",
        "hooks",
        "core-metadata-version",
        "unknown",
        "shared-script",
    ]);
    let row = prop_oneof![
        6 => (mappings, map).prop_map(|(key, value)| (key, value)),
        3 => (lists, list).prop_map(|(key, value)| (key, value)),
        1 => (keys, value).prop_map(|(key, value)| (key, value)),
    ];
    let level = prop::sample::select(vec!["wheel", "wheel", "wheel", "build"]);
    (prop::collection::vec((level, row), 0..4), any::<bool>()).prop_map(|(rows, packages)| {
        let (mut build, mut wheel) = (Rows::new(), Rows::new());
        if packages {
            wheel.insert("packages", "[\"src/demo_bin\"]".to_owned());
        }
        for (level, (key, value)) in rows {
            if level == "build" {
                build.insert(key, value)
            } else {
                wheel.insert(key, value)
            };
        }
        let hook = if wheel.contains_key("hooks") { "" } else { HOOKED };
        let lines = |rows: &Rows| rows.iter().map(|(key, value)| format!("{key} = {value}\n")).collect::<String>();
        format!("\n[tool.hatch.build]\n{}[tool.hatch.build.targets.wheel]\n{}{hook}", lines(&build), lines(&wheel))
    })
}

#[test]
fn any_settings_give_a_clear_error_or_hatchlings_files() {
    let Some(tools) = Tools::of_wheels() else { return };
    let rounds = std::env::var("RELKIT_TEST_STAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let directory = tempfile::tempdir().unwrap();
    let (mut runner, strategy) = (TestRunner::deterministic(), any_settings());
    let (mut pairs, mut told) = (Vec::new(), Vec::new());
    for number in 0..rounds {
        let settings = strategy.new_tree(&mut runner).unwrap().current();
        let stage = stage(directory.path(), &number.to_string(), "", &settings);
        let built = build(&stage);
        if let Err(said) = &built {
            assert!(
                said.starts_with("error: ") && said.contains('`') && !said.contains("panicked"),
                "{settings}\n{said}"
            );
        }
        told.push((settings, built.as_ref().err().cloned()));
        pairs.push((stage, built.ok()));
    }
    let built = pairs.iter().filter(|(_, wheel)| wheel.is_some()).count();
    assert!(built * 10 > pairs.len(), "{built} of {} could be built", pairs.len());
    for ((settings, refused), (hatchling, differences)) in told.iter().zip(compare(&tools, &pairs)) {
        let agree = refused.is_some() || hatchling == "built";
        assert!(agree && differences.is_empty(), "{settings}\n{hatchling}\n{differences:#?}");
    }
}
