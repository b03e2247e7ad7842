//! Sentences that differ in how much a thing has, as the sizes of the wheels of a release: one sentence, and each file's own.

/// From so many files, or members, on sentences that differ in what each has are one.
pub(crate) const MANY: usize = 3;

/// The words before what is had. What is counted behind any other word may be a line, a byte or a version.
const HAS: [&str; 4] = ["has ", "have ", "holds ", "hold "];

/// A sentence that says how much something has: `the wheel has 1.5 MiB, more than …`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quantity<'a> {
    before: &'a str,
    number: &'a str,
    unit: &'a str,
    after: &'a str,
}

impl<'a> Quantity<'a> {
    /// None where the sentence says no quantity, or one within backticks.
    pub(crate) fn of(sentence: &'a str) -> Option<Self> {
        let starts = HAS.iter().flat_map(|word| sentence.match_indices(word).map(|(at, word)| at + word.len()));
        let mut found: Vec<_> = starts.filter_map(|at| Self::at(sentence, at)).collect();
        found.sort_by_key(|one| one.before.len());
        found.first().copied()
    }

    fn at(sentence: &'a str, at: usize) -> Option<Self> {
        let (before, rest) = sentence.split_at_checked(at)?;
        let (number, rest) = rest.split_once(' ')?;
        let end = rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (unit, after) = rest.split_at_checked(end)?;
        let is_number =
            number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && number.parse::<f64>().is_ok();
        let is_outside = before.matches('`').count() % 2 == 0;
        (is_number && is_outside && !unit.is_empty()).then_some(Self { before, number, unit, after })
    }

    /// What sentences have in common that differ in the number alone.
    pub(crate) fn shape(self) -> (&'a str, &'a str, &'a str) {
        (self.before, self.unit, self.after)
    }

    /// `1.5 MiB`.
    pub(crate) fn own(self) -> String {
        format!("{} {}", self.number, self.unit)
    }

    fn value(self) -> f64 {
        self.number.parse().unwrap_or_default()
    }
}

/// One sentence for several that differ in the number alone: `the wheel has 1.5 to 12 MiB, more than …`. None where there are
/// none, or where they differ in more.
pub(crate) fn ranged(all: &[Quantity<'_>]) -> Option<String> {
    let first = all.first()?;
    let by_value = |one: &&Quantity<'_>, next: &&Quantity<'_>| one.value().total_cmp(&next.value());
    let (least, most) = (all.iter().min_by(by_value)?.number, all.iter().max_by(by_value)?.number);
    let number = if least == most { least.to_owned() } else { format!("{least} to {most}") };
    let (before, unit, after) = first.shape();
    all.iter().all(|one| one.shape() == first.shape()).then(|| format!("{before}{number} {unit}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_thing_has_is_a_quantity_and_a_place_or_a_version_is_none() {
        for (sentence, own) in [
            ("the wheel has 129.2 MiB, more than the 100 MiB that an index takes", Some("129.2 MiB")),
            ("the wheel holds 3 binaries and no SBOM", Some("3 binaries")),
            ("it has no name; two members have 12 names", Some("12 names")),
            ("the wheel has `has 3 names`", None),
            ("line 12 holds nothing", None),
            ("its code needs macOS 10.12 at least", None),
            ("it has 1.2.3 digits", None),
            ("it has 12", None),
            ("it has 12 ", None),
            ("it has ", None),
        ] {
            assert_eq!(Quantity::of(sentence).map(Quantity::own).as_deref(), own, "{sentence}");
        }
    }

    #[test]
    fn sentences_that_differ_in_the_number_alone_are_one() {
        let of = |all: &[&str]| ranged(&all.iter().map(|one| Quantity::of(one).unwrap()).collect::<Vec<_>>());
        assert_eq!(
            of(&["it has 9 files", "it has 12.5 files", "it has 10 files"]).as_deref(),
            Some("it has 9 to 12.5 files")
        );
        assert_eq!(of(&["it has 9 files", "it has 9 files"]).as_deref(), Some("it has 9 files"));
        assert_eq!(of(&["it has 9 files", "it has 9 bytes"]), None);
        assert_eq!(of(&["it has 9 files", "it has 9 files and a name"]), None);
        assert_eq!(of(&[]), None);
    }
}
