//! Which names of archive members may become files: relative, plain, the same file on every file system. The rules are
//! those of the binary distribution format and of Windows, since a wheel is unpacked anywhere.

use std::collections::BTreeMap;
use std::path::Path;

use unicode_normalization::UnicodeNormalization as _;

use super::PayloadError;

/// The longest path of a member in bytes; the longest that every supported file system takes in an environment.
const LONGEST: usize = 1024;

/// The name of a member as a path joined by `/`, without a leading `./` or a trailing `/`; empty for the root itself.
pub(super) fn clean(raw: &[u8]) -> Result<String, &'static str> {
    let text = std::str::from_utf8(raw).map_err(|_| "has a name that is not UTF-8")?;
    if text.len() > LONGEST {
        return Err("has a name longer than 1024 bytes");
    }
    if text.contains('\0') {
        return Err("has a NUL character in its name");
    }
    if text.contains('\\') {
        return Err("has a backslash in its name");
    }
    if text.starts_with('/') {
        return Err("has an absolute name");
    }
    let mut rest = text;
    while let Some(inner) = rest.strip_prefix("./") {
        rest = inner;
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.is_empty() || rest == "." {
        return Ok(String::new());
    }
    for part in rest.split('/') {
        match part {
            "" => return Err("has an empty part in its name"),
            "." => return Err("has a `.` part in its name"),
            ".." => return Err("has a `..` part in its name, which leads out of the payload"),
            _ => {}
        }
        if part.len() >= 2 && part.as_bytes()[1] == b':' && part.as_bytes()[0].is_ascii_alphabetic() {
            return Err("names a drive");
        }
        if part.chars().any(|character| character.is_control() || r#"<>:"|?*"#.contains(character)) {
            return Err("has a character in its name that Windows refuses");
        }
        if part.ends_with(['.', ' ']) {
            return Err("has a part of its name that ends in a dot or a space, which Windows drops");
        }
    }
    Ok(rest.to_owned())
}

/// Whether a member is what a file manager leaves behind and nobody ships.
pub(super) fn is_litter(path: &str) -> bool {
    path.split('/').any(|part| part == "__MACOSX" || part == ".DS_Store" || part.starts_with("._"))
}

/// The names taken so far, as a file system sees them that ignores case and composition.
#[derive(Debug, Default)]
pub(super) struct Names {
    folded: BTreeMap<String, (String, Node)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    File,
    Directory,
}

impl Names {
    /// Takes the name of a file; every directory above it is taken too.
    pub(super) fn take(&mut self, origin: &Path, path: &str) -> Result<(), PayloadError> {
        for (end, _) in path.match_indices('/') {
            self.node(origin, &path[..end], Node::Directory)?;
        }
        self.node(origin, path, Node::File)
    }

    /// Takes the name of a directory that the archive lists.
    pub(super) fn take_directory(&mut self, origin: &Path, path: &str) -> Result<(), PayloadError> {
        for (end, _) in path.match_indices('/') {
            self.node(origin, &path[..end], Node::Directory)?;
        }
        self.node(origin, path, Node::Directory)
    }

    fn node(&mut self, origin: &Path, path: &str, node: Node) -> Result<(), PayloadError> {
        let folded: String = path.nfc().flat_map(char::to_lowercase).collect();
        let Some((taken, kind)) = self.folded.get(&folded) else {
            self.folded.insert(folded, (path.to_owned(), node));
            return Ok(());
        };
        match (taken == path, *kind == Node::Directory && node == Node::Directory) {
            (true, true) => Ok(()),
            (true, false) => Err(PayloadError::Duplicate { path: origin.to_owned(), member: path.to_owned() }),
            (false, _) => {
                Err(PayloadError::Collision { path: origin.to_owned(), one: taken.clone(), other: path.to_owned() })
            }
        }
    }
}

/// A raw name for a message: unprintable characters escaped, not endless.
pub(super) fn shown(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(&raw[..raw.len().min(200)]).escape_debug().to_string();
    if raw.len() > 200 { text + "..." } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_names_are_cleaned() {
        for (raw, path) in
            [("bin/codex", "bin/codex"), ("./bin/codex", "bin/codex"), ("bin/", "bin"), ("./", ""), (".", "")]
        {
            assert_eq!(clean(raw.as_bytes()), Ok(path.to_owned()));
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for raw in [
            "../codex",
            "bin/../../codex",
            "bin/..",
            "..",
            "/bin/codex",
            "C:/codex",
            "c:codex",
            "bin\\codex",
            "..\\codex",
            "\\\\host\\share",
            "bin//codex",
            "bin/./codex",
            "a\0b",
            "a\nb",
            "codex.",
            "codex ",
            "a:stream",
            "//bin",
        ] {
            assert!(clean(raw.as_bytes()).is_err(), "{raw:?}");
        }
        assert!(clean(b"bin/\xff").is_err());
        assert!(clean("a".repeat(2000).as_bytes()).is_err());
    }

    #[test]
    fn names_that_are_one_file_somewhere_collide() {
        for (one, other) in [("a", "a"), ("bin/x", "BIN/y"), ("a", "A"), ("a", "a/b"), ("a/b", "a"), ("é", "e\u{301}")]
        {
            let mut names = Names::default();
            names.take(Path::new("x"), one).unwrap();
            assert!(names.take(Path::new("x"), other).is_err(), "{one} {other}");
        }
        let mut names = Names::default();
        for path in ["bin/a", "bin/b", "bin-a/a"] {
            names.take(Path::new("x"), path).unwrap();
        }
    }

    proptest! {
        #[test]
        fn a_cleaned_name_stays_below_its_root(raw in "[./\\\\a:-]{0,12}") {
            if let Ok(path) = clean(raw.as_bytes()) {
                let plain = |part| matches!(part, std::path::Component::Normal(_));
                prop_assert!(Path::new(&path).components().all(plain));
                prop_assert_eq!(clean(path.as_bytes()), Ok(path));
            }
        }

        #[test]
        fn any_bytes_are_answered(raw: Vec<u8>) {
            let _ = clean(&raw);
            let _ = shown(&raw);
        }
    }
}
