//! A file of a wheel held against its row of RECORD while it streams past, for everybody who takes files out of wheels.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

use super::info;
use super::record::{Hasher, Record, RecordDigest, RecordError, RecordRow};
use crate::digest::Sha256Digest;
use crate::zip::archive::Member;

/// How a file and its row disagree, as the end of a sentence about the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    #[error("it is not listed")]
    Unlisted,
    #[error("the wheel does not hold it")]
    NotHeld,
    #[error("it is a directory, and RECORD lists files alone")]
    Directory,
    /// Readers differ on which one they believe.
    #[error("two rows state two things of it")]
    Several,
    #[error(transparent)]
    Cell(#[from] RecordError),
    #[error("its row has no digest")]
    NoDigest,
    #[error("`{0}` is no digest to rely on")]
    Weak(String),
    #[error("it has {0} bytes")]
    Size(u64),
    #[error("its {0} digest is another")]
    Digest(String),
}

/// The rows of a wheel's RECORD by their paths.
#[derive(Debug)]
pub(crate) struct Rows {
    dist_info: String,
    rows: HashMap<String, Stated>,
}

/// What RECORD states of one path.
#[derive(Debug)]
enum Stated {
    Once(RecordRow),
    Differently,
}

impl Rows {
    /// The rows of the RECORD of this dist-info directory.
    pub(crate) fn new(record: Record, dist_info: &str) -> Self {
        let mut rows = HashMap::with_capacity(record.rows.len());
        for row in record.rows {
            match rows.entry(row.path.clone()) {
                Entry::Vacant(place) => _ = place.insert(Stated::Once(row)),
                Entry::Occupied(place) if matches!(place.get(), Stated::Once(other) if *other == row) => {}
                Entry::Occupied(mut place) => _ = place.insert(Stated::Differently),
            }
        }
        Self { dist_info: dist_info.to_owned(), rows }
    }

    /// Every path that is listed.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.rows.keys().map(String::as_str)
    }

    /// The row of a path, where it has one.
    fn of(&self, path: &str) -> Result<Option<&RecordRow>, Disagreement> {
        match self.rows.get(path) {
            None => Ok(None),
            Some(Stated::Once(row)) => Ok(Some(row)),
            Some(Stated::Differently) => Err(Disagreement::Several),
        }
    }

    /// Begins to hold a member of the wheel against its row.
    pub(crate) fn verify(&self, member: &Member) -> Result<Verifier, Disagreement> {
        verify(self.of(&member.name)?, member.size, Duty::of(&member.name, &self.dist_info))
    }
}

/// What is wrong with the row of a path that is not the name of a file; `members` are the names of all members. Indexes hold
/// the rows against the members that are no directories.
pub(crate) fn without_file(path: &str, members: &BTreeSet<&str>) -> Disagreement {
    let inside = format!("{path}/");
    let is_above = members.range(inside.as_str()..).next().is_some_and(|next| next.starts_with(&inside));
    if path.ends_with('/') || is_above { Disagreement::Directory } else { Disagreement::NotHeld }
}

/// Whether a member may stand without a digest in RECORD: RECORD itself and its signatures.
pub(crate) fn is_exempt(member: &str, dist_info: &str) -> bool {
    let name = member.strip_prefix(dist_info).and_then(|rest| rest.strip_prefix('/'));
    name.is_some_and(|name| name == info::RECORD || info::is_signature(name))
}

/// Whether RECORD owes a digest for a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    Digest,
    Exempt,
}

impl Duty {
    fn of(member: &str, dist_info: &str) -> Self {
        if is_exempt(member, dist_info) { Self::Exempt } else { Self::Digest }
    }
}

/// Begins to hold a file of this size against its row.
fn verify(row: Option<&RecordRow>, size: u64, duty: Duty) -> Result<Verifier, Disagreement> {
    let expected = match row {
        None if duty == Duty::Exempt => None,
        None => return Err(Disagreement::Unlisted),
        Some(row) => row.parsed_digest()?,
    };
    if expected.is_none() && duty == Duty::Digest {
        return Err(Disagreement::NoDigest);
    }
    let stated = row.map(RecordRow::parsed_size).transpose()?.flatten();
    if stated.is_some_and(|stated| stated != size) {
        return Err(Disagreement::Size(size));
    }
    let second = match &expected {
        Some(RecordDigest { algorithm, .. }) if algorithm != "sha256" => {
            Some(Hasher::named(algorithm).ok_or_else(|| Disagreement::Weak(algorithm.clone()))?)
        }
        _ => None,
    };
    Ok(Verifier { sha256: Sha256::new(), second, expected })
}

/// Hashes a file and knows what its row states.
pub(crate) struct Verifier {
    sha256: Sha256,
    /// Where the row states a digest that is not SHA-256.
    second: Option<Hasher>,
    expected: Option<RecordDigest>,
}

impl Verifier {
    fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(second) = &mut self.second {
            second.update(bytes);
        }
    }

    /// A writer into `out` that holds what is written against the row.
    pub(crate) fn through<W: Write>(&mut self, out: W) -> Verified<'_, W> {
        Verified { verifier: self, out }
    }

    /// The SHA-256 of what passed, where it is what the row states.
    pub(crate) fn finish(self) -> Result<Sha256Digest, Disagreement> {
        let sha256 = Sha256Digest(self.sha256.finalize().into());
        let actual = self.second.map_or_else(|| sha256.0.to_vec(), Hasher::finish);
        match self.expected {
            Some(expected) if expected.value != actual => Err(Disagreement::Digest(expected.algorithm)),
            _ => Ok(sha256),
        }
    }
}

/// Writes through a [`Verifier`].
pub(crate) struct Verified<'verifier, W> {
    verifier: &'verifier mut Verifier,
    out: W,
}

impl<W: Write> Write for Verified<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.verifier.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(row: Option<&RecordRow>, bytes: &[u8], is_exempt: bool) -> Result<Sha256Digest, Disagreement> {
        let duty = if is_exempt { Duty::Exempt } else { Duty::Digest };
        let mut verifier = verify(row, bytes.len() as u64, duty)?;
        verifier.through(io::sink()).write_all(bytes).unwrap();
        verifier.finish()
    }

    #[test]
    fn a_file_is_what_its_row_states() {
        let digest = Sha256Digest::of(b"text");
        let row = RecordRow::new("a", &digest, 4);
        assert_eq!(held(Some(&row), b"text", false), Ok(digest));
        assert_eq!(held(Some(&row), b"texT", false), Err(Disagreement::Digest("sha256".into())));
        assert_eq!(held(Some(&row), b"longer", false), Err(Disagreement::Size(6)));
        let without_size = RecordRow { size: String::new(), ..row.clone() };
        assert_eq!(held(Some(&without_size), b"text", false), Ok(digest));
        let weak = RecordRow { digest: "md5=AAAA".into(), ..row.clone() };
        assert_eq!(held(Some(&weak), b"text", false), Err(Disagreement::Weak("md5".into())));
        let broken = RecordRow { size: "four".into(), ..row };
        assert_eq!(held(Some(&broken), b"text", false), Err(RecordError::Size("four".into()).into()));
    }

    #[test]
    fn only_record_and_its_signatures_go_without_a_digest() {
        let digest = Sha256Digest::of(b"text");
        let bare = RecordRow::unhashed("a");
        assert_eq!(held(Some(&bare), b"text", true), Ok(digest));
        assert_eq!(held(None, b"text", true), Ok(digest));
        assert_eq!(held(Some(&bare), b"text", false), Err(Disagreement::NoDigest));
        assert_eq!(held(None, b"text", false), Err(Disagreement::Unlisted));
    }

    #[test]
    fn a_row_of_a_directory_is_told_from_one_of_nothing() {
        let members = BTreeSet::from(["a/b.py", "a.b", "c/", "d/e/f"]);
        for path in ["a", "a/", "c", "c/", "d", "d/e", "nothing/"] {
            assert_eq!(without_file(path, &members), Disagreement::Directory, "{path}");
        }
        for path in ["a.", "b.py", "d/e/", "d/e/f/g", "e"].into_iter().filter(|path| !path.ends_with('/')) {
            assert_eq!(without_file(path, &members), Disagreement::NotHeld, "{path}");
        }
    }

    #[test]
    fn rows_that_differ_are_believed_by_nobody() {
        let row = RecordRow::new("a", &Sha256Digest::of(b"text"), 4);
        let rows = |rows: Vec<RecordRow>| Rows::new(Record { rows }, "a.dist-info");
        assert_eq!(rows(vec![row.clone(), row.clone()]).of("a"), Ok(Some(&row)));
        let other = RecordRow { size: "5".into(), ..row.clone() };
        let three = rows(vec![row.clone(), other, row]);
        assert_eq!((three.of("a"), three.of("b")), (Err(Disagreement::Several), Ok(None)));
    }
}
