//! What keeps a release back, or should be known of it, one sentence after another: as `verify`, `publish` and `release` show it.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::console::quantity::{MANY, Quantity, ranged};
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

/// How many members of a file are named in its line.
const MAX_MEMBERS: usize = 3;

/// A sentence, and the files that it is said of: all but for what differs from file to file.
struct Entry<'a> {
    row: Row<'a>,
    places: Vec<Place<'a>>,
}

/// Where a sentence holds.
#[derive(Clone, Copy)]
struct Place<'a> {
    row: Row<'a>,
    file: &'a str,
    /// What is said of the file, which begins with a member where it is about one.
    words: &'a str,
    member: Option<&'a str>,
    /// What is said of the member, or of the file.
    bare: &'a str,
    amount: Option<Quantity<'a>>,
}

impl<'a> Place<'a> {
    fn of(row: Row<'a>) -> Option<Self> {
        let (file, words) = row.of_file?;
        let of_member = words.strip_prefix('`').and_then(|rest| rest.split_once("`: "));
        let (member, bare) = of_member.map_or((None, words), |(member, bare)| (Some(member), bare));
        let amount = Quantity::of(bare).filter(|_| member.is_none());
        Some(Self { row, file, words, member, bare, amount })
    }
}

/// Rows of one rule with one help stand together, and those that say the same of several files are one. What is to be mended
/// comes first, and what is accepted last.
pub(crate) fn listing<'a>(rows: impl IntoIterator<Item = Row<'a>>) -> String {
    let mut groups: Vec<Vec<Entry<'a>>> = Vec::new();
    let (mut known, mut said) = (HashMap::new(), HashMap::new());
    for row in rows {
        let group = *known.entry((row.kind, row.code, row.closing())).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        let entries = &mut groups[group];
        let (next, place) = (entries.len(), Place::of(row));
        let at = place.map(|place| (group, place.amount.map_or((place.bare, "", ""), Quantity::shape)));
        let at = at.map_or(next, |key| *said.entry(key).or_insert(next));
        if at == next {
            entries.push(Entry { row, places: Vec::new() });
        }
        entries[at].places.extend(place);
    }
    let is_accepted = |group: &Vec<Entry<'_>>| group.iter().all(|entry| entry.row.accepted.is_some());
    let (accepted, open): (Vec<_>, Vec<_>) = groups.iter().partition(|group| is_accepted(group));
    open.into_iter().chain(accepted).map(|group| text_of(group)).collect()
}

fn text_of(entries: &[Entry<'_>]) -> String {
    let mut text: String = entries.iter().map(Entry::text).collect();
    if let Some((head, words)) = entries.last().map(|entry| entry.row.closing()) {
        let _ = writeln!(text, "  {head}: {}\n", visible(words));
    }
    text
}

impl Entry<'_> {
    fn text(&self) -> String {
        let Self { row, places } = self;
        let Some(first) = places.first() else { return row.sentence(row.message) };
        if places.len() >= MANY && places.iter().any(|place| place.words != first.words) {
            let amounts: Vec<_> = places.iter().filter_map(|place| place.amount).collect();
            return row.sentence(&ranged(&amounts).unwrap_or_else(|| first.bare.to_owned())) + &files(places);
        }
        let mut alike: Vec<Vec<Place<'_>>> = Vec::new();
        for place in places {
            match alike.iter_mut().find(|known| known[0].words == place.words) {
                Some(known) => known.push(*place),
                None => alike.push(vec![*place]),
            }
        }
        let of = |places: &Vec<Place<'_>>| match &places[..] {
            [place] => place.row.sentence(place.row.message),
            all => row.sentence(all[0].words) + &files(all),
        };
        alike.iter().map(of).collect()
    }
}

/// A line for each file, with what is not the same of all.
fn files(places: &[Place<'_>]) -> String {
    let differs = places.iter().any(|place| place.words != places[0].words);
    let mut lines: Vec<(&str, Vec<String>)> = Vec::new();
    let mut known = HashMap::new();
    for place in places {
        let at = *known.entry(place.file).or_insert(lines.len());
        if at == lines.len() {
            lines.push((place.file, Vec::new()));
        }
        let own = place.member.map(|member| format!("`{}`", visible(member))).or(place.amount.map(Quantity::own));
        lines[at].1.extend(own.filter(|_| differs));
    }
    let shown = shown_of(lines.len());
    let mut text = format!("  in {}:\n", plural(lines.len(), "file"));
    for (file, own) in &lines[..shown] {
        let head = if own.is_empty() { "" } else { ": " };
        let (named, more) = own.split_at(own.len().min(MAX_MEMBERS));
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        let _ = writeln!(text, "    {}{head}{}{more}", visible(file), named.join(", "));
    }
    if shown < lines.len() {
        let _ = writeln!(text, "    and {} more, which `--format json` has", lines.len() - shown);
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

    /// A member or a number makes no sentence of its own where there are many, and of few each is told as it is.
    #[test]
    fn what_differs_stands_beside_the_file_and_what_is_accepted_comes_last() {
        let message =
            |file: &str, words: &str| format!("`{file}`{}{words}", if words.starts_with('`') { ", " } else { ": " });
        let all = |rows: &[(&str, &str)]| {
            let messages: Vec<_> = rows.iter().map(|(file, words)| message(file, words)).collect();
            let rows = rows.iter().zip(&messages).map(|(of, message)| row("sbom", message, Some(*of)));
            listing(rows).replace("\n  help: Do it\n\n", "")
        };
        assert_eq!(
            all(&[("a", "it has 3 names"), ("b", "it has 12 names"), ("c", "it has 3 names")]),
            "problem[sbom]: it has 3 to 12 names\n  in 3 files:\n    a: 3 names\n    b: 12 names\n    c: 3 names"
        );
        assert_eq!(
            all(&[("a", "it has 3 names"), ("b", "it has 12 names")]),
            "problem[sbom]: `a`: it has 3 names\nproblem[sbom]: `b`: it has 12 names"
        );
        assert_eq!(
            all(&[("a", "`m`: is so"), ("a", "`n`: is so"), ("b", "`m`: is so")]),
            "problem[sbom]: is so\n  in 2 files:\n    a: `m`, `n`\n    b: `m`"
        );
        assert_eq!(
            all(&[("a", "`m`: is so"), ("b", "`m`: is so"), ("c", "`m`: is so")]),
            "problem[sbom]: `m`: is so\n  in 3 files:\n    a\n    b\n    c"
        );
        assert_eq!(
            all(&[("a", "`m`: is so"), ("b", "`n\u{1b}`: is so")]),
            "problem[sbom]: `a`, `m`: is so\nproblem[sbom]: `b`, `n\\u{1b}`: is so"
        );
        let many = ["`1`: is so", "`2`: is so", "`3`: is so", "`4`: is so", "`5`: is so"].map(|words| ("a", words));
        assert_eq!(all(&many), "problem[sbom]: is so\n  in 1 file:\n    a: `1`, `2`, `3` and 2 more");
        let rows = [Row { accepted: Some("we know"), ..row("a", "m", None) }, row("b", "n", None)];
        assert_eq!(listing(rows), "problem[b]: n\n  help: Do it\n\naccepted[a]: m\n  reason: we know\n\n");
    }

    #[test]
    fn of_many_files_the_first_are_named() {
        let names: Vec<_> = (0..12).map(|number| format!("f{number}")).collect();
        let text = listing(names.iter().map(|name| row("sbom", "is so", Some((name, "is so")))));
        assert!(text.contains("in 12 files:") && text.contains("f7\n    and 4 more, which") && !text.contains("f8"));
    }
}
