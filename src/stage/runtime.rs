//! `stage-runtime`: the runtime template with a payload in its import package, under a platform tag that the payload's
//! own binaries decide or were held against.

use std::path::PathBuf;

use super::error::{StageError, StageWarning};
use super::pending::{PendingStage, refuse_overlap};
use super::rename::{filled, filled_text, moved};
use super::shipped::{self, Shipped, directory, named, staged};
use super::why::{TagOrigin, TagReason};
use super::{pyproject, tags};
use crate::binary::Inventory;
use crate::console::{Progress, text};
use crate::fs::{Existing, FsError, read};
use crate::member_path::{self, MemberPath, Reach};
use crate::payload::{DESCRIPTOR, Package, Payload};
use crate::product::{PYPROJECT, Product, RuntimeProject, Target, Template};
use crate::target::{PlatformTagSet, TargetTriple};
use crate::version::{PublicVersion, ReleaseVersion};
use crate::wheel::sbom::sboms_of;
use crate::wheel::tag::TagSet;

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
    /// The row of the product that the payload was built for, where that is known.
    pub target: Option<Target>,
    /// What to do with an output directory that holds files.
    pub existing: Existing,
}

/// A stage that was written.
#[derive(Debug)]
pub struct StagedRuntime {
    pub(crate) out: PathBuf,
    /// The table of the template it was made from.
    pub(crate) project: RuntimeProject,
    pub(crate) version: ReleaseVersion,
    pub platform_tag: PlatformTagSet,
    /// The target of the template that the tags belong to.
    pub target: Option<TargetTriple>,
    /// The path of the entry executable in the import package.
    pub entrypoint: String,
    /// How many files the payload has, and their size.
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    /// With paths in the import package.
    pub(crate) inventory: Inventory,
    /// Files of the payload that are not shipped, by their names in it.
    pub(crate) left_out: Vec<MemberPath>,
    pub warnings: Vec<StageWarning>,
    /// Why it carries these tags.
    pub(crate) reason: TagReason,
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
    let executables = project.executables.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let command = project.command.to_string();
    let values = [
        ("distribution", project.distribution.as_str()),
        ("module", project.module.as_str()),
        ("executable", project.executable()),
        ("executables", executables.as_str()),
        ("command", command.as_str()),
        ("version", version.as_str()),
    ];
    let package = format!("src/{}/", project.module);
    write_template(&stage, template, &payload, &package, &values)?;
    let inside = payload.files.iter().map(|file| staged(TEMPLATE_PACKAGE, file));
    let paths: Vec<_> = template.files.keys().cloned().chain(inside).collect();
    let found_in = format!("{} and {}", template.origin, options.payload.display());
    let keepable = |reach| {
        let paths = paths.iter().map(String::as_str);
        member_path::check(paths, reach).map_err(|error| error.found_in(&found_in))
    };
    keepable(Reach::Elsewhere)?;

    let (files, bytes) = (payload.files.len(), payload.size());
    let entrypoint = named(payload.entrypoint.place, &payload.entrypoint.path);
    let (described, left_out) = (payload.package.clone(), payload.ignored.clone());
    let mut warnings = warnings(&payload, project, &entrypoint);
    let mut shipped = Shipped::of(&payload, project);
    let places: Vec<_> = payload
        .files
        .iter()
        .map(|file| (named(file.place, &file.path), stage.path().join(staged(&package, file))))
        .collect();
    payload.place(|place| stage.path().join(directory(&package, place)), progress)?;
    std::fs::remove_dir_all(&scratch).map_err(FsError::write(&scratch))?;

    // The facts are those of the files in the stage, whatever happens to the input meanwhile.
    let inventory = take_inventory(options, places)?;
    if inventory.get(&entrypoint).is_some_and(|facts| !facts.is_executable()) {
        return Err(StageError::Library { payload: options.payload.clone(), member: entrypoint });
    }
    write_sboms(&stage, &inventory, &options.release, &mut shipped)?;
    let stated = described.as_ref().and_then(|package| package.target.as_deref());
    let subject = tags::Subject {
        payload: &options.payload,
        inventory: &inventory,
        entrypoint: &entrypoint,
        stated,
        target: options.target.as_ref(),
    };
    let (platform_tag, reservations) = tags::settle(options.platform_tag.as_ref(), project, &subject)?;
    warnings.extend(reservations);
    // Nothing else is known now that was not before.
    if TagSet::runtime(&platform_tag).reach() == Reach::Windows {
        keepable(Reach::Windows)?;
    }
    if let Some(stated) = stated {
        tags::check_target(stated, &platform_tag, &options.payload)?;
    }
    let row = platform_tag.tags().iter().find_map(|tag| project.target_of_tag(tag));
    if described.is_none() && project.is_app_server() {
        let target = row.map(|row| tags::described_target(&row.triple, &inventory, &entrypoint));
        let written = Package {
            version: Some(options.release.program().semver()),
            target: target.map(|triple| triple.to_string()),
            variant: Some(project.executable().to_owned()),
            entrypoint: Some(entrypoint.clone()),
            ..Package::default()
        };
        stage.write(&format!("{package}{DESCRIPTOR}"), written.to_json().as_bytes())?;
    }
    let text = filled_text(template, PYPROJECT, template.pyproject()?, &values)?;
    let text = pyproject::runtime(&text, &origin, project, &options.release, &platform_tag, &shipped)?;
    stage.write(PYPROJECT, text.as_bytes())?;
    stage.commit()?;
    progress.finish();
    let listed = row.filter(|row| platform_tag.tags().iter().all(|tag| row.has(tag)));
    let origin = match (&options.platform_tag, listed) {
        (Some(_), _) => TagOrigin::Asked,
        (None, Some(row)) => TagOrigin::Listed(&row.triple),
        (None, None) => TagOrigin::Read,
    };
    let reason = TagReason::of(&platform_tag, origin, &inventory);
    Ok(StagedRuntime {
        out: options.out.clone(),
        version: options.release.clone(),
        project: project.clone(),
        target: row.map(|row| row.triple.clone()),
        platform_tag,
        entrypoint,
        files,
        bytes,
        inventory,
        left_out,
        warnings,
        reason,
    })
}

/// Writes the files of the template, but for the project file, which waits for the tags.
fn write_template(
    stage: &PendingStage,
    template: &Template,
    payload: &Payload,
    package: &str,
    values: &[(&str, &str)],
) -> Result<(), StageError> {
    for (from, bytes) in &template.files {
        let path = moved(from, TEMPLATE_PACKAGE, package);
        if let Some(file) = payload.files.iter().find(|file| staged(package, file) == path) {
            return Err(StageError::Conflict { path, row: file.row.clone() });
        }
        if path != PYPROJECT {
            stage.write(&path, &filled(template, from, bytes, values)?)?;
        }
    }
    Ok(())
}

/// What is to be known of a payload before its binaries are read.
fn warnings(payload: &Payload, project: &RuntimeProject, entrypoint: &str) -> Vec<StageWarning> {
    // Any other product's payload holds more than its program as a rule.
    let left_out = listed(&payload.ignored).filter(|_| project.is_app_server());
    let renamed = payload.renamed.clone().map(|called| StageWarning::Renamed {
        called,
        program: project.executable().to_owned(),
        distribution: project.distribution.clone(),
    });
    let linked = payload.linked.clone();
    let linked = linked.map(|original| StageWarning::Linked { program: entrypoint.to_owned(), original });
    let unmatched = payload.unmatched.iter().map(|rule| {
        let (pattern, at) = (rule.from.clone(), rule.at.clone());
        StageWarning::Unmatched { pattern, at }
    });
    let left_out = left_out.map(|names| StageWarning::LeftOut { names });
    let dangling = listed(&payload.dangling).map(|names| StageWarning::Dangling { names });
    left_out.into_iter().chain(renamed).chain(linked).chain(unmatched).chain(dangling).collect()
}

/// Writes the software bills of materials that the binaries' own lists give, beside those of the payload.
fn write_sboms(
    stage: &PendingStage,
    inventory: &Inventory,
    release: &ReleaseVersion,
    shipped: &mut Shipped,
) -> Result<(), StageError> {
    let carried = shipped.sboms.iter().map(|name| read(&stage.path().join(shipped::SBOMS).join(name)));
    let carried = carried.collect::<Result<Vec<_>, _>>()?;
    for sbom in sboms_of(inventory, release.program()) {
        // What comes with the payload was made by those who know more, or by relkit for another name of the program.
        let is_there = shipped.sboms.contains(&sbom.name) || carried.iter().any(|other| sbom.repeats(other));
        if !is_there {
            stage.write(&format!("{}{}", shipped::SBOMS, sbom.name), sbom.bytes.as_ref())?;
            shipped.sboms.push(sbom.name);
        }
    }
    Ok(())
}

/// Holds the version that the payload states against the one asked for.
fn check_version(options: &Options<'_>, payload: &Payload) -> Result<(), StageError> {
    let project = &options.product.runtime;
    let described = payload.package.as_ref().and_then(|package| package.version.clone());
    for (stated, place) in [(described, "`codex-package.json`"), (payload.wheel_version.clone(), "wheel metadata")] {
        let Some(stated) = stated else { continue };
        let asked = options.release.program();
        // A wheel may be the program packaged again: 0.9.0.post1 holds 0.9.0.
        let is_it = |version: PublicVersion| match place {
            "wheel metadata" => project.smoke.is_packaging(&version, asked),
            _ => version == *asked,
        };
        if !stated.parse().is_ok_and(is_it) {
            let (payload, asked) = (options.payload.clone(), options.release.program().clone());
            return Err(StageError::Version { payload, stated, place, asked });
        }
    }
    Ok(())
}

fn take_inventory(options: &Options<'_>, places: Vec<(String, PathBuf)>) -> Result<Inventory, StageError> {
    let inventory = Inventory::of_files(places)?;
    match inventory.damaged().first() {
        None => Ok(inventory),
        Some((member, source)) => {
            Err(StageError::Binary { payload: options.payload.clone(), member: member.clone(), source: source.clone() })
        }
    }
}

/// Some of the names, where there are any.
fn listed(names: &[MemberPath]) -> Option<String> {
    (!names.is_empty()).then(|| text::named(names.iter().map(|name| &**name)))
}
