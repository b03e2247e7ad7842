//! The WHEEL file of a wheel (PyPA "Binary distribution format"): how the archive is to be installed, and its tags.

use super::fields::{Fields, FieldsError};
use super::metadata::two_numbers;
use super::tag::{Tag, TagSet, TagSetError};

/// A WHEEL file, untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelFile {
    fields: Fields,
}

/// Where the files beside dist-info are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// In purelib: no native code.
    Purelib,
    /// In platlib: native code.
    Platlib,
}

/// A WHEEL file that is missing a field or has one that is not what the specification says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WheelFileError {
    #[error("it is not a WHEEL file")]
    Fields(#[from] FieldsError),
    #[error("it has no `{0}` field")]
    Missing(&'static str),
    #[error("`{field}: {value}` is not valid")]
    Value { field: &'static str, value: String },
    #[error("it has a wrong `Tag` line")]
    Tag(#[from] TagSetError),
}

impl WheelFile {
    pub fn parse(bytes: &[u8]) -> Result<Self, WheelFileError> {
        Ok(Self { fields: Fields::parse(bytes)? })
    }

    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// `Wheel-Version` as major and minor number.
    pub fn wheel_version(&self) -> Result<(u32, u32), WheelFileError> {
        let text = self.fields.get("Wheel-Version").ok_or(WheelFileError::Missing("Wheel-Version"))?;
        two_numbers(text).ok_or_else(|| WheelFileError::Value { field: "Wheel-Version", value: text.to_owned() })
    }

    /// `Root-Is-Purelib`.
    pub fn root(&self) -> Result<Root, WheelFileError> {
        const FIELD: &str = "Root-Is-Purelib";
        let text = self.fields.get(FIELD).ok_or(WheelFileError::Missing(FIELD))?;
        match text.to_ascii_lowercase().as_str() {
            "true" => Ok(Root::Purelib),
            "false" => Ok(Root::Platlib),
            _ => Err(WheelFileError::Value { field: FIELD, value: text.to_owned() }),
        }
    }

    pub fn build(&self) -> Option<&str> {
        self.fields.get("Build")
    }

    /// Every `Tag` line, each judged on its own.
    pub fn tags(&self) -> impl Iterator<Item = Result<Tag, WheelFileError>> {
        self.fields.all("Tag").map(|text| Ok(text.parse()?))
    }
}

/// The text of a WHEEL file: one `Tag` line for every tag of the set, sorted.
pub fn render(root: Root, tags: &TagSet) -> String {
    let purelib = match root {
        Root::Purelib => "true",
        Root::Platlib => "false",
    };
    let mut text =
        format!("Wheel-Version: 1.0\nGenerator: relkit {}\nRoot-Is-Purelib: {purelib}\n", env!("CARGO_PKG_VERSION"));
    for tag in tags.expand() {
        text += &format!("Tag: {tag}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let tags: TagSet = "py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64".parse().unwrap();
        let file = WheelFile::parse(render(Root::Platlib, &tags).as_bytes()).unwrap();
        assert_eq!(file.wheel_version(), Ok((1, 0)));
        assert_eq!(file.root(), Ok(Root::Platlib));
        assert_eq!(file.build(), None);
        assert_eq!(file.tags().collect::<Result<_, _>>(), Ok(tags.expand()));
    }

    #[test]
    fn every_wrong_line_is_named() {
        let file = WheelFile::parse(b"Wheel-Version: one\nRoot-Is-Purelib: maybe\nTag: py2.py3-none-any\n").unwrap();
        assert!(file.wheel_version().is_err() && file.root().is_err());
        assert!(file.tags().all(|tag| tag.is_err()));
        assert_eq!(WheelFile::parse(b"").unwrap().root(), Err(WheelFileError::Missing("Root-Is-Purelib")));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, value in "\\PC{0,12}") {
            let _ = WheelFile::parse(&bytes);
            let text = format!("Wheel-Version: {value}\nRoot-Is-Purelib: {value}\nTag: {value}\n");
            if let Ok(file) = WheelFile::parse(text.as_bytes()) {
                let _ = (file.wheel_version(), file.root(), file.tags().count());
            }
        }
    }
}
