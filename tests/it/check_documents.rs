//! docs/rules.md says what the rules say, and coverage agrees with `packaging.tags`.

use std::collections::BTreeSet;

use relkit::check::coverage::{Candidate, Coverage, PLATFORMS};
use relkit::check::pages;
use serde_json::Value;

use crate::support::{Tools, repository, succeed};

/// What `packaging` says of each platform: its tags, or which of these wheels it would take.
fn packaging(wheels: &[&str]) -> Option<Value> {
    let mut judge = Tools::of_wheels()?.python();
    judge.arg(repository().join("tests/peers/platform_tags.py")).args(wheels);
    Some(serde_json::from_str(&succeed(&mut judge)).unwrap())
}

#[test]
fn the_page_of_rules_is_written_from_the_rules() {
    let path = repository().join("docs/rules.md");
    let expected = pages::rules_markdown();
    if std::env::var_os("RELKIT_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(written == expected, "docs/rules.md is stale: run this test with RELKIT_UPDATE_DOCS=1");
}

#[test]
fn every_platform_has_the_tags_that_packaging_gives_it() {
    let Some(answer) = packaging(&[]) else { return };
    for platform in PLATFORMS {
        // Pyodide's tags come from the interpreter itself.
        let Some(expected) = answer.get(platform.name) else {
            assert!(platform.name.starts_with("pyodide"), "{}", platform.name);
            continue;
        };
        let expected: Vec<String> = serde_json::from_value(expected.clone()).unwrap();
        assert_eq!(platform.tags(), expected, "{}", platform.name);
    }
}

#[test]
fn every_choice_is_the_one_that_packaging_would_make() {
    let names = [
        "demo-1.0-py3-none-macosx_11_0_arm64.whl",
        "demo-1.0-py3-none-macosx_10_9_universal2.whl",
        "demo-1.0-py3-none-macosx_10_9_x86_64.whl",
        "demo-1.0-py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl",
        "demo-1.0-cp39-abi3-manylinux_2_12_x86_64.whl",
        "demo-1.0-cp313-cp313-manylinux_2_34_x86_64.whl",
        "demo-1.0-cp311-cp311-musllinux_1_2_riscv64.whl",
        "demo-1.0-cp314-cp314t-manylinux_2_39_s390x.whl",
        "demo-1.0-cp312-abi3-manylinux_2_39_ppc64le.whl",
        "demo-1.0-cp315-abi3.abi3t-macosx_26_0_arm64.whl",
        "demo-1.0-py3-none-manylinux2014_aarch64.whl",
        "demo-1.0-1-py3-none-manylinux2014_aarch64.whl",
        "demo-1.0-py3-none-musllinux_1_2_aarch64.whl",
        "demo-1.0-py3-none-win_amd64.whl",
        "demo-1.1-py3-none-win32.whl",
    ];
    let Some(answer) = packaging(&names) else { return };
    let candidates: Vec<_> = names.iter().map(|name| Candidate::of_wheel(&name.parse().unwrap(), name)).collect();
    for choice in Coverage::of(&candidates).platforms {
        if let Some(expected) = answer.get(choice.name) {
            let order = ["3.13", "3.15", "3.14", "3.12", "3.11", "3.10", "3.15t", "3.14t", "3.13t"];
            let shown = order.iter().find_map(|python| expected[*python].as_str());
            assert_eq!(choice.wheel.as_deref(), shown, "{}", choice.name);
            let expected = expected.as_object().unwrap().iter().filter(|(_, wheel)| !wheel.is_null());
            let pythons: BTreeSet<_> = choice.pythons.iter().map(ToString::to_string).collect();
            assert_eq!(pythons, expected.map(|(python, _)| python.clone()).collect(), "{}", choice.name);
        }
    }
}
