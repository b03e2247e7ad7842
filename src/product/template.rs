//! The two templates: embedded in the executable, or a directory given instead. One filter says what of a template
//! ships, for both, so that caches and tests beside the sources never do.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use super::error::ProductError;
use crate::fs::{self, FileKind, FsError, read, read_table};

/// The file that every template has.
pub(crate) const PYPROJECT: &str = "pyproject.toml";

#[derive(RustEmbed)]
#[folder = "runtime-template"]
#[exclude = "**/__pycache__/**"]
#[exclude = "**/.*"]
#[exclude = "**/.*/**"]
struct EmbeddedRuntime;

#[derive(RustEmbed)]
#[folder = "sdk-template"]
#[include = "pyproject.toml"]
#[include = "README.md"]
#[include = "LICENSE"]
#[include = "src/**"]
#[exclude = "**/__pycache__/**"]
#[exclude = "**/.*"]
#[exclude = "**/.*/**"]
struct EmbeddedSdk;

/// A template's files, as far as they ship.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// What errors call it: the directory, or that it is built in.
    pub(crate) origin: String,
    /// Where it was read from; none of a built-in one.
    pub(crate) directory: Option<PathBuf>,
    /// By path, joined by `/`; `pyproject.toml` is always among them.
    pub files: BTreeMap<String, Cow<'static, [u8]>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Runtime,
    Sdk,
}

impl Template {
    /// The runtime template: `directory`, or the built-in one.
    pub fn runtime(directory: Option<&Path>) -> Result<Self, ProductError> {
        directory
            .map_or_else(|| Self::embedded::<EmbeddedRuntime>(Which::Runtime), |path| Self::read(path, Which::Runtime))
    }

    /// The SDK template: `directory`, or the built-in one.
    pub fn sdk(directory: Option<&Path>) -> Result<Self, ProductError> {
        directory.map_or_else(|| Self::embedded::<EmbeddedSdk>(Which::Sdk), |path| Self::read(path, Which::Sdk))
    }

    fn embedded<E: RustEmbed>(which: Which) -> Result<Self, ProductError> {
        // Windows hosts embed with the host's separator.
        let files = E::iter().filter_map(|path| E::get(&path).map(|file| (path.replace('\\', "/"), file.data)));
        let files = files.filter(|(path, _)| ships(which, path)).collect();
        Self { origin: "built-in template".into(), directory: None, files }.with_pyproject()
    }

    fn read(directory: &Path, which: Which) -> Result<Self, ProductError> {
        let mut files = BTreeMap::new();
        for walked in fs::walk(directory)? {
            if !ships(which, &walked.relative) {
                continue;
            }
            let is_file = match walked.kind {
                FileKind::File => true,
                FileKind::Link => std::fs::metadata(&walked.path).map_err(FsError::read(&walked.path))?.is_file(),
                FileKind::Other => false,
            };
            if !is_file {
                return Err(ProductError::NotAFile { path: walked.path });
            }
            let is_table = walked.relative == PYPROJECT;
            let bytes = if is_table { read_table(&walked.path)?.into_bytes() } else { read(&walked.path)? };
            files.insert(walked.relative, bytes.into());
        }
        Self { origin: directory.display().to_string(), directory: Some(directory.to_owned()), files }.with_pyproject()
    }

    fn with_pyproject(self) -> Result<Self, ProductError> {
        if self.files.contains_key(PYPROJECT) {
            Ok(self)
        } else {
            Err(ProductError::NoPyproject { origin: self.origin })
        }
    }

    /// The text of `pyproject.toml`, without a byte order mark.
    pub(crate) fn pyproject(&self) -> Result<&str, ProductError> {
        let bytes = self.files.get(PYPROJECT).map_or(&[][..], |bytes| bytes);
        let text = std::str::from_utf8(bytes).map_err(|_| ProductError::NotText { origin: self.origin.clone() })?;
        Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    /// What errors call its `pyproject.toml`.
    pub(crate) fn pyproject_origin(&self) -> String {
        format!("{}/{PYPROJECT}", self.origin)
    }
}

/// Whether a file of a template is part of the stage.
fn ships(which: Which, path: &str) -> bool {
    let parts: Vec<_> = path.split('/').collect();
    let left_behind = |part: &&str| {
        part.starts_with('.') || *part == "__pycache__" || part.ends_with(".egg-info") || part.ends_with(".pyc")
    };
    if parts.iter().any(left_behind) {
        return false;
    }
    match (which, &parts[..]) {
        (Which::Runtime, ["dist" | "build", _, ..]) => false,
        (Which::Runtime, _) | (Which::Sdk, ["src", _, ..]) => true,
        (Which::Sdk, [name]) => {
            // A template of one's own may have further licence files, which its [project] table names.
            let kept =
                ["pyproject.toml", "README", "LICENSE", "LICENCE", "NOTICE", "COPYING", "AUTHORS", "hatch_build.py"];
            kept.iter().any(|start| name.starts_with(start))
        }
        (Which::Sdk, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_copies_are_the_trees() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tree = Template::runtime(Some(&root.join("runtime-template"))).unwrap();
        assert_eq!(Template::runtime(None).unwrap().files, tree.files);
        let tree = Template::sdk(Some(&root.join("sdk-template"))).unwrap();
        assert_eq!(Template::sdk(None).unwrap().files, tree.files);
    }

    #[test]
    fn what_ships() {
        for (which, path, ship) in [
            (Which::Runtime, "src/module/__init__.py", true),
            (Which::Runtime, "hatch_build.py", true),
            (Which::Runtime, "src/module/__pycache__/a.pyc", false),
            (Which::Runtime, ".venv/bin/python", false),
            (Which::Runtime, "dist/a.whl", false),
            (Which::Sdk, "src/codex/py.typed", true),
            (Which::Sdk, "tests/test_a.py", false),
            (Which::Sdk, "examples/LICENSE", false),
            (Which::Sdk, "LICENSE", true),
            (Which::Sdk, "pytest.ini", false),
        ] {
            assert_eq!(ships(which, path), ship, "{path}");
        }
    }

    #[test]
    fn a_directory_without_a_project_is_no_template() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(Template::sdk(Some(directory.path())), Err(ProductError::NoPyproject { .. })));
        assert!(matches!(Template::sdk(Some(&directory.path().join("none"))), Err(ProductError::Fs(_))));
    }
}
