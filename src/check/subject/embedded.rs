//! The version that an executable holds as text. A static look: only running it proves more.

use std::collections::BTreeSet;
use std::io::{self, Write};

use memchr::memmem;

use crate::version::PublicVersion;

/// What an executable says of its own version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    /// Whether it holds the expected version, anywhere.
    pub(crate) expected: bool,
    /// The versions after its own name, as in `NAME-doctor/0.163.0`; not all of them, where the expected one is there.
    pub(crate) others: BTreeSet<String>,
}

/// Looks for versions in a stream of bytes, chunk by chunk.
#[derive(Debug, Clone)]
pub(crate) struct VersionSearch {
    executable: Vec<u8>,
    expected: Vec<u8>,
    mentions: Mentions,
    carried: Vec<u8>,
}

/// The longest text that is looked for; so much of a chunk is looked at again with the next.
const OVERLAP: usize = 128;

impl VersionSearch {
    /// A search in the executable of that name; `expected` is a version as the executable would write it.
    pub(crate) fn new(executable: &str, expected: &str) -> Self {
        Self {
            executable: executable.as_bytes().to_vec(),
            expected: expected.as_bytes().to_vec(),
            mentions: Mentions::default(),
            carried: Vec::new(),
        }
    }

    /// What was found so far.
    pub(crate) fn into_mentions(self) -> Mentions {
        self.mentions
    }

    fn look(&mut self) {
        for start in memmem::find_iter(&self.carried, &self.expected) {
            let before = start.checked_sub(1).map(|at| self.carried[at]);
            let after = self.carried.get(start + self.expected.len()).copied();
            // 0.16.3 is not in 10.16.31.
            let continues = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
            self.mentions.expected |= !continues(before) && !continues(after);
        }
        for start in memmem::find_iter(&self.carried, &self.executable) {
            if let Some(version) = version_after(&self.carried[start + self.executable.len()..]) {
                self.mentions.others.insert(version);
            }
        }
    }
}

impl Write for VersionSearch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.mentions.expected {
            return Ok(bytes.len());
        }
        self.carried.extend_from_slice(bytes);
        self.look();
        let keep = self.carried.len().saturating_sub(OVERLAP);
        self.carried.drain(..keep);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `-doctor/0.163.0-alpha.1…` is 0.163.0-alpha.1.
fn version_after(bytes: &[u8]) -> Option<String> {
    let name = bytes.iter().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'-').count();
    let rest = bytes.get(name..)?.strip_prefix(b"/")?;
    let plain = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'.' || **byte == b'-';
    let text: Vec<u8> = rest.iter().take(40).take_while(plain).copied().collect();
    let text = String::from_utf8(text).ok()?;
    // Whatever text follows in memory can run into the version; the longest version that it begins with is meant.
    (5..=text.len())
        .rev()
        .find_map(|end| text.get(..end)?.parse::<PublicVersion>().ok())
        .map(|version| version.semver())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(bytes: &[u8], chunk: usize) -> (bool, Vec<String>) {
        let mut search = VersionSearch::new("codex", "0.163.0");
        bytes.chunks(chunk).for_each(|part| search.write_all(part).unwrap());
        (search.mentions.expected, search.mentions.others.into_iter().collect())
    }

    #[test]
    fn versions_are_found_across_chunks() {
        let padding = vec![0; 300];
        let right = [&padding[..], b"x codex-doctor/0.163.0version", &padding].concat();
        let other = [&padding[..], b"x codex-doctor/0.154.0-alpha.1version", &padding].concat();
        for chunk in [1, 7, 64, 1000] {
            assert!(searched(&right, chunk).0, "{chunk}");
            let (expected, others) = searched(&other, chunk);
            assert!(!expected && others.contains(&"0.154.0-alpha.1".to_owned()), "{chunk} {others:?}");
        }
        assert_eq!(searched(b"10.163.0 0.163.01", 100), (false, vec![]));
    }
}
