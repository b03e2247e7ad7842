//! Paths inside archives, stages and package directories: relative, joined by `/`, one file below their root on every
//! system (PyPA "Binary distribution format", and what Windows and macOS can keep). Every such path is judged and resolved
//! here, by its text alone: links on the way are not followed.

mod clash;

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use crate::error::{Exit, Explain};

pub(crate) use clash::{Clash, Node, Paths, folded};

/// The path of a file, such as every system can keep it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberPath(String);

impl MemberPath {
    /// The longest in bytes, which is the longest path of macOS.
    pub(crate) const MAX_LENGTH: usize = 1024;
    /// The longest part in bytes: `NAME_MAX` of the usual file systems.
    pub(crate) const MAX_PART: usize = 255;

    /// The rest of a path that lies in `directory`.
    pub(crate) fn below(&self, directory: &str) -> Option<Self> {
        let rest = self.0.strip_prefix(directory)?.strip_prefix('/')?;
        Some(Self(rest.to_owned()))
    }
}

impl FromStr for MemberPath {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, PathError> {
        let long = || (path.len() > Self::MAX_LENGTH).then_some(PathError::Long);
        let directory = || path.ends_with('/').then_some(PathError::EmptyPart);
        let refused = not_plain(path).or_else(long).or_else(directory).or_else(|| long_part(path));
        let refused = refused.or_else(|| not_on_windows(path));
        refused.map_or_else(|| Ok(Self(path.to_owned())), Err)
    }
}

impl fmt::Display for MemberPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Deref for MemberPath {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// What is wrong with a path, as a sentence without a full stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("the path is empty")]
    Empty,
    #[error("the path is longer than {} bytes", MemberPath::MAX_LENGTH)]
    Long,
    #[error("a part of the path has {0} bytes")]
    LongPart(usize),
    #[error("the path is not UTF-8")]
    Encoding,
    #[error("the path has a NUL character")]
    Nul,
    #[error("the path has a backslash")]
    Backslash,
    #[error("the path is absolute")]
    Absolute,
    #[error("the path begins with a drive letter")]
    Drive,
    #[error("the path has an empty part")]
    EmptyPart,
    #[error("the path has a `.` part")]
    Dot,
    #[error("the path has a `..` part")]
    DotDot,
    #[error("the path has a control character")]
    Control,
    #[error("the path has the character U+{:04X}, which cannot be seen", u32::from(*.0))]
    Unseen(char),
    #[error("the path has a `{0}`")]
    Windows(char),
    #[error("a part of the path ends in a dot or a space")]
    End,
}

/// Why a path (of a directory, where it ends in a slash) cannot be joined to a directory on every system and stay in it.
pub(crate) fn escapes(path: &str) -> Option<PathError> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Some(PathError::Empty);
    }
    if path.contains('\0') {
        return Some(PathError::Nul);
    }
    if path.contains('\\') {
        return Some(PathError::Backslash);
    }
    if path.starts_with('/') {
        return Some(PathError::Absolute);
    }
    if matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic()) {
        return Some(PathError::Drive);
    }
    path.split('/').find_map(|part| match part {
        "" => Some(PathError::EmptyPart),
        "." => Some(PathError::Dot),
        ".." => Some(PathError::DotDot),
        _ => None,
    })
}

/// Why a path is not what it looks like: it escapes, or holds what cannot be seen.
pub(crate) fn not_plain(path: &str) -> Option<PathError> {
    let control = || path.chars().any(char::is_control).then_some(PathError::Control);
    let unseen = || path.chars().find(|character| is_unseen(*character)).map(PathError::Unseen);
    escapes(path).or_else(control).or_else(unseen)
}

/// Why Windows cannot keep a path that does not escape.
pub(crate) fn not_on_windows(path: &str) -> Option<PathError> {
    let path = path.trim_end_matches('/');
    let refused = path.chars().find(|character| "<>:\"|?*".contains(*character)).map(PathError::Windows);
    refused.or_else(|| path.split('/').any(|part| part.ends_with(['.', ' '])).then_some(PathError::End))
}

/// Why no file system has room for a part of a path.
pub(crate) fn long_part(path: &str) -> Option<PathError> {
    path.split('/').map(str::len).find(|length| *length > MemberPath::MAX_PART).map(PathError::LongPart)
}

/// Says that Windows takes a part of a path for a device, with any suffix, if it does.
pub(crate) fn device(path: &str) -> Option<String> {
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
    // Windows takes the raised digits of Latin-1 for digits.
    let is_digit = |rest: &str| matches!(rest.chars().collect::<Vec<_>>()[..], ['1'..='9' | '¹' | '²' | '³']);
    let named = path.split('/').find(|part| {
        let stem = part.split('.').next().unwrap_or(part).trim_end().to_lowercase();
        let numbered = stem.strip_prefix("com").or(stem.strip_prefix("lpt"));
        DEVICES.contains(&stem.as_str()) || numbered.is_some_and(is_digit)
    });
    named.map(|name| format!("`{name}` is the name of a device on Windows"))
}

/// Whether a character has no look of its own: of the Unicode categories Cf, Co, Zl and Zp, or a noncharacter.
pub(crate) fn is_unseen(character: char) -> bool {
    matches!(u32::from(character),
        0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x890..=0x891 | 0x8e2 | 0x180e
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
        | 0xe000..=0xf8ff | 0xfdd0..=0xfdef | 0xfeff | 0xfff0..=0xfffb
        | 0x110bd | 0x110cd | 0x13430..=0x1343f | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a
        | 0xe0000..=0xe00ff | 0xe01f0..=0xe0fff | 0xf0000..=0x10_ffff)
        || u32::from(character) & 0xfffe == 0xfffe
}

/// The directory that a path lies in; empty for the root.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The path of a file of that name in `directory`, which is empty for the root.
pub(crate) fn child(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// The path that `path` names from `directory`, both below one root; `None` where it leads out of the root.
pub(crate) fn join(directory: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The path that a link in `directory` leads to; `None` where it leads out of the root, or is written as no link inside one
/// may be.
pub(crate) fn resolve(directory: &str, link: &[u8]) -> Option<String> {
    let link = std::str::from_utf8(link).ok()?;
    let elsewhere = link.is_empty() || link.starts_with('/') || link.contains(['\\', '\0', ':']);
    if elsewhere { None } else { join(directory, link) }
}

/// A path that not every system can keep, or not beside the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`{} cannot be a member of an archive: {why}", of(origin.as_deref()))]
pub struct Unkeepable {
    pub(crate) path: String,
    pub(crate) why: String,
    /// The directory or template that the path was found in, where its caller said so.
    pub(crate) origin: Option<String>,
}

fn of(origin: Option<&str>) -> String {
    origin.map(|origin| format!(" of `{origin}`")).unwrap_or_default()
}

impl Unkeepable {
    /// The same, with where the path was found.
    #[must_use]
    pub(crate) fn found_in(self, origin: impl fmt::Display) -> Self {
        Self { origin: Some(origin.to_string()), ..self }
    }
}

impl Explain for Unkeepable {
    fn hint(&self) -> Option<String> {
        Some("rename the file, or leave it out: a wheel is unpacked on every system".into())
    }

    fn exit(&self) -> Exit {
        Exit::NotGood
    }
}

/// Who unpacks an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Windows too, where names of devices are no names of files.
    Windows,
    /// Other systems; Windows where somebody looks at it.
    Elsewhere,
}

/// Holds the paths of an archive's files against what check's rules about paths refuse.
pub(crate) fn check<'a>(paths: impl IntoIterator<Item = &'a str>, reach: Reach) -> Result<(), Unkeepable> {
    let mut taken = Paths::default();
    for path in paths {
        let refused = |why| Unkeepable { path: path.to_owned(), why, origin: None };
        path.parse::<MemberPath>().map_err(|why| refused(why.to_string()))?;
        if reach == Reach::Windows
            && let Some(why) = device(path)
        {
            return Err(refused(why));
        }
        if let Some(clash) = taken.take(path, Node::File).first() {
            return Err(refused(clash.to_string()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_that_are_no_file_below_their_root_everywhere_are_refused() {
        for (path, words) in [
            ("", "is empty"),
            ("../a", "`..` part"),
            ("a/..", "`..` part"),
            ("a/./b", "`.` part"),
            ("/a", "absolute"),
            ("//host/share", "absolute"),
            ("C:/a", "drive letter"),
            ("c:a", "drive letter"),
            ("a\\b", "backslash"),
            ("a//b", "empty part"),
            ("a/", "empty part"),
            ("a\0b", "NUL"),
            ("a\nb", "control character"),
            ("a\u{200b}b", "U+200B"),
            ("a\u{ffff}b", "U+FFFF"),
            ("ab:stream", "`:`"),
            ("a?", "`?`"),
            ("a./b", "dot or a space"),
            ("a ", "dot or a space"),
            (&"a/".repeat(513), "longer than 1024 bytes"),
            (&format!("a/{}/b", "é".repeat(128)), "a part of the path has 256 bytes"),
        ] {
            assert!(path.parse::<MemberPath>().unwrap_err().to_string().contains(words), "{path:?}");
        }
        for path in ["a", "a/b.c/.d", "aux.txt", "é", &"a".repeat(255), &["a"; 512].join("/")] {
            assert_eq!(path.parse::<MemberPath>().unwrap().to_string(), path);
        }
        assert_eq!(escapes("a/"), None);
        assert!(device("a/Com1.txt").is_some_and(|why| why.starts_with("`Com1.txt` is")) && device("a/com0").is_none());
        assert!(device("a/lpt¹.txt").is_some() && device("a/lpt⁴.txt").is_none() && device("a/com12").is_none());
        assert!(check(["a/aux.py"], Reach::Windows).is_err() && check(["a/aux.py"], Reach::Elsewhere).is_ok());
    }

    #[test]
    fn a_path_never_leads_out_of_its_root() {
        for (directory, path, joined) in [
            ("a/b", "../c", Some("a/c")),
            ("", "./a//b/", Some("a/b")),
            ("a/", "/..", Some("")),
            ("a", "../..", None),
            ("", "..", None),
            ("a", "../../a", None),
        ] {
            assert_eq!(join(directory, path).as_deref(), joined, "{directory} {path}");
        }
    }

    #[test]
    fn links_are_followed_by_their_text() {
        for (directory, target, path) in [
            ("bin", "codex-real", Some("bin/codex-real")),
            ("bin", "../lib/./codex", Some("lib/codex")),
            ("", "a", Some("a")),
            ("bin", "../../codex", None),
            ("", "..", None),
            ("bin", "/etc/passwd", None),
            ("bin", "C:/codex", None),
            ("bin", "", None),
        ] {
            assert_eq!(resolve(directory, target.as_bytes()).as_deref(), path, "{directory} {target}");
        }
    }

    #[test]
    fn a_path_that_cannot_be_kept_is_told_with_its_origin() {
        let error = check(["a\nb"], Reach::Elsewhere).unwrap_err();
        assert_eq!(error.to_string(), "`a\nb` cannot be a member of an archive: the path has a control character");
        let error = error.found_in("my/template");
        assert!(error.to_string().starts_with("`a\nb` of `my/template` cannot be a member"), "{error}");
    }

    proptest! {
        #[test]
        fn a_path_stays_below_its_root(text in "[./\\\\a:-]{0,12}") {
            if let Ok(path) = text.parse::<MemberPath>() {
                prop_assert_eq!(path.to_string(), text);
                let plain = |part| matches!(part, std::path::Component::Normal(_));
                prop_assert!(std::path::Path::new(&*path).components().all(plain));
            }
        }

        #[test]
        fn any_text_is_answered(text: String, directory: String) {
            let _ = text.parse::<MemberPath>();
            let _ = (join(&directory, &text), device(&text));
        }
    }
}
