//! Paths as hatchling reads them off a setting, before any file is looked for.

/// The path without empty parts, `.` and what `..` undoes, as Python's `posixpath.normpath` gives it.
pub(super) fn normal(path: &str) -> String {
    let root = if path.starts_with("//") && !path.starts_with("///") {
        "//"
    } else if path.starts_with('/') {
        "/"
    } else {
        ""
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    let joined = format!("{root}{}", parts.join("/"));
    if joined.is_empty() { ".".into() } else { joined }
}

/// Where a file of the stage is, for a path that a setting names; the reason where it is not below the stage.
pub(super) fn inside(path: &str) -> Result<String, &'static str> {
    let path = normal(path);
    if path.contains('\\') {
        // One system takes it for a separator, another for a letter.
        return Err("it has a backslash");
    }
    if path.starts_with('/') || path.starts_with('~') || path == ".." || path.starts_with("../") {
        return Err("it leads out of the stage");
    }
    if path == "." { Err("it is the whole stage") } else { Ok(path) }
}

/// Where in a distribution a path lies that a setting names as the place of a file or directory; empty for its top.
pub(super) fn destination(path: &str) -> Result<String, &'static str> {
    let path = normal(path);
    let path = path.trim_matches('/');
    if path.contains('\\') {
        return Err("it has a backslash");
    }
    if path == ".." || path.starts_with("../") {
        return Err("it leads out of the distribution");
    }
    if path == "." { Err("it is no place in a distribution") } else { Ok(path.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_python_reads_them() {
        for (path, expected) in [
            ("a//b/./c/", "a/b/c"),
            ("./a", "a"),
            ("a/../b", "b"),
            ("a/../../b", "../b"),
            ("", "."),
            ("a/..", "."),
            ("/a/../..", "/"),
            ("//a", "//a"),
            ("///a", "/a"),
        ] {
            assert_eq!(normal(path), expected, "{path}");
        }
        for path in ["/a", "~/a", "..", "../a", "a/../../b", ".", "a\\b"] {
            assert!(inside(path).is_err(), "{path}");
        }
        assert_eq!((destination("/"), destination("/a/")), (Ok(String::new()), Ok("a".into())));
        assert!(destination("..").is_err() && destination(".").is_err());
    }
}
