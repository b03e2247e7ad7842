//! `files`: what else of a payload is shipped, and where in the wheel.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;

use super::error::ProductError;
use super::place::KeyPosition;
use super::table::Origin;
use crate::member_path::{MemberPath, escapes};

/// Files of a payload, and where they go.
#[derive(Debug, Clone)]
pub struct FileRule {
    /// As it is written.
    pub from: String,
    matcher: GlobMatcher,
    /// The directory that the pattern begins with, with a slash at its end; empty where a wildcard comes first.
    directory: String,
    pub(crate) to: Destination,
    /// Where the table has the pattern.
    pub(crate) at: KeyPosition,
}

impl PartialEq for FileRule {
    fn eq(&self, other: &Self) -> bool {
        (&self.from, &self.to) == (&other.from, &other.to)
    }
}

impl FileRule {
    /// Whether a file of the payload is meant; a pattern does not reach over `/`, but for `**`.
    pub(crate) fn matches(&self, path: &MemberPath) -> bool {
        self.matcher.is_match(&**path)
    }

    /// What is kept of a path that matches: all behind the directory that the pattern begins with.
    pub(crate) fn tail<'a>(&self, path: &'a MemberPath) -> &'a str {
        path.strip_prefix(&self.directory).unwrap_or(path)
    }

    /// The path at its destination that it is known to make, whatever the payload: with the name of one file.
    pub(super) fn known_path(&self) -> Option<String> {
        let (Destination::Licences(naming) | Destination::Data(naming) | Destination::Package(naming)) = &self.to;
        let name = self.from.rsplit('/').next().filter(|_| !self.from.contains(WILD));
        match naming {
            Naming::As(path) => Some(path.to_string()),
            Naming::Into(_) => name.map(|name| naming.path(name)),
        }
    }

    /// Whether a path that matches may have this tail.
    pub(crate) fn has_tail(&self, tail: &MemberPath) -> bool {
        self.matcher.is_match(format!("{}{}", self.directory, &**tail))
    }
}

/// Where in a wheel files go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Below the licence directory of the dist-info directory.
    Licences(Naming),
    /// Below the root of the environment: `.data/data`.
    Data(Naming),
    /// Below the import package.
    Package(Naming),
}

/// What a shipped file is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Naming {
    /// By its own name in that directory; the empty one is the root.
    Into(String),
    /// By that name.
    As(MemberPath),
}

impl Naming {
    /// The path of a file that is called `name` in the payload.
    pub(crate) fn path(&self, name: &str) -> String {
        match self {
            Self::As(path) => path.to_string(),
            Self::Into(directory) if directory.is_empty() => name.to_owned(),
            Self::Into(directory) => format!("{directory}/{name}"),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (root, naming) = match self {
            Self::Licences(naming) => (LICENCES, naming),
            Self::Data(naming) => ("", naming),
            Self::Package(naming) => (PACKAGE, naming),
        };
        let slash = if root.is_empty() { "" } else { "/" };
        match naming {
            Naming::Into(directory) if directory.is_empty() => write!(formatter, "{root}{slash}"),
            Naming::Into(directory) => write!(formatter, "{root}{slash}{directory}/"),
            Naming::As(path) => write!(formatter, "{root}{slash}{path}"),
        }
    }
}

/// The first parts of `to` that are no directories of the environment.
pub(crate) const LICENCES: &str = "licenses";
const PACKAGE: &str = "package";

/// What makes a pattern mean more than one path.
const WILD: [char; 4] = ['*', '?', '[', '{'];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FilesTable {
    from: String,
    to: String,
}

impl FilesTable {
    pub(super) fn read(self, index: usize, origin: Origin<'_>) -> Result<FileRule, ProductError> {
        let key = |name: &str| format!("files[{index}].{name}");
        let plain = self.from.trim_start_matches("./");
        if let Some(why) = escapes(plain) {
            let why = format!("`{}` is no pattern of paths below the top of the payload: {why}", self.from);
            return Err(origin.refused(&key("from"), why));
        }
        let glob = GlobBuilder::new(plain).literal_separator(true).backslash_escape(false).build();
        let matcher = glob.map_err(|error| origin.refused(&key("from"), error))?.compile_matcher();
        let (root, inside) = self.to.split_once('/').unwrap_or((&self.to, ""));
        let naming = |inside: &str| naming(&key("to"), inside, origin);
        let to = match root {
            LICENCES => Destination::Licences(naming(inside)?),
            PACKAGE => Destination::Package(naming(inside)?),
            _ => Destination::Data(naming(&self.to)?),
        };
        let plain_part = |part: &&str| part.ends_with('/') && !part.contains(WILD);
        let directory = plain.split_inclusive('/').take_while(plain_part).collect();
        Ok(FileRule { from: self.from, matcher, directory, to, at: origin.place(&key("from")) })
    }
}

/// A slash at the end, or nothing at all, is a directory.
fn naming(key: &str, path: &str, origin: Origin<'_>) -> Result<Naming, ProductError> {
    let directory = path.strip_suffix('/');
    match directory.unwrap_or(path) {
        "" if directory.is_none() => Ok(Naming::Into(String::new())),
        path => {
            let path: MemberPath = origin.parse(key, path)?;
            Ok(if directory.is_some() { Naming::Into(path.to_string()) } else { Naming::As(path) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml_text::TomlText;

    fn rule(from: &str) -> FileRule {
        let row = FilesTable { from: from.into(), to: "share/".into() };
        row.read(0, Origin { name: "pyproject.toml", toml: &TomlText::new("") }).unwrap()
    }

    #[test]
    fn the_directories_that_a_pattern_begins_with_are_not_kept() {
        for (from, path, tail) in [
            ("share/**", "share/man/man1/rg.1", "man/man1/rg.1"),
            ("doc/rg.1", "doc/rg.1", "rg.1"),
            ("./data/*", "data/x", "x"),
            ("a/b*/c/*", "a/bb/c/d", "bb/c/d"),
            ("**/*.1", "man/rg.1", "man/rg.1"),
            ("LICENSE-*", "LICENSE-MIT", "LICENSE-MIT"),
            ("{a,b}/x", "a/x", "a/x"),
        ] {
            let (rule, path) = (rule(from), path.parse().unwrap());
            assert!(rule.matches(&path), "{from}");
            assert_eq!(rule.tail(&path), tail, "{from}");
            assert!(rule.has_tail(&tail.parse().unwrap()), "{from}");
        }
        assert!(!rule("doc/*.1").has_tail(&"rg.2".parse().unwrap()));
    }

    proptest::proptest! {
        #[test]
        fn a_path_that_matches_has_a_tail_that_may(
            from in "([a-b*]{1,2}/){0,3}[a-b*]{1,2}",
            path in "([a-b]{1,2}/){0,3}[a-b]{1,2}",
        ) {
            let (rule, path): (_, MemberPath) = (rule(&from), path.parse().unwrap());
            if rule.matches(&path) {
                let tail: MemberPath = rule.tail(&path).parse().unwrap();
                proptest::prop_assert!(rule.has_tail(&tail));
            }
        }
    }
}
