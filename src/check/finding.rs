//! Findings and their report: the values that `check` returns and the gate reads.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::console::text::{plural, shortened};
use crate::digest::Sha256Digest;
use crate::error::Exit;
use crate::target::{PlatformTag, TargetTriple};

/// Findings of one rule, one severity and one owner beyond this many are counted, not listed: what weighs less or is another's
/// never hides one.
const MAX_LISTED: usize = 50;

/// What the last of those that are listed says of the others.
pub(super) fn not_listed(count: usize) -> String {
    format!(" (and {} of this rule)", plural(count, "more finding"))
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The distribution must not be published like this.
    Error,
    /// Worth a look; nothing breaks for certain.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing that is wrong with a distribution.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Finding {
    pub rule: &'static str,
    pub severity: Severity,
    /// The file inside the distribution that it is about; none where it is about the whole.
    pub member: Option<String>,
    /// Without a full stop; at its end how many more there are, where there are.
    pub message: String,
    /// How many more findings of its rule are not listed.
    #[serde(skip)]
    pub(crate) unlisted: usize,
    pub(crate) help: String,
    /// Why it is accepted; none where it is not.
    pub(crate) accepted: Option<String>,
}

impl Finding {
    /// What to mend first comes first.
    pub(super) fn urgency(&self) -> (bool, Severity) {
        (self.accepted.is_some(), self.severity)
    }

    /// What it says of itself, without those that are not listed.
    pub(super) fn words(&self) -> &str {
        let cut = Some(self.unlisted).filter(|count| *count > 0).map(not_listed);
        cut.and_then(|cut| self.message.strip_suffix(&cut)).unwrap_or(&self.message)
    }

    pub(crate) fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    pub(crate) fn with_member(self, member: &str) -> Self {
        Self { member: Some(member.to_owned()), ..self }
    }

    pub(crate) fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: help.into(), ..self }
    }
}

/// The findings about one file.
#[derive(Debug, Clone, Default)]
pub struct FileReport {
    /// The file, or the directory where a finding is about the set.
    pub(crate) path: PathBuf,
    /// `None` where it was not asked for, or this is no distribution.
    pub sha256: Option<Sha256Digest>,
    /// Whether it is one of the distributions that were checked.
    pub(crate) is_distribution: bool,
    /// In the order in which they are best fixed.
    pub findings: Vec<Finding>,
    /// The platform tags that all its binaries keep, where a command may be told that retags it.
    pub(crate) honest: Vec<PlatformTag>,
    /// How long it took to check it on its own.
    pub(crate) took: Duration,
}

/// The findings about every file, in the order given; those about the set as a whole come last.
#[derive(Debug, Clone)]
pub struct Report {
    /// The distribution of the product whose table names the runtime and what is accepted.
    pub(crate) product: String,
    pub files: Vec<FileReport>,
    /// Whether the files are an index's, so that no command can be given their paths.
    pub(crate) is_published: bool,
}

impl FileReport {
    /// Errors first, accepted findings last; else they stay in the order of the rules that made them.
    pub(super) fn sort(&mut self) {
        self.findings.sort_by_key(Finding::urgency);
    }
}

impl Report {
    fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.files.iter().flat_map(|file| &file.findings)
    }

    /// The findings of that severity that are not accepted.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings().filter(|finding| finding.accepted.is_none() && finding.severity == severity).count()
    }

    pub(super) fn accepted(&self) -> usize {
        self.findings().filter(|finding| finding.accepted.is_some()).count()
    }

    /// Errors that are not accepted fail.
    pub(crate) fn exit(&self) -> Exit {
        if self.count(Severity::Error) > 0 { Exit::NotGood } else { Exit::Good }
    }
}

/// What a finding of a rule about a set belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// One of the set's distributions, by its place.
    File(usize),
    /// Something else in the directory.
    Path(String),
    /// A target of the runtime.
    Target(TargetTriple),
    /// The SDK, where it is none of its files.
    Sdk,
    /// The set.
    Whole,
}

impl Owner {
    /// For whom findings are counted together: every path in the directory is accepted by the same rows.
    fn counted_with(&self) -> Self {
        match self {
            Self::Path(_) => Self::Path(String::new()),
            owner => owner.clone(),
        }
    }
}

/// Where a rule puts what it finds.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(super) rule: &'static str,
    help: &'static str,
    /// Of findings for which the rule does not say another.
    pub(super) severity: Severity,
    /// What a finding about the whole is about, for rules that look at one file inside a distribution.
    pub(super) inside: Option<String>,
    found: Vec<(Owner, Finding)>,
    /// How many there are of each.
    counts: HashMap<(Owner, Severity), usize>,
}

impl Findings {
    pub(super) fn new(rule: &'static str, severity: Severity, help: &'static str) -> Self {
        Self { rule, help, severity, inside: None, found: Vec::new(), counts: HashMap::new() }
    }

    /// A finding about what the rule looks at as a whole.
    pub(crate) fn whole(&mut self, message: impl Into<String>) {
        self.with(self.severity, None, message);
    }

    pub(crate) fn member(&mut self, member: &str, message: impl Into<String>) {
        self.with(self.severity, Some(member), message);
    }

    /// A finding for which there is more to say on what to do than the rule has.
    pub(crate) fn advise(&mut self, severity: Severity, member: Option<&str>, message: impl Into<String>, help: &str) {
        let member = member.map(str::to_owned).or_else(|| self.inside.clone());
        let finding = self.finding(message).with_help(help);
        self.put(Owner::Whole, Finding { severity, member, ..finding });
    }

    /// The same about each of these members.
    pub(crate) fn each<'a>(&mut self, members: impl IntoIterator<Item = &'a str>, message: &str) {
        members.into_iter().for_each(|member| self.member(member, message));
    }

    /// A finding of a severity that is not the rule's.
    pub(crate) fn with(&mut self, severity: Severity, member: Option<&str>, message: impl Into<String>) {
        let member = member.map(str::to_owned).or_else(|| self.inside.clone());
        self.put(Owner::Whole, Finding { severity, member, ..self.finding(message) });
    }

    /// A finding of the rule, still to be [`put`](Self::put) where it belongs.
    pub(crate) fn finding(&self, message: impl Into<String>) -> Finding {
        let (rule, severity, help) = (self.rule, self.severity, self.help.to_owned());
        let message = shortened(&message.into()).into_owned();
        Finding { rule, severity, member: None, message, unlisted: 0, help, accepted: None }
    }

    /// A finding of a rule about a set.
    pub(crate) fn put(&mut self, owner: Owner, finding: Finding) {
        let count = self.counts.entry((owner.counted_with(), finding.severity)).or_default();
        *count += 1;
        if *count <= MAX_LISTED {
            self.found.push((owner, finding));
        }
    }

    pub(super) fn into_owned(mut self) -> Vec<(Owner, Finding)> {
        self.counts.retain(|_, count| *count > MAX_LISTED);
        for (owner, last) in self.found.iter_mut().rev() {
            if let Some(count) = self.counts.remove(&(owner.counted_with(), last.severity)) {
                last.unlisted = count - MAX_LISTED;
                last.message += &not_listed(last.unlisted);
            }
        }
        self.found.sort_by(|(_, one), (_, other)| one.member.cmp(&other.member));
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is accepted for one file of a set says nothing of another.
    #[test]
    fn findings_are_counted_for_each_owner_and_severity() {
        let mut found = Findings::new("rule", Severity::Error, "help");
        let owners = (0..3).map(Owner::File).chain([Owner::Whole]);
        for owner in owners.clone() {
            for severity in [Severity::Warning, Severity::Error] {
                for _ in 0..MAX_LISTED + 1 {
                    let finding = found.finding("it is so").with_severity(severity);
                    found.put(owner.clone(), finding);
                }
            }
        }
        (0..2 * MAX_LISTED).for_each(|place| found.put(Owner::Path(place.to_string()), found.finding("it is so")));
        let all = found.into_owned();
        for owner in owners {
            let of = all.iter().filter(|(of, _)| *of == owner);
            assert_eq!(of.clone().count(), 2 * MAX_LISTED);
            assert_eq!(
                of.filter(|(_, finding)| finding.message.ends_with("(and 1 more finding of this rule)")).count(),
                2
            );
        }
        assert_eq!(all.iter().filter(|(owner, _)| matches!(owner, Owner::Path(_))).count(), MAX_LISTED);
    }
}
