//! Unpacks an open wheel as an installer would, every file verified against RECORD (PyPA "Binary distribution format",
//! "Installing a wheel distribution").

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use super::reader::{Wheel, WheelError};
use crate::digest::Sha256Digest;
use crate::fs::{self, FsError, Mode};
use crate::member_path::{MemberPath, PathError, long_part, not_on_windows};
use crate::scheme::{self, Scheme};
use crate::zip::archive::MemberError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    pub(crate) member: String,
    pub(crate) scheme: Scheme,
    /// Where it is, relative to the directory, joined by `/`.
    pub(crate) installed: String,
    /// Its mode as an installer sets it.
    pub(crate) mode: Mode,
    pub(crate) sha256: Sha256Digest,
}

impl Wheel {
    /// Unpacks every file into `directory`, which is there and empty, with the modes that pip sets: 0755 where the archive says that
    /// a regular file is executable, and for scripts; else 0644. Files of a `.data` directory go where
    /// `pip install --target` puts them: scripts to `bin/`, headers to `include/`, everything else beside the packages.
    /// Every file is verified against RECORD.
    /// After an error what is in `directory` must not be used.
    pub fn unpack(&self, directory: &Path) -> Result<Vec<Unpacked>, WheelError> {
        if let Some((total, limit)) = self.archive().total_bomb() {
            return Err(WheelError::Unsafe {
                path: self.path().to_owned(),
                member: "*".into(),
                why: format!("all members together unpack to {total} bytes, more than {limit}"),
            });
        }
        let mut unpacked = Vec::new();
        for member in self.files() {
            let (scheme, installed) = self.installed_path(&member.name);
            let path = directory.join(&installed);
            let parent = path.parent().unwrap_or(directory);
            let refused = |at: &Path, source: io::Error| match no_place(&installed, &source, &unpacked) {
                Some(why) => WheelError::Unsafe { path: self.path().to_owned(), member: member.name.clone(), why },
                None => FsError::write(at)(source).into(),
            };
            std::fs::create_dir_all(parent).map_err(|source| refused(parent, source))?;
            let mode = if scheme == Scheme::Scripts || member.is_executable() { Mode::Executable } else { Mode::Data };
            let created = OpenOptions::new().write(true).create_new(true).open(&path);
            let mut file = created.map_err(|source| refused(&path, source))?;
            let sha256 = self.copy_to(member, &mut file).map_err(|error| match error {
                WheelError::Member { source: MemberError::Write { source, .. }, .. } => {
                    FsError::write(&path)(source).into()
                }
                error => error,
            })?;
            fs::set_mode(&path, mode)?;
            unpacked.push(Unpacked { member: member.name.clone(), scheme, installed, mode, sha256 });
        }
        Ok(unpacked)
    }

    /// The scheme of a member, and where it is installed.
    fn installed_path(&self, name: &str) -> (Scheme, String) {
        let name_version = self.name().stem();
        let (scheme, path) = scheme::of(&name_version, name);
        let installed = match scheme {
            Scheme::Scripts => format!("bin/{path}"),
            Scheme::Headers => format!("include/{}/{path}", self.name().distribution),
            // As it always was: what no installer knows lies where its file name says.
            Scheme::Unknown => path.split_once('/').map_or(path, |(_, rest)| rest).to_owned(),
            Scheme::Root | Scheme::Purelib | Scheme::Platlib | Scheme::Data => path.to_owned(),
        };
        (scheme, installed)
    }
}

/// Why a path of a wheel cannot be written into a directory that was empty, where the wheel is to blame.
fn no_place(installed: &str, error: &io::Error, unpacked: &[Unpacked]) -> Option<String> {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            let other = unpacked.iter().find(|file| file.installed == installed);
            let by = other.map_or_else(
                || "another file is installed there, or at a directory above it".to_owned(),
                |file| format!("so is `{}`", file.member),
            );
            Some(format!("it is installed to `{installed}`, and {by}"))
        }
        io::ErrorKind::InvalidFilename => match not_on_windows(installed) {
            Some(why) => Some(why.to_string()),
            None if installed.len() > MemberPath::MAX_LENGTH => Some(PathError::Long.to_string()),
            None => long_part(installed).map(|why| why.to_string()),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{Record, RecordRow};
    use super::*;
    use crate::error::{Exit, Explain as _};
    use crate::member_path::escapes;
    use crate::zip::archive::Archive;
    use std::io::{Cursor, Write as _};

    const NAME: &str = "demo_bin-1.0-py3-none-any.whl";
    const INFO: &str = "demo_bin-1.0.dist-info";

    /// A wheel of these files; RECORD is made for them and passed through `edit`.
    fn wheel(files: &[(&str, &str, u32)], edit: impl Fn(String) -> String) -> Archive {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let metadata = (format!("{INFO}/METADATA"), "Metadata-Version: 2.4\nName: demo-bin\nVersion: 1.0\n");
        let tags = (format!("{INFO}/WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
        let mut all: Vec<(&str, &str, u32)> = files.to_vec();
        all.extend([(metadata.0.as_str(), metadata.1, 0o644), (tags.0.as_str(), tags.1, 0o644)]);
        let mut rows: Vec<_> = all
            .iter()
            .map(|(name, text, _)| RecordRow::new(*name, &Sha256Digest::of(text.as_bytes()), text.len() as u64))
            .collect();
        let record = format!("{INFO}/RECORD");
        rows.push(RecordRow::unhashed(&record));
        let text = edit(Record { rows }.to_string());
        all.push((&record, &text, 0o644));
        for (name, text, mode) in all {
            let options = zip::write::SimpleFileOptions::default().unix_permissions(mode);
            writer.start_file(name, options).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        Archive::from_bytes(Path::new(NAME), writer.finish().unwrap().into_inner())
    }

    #[test]
    fn a_wheel_is_unpacked_as_an_installer_would() {
        let files = [
            ("demo_bin/__init__.py", "", 0o600),
            ("demo_bin/bin/demo", "text", 0o744),
            ("demo_bin-1.0.data/scripts/run", "#!python\n", 0o644),
            ("demo_bin-1.0.data/headers/demo.h", "", 0o644),
        ];
        let wheel = Wheel::of(wheel(&files, |record| record)).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let unpacked = wheel.unpack(directory.path()).unwrap();
        let placed: Vec<_> = unpacked.iter().map(|file| (file.installed.as_str(), file.mode)).take(4).collect();
        assert_eq!(
            placed,
            [
                ("demo_bin/__init__.py", Mode::Data),
                ("demo_bin/bin/demo", Mode::Executable),
                ("bin/run", Mode::Executable),
                ("include/demo_bin/demo.h", Mode::Data),
            ]
        );
        assert_eq!(std::fs::read(directory.path().join("demo_bin/bin/demo")).unwrap(), b"text");
        assert_eq!(wheel.metadata().name().unwrap().as_str(), "demo-bin");
    }

    /// That is the wheel's fault, not the disk's.
    #[test]
    fn two_files_for_one_place_are_refused_by_name() {
        for (one, other) in [
            ("demo_bin-1.0.data/scripts/run", "demo_bin-1.0.data/data/bin/run"),
            ("demo_bin/a", "demo_bin-1.0.data/purelib/demo_bin/a/b"),
        ] {
            let wheel = Wheel::of(wheel(&[(one, "#!python\n", 0o644), (other, "x", 0o644)], |record| record)).unwrap();
            let error = wheel.unpack(tempfile::tempdir().unwrap().path()).unwrap_err();
            assert!(matches!(&error, WheelError::Unsafe { member, .. } if member == other), "{error:?}");
        }
    }

    #[test]
    fn a_wheel_that_lies_is_not_unpacked() {
        let files = [("demo_bin/__init__.py", "text", 0o644)];
        let good = Sha256Digest::of(b"text").record_form();
        let refused = |edit: &dyn Fn(String) -> String| {
            let wheel = Wheel::of(wheel(&files, edit)).unwrap();
            wheel.unpack(tempfile::tempdir().unwrap().path()).unwrap_err().to_string()
        };
        let other = Sha256Digest::of(b"other").record_form();
        assert!(refused(&|record| record.replace(&good, &other)).contains("digest is another"));
        assert!(refused(&|record| record.replace(&good, "")).contains("no digest"));
        assert!(refused(&|record| record.replace(&good, "md5=abcd")).contains("no digest to rely on"));
        assert!(refused(&|record| record.replace(&format!("{good},4"), &format!("{good},5"))).contains("4 bytes"));
        assert!(refused(&|record| record.replace("__init__.py", "other.py")).contains("not listed"));
    }

    #[test]
    fn a_wheel_whose_files_have_no_place_is_to_blame() {
        let long = format!("demo_bin/{}", "x".repeat(300));
        let deep = ["demo_bin"; 1000].join("/");
        for (one, other, words) in [
            (
                "demo_bin/bin/x",
                "demo_bin-1.0.data/purelib/demo_bin/bin/x",
                "`demo_bin/bin/x`, and so is `demo_bin/bin/x`",
            ),
            ("bin/x", "demo_bin-1.0.data/scripts/x", "and so is `bin/x`"),
            ("demo_bin/x", "demo_bin/x/y", "another file"),
            ("demo_bin/x/y", "demo_bin/x", "another file"),
            ("demo_bin/x", &long, "300 bytes"),
            ("demo_bin/x", &deep, "longer than 1024 bytes"),
        ] {
            let wheel = Wheel::of(wheel(&[(one, "", 0o644), (other, "", 0o644)], |record| record)).unwrap();
            let error = wheel.unpack(tempfile::tempdir().unwrap().path()).unwrap_err();
            assert_eq!(error.exit(), Exit::NotGood, "{one} {other}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn a_wheel_that_escapes_is_not_opened() {
        for name in ["../a", "/a", "a/../b", "a\\b", "C:/a", "a//b", "./a", "a\0b"] {
            assert!(escapes(name).is_some(), "{name}");
            let error = Wheel::of(wheel(&[(name, "", 0o644)], |record| record)).map(drop);
            // The writer of the test may itself have made the path safe; then there is nothing to refuse.
            if wheel(&[(name, "", 0o644)], |record| record).members()[0].name == name {
                assert!(matches!(error, Err(WheelError::Unsafe { .. })), "{name}");
            }
        }
        assert_eq!(escapes("a/b.c/.d"), None);
        assert_eq!(escapes("a/"), None);
    }
}
