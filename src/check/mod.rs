//! Step 4: holds every rule against each distribution, and the files of a release against each other and against what
//! the release is expected to be. A finding is data; only what cannot be opened, or written to a temporary file, is an
//! error. A rule is one `Rule` value in the file of its family: name, severity, page and function together.

pub mod coverage;
mod error;
mod finding;
mod grouping;
pub mod inspection;
mod inspection_text;
pub(crate) mod listing;
mod mending;
mod options;
pub mod pages;
mod report;
mod rule;
mod rules;
mod selection;
mod subject;

use std::path::Path;
use std::time::Instant;

pub(crate) use error::CheckError;
pub(crate) use finding::FileReport;
pub use finding::{Finding, Report, Severity};
pub use options::Options;
pub(crate) use rule::Rule;
pub(crate) use rules::linking::{BinaryFault, faults as binary_faults};
pub(crate) use rules::set::SET_TARGETS;
pub use rules::{Family, rules};
pub use selection::Selection;
pub(crate) use selection::{check_accepted, families, find_rules, rule_names};
pub(crate) use subject::audit::{Attested, Audit, AuditedFile, Provenance};
pub(crate) use subject::release::{Dist, Expected, FailedStep, Half, Published, PublishedFile, Receipts};
pub use subject::sdist::SdistSubject;
pub use subject::summary::Role;
pub(crate) use subject::summary::Summary;

use crate::console::Progress;
use crate::product::{AcceptedOf, RuntimeProject};
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
        let started = Instant::now();
        let (report, summary) = check_file(&path, options)?;
        files.push(FileReport { took: started.elapsed(), ..report });
        members.push(summary);
    }
    let set = Set { members: &members, runtime: options.runtime, sdk: options.sdk, expected: options.release };
    let mut found = run(options, |rule, found| rule.check_set(&set, found));
    if let Some(audit) = options.index {
        found.extend(run(options, |rule, found| rule.check_index(audit, found)));
    }
    for (owner, mut finding) in found {
        let path = match &owner {
            Owner::File(index) => members[*index].path.clone(),
            Owner::Path(relative) => options.directory().join(relative),
            Owner::Target(_) | Owner::Sdk | Owner::Whole => options.directory().to_owned(),
        };
        let scopes = match owner {
            Owner::Target(triple) => vec![AcceptedOf::Target(triple)],
            Owner::Sdk => vec![AcceptedOf::Sdk],
            _ => scopes(members.iter().find(|member| member.path == path), options.runtime),
        };
        finding.accepted = accepted(options.runtime, &scopes, finding.rule);
        match files.iter_mut().find(|file| file.path == path) {
            Some(file) => file.findings.push(finding),
            None => files.push(FileReport { path, findings: vec![finding], ..FileReport::default() }),
        }
    }
    files.iter_mut().for_each(FileReport::sort);
    Ok((
        Report { product: options.runtime.distribution.to_string(), files, is_published: options.index.is_some() },
        members,
    ))
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
    let mut wheel = WheelSubject::of(archive, options.runtime, version, options.digest)?;
    let found = run(options, |rule, found| rule.check_wheel(&wheel, found));
    // Asked where a command that retags may name it, for itself or beside others: it holds every binary against many tags.
    let may_be_mended =
        options.names_several() || !mending::remedies(found.iter().map(|(_, finding)| finding)).is_empty();
    let honest = if may_be_mended { rules::binary::honest_tags(&wheel) } else { Vec::new() };
    let (report, summary) = finished(found, Summary::of_wheel(&mut wheel, options.sdk), options);
    Ok((FileReport { honest, ..report }, summary))
}

fn finished(found: Vec<(Owner, Finding)>, summary: Summary, options: &Options<'_>) -> (FileReport, Summary) {
    let scopes = scopes(Some(&summary), options.runtime);
    let mut findings: Vec<Finding> = found.into_iter().map(|(_, finding)| finding).collect();
    for finding in &mut findings {
        finding.accepted = accepted(options.runtime, &scopes, finding.rule);
    }
    let (path, sha256) = (summary.path.clone(), summary.told_sha256);
    let mut report = FileReport { path, sha256, is_distribution: true, findings, ..FileReport::default() };
    report.sort();
    (report, summary)
}

/// What a file's findings are of: a wheel may serve several targets. Nothing stands for what is no distribution.
fn scopes(file: Option<&Summary>, runtime: &RuntimeProject) -> Vec<AcceptedOf> {
    let targets = match file.map(|file| (file, file.role)) {
        Some((_, Some(Role::SdkWheel | Role::SdkSdist))) => return vec![AcceptedOf::Sdk],
        Some((file, Some(Role::RuntimeWheel))) => file.targets(runtime),
        _ => Vec::new(),
    };
    match targets.is_empty() {
        true => vec![AcceptedOf::Release],
        false => targets.into_iter().map(|target| AcceptedOf::Target(target.triple.clone())).collect(),
    }
}

/// Why the product accepts what a rule finds of any of these.
fn accepted(runtime: &RuntimeProject, scopes: &[AcceptedOf], rule: &str) -> Option<String> {
    let row = runtime.accepted.iter().find(|row| row.rule == rule && scopes.contains(&row.of));
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
