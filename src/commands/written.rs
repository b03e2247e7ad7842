//! Where the files may be that a command writes: outside of the directories that it reads, and each at a place of its own.
//! Asked before anything is read, or the next run would find what this one left.

use std::path::{Component, Path, PathBuf};

use crate::console::text::visible;
use crate::error::{Exit, Failure};
use crate::fs::{Place, must_be_writable, place};

/// The files of a command line by their options, and the directories that it reads.
#[derive(Default)]
pub(super) struct Written<'a> {
    /// An option, its file, and whether the file is written.
    files: Vec<(&'static str, &'a Path, bool)>,
    /// A directory, and what is in it alone.
    directories: Vec<(&'a Path, &'static str)>,
}

impl<'a> Written<'a> {
    /// A file that the command writes, if it is asked to.
    pub(super) fn file(mut self, option: &'static str, path: Option<&'a PathBuf>) -> Self {
        self.files.extend(path.map(|path| (option, path.as_path(), true)));
        self
    }

    /// A file that it reads, if it is asked to.
    pub(super) fn input(mut self, option: &'static str, path: Option<&'a PathBuf>) -> Self {
        self.files.extend(path.map(|path| (option, path.as_path(), false)));
        self
    }

    /// A directory that it reads; `content` is what its next run expects there.
    pub(super) fn directory(mut self, path: &'a Path, content: &'static str) -> Self {
        self.directories.push((path, content));
        self
    }

    /// Refuses the first file that is where it must not be.
    pub(super) fn must_be_apart(&self) -> Result<(), Failure> {
        if !self.files.iter().any(|(.., is_written)| *is_written) {
            return Ok(());
        }
        let places: Vec<_> = self.files.iter().map(|(_, path, _)| resolved(path)).collect();
        for (at, ((option, path, is_written), real)) in self.files.iter().zip(&places).enumerate() {
            let shown = visible(&path.to_string_lossy());
            let mut earlier = self.files.iter().zip(&places).take(at);
            let twin = earlier.find(|((.., written), other)| (*is_written || *written) && *other == real);
            // What bytes pass through holds none of them.
            let twin = twin.filter(|_| place(path).ok() != Some(Place::Through));
            if let Some(((other, ..), _)) = twin {
                let message = format!("`{other}` and `{option}` both name `{shown}`");
                return Err(Failure::new(Exit::Failed, message).with_hint("give each a file of its own"));
            }
            let inside = self.directories.iter().find(|(directory, _)| real.starts_with(resolved(directory)));
            if let Some((_, content)) = inside.filter(|_| *is_written) {
                let message = format!("`{option} {shown}` is inside the directory of {content}");
                let hint = format!("name a file outside of it: what is in there is {content} alone");
                return Err(Failure::new(Exit::Failed, message).with_hint(hint));
            }
            if *is_written {
                must_be_writable(path)?;
            }
        }
        Ok(())
    }
}

/// Where a path leads, though it or the directory that it is in may not be there yet.
fn resolved(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let Some((mut real, there)) = whole.ancestors().find_map(|there| Some((there.canonicalize().ok()?, there))) else {
        return whole;
    };
    for component in whole.strip_prefix(there).unwrap_or(Path::new("")).components() {
        match component {
            Component::ParentDir => _ = real.pop(),
            Component::Normal(name) => real.push(name),
            _ => {}
        }
    }
    real
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_way_to_a_place_is_known() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("dist/deep")).unwrap();
        fs::create_dir(at("receipts")).unwrap();
        fs::write(at("manifest.json"), "{}").unwrap();
        let said = |plan: &str, receipt: &str| {
            let (plan, receipt, manifest) = (at(plan), at(receipt), at("manifest.json"));
            let (dist, receipts) = (at("dist"), at("receipts/"));
            let written = Written::default().input("--manifest", Some(&manifest)).file("--plan", Some(&plan));
            let written = written.file("--receipt", Some(&receipt)).file("--report", None);
            let written = written.directory(&dist, "the release").directory(&receipts, "receipts");
            written.must_be_apart().err().map(|failure| failure.sentence())
        };
        assert_eq!(said("plan.json", "receipt.json"), None);
        assert_eq!(said("dist-of-another/plan.json", "new/receipt.json"), None);
        for (plan, receipt, words) in [
            ("dist/plan.json", "r.json", "`--plan"),
            ("p.json", "dist/deep/new/r.json", "inside the directory of the release"),
            ("p.json", "gone/../dist/r.json", "inside the directory of the release"),
            ("dist", "r.json", "inside the directory of the release"),
            ("p.json", "receipts/r.json", "inside the directory of receipts"),
            ("p.json", "p.json", "`--plan` and `--receipt` both name"),
            ("new/p.json", "dist/../new/./p.json", "`--plan` and `--receipt` both name"),
            ("p.json", "dist/../manifest.json", "`--manifest` and `--receipt` both name"),
        ] {
            let said = said(plan, receipt).unwrap_or_default();
            assert!(said.contains(words), "{plan} {receipt}: {said}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_where_it_leads() {
        let root = tempfile::tempdir().unwrap();
        let (dist, link) = (root.path().join("dist"), root.path().join("link"));
        fs::create_dir(&dist).unwrap();
        std::os::unix::fs::symlink(&dist, &link).unwrap();
        let plan = link.join("plan.json");
        assert!(Written::default().file("--plan", Some(&plan)).directory(&dist, "it").must_be_apart().is_err());
    }
}
