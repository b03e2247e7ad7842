//! Sets that no directory is written for: large ones, in linear time, and what a run tells of its own.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::coverage::Candidate;
use super::finding::{Findings, Owner};
use super::subject::release::{Dist, Expected, FailedStep, Half, Receipts, Set};
use super::subject::summary::{Role, Summary};
use super::{Severity, rules};
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
        told_sha256: Some(sha256),
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
        metadata_digests: None,
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
        product: "acme-bin".into(),
        outcome: Outcome::Passed,
        level: Level::Version,
        wheel: Some(TestedWheel { name: wheel.label(), sha256: wheel.sha256().unwrap() }),
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
        failed: &[],
        half: None,
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

/// What the run that made the files tells of them, and what nobody looked up, are findings of rules like all else.
#[test]
fn what_failed_before_the_check_is_found_by_rules() {
    let runtime = product();
    let member = wheel("manylinux_2_17_x86_64");
    let dist =
        Dist { directory: PathBuf::new(), distributions: Vec::new(), left_alone: Vec::new(), strays: Vec::new() };
    let failed = |wheel: Option<&str>, detail: &str, help: Option<&str>| FailedStep {
        title: "tool.tar.gz".into(),
        target: Some(runtime.targets[0].triple.clone()),
        wheel: wheel.map(|name| name.parse().unwrap()),
        detail: detail.into(),
        help: help.map(str::to_owned),
    };
    let failed = [failed(None, "it is no program", Some("do this")), failed(Some(&member.label()), "it hangs", None)];
    let expected = Expected {
        version: &runtime.release("1.0").unwrap(),
        allow_missing: &[],
        dist: &dist,
        receipts: None,
        failed: &failed,
        half: Some(Half::Sdk),
        published: None,
    };
    let members = [member];
    let set = Set { members: &members, runtime: &runtime, sdk: None, expected: Some(&expected) };
    let of = |name: &str| {
        let rule = rules().find(|rule| rule.name == name).unwrap();
        let mut found = Findings::of(rule);
        rule.check_set(&set, &mut found);
        found.into_owned().into_iter().map(|(owner, found)| (owner, found.severity, found.message, found.help)).next()
    };
    let (owner, severity, message, help) = of("set-targets").unwrap();
    assert_eq!((owner, severity), (Owner::Target(runtime.targets[0].triple.clone()), Severity::Error));
    assert_eq!((message.as_str(), help.as_str()), ("`tool.tar.gz`: it is no program", "do this"));
    let (owner, severity, message, _) = of("receipt-failed").unwrap();
    assert_eq!((owner, severity, message.as_str()), (Owner::File(0), Severity::Error, "`tool.tar.gz`: it hangs"));
    let (owner, severity, message, _) = of("runtime-published").unwrap();
    assert_eq!((owner, severity), (Owner::Whole, Severity::Warning));
    assert!(message.contains("was not looked up"), "{message}");
}
