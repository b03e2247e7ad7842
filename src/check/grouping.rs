//! What findings have in common, so that a report says it once: files, members, words but for their numbers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use super::finding::{Finding, Report, Severity, not_listed};
use crate::console::quantity::{Quantity, ranged};
use crate::console::text::{plural, shown_of, visible};

/// From how many distributions on a finding is shown once for all of them.
const SEVERAL: usize = 2;

/// From how many on they are not named where they are all that there are, and members of one are listed below a finding.
const MANY: usize = 3;

/// The findings that many files have in the same words: each with its place in the order of all, and those of the files.
pub(super) type Shared<'a> = HashMap<&'a Finding, (usize, Vec<usize>)>;

pub(super) fn shared(report: &Report) -> Shared<'_> {
    let mut places = Shared::new();
    for (index, file) in report.files.iter().enumerate() {
        for finding in &file.findings {
            let next = places.len();
            let (_, files) = places.entry(finding).or_insert((next, Vec::new()));
            if files.last() != Some(&index) {
                files.push(index);
            }
        }
    }
    places.retain(|_, (_, files)| files.len() >= SEVERAL);
    // Of what others have another number of, all are told together.
    let mut told: HashMap<_, HashSet<_>> = HashMap::new();
    let whole = report.files.iter().flat_map(|file| &file.findings).filter(|found| found.member.is_none());
    for found in whole {
        Amount::of(found).into_iter().for_each(|amount| _ = told.entry(amount).or_default().insert(&found.message));
    }
    let is_alone =
        |found: &Finding| Amount::of(found).is_none_or(|amount| told.get(&amount).is_none_or(|told| told.len() == 1));
    places.retain(|found, _| found.member.is_some() || is_alone(found));
    places
}

/// What findings have in common that say another quantity of the same.
#[derive(PartialEq, Eq, Hash)]
struct Amount<'a> {
    of: (&'a str, Severity, &'a str, Option<&'a str>),
    shape: (&'a str, &'a str, &'a str),
}

impl<'a> Amount<'a> {
    /// None where it says no quantity.
    fn of(finding: &'a Finding) -> Option<Self> {
        let Finding { rule, severity, help, accepted, .. } = finding;
        let shape = Quantity::of(finding.words())?.shape();
        Some(Self { of: (rule, *severity, help, accepted.as_deref()), shape })
    }
}

/// The same by files, in the order of the first finding of each.
pub(super) fn in_common<'a>(shared: &'a Shared<'a>) -> Vec<(&'a [usize], Vec<&'a Finding>)> {
    let mut findings: Vec<_> = shared.iter().collect();
    findings.sort_by_key(|(_, (order, _))| *order);
    let mut sets: Vec<(&[usize], Vec<&Finding>)> = Vec::new();
    let mut known: HashMap<&[usize], usize> = HashMap::new();
    for (finding, (_, files)) in findings {
        let place = *known.entry(files).or_insert(sets.len());
        if place == sets.len() {
            sets.push((files, Vec::new()));
        }
        sets[place].1.push(finding);
    }
    sets
}

/// What findings about whole files have in common that differ in numbers alone.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape<'a> {
    urgency: (bool, Severity),
    rule: &'a str,
    help: &'a str,
    accepted: Option<&'a str>,
    words: Option<String>,
}

impl<'a> Shape<'a> {
    pub(super) fn of(finding: &'a Finding) -> Self {
        let Finding { rule, help, accepted, message, member, .. } = finding;
        let mut words = String::new();
        for part in message.split(|letter: char| letter.is_ascii_digit() || letter == '.') {
            words.push_str(part);
            words.extend((!words.ends_with('0')).then_some('0'));
        }
        let words = member.is_none().then_some(words);
        Self { urgency: finding.urgency(), rule, help, accepted: accepted.as_deref(), words }
    }
}

/// The findings that many files have in the same words but for their numbers, by shape: the files, and each with the name of
/// its file where a member would stand.
pub(super) fn of_shape<'a>(report: &'a Report, shared: &Shared<'_>) -> BTreeMap<Shape<'a>, (Vec<usize>, Vec<Finding>)> {
    let mut shapes: BTreeMap<_, (Vec<usize>, Vec<Finding>)> = BTreeMap::new();
    for (index, file) in report.files.iter().enumerate() {
        let name = file.path.file_name().unwrap_or(file.path.as_os_str()).to_string_lossy();
        for finding in file.findings.iter().filter(|found| found.member.is_none() && !shared.contains_key(found)) {
            let (files, findings) = shapes.entry(Shape::of(finding)).or_default();
            if files.last() != Some(&index) {
                files.push(index);
            }
            findings.push(finding.clone().with_member(&name));
        }
    }
    shapes.retain(|_, (files, _)| files.len() >= SEVERAL);
    shapes
}

/// Whether these are all that were checked, and too many to be named.
fn are_all(report: &Report, files: &[usize]) -> bool {
    let all = report.files.iter().filter(|file| file.is_distribution).count();
    files.len() == all && all >= MANY
}

/// `all 8 files`, or `2 files: a.whl, b.whl`.
pub(super) fn heading(report: &Report, files: &[usize]) -> String {
    let heading = heading_of_named(report, files);
    if are_all(report, files) {
        return heading;
    }
    let name = |index: &usize| {
        let path = &report.files[*index].path;
        visible(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
    };
    let names: Vec<_> = files.iter().map(name).collect();
    format!("{heading}: {}", names.join(", "))
}

/// `all 8 files`, or `2 files` where every finding below names its own.
pub(super) fn heading_of_named(report: &Report, files: &[usize]) -> String {
    format!("{}{} files", if are_all(report, files) { "all " } else { "" }, files.len())
}

/// Findings that say the same of several members.
struct Entry<'a> {
    finding: &'a Finding,
    members: Vec<&'a str>,
    /// The sentence for all of them and what each of them has, where that is not the same.
    amounts: Option<(String, Vec<String>)>,
    /// How often it is found.
    count: usize,
    /// How many of these are not listed.
    unlisted: usize,
}

impl<'a> Entry<'a> {
    /// In the order of the first finding of each.
    fn of(findings: &[&'a Finding]) -> Vec<Self> {
        let mut entries: Vec<Self> = Vec::new();
        let (mut known, mut named) = (HashMap::new(), HashSet::new());
        for finding in findings {
            let Finding { rule, severity, member, help, accepted, .. } = finding;
            let alike = (rule, severity, member.is_some(), finding.words(), help, accepted);
            let place = *known.entry(alike).or_insert(entries.len());
            if place == entries.len() {
                entries.push(Self { finding, members: Vec::new(), amounts: None, count: 0, unlisted: 0 });
            }
            entries[place].count += 1;
            entries[place].unlisted += finding.unlisted;
            // A file that has it more than once is one file.
            entries[place].members.extend(member.as_deref().filter(|member| named.insert((place, *member))));
        }
        Self::by_amount(entries)
    }

    /// Those that say another quantity of the same are one, from so many members on as are listed.
    fn by_amount(entries: Vec<Self>) -> Vec<Self> {
        let mut groups: Vec<Vec<Self>> = Vec::new();
        let mut known = HashMap::new();
        for entry in entries {
            let amount = Amount::of(entry.finding).filter(|_| !entry.members.is_empty());
            let place = amount.map_or(groups.len(), |amount| *known.entry(amount).or_insert(groups.len()));
            if place == groups.len() {
                groups.push(Vec::new());
            }
            groups[place].push(entry);
        }
        groups.into_iter().flat_map(|group| Self::merged(&group).map_or(group, |one| vec![one])).collect()
    }

    fn merged(group: &[Self]) -> Option<Self> {
        let quantities: Vec<_> = group.iter().filter_map(|one| Quantity::of(one.finding.words())).collect();
        let own = group.iter().zip(&quantities).flat_map(|(one, has)| one.members.iter().map(|_| has.own()));
        let members: Vec<_> = group.iter().flat_map(|one| one.members.iter().copied()).collect();
        let is_list = group.len() > 1 && members.len() >= MANY && quantities.len() == group.len();
        let sentence = ranged(&quantities).filter(|_| is_list)?;
        Some(Self {
            finding: group[0].finding,
            amounts: Some((sentence, own.collect())),
            members,
            count: group.iter().map(|one| one.count).sum(),
            unlisted: group.iter().map(|one| one.unlisted).sum(),
        })
    }

    /// Whether one closing line does for both: what is accepted has its own reason.
    fn is_of_kind(&self, next: &Self) -> bool {
        let (one, next) = (self.finding, next.finding);
        (one.rule, &one.help) == (next.rule, &next.help) && one.accepted.is_none() && next.accepted.is_none()
    }

    fn text(&self) -> String {
        let Finding { rule, severity, accepted, .. } = self.finding;
        let message = self.amounts.as_ref().map_or(self.finding.words(), |(sentence, _)| sentence);
        let kind = accepted.as_ref().map_or(severity.to_string(), |_| "accepted".to_owned());
        let often = Some(self.count).filter(|count| *count > self.members.len() && !self.members.is_empty());
        let often = often.map(|count| format!(" ({count} times)")).unwrap_or_default();
        let beyond = if self.unlisted > 0 { not_listed(self.unlisted) } else { String::new() };
        let often = often + &beyond;
        let of = |member: &str| format!("  {kind}[{rule}]: {member}{}{often}\n", visible(message));
        match &self.members[..] {
            [] => of(""),
            members if members.len() < MANY => {
                members.iter().map(|member| of(&format!("`{}`: ", visible(member)))).collect()
            }
            members => {
                let shown = shown_of(members.len());
                let own = |place: usize| {
                    let own = self.amounts.as_ref().and_then(|(_, own)| own.get(place));
                    own.map(|own| format!(": {own}")).unwrap_or_default()
                };
                let names = members[..shown].iter().enumerate();
                let names = names.map(|(place, member)| format!("      `{}`{}\n", visible(member), own(place)));
                let head = format!("  {kind}[{rule}]: {}\n", visible(message));
                let least = if self.unlisted > 0 { "at least " } else { "" };
                let mut text = format!("{head}    in {least}{} files:\n{}", members.len(), names.collect::<String>());
                if members.len() > shown {
                    let _ = writeln!(text, "      and {} more, which `--format json` has", members.len() - shown);
                }
                if self.unlisted > 0 {
                    // What they say is not kept.
                    let _ = writeln!(text, "      and {} of this rule", plural(self.unlisted, "more finding"));
                }
                text
            }
        }
    }
}

/// How many findings of one rule in the same file are shown where there are more than `MANY_OF_ONE`.
const SHOWN_OF_ONE: usize = 4;
const MANY_OF_ONE: usize = 6;

/// Every finding, and after the last of one kind what to do about it. Of many that one rule has on one file the first are shown,
/// and the rest counted.
pub(super) fn list(findings: &[&Finding], text: &mut String) {
    let entries = Entry::of(findings);
    let alike = |one: &Entry<'_>, next: &Entry<'_>| one.is_of_kind(next) && one.members == next.members;
    let mut runs = entries.chunk_by(alike).peekable();
    while let Some(run) = runs.next() {
        let shown = if run.len() > MANY_OF_ONE { SHOWN_OF_ONE } else { run.len() };
        text.extend(run[..shown].iter().map(Entry::text));
        if shown < run.len() {
            let _ = writeln!(text, "    and {} more, which `--format json` has", run.len() - shown);
        }
        if !runs.peek().is_some_and(|next| run[0].is_of_kind(&next[0])) {
            let _ = writeln!(text, "    {}", closing(run[0].finding, "reason"));
        }
    }
}

/// What follows a finding: the reason why it is accepted, or what to do about it.
pub(super) fn closing(finding: &Finding, accepted: &str) -> String {
    match &finding.accepted {
        Some(reason) => format!("{accepted}: {}", visible(reason)),
        None => format!("help: {}", visible(&finding.help)),
    }
}
