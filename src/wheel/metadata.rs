//! METADATA and PKG-INFO files (PyPA "Core metadata specifications", 1.0 to 2.5), untrusted: every field as it stands, and
//! a typed view of each field that has a syntax.

use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifiers};

use super::fields::{Fields, FieldsError};
use super::licences;
use super::name::DistributionName;
use super::requirement::{Requirement, version_specifiers};

/// The fields that may stand once only, in the specification's spelling.
pub(crate) const SINGLE_USE: [&str; 18] = [
    "Metadata-Version",
    "Name",
    "Version",
    "Summary",
    "Description",
    "Description-Content-Type",
    "Keywords",
    "Home-page",
    "Download-URL",
    "Author",
    "Author-email",
    "Maintainer",
    "Maintainer-email",
    "License",
    "License-Expression",
    "Requires-Python",
    "Requires",
    "Provides-SetupTools",
];

/// A METADATA or PKG-INFO file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    fields: Fields,
}

/// A field of a METADATA file that is missing or not what the specification says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    #[error("it is not a metadata file")]
    Fields(#[from] FieldsError),
    #[error("it has no `{0}` field")]
    Missing(&'static str),
    #[error("`{field}: {value}` is not valid: {why}")]
    Value { field: &'static str, value: String, why: String },
}

impl Metadata {
    pub fn parse(bytes: &[u8]) -> Result<Self, MetadataError> {
        Ok(Self { fields: Fields::parse(bytes)? })
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    /// `Metadata-Version` as major and minor number.
    pub fn metadata_version(&self) -> Result<(u32, u32), MetadataError> {
        let text = self.required("Metadata-Version")?;
        // Indexes compare the text.
        let version = two_numbers(text).filter(|(major, minor)| format!("{major}.{minor}") == text);
        version.ok_or_else(|| value("Metadata-Version", text, "two numbers joined by `.` are expected"))
    }

    pub fn name(&self) -> Result<DistributionName, MetadataError> {
        let text = self.required("Name")?;
        text.parse().map_err(|error| value("Name", text, error))
    }

    pub fn version(&self) -> Result<Version, MetadataError> {
        let text = self.required("Version")?;
        Version::from_str(text).map_err(|error| value("Version", text, error))
    }

    /// `Requires-Python`, where it stands.
    pub fn requires_python(&self) -> Result<Option<VersionSpecifiers>, MetadataError> {
        let parse = |text: &str| version_specifiers(text).map_err(|error| value("Requires-Python", text, error));
        self.fields.get("Requires-Python").map(parse).transpose()
    }

    /// Every `Requires-Dist`, each judged on its own.
    pub fn requires_dist(&self) -> impl Iterator<Item = Result<Requirement, MetadataError>> {
        let parse = |text| Requirement::from_str(text).map_err(|error| value("Requires-Dist", text, error));
        self.fields.all("Requires-Dist").map(parse)
    }

    /// `License-Expression` (PEP 639), where it stands.
    pub fn license_expression(&self) -> Result<Option<&str>, MetadataError> {
        let Some(text) = self.fields.get("License-Expression") else { return Ok(None) };
        match licences::canonical(text) {
            Ok(_) => Ok(Some(text)),
            Err(reason) => Err(value("License-Expression", text, reason)),
        }
    }

    /// Every `License-File`: paths below `.dist-info/licenses/`, joined by `/`.
    pub(crate) fn license_files(&self) -> impl Iterator<Item = &str> {
        self.fields.all("License-File")
    }

    /// The description: the body, else the `Description` field of metadata 1.x.
    pub(crate) fn description(&self) -> Option<&str> {
        self.fields.body().filter(|body| !body.is_empty()).or_else(|| self.fields.get("Description"))
    }

    /// The fields of [`SINGLE_USE`] that stand more than once.
    pub fn repeated(&self) -> impl Iterator<Item = &'static str> {
        SINGLE_USE.into_iter().filter(|field| self.fields.all(field).nth(1).is_some())
    }

    fn required(&self, field: &'static str) -> Result<&str, MetadataError> {
        self.fields.get(field).ok_or(MetadataError::Missing(field))
    }
}

fn value(field: &'static str, text: &str, why: impl ToString) -> MetadataError {
    // Parsers point at the place in lines of their own.
    let why = why.to_string().lines().next().unwrap_or_default().trim_end_matches(':').to_owned();
    MetadataError::Value { field, value: text.to_owned(), why }
}

/// `2.4` as (2, 4).
pub(crate) fn two_numbers(text: &str) -> Option<(u32, u32)> {
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let (major, minor) = text.split_once('.')?;
    Some((number(major)?, number(minor)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMO: &str = "Metadata-Version: 2.4\nName: demo-bin\nVersion: 1.0a1\nLicense-Expression: Apache-2.0 OR MIT\n\
                        License-File: LICENSE\nRequires-Python: >=3.10,<4\nRequires-Dist: a==1 ; extra == 'x'\n\
                        Requires-Dist: b[c]>=2\n\n# Demo\n";

    #[test]
    fn the_typed_view() {
        let metadata = Metadata::parse(DEMO.as_bytes()).unwrap();
        assert_eq!(metadata.metadata_version(), Ok((2, 4)));
        assert_eq!(metadata.name().unwrap().as_str(), "demo-bin");
        assert_eq!(metadata.version().unwrap().to_string(), "1.0a1");
        assert_eq!(metadata.license_expression(), Ok(Some("Apache-2.0 OR MIT")));
        assert_eq!(metadata.license_files().collect::<Vec<_>>(), ["LICENSE"]);
        assert_eq!(metadata.requires_python().unwrap().unwrap().to_string(), ">=3.10, <4");
        assert_eq!(
            metadata.requires_dist().map(|found| found.unwrap().name.to_string()).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(metadata.description(), Some("# Demo\n"));
        assert_eq!(metadata.repeated().count(), 0);
    }

    #[test]
    fn every_wrong_value_is_named() {
        for (from, to, field) in [
            ("2.4", "2", "Metadata-Version"),
            ("2.4", "02.4", "Metadata-Version"),
            ("2.4", "2.04", "Metadata-Version"),
            ("demo-bin", "demo bin", "Name"),
            ("1.0a1", "one", "Version"),
            ("Apache-2.0 OR MIT", "Apache License", "License-Expression"),
            (">=3.10,<4", "3.10 or so", "Requires-Python"),
            ("b[c]>=2", "b[c", "Requires-Dist"),
        ] {
            let metadata = Metadata::parse(DEMO.replace(from, to).as_bytes()).unwrap();
            let errors: Vec<_> = [
                metadata.metadata_version().err(),
                metadata.name().err(),
                metadata.version().err(),
                metadata.license_expression().err(),
                metadata.requires_python().err(),
                metadata.requires_dist().find_map(Result::err),
            ]
            .into_iter()
            .flatten()
            .collect();
            assert!(
                matches!(errors.as_slice(), [MetadataError::Value { field: at, .. }] if *at == field),
                "{errors:?}"
            );
        }
    }

    #[test]
    fn missing_and_repeated_fields() {
        let metadata = Metadata::parse(b"Name: a\nname: b\n").unwrap();
        assert_eq!(metadata.version(), Err(MetadataError::Missing("Version")));
        assert_eq!(metadata.repeated().collect::<Vec<_>>(), ["Name"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(
            value in "[a-zA-Z0-9.,<>=~!;()\\[\\]'\"@ +*_-]{0,24}|.{0,12}|\\PC{0,20}",
            bytes: Vec<u8>,
        ) {
            let _ = Metadata::parse(&bytes);
            let mut text = String::new();
            for field in ["Metadata-Version", "Name", "Version", "License-Expression", "Requires-Python", "Requires-Dist"] {
                text += &format!("{field}: {value}\n");
            }
            if let Ok(metadata) = Metadata::parse(text.as_bytes()) {
                let _ = (metadata.metadata_version(), metadata.name(), metadata.version());
                let _ = (metadata.license_expression(), metadata.requires_python(), metadata.requires_dist().count());
            }
        }
    }
}
