//! Lists of checksums as upstreams publish them: GNU coreutils' lines, BSD's and OpenSSL's tagged ones, the three lines of
//! Windows' certutil, PowerShell's table, a digest alone. Which algorithm it is, a label says, else the length.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::expected::Expected;
use crate::console::text::named;
use crate::digest::{Sha256Digest, Sha512Digest};

/// The longest list that is read, in bytes and in lines.
pub(super) const MAX_BYTES: usize = 4 << 20;
const MAX_LINES: usize = 100_000;

/// Fewer hexadecimal digits than those of MD5 are no digest.
const MIN_DIGITS: usize = 32;

/// A list that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksums {
    rows: Vec<ChecksumRow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct ChecksumRow {
    /// None of a digest that stands alone.
    name: Option<String>,
    digest: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Digest {
    Sha256(Sha256Digest),
    Sha512(Sha512Digest),
    /// One that nothing is held against, by what it is called.
    Unfit(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is longer than {MAX_BYTES} bytes or {MAX_LINES} lines, which no list of checksums is")]
pub struct TooLong;

/// Why a list has no digest for an artefact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unlisted {
    #[error("it holds no digest at all")]
    Empty,
    #[error("it does not name `{name}`, but {others}")]
    Missing { name: String, others: String },
    #[error("it has two different digests for `{name}`")]
    Twice { name: String },
    #[error("for `{name}` it has {kinds}, and SHA-256 or SHA-512 is needed")]
    Unfit { name: String, kinds: String },
}

impl Checksums {
    /// Reads a list. A line in no known form is passed over, as the tools that write these lists do it.
    pub fn parse(bytes: &[u8]) -> Result<Self, TooLong> {
        if bytes.len() > MAX_BYTES {
            return Err(TooLong);
        }
        let text = decoded(bytes);
        let mut rows = Vec::new();
        // The first line of certutil names the file of the second.
        let mut announced: Option<(&str, Option<&str>)> = None;
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            if number >= MAX_LINES {
                return Err(TooLong);
            }
            let line = line.trim();
            if line.starts_with("-----BEGIN PGP SIGNATURE") {
                break;
            }
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let (Some((label, name)), Some(digits)) = (announced.take(), alone(line)) {
                rows.push(ChecksumRow::new(name.map(Cow::Borrowed), Some(label), &digits));
            } else if let Some(row) = tagged(line).or_else(|| plain(line)).or_else(|| row_of_table(line)) {
                rows.push(row);
            } else {
                announced = announcement(line);
            }
        }
        Ok(Self { rows })
    }

    /// The digests that are listed for an artefact, by its file name; where several entries have that name, by what more of
    /// its path they share.
    pub fn of(&self, path: &str) -> Result<Expected, Unlisted> {
        let name = parts(path).next().unwrap_or_default();
        let shared = |row: &ChecksumRow| {
            row.name.as_deref().map_or(0, |own| parts(own).zip(parts(path)).take_while(|(one, two)| one == two).count())
        };
        let is_named = self.rows.iter().any(|row| row.name.is_some());
        let rows: Vec<&ChecksumRow> = self.rows.iter().filter(|row| !is_named || shared(row) > 0).collect();
        let (mut short, mut long, mut unfit) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let fit = |row: &&&ChecksumRow| !matches!(row.digest, Digest::Unfit(_));
        let nearest = rows.iter().filter(fit).map(|row| shared(row)).max();
        for row in rows {
            match &row.digest {
                Digest::Unfit(kind) => drop(unfit.insert(kind.as_str())),
                _ if Some(shared(row)) != nearest => {}
                Digest::Sha256(digest) => drop(short.insert(*digest)),
                Digest::Sha512(digest) => drop(long.insert(*digest)),
            }
        }
        let name = name.to_owned();
        match (short.len(), long.len()) {
            (0, 0) if !unfit.is_empty() => {
                Err(Unlisted::Unfit { name, kinds: unfit.into_iter().collect::<Vec<_>>().join(" and ") })
            }
            (0, 0) if self.rows.is_empty() => Err(Unlisted::Empty),
            (0, 0) => Err(Unlisted::Missing { name, others: self.names() }),
            (0 | 1, 0 | 1) => Ok(Expected { sha256: short.pop_first(), sha512: long.pop_first() }),
            _ => Err(Unlisted::Twice { name }),
        }
    }

    /// What the list names, in a few words.
    fn names(&self) -> String {
        named(self.rows.iter().filter_map(|row| row.name.as_deref()).collect::<BTreeSet<_>>())
    }
}

impl ChecksumRow {
    fn new(name: Option<Cow<'_, str>>, label: Option<&str>, digits: &str) -> Self {
        // What tools write where they read a pipe.
        let name = name.filter(|name| !name.is_empty() && name != "-" && name != "stdin");
        Self { name: name.map(Cow::into_owned), digest: Digest::of(label, digits) }
    }
}

impl Digest {
    fn of(label: Option<&str>, digits: &str) -> Self {
        let kind = match (label, digits.len()) {
            (Some(label), _) => kind(label),
            (None, 32) => "MD5".to_owned(),
            (None, 40) => "SHA-1".to_owned(),
            (None, 56) => "SHA-224".to_owned(),
            (None, 64) => "SHA-256".to_owned(),
            (None, 96) => "SHA-384".to_owned(),
            (None, 128) => "SHA-512".to_owned(),
            (None, count) => format!("a digest of {count} digits"),
        };
        let read = match kind.as_str() {
            "SHA-256" => digits.parse().ok().map(Self::Sha256),
            "SHA-512" => Sha512Digest::from_hexadecimal(digits).map(Self::Sha512),
            _ => return Self::Unfit(kind),
        };
        read.unwrap_or_else(|| Self::Unfit(format!("a {kind} of {} digits", digits.len())))
    }
}

/// An algorithm under one of its names: `sha256`, `SHA-256` and OpenSSL's `SHA2-256` are one.
fn kind(label: &str) -> String {
    let label = label.to_ascii_uppercase();
    match label.replace(['-', '_'], "").as_str() {
        "SHA256" | "SHA2256" => "SHA-256".to_owned(),
        "SHA512" | "SHA2512" => "SHA-512".to_owned(),
        "SHA1" => "SHA-1".to_owned(),
        _ => label,
    }
}

/// The text of a list: UTF-8, or the UTF-16 into which PowerShell redirects.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        Cow::Owned(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes),
    }
}

/// The parts of a path, the last one first; lists of Windows part them by backslashes.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.rsplit(['/', '\\']).filter(|part| !part.is_empty() && *part != ".")
}

fn is_hexadecimal(text: &str) -> bool {
    text.len() >= MIN_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What reads a name as it stands in a line.
type NameReader = fn(&str) -> Cow<'_, str>;

/// A name as it was before GNU escaped it.
fn unescaped(name: &str) -> Cow<'_, str> {
    if !name.contains('\\') {
        return Cow::Borrowed(name);
    }
    let (mut text, mut characters) = (String::with_capacity(name.len()), name.chars());
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                other => other.unwrap_or('\\'),
            },
            other => other,
        });
    }
    Cow::Owned(text)
}

/// How the name in a line is read, which a backslash at its start tells, and the line without that.
fn escape(line: &str) -> (NameReader, &str) {
    line.strip_prefix('\\').map_or((|name| Cow::Borrowed(name), line), |rest| (unescaped, rest))
}

/// `SHA256 (name) = HEX`, `SHA2-256(name)= HEX`.
fn tagged(line: &str) -> Option<ChecksumRow> {
    let (read, line) = escape(line);
    let (left, digits) = line.rsplit_once('=')?;
    let (label, name) = left.trim_end().strip_suffix(')')?.split_once('(')?;
    let (label, digits) = (label.trim_end(), digits.trim());
    let is_word = label.chars().all(|character| character.is_ascii_alphanumeric() || "-_/".contains(character));
    let row = || ChecksumRow::new(Some(read(name)), Some(label).filter(|label| !label.is_empty()), digits);
    (is_word && is_hexadecimal(digits)).then(row)
}

/// `HEX  name`, `HEX *name`, `HEX`, each also behind `sha256:`.
fn plain(line: &str) -> Option<ChecksumRow> {
    let (read, line) = escape(line);
    let (label, line) = match line.split_once(':') {
        Some((label, rest)) if is_label(label) => (Some(label), rest.trim_start()),
        _ => (None, line),
    };
    if let Some(digits) = alone(line) {
        return Some(ChecksumRow::new(None, label, &digits));
    }
    let (digits, rest) = line.split_once([' ', '\t'])?;
    let rest = rest.trim_start();
    let name = rest.strip_prefix('*').unwrap_or(rest);
    is_hexadecimal(digits).then(|| ChecksumRow::new(Some(read(name)), label, digits))
}

/// A line that is one digest, which older certutils part into bytes.
fn alone(line: &str) -> Option<Cow<'_, str>> {
    if is_hexadecimal(line) {
        return Some(Cow::Borrowed(line));
    }
    let bytes: Option<String> = line.split(' ').map(|byte| Some(byte).filter(|byte| byte.len() == 2)).collect();
    bytes.filter(|digits| is_hexadecimal(digits)).map(Cow::Owned)
}

/// `SHA256  HEX  path`, a row of what PowerShell's Get-FileHash shows.
fn row_of_table(line: &str) -> Option<ChecksumRow> {
    let (label, rest) = line.split_once(char::is_whitespace)?;
    let (digits, name) = rest.trim_start().split_once(char::is_whitespace)?;
    (is_label(label) && is_hexadecimal(digits))
        .then(|| ChecksumRow::new(Some(name.trim_start().into()), Some(label), digits))
}

/// `SHA256 hash of file name:`, the first line of certutil, which other languages than English end in the name too.
fn announcement(line: &str) -> Option<(&str, Option<&str>)> {
    let line = line.strip_suffix(':')?;
    let end = line.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(line.len());
    let (label, rest) = line.split_at(end);
    let name = match rest.split_once(" hash of ") {
        Some((_, name)) => Some(name.strip_prefix("file ").unwrap_or(name)),
        None => rest.split_whitespace().next_back().filter(|word| word.contains(['.', '-', '_'])),
    };
    is_label(label).then_some((label, name))
}

/// Whether a word names an algorithm, so that what stands beside it can be a digest.
fn is_label(word: &str) -> bool {
    let known = |start: &str| word.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_/".contains(character);
    ["sha", "md5", "blake"].into_iter().any(known) && word.chars().all(plain)
}

#[cfg(test)]
mod tests;
