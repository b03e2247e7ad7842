//! What version control's ignore files would have hatchling leave out of a stage: the nearest `.gitignore` and `.hgignore`
//! above it, up to the repository that it lies in.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::fs::{FsError, read};

/// The patterns of the ignore files, in their order.
pub(super) struct Ignored {
    patterns: Vec<(PathBuf, Pattern)>,
}

struct Pattern {
    glob: GlobMatcher,
    negated: bool,
    directories_only: bool,
}

impl Ignored {
    pub(super) fn nothing() -> Self {
        Self { patterns: Vec::new() }
    }

    pub(super) fn around(stage: &Path) -> Result<Self, FsError> {
        let stage = std::path::absolute(stage).map_err(FsError::read(stage))?;
        let mut found = Self::nothing();
        if let Some(path) = nearest(&stage, ".gitignore", ".git") {
            let text = read(&path)?;
            found.add(&path, String::from_utf8_lossy(&text).lines());
        }
        if let Some(path) = nearest(&stage, ".hgignore", ".hg") {
            let text = read(&path)?;
            let mut is_glob = false;
            let text = String::from_utf8_lossy(&text);
            let globs = text.lines().filter(|line| match line.trim().strip_prefix("syntax: ") {
                Some(syntax) => {
                    is_glob = syntax == "glob";
                    false
                }
                None => is_glob,
            });
            found.add(&path, globs);
        }
        // A stage that is ignored itself would be empty, so hatchling then heeds none of them.
        let whole = stage.to_string_lossy().replace('\\', "/");
        if found.by(whole.trim_start_matches('/')).is_some() { Ok(Self::nothing()) } else { Ok(found) }
    }

    fn add<'a>(&mut self, path: &Path, lines: impl Iterator<Item = &'a str>) {
        self.patterns.extend(lines.filter_map(pattern).map(|pattern| (path.to_owned(), pattern)));
    }

    /// The file that has a path of the stage left out.
    pub(super) fn by(&self, path: &str) -> Option<&Path> {
        let parents = || path.match_indices('/').map(|(end, _)| &path[..end]);
        let matches = |pattern: &Pattern| {
            parents().any(|parent| pattern.glob.is_match(parent))
                || !pattern.directories_only && pattern.glob.is_match(path)
        };
        let (file, last) = self.patterns.iter().rev().find(|(_, pattern)| matches(pattern))?;
        (!last.negated).then_some(file.as_path())
    }
}

/// The file in the directory or the nearest one above it, up to the one that `boundary` lies in.
fn nearest(directory: &Path, file: &str, boundary: &str) -> Option<PathBuf> {
    for directory in directory.ancestors() {
        let path = directory.join(file);
        if path.is_file() {
            return Some(path);
        }
        if directory.join(boundary).exists() {
            return None;
        }
    }
    None
}

/// A line of an ignore file (gitignore(5)).
fn pattern(line: &str) -> Option<Pattern> {
    let line = line.trim_end();
    let (line, negated) = line.strip_prefix('!').map_or((line, false), |rest| (rest, true));
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (line, directories_only) = line.strip_suffix('/').map_or((line, false), |rest| (rest, true));
    let anchored = line.contains('/');
    let line = line.trim_start_matches('/');
    let glob = if anchored { line.to_owned() } else { format!("**/{line}") };
    let glob = GlobBuilder::new(&glob).literal_separator(true).backslash_escape(true).build().ok()?;
    Some(Pattern { glob: glob.compile_matcher(), negated, directories_only })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let mut ignored = Ignored::nothing();
        ignored.add(Path::new(".gitignore"), "# c\n\n/dist\nbin/\n*.log\n!keep.log\na/**/z\n".lines());
        for path in ["dist/a", "dist", "src/bin/a", "bin/a", "x.log", "src/x.log/y", "a/z", "a/b/c/z"] {
            assert!(ignored.by(path).is_some(), "{path}");
        }
        for path in ["src/dist", "bin", "src/bin", "keep.log", "a/b"] {
            assert!(ignored.by(path).is_none(), "{path}");
        }
    }
}
