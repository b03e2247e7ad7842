//! Sets that are large: every rule about them is linear in their targets.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::coverage::Candidate;
use super::finding::Findings;
use super::rules;
use super::subject::release::{Dist, Expected, Receipts, Set};
use super::subject::summary::{Role, Summary};
use crate::digest::Sha256Digest;
use crate::error::Outcome;
use crate::product::{Level, RuntimeProject};
use crate::smoke::{Report, TestedWheel};
use crate::wheel::filename::WheelFileName;

/// As many as a rule that asks every target of every wheel takes hours for.
const MANY: usize = 2000;

fn product() -> RuntimeProject {
    let head = "[tool.relkit]\ndistribution = \"tool-bin\"\nmodule = \"tool_bin\"\nexecutable = \"tool\"\n";
    let row = |minor: usize| {
        format!(
            "[[tool.relkit.target]]\ntriple = \"x86_64-unknown-linux-gnu\"\n\
             platform-tag = \"manylinux_2_{}_x86_64\"\nrunner = \"here\"\n",
            minor + 17
        )
    };
    let text = (0..MANY).map(row).fold(head.to_owned(), |text, row| text + &row);
    RuntimeProject::from_pyproject(&text, "pyproject.toml").unwrap()
}

fn wheel(tag: &str) -> Summary {
    let file_name = format!("tool_bin-1.0-py3-none-{tag}.whl");
    let name: WheelFileName = file_name.parse().unwrap();
    let sha256 = Sha256Digest::of(tag.as_bytes());
    Summary {
        path: PathBuf::from(&file_name),
        sha256,
        size: 1,
        role: Some(Role::RuntimeWheel),
        version: name.pep440(),
        spelled_version: name.version.clone(),
        candidate: Some(Candidate::of_wheel(&name, &file_name)),
        platforms: name.tags.platforms().unwrap(),
        name: Some(name.distribution),
        metadata: None,
        files: BTreeMap::from([("tool_bin/tool".to_owned(), sha256)]),
        python: BTreeMap::new(),
        metadata_digest: None,
        refusal: None,
        mentions: None,
        package: None,
        types: None,
        pyproject: None,
    }
}

fn receipt(wheel: &Summary) -> (String, Report) {
    let report = Report {
        schema_version: 1,
        outcome: Outcome::Passed,
        level: Level::Version,
        wheel: Some(TestedWheel { name: wheel.label(), sha256: wheel.sha256 }),
        version: Some("1.0".into()),
        platform: "linux-x86_64".into(),
        steps: Vec::new(),
        stderr_tail: String::new(),
    };
    (format!("{}.json", wheel.label()), report)
}

#[test]
fn sets_of_many_targets_are_judged_in_linear_time() {
    let runtime = product();
    // Every other target has its wheel, and each of those its receipt.
    let members: Vec<Summary> =
        runtime.targets.iter().step_by(2).map(|target| wheel(&target.platform_tag.to_string())).collect();
    let receipts = Receipts::of_reports(members.iter().map(receipt).collect(), Vec::new());
    let dist =
        Dist { directory: PathBuf::new(), distributions: Vec::new(), left_alone: Vec::new(), strays: Vec::new() };
    let expected = Expected {
        version: &runtime.release("1.0").unwrap(),
        allow_missing: &[],
        dist: &dist,
        receipts: Some(&receipts),
        published: None,
    };
    let mut missing = None;
    for expected in [Some(&expected), None] {
        let set = Set { members: &members, runtime: &runtime, sdk: None, expected };
        for rule in rules() {
            let mut found = Findings::of(rule);
            rule.check_set(&set, &mut found);
            let found = found.into_owned();
            if rule.name == "set-targets" && expected.is_none() {
                missing = Some(found.len());
            }
        }
    }
    // One triple in all rows: each of those without a wheel is told, up to what is listed.
    assert_eq!(missing, Some(50));
}
