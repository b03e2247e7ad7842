//! Writes retagged wheels as `writer` writes new ones: members sorted, dist-info last, RECORD last of all, one time for all.
//! Every wheel is complete beside its final name before the first one gets it.

use std::path::Path;

use super::error::RetagError;
use super::plan::{Options, Plan};
use super::report::Retagged;
use crate::build::container::Archive;
use crate::build::output::{WriteError, measure};
use crate::build::source::{Member, MemberSource};
use crate::console::Progress;
use crate::digest::Sha256Digest;
use crate::fs::{Existing, FsError, Made, Mode, PendingFile, open_regular};
use crate::wheel::reader::{Wheel, WheelError};
use crate::wheel::record::{Record, RecordRow};
use crate::wheel::verify::is_exempt;

/// A wheel that is complete and has no name yet; none where a file of its name holds the same.
struct Ready {
    pending: Option<PendingFile>,
    retagged: Retagged,
}

pub(super) fn all(plans: Vec<Plan>, options: &Options, progress: &Progress) -> Result<Vec<Retagged>, RetagError> {
    // Dropped behind all that are in there.
    let made = Made::directory(&options.out_dir);
    let _made = made.map_err(|error| (options.out_dir.clone(), WriteError::from(error)))?;
    let ready = plans.into_iter().map(|plan| one(plan, options, progress)).collect::<Result<Vec<_>, _>>()?;
    let mut retagged = Vec::new();
    for Ready { pending, retagged: one } in ready {
        let path = one.path.clone();
        pending.map_or(Ok(()), PendingFile::commit).map_err(|error| (path, WriteError::from(error)))?;
        retagged.push(one);
    }
    Ok(retagged)
}

fn record(wheel: &Wheel) -> String {
    format!("{}/RECORD", wheel.dist_info())
}

fn one(plan: Plan, options: &Options, progress: &Progress) -> Result<Ready, RetagError> {
    let path = options.out_dir.join(plan.name.to_string());
    progress.message(&plan.name.to_string());
    let (pending, (sha256, size)) = copy(&plan, &path, options, progress).map_err(|error| (path.clone(), error))?;
    let source = plan.wheel.path().to_owned();
    if plan.wheel.archive().sha256().map_err(WheelError::from)? != plan.source_sha256 {
        return Err(RetagError::Changed { path: source });
    }
    let pending = match is_there(&path, sha256).map_err(|error| (path.clone(), WriteError::from(error)))? {
        Some(Same::Yes) => None,
        Some(Same::No) if options.existing == Existing::Refuse => return Err(RetagError::Exists { path }),
        _ => Some(pending),
    };
    let tags_before = plan.wheel.name().tags.platform.clone();
    let changed = tags_before != plan.name.tags.platform;
    let tags = plan.name.tags.platforms().unwrap_or_default();
    let Plan { source_sha256, reasons, warnings, .. } = plan;
    let retagged =
        Retagged { source, source_sha256, path, size, sha256, tags_before, tags, changed, reasons, warnings };
    Ok(Ready { pending, retagged })
}

enum Same {
    Yes,
    No,
}

/// Whether a file is there already, and is this one.
fn is_there(path: &Path, sha256: Sha256Digest) -> Result<Option<Same>, FsError> {
    match open_regular(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FsError::read(path)(error)),
        Ok(mut file) => {
            let (found, _) = Sha256Digest::of_reader(&mut file).map_err(FsError::read(path))?;
            Ok(Some(if found == sha256 { Same::Yes } else { Same::No }))
        }
    }
}

fn copy(
    plan: &Plan,
    path: &Path,
    options: &Options,
    progress: &Progress,
) -> Result<(PendingFile, (Sha256Digest, u64)), WriteError> {
    let wheel = &plan.wheel;
    let (dist_info, record) = (wheel.dist_info(), record(wheel));
    let (inside, wheel_file) = (format!("{dist_info}/"), format!("{dist_info}/WHEEL"));
    let mut members: Vec<_> = wheel.files().filter(|member| !is_exempt(&member.name, dist_info)).collect();
    members.sort_by_key(|member| (member.name.starts_with(&inside), &member.name));

    let mut pending = PendingFile::create(path)?;
    let mut archive = Archive::new(pending.file(), path, &options.write);
    let text = |path: &str, text: String| {
        let source = MemberSource::Bytes(text.into_bytes());
        Member { path: path.to_owned(), mode: Mode::Data, source }
    };
    let mut rows = Vec::new();
    for member in members {
        let name = member.name.as_str();
        if name == wheel_file {
            let member = text(name, plan.wheel_file.to_string());
            for digest in archive.add(std::slice::from_ref(&member), progress)? {
                rows.push(RecordRow::new(name, &digest, member.source.size()));
            }
        } else if let Some(digest) = plan.digests.get(name) {
            archive.copy(wheel.archive(), member, progress)?;
            rows.push(RecordRow::new(name, digest, member.size));
        }
    }
    rows.push(RecordRow::unhashed(record.clone()));
    archive.add(&[text(&record, Record { rows }.to_string())], progress)?;
    archive.finish()?;
    let measured = measure(&mut pending, path)?;
    Ok((pending, measured))
}
