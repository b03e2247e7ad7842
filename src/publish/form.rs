//! The form of the upload API: every field of METADATA under the name that the API gives it, and the multipart frame
//! (RFC 7578) around it.

use crate::wheel::metadata::Metadata;

/// The headers of METADATA in the order of the form: those of a single use first, then those that repeat.
const HEADERS: &str = "Metadata-Version Name Version Summary Description-Content-Type Keywords Home-page Download-URL \
    Author Author-email Maintainer Maintainer-email License License-Expression Requires-Python Classifier Platform \
    Supported-Platform License-File Dynamic Provides-Extra Requires-Dist Provides-Dist Obsoletes-Dist \
    Requires-External Project-URL Import-Name Import-Namespace Requires Provides Obsoletes Description Default-Extra \
    Extension";

/// The field of a header: its name in lower case with `_` for `-`, but for the plurals that the API is known for.
fn field(header: &str) -> String {
    match header {
        "Classifier" => "classifiers".to_owned(),
        "Project-URL" => "project_urls".to_owned(),
        _ => header.to_ascii_lowercase().replace('-', "_"),
    }
}

/// METADATA as the form sends it.
pub(super) fn metadata_fields(metadata: &Metadata) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for header in HEADERS.split_ascii_whitespace() {
        let values: Vec<&str> = match header {
            "Description" => metadata.description().into_iter().collect(),
            _ => metadata.fields().all(header).collect(),
        };
        fields.extend(values.iter().map(|value| (field(header), (*value).to_owned())));
        // One kind of server asks for this field even where it says nothing.
        if header == "Requires-Python" && values.is_empty() {
            fields.push((field(header), String::new()));
        }
    }
    fields
}

/// A multipart form around one file: everything before the file's bytes, and everything after.
pub(super) struct Frame {
    pub(super) content_type: String,
    pub(super) head: Vec<u8>,
    pub(super) tail: Vec<u8>,
}

impl Frame {
    /// Frames `file_name` with the fields given. The boundary is made from `seed`, which must not occur in any value: a
    /// digest of the content serves.
    pub(super) fn new(fields: &[(String, String)], file_name: &str, seed: &str) -> Self {
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
        let frame = Frame::new(&[(":action".into(), "file_upload".into())], "a\".whl", "00");
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
