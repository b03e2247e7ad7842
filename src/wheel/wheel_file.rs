//! The WHEEL file of a wheel (PyPA "Binary distribution format"): how the archive is to be installed, and its tags.

use std::fmt;

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

const ROOT: &str = "Root-Is-Purelib";

impl Root {
    fn as_str(self) -> &'static str {
        match self {
            Self::Purelib => "true",
            Self::Platlib => "false",
        }
    }
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

impl WheelFileError {
    /// The set that stands on a `Tag` line in place of one tag, where that is what is wrong.
    pub(crate) fn tag_set(&self) -> Option<TagSet> {
        let Self::Tag(TagSetError::Compressed(text)) = self else { return None };
        text.parse().ok()
    }
}

impl WheelFile {
    pub fn parse(bytes: &[u8]) -> Result<Self, WheelFileError> {
        Ok(Self { fields: Fields::parse(bytes)? })
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    /// `Wheel-Version` as major and minor number.
    pub fn wheel_version(&self) -> Result<(u32, u32), WheelFileError> {
        let text = self.fields.get("Wheel-Version").ok_or(WheelFileError::Missing("Wheel-Version"))?;
        // uv and `installer` compare the text of the first number.
        let version = two_numbers(text).filter(|(major, _)| text.starts_with(&format!("{major}.")));
        version.ok_or_else(|| WheelFileError::Value { field: "Wheel-Version", value: text.to_owned() })
    }

    /// `Root-Is-Purelib`.
    pub fn root(&self) -> Result<Root, WheelFileError> {
        let text = self.fields.get(ROOT).ok_or(WheelFileError::Missing(ROOT))?;
        match text.to_ascii_lowercase().as_str() {
            "true" => Ok(Root::Purelib),
            "false" => Ok(Root::Platlib),
            _ => Err(WheelFileError::Value { field: ROOT, value: text.to_owned() }),
        }
    }

    pub fn build(&self) -> Option<&str> {
        self.fields.get("Build")
    }

    /// Every `Tag` line, each judged on its own.
    pub fn tags(&self) -> impl Iterator<Item = Result<Tag, WheelFileError>> {
        self.fields.all("Tag").map(|text| Ok(text.parse()?))
    }

    /// The same file with one `Tag` line for every tag of the set, sorted, where its first was.
    pub(crate) fn with_tags(&self, tags: &TagSet) -> Self {
        let mut lines: Vec<_> = tags.expand().iter().map(|tag| ("Tag".to_owned(), tag.to_string())).collect();
        let mut file = self.rewritten(|key, value| match key.eq_ignore_ascii_case("Tag") {
            true => std::mem::take(&mut lines),
            false => vec![(key.to_owned(), value.to_owned())],
        });
        lines.iter().for_each(|(key, value)| file.fields.push_read(key, value));
        file
    }

    /// The same file with another `Root-Is-Purelib`.
    pub(crate) fn with_root(&self, root: Root) -> Self {
        self.rewritten(|key, value| {
            let value = if key.eq_ignore_ascii_case(ROOT) { root.as_str() } else { value };
            vec![(key.into(), value.into())]
        })
    }

    fn rewritten(&self, mut lines: impl FnMut(&str, &str) -> Vec<(String, String)>) -> Self {
        let mut fields = Fields::new();
        for (key, value) in self.fields.iter().flat_map(|(key, value)| lines(key, value)) {
            fields.push_read(&key, &value);
        }
        if let Some(body) = self.fields.body() {
            fields.set_body(body);
        }
        Self { fields }
    }
}

impl fmt::Display for WheelFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields.fmt(formatter)
    }
}

/// The text of a WHEEL file: one `Tag` line for every tag of the set, sorted.
pub(crate) fn render(root: Root, tags: &TagSet) -> String {
    let (version, root) = (env!("CARGO_PKG_VERSION"), root.as_str());
    let mut text = format!("Wheel-Version: 1.0\nGenerator: relkit {version}\n{ROOT}: {root}\n");
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
    fn other_tags_and_another_root_change_nothing_else() {
        let text = "Wheel-Version: 1.0\r\nGenerator: other (1.2)\r\nRoot-Is-Purelib: true\r\nTag: py2.py3-none-any\r\n\
                    Tag: py3-none-any\r\nBuild: 1\r\n";
        let tags: TagSet = "py2.py3-none-win_amd64".parse().unwrap();
        let file = WheelFile::parse(text.as_bytes()).unwrap().with_tags(&tags).with_root(Root::Platlib);
        assert_eq!(
            file.to_string(),
            "Wheel-Version: 1.0\nGenerator: other (1.2)\nRoot-Is-Purelib: false\nTag: py2-none-win_amd64\n\
             Tag: py3-none-win_amd64\nBuild: 1\n"
        );
        let bare = WheelFile::parse(b"Wheel-Version: 1.0\n").unwrap().with_tags(&TagSet::pure());
        assert_eq!(bare.to_string(), "Wheel-Version: 1.0\nTag: py3-none-any\n");
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
                let tags: TagSet = "py2.py3-none-win_amd64".parse().unwrap();
                let again = WheelFile::parse(file.with_tags(&tags).to_string().as_bytes()).unwrap();
                proptest::prop_assert_eq!(again.tags().collect::<Result<_, _>>(), Ok(tags.expand()));
            }
        }
    }
}
