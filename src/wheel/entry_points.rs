//! entry_points.txt (PyPA "Entry points specification"): groups of names that point at objects, untrusted and
//! written back.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use super::import_name::is_identifier;

/// An entry_points.txt file. Displays as a file; parsing what is displayed gives the same entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryPoints {
    /// Every entry, in the file's order.
    pub entries: Vec<EntryPoint>,
    /// Lines of groups that no installer reads which are none that the specification knows: readers of such a group may
    /// take them all the same.
    pub(crate) odd: Vec<OddLine>,
}

/// A line that is read as a name and its value, or as the name of a group, and is not what the specification asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OddLine {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// The groups for whose entries installers write commands: those that run in a terminal, and those that need none.
pub(crate) const CONSOLE_SCRIPTS: &str = "console_scripts";
pub(crate) const GUI_SCRIPTS: &str = "gui_scripts";

/// One entry point.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntryPoint {
    pub(crate) group: String,
    pub(crate) name: String,
    /// The importable module.
    pub(crate) module: String,
    /// The object within the module, a dotted path; empty for the module itself.
    pub(crate) object: String,
}

/// A file that is no entry_points.txt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryPointsError {
    #[error("it is not UTF-8 at byte {0}")]
    Encoding(usize),
    #[error("line {line} is no entry point: `{text}`")]
    Line { line: usize, text: String },
    #[error("line {line} begins the group `{group}` a second time")]
    Again { line: usize, group: String },
    #[error("`{name}` stands twice in `{group}`")]
    Repeated { group: String, name: String },
}

impl EntryPoint {
    /// Whether installers write a command for it.
    pub(crate) fn is_command(&self) -> bool {
        is_of_commands(&self.group)
    }
}

fn is_of_commands(group: &str) -> bool {
    matches!(group, CONSOLE_SCRIPTS | GUI_SCRIPTS)
}

impl EntryPoints {
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryPointsError> {
        let text = std::str::from_utf8(bytes).map_err(|error| EntryPointsError::Encoding(error.valid_up_to()))?;
        text.parse()
    }

    /// Adds an entry whose object reference is `reference` (`module:object`).
    pub(crate) fn push(&mut self, group: &str, name: &str, reference: &str) -> Result<(), EntryPointsError> {
        let line = self.entries.len() + 1;
        let refused = || EntryPointsError::Line { line, text: format!("[{group}] {name} = {reference}") };
        let entry = is_group(group).then(|| entry(group, name, reference)).flatten().ok_or_else(refused)?;
        if self.entries.iter().any(|other| other.group == entry.group && other.name == entry.name) {
            return Err(EntryPointsError::Repeated { group: entry.group, name: entry.name });
        }
        self.entries.push(entry);
        Ok(())
    }
}

impl fmt::Display for EntryPoints {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut group = "";
        for entry in &self.entries {
            if entry.group != group {
                let gap = if group.is_empty() { "" } else { "\n" };
                writeln!(formatter, "{gap}[{}]", entry.group)?;
                group = &entry.group;
            }
            let colon = if entry.object.is_empty() { "" } else { ":" };
            writeln!(formatter, "{} = {}{colon}{}", entry.name, entry.module, entry.object)?;
        }
        Ok(())
    }
}

impl FromStr for EntryPoints {
    type Err = EntryPointsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut points = Self::default();
        // One look per entry, however many there are.
        let mut seen: HashSet<(String, String)> = HashSet::new();
        let mut groups: HashSet<&str> = HashSet::new();
        let mut group: Option<&str> = None;
        // Where the last entry begins in its line: to some readers what begins farther right goes on with its value.
        let mut indent = usize::MAX;
        for (index, whole) in text.lines().enumerate() {
            let line = whole.trim();
            if line.is_empty() || line.starts_with('#') || group.is_none() && line.starts_with(';') {
                continue;
            }
            // A comment to some readers; `pip` takes it for an entry, and stops at one without a value.
            if line.starts_with(';') && line.contains('=') {
                points.odd.push(OddLine { line: index + 1, text: start(line) });
                continue;
            }
            let start_of_line = whole.len() - whole.trim_start().len();
            let refused = || EntryPointsError::Line { line: index + 1, text: start(line) };
            if start_of_line > indent {
                if group.is_some_and(is_of_commands) {
                    return Err(refused());
                }
                points.odd.push(OddLine { line: index + 1, text: start(line) });
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                let name = name.trim();
                if name.is_empty() || name.contains(['[', ']']) || name.chars().any(char::is_control) {
                    return Err(refused());
                }
                if !groups.insert(name) {
                    return Err(EntryPointsError::Again { line: index + 1, group: name.to_owned() });
                }
                if !is_group(name) {
                    points.odd.push(OddLine { line: index + 1, text: start(line) });
                }
                (group, indent) = (Some(name), usize::MAX);
                continue;
            }
            let (name, reference) = line.split_once('=').ok_or_else(refused)?;
            let (group, name) = (group.ok_or_else(refused)?, name.trim());
            indent = indent.min(start_of_line);
            let is_odd = !is_of_commands(group) && is_plain(name) && !reference.chars().any(char::is_control);
            match entry(group, name, reference.trim()) {
                Some(found) => points.entries.push(found),
                None if is_odd => points.odd.push(OddLine { line: index + 1, text: start(line) }),
                None => return Err(refused()),
            }
            if !seen.insert((group.to_owned(), name.to_owned())) {
                return Err(EntryPointsError::Repeated { group: group.to_owned(), name: name.to_owned() });
            }
        }
        Ok(points)
    }
}

/// Dotted words, as the specification asks of groups.
fn is_group(group: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    group.split('.').all(word)
}

/// As much of a line as a sentence has room for.
fn start(line: &str) -> String {
    line.chars().take(60).collect()
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(['[', '#', ';'])
        && name.trim() == name
        && !name.contains('=')
        && !name.chars().any(char::is_control)
}

fn entry(group: &str, name: &str, reference: &str) -> Option<EntryPoint> {
    // Extras after the reference are obsolete; readers take them and pass over them.
    let (reference, extras) = match reference.split_once('[') {
        Some((reference, extras)) => (reference.trim_end(), Some(extras.strip_suffix(']')?)),
        None => (reference, None),
    };
    let (module, object) = reference.split_once(':').unwrap_or((reference, ""));
    let is_close = !module.ends_with(char::is_whitespace) && !object.starts_with(char::is_whitespace);
    let (module, object) = (module.trim(), object.trim());
    let dotted = |path: &str| path.split('.').all(is_identifier);
    let whole = is_plain(name)
        && dotted(module)
        && (object.is_empty() || dotted(object))
        && (!is_of_commands(group)
            || is_command_name(name) && !object.is_empty() && is_close && extras.is_none_or(are_extras));
    whole.then(|| EntryPoint { group: group.into(), name: name.into(), module: module.into(), object: object.into() })
}

/// What installers take for the name of a command; one of dots alone leads out of the directory of commands.
fn is_command_name(name: &str) -> bool {
    !matches!(name, "." | "..")
        && name.chars().all(|character| character.is_alphanumeric() || "-_.".contains(character))
}

/// Whether what stands in brackets behind a command is what `pip` takes there: it stops at everything else.
fn are_extras(inside: &str) -> bool {
    let inside = inside.split(']').next().unwrap_or(inside).trim();
    let is_word = |(index, word): (usize, &str)| {
        let word = if index == 0 { word } else { word.trim_start() };
        let is_of_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-' && index == 0;
        !word.is_empty() && word.chars().all(is_of_word)
    };
    inside.split(',').enumerate().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_entries() {
        let points: EntryPoints =
            "[console_scripts]\n# comment\ndemo = demo.cli:main\n\n[demo.plugins]\na b = demo.plugin [extra]\n"
                .parse()
                .unwrap();
        assert_eq!(points.entries.len(), 2);
        assert_eq!((points.entries[0].module.as_str(), points.entries[0].object.as_str()), ("demo.cli", "main"));
        assert_eq!(points.entries[1].name, "a b");
    }

    #[test]
    fn what_is_no_entry_point_is_refused() {
        for text in [
            "demo = demo:main",
            "[console_scripts]\ndemo",
            "[console_scripts]\n= demo:main",
            "[console_scripts]\ndemo = demo",
            "[console_scripts]\n../demo = demo:main",
            "[console_scripts]\ndemo = demo:1main",
            "[console_scripts]\ndemo = de mo:main",
            "[]\ndemo = demo:main",
            "[g]\na = m\na = n",
            "[g]\na = no reference\na = m",
            "[console_scripts]\n. = demo:main",
            "[console_scripts]\n.. = demo:main",
            "[console_scripts]\ndemo = demo :main",
            "[console_scripts]\ndemo = demo: main",
            "[console_scripts]\ndemo = demo:main []",
            "[console_scripts]\ndemo = demo:main [a b]",
            "[console_scripts]\ndemo = demo:main [a,]",
            "[gui_scripts]\ndemo = demo:main [a.b]",
            "[g]\nno value",
        ] {
            assert!(text.parse::<EntryPoints>().is_err(), "{text:?}");
        }
        assert_eq!(EntryPoints::parse(b"\xff"), Err(EntryPointsError::Encoding(0)));
    }

    #[test]
    fn what_only_readers_of_a_group_may_refuse_is_odd() {
        let text = "[my group]\na = demo:main\n[g]\nb = demo/data.json\nc = demo:main # note\nd =\n\
                    [console_scripts]\ne = demo:main [a-b, c][d]\n...=demo:main\n";
        let points: EntryPoints = text.parse().unwrap();
        assert_eq!(points.odd.iter().map(|odd| odd.line).collect::<Vec<_>>(), [1, 4, 5, 6]);
        assert_eq!(points.entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["a", "e", "..."]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics_and_round_trips(bytes: Vec<u8>, text in "(\\[[a-z_.]{0,6}\\]\n|[a-z.#]{0,4} ?= ?[a-z.:\\[\\]]{0,8}\n|\\PC{0,6}\n){0,6}") {
            let _ = EntryPoints::parse(&bytes);
            if let Ok(points) = text.parse::<EntryPoints>() {
                let again: EntryPoints = points.to_string().parse().unwrap();
                proptest::prop_assert_eq!(again.entries, points.entries);
            }
        }
    }
}
