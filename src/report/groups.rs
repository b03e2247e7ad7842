//! The findings of a release by rule, what to mend first before the rest: one sentence, and every file that it is said of.

use super::value::{FindingRow, ReleaseReport};

/// The findings of one rule.
pub(super) struct Group<'a> {
    pub(crate) rule: &'a str,
    pub(crate) sentences: Vec<Sentence<'a>>,
}

/// One sentence, and where it holds.
pub(super) struct Sentence<'a> {
    pub(crate) kind: &'static str,
    pub(crate) first: &'a FindingRow,
    /// Files, each with its members.
    pub(crate) files: Vec<(&'a str, Vec<&'a str>)>,
}

impl Group<'_> {
    /// The weightiest of its sentences.
    pub(super) fn kind(&self) -> &'static str {
        self.sentences.iter().map(|one| one.kind).min_by_key(|kind| weight(kind)).unwrap_or("warning")
    }

    /// Whether no later sentence has the same help.
    pub(super) fn is_last_to_say(&self, place: usize) -> bool {
        let help = |place: usize| self.sentences.get(place).map(|one| &one.first.help);
        help(place + 1) != help(place)
    }

    pub(super) fn files(&self) -> usize {
        let mut names: Vec<_> = self.sentences.iter().flat_map(|one| &one.files).map(|(file, _)| *file).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    }
}

fn weight(kind: &str) -> usize {
    ["error", "warning", "accepted"].iter().position(|known| *known == kind).unwrap_or(0)
}

pub(super) fn groups(release: &ReleaseReport) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for row in &release.findings {
        let place = groups.iter().position(|group| group.rule == row.rule).unwrap_or(groups.len());
        if place == groups.len() {
            groups.push(Group { rule: &row.rule, sentences: Vec::new() });
        }
        groups[place].add(row);
    }
    for group in &mut groups {
        group.sentences.sort_by_key(|one| weight(one.kind));
    }
    groups.sort_by_key(|group| weight(group.kind()));
    groups
}

impl<'a> Group<'a> {
    fn add(&mut self, row: &'a FindingRow) {
        let says = |row: &'a FindingRow| (row.kind(), &row.message, &row.help, &row.accepted);
        let sentences = &mut self.sentences;
        let place = sentences.iter().position(|one| says(one.first) == says(row)).unwrap_or(sentences.len());
        if place == sentences.len() {
            sentences.push(Sentence { kind: row.kind(), first: row, files: Vec::new() });
        }
        let files = &mut sentences[place].files;
        match files.iter_mut().find(|(file, _)| *file == row.file) {
            Some((_, members)) => members.extend(row.member.as_deref()),
            None => files.push((&row.file, row.member.as_deref().into_iter().collect())),
        }
    }
}
