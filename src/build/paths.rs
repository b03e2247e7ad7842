//! Paths as hatchling reads them off a setting, before any file is looked for: parts that say nothing are passed over, and
//! `..` undoes the part before it.

use crate::member_path::{PathError, join};

/// Where a file of the stage is, for a path that a setting names; the reason where it is not below the stage.
pub(super) fn inside(path: &str) -> Result<String, String> {
    let is_elsewhere = |path: &str| path.starts_with('/') || path.starts_with('~');
    let found = Some(path).filter(|path| !is_elsewhere(path)).and_then(below).filter(|path| !is_elsewhere(path));
    match found {
        // One system takes it for a separator, another for a letter.
        _ if path.contains('\\') => Err(PathError::Backslash.to_string()),
        None => Err("it leads out of the stage".to_owned()),
        Some(path) if path.is_empty() => Err("it is the whole stage".to_owned()),
        Some(path) => Ok(path),
    }
}

/// Where in a distribution a path lies that a setting names as the place of a file or directory; empty for its top.
pub(super) fn destination(path: &str) -> Result<String, String> {
    match below(path) {
        _ if path.contains('\\') => Err(PathError::Backslash.to_string()),
        None => Err("it leads out of the distribution".to_owned()),
        // Its top is written as the root of a file system.
        Some(found) if found.is_empty() && !path.starts_with('/') => Err("it is no place in a distribution".to_owned()),
        Some(path) => Ok(path),
    }
}

fn below(path: &str) -> Option<String> {
    join("", path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_python_reads_them() {
        for (path, expected) in [("a//b/./c/", "a/b/c"), ("./a", "a"), ("a/../b", "b")] {
            assert_eq!((inside(path).as_deref(), destination(path).as_deref()), (Ok(expected), Ok(expected)), "{path}");
        }
        for path in ["/a", "~/a", "./~/a", "..", "../a", "a/../../b", ".", "", "a/..", "a\\b"] {
            assert!(inside(path).is_err(), "{path}");
        }
        for (path, expected) in [("/", ""), ("//", ""), ("/a/", "a"), ("//a", "a"), ("~/a", "~/a")] {
            assert_eq!(destination(path).as_deref(), Ok(expected), "{path}");
        }
        for path in ["..", "/..", "a/../../b", ".", "", "a/.."] {
            assert!(destination(path).is_err(), "{path}");
        }
        // As a path of an archive is refused.
        let said = "a\\b".parse::<crate::member_path::MemberPath>().unwrap_err().to_string();
        assert_eq!((inside("a\\b"), destination("a\\b")), (Err(said.clone()), Err(said)));
    }
}
