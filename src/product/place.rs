//! Where in a file a value of the table stands.

use std::fmt;

/// Where a value stands, as errors say it: the file, the line and the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPosition {
    pub(super) origin: String,
    /// Counted from one.
    pub(super) line: Option<usize>,
    /// As a dotted path.
    pub(super) key: String,
}

impl KeyPosition {
    /// Where several keys of one file stand: the file, and every line that is known.
    pub(crate) fn of_several(places: &[&Self]) -> String {
        let origin = places.first().map_or("", |place| place.origin.as_str());
        let lines: Vec<_> = places.iter().filter_map(|place| Some(place.line?.to_string())).collect();
        match &lines[..] {
            [] => format!("`{origin}`"),
            [line] => format!("`{origin}`, line {line}"),
            lines => format!("`{origin}`, lines {}", lines.join(", ")),
        }
    }
}

impl fmt::Display for KeyPosition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!(", line {line}")).unwrap_or_default();
        write!(formatter, "`{}`{line}: {}", self.origin, self.key)
    }
}
