//! Verifying a dist directory: it is read once, every rule of `check` judges it, and the findings become a release.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::release::{FindingRecord, Problem, ReceiptRecord, Release, ReleaseFile, SCHEMA_VERSION};
use crate::check::{
    CheckError, Dist, Expected, FailedStep, Family, FileReport, Finding, Half, Published, Receipts, Report, Role,
    Selection, Severity, Summary, check_set,
};
use crate::console::Progress;
use crate::console::text::shortened;
use crate::digest::{FileDigest, Sha256Digest};
use crate::error::Outcome;
use crate::fs::{FsError, digest_of, portable};
use crate::product::{RuntimeProject, SdkProject};
use crate::target::TargetTriple;
use crate::version::ReleaseVersion;

/// What is verified, and against what.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The directory of the release's files.
    pub dist: &'a Path,
    /// The version that everything must be.
    pub version: &'a ReleaseVersion,
    /// A directory of smoke receipts; every runtime wheel then needs a passing one.
    pub receipts: Option<&'a Path>,
    /// Targets that may be absent.
    pub allow_missing: &'a [TargetTriple],
    pub runtime: &'a RuntimeProject,
    pub sdk: Option<&'a SdkProject>,
    pub part: ReleasePart<'a>,
    /// What failed before there was a dist directory.
    pub failed: &'a [FailedStep],
}

/// How much of a release is verified.
#[derive(Debug, Clone, Copy, Default)]
pub enum ReleasePart<'a> {
    #[default]
    Whole,
    /// The runtime alone: nothing is asked of the SDK.
    Runtime,
    /// The SDK alone, held against the runtime that the index has; none where no index was asked.
    Sdk(Option<&'a Published>),
}

impl ReleasePart<'_> {
    fn half(self) -> Option<Half> {
        match self {
            Self::Whole => None,
            Self::Runtime => Some(Half::Runtime),
            Self::Sdk(_) => Some(Half::Sdk),
        }
    }
}

/// Verifies a dist directory; also returns the findings by file.
pub fn verify(options: &Options<'_>, progress: &Progress) -> Result<(Release, Report), CheckError> {
    let mut dist = Dist::list(options.dist)?;
    let half = options.part.half();
    if let (Some(half), Some(sdk)) = (half, options.sdk) {
        dist.keep(half, options.runtime, sdk);
    }
    // Only the runtime is smoke-tested, and in a half without it no target has its wheel.
    let receipts = options.receipts.filter(|_| half != Some(Half::Sdk)).map(Receipts::read).transpose()?;
    let all_targets: Vec<_> = options.runtime.targets.iter().map(|row| row.triple.clone()).collect();
    let published = match options.part {
        ReleasePart::Sdk(Some(published)) => {
            Some(Published { beside: digests(&dist.left_alone)?, ..published.clone() })
        }
        _ => None,
    };
    let expected = Expected {
        version: options.version,
        allow_missing: if half == Some(Half::Sdk) { &all_targets } else { options.allow_missing },
        dist: &dist,
        receipts: receipts.as_ref(),
        failed: options.failed,
        half,
        published: published.as_ref().map(|published| (published, options.allow_missing)),
    };
    let request = crate::check::Options {
        paths: &dist.distributions,
        selection: &Selection::all(),
        runtime: options.runtime,
        sdk: options.sdk.filter(|_| half != Some(Half::Runtime)),
        release: Some(&expected),
        index: None,
        digest: FileDigest::Computed,
    };
    let (report, members) = check_set(&request, progress)?;
    let (problems, warnings) = problems(&report, options);
    let files = members.iter().zip(&report.files);
    let files = files.filter_map(|(member, found)| file(member, found, options.runtime, receipts.as_ref())).collect();
    let outcome = if problems.is_empty() { Outcome::Passed } else { Outcome::Failed };
    let version = options.version.distribution();
    let release = Release {
        schema_version: SCHEMA_VERSION,
        product: options.runtime.distribution.clone(),
        outcome,
        release_version: version.clone(),
        codex_version: options.runtime.is_app_server().then(|| version.clone()),
        only: half,
        problems,
        warnings,
        files,
        published: published.map(|published| published.files).unwrap_or_default(),
    };
    Ok((release, report))
}

/// The digests of files that are looked at in no other way, by name.
fn digests(paths: &[PathBuf]) -> Result<BTreeMap<String, Sha256Digest>, CheckError> {
    let mut found = BTreeMap::new();
    for path in paths {
        let digest = digest_of(path).map_err(FsError::read(path))?;
        found.insert(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), digest);
    }
    Ok(found)
}

/// A file of the release; none where it is not of it, or cannot be read.
fn file(
    member: &Summary,
    found: &FileReport,
    runtime: &RuntimeProject,
    receipts: Option<&Receipts>,
) -> Option<ReleaseFile> {
    let role = member.role.filter(|_| member.refusal.is_none())?;
    let sha256 = member.sha256()?;
    let receipts = receipts.filter(|_| role == Role::RuntimeWheel).into_iter();
    let field = |key| member.metadata.as_ref().and_then(|metadata| metadata.fields().get(key)).unwrap_or_default();
    Some(ReleaseFile {
        name: member.label(),
        role,
        distribution: field("Name").to_owned(),
        version: field("Version").to_owned(),
        bytes: member.size,
        sha256,
        target: member.targets(runtime).first().map(|target| target.triple.clone()),
        tags: member.platforms.clone(),
        findings: found.findings.iter().map(FindingRecord::from).collect(),
        receipts: receipts.flat_map(|receipts| receipts.of(sha256)).map(ReceiptRecord::from).collect(),
    })
}

/// The findings that keep the release back, and those that do not: what is of the release as a whole comes first, and of that
/// what a payload failed at, before what the files that there are say of another release.
fn problems(report: &Report, options: &Options<'_>) -> (Vec<Problem>, Vec<Problem>) {
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    let found = report.files.iter().flat_map(|file| file.findings.iter().map(move |finding| (file, finding)));
    let mut found: Vec<_> = found.collect();
    let causes = options.failed.iter().filter(|failed| failed.wheel.is_none()).map(FailedStep::sentence);
    let causes: Vec<_> = causes.map(|sentence| shortened(&sentence).into_owned()).collect();
    found.sort_by_key(|(_, finding)| {
        let is_of_release = matches!(Family::of(finding.rule), Some(Family::Set | Family::Release));
        (!causes.contains(&finding.message), !is_of_release)
    });
    for (file, finding) in found {
        let name = portable(file.path.strip_prefix(options.dist).unwrap_or(&file.path));
        let problem = problem(finding, Some(name).filter(|name| !name.is_empty()));
        match (finding.severity, &finding.accepted) {
            (_, Some(reason)) => {
                warnings.push(Problem {
                    help: format!("accepted: {reason}"),
                    accepted: Some(reason.clone()),
                    ..problem
                });
            }
            (Severity::Error, None) => problems.push(problem),
            (Severity::Warning, None) => warnings.push(problem),
        }
    }
    (problems, warnings)
}

/// A sentence without the file that it begins with; none where that stands elsewhere in it too.
fn without(message: &str, file: &str) -> Option<String> {
    let rest = message.strip_prefix(&format!("`{file}`")).filter(|rest| !rest.contains(file))?;
    let what = if file.ends_with(".whl") { "the wheel" } else { "the file" };
    Some(rest.strip_prefix(": ").map_or_else(|| format!("{what}{rest}"), str::to_owned))
}

fn problem(finding: &Finding, file: Option<String>) -> Problem {
    let (message, said) = match (&file, &finding.member) {
        (Some(file), Some(member)) => {
            let said = format!("`{member}`: {}", finding.message);
            (format!("`{file}`, {said}"), Some(said))
        }
        // Many a sentence names the file itself.
        (Some(file), None) if !finding.message.contains(file.as_str()) => {
            (format!("`{file}`: {}", finding.message), Some(finding.message.clone()))
        }
        (Some(file), None) => (finding.message.clone(), without(&finding.message, file)),
        (None, _) => (finding.message.clone(), None),
    };
    Problem { code: finding.rule.to_owned(), file, message, said, help: finding.help.clone(), accepted: None }
}

/// Whether a rule finds something only where a release is expected.
pub(crate) fn is_of_gate(rule: &str) -> bool {
    Family::of(rule).is_some_and(Family::is_of_gate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_told_without_the_file_that_it_begins_with() {
        assert_eq!(without("`a.whl` has no receipt", "a.whl").as_deref(), Some("the wheel has no receipt"));
        assert_eq!(without("`a.whl`: the receipt is of others", "a.whl").as_deref(), Some("the receipt is of others"));
        assert_eq!(without("nothing pins `a.whl`", "a.whl"), None);
        assert_eq!(without("`a.whl` is `a.whl`", "a.whl"), None);
    }
}
