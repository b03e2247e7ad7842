//! The rules of `check` on what tests have made.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use relkit::check::{Family, Finding, Options, Report, Selection, Severity, check, rules};
use relkit::console::Progress;
use relkit::digest::FileDigest;
use relkit::product::{RuntimeProject, SdkProject};

use crate::samples::wheel::Sample;

pub const E: Severity = Severity::Error;
pub const W: Severity = Severity::Warning;

/// The tables of the built-in templates.
pub const RUNTIME: &str = include_str!("../../../runtime-template/pyproject.toml");
pub const SDK: &str = include_str!("../../../sdk-template/pyproject.toml");

/// The built-in product.
pub fn projects() -> &'static (RuntimeProject, SdkProject) {
    static PROJECTS: OnceLock<(RuntimeProject, SdkProject)> = OnceLock::new();
    PROJECTS.get_or_init(|| {
        let runtime = RuntimeProject::from_pyproject(RUNTIME, "runtime-template/pyproject.toml").unwrap();
        (runtime, SdkProject::from_pyproject(SDK, "sdk-template/pyproject.toml").unwrap())
    })
}

/// A check of the built-in product.
pub fn request<'a>(paths: &'a [PathBuf], selection: &'a Selection) -> Options<'a> {
    let (runtime, sdk) = projects();
    Options { paths, selection, runtime, sdk: Some(sdk), release: None, index: None, digest: FileDigest::Computed }
}

pub fn report_on(paths: &[PathBuf], selection: &Selection) -> Report {
    check(&request(paths, selection), &Progress::hidden()).unwrap()
}

/// What every rule says about the files of a directory.
pub fn findings_of(directory: &Path) -> Vec<Finding> {
    let report = report_on(&[directory.to_owned()], &Selection::all());
    report.files.into_iter().flat_map(|file| file.findings).collect()
}

/// What every rule says about a directory of these files.
pub fn findings_in(files: &[(&str, Vec<u8>)]) -> Vec<Finding> {
    let directory = tempfile::tempdir().unwrap();
    super::write_tree(directory.path(), files);
    findings_of(directory.path())
}

/// What every rule says about a wheel that is made.
pub fn findings(sample: &Sample) -> Vec<Finding> {
    findings_in(&[(&sample.file_name, sample.build())])
}

/// Rules that said something, and how severe it is.
pub fn names(found: &[Finding]) -> BTreeSet<(&'static str, Severity)> {
    found.iter().map(|finding| (finding.rule, finding.severity)).collect()
}

/// Fails with the rules of these families that no case of a test is for.
#[track_caller]
pub fn assert_every_rule_has_a_case<'a>(families: &[Family], cases: impl Iterator<Item = &'a str>) {
    let tested: BTreeSet<_> = cases.collect();
    let of_families = rules().filter(|rule| families.contains(&rule.family())).map(|rule| rule.name);
    let untested: Vec<_> = of_families.filter(|name| !tested.contains(name)).collect();
    assert_eq!(untested, [""; 0], "nothing in this test has the defect of these rules: add a case for each");
}
