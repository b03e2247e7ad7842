//! Verifying a dist directory: every part of the gate in turn, all problems at once.

use std::path::{Path, PathBuf};

use super::release::{FindingRecord, Problem, Release};
use super::{dist, receipts, runtime, sdk};
use crate::check::coverage::{Candidate, Coverage};
use crate::check::{self, CheckError, Selection, Severity};
use crate::error::{Exit, Explain, Outcome};
use crate::fs::FsError;
use crate::product::{RuntimeProject, SdkProject};
use crate::target::TargetTriple;
use crate::version::CodexVersion;
use crate::wheel::reader::WheelError;
use crate::wheel::sdist::SdistError;

/// What is verified, and against what.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The directory of the release's files.
    pub dist: &'a Path,
    /// The version that everything must be.
    pub codex: CodexVersion,
    /// A directory of smoke receipts; every runtime wheel then needs a passing one.
    pub receipts: Option<&'a Path>,
    /// Targets that may be absent.
    pub allow_missing: &'a [TargetTriple],
    /// The runtime, with its targets and accepted findings.
    pub runtime: &'a RuntimeProject,
    /// The SDK.
    pub sdk: &'a SdkProject,
    /// What [`rules`] found already, with the version looked for, so that nothing is checked twice.
    pub checked: Option<&'a check::Report>,
}

/// The rules of `check` that the gate holds against a set: all but those that it replaces by its own, stricter ones.
#[must_use]
pub fn rules() -> Selection {
    const REPLACED: [&str; 2] = ["set-targets", "set-coverage"];
    Selection::of(&[], &REPLACED.map(str::to_owned)).unwrap_or_else(|_| Selection::all())
}

/// A verification that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// A file or directory cannot be read.
    #[error(transparent)]
    Read(#[from] FsError),
    /// A distribution cannot be opened.
    #[error(transparent)]
    Open(WheelError),
    /// An sdist cannot be opened.
    #[error(transparent)]
    Sdist(SdistError),
    /// `check` could not be carried out.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// A target that may be absent is none of the template's.
    #[error("`{target}` is not a target of this product")]
    UnknownTarget {
        /// The target.
        target: TargetTriple,
        /// The template's targets.
        known: Vec<String>,
    },
}

impl Explain for GateError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Open(error) => error.hint(),
            Self::Sdist(error) => error.hint(),
            Self::Check(error) => error.hint(),
            Self::UnknownTarget { known, .. } => Some(format!("its targets are {}", known.join(", "))),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

/// Verifies a dist directory.
///
/// # Errors
/// When something cannot be read. Whatever can be read and is not good is a problem of the release, not an error.
pub fn verify(request: &Request<'_>) -> Result<Release, GateError> {
    for target in request.allow_missing {
        if !request.runtime.targets.iter().any(|row| row.triple == *target) {
            let known = request.runtime.targets.iter().map(|row| row.triple.to_string()).collect();
            return Err(GateError::UnknownTarget { target: target.clone(), known });
        }
    }
    let mut found = Found::default();
    let distributions = dist::list(request, &mut found)?;
    let own;
    let report = match request.checked {
        Some(report) => report,
        None => {
            own = check(request, &distributions)?;
            &own
        }
    };
    let mut set = dist::open(request, &distributions, report, &mut found)?;
    runtime::verify(request, &mut set, &mut found);
    sdk::verify(request, &set, &mut found)?;
    findings(report, &mut set, &mut found);
    if let Some(directory) = request.receipts {
        receipts::verify(directory, request, &mut set, &mut found)?;
    }
    uncovered(request, &set, &mut found);
    let mut files: Vec<_> = set.files.into_iter().map(|file| file.record).collect();
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Release {
        schema_version: 1,
        outcome: if found.problems.is_empty() { Outcome::Passed } else { Outcome::Failed },
        codex_version: request.codex.to_string(),
        problems: found.problems,
        warnings: found.warnings,
        files,
    })
}

/// What has been found so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

impl Found {
    pub(super) fn problem(&mut self, code: &str, file: Option<&str>, message: String, help: impl Into<String>) {
        let file = file.map(str::to_owned);
        self.problems.push(Problem { code: code.to_owned(), file, message, help: help.into() });
    }

    pub(super) fn warning(&mut self, code: &str, file: Option<&str>, message: String, help: impl Into<String>) {
        let file = file.map(str::to_owned);
        self.warnings.push(Problem { code: code.to_owned(), file, message, help: help.into() });
    }
}

/// Holds every rule of `check` against the distributions, and looks for the version in their executables.
fn check(request: &Request<'_>, paths: &[PathBuf]) -> Result<check::Report, GateError> {
    let (runtime, sdk, version) = (request.runtime, request.sdk, Some(request.codex));
    if paths.is_empty() {
        return Ok(check::Report { files: Vec::new() });
    }
    Ok(check::check(&check::Request { paths, selection: &rules(), runtime, sdk, version })?)
}

/// Takes over what `check` found. What the gate has said in its own words is not said twice.
fn findings(report: &check::Report, set: &mut dist::Set, found: &mut Found) {
    let said: Vec<String> = found.problems.iter().map(|problem| problem.code.clone()).collect();
    for file in &report.files {
        let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        for finding in &file.findings {
            let subject =
                finding.member.as_ref().map_or_else(|| format!("`{name}`"), |member| format!("`{name}`, `{member}`"));
            let message = format!("{subject}: {}", finding.message);
            match (finding.severity, &finding.accepted) {
                (Severity::Error, None) if !said.iter().any(|code| code == finding.rule) => {
                    found.problem(finding.rule, Some(&name), message, finding.help.clone());
                }
                (Severity::Error, None) => {}
                (Severity::Error, Some(reason)) => {
                    found.warning(finding.rule, Some(&name), message, format!("accepted: {reason}"));
                }
                (Severity::Warning, _) => found.warning(finding.rule, Some(&name), message, finding.help.clone()),
            }
        }
        if let Some(entry) = set.files.iter_mut().find(|entry| entry.record.name == name) {
            entry.record.findings = file.findings.iter().map(FindingRecord::from).collect();
        }
    }
}

impl From<&check::Finding> for FindingRecord {
    fn from(finding: &check::Finding) -> Self {
        Self {
            rule: finding.rule.to_owned(),
            severity: match finding.severity {
                Severity::Error => "error".to_owned(),
                Severity::Warning => "warning".to_owned(),
            },
            member: finding.member.clone(),
            message: finding.message.clone(),
            accepted: finding.accepted.clone(),
        }
    }
}

/// Warns of every platform family that the product names as supported and that no wheel of the set serves.
fn uncovered(request: &Request<'_>, set: &dist::Set, found: &mut Found) {
    let candidates: Vec<Candidate> = set.runtime_wheels().filter_map(dist::Entry::candidate).collect();
    if candidates.is_empty() {
        return;
    }
    for gap in Coverage::of(&candidates).gaps(&request.runtime.supports) {
        found.warning(
            "family-uncovered",
            None,
            format!("{gap}; the product promises to serve it"),
            "build the wheel without `--platform-tag`, so that it carries every honest tag of the template, or add a target",
        );
    }
}
