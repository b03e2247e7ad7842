//! What is read of an SBOM file: counts and references. Nothing else of it is kept, so that its size bounds the memory.

use std::fmt;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What tells the formats apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    pub(super) bom_format: Option<String>,
    pub(super) spec_version: Option<String>,
    pub(super) spdx_version: Option<String>,
    #[serde(rename = "@context")]
    pub(super) context: Option<Context>,
    #[serde(rename = "@graph")]
    pub(super) graph: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct CycloneDx {
    pub(super) metadata: Option<DocumentMetadata>,
    pub(super) components: Option<Parts>,
    pub(super) services: Option<Parts>,
    pub(super) dependencies: Option<Edges>,
}

#[derive(Deserialize, Default)]
pub(super) struct DocumentMetadata {
    pub(super) component: Option<Single>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spdx {
    #[serde(rename = "SPDXID")]
    pub(super) id: Option<String>,
    pub(super) name: Option<IgnoredAny>,
    pub(super) document_namespace: Option<IgnoredAny>,
    pub(super) data_license: Option<IgnoredAny>,
    pub(super) creation_info: Option<CreationInfo>,
    pub(super) packages: Option<Parts>,
}

#[derive(Deserialize)]
pub(super) struct CreationInfo {
    pub(super) created: Option<IgnoredAny>,
    pub(super) creators: Option<IgnoredAny>,
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
pub(super) struct Parts {
    pub(super) count: usize,
    pub(super) unnamed: usize,
    pub(super) untyped: usize,
    pub(super) references: Vec<String>,
}

/// The one of the metadata.
#[derive(Deserialize, Default)]
#[serde(from = "Part")]
pub(super) struct Single(pub(super) Parts);

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

    pub(super) fn merge(&mut self, other: Self) {
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
pub(super) struct Edges {
    pub(super) names: Vec<String>,
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
pub(super) struct Context {
    pub(super) is_spdx: bool,
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
