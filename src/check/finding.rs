//! Findings and their report: the values that `check` returns and the gate reads.

use std::path::PathBuf;

use serde::Serialize;

use super::rule::{Rule, Severity, rules};
use super::subject::embedded::Mentions;
use crate::digest::Sha256Digest;
use crate::error::Exit;

/// Findings of one rule about one file beyond this many are counted, not listed.
const MOST: usize = 50;

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

/// The findings about one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The file, or the directory where a finding is about the set.
    pub path: PathBuf,
    /// The file's digest; none for a directory.
    pub sha256: Option<Sha256Digest>,
    /// What was found, in the order in which it is best fixed.
    pub findings: Vec<Finding>,
    /// What the runtime's executable says of its version; none where that was not asked, or there is no such executable.
    #[serde(skip)]
    pub mentions: Option<Mentions>,
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

/// Where a rule puts what it finds.
#[derive(Debug)]
pub(super) struct Findings {
    rule: &'static Rule,
    found: Vec<Finding>,
    /// Per finding, the file of the set that it belongs to.
    owners: Vec<Option<usize>>,
    unlisted: usize,
}

impl Findings {
    pub(super) fn of(rule: &'static Rule) -> Self {
        Self { rule, found: Vec::new(), owners: Vec::new(), unlisted: 0 }
    }

    /// A finding about the file as a whole.
    pub(super) fn whole(&mut self, message: impl Into<String>) {
        self.push(self.rule.severity, None, message.into(), None);
    }

    /// A finding about a member.
    pub(super) fn member(&mut self, member: &str, message: impl Into<String>) {
        self.push(self.rule.severity, Some(member), message.into(), None);
    }

    /// A finding of a severity that is not the rule's.
    pub(super) fn with(&mut self, severity: Severity, member: Option<&str>, message: impl Into<String>) {
        self.push(severity, member, message.into(), None);
    }

    /// A finding of a rule about the set: about one of its files, or about the set as a whole.
    pub(super) fn file(
        &mut self,
        severity: Severity,
        owner: Option<usize>,
        member: Option<&str>,
        message: impl Into<String>,
    ) {
        self.push(severity, member, message.into(), owner);
    }

    fn push(&mut self, severity: Severity, member: Option<&str>, message: String, owner: Option<usize>) {
        if self.found.len() >= MOST {
            self.unlisted += 1;
            return;
        }
        let fix = self.rule.documentation.fix;
        self.found.push(Finding {
            rule: self.rule.name,
            severity,
            member: member.map(str::to_owned),
            message,
            help: fix.to_owned(),
            accepted: None,
        });
        self.owners.push(owner);
    }

    pub(super) fn into_inner(self) -> Vec<Finding> {
        self.into_owned().into_iter().map(|(_, finding)| finding).collect()
    }

    pub(super) fn into_owned(mut self) -> Vec<(Option<usize>, Finding)> {
        if self.unlisted > 0
            && let Some(last) = self.found.last_mut()
        {
            last.message += &format!(" (and {} more findings of this rule)", self.unlisted);
        }
        self.owners.into_iter().zip(self.found).collect()
    }
}
