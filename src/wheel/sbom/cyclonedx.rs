//! A list of dependencies as a CycloneDX document ("CycloneDX Specification" 1.5, JSON). No serial number and no time: the
//! same program gives the same bytes on every machine.

use std::collections::HashSet;

use packageurl::PackageUrl;
use serde::Serialize;

use crate::binary::{Dependency, DependencyList, DependencySource, ListOrigin, Scope};
use crate::version::PublicVersion;

/// An SBOM of one program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sbom {
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: Metadata,
    components: Vec<Component>,
    dependencies: Vec<Needs>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Metadata {
    /// The program was built before, elsewhere: what is known of it stands inside it.
    lifecycles: [Lifecycle; 1],
    tools: Tools,
    component: Component,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Lifecycle {
    phase: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Tools {
    components: [Component; 1],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Component {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    name: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Needs {
    r#ref: String,
    depends_on: Vec<String>,
}

impl Sbom {
    /// `name` and `version` are those of the release: what the list says of the program itself is often another's
    /// (`ripgrep` for `rg`) or nobody's (`(devel)`), and stands among the properties.
    pub(crate) fn of_program(name: &str, version: &PublicVersion, list: &DependencyList) -> Self {
        let mut references = References::default();
        let program = references.take(format!("{name}@{version}"));
        let purls: Vec<_> = list.dependencies.iter().map(|dependency| purl(dependency, &list.origin)).collect();
        let named = list.dependencies.iter().zip(&purls).map(|(dependency, purl)| {
            references.take(purl.clone().unwrap_or_else(|| format!("{}@{}", dependency.name, dependency.version)))
        });
        let named: Vec<String> = named.collect();
        let needs = |of: &String, places: &std::collections::BTreeSet<usize>| Needs {
            r#ref: of.clone(),
            depends_on: places.iter().filter_map(|place| named.get(*place).cloned()).collect(),
        };
        let mut dependencies = vec![needs(&program, &list.direct)];
        // Of Go's modules nobody says what they need, which is not to say that they need nothing.
        if list.origin == ListOrigin::CargoAuditable {
            let each = named.iter().zip(&list.dependencies);
            dependencies.extend(each.map(|(of, dependency)| needs(of, &dependency.dependencies)));
        }
        let component = |((dependency, purl), reference): ((&Dependency, Option<String>), &String)| Component {
            kind: "library",
            reference: Some(reference.clone()),
            name: dependency.name.clone(),
            version: dependency.version.clone(),
            scope: Some(match dependency.scope {
                Scope::Runtime => "required",
                Scope::Build => "excluded",
            }),
            purl,
            properties: properties(dependency),
        };
        Self {
            bom_format: "CycloneDX",
            spec_version: "1.5",
            version: 1,
            metadata: Metadata {
                lifecycles: [Lifecycle { phase: "post-build" }],
                tools: Tools { components: [relkit()] },
                component: Component {
                    kind: "application",
                    reference: Some(program),
                    name: name.to_owned(),
                    version: version.to_string(),
                    scope: None,
                    purl: None,
                    properties: program_properties(list),
                },
            },
            components: list.dependencies.iter().zip(purls).zip(&named).map(component).collect(),
            dependencies,
        }
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

fn relkit() -> Component {
    Component {
        kind: "application",
        reference: None,
        name: "relkit".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scope: None,
        purl: None,
        properties: Vec::new(),
    }
}

fn program_properties(list: &DependencyList) -> Vec<Property> {
    let mut properties = Vec::new();
    let mut add = |name, value: String| properties.push(Property { name, value });
    match &list.origin {
        ListOrigin::CargoAuditable => add("relkit:list", "cargo-auditable".to_owned()),
        ListOrigin::Go { toolchain, .. } => {
            add("relkit:list", "Go build information".to_owned());
            add("relkit:go-toolchain", toolchain.clone());
        }
    }
    if let Some(root) = &list.root {
        add("relkit:root", format!("{} {}", root.name, root.version));
    }
    properties
}

fn properties(dependency: &Dependency) -> Vec<Property> {
    let mut properties = Vec::new();
    if dependency.scope == Scope::Build {
        properties.push(Property { name: "cdx:rustc:dependency_kind", value: "build".to_owned() });
    }
    // No hash of CycloneDX: it is a digest of a list of digests, which no file has.
    if let Some(sum) = &dependency.go_sum {
        properties.push(Property { name: "relkit:go-sum", value: sum.clone() });
    }
    properties
}

/// A package URL as the registries of names know it. A list says that a package is from elsewhere, not from where: the
/// qualifier then only keeps it from being taken for the public package of that name, as the tools of cargo-auditable do.
fn purl(dependency: &Dependency, origin: &ListOrigin) -> Option<String> {
    let (namespace, name) = match origin {
        ListOrigin::CargoAuditable => (None, dependency.name.as_str()),
        ListOrigin::Go { .. } => match dependency.name.rsplit_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, dependency.name.as_str()),
        },
    };
    let kind = if *origin == ListOrigin::CargoAuditable { "cargo" } else { "golang" };
    let mut purl = PackageUrl::new(kind, name).ok()?;
    if let Some(namespace) = namespace {
        purl.with_namespace(namespace).ok()?;
    }
    if !dependency.version.is_empty() {
        purl.with_version(dependency.version.as_str()).ok()?;
    }
    let qualifier = match dependency.source {
        DependencySource::Public => None,
        DependencySource::Registry => Some("repository_url"),
        DependencySource::Git => Some("vcs_url"),
        DependencySource::Local | DependencySource::Other => Some("download_url"),
    };
    if let Some(qualifier) = qualifier {
        purl.add_qualifier(qualifier, "redacted").ok()?;
    }
    Some(purl.to_string())
}

/// References of one document, each given once.
#[derive(Default)]
struct References {
    taken: HashSet<String>,
}

impl References {
    fn take(&mut self, wanted: String) -> String {
        if self.taken.insert(wanted.clone()) {
            return wanted;
        }
        // Each repetition of one name would count from the beginning; the number of all that are taken is free or nearly.
        let free = (self.taken.len()..).map(|number| format!("{wanted}#{number}"));
        let free = free.into_iter().find(|name| self.taken.insert(name.clone()));
        free.unwrap_or(wanted)
    }
}
