//! `stage-runtime`: the runtime template with a payload in its import package, under a platform tag that the payload's
//! own binaries decide or were held against.

use std::path::{Path, PathBuf};

use super::template::PYPROJECT;
use super::{PendingStage, StageError, Template, TemplateError, pyproject, refuse_overlap};
use crate::binary::{Facts, Inventory, Libc, Weight};
use crate::console::Progress;
use crate::fs::{Existing, FsError, Mode};
use crate::payload::{DESCRIPTOR, Form, Package, Payload};
use crate::product::RuntimeProject;
use crate::target::{PlatformTag, PlatformTagSet, TargetTriple};
use crate::version::CodexVersion;

/// Where the import package of the runtime template is, and where it goes.
const TEMPLATE_PACKAGE: &str = "src/module/";

/// Where archives are unpacked inside the unfinished stage, on the disk that the stage ends on.
const SCRATCH: &str = ".payload";

/// What to stage.
#[derive(Debug, Clone)]
pub struct RuntimeRequest {
    /// The directory to write.
    pub out: PathBuf,
    /// An executable, package directory, archive or published wheel.
    pub payload: PathBuf,
    /// The release that the payload is.
    pub codex_version: CodexVersion,
    /// The wheel's platform tag; read off the binaries where there is none.
    pub platform_tag: Option<PlatformTagSet>,
    /// A template other than the built-in one.
    pub template: Option<PathBuf>,
    /// What to do with an output directory that holds files.
    pub existing: Existing,
}

/// A stage that was written.
#[derive(Debug)]
pub struct StagedRuntime {
    /// The directory.
    pub out: PathBuf,
    /// The table of the template it was made from.
    pub project: RuntimeProject,
    /// The version of the distribution.
    pub version: CodexVersion,
    /// The platform tags of its wheel.
    pub platform_tag: PlatformTagSet,
    /// The target of the template that the tags belong to.
    pub target: Option<TargetTriple>,
    /// In which form the payload was given.
    pub form: Form,
    /// The path of the entry executable in the import package.
    pub entrypoint: String,
    /// How many files the payload has.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Every binary of the payload, with paths in the import package.
    pub inventory: Inventory,
    /// What is worth a warning.
    pub warnings: Vec<StageWarning>,
}

/// Something about a stage that did not keep it from being written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StageWarning {
    /// A binary breaks the promise of the tag that was asked for.
    #[error("`{member}` does not keep the promise of `{tag}`: {objection}")]
    Dishonest {
        /// The binary.
        member: String,
        /// The tag.
        tag: PlatformTag,
        /// How.
        objection: String,
    },
    /// A binary keeps the tag's promise with a reservation.
    #[error("`{member}` under `{tag}`: {objection}")]
    Reservation {
        /// The binary.
        member: String,
        /// The tag.
        tag: PlatformTag,
        /// What is to be known.
        objection: String,
    },
    /// The input holds files that are not part of the payload.
    #[error("left out, since they are not part of the payload: {names}")]
    LeftOut {
        /// Their names, some of them where they are many.
        names: String,
    },
}

/// Writes the stage of a runtime distribution.
///
/// # Errors
/// Where the payload is none or not the release asked for, its binaries are for another machine than the tag, or
/// something cannot be read or written. Then nothing is left behind, and what was at `out` is still there.
pub fn stage_runtime(request: &RuntimeRequest, progress: &Progress) -> Result<StagedRuntime, StageError> {
    let template = Template::runtime(request.template.as_deref())?;
    let origin = template.pyproject_origin();
    let project = RuntimeProject::from_pyproject(template.pyproject()?, &origin)?;
    std::fs::metadata(&request.payload).map_err(FsError::read(&request.payload))?;
    refuse_overlap(&request.out, &request.payload, "payload")?;
    if let Some(directory) = &request.template {
        refuse_overlap(&request.out, directory, "template")?;
    }

    let stage = PendingStage::create(&request.out, request.existing)?;
    let scratch = stage.path().join(SCRATCH);
    std::fs::create_dir(&scratch).map_err(FsError::write(&scratch))?;
    let payload = Payload::open(&request.payload, &project.executable, &scratch, progress)?;
    check_version(request, &payload)?;

    let values = [
        ("distribution", project.distribution.as_str()),
        ("module", project.module.as_str()),
        ("executable", project.executable.as_str()),
        ("version", &request.codex_version.to_string()),
    ];
    let package = format!("src/{}/", project.module);
    for file in &template.files {
        let path =
            file.path.strip_prefix(TEMPLATE_PACKAGE).map_or(file.path.clone(), |path| format!("{package}{path}"));
        let inside = path.strip_prefix(&package).unwrap_or_default();
        if payload.files.iter().any(|file| file.path == inside) {
            return Err(StageError::Conflict { path });
        }
        if path != PYPROJECT {
            stage.write(&path, &template.filled(file, &values)?)?;
        }
    }

    let (form, entrypoint, files, bytes) =
        (payload.form, payload.entrypoint.clone(), payload.files.len(), payload.size());
    let described = payload.package.clone();
    let mut warnings: Vec<_> = left_out(&payload.ignored).into_iter().collect();
    let paths: Vec<_> = payload.files.iter().map(|file| file.path.clone()).collect();
    let executables: Vec<_> =
        payload.files.iter().filter(|file| file.mode == Mode::Executable).map(|file| file.path.clone()).collect();
    let directory = stage.path().join(&package);
    payload.place(&directory, progress)?;
    std::fs::remove_dir_all(&scratch).map_err(FsError::write(&scratch))?;

    // The facts are those of the files in the stage, whatever happens to the input meanwhile.
    let inventory = take_inventory(request, &directory, paths)?;
    let is_library = |(member, facts): &(String, Facts)| *member == entrypoint && !facts.is_executable();
    if inventory.binaries().iter().any(is_library) {
        return Err(StageError::Library { payload: request.payload.clone(), member: entrypoint });
    }
    let platform_tag = settle_tags(request, &project, &inventory, &mut warnings)?;
    let target = platform_tag.tags().iter().find_map(|tag| project.target_of_tag(tag)).map(|row| row.triple.clone());
    match &described {
        Some(described) => check_target(request, described, &platform_tag)?,
        None => {
            let target = target.as_ref().map(|triple| described_target(triple, &inventory, &entrypoint));
            let written = Package {
                version: Some(request.codex_version.semver()),
                target,
                variant: Some(project.executable.clone()),
                entrypoint: Some(entrypoint.clone()),
                ..Package::default()
            };
            stage.write(&format!("{package}{DESCRIPTOR}"), written.to_json().as_bytes())?;
        }
    }
    let pyproject = template.files.iter().find(|file| file.path == PYPROJECT);
    let text = match pyproject {
        Some(file) => template.filled(file, &values)?,
        None => return Err(TemplateError::NoPyproject { origin: template.origin }.into()),
    };
    let text = String::from_utf8_lossy(&text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = pyproject::runtime(text, &origin, &project, request.codex_version, &platform_tag, &executables)?;
    stage.write(PYPROJECT, text.as_bytes())?;
    stage.commit()?;
    progress.finish();
    Ok(StagedRuntime {
        out: request.out.clone(),
        version: request.codex_version,
        project,
        platform_tag,
        target,
        form,
        entrypoint,
        files,
        bytes,
        inventory,
        warnings,
    })
}

/// Holds the version that the payload states against the one asked for.
fn check_version(request: &RuntimeRequest, payload: &Payload) -> Result<(), StageError> {
    let described = payload.package.as_ref().and_then(|package| package.version.clone());
    for (stated, place) in [(described, "`codex-package.json`"), (payload.wheel_version.clone(), "wheel metadata")] {
        let Some(stated) = stated else { continue };
        if stated.parse::<CodexVersion>().ok() != Some(request.codex_version) {
            let (payload, asked) = (request.payload.clone(), Box::new(request.codex_version));
            return Err(StageError::Version { payload, stated, place, asked });
        }
    }
    Ok(())
}

/// Holds the target that the payload states against the tags.
fn check_target(request: &RuntimeRequest, package: &Package, tags: &PlatformTagSet) -> Result<(), StageError> {
    let Some(stated) = &package.target else { return Ok(()) };
    let triple: Option<TargetTriple> = stated.parse().ok();
    let fits = |tag: &PlatformTag| {
        matches!(tag, PlatformTag::Other(_)) || triple.as_ref().is_some_and(|triple| triple.matches(tag))
    };
    match tags.tags().iter().find(|tag| !fits(tag)) {
        None => Ok(()),
        Some(tag) => {
            Err(StageError::Target { payload: request.payload.clone(), stated: stated.clone(), tag: tag.clone() })
        }
    }
}

/// The target of a descriptor that is written here: the template's, with the C library that the executable really has.
fn described_target(triple: &TargetTriple, inventory: &Inventory, entrypoint: &str) -> String {
    let text = triple.to_string();
    let entry = inventory.binaries().iter().find(|(member, _)| member == entrypoint);
    let glibc = entry.is_some_and(|(_, facts)| facts.slices.iter().any(|slice| slice.libc == Some(Libc::Glibc)));
    match text.strip_suffix("-musl") {
        Some(stem) if glibc => format!("{stem}-gnu"),
        _ => text,
    }
}

fn take_inventory(request: &RuntimeRequest, directory: &Path, paths: Vec<String>) -> Result<Inventory, StageError> {
    let places = paths.into_iter().map(|path| (path.clone(), directory.join(path)));
    let inventory = Inventory::of_files(places)?;
    match inventory.damaged().first() {
        None => Ok(inventory),
        Some((member, source)) => {
            Err(StageError::Binary { payload: request.payload.clone(), member: member.clone(), source: source.clone() })
        }
    }
}

/// The tags of the wheel: those asked for, where the machine is right, or the honest ones.
fn settle_tags(
    request: &RuntimeRequest,
    project: &RuntimeProject,
    inventory: &Inventory,
    warnings: &mut Vec<StageWarning>,
) -> Result<PlatformTagSet, StageError> {
    let rows: Vec<_> = project.targets.iter().map(|target| target.tags().cloned().collect()).collect();
    let tags = match &request.platform_tag {
        Some(tags) => tags.clone(),
        None => inventory.choose_tags(&rows).ok_or_else(|| no_honest_tag(request, &rows, inventory))?,
    };
    for tag in tags.tags() {
        for (member, objection) in inventory.objections(tag) {
            let (member, tag, text) = (member.to_owned(), tag.clone(), objection.to_string());
            if objection.weight() == Weight::WrongMachine {
                let (payload, honest) = (request.payload.clone(), inventory.honest_tags());
                return Err(StageError::WrongMachine { payload, tag: tag.into(), member, objection: text, honest });
            }
            warnings.push(if objection.breaks_promise() {
                StageWarning::Dishonest { member, tag, objection: text }
            } else {
                StageWarning::Reservation { member, tag, objection: text }
            });
        }
    }
    Ok(tags)
}

/// Says what stands in the way of the tags that come nearest.
fn no_honest_tag(request: &RuntimeRequest, rows: &[Vec<PlatformTag>], inventory: &Inventory) -> StageError {
    let near = rows.iter().filter_map(|row| row.first()).map(|tag| (tag, inventory.objections(tag)));
    let nearest = near.min_by_key(|(_, objections)| {
        objections.iter().filter(|(_, objection)| objection.weight() == Weight::WrongMachine).count()
    });
    let reasons = nearest.map_or_else(String::new, |(tag, objections)| {
        let broken: Vec<_> = objections
            .iter()
            .filter(|(_, objection)| objection.breaks_promise())
            .take(3)
            .map(|(member, objection)| format!("`{member}` under `{tag}`: {objection}"))
            .collect();
        broken.join("; ")
    });
    StageError::NoHonestTag { payload: request.payload.clone(), reasons }
}

fn left_out(names: &[String]) -> Option<StageWarning> {
    let (first, rest) = names.split_at(names.len().min(5));
    let mut text = first.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if !rest.is_empty() {
        text += &format!(" and {} more", rest.len());
    }
    (!names.is_empty()).then_some(StageWarning::LeftOut { names: text })
}
