//! Where a project has its description, and of what kind it is.

use super::table::{ReadmeKey, ReadmeTable, TableError, value};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Readme {
    /// Where the text is.
    pub(crate) source: ReadmeSource,
    /// `text/markdown`, `text/x-rst` or `text/plain`.
    pub(crate) content_type: String,
}

/// Where a description is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadmeSource {
    /// In a file, relative to the tree.
    File(String),
    /// In the key itself.
    Text(String),
}

pub(super) fn readme(key: ReadmeKey) -> Result<Readme, TableError> {
    let (source, content_type) = match key {
        ReadmeKey::Path(path) => {
            let lower = path.to_ascii_lowercase();
            let content_type = match lower.rsplit_once('.').map(|(_, suffix)| suffix) {
                Some("md") => "text/markdown",
                Some("rst") => "text/x-rst",
                Some("txt") => "text/plain",
                _ => {
                    return Err(value(
                        "readme",
                        format!("the content type of `{path}` is not known: `.md`, `.rst` or `.txt` is expected"),
                    ));
                }
            };
            return Ok(Readme { source: ReadmeSource::File(path), content_type: content_type.into() });
        }
        ReadmeKey::Table(ReadmeTable { charset: Some(charset), .. }) if !charset.eq_ignore_ascii_case("utf-8") => {
            return Err(value("readme", format!("its character set is `{charset}`, and metadata are UTF-8")));
        }
        ReadmeKey::Table(ReadmeTable { file: Some(path), text: None, content_type, .. }) => {
            (ReadmeSource::File(path), content_type)
        }
        ReadmeKey::Table(ReadmeTable { text: Some(text), file: None, content_type, .. }) => {
            (ReadmeSource::Text(text), content_type)
        }
        ReadmeKey::Table(_) => return Err(value("readme", "either `text` or `file` is expected")),
    };
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if !matches!(kind, "text/markdown" | "text/x-rst" | "text/plain") {
        return Err(value("readme", format!("`{content_type}` is not the content type of a description")));
    }
    Ok(Readme { source, content_type })
}
