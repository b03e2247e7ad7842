//! What a page tells, in whatever form it was written.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::digest::Sha256Digest;
use crate::http;
use crate::publish::hashes::Algorithm;

/// What the names of distributions end in, those that only old releases have included.
const ENDINGS: [&str; 9] = [".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tar.Z", ".tgz", ".tar", ".egg"];

/// What an index says of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::publish) struct Listed {
    pub(in crate::publish) sha256: Option<Sha256Digest>,
    /// Another one, where the page lists the file twice.
    pub(in crate::publish) disputed: Option<Sha256Digest>,
    /// The other digests that the index tells, by the names of those algorithms that installers know.
    pub(in crate::publish) others: Vec<(Algorithm, String)>,
    /// Where its bytes are.
    pub(in crate::publish) url: Option<Url>,
    /// When it was uploaded, as the index writes it.
    pub(in crate::publish) upload_time: Option<String>,
    /// Why it is yanked, if it is; the reason may be empty.
    pub(in crate::publish) yanked: Option<String>,
    /// How long it is, in bytes (PEP 700).
    pub(in crate::publish) size: Option<u64>,
    /// Where its attestations are (PEP 740).
    pub(in crate::publish) provenance: Option<Url>,
}

/// What a project is, beside its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::publish) struct Status {
    /// `active`, `archived`, `quarantined`, `deprecated`, or what a later specification adds; in lower case.
    pub(in crate::publish) word: String,
    pub(in crate::publish) reason: String,
}

/// How certain it is that a page is one of the simple API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::publish) enum PageKind {
    #[default]
    Simple,
    /// It lists nothing, and nothing on it says what it is.
    Doubtful,
    /// It has text, links or fields for people, and lists nothing.
    ForPeople,
}

/// The page of a project.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::publish) struct Page {
    /// By name; those that were asked for, and one of each place that others are at.
    pub(in crate::publish) files: BTreeMap<String, Listed>,
    /// How long the others are together, as far as the page tells, in bytes.
    pub(in crate::publish) beside: u64,
    pub(in crate::publish) status: Option<Status>,
    pub(in crate::publish) kind: PageKind,
    /// Whether a link on it leads to a page right below it, as one of a project does.
    pub(super) lists_projects: bool,
    /// Whether it holds something to fill in, or to run.
    pub(super) has_fields: bool,
    /// Whether this index has a page for the project.
    pub(in crate::publish) found: bool,
    /// The pages of other indexes that it says it follows (PEP 708), as they may be printed.
    pub(in crate::publish) tracks: Vec<String>,
    /// The other index that it is from, or that some of its files are from: none of those is in `files`.
    pub(in crate::publish) elsewhere: Option<String>,
}

impl Page {
    /// The page of a project that is not of this index, but of the one at `there`.
    pub(in crate::publish) fn elsewhere(there: String) -> Self {
        Self { elsewhere: Some(there), ..Self::default() }
    }

    /// Keeps that the page follows another index's (PEP 708).
    pub(super) fn track(&mut self, link: &str) {
        if let Ok(url) = Url::parse(link.trim()) {
            self.tracks.push(http::shown(&url));
        }
    }

    /// Keeps a file; `page` is where the page is.
    pub(super) fn add(&mut self, name: String, listed: Listed, page: &Url) {
        // Where one name stands twice, a file of this index goes before one that it inherits.
        let of = |listed: &Listed| listed.url.as_ref().map(|url| common(url.path(), page.path()));
        match self.files.get_mut(&name) {
            Some(known) if of(known) == of(&listed) => {
                // Which of the two an installer takes, nobody can tell.
                let is_other = |digest: &Sha256Digest| known.sha256.is_some_and(|known| known != *digest);
                known.disputed = known.disputed.or(listed.sha256.filter(is_other));
                known.sha256 = known.sha256.or(listed.sha256);
            }
            Some(known) if of(known) > of(&listed) => {}
            _ => _ = self.files.insert(name, listed),
        }
    }
}

/// Which files of a page are kept: one of many megabytes lists hundreds of thousands.
pub(super) struct Kept<'a> {
    is_wanted: &'a dyn Fn(&str) -> bool,
    places: BTreeSet<String>,
}

impl<'a> Kept<'a> {
    /// How many places are told apart.
    const MAX_PLACES: usize = 1000;

    pub(super) fn new(is_wanted: &'a dyn Fn(&str) -> bool) -> Self {
        Self { is_wanted, places: BTreeSet::new() }
    }

    /// Whether a file is wanted, or the first at the place of its link: that tells whose files are listed.
    pub(super) fn keeps(&mut self, name: &str, link: &str) -> bool {
        (self.is_wanted)(name)
            || (self.places.len() < Self::MAX_PLACES
                && !self.places.contains(place(link))
                && self.places.insert(place(link).to_owned()))
    }
}

/// What of a link tells whose file is behind it: its server, or the index of a devpi server.
fn place(link: &str) -> &str {
    if let Some(at) = ["/+f/", "/+e/"].iter().find_map(|mark| link.find(mark)) {
        return &link[..at];
    }
    let Some(host) = link.find("//").filter(|at| *at == 0 || link[..*at].ends_with(':')) else { return "" };
    let end = link[host + 2..].find(['/', '?', '#']);
    end.map_or(link, |end| &link[..host + 2 + end])
}

/// How much of two paths is the same.
fn common(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count()
}

/// The file name of a distribution without its ending; none of any other name.
pub(in crate::publish) fn stem(name: &str) -> Option<&str> {
    let lower = name.to_ascii_lowercase();
    let ending = ENDINGS.iter().find(|ending| lower.ends_with(&ending.to_ascii_lowercase()))?;
    name.get(..name.len() - ending.len())
}

/// The digests of known algorithms, in lower case; one that is no hexadecimal number tells nothing.
pub(super) fn other_digests<'a>(hashes: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(Algorithm, String)> {
    let known = hashes.filter_map(|(name, hash)| Some((Algorithm::named(name)?, hash.trim().to_ascii_lowercase())));
    known.filter(|(algorithm, hash)| algorithm.is_digest(hash)).collect()
}
