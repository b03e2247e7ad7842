//! RECORD files (PyPA "Recording installed projects"): CSV rows of path, digest and size, untrusted and
//! written back.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::digest::DynDigest;
use sha2::{Sha256, Sha384, Sha512};

use crate::digest::Sha256Digest;

/// A RECORD file: its rows in order. Displays as a file; parsing what is displayed gives the same value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    pub rows: Vec<RecordRow>,
}

/// One row, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordRow {
    /// The path of the member, joined by `/`.
    pub(crate) path: String,
    /// `sha256=...`, or empty.
    pub(crate) digest: String,
    pub(crate) size: String,
}

/// A digest of a row: the algorithm by name and the raw digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordDigest {
    /// The algorithm, as Python's `hashlib` names it: `sha256`, `sha384`, `sha512`, ...
    pub(crate) algorithm: String,
    pub(crate) value: Vec<u8>,
}

/// A running digest of RECORD's algorithms.
pub(crate) struct Hasher(Box<dyn DynDigest + Send>);

impl Hasher {
    /// The algorithm of that name (as `hashlib` spells it), where it is at least as strong as SHA-256.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(Self(match name {
            "sha256" => Box::new(Sha256::default()),
            "sha384" => Box::new(Sha384::default()),
            "sha512" => Box::new(Sha512::default()),
            _ => return None,
        }))
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0.finalize().into_vec()
    }
}

/// A file that is no RECORD, or a cell of a row that is not what its column says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("it is not UTF-8 at byte {0}")]
    Encoding(usize),
    #[error("it begins with a byte order mark")]
    ByteOrderMark,
    #[error("row {row} has {columns} columns, not 3")]
    Columns { row: usize, columns: usize },
    #[error("row {row} is not CSV: {why}")]
    Csv { row: usize, why: String },
    #[error("`{0}` is not a digest: an algorithm, `=` and urlsafe base64 without padding are expected")]
    Digest(String),
    #[error("`{0}` is not a size in bytes")]
    Size(String),
}

impl Record {
    /// Reads a file's bytes. Blank lines are passed over, as Python's `csv` does; both line ends are taken.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let text = std::str::from_utf8(bytes).map_err(|error| RecordError::Encoding(error.valid_up_to()))?;
        text.parse()
    }

    /// The first blank line of a file's bytes, counted from 1: what is read as a row without columns by Python's `csv`.
    /// Line breaks inside quotes are part of a cell.
    pub(crate) fn blank_line(bytes: &[u8]) -> Option<usize> {
        let mut quoted = false;
        let mut start = true;
        let mut line = 1;
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'"' => (quoted, start) = (!quoted, false),
                b'\n' if at > 0 && bytes[at - 1] == b'\r' => {}
                b'\n' | b'\r' if !quoted && start => return Some(line),
                b'\n' | b'\r' => (start, line) = (!quoted, line + 1),
                _ => start = false,
            }
        }
        None
    }

    /// The rows of a path.
    pub(crate) fn of<'a>(&'a self, path: &str) -> impl Iterator<Item = &'a RecordRow> {
        self.rows.iter().filter(move |row| row.path == path)
    }
}

impl RecordRow {
    /// The row of a file with this digest and size.
    pub(crate) fn new(path: impl Into<String>, digest: &Sha256Digest, size: u64) -> Self {
        Self { path: path.into(), digest: digest.record_form(), size: size.to_string() }
    }

    /// The row of RECORD itself: its digest cannot be known to it.
    pub(crate) fn unhashed(path: impl Into<String>) -> Self {
        Self { path: path.into(), digest: String::new(), size: String::new() }
    }

    /// The digest; `None` where the cell is empty.
    pub fn parsed_digest(&self) -> Result<Option<RecordDigest>, RecordError> {
        if self.digest.is_empty() {
            return Ok(None);
        }
        let refused = || RecordError::Digest(self.digest.clone());
        let (algorithm, value) = self.digest.split_once('=').ok_or_else(refused)?;
        let value = URL_SAFE_NO_PAD.decode(value).map_err(|_| refused())?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if algorithm.is_empty() || value.is_empty() || !algorithm.bytes().all(plain) {
            return Err(refused());
        }
        Ok(Some(RecordDigest { algorithm: algorithm.to_owned(), value }))
    }

    /// The size in bytes; `None` where the cell is empty.
    pub fn parsed_size(&self) -> Result<Option<u64>, RecordError> {
        if self.size.is_empty() {
            return Ok(None);
        }
        let digits = self.size.bytes().all(|byte| byte.is_ascii_digit());
        let size = digits.then(|| self.size.parse().ok()).flatten();
        size.map(Some).ok_or_else(|| RecordError::Size(self.size.clone()))
    }
}

impl fmt::Display for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            writeln!(formatter, "{},{},{}", cell(&row.path), cell(&row.digest), cell(&row.size))?;
        }
        Ok(())
    }
}

/// A cell in quotes where RFC 4180 asks for them. An empty path is quoted too: a row must not look like a blank line.
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) || text.starts_with([' ', '\u{feff}']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

impl FromStr for Record {
    type Err = RecordError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('\u{feff}') {
            return Err(RecordError::ByteOrderMark);
        }
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut rows = Vec::new();
        for (index, found) in reader.records().enumerate() {
            let row = index + 1;
            let found = found.map_err(|error| RecordError::Csv { row, why: error.to_string() })?;
            let (Some(path), Some(digest), Some(size), 3) = (found.get(0), found.get(1), found.get(2), found.len())
            else {
                return Err(RecordError::Columns { row, columns: found.len() });
            };
            rows.push(RecordRow { path: path.to_owned(), digest: digest.to_owned(), size: size.to_owned() });
        }
        Ok(Self { rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        let digest = Sha256Digest::of(b"text");
        let rows =
            vec![RecordRow::new("demo/a, \"b\".py", &digest, 4), RecordRow::unhashed("demo-1.0.dist-info/RECORD")];
        let record = Record { rows };
        let text = record.to_string();
        assert!(text.ends_with("demo-1.0.dist-info/RECORD,,\n"));
        let read = Record::parse(text.as_bytes()).unwrap();
        assert_eq!(read, record);
        assert_eq!(read.rows[0].parsed_size(), Ok(Some(4)));
        let parsed = read.rows[0].parsed_digest().unwrap().unwrap();
        assert_eq!((parsed.algorithm.as_str(), parsed.value.as_slice()), ("sha256", digest.0.as_slice()));
        assert_eq!(read.rows[1].parsed_digest(), Ok(None));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        assert_eq!(Record::parse(b"a,b,c\xff"), Err(RecordError::Encoding(5)));
        assert_eq!(Record::parse("\u{feff}a,,".as_bytes()), Err(RecordError::ByteOrderMark));
        assert_eq!(Record::parse(b"a,,\nb,\n"), Err(RecordError::Columns { row: 2, columns: 2 }));
        assert_eq!(Record::parse(b"a,,,\n"), Err(RecordError::Columns { row: 1, columns: 4 }));
    }

    #[test]
    fn blank_lines_are_found() {
        for (text, line) in [
            ("", None),
            ("a,,\nb,,\n", None),
            ("a,,\r\nb,,\r\n", None),
            ("\"a\n\nb\",,\nc,,", None),
            ("\n", Some(1)),
            ("a,,\nb,,\n\n", Some(3)),
            ("a,,\n\nb,,\n", Some(2)),
            ("a,,\r\n\r\nb,,\r\n", Some(2)),
        ] {
            assert_eq!(Record::blank_line(text.as_bytes()), line, "{text:?}");
        }
    }

    #[test]
    fn wrong_cells_are_refused() {
        let row = |digest: &str, size: &str| RecordRow { path: "a".into(), digest: digest.into(), size: size.into() };
        for digest in ["sha256", "sha256=", "=abcd", "sha256=a=", "sha256=+/+/", "md 5=abcd"] {
            assert!(row(digest, "").parsed_digest().is_err(), "{digest}");
        }
        for size in ["-1", "+1", "1.5", " 1", "99999999999999999999"] {
            assert!(row("", size).parsed_size().is_err(), "{size}");
        }
    }

    proptest! {
        #[test]
        fn display_and_parse_are_inverse(cells in proptest::collection::vec((".{0,9}|[,\"\n\r ]{1,4}", "[a-z=,]{0,4}", "[0-9]{0,3}"), 0..6)) {
            let rows = cells.into_iter().map(|(path, digest, size)| RecordRow { path, digest, size }).collect();
            let record = Record { rows };
            prop_assert_eq!(record.to_string().parse(), Ok(record));
        }

        #[test]
        fn never_panics(bytes: Vec<u8>, text in "[a,\"\n\r=1]{0,30}") {
            let _ = (Record::parse(&bytes), Record::blank_line(&bytes));
            if let Ok(record) = text.parse::<Record>() {
                for row in &record.rows {
                    let _ = (row.parsed_digest(), row.parsed_size());
                }
            }
        }
    }
}
