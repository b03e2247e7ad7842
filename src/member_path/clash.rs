//! Which paths cannot be kept beside each other: those that are one file where case or Unicode form do not count (macOS,
//! Windows), and a file in the place of a directory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization as _;

/// Two paths that cannot both be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Clash {
    #[error("another file has the same path")]
    Twice,
    #[error("`{other}` has the same path where case or Unicode form do not count")]
    Files { other: String },
    #[error("`{directory}` and `{other}` are one directory where case or Unicode form do not count")]
    Directories { directory: String, other: String },
    #[error("the path is both a file and a directory")]
    FileAndDirectory { file: String },
}

/// What a path is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    File,
    Directory,
}

/// By the number of the directory above and the folded name: so that long paths cost no more than their length.
type Place = (usize, String);

/// Paths taken so far, as a file system sees them that ignores case and composition.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    /// The directory's own number, and the path that it was first seen as: so many bytes of a path.
    directories: HashMap<Place, (usize, Arc<str>, usize)>,
    files: HashMap<Place, Arc<str>>,
}

impl Paths {
    /// Takes a path, and that of every directory above it; returns what is in its way.
    pub(crate) fn take(&mut self, path: &str, node: Node) -> Vec<Clash> {
        let path: Arc<str> = path.into();
        let (mut above, mut start, mut clashes) = (0, 0, Vec::new());
        let whole = (node == Node::Directory).then_some(path.len());
        for end in path.match_indices('/').map(|(at, _)| at).chain(whole) {
            let next = self.directories.len() + 1;
            match self.directories.entry((above, folded(&path[start..end]))) {
                Entry::Occupied(taken) => {
                    let (number, other, length) = taken.get();
                    if other[..*length] != path[..end] && end < path.len() {
                        let (directory, other) = (path[..end].to_owned(), other[..*length].to_owned());
                        clashes.push(Clash::Directories { directory, other });
                    }
                    above = *number;
                }
                Entry::Vacant(free) => {
                    if let Some(file) = self.files.get(free.key()) {
                        clashes.push(Clash::FileAndDirectory { file: file.to_string() });
                    }
                    free.insert((next, path.clone(), end));
                    above = next;
                }
            }
            start = end + 1;
        }
        if node == Node::Directory {
            return clashes;
        }
        let place = (above, folded(&path[start..]));
        match self.files.get(&place) {
            Some(other) if *other == path => clashes.push(Clash::Twice),
            Some(other) => clashes.push(Clash::Files { other: other.to_string() }),
            None => {
                if self.directories.contains_key(&place) {
                    clashes.push(Clash::FileAndDirectory { file: path.to_string() });
                }
                self.files.insert(place, path);
            }
        }
        clashes
    }
}

/// A name as a file system sees it that ignores case and composition.
pub(crate) fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    // Twice, because folding can leave a form that is not composed, and composing one that is not folded.
    let once: String = name.nfc().flat_map(char::to_lowercase).collect();
    once.to_uppercase().to_lowercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_folded_as_all_others_are() {
        let plain: String = (0..=127_u8).map(char::from).collect();
        assert_eq!(folded(&format!("{plain}é")), format!("{}é", folded(&plain)));
    }

    #[test]
    fn paths_that_are_one_file_somewhere_clash() {
        let file = |path: &str| Clash::FileAndDirectory { file: path.into() };
        let files = |other: &str| Clash::Files { other: other.into() };
        for (one, other, clash) in [
            ("a", "a", Clash::Twice),
            ("bin/x", "BIN/y", Clash::Directories { directory: "BIN".into(), other: "bin".into() }),
            ("a", "A", files("a")),
            ("a", "A/b", file("a")),
            ("a/b", "a", file("a")),
            ("é", "e\u{301}", files("é")),
            ("straße", "STRASSE", files("straße")),
        ] {
            let mut paths = Paths::default();
            assert_eq!(paths.take(one, Node::File), []);
            assert_eq!(paths.take(other, Node::File), [clash], "{one} {other}");
        }
        let mut paths = Paths::default();
        for path in ["bin/a", "bin/b", "bin-a/a"] {
            assert_eq!(paths.take(path, Node::File), []);
        }
        assert_eq!(paths.take("bin", Node::Directory), []);
        assert_eq!(paths.take("bin/a", Node::Directory), [file("bin/a")]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(one: String, other: String) {
            let mut paths = Paths::default();
            let _ = (paths.take(&one, Node::File), paths.take(&other, Node::Directory), paths.take(&one, Node::File));
        }
    }
}
