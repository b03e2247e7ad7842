//! The findings of a release by rule, what to mend first before the rest: one sentence, and every file that it is said of.

use super::value::{FindingRow, ReleaseReport};
use crate::console::quantity::{MANY, Quantity, ranged};

/// The findings of one rule.
pub(super) struct Group<'a> {
    pub(crate) rule: &'a str,
    pub(crate) sentences: Vec<Sentence<'a>>,
}

/// One sentence, and where it holds.
pub(super) struct Sentence<'a> {
    pub(crate) kind: &'static str,
    pub(crate) first: &'a FindingRow,
    /// What it says, of all of them.
    pub(crate) words: String,
    pub(crate) files: Vec<FilePlace<'a>>,
}

/// A file that a sentence is said of.
pub(super) struct FilePlace<'a> {
    pub(crate) file: &'a str,
    pub(crate) members: Vec<&'a str>,
    /// How much it has, where others have another number.
    pub(crate) own: Option<String>,
}

impl Group<'_> {
    /// The weightiest of its sentences.
    pub(super) fn kind(&self) -> &'static str {
        self.sentences.iter().map(|one| one.kind).min_by_key(|kind| weight(kind)).unwrap_or("warning")
    }

    /// Whether no later sentence has the same help, or the same reason why it is accepted.
    pub(super) fn is_last_to_say(&self, place: usize) -> bool {
        let closing = |place: usize| {
            let first = self.sentences.get(place)?.first;
            Some((&first.accepted, if first.accepted.is_some() { "" } else { &first.help }))
        };
        closing(place + 1) != closing(place)
    }

    pub(super) fn files(&self) -> usize {
        let mut names: Vec<_> = self.sentences.iter().flat_map(|one| &one.files).map(|place| place.file).collect();
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
        group.join_amounts();
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
            sentences.push(Sentence { kind: row.kind(), first: row, words: row.message.clone(), files: Vec::new() });
        }
        let files = &mut sentences[place].files;
        match files.iter_mut().find(|place| place.file == row.file) {
            Some(place) => place.members.extend(row.member.as_deref()),
            None => files.push(FilePlace {
                file: &row.file,
                members: row.member.iter().map(String::as_str).collect(),
                own: None,
            }),
        }
    }

    /// Makes one of those that say of whole files how much they have.
    fn join_amounts(&mut self) {
        let amount = |one: &Sentence<'a>| {
            let is_whole = one.files.iter().all(|place| place.members.is_empty());
            Quantity::of(&one.first.message).filter(|_| is_whole)
        };
        let key = |one: &Sentence<'a>| Some((one.kind, &one.first.help, &one.first.accepted, amount(one)?.shape()));
        let mut joined: Vec<Vec<Sentence<'a>>> = Vec::new();
        for one in std::mem::take(&mut self.sentences) {
            let known = joined.iter_mut().find(|known| key(&known[0]).is_some_and(|known| Some(known) == key(&one)));
            match known {
                Some(known) => known.push(one),
                None => joined.push(vec![one]),
            }
        }
        for mut all in joined {
            let amounts: Vec<_> = all.iter().filter_map(amount).collect();
            let files: usize = all.iter().map(|one| one.files.len()).sum();
            let Some(words) = ranged(&amounts).filter(|_| all.len() > 1 && files >= MANY) else {
                self.sentences.append(&mut all);
                continue;
            };
            for (one, amount) in all.iter_mut().zip(&amounts) {
                one.files.iter_mut().for_each(|place| place.own = Some(amount.own()));
            }
            let files = all.iter_mut().flat_map(|one| std::mem::take(&mut one.files)).collect();
            self.sentences.push(Sentence { kind: all[0].kind, first: all[0].first, words, files });
        }
    }
}
