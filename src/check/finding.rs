//! Findings and their report: the values that `check` returns and the gate reads.

use std::path::PathBuf;

use serde::Serialize;

use super::rule::{Family, Rule, Severity, rules};
use crate::digest::Sha256Digest;
use crate::error::Exit;
use crate::target::TargetTriple;

/// Findings of one rule about one file beyond this many are counted, not listed.
const MAX_LISTED: usize = 50;

/// One thing that is wrong with a distribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the rule.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The file inside the distribution that it is about; none where it is about the whole.
    pub member: Option<String>,
    /// What was found, without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// Why it is accepted; none where it is not.
    pub accepted: Option<String>,
}

impl Finding {
    /// The family of its rule.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        rules().find(|rule| rule.name == self.rule).map(|rule| rule.family)
    }
}

/// The findings about one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The file, or the directory where a finding is about the set.
    pub path: PathBuf,
    /// The file's digest; none for a directory.
    pub sha256: Option<Sha256Digest>,
    /// What was found, in the order in which it is best fixed.
    pub findings: Vec<Finding>,
}

/// The findings about every file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One entry per file, in the order given; findings about the set as a whole come last.
    pub files: Vec<FileReport>,
}

impl FileReport {
    /// Errors first, then the families in their order, accepted findings last.
    pub(super) fn sort(&mut self) {
        let place = |name: &str| rules().position(|rule| rule.name == name);
        self.findings.sort_by_cached_key(|finding| {
            (finding.accepted.is_some(), finding.severity, place(finding.rule), finding.member.clone())
        });
    }

    /// The findings of that severity that are not accepted.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.accepted.is_none() && finding.severity == severity).count()
    }
}

impl Report {
    /// The findings of that severity that are not accepted.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.files.iter().map(|file| file.count(severity)).sum()
    }

    /// The findings that the template accepts.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.files.iter().flat_map(|file| &file.findings).filter(|finding| finding.accepted.is_some()).count()
    }

    /// The exit code that the report calls for: errors that are not accepted fail.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.count(Severity::Error) > 0 { Exit::NotGood } else { Exit::Good }
    }
}

/// What a finding of a rule about a set belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// One of the set's distributions, by its place.
    File(usize),
    /// Something else in the directory.
    Path(String),
    /// A target of the runtime.
    Target(TargetTriple),
    /// The set.
    Whole,
}

/// Where a rule puts what it finds.
#[derive(Debug)]
pub(crate) struct Findings {
    rule: &'static Rule,
    found: Vec<(Owner, Finding)>,
    unlisted: usize,
}

impl Findings {
    pub(super) fn of(rule: &'static Rule) -> Self {
        Self { rule, found: Vec::new(), unlisted: 0 }
    }

    /// The name of the rule.
    pub(super) fn rule(&self) -> &'static str {
        self.rule.name
    }

    /// A finding about the file, or the set, as a whole.
    pub(super) fn whole(&mut self, message: impl Into<String>) {
        self.put(Owner::Whole, self.finding(message));
    }

    /// A finding about a member.
    pub(super) fn member(&mut self, member: &str, message: impl Into<String>) {
        self.with(self.rule.severity, Some(member), message);
    }

    /// A finding of a severity that is not the rule's.
    pub(super) fn with(&mut self, severity: Severity, member: Option<&str>, message: impl Into<String>) {
        let finding = Finding { severity, member: member.map(str::to_owned), ..self.finding(message) };
        self.put(Owner::Whole, finding);
    }

    /// A finding of the rule, still to be [`put`](Self::put) where it belongs.
    pub(super) fn finding(&self, message: impl Into<String>) -> Finding {
        Finding {
            rule: self.rule.name,
            severity: self.rule.severity,
            member: None,
            message: message.into(),
            help: self.rule.documentation.fix.to_owned(),
            accepted: None,
        }
    }

    pub(super) fn put(&mut self, owner: Owner, finding: Finding) {
        if self.found.len() >= MAX_LISTED {
            self.unlisted += 1;
        } else {
            self.found.push((owner, finding));
        }
    }

    pub(super) fn into_owned(mut self) -> Vec<(Owner, Finding)> {
        if self.unlisted > 0
            && let Some((_, last)) = self.found.last_mut()
        {
            last.message += &format!(" (and {} more findings of this rule)", self.unlisted);
        }
        self.found
    }
}
