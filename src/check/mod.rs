//! Holds every rule against each distribution: archive framing, names, metadata, RECORD, contents, binaries, and the set
//! of files against itself. A finding is data; only what cannot be opened, or written to a temporary file, is an error.
//!
//! [`check`] is the step, [`Report`] its result and [`render`] the forms in which it is shown. A rule is one
//! [`Rule`] value in the file of its family: name, severity, documentation and function together.

pub mod coverage;
mod error;
mod finding;
pub mod inspection;
pub mod render;
mod rule;
mod rules;
mod subject;

use std::path::{Path, PathBuf};

pub use error::CheckError;
pub use finding::{FileReport, Finding, Report};
pub use rule::{Documentation, Family, Rule, Selection, SelectionError, Severity, find_rules, rules};
pub use rules::sdist::SdistSubject;
pub use rules::set::{Distribution, Summary};
pub use subject::embedded::Mentions;
pub use subject::wheel::WheelSubject;

use crate::fs::FsError;
use crate::product::{RuntimeProject, SdkProject};
use crate::version::CodexVersion;
use crate::zip::archive::Archive;
use finding::Findings;

/// What is checked, and by which rules.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// Wheels, source distributions, or directories of them. All of them are one set.
    pub paths: &'a [PathBuf],
    /// Which rules.
    pub selection: &'a Selection,
    /// The runtime that the files are of; its accepted findings apply.
    pub runtime: &'a RuntimeProject,
    /// The SDK beside it.
    pub sdk: &'a SdkProject,
    /// The version whose text is looked for in executables of the runtime, for [`FileReport::mentions`].
    pub version: Option<CodexVersion>,
}

/// Checks every file, then the files together.
///
/// # Errors
/// When a path cannot be read, or is nothing that could be checked.
pub fn check(request: &Request<'_>) -> Result<Report, CheckError> {
    let mut files = Vec::new();
    let mut summaries = Vec::new();
    for path in distributions(request.paths)? {
        let (report, summary) = check_file(&path, request)?;
        files.push(report);
        summaries.push(summary);
    }
    let set = rules::set::Set { members: &summaries, runtime: request.runtime, sdk: request.sdk };
    for finding in set.findings(request) {
        let owner = finding.0.map_or_else(|| set_path(request.paths), |index| summaries[index].path.clone());
        match files.iter_mut().find(|file| file.path == owner) {
            Some(file) => file.findings.push(finding.1),
            None => files.push(FileReport { path: owner, sha256: None, findings: vec![finding.1], mentions: None }),
        }
    }
    for file in &mut files {
        file.sort();
    }
    Ok(Report { files })
}

/// Checks one file on its own; also returns what the set needs of it.
///
/// # Errors
/// When the file cannot be read.
pub fn check_file(path: &Path, request: &Request<'_>) -> Result<(FileReport, Summary), CheckError> {
    if is_wheel(path) {
        return check_archive(Archive::open(path)?, request);
    }
    let subject = SdistSubject::open(path)?;
    let found = run(request.selection, |rule, found| rule.check_sdist(&subject, found));
    let sha256 = Some(subject.sha256);
    let report = FileReport { path: path.to_owned(), sha256, findings: found, mentions: None };
    Ok(finished(report, Summary::of_sdist(&subject), request))
}

/// Checks a wheel that is open already.
///
/// # Errors
/// When a temporary file cannot be written.
pub fn check_archive(archive: Archive, request: &Request<'_>) -> Result<(FileReport, Summary), CheckError> {
    let mut subject = WheelSubject::of(archive, request.runtime, request.version)?;
    let found = run(request.selection, |rule, found| rule.check_wheel(&subject, found));
    let (sha256, mentions) = (Some(subject.sha256), subject.mentions.take());
    let report = FileReport { path: subject.path.clone(), sha256, findings: found, mentions };
    Ok(finished(report, Summary::of_wheel(&subject), request))
}

fn finished(mut report: FileReport, summary: Summary, request: &Request<'_>) -> (FileReport, Summary) {
    let accepted = summary.accepted(request.runtime);
    for finding in &mut report.findings {
        finding.accepted = accepted.iter().find(|row| row.rule == finding.rule).map(|row| row.reason.clone());
    }
    report.sort();
    (report, summary)
}

/// Every selected rule's findings.
fn run(selection: &Selection, check: impl Fn(&'static Rule, &mut Findings)) -> Vec<Finding> {
    let mut all = Vec::new();
    for rule in rules().filter(|rule| selection.has(rule)) {
        let mut found = Findings::of(rule);
        check(rule, &mut found);
        all.extend(found.into_inner());
    }
    all
}

/// The files that are meant by paths: files themselves, and of directories every wheel and source distribution, sorted.
fn distributions(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CheckError> {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(FsError::read(path))?;
        let mut found = Vec::new();
        if metadata.is_dir() {
            for entry in std::fs::read_dir(path).map_err(FsError::read(path))? {
                let entry = entry.map_err(FsError::read(path))?.path();
                if (is_wheel(&entry) || is_sdist(&entry)) && !entry.is_dir() {
                    found.push(entry);
                }
            }
            if found.is_empty() {
                return Err(CheckError::Empty { path: path.clone() });
            }
            found.sort();
        } else if is_wheel(path) || is_sdist(path) {
            found.push(path.clone());
        } else {
            return Err(CheckError::Kind { path: path.clone() });
        }
        for file in found {
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    Ok(files)
}

/// What a finding about the set as a whole is shown under.
fn set_path(paths: &[PathBuf]) -> PathBuf {
    let directory = paths.iter().find(|path| path.is_dir());
    let parent = || paths.first().and_then(|path| path.parent()).filter(|parent| !parent.as_os_str().is_empty());
    directory.map(PathBuf::as_path).or_else(parent).unwrap_or(Path::new(".")).to_owned()
}

fn is_wheel(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("whl"))
}

fn is_sdist(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    name.ends_with(".tar.gz")
}
