//! The form of the upload API: every field of METADATA under the name that the API gives it, by one table, and the
//! multipart frame (RFC 7578) around it.

use crate::wheel::metadata::Metadata;

/// Header of METADATA, field of the form. Single-use headers first, then those that repeat; the order of the form.
/// Every name is the header in lower case with `_` for `-`, but for the plurals that the API is known for.
pub const FIELDS: [(&str, &str); 34] = [
    ("Metadata-Version", "metadata_version"),
    ("Name", "name"),
    ("Version", "version"),
    ("Summary", "summary"),
    ("Description-Content-Type", "description_content_type"),
    ("Keywords", "keywords"),
    ("Home-page", "home_page"),
    ("Download-URL", "download_url"),
    ("Author", "author"),
    ("Author-email", "author_email"),
    ("Maintainer", "maintainer"),
    ("Maintainer-email", "maintainer_email"),
    ("License", "license"),
    ("License-Expression", "license_expression"),
    ("Requires-Python", "requires_python"),
    ("Classifier", "classifiers"),
    ("Platform", "platform"),
    ("Supported-Platform", "supported_platform"),
    ("License-File", "license_file"),
    ("Dynamic", "dynamic"),
    ("Provides-Extra", "provides_extra"),
    ("Requires-Dist", "requires_dist"),
    ("Provides-Dist", "provides_dist"),
    ("Obsoletes-Dist", "obsoletes_dist"),
    ("Requires-External", "requires_external"),
    ("Project-URL", "project_urls"),
    ("Import-Name", "import_name"),
    ("Import-Namespace", "import_namespace"),
    ("Requires", "requires"),
    ("Provides", "provides"),
    ("Obsoletes", "obsoletes"),
    ("Description", "description"),
    ("Default-Extra", "default_extra"),
    ("Extension", "extension"),
];

/// The fields of METADATA as the form sends them, in the order of [`FIELDS`].
#[must_use]
pub fn metadata_fields(metadata: &Metadata) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    for (header, field) in FIELDS {
        if header == "Description" {
            fields.extend(metadata.description().map(|text| (field, text.to_owned())));
        } else {
            let before = fields.len();
            fields.extend(metadata.fields().all(header).map(|value| (field, value.to_owned())));
            // One kind of server asks for this field even where it says nothing.
            if field == "requires_python" && fields.len() == before {
                fields.push((field, String::new()));
            }
        }
    }
    fields
}

/// A multipart form around one file: everything before the file's bytes, and everything after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The value of the Content-Type header.
    pub content_type: String,
    /// The bytes before the file.
    pub head: Vec<u8>,
    /// The bytes after the file.
    pub tail: Vec<u8>,
}

impl Frame {
    /// Frames `file_name` with the fields given. The boundary is made from `seed`, which must not occur in any value: a
    /// digest of the content serves.
    #[must_use]
    pub fn new(fields: &[(&str, String)], file_name: &str, seed: &str) -> Self {
        let boundary = format!("relkit-{seed}");
        let mut head = Vec::new();
        for (name, value) in fields {
            head.extend_from_slice(
                format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").as_bytes(),
            );
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        let quoted = file_name.replace('"', "%22").replace(['\r', '\n'], "");
        head.extend_from_slice(
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"content\"; filename=\"{quoted}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            )
            .as_bytes(),
        );
        let tail = format!("\r\n--{boundary}--\r\n").into_bytes();
        Self { content_type: format!("multipart/form-data; boundary={boundary}"), head, tail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_regular_but_for_two_plurals() {
        for (header, field) in FIELDS {
            let regular = header.to_ascii_lowercase().replace('-', "_");
            let expected = match header {
                "Classifier" => "classifiers".to_owned(),
                "Project-URL" => "project_urls".to_owned(),
                _ => regular,
            };
            assert_eq!(field, expected);
        }
    }

    #[test]
    fn every_header_reaches_the_form() {
        let text = "Metadata-Version: 2.4\nName: a\nVersion: 1\nClassifier: X\nClassifier: Y\nProject-URL: Home, https://x\n\
                    License-Expression: MIT\nLicense-File: LICENSE\nRequires-Dist: b==1\n\nThe text.\n";
        let fields = metadata_fields(&Metadata::parse(text.as_bytes()).unwrap());
        let shown: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", value.trim())).collect();
        assert_eq!(
            shown,
            [
                "metadata_version=2.4",
                "name=a",
                "version=1",
                "license_expression=MIT",
                "requires_python=",
                "classifiers=X",
                "classifiers=Y",
                "license_file=LICENSE",
                "requires_dist=b==1",
                "project_urls=Home, https://x",
                "description=The text."
            ]
        );
    }

    #[test]
    fn the_frame_holds_the_file_last() {
        let frame = Frame::new(&[(":action", "file_upload".into())], "a\".whl", "00");
        let head = String::from_utf8(frame.head).unwrap();
        assert_eq!(
            head,
            "--relkit-00\r\nContent-Disposition: form-data; name=\":action\"\r\n\r\nfile_upload\r\n--relkit-00\r\n\
             Content-Disposition: form-data; name=\"content\"; filename=\"a%22.whl\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        assert_eq!(frame.tail, b"\r\n--relkit-00--\r\n");
    }
}
