//! What is wrong with an SBOM file (CycloneDX 1.2 to 1.7 as JSON; SPDX 2.x as JSON, 3.x as JSON-LD). That it is of the
//! format that its name claims is an error where it fails; everything else about it is a flaw. Only what is needed for an
//! answer is kept of a file, so that its size bounds the memory.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::names::SbomFormat;

const CYCLONEDX_VERSIONS: [&str; 6] = ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];
const SPDX_VERSIONS: [&str; 4] = ["SPDX-2.0", "SPDX-2.1", "SPDX-2.2", "SPDX-2.3"];
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
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

/// What tells the formats apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    bom_format: Option<String>,
    spec_version: Option<String>,
    spdx_version: Option<String>,
    #[serde(rename = "@context")]
    context: Option<Context>,
    #[serde(rename = "@graph")]
    graph: Option<IgnoredAny>,
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
        flaws.push(format!("`bom-ref` `{first}` stands twice{}", and_more(repeated.len() - 1)));
    }
    let named = document.dependencies.unwrap_or_default().names;
    let is_unknown = |name: &&String| !known.contains(name.as_str()) && !name.starts_with(BOM_LINK);
    let unknown: Vec<&String> = named.iter().filter(is_unknown).collect();
    if let Some(first) = unknown.first() {
        let more = and_more(unknown.len() - 1);
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

#[derive(Deserialize)]
struct CycloneDx {
    metadata: Option<DocumentMetadata>,
    components: Option<Parts>,
    services: Option<Parts>,
    dependencies: Option<Edges>,
}

#[derive(Deserialize, Default)]
struct DocumentMetadata {
    component: Option<Single>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spdx {
    #[serde(rename = "SPDXID")]
    id: Option<String>,
    name: Option<IgnoredAny>,
    document_namespace: Option<IgnoredAny>,
    data_license: Option<IgnoredAny>,
    creation_info: Option<CreationInfo>,
    packages: Option<Parts>,
}

#[derive(Deserialize)]
struct CreationInfo {
    created: Option<IgnoredAny>,
    creators: Option<IgnoredAny>,
}

/// One component, service or package, with those inside it.
#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: Option<IgnoredAny>,
    name: Option<IgnoredAny>,
    #[serde(rename = "bom-ref", alias = "SPDXID")]
    reference: Option<String>,
    #[serde(alias = "services")]
    components: Option<Parts>,
}

/// A list of such parts, counted while it is read.
#[derive(Default)]
struct Parts {
    count: usize,
    unnamed: usize,
    untyped: usize,
    references: Vec<String>,
}

/// The one of the metadata.
#[derive(Deserialize, Default)]
#[serde(from = "Part")]
struct Single(Parts);

impl From<Part> for Single {
    fn from(part: Part) -> Self {
        let mut parts = Parts::default();
        parts.add(part);
        Self(parts)
    }
}

impl Parts {
    fn add(&mut self, part: Part) {
        self.count += 1;
        self.unnamed += usize::from(part.name.is_none());
        self.untyped += usize::from(part.kind.is_none());
        self.references.extend(part.reference);
        if let Some(inside) = part.components {
            self.merge(inside);
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.unnamed += other.unnamed;
        self.untyped += other.untyped;
        self.references.extend(other.references);
    }
}

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Parts;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of objects")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Parts, A::Error> {
                let mut parts = Parts::default();
                while let Some(part) = items.next_element()? {
                    parts.add(part);
                }
                Ok(parts)
            }
        }

        deserializer.deserialize_seq(Each)
    }
}

/// Every reference that `dependencies` make.
#[derive(Default)]
struct Edges {
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Edge {
    r#ref: String,
    depends_on: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for Edges {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let edges = Vec::<Edge>::deserialize(deserializer)?;
        let names = edges.into_iter().flat_map(|edge| edge.depends_on.into_iter().flatten().chain([edge.r#ref]));
        Ok(Self { names: names.collect() })
    }
}

/// The context of JSON-LD: an address, or a list with one.
struct Context {
    is_spdx: bool,
}

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Context;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a context of JSON-LD")
            }

            fn visit_str<E>(self, text: &str) -> Result<Context, E> {
                Ok(Context { is_spdx: text.contains("spdx.org/rdf/3") })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Context, A::Error> {
                let mut is_spdx = false;
                while let Some(context) = items.next_element::<Context>()? {
                    is_spdx |= context.is_spdx;
                }
                Ok(Context { is_spdx })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Context, A::Error> {
                while items.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Context { is_spdx: false })
            }
        }

        deserializer.deserialize_any(Any)
    }
}
