//! The commands of relkit that mend what was found, and the files that they are given.

use std::path::Path;

use super::finding::{FileReport, Finding, Report};
use super::rule::Remedy;
use super::rules::rules;
use crate::binary::same_family;
use crate::console::text::shell_path;
use crate::fs::portable;
use crate::target::PlatformTag;
use crate::wheel::filename::WheelFileName;

impl Report {
    /// The open finding that is mended first.
    pub(super) fn worst(&self) -> Option<&Finding> {
        let open = self.files.iter().flat_map(|file| &file.findings).filter(|found| found.accepted.is_none());
        open.min_by_key(|found| found.urgency())
    }

    /// The command that mends what is worst, for every wheel that it mends, where there is one.
    pub(crate) fn mending(&self) -> Option<String> {
        let remedy = *remedies([self.worst()?]).first()?;
        let has = |file: &&FileReport| file.findings.iter().any(|found| remedies([found]).contains(&remedy));
        let files = self.files.iter().filter(|file| self.is_mended_by_command(file)).filter(has);
        let wheels = self.mended_together(&files.collect::<Vec<_>>());
        (!wheels.is_empty()).then(|| remedy.command(&wheels))
    }

    /// The wheels that a command is given, as they are typed: beside those that it mends the others of their release that have
    /// tags which these may get, for no tag may come to stand on two wheels.
    pub(super) fn mended_together(&self, mended: &[&FileReport]) -> Vec<String> {
        let names: Vec<_> = mended.iter().filter_map(|file| Some((named(file)?, &file.honest))).collect();
        let is_one = |file: &&FileReport| {
            let is_beside = |name: &WheelFileName| {
                let has = name.tags.platforms().unwrap_or_default();
                let gets =
                    |honest: &[PlatformTag]| honest.iter().any(|tag| has.iter().any(|one| same_family(one, tag)));
                names.iter().any(|(other, honest)| other.is_beside(name) && gets(honest))
            };
            mended.iter().any(|one| one.path == file.path)
                || self.is_mended_by_command(file) && named(file).is_some_and(|name| is_beside(&name))
        };
        self.files.iter().filter(is_one).map(|file| typed(&file.path)).collect()
    }

    /// Whether a command can be given for a file: it is here, and has a tag that it could get.
    pub(super) fn is_mended_by_command(&self, file: &FileReport) -> bool {
        !self.is_published && !file.honest.is_empty()
    }
}

fn named(file: &FileReport) -> Option<WheelFileName> {
    file.path.file_name()?.to_str()?.parse().ok()
}

fn typed(path: &Path) -> String {
    if path.to_str().is_some() { shell_path(&portable(path)) } else { shell_path(path) }
}

/// The commands that mend what is open.
pub(super) fn remedies<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Remedy> {
    let open = findings.into_iter().filter(|finding| finding.accepted.is_none());
    let of = |finding: &Finding| rules().find(|rule| (rule.name, rule.severity) == (finding.rule, finding.severity));
    let mut remedies: Vec<_> = open.filter_map(of).flat_map(|rule| rule.documentation.remedies).copied().collect();
    remedies.dedup();
    remedies
}
