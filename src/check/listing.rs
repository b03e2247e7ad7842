//! What keeps a release back, or should be known of it, one sentence after another: as `verify`, `publish` and `release` show it.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::console::text::{plural, shown_of, visible};

/// One row of the list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// `problem` or `warning`; what is accepted is called that.
    pub(crate) kind: &'static str,
    pub(crate) code: &'a str,
    /// The whole sentence.
    pub(crate) message: &'a str,
    /// The file that it begins with, and what it says without; none where it is about no file, or names it within.
    pub(crate) of_file: Option<(&'a str, &'a str)>,
    pub(crate) help: &'a str,
    pub(crate) accepted: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn sentence(&self, words: &str) -> String {
        let kind = self.accepted.map_or(self.kind, |_| "accepted");
        format!("{kind}[{}]: {}\n", self.code, visible(words))
    }

    /// What is said after the last of its kind.
    fn closing(&self) -> (&'static str, &'a str) {
        self.accepted.map_or(("help", self.help), |reason| ("reason", reason))
    }
}

/// Rows of one rule with one help stand together, and those that say the same of several files are one.
pub(crate) fn listing<'a>(rows: impl IntoIterator<Item = Row<'a>>) -> String {
    let mut groups: Vec<Vec<(Row<'a>, Vec<&'a str>)>> = Vec::new();
    let (mut known, mut said) = (HashMap::new(), HashMap::new());
    for row in rows {
        let group = *known.entry((row.kind, row.code, row.closing())).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        let sentences = &mut groups[group];
        let next = sentences.len();
        match row.of_file {
            None => sentences.push((row, Vec::new())),
            Some((file, words)) => {
                let place = *said.entry((group, words)).or_insert(next);
                match sentences.get_mut(place) {
                    Some((_, files)) => files.push(file),
                    None => sentences.push((row, vec![file])),
                }
            }
        }
    }
    groups.iter().map(|group| text_of(group)).collect()
}

fn text_of(sentences: &[(Row<'_>, Vec<&str>)]) -> String {
    let mut text = String::new();
    for (row, files) in sentences {
        let [_, _, ..] = &files[..] else {
            text += &row.sentence(row.message);
            continue;
        };
        text += &row.sentence(row.of_file.map_or(row.message, |(_, words)| words));
        let shown = shown_of(files.len());
        let _ = writeln!(text, "  in {}:", plural(files.len(), "file"));
        files[..shown].iter().for_each(|file| _ = writeln!(text, "    {}", visible(file)));
        if shown < files.len() {
            let _ = writeln!(text, "    and {} more, which `--format json` has", files.len() - shown);
        }
    }
    if let Some((head, words)) = sentences.last().map(|(row, _)| row.closing()) {
        let _ = writeln!(text, "  {head}: {}\n", visible(words));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(code: &'a str, message: &'a str, of_file: Option<(&'a str, &'a str)>) -> Row<'a> {
        Row { kind: "problem", code, message, of_file, help: "Do it", accepted: None }
    }

    #[test]
    fn rows_of_one_rule_stand_together_and_what_they_share_is_said_once() {
        let rows = [
            row("size", "`a`: has 1", Some(("a", "has 1"))),
            row("sbom", "`a`: has none\u{1b}", Some(("a", "has none\u{1b}"))),
            row("size", "`b`: has 2", Some(("b", "has 2"))),
            row("sbom", "`b`: has none\u{1b}", Some(("b", "has none\u{1b}"))),
            row("set", "the set", None),
            Row { accepted: Some("we know"), ..row("set", "the set", None) },
        ];
        assert_eq!(
            listing(rows),
            "problem[size]: `a`: has 1\nproblem[size]: `b`: has 2\n  help: Do it\n\n\
             problem[sbom]: has none\\u{1b}\n  in 2 files:\n    a\n    b\n  help: Do it\n\n\
             problem[set]: the set\n  help: Do it\n\naccepted[set]: the set\n  reason: we know\n\n"
        );
    }

    #[test]
    fn of_many_files_the_first_are_named() {
        let names: Vec<_> = (0..12).map(|number| format!("f{number}")).collect();
        let text = listing(names.iter().map(|name| row("sbom", "is so", Some((name, "is so")))));
        assert!(text.contains("in 12 files:") && text.contains("f7\n    and 4 more, which") && !text.contains("f8"));
    }
}
