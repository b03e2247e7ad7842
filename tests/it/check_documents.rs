//! docs/rules.md says what the rules say, and coverage agrees with `packaging.tags`.

use crate::support;

use std::path::Path;
use std::process::Command;

use relkit::check::coverage::PLATFORMS;
use relkit::check::render;

#[test]
fn the_page_of_rules_is_written_from_the_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let expected = render::rules_markdown();
    if std::env::var_os("RELKIT_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(written == expected, "docs/rules.md is stale: run this test with RELKIT_UPDATE_DOCS=1");
}

#[test]
fn every_platform_has_the_tags_that_packaging_gives_it() {
    let Some(bin) = support::judges("packaging", &["packaging>=26,<27"]) else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/platform_tags.py");
    let mut judge = Command::new(bin.join("python"));
    judge.arg(script);
    let answer: serde_json::Value = serde_json::from_str(&support::succeed(&mut judge)).unwrap();
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
    use relkit::check::coverage::{Candidate, Coverage};
    let Some(bin) = support::judges("packaging", &["packaging>=26,<27"]) else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/platform_tags.py");
    let names = [
        "demo-1.0-py3-none-macosx_11_0_arm64.whl",
        "demo-1.0-py3-none-macosx_10_9_universal2.whl",
        "demo-1.0-py3-none-macosx_10_9_x86_64.whl",
        "demo-1.0-py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl",
        "demo-1.0-cp39-abi3-manylinux_2_12_x86_64.whl",
        "demo-1.0-cp313-cp313-manylinux_2_34_x86_64.whl",
        "demo-1.0-py3-none-manylinux2014_aarch64.whl",
        "demo-1.0-1-py3-none-manylinux2014_aarch64.whl",
        "demo-1.0-py3-none-musllinux_1_2_aarch64.whl",
        "demo-1.0-py2.py3-none-any.whl",
        "demo-1.0-py3-none-win_amd64.whl",
        "demo-1.1-py3-none-win32.whl",
    ];
    let mut judge = Command::new(bin.join("python"));
    judge.arg(script).args(names);
    let answer: serde_json::Value = serde_json::from_str(&support::succeed(&mut judge)).unwrap();
    let candidates: Vec<_> = names.iter().map(|name| Candidate::of_wheel(&name.parse().unwrap(), name)).collect();
    for choice in Coverage::of(&candidates).platforms {
        if let Some(expected) = answer.get(choice.name) {
            assert_eq!(choice.wheel.as_deref(), expected.as_str(), "{}", choice.name);
        }
    }
}
