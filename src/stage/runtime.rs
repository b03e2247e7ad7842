//! `stage-runtime`: the runtime template with a payload in its import package, under a platform tag that the payload's
//! own binaries decide or were held against.

use std::path::{Path, PathBuf};

use super::error::{StageError, StageWarning};
use super::pending::{PendingStage, refuse_overlap};
use super::rename::{filled, moved};
use super::{pyproject, tags};
use crate::binary::Inventory;
use crate::console::Progress;
use crate::fs::{Existing, FsError, Mode};
use crate::member_path::{self, MemberPath};
use crate::payload::{DESCRIPTOR, Form, Package, Payload, PayloadFile, Place};
use crate::product::{PYPROJECT, Product, RuntimeProject};
use crate::target::{PlatformTagSet, TargetTriple};
use crate::version::{PublicVersion, ReleaseVersion};

/// Where the import package of the runtime template is.
const TEMPLATE_PACKAGE: &str = "src/module/";

/// Where archives are unpacked inside the unfinished stage, on the disk that the stage ends on.
const SCRATCH: &str = ".payload";

#[derive(Debug, Clone)]
pub struct Options<'a> {
    pub product: &'a Product,
    /// The directory to write.
    pub out: PathBuf,
    /// An executable, package directory, archive or published wheel.
    pub payload: PathBuf,
    /// The release that the payload is.
    pub release: ReleaseVersion,
    /// Read off the binaries where there is none.
    pub platform_tag: Option<PlatformTagSet>,
    /// What to do with an output directory that holds files.
    pub existing: Existing,
}

/// A stage that was written.
#[derive(Debug)]
pub struct StagedRuntime {
    pub out: PathBuf,
    /// The table of the template it was made from.
    pub project: RuntimeProject,
    pub version: ReleaseVersion,
    pub platform_tag: PlatformTagSet,
    /// The target of the template that the tags belong to.
    pub target: Option<TargetTriple>,
    /// In which form the payload was given.
    pub form: Form,
    /// The path of the entry executable in the import package.
    pub entrypoint: String,
    /// How many files the payload has, and their size.
    pub files: usize,
    pub bytes: u64,
    /// With paths in the import package.
    pub inventory: Inventory,
    pub warnings: Vec<StageWarning>,
}

/// Writes the stage of a runtime distribution.
///
/// # Errors
/// Where the payload is none or not the release asked for, its binaries are for another machine than the tag, or
/// something cannot be read or written. Then nothing is left behind, and what was at `out` is still there.
pub fn stage_runtime(options: &Options<'_>, progress: &Progress) -> Result<StagedRuntime, StageError> {
    let Product { runtime: project, runtime_template: template, .. } = options.product;
    let origin = template.pyproject_origin();
    std::fs::metadata(&options.payload).map_err(FsError::read(&options.payload))?;
    refuse_overlap(&options.out, &options.payload, "payload")?;
    if let Some(directory) = &template.directory {
        refuse_overlap(&options.out, directory, "template")?;
    }

    let stage = PendingStage::create(&options.out, options.existing)?;
    let scratch = stage.path().join(SCRATCH);
    std::fs::create_dir(&scratch).map_err(FsError::write(&scratch))?;
    let payload = Payload::open(&options.payload, project, &scratch, progress)?;
    check_version(options, &payload)?;

    let version = options.release.to_string();
    let values = [
        ("distribution", project.distribution.as_str()),
        ("module", project.module.as_str()),
        ("executable", project.executable()),
        ("version", version.as_str()),
    ];
    let package = format!("src/{}/", project.module);
    for (from, bytes) in &template.files {
        let path = moved(from, TEMPLATE_PACKAGE, &package);
        if payload.files.iter().any(|file| staged(&package, file) == path) {
            return Err(StageError::Conflict { path });
        }
        if path != PYPROJECT {
            stage.write(&path, &filled(template, from, bytes, &values)?)?;
        }
    }

    let inside = payload.files.iter().map(|file| staged(TEMPLATE_PACKAGE, file));
    let paths: Vec<_> = template.files.keys().cloned().chain(inside).collect();
    member_path::check(paths.iter().map(String::as_str))?;

    let (form, entrypoint, files, bytes) =
        (payload.form, payload.entrypoint.path.to_string(), payload.files.len(), payload.size());
    let described = payload.package.clone();
    let mut warnings: Vec<_> = left_out(&payload.ignored).into_iter().collect();
    warnings.extend(payload.unmatched.iter().map(|pattern| StageWarning::Unmatched { pattern: pattern.clone() }));
    let packaged = || payload.files.iter().filter(|file| file.place == Place::Package);
    let paths: Vec<_> = packaged().map(|file| file.path.to_string()).collect();
    let run = packaged().filter(|file| file.mode == Mode::Executable);
    let executables: Vec<_> = run.map(|file| file.path.to_string()).collect();
    let directory = stage.path().join(&package);
    payload.place(|place| stage.path().join(place_of(&package, place)), progress)?;
    std::fs::remove_dir_all(&scratch).map_err(FsError::write(&scratch))?;

    // The facts are those of the files in the stage, whatever happens to the input meanwhile.
    let inventory = take_inventory(options, &directory, paths)?;
    if inventory.get(&entrypoint).is_some_and(|facts| !facts.is_executable()) {
        return Err(StageError::Library { payload: options.payload.clone(), member: entrypoint });
    }
    let (platform_tag, reservations) =
        tags::settle(options.platform_tag.as_ref(), project, &inventory, &options.payload)?;
    warnings.extend(reservations);
    let target = platform_tag.tags().iter().find_map(|tag| project.target_of_tag(tag)).map(|row| row.triple.clone());
    match described.map(|package| package.target) {
        Some(Some(stated)) => tags::check_target(&stated, &platform_tag, &options.payload)?,
        Some(None) => {}
        None if !project.is_app_server() => {}
        None => {
            let target = target.as_ref().map(|triple| tags::described_target(triple, &inventory, &entrypoint));
            let written = Package {
                version: Some(options.release.program().semver()),
                target: target.map(|triple| triple.to_string()),
                variant: Some(project.executable().to_owned()),
                entrypoint: Some(entrypoint.clone()),
                ..Package::default()
            };
            stage.write(&format!("{package}{DESCRIPTOR}"), written.to_json().as_bytes())?;
        }
    }
    let text = filled(template, PYPROJECT, template.pyproject()?.as_bytes(), &values)?;
    let text = String::from_utf8_lossy(&text);
    let text = pyproject::runtime(&text, &origin, project, &options.release, &platform_tag, &executables)?;
    stage.write(PYPROJECT, text.as_bytes())?;
    stage.commit()?;
    progress.finish();
    Ok(StagedRuntime {
        out: options.out.clone(),
        version: options.release.clone(),
        project: project.clone(),
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

/// The directory of a stage that a place of the wheel is made from; `package` is that of the import package.
fn place_of(package: &str, place: Place) -> &str {
    match place {
        Place::Package => package,
        Place::Scripts => "scripts/",
        Place::Data => "data/",
        Place::Licences => "",
        Place::Sboms => "sboms/",
    }
}

/// The path of a file of the payload in the stage.
fn staged(package: &str, file: &PayloadFile) -> String {
    format!("{}{}", place_of(package, file.place), file.path)
}

/// Holds the version that the payload states against the one asked for.
fn check_version(options: &Options<'_>, payload: &Payload) -> Result<(), StageError> {
    let described = payload.package.as_ref().and_then(|package| package.version.clone());
    for (stated, place) in [(described, "`codex-package.json`"), (payload.wheel_version.clone(), "wheel metadata")] {
        let Some(stated) = stated else { continue };
        if stated.parse::<PublicVersion>().ok().as_ref() != Some(options.release.program()) {
            let (payload, asked) = (options.payload.clone(), options.release.program().clone());
            return Err(StageError::Version { payload, stated, place, asked });
        }
    }
    Ok(())
}

fn take_inventory(options: &Options<'_>, directory: &Path, paths: Vec<String>) -> Result<Inventory, StageError> {
    let places = paths.into_iter().map(|path| (path.clone(), directory.join(path)));
    let inventory = Inventory::of_files(places)?;
    match inventory.damaged().first() {
        None => Ok(inventory),
        Some((member, source)) => {
            Err(StageError::Binary { payload: options.payload.clone(), member: member.clone(), source: source.clone() })
        }
    }
}

fn left_out(names: &[MemberPath]) -> Option<StageWarning> {
    let (first, rest) = names.split_at(names.len().min(5));
    let mut text = first.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if !rest.is_empty() {
        text += &format!(" and {} more", rest.len());
    }
    (!names.is_empty()).then_some(StageWarning::LeftOut { names: text })
}
