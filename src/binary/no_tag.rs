//! Why no platform tag is honest for binaries, in words.

use std::fmt;

use super::objection::Objection;
use crate::console::text::quoted;
use crate::target::PlatformTag;

/// How many reasons a message gives.
pub(super) const MAX_REASONS: usize = 3;

/// Why no platform tag is honest for binaries, as a sentence about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyNoTag {
    /// There is no tag at all for the machine or system of one of them.
    Homeless(String),
    RuledOut(String),
    /// What they are for has tags, and relkit cannot tell which of them is honest.
    Unjudged(String),
}

impl WhyNoTag {
    /// What to do, where it is not that a tag is ruled out.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Homeless(_) => {
                "give a payload for Linux, macOS or Windows: no index takes wheels for that machine or system"
            }
            Self::Unjudged(_) => "leave the wheel under the tag that its builder gave it",
            Self::RuledOut(_) => return None,
        };
        Some(hint.to_owned())
    }
}

impl fmt::Display for WhyNoTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Homeless(why) | Self::RuledOut(why) | Self::Unjudged(why)) = self;
        formatter.write_str(why)
    }
}

/// What rules tags out, for a message: which binary breaks the promise of which tag, and how. What a binary says against
/// several tags is one reason.
pub(crate) fn reasons<'a>(broken: impl IntoIterator<Item = (&'a PlatformTag, &'a str, &'a Objection)>) -> String {
    let all = broken.into_iter().map(|(tag, member, objection)| (tag, member, objection.to_string()));
    told(all).join("; ")
}

fn told<'a>(all: impl Iterator<Item = (&'a PlatformTag, &'a str, String)>) -> Vec<String> {
    let mut said: Vec<(&str, String, Vec<&PlatformTag>)> = Vec::new();
    for (tag, member, words) in all {
        match said.iter().position(|(known, told, _)| *known == member && *told == words) {
            Some(place) if said[place].2.contains(&tag) => (),
            Some(place) => said[place].2.push(tag),
            None if said.len() == MAX_REASONS => (),
            None => said.push((member, words, vec![tag])),
        }
    }
    said.iter().map(|(member, words, tags)| format!("`{member}` under {}: {words}", quoted(tags))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_against_several_tags_is_said_once() {
        let row =
            |tag: &str, member: &'static str, words: &'static str| (tag.parse::<PlatformTag>().unwrap(), member, words);
        let all = [
            row("win32", "a", "it is ELF"),
            row("win_amd64", "a", "it is ELF"),
            row("win32", "b", "it is ELF"),
            row("win32", "a", "it is ELF"),
            row("win_arm64", "a", "it is odd"),
            row("win_arm64", "c", "one too many"),
            row("win_arm64", "a", "it is ELF"),
        ];
        let one = "`a` under `win32`, `win_amd64`, `win_arm64`: it is ELF";
        assert_eq!(
            told(all.iter().map(|(tag, member, words)| (tag, *member, (*words).to_owned()))),
            [one, "`b` under `win32`: it is ELF", "`a` under `win_arm64`: it is odd"]
        );
    }
}
