//! What is wrong with an SBOM file (CycloneDX 1.2 to 1.7 as JSON; SPDX 2.x as JSON, 3.x as JSON-LD). That it is of the
//! format that its name claims is an error where it fails; everything else about it is a flaw.

use std::collections::HashSet;

use serde::de::DeserializeOwned;

use super::names::SbomFormat;
use super::shape::{CycloneDx, Head, Spdx};

const CYCLONEDX_VERSIONS: [&str; 6] = ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];
const SPDX_VERSIONS: [&str; 4] = ["SPDX-2.0", "SPDX-2.1", "SPDX-2.2", "SPDX-2.3"];
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
const MAX_SHOWN: usize = 120;
/// Links into another document.
const BOM_LINK: &str = "urn:cdx:";

/// A file that is not what its name says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SbomError {
    #[error("the file is not JSON: line {line}, column {column}")]
    Json { line: usize, column: usize },
    #[error("the file is not a CycloneDX document: `bomFormat` is not `CycloneDX`")]
    NotCycloneDx,
    #[error("the file is not a CycloneDX document: it has no `specVersion`")]
    NoSpecVersion,
    #[error("the file is not an SPDX document: it has neither `spdxVersion` nor the context of SPDX 3")]
    NotSpdx,
}

/// Looks at an SBOM file that claims to be of `format`; returns its flaws.
pub fn validate(format: SbomFormat, text: &[u8]) -> Result<Vec<String>, SbomError> {
    let plain = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let head = match serde_json::from_slice::<Head>(plain) {
        Ok(head) if plain.trim_ascii_start().starts_with(b"{") => head,
        Err(error) if !error.is_data() => {
            return Err(SbomError::Json { line: error.line(), column: error.column() });
        }
        // JSON of another shape: no object, or one whose members are no texts.
        _ => match format {
            SbomFormat::CycloneDx => return Err(SbomError::NotCycloneDx),
            SbomFormat::Spdx => return Err(SbomError::NotSpdx),
        },
    };
    let mut flaws = match format {
        SbomFormat::CycloneDx => cyclonedx(head, plain)?,
        SbomFormat::Spdx => spdx(head, plain)?,
    };
    if plain.len() < text.len() {
        flaws.push("the file begins with a byte order mark, which JSON must not have".to_owned());
    }
    Ok(flaws)
}

/// All of the document, or the flaw that its members are of other kinds than the specification's.
fn whole<T: DeserializeOwned>(text: &[u8]) -> Result<T, Vec<String>> {
    serde_json::from_slice(text).map_err(|error| {
        vec![format!("line {}, column {} is not as the specification has it", error.line(), error.column())]
    })
}

fn cyclonedx(head: Head, text: &[u8]) -> Result<Vec<String>, SbomError> {
    if head.bom_format.as_deref() != Some("CycloneDX") {
        return Err(SbomError::NotCycloneDx);
    }
    let version = head.spec_version.ok_or(SbomError::NoSpecVersion)?;
    let mut flaws = Vec::new();
    if !CYCLONEDX_VERSIONS.contains(&version.as_str()) {
        let version = shortened(&version);
        flaws.push(format!("`specVersion` is `{version}`, which is no version of CycloneDX that is known as JSON"));
    }
    let document: CycloneDx = match whole(text) {
        Ok(document) => document,
        Err(flaw) => return Ok([flaws, flaw].concat()),
    };
    let mut components = document.components.unwrap_or_default();
    components.merge(document.metadata.unwrap_or_default().component.unwrap_or_default().0);
    let services = document.services.unwrap_or_default();
    lack(&mut flaws, components.unnamed, "component", "has no `name`", "have no `name`");
    lack(&mut flaws, components.untyped, "component", "has no `type`", "have no `type`");
    lack(&mut flaws, services.unnamed, "service", "has no `name`", "have no `name`");
    let mut known = HashSet::new();
    let references = components.references.iter().chain(&services.references);
    let repeated: Vec<&String> = references.filter(|reference| !known.insert(reference.as_str())).collect();
    if let Some(first) = repeated.first() {
        let first = shortened(first);
        flaws.push(format!("`bom-ref` `{first}` stands twice{}", and_more(repeated.len() - 1)));
    }
    let named = document.dependencies.unwrap_or_default().names;
    let is_unknown = |name: &&String| !known.contains(name.as_str()) && !name.starts_with(BOM_LINK);
    let unknown: Vec<&String> = named.iter().filter(is_unknown).collect();
    if let Some(first) = unknown.first() {
        let (first, more) = (shortened(first), and_more(unknown.len() - 1));
        flaws.push(format!("`dependencies` name `{first}`, which is no `bom-ref` of the document{more}"));
    }
    Ok(flaws)
}

fn spdx(head: Head, text: &[u8]) -> Result<Vec<String>, SbomError> {
    let Some(version) = head.spdx_version else {
        let is_third = head.context.is_some_and(|context| context.is_spdx) && head.graph.is_some();
        return if is_third { Ok(Vec::new()) } else { Err(SbomError::NotSpdx) };
    };
    let mut flaws = Vec::new();
    if !SPDX_VERSIONS.contains(&version.as_str()) {
        let version = shortened(&version);
        flaws.push(format!("`spdxVersion` is `{version}`, which is no version of SPDX that is known as JSON"));
    }
    let document: Spdx = match whole(text) {
        Ok(document) => document,
        Err(flaw) => return Ok([flaws, flaw].concat()),
    };
    if document.id.as_deref() != Some("SPDXRef-DOCUMENT") {
        flaws.push("`SPDXID` of the document is not `SPDXRef-DOCUMENT`".to_owned());
    }
    let members = [
        ("name", document.name.is_some()),
        ("documentNamespace", document.document_namespace.is_some()),
        ("dataLicense", document.data_license.is_some()),
        ("creationInfo", document.creation_info.is_some()),
    ];
    flaws.extend(members.iter().filter(|(_, there)| !there).map(|(name, _)| format!("there is no `{name}`")));
    if document.creation_info.is_some_and(|info| info.created.is_none() || info.creators.is_none()) {
        flaws.push("`creationInfo` does not say when and by whom (`created`, `creators`)".to_owned());
    }
    let packages = document.packages.unwrap_or_default();
    lack(&mut flaws, packages.unnamed, "package", "has no `name`", "have no `name`");
    let identified = packages.references.len();
    lack(&mut flaws, packages.count - identified, "package", "has no `SPDXID`", "have no `SPDXID`");
    let mut known = HashSet::new();
    let repeated: Vec<&String> =
        packages.references.iter().filter(|reference| !known.insert(reference.as_str())).collect();
    if let Some(first) = repeated.first() {
        let first = shortened(first);
        flaws.push(format!("`SPDXID` `{first}` stands twice{}", and_more(repeated.len() - 1)));
    }
    Ok(flaws)
}

fn lack(flaws: &mut Vec<String>, count: usize, what: &str, one: &str, many: &str) {
    match count {
        0 => {}
        1 => flaws.push(format!("1 {what} {one}")),
        _ => flaws.push(format!("{count} {what}s {many}")),
    }
}

fn and_more(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" (and {count} more)") }
}

/// As much of a name out of the file as a message can bear.
fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
