//! The licences of a project (PEP 639): SPDX expressions, and the globs of `license-files`: `*`, `?` and `[...]` within a path
//! part, `**` across parts.

use std::sync::LazyLock;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use spdx::identifiers::{EXCEPTIONS, LICENSES};
use spdx::{Expression, ParseMode};

/// What indexes take: identifiers that newer ones have replaced are still valid.
const MODE: ParseMode = ParseMode { allow_deprecated: true, allow_postfix_plus_on_gpl: true, ..ParseMode::STRICT };

/// What SPDX has besides licences, and PEP 639 has not.
const REFUSED: [&str; 4] = ["noassertion", "none", "documentref-", "additionref-"];

/// An SPDX expression with identifiers and operators in their canonical case.
///
/// # Errors
/// The reason why it is none that an index takes.
pub(crate) fn canonical(text: &str) -> Result<String, String> {
    const REFERENCE: &str = "licenseref-";
    // SPDX and PEP 639 read identifiers without regard to case and ask writers for the canonical one.
    let words = text.replace('(', " ( ").replace(')', " ) ");
    let mut canonical: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        let (lower, upper) = (word.to_ascii_lowercase(), word.to_ascii_uppercase());
        if REFUSED.iter().any(|refused| lower == *refused || refused.ends_with('-') && lower.starts_with(refused)) {
            return Err(format!("`{word}` is no licence"));
        }
        let (bare, plus) = word.strip_suffix('+').map_or((word, ""), |bare| (bare, "+"));
        let same = |known: &&str| known.eq_ignore_ascii_case(bare);
        let license = LICENSES.iter().map(|license| license.name).find(|name| same(name));
        let exception = EXCEPTIONS.iter().map(|exception| exception.name).find(|name| same(name));
        canonical.push(match license.or(exception) {
            Some(name) => format!("{name}{plus}"),
            None if matches!(upper.as_str(), "AND" | "OR" | "WITH") => upper,
            None if lower == REFERENCE => return Err(format!("`{word}` names no licence")),
            None if lower.starts_with(REFERENCE) => format!("LicenseRef-{}", &word[REFERENCE.len()..]),
            None => word.to_owned(),
        });
    }
    let canonical = canonical.join(" ").replace("( ", "(").replace(" )", ")");
    match Expression::parse_mode(&canonical, MODE) {
        Ok(_) => Ok(canonical),
        Err(error) => Err(error.reason.to_string()),
    }
}

/// The names that are taken where no globs are given, as hatchling takes them.
pub(crate) const USUAL: [&str; 4] = ["LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*"];

/// Whether a path is taken where no globs are given.
pub(crate) fn is_usual(path: &str) -> bool {
    static GLOBS: LazyLock<Option<LicenseGlobs>> = LazyLock::new(|| LicenseGlobs::new(USUAL).ok());
    GLOBS.as_ref().is_some_and(|globs| !globs.matching(path).is_empty())
}

/// The globs of a `license-files`, each read once, whatever the number of files they are tried on.
#[derive(Debug)]
pub(crate) struct LicenseGlobs {
    globs: Vec<String>,
    meant: GlobSet,
    one_level: GlobSet,
}

impl LicenseGlobs {
    /// # Errors
    /// Globs that are too long to be read.
    pub(crate) fn new<'a>(globs: impl IntoIterator<Item = &'a str>) -> Result<Self, globset::Error> {
        let globs: Vec<_> = globs.into_iter().map(str::to_owned).collect();
        let (mut meant, mut one_level) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for glob in &globs {
            meant.add(read(&plain(glob))?);
            let parts = glob.split('/').map(|part| if part == "**" { "*".into() } else { plain(part) });
            one_level.add(read(&parts.collect::<Vec<_>>().join("/"))?);
        }
        Ok(Self { meant: meant.build()?, one_level: one_level.build()?, globs })
    }

    /// Which globs, counted from zero, match all of `path`, whose parts are joined by `/`.
    pub(crate) fn matching(&self, path: &str) -> Vec<usize> {
        self.meant.matches(path)
    }

    /// The same as Python's `glob` reads a pattern when it is not told to recurse, which is how hatchling asks: `**` is no
    /// more than `*`, and a wildcard never begins with a dot.
    pub(crate) fn matching_one_level(&self, path: &str) -> Vec<usize> {
        let is_plain = |glob: &str| {
            let mut pairs = glob.split('/').zip(path.split('/'));
            pairs.all(|(glob, part)| !part.starts_with('.') || glob.starts_with('.'))
        };
        let mut matching = self.one_level.matches(path);
        matching.retain(|index| self.globs.get(*index).is_some_and(|glob| is_plain(glob)));
        matching
    }
}

/// A glob as `globset` writes it: braces are letters like others in these globs, and so is a bracket that is not closed.
fn plain(glob: &str) -> String {
    let plain = glob.replace('{', "[{]").replace('}', "[}]");
    if read(&plain).is_ok() { plain } else { globset::escape(glob) }
}

fn read(plain: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(plain).literal_separator(true).backslash_escape(false).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, path: &str) -> bool {
        !LicenseGlobs::new([glob]).unwrap().matching(path).is_empty()
    }

    #[test]
    fn expressions() {
        for (text, expected) in [
            ("mit", "MIT"),
            ("apache-2.0 or (Mit and GPL-2.0+)", "Apache-2.0 OR (MIT AND GPL-2.0+)"),
            ("GPL-3.0", "GPL-3.0"),
            ("LGPL-2.1 with GCC-exception-3.1", "LGPL-2.1 WITH GCC-exception-3.1"),
            ("licenseref-Own", "LicenseRef-Own"),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(expected), "{text}");
        }
        for text in
            ["", "Apache 2.0", "NOASSERTION", "none", "DocumentRef-a:LicenseRef-b", "MIT WITH AdditionRef-x", "MIT/X"]
        {
            assert!(canonical(text).is_err(), "{text}");
        }
    }

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

    #[test]
    fn a_glob_of_one_level_is_what_python_reads_without_recursion() {
        let globs = ["LICENSE", "**/LICENSE", "a/*", "a/.*", "[/x", "a{b/*"];
        let read = LicenseGlobs::new(globs).unwrap();
        for (path, meant, one_level) in [
            ("LICENSE", &[0, 1][..], &[0][..]),
            ("a/LICENSE", &[1, 2], &[1, 2]),
            (".a/LICENSE", &[1], &[]),
            ("a/b/LICENSE", &[1], &[]),
            ("a/.b", &[2, 3], &[3]),
            ("[/x", &[4], &[4]),
            ("a{b/c", &[5], &[5]),
            ("none", &[], &[]),
        ] {
            assert_eq!((&*read.matching(path), &*read.matching_one_level(path)), (meant, one_level), "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_path_matches_itself_and_nothing_panics(path in "[a-z./]{0,12}", glob in "[a-c*?\\[\\]!/-]{0,12}") {
            proptest::prop_assert!(matches(&path, &path));
            let _ = LicenseGlobs::new([&*glob]).unwrap().matching_one_level(&path);
        }
    }
}
