//! Software bills of materials that come with a payload (PEP 770): told by their names, as CycloneDX and SPDX recommend
//! them. Nobody reads them here.

use std::path::Path;

use super::error::PayloadError;
use super::found::{Found, WheelPart};
use super::name;
use crate::fs::{FsError, Mode, open_regular};
use crate::wheel::sbom::ends;

/// Those that lie beside a payload and are named by it: `rg.tar.gz.cdx.json` beside `rg.tar.gz`. A directory may stand
/// beside one too.
pub(super) fn beside(payload: &Path) -> Result<Vec<Found>, PayloadError> {
    let Some(file_name) = payload.file_name() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for end in ends() {
        let mut name = file_name.to_owned();
        name.push(end);
        let source = payload.with_file_name(&name);
        let Ok(metadata) = std::fs::metadata(&source) else { continue };
        if !metadata.is_file() {
            continue;
        }
        open_regular(&source).map_err(FsError::read(&source))?;
        let Some(path) = name::path(payload, name.as_encoded_bytes())? else { continue };
        found.push(Found {
            path,
            source,
            size: metadata.len(),
            mode: Mode::Data,
            part: WheelPart::Sboms,
            is_link: false,
        });
    }
    Ok(found)
}
