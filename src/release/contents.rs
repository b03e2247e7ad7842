//! What a wheel holds that a release's page shows: its SBOMs, with how much they list.

use crate::report::SbomRow;
use crate::wheel::info;
use crate::wheel::reader::{MAX_TEXT, Wheel, WheelError};
use crate::wheel::sbom::components;

/// The components that are named, of as many as there may be.
const MAX_NAMED: usize = 2000;

/// Every file in `.dist-info/sboms/`, in the order of the archive.
pub(super) fn sboms(wheel: &Wheel) -> Result<Vec<SbomRow>, WheelError> {
    let directory = format!("{}/{}", wheel.dist_info(), info::SBOMS);
    let mut rows = Vec::new();
    for member in wheel.files() {
        let Some(file) = member.name.strip_prefix(&directory) else { continue };
        let components = match member.size <= MAX_TEXT {
            true => components(&wheel.read(member, MAX_TEXT)?),
            false => None,
        };
        let named = components.iter().flatten().take(MAX_NAMED).cloned().collect();
        rows.push(SbomRow { file: file.to_owned(), components: components.map(|all| all.len()), names: named });
    }
    Ok(rows)
}
