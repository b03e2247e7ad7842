//! The globs of `license-files` (PEP 639): `*`, `?` and `[...]` within a path part, `**` across parts.

use globset::GlobBuilder;

/// The names that are taken where no globs are given, as hatchling takes them.
pub(crate) const USUAL: [&str; 4] = ["LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*"];

/// Whether `glob` matches all of `path`, both joined by `/`.
pub(crate) fn matches(glob: &str, path: &str) -> bool {
    // Braces are letters like others in these globs, and so is a bracket that is not closed.
    let plain = glob.replace('{', "[{]").replace('}', "[}]");
    let built = GlobBuilder::new(&plain).literal_separator(true).backslash_escape(false).build();
    built.map_or(glob == path, |built| built.compile_matcher().is_match(path))
}

/// The same as Python's `glob` reads a pattern when it is not told to recurse, which is how hatchling asks: `**` is no more
/// than `*`, and a wildcard never begins with a dot.
pub(crate) fn matches_one_level(glob: &str, path: &str) -> bool {
    let (mut globs, mut paths) = (glob.split('/'), path.split('/'));
    loop {
        match (globs.next(), paths.next()) {
            (None, None) => return true,
            (Some(glob), Some(part)) => {
                let hidden = part.starts_with('.') && !glob.starts_with('.');
                let glob = if glob == "**" { "*" } else { glob };
                if hidden || !matches(glob, part) {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, path) in [
            ("LICENSE", "LICENSE"),
            ("LICEN[CS]E*", "LICENCE.txt"),
            ("licenses/*.txt", "licenses/a.txt"),
            ("**/LICENSE", "LICENSE"),
            ("**/LICENSE", "a/b/LICENSE"),
            ("a/**", "a/b/c"),
            ("[a-c]?[!x]", "bzy"),
            ("[", "["),
            ("a{b,c}", "a{b,c}"),
        ] {
            assert!(matches(glob, path), "{glob} {path}");
        }
        for (glob, path) in [
            ("*", "a/b"),
            ("LICENSE", "LICENSES"),
            ("[a-c]", "d"),
            ("[!x]", "x"),
            ("a?", "a"),
            ("", "a"),
            ("{a,b}", "a"),
        ] {
            assert!(!matches(glob, path), "{glob} {path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_path_matches_itself_and_nothing_panics(path in "[a-z./]{0,12}", glob in "[a-c*?\\[\\]!/-]{0,12}") {
            proptest::prop_assert!(matches(&path, &path));
            let _ = matches(&glob, &path);
        }
    }
}
