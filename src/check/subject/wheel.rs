//! A wheel as the rules see it: everything parsed as far as it can be, every failure to parse kept as a value.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::embedded::{Mentions, VersionSearch};
use super::scan::{self, MemberOptions, Scanned, inventory, scan};
use crate::binary::{Entry, Facts, Inventory, Objection};
use crate::check::error::CheckError;
use crate::digest::{FileDigest, Sha256Digest};
use crate::member_path::parent;
use crate::payload::{Standing, WheelProgram, package_of};
use crate::product::RuntimeProject;
use crate::scheme::{self, Scheme};
use crate::target::PlatformTag;
use crate::threads;
use crate::version::PublicVersion;
use crate::wheel::entry_points::{EntryPoints, EntryPointsError};
use crate::wheel::filename::{FileNameError, WheelFileName};
use crate::wheel::info;
use crate::wheel::loading_code::MAX_SOURCE;
use crate::wheel::metadata::{Metadata, MetadataError};
use crate::wheel::reader::MAX_TEXT;
use crate::wheel::record::{Record, RecordError};
use crate::wheel::sbom::is_sbom_name;
use crate::wheel::wheel_file::{WheelFile, WheelFileError};
use crate::zip::archive::{Archive, Member};

/// A wheel and all that was read of it.
#[derive(Debug)]
pub(crate) struct WheelSubject {
    pub(crate) path: PathBuf,
    pub(crate) file_name: String,
    /// `None` where it was not asked for.
    pub(crate) sha256: Option<Sha256Digest>,
    pub(crate) name: Result<WheelFileName, FileNameError>,
    /// NAME-VERSION of the file name, which the wheel's own directories are called by.
    stem: Option<String>,
    pub(crate) archive: Archive,
    /// One entry per member of the archive.
    pub(crate) scanned: Vec<Scanned>,
    /// Every dist-info directory at the top, sorted.
    pub(crate) dist_infos: Vec<String>,
    /// The dist-info directory whose files are read below.
    pub(crate) dist_info: Option<String>,
    /// METADATA; none where it is missing or damaged.
    pub(crate) metadata: Option<Result<Metadata, MetadataError>>,
    /// WHEEL; none where it is missing or damaged.
    pub(crate) wheel_file: Option<Result<WheelFile, WheelFileError>>,
    /// RECORD; none where it is missing or damaged.
    pub(crate) record: Option<Result<Record, RecordError>>,
    pub(crate) record_bytes: Vec<u8>,
    /// entry_points.txt, where there is one.
    pub(crate) entry_points: Option<Result<EntryPoints, EntryPointsError>>,
    pub(crate) inventory: Inventory,
    /// Every way in which a binary breaks the promise of a platform tag of the file name.
    pub(crate) objections: Vec<(PlatformTag, String, Objection)>,
    /// What the runtime's executable says of its version, where that was asked for.
    pub(crate) mentions: Option<Mentions>,
    /// The runtime that the wheel may be one of.
    pub(crate) runtime: RuntimeProject,
    /// Where among the members each name stands first: rules ask for many files, and there may be very many.
    places: HashMap<String, usize>,
}

impl WheelSubject {
    /// The wheel in an open archive; `version` is looked for in the runtime's executable.
    pub(crate) fn of(
        archive: Archive,
        runtime: &RuntimeProject,
        version: Option<&PublicVersion>,
        digest: FileDigest,
    ) -> Result<Self, CheckError> {
        let path = archive.path().to_owned();
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name: Result<WheelFileName, _> = file_name.parse();
        let dist_infos = info::directories(archive.members().iter().map(|member| member.name.as_str()));
        let stem = name.as_ref().ok().map(WheelFileName::stem);
        let expected = stem.as_ref().map(|stem| info::directory(stem));
        let dist_info =
            dist_infos.iter().find(|found| Some(*found) == expected.as_ref()).or(dist_infos.first()).cloned();
        let place = |file: &str| archive.find(&format!("{}/{file}", dist_info.as_ref()?)).map(|member| member.index);
        let read = |index: usize| archive.read(&archive.members()[index], MAX_TEXT).ok();
        // RECORD goes first: it says by which algorithm the other files are to be hashed.
        let record_bytes = place("RECORD").and_then(read);
        let record = record_bytes.as_deref().map(Record::parse);
        let mut options = member_options(&archive, record.as_ref().and_then(|record| record.as_ref().ok()));
        if let Some(index) = place("RECORD") {
            options[index].known = record_bytes.clone();
        }
        let texts = ["METADATA", "WHEEL", "entry_points.txt"].map(place);
        for index in texts.into_iter().flatten() {
            options[index].max_text = Some(MAX_TEXT);
        }
        // Other programs than app servers write their versions in as many ways as there are.
        let version = version.filter(|_| runtime.is_app_server());
        let executable = version.and_then(|_| executable(&archive, stem.as_deref(), runtime));
        if let (Some(index), Some(version)) = (executable, version) {
            options[index].search = Some(VersionSearch::new(runtime.executable(), &version.semver()));
        }
        let (scanned, sha256) = threads::both(
            || scan(&archive, &options),
            || (digest == FileDigest::Computed).then(|| archive.sha256()).transpose(),
        );
        let (mut scanned, sha256) = (scanned?, sha256?);
        if archive.total_bomb().is_some() {
            // Nothing else of it is unpacked.
            texts.into_iter().flatten().for_each(|index| scanned[index].text = read(index));
        }
        let text = |index: Option<usize>| scanned[index?].text.as_deref();
        let metadata = text(texts[0]).map(Metadata::parse);
        let wheel_file = text(texts[1]).map(WheelFile::parse);
        let entry_points = text(texts[2]).map(EntryPoints::parse);
        let mentions = executable.and_then(|index| scanned[index].mentions.take());
        let named = name.as_ref().map(|name| name.tags.platform.as_slice()).unwrap_or_default();
        let inventory = inventory(&archive, &mut scanned).tagged(named);
        let mut objections: Vec<(PlatformTag, String, Objection)> = Vec::new();
        let mut made: HashMap<String, HashSet<Objection>> = HashMap::new();
        let tags = name.as_ref().ok().and_then(|name| name.tags.platforms().ok()).unwrap_or_default();
        for tag in tags {
            for (member, objection) in inventory.objections(&tag) {
                // Tags of one architecture share most objections; each is made once.
                let others = made.entry(member.to_owned()).or_default();
                if others.insert(objection.clone()) {
                    objections.push((tag.clone(), member.to_owned(), objection));
                }
            }
        }
        let mut places = HashMap::new();
        for (index, member) in archive.members().iter().enumerate() {
            places.entry(member.name.clone()).or_insert(index);
        }
        Ok(Self {
            path,
            file_name,
            sha256,
            name,
            stem,
            archive,
            scanned,
            dist_infos,
            dist_info,
            metadata,
            wheel_file,
            record,
            record_bytes: record_bytes.unwrap_or_default(),
            entry_points,
            inventory,
            objections,
            mentions,
            runtime: runtime.clone(),
            places,
        })
    }

    /// Every member that is a file, with what it turned out to be.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&Member, &Scanned)> {
        self.archive.members().iter().zip(&self.scanned).filter(|(member, _)| !member.is_directory())
    }

    pub(crate) fn file(&self, name: &str) -> Option<(&Member, &Scanned)> {
        let index = *self.places.get(name)?;
        let (member, scanned) = (self.archive.members().get(index)?, self.scanned.get(index)?);
        (!member.is_directory()).then_some((member, scanned))
    }

    /// How the archive holds a file.
    pub(crate) fn entry(&self, name: &str) -> Option<Entry> {
        self.file(name).map(|(member, _)| scan::entry(member))
    }

    /// The file name of the product's own program on Windows.
    pub(crate) fn starter(&self) -> String {
        format!("{}.exe", self.runtime.executable())
    }

    /// Every binary that could be read, by its name.
    pub(crate) fn binaries(&self) -> HashMap<&str, &Facts> {
        self.inventory.binaries().iter().map(|(name, facts)| (name.as_str(), facts)).collect()
    }

    /// Every file of debugging symbols in the bundle that debuggers look for, which nothing loads.
    pub(crate) fn debug_symbols(&self) -> impl Iterator<Item = &str> {
        let all = self.inventory.damaged().iter().filter(|(_, error)| error.is_of_debug_symbols());
        all.map(|(member, _)| member.as_str())
            .filter(|member| parent(member).split('/').any(|it| it.ends_with(".dSYM")))
    }

    /// METADATA, where it can be read.
    pub(crate) fn good_metadata(&self) -> Option<&Metadata> {
        self.metadata.as_ref()?.as_ref().ok()
    }

    /// WHEEL, where it can be read.
    pub(crate) fn good_wheel_file(&self) -> Option<&WheelFile> {
        self.wheel_file.as_ref()?.as_ref().ok()
    }

    /// RECORD, where it can be read.
    pub(crate) fn good_record(&self) -> Option<&Record> {
        self.record.as_ref()?.as_ref().ok()
    }

    /// The platform tags of the file name, where all of them are known.
    pub(crate) fn platforms(&self) -> Vec<PlatformTag> {
        self.name.as_ref().ok().and_then(|name| name.tags.platforms().ok()).unwrap_or_default()
    }

    /// The scheme of a member and its path there. Where the file name tells nothing, every `.data` directory is the wheel's.
    pub(in crate::check) fn scheme<'m>(&self, member: &'m str) -> (Scheme, &'m str) {
        scheme_of(self.stem.as_deref(), member)
    }

    /// A file of the dist-info directory, by its name there.
    pub(crate) fn dist_info_member(&self, name: &str) -> Option<String> {
        Some(format!("{}/{name}", self.dist_info.as_ref()?))
    }

    /// Why a file of the dist-info directory was not read although it is there and sound: it is absurdly large.
    pub(crate) fn unread(&self, member: &str) -> Option<String> {
        let (found, scanned) = self.file(member)?;
        let sound = scanned.error.is_none() && found.size > MAX_TEXT;
        sound.then(|| format!("the file has {} bytes, and is not read", found.size))
    }

    /// Whether the archive can be read at all; where not, nothing inside it is asked for.
    pub(crate) fn is_readable(&self) -> bool {
        !self.archive.members().is_empty()
    }
}

/// Where among the members the runtime's executable is.
fn executable(archive: &Archive, stem: Option<&str>, runtime: &RuntimeProject) -> Option<usize> {
    let program = WheelProgram::of(runtime, runtime.executable());
    let standing = |member: &Member| program.standing(scheme_of(stem, &member.name));
    archive.members().iter().position(|member| standing(member) == Some(Standing::Bin))
}

fn scheme_of<'m>(stem: Option<&str>, member: &'m str) -> (Scheme, &'m str) {
    stem.map_or_else(|| scheme::of_any(member), |stem| scheme::of(stem, member))
}

/// What is asked of each member: the digest that its row names, and the text of files with rules of their own.
fn member_options(archive: &Archive, record: Option<&Record>) -> Vec<MemberOptions> {
    let mut algorithms = HashMap::new();
    for row in record.map(|record| record.rows.as_slice()).unwrap_or_default() {
        if let Ok(Some(digest)) = row.parsed_digest()
            && digest.algorithm != "sha256"
        {
            algorithms.insert(row.path.as_str(), digest.algorithm);
        }
    }
    let max_text = |name: &str| match name {
        _ if info::of(name).is_some_and(|(_, path)| path.starts_with(info::SBOMS) && is_sbom_name(path)) => {
            Some(MAX_TEXT)
        }
        _ if package_of(name).is_some_and(|package| !package.is_empty()) || is_python_source(name) => Some(MAX_SOURCE),
        _ => None,
    };
    let options = |member: &Member| MemberOptions {
        sha256: true,
        algorithm: algorithms.get(member.name.as_str()).cloned(),
        max_text: max_text(&member.name),
        ..MemberOptions::default()
    };
    archive.members().iter().map(options).collect()
}

/// Whether a file is Python source, which must be the same on every platform.
pub(crate) fn is_python_source(path: &str) -> bool {
    [".py", ".pyi", ".pth", "/py.typed"].iter().any(|end| path.ends_with(end))
}
