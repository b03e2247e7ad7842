//! Step 4: holds every rule against each distribution, and the files of a release against each other and against what
//! the release is expected to be. A finding is data; only what cannot be opened, or written to a temporary file, is an
//! error. A rule is one [`Rule`] value in the file of its family: name, severity, page and function together.

pub mod coverage;
mod error;
mod finding;
pub mod inspection;
mod inspection_text;
mod options;
pub mod pages;
mod report;
mod rule;
mod rules;
mod selection;
mod subject;

use std::path::Path;

pub use error::CheckError;
pub use finding::{FileReport, Finding, Report, Severity};
pub use options::Options;
pub use rule::{Documentation, Reason, Remedy, Rule};
pub use rules::{Family, rules};
pub(crate) use selection::find_rules;
pub use selection::{Selection, SelectionError};
pub(crate) use selection::{check_accepted, families, rule_names};
pub(crate) use subject::audit::{Attested, Audit, AuditedFile, Provenance};
pub(crate) use subject::release::{Dist, Expected, Published, Receipts};
pub use subject::release::{Half, PublishedFile};
pub use subject::sdist::SdistSubject;
pub use subject::summary::{Role, Summary};

use crate::console::Progress;
use crate::product::RuntimeProject;
use crate::target::TargetTriple;
use crate::zip::archive::Archive;
use finding::{Findings, Owner};
use subject::release::Set;
use subject::summary::{is_wheel, types_path};
use subject::wheel::WheelSubject;

/// Checks every file, then the files together.
pub fn check(options: &Options<'_>, progress: &Progress) -> Result<Report, CheckError> {
    Ok(check_set(options, progress)?.0)
}

/// As [`check`]; also returns what is kept of each file.
pub(crate) fn check_set(options: &Options<'_>, progress: &Progress) -> Result<(Report, Vec<Summary>), CheckError> {
    if options.release.is_none() && options.index.is_none() && options.selection.is_of_gate() {
        return Err(CheckError::OfGate { rules: options.selection.names().collect() });
    }
    let (mut files, mut members) = (Vec::new(), Vec::new());
    for path in options.distributions()? {
        progress.file(&path);
        let (report, summary) = check_file(&path, options)?;
        files.push(report);
        members.push(summary);
    }
    let set = Set { members: &members, runtime: options.runtime, sdk: options.sdk, expected: options.release };
    let mut found = run(options, |rule, found| rule.check_set(&set, found));
    if let Some(audit) = options.index {
        found.extend(run(options, |rule, found| rule.check_index(audit, found)));
    }
    for (owner, mut finding) in found {
        finding.accepted = accepted(&set, &owner, finding.rule);
        let path = match owner {
            Owner::File(index) => members[index].path.clone(),
            Owner::Path(relative) => options.directory().join(relative),
            Owner::Target(_) | Owner::Whole => options.directory().to_owned(),
        };
        match files.iter_mut().find(|file| file.path == path) {
            Some(file) => file.findings.push(finding),
            None => files.push(FileReport { path, sha256: None, findings: vec![finding] }),
        }
    }
    files.iter_mut().for_each(FileReport::sort);
    Ok((Report { files, is_published: options.index.is_some() }, members))
}

/// Checks one file on its own; also returns what the set needs of it.
pub(crate) fn check_file(path: &Path, options: &Options<'_>) -> Result<(FileReport, Summary), CheckError> {
    if is_wheel(path) {
        return check_archive(Archive::open(path)?, options);
    }
    let types = options.sdk.map(types_path).into_iter().flat_map(|types| [format!("src/{types}"), types]);
    let types: Vec<_> = types.collect();
    let sdist = SdistSubject::open(path, &types.iter().map(String::as_str).collect::<Vec<_>>())?;
    let found = run(options, |rule, found| rule.check_sdist(&sdist, found));
    Ok(finished(found, Summary::of_sdist(sdist, options.runtime, options.sdk), options))
}

/// Checks a wheel that is open already.
pub fn check_archive(archive: Archive, options: &Options<'_>) -> Result<(FileReport, Summary), CheckError> {
    let version = options.release.map(|release| release.version.program());
    let mut wheel = WheelSubject::of(archive, options.runtime, version)?;
    let found = run(options, |rule, found| rule.check_wheel(&wheel, found));
    Ok(finished(found, Summary::of_wheel(&mut wheel, options.sdk), options))
}

fn finished(found: Vec<(Owner, Finding)>, summary: Summary, options: &Options<'_>) -> (FileReport, Summary) {
    let targets = triples(&summary, options.runtime);
    // As in a set: what is of no target is accepted by a row of any.
    let targets = (!matches!(summary.role, Some(Role::SdkWheel | Role::SdkSdist))).then_some(targets.as_slice());
    let mut findings: Vec<Finding> = found.into_iter().map(|(_, finding)| finding).collect();
    for finding in &mut findings {
        finding.accepted = reason(options.runtime, finding.rule, targets);
    }
    let mut report = FileReport { path: summary.path.clone(), sha256: Some(summary.sha256), findings };
    report.sort();
    (report, summary)
}

/// Why a finding about a set is accepted. What is of one target is accepted by that target's row, what is of none (the
/// SDK, a foreign file, the set as a whole) by a row of any.
fn accepted(set: &Set<'_>, owner: &Owner, rule: &str) -> Option<String> {
    match owner {
        Owner::File(index) if set.members[*index].role == Some(Role::RuntimeWheel) => {
            reason(set.runtime, rule, Some(&triples(&set.members[*index], set.runtime)))
        }
        Owner::Target(triple) => reason(set.runtime, rule, Some(std::slice::from_ref(triple))),
        Owner::File(_) | Owner::Path(_) | Owner::Whole => reason(set.runtime, rule, None),
    }
}

fn triples(summary: &Summary, runtime: &RuntimeProject) -> Vec<TargetTriple> {
    summary.targets(runtime).into_iter().map(|target| target.triple.clone()).collect()
}

fn reason(runtime: &RuntimeProject, rule: &str, targets: Option<&[TargetTriple]>) -> Option<String> {
    let mut rows = runtime.accepted.iter().filter(|row| row.rule == rule);
    let row = rows.find(|row| targets.is_none_or(|targets| targets.contains(&row.target)));
    row.map(|row| row.reason.clone())
}

/// Every selected rule's findings, with what each belongs to.
fn run(options: &Options<'_>, check: impl Fn(&'static Rule, &mut Findings)) -> Vec<(Owner, Finding)> {
    let selected = rules().filter(|rule| options.selection.has(rule));
    let found = selected.flat_map(|rule| {
        let mut found = Findings::of(rule);
        check(rule, &mut found);
        found.into_owned()
    });
    found.collect()
}

#[cfg(test)]
mod tests;
