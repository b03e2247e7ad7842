//! The section `.dep-v0`: zlib around JSON, as `cargo auditable` and other compilers' tools write it.
//!
//! The crate `auditable-serde` says what a package is. It is not asked for the list as a whole: to find circles it sorts
//! the graph in quadratic time, so that a hostile list would keep a check busy for hours, and nothing here minds a circle.

use std::collections::BTreeSet;
use std::io::Read as _;

use auditable_serde::{DependencyKind, Package};
use flate2::bufread::ZlibDecoder;
use serde::Deserialize;

use super::error::DependencyError;
use super::image::Image;
use super::list::{Dependency, DependencyList, DependencySource, ListOrigin, Root, Scope};

#[derive(Deserialize)]
struct Packages {
    packages: Vec<Package>,
}

pub(super) fn read(image: &Image<'_>) -> Option<Result<DependencyList, DependencyError>> {
    image.section(".dep-v0").map(|section| unpacked(section.bytes).and_then(|text| parse(&text)))
}

fn unpacked(section: &[u8]) -> Result<Vec<u8>, DependencyError> {
    // A section may be filled up with zeros; zlib data says where it ends.
    let limit = DependencyError::MAX_TEXT.min(section.len().saturating_mul(DependencyError::MAX_RATIO));
    let mut text = Vec::new();
    let mut decoder = ZlibDecoder::new(section).take(limit as u64 + 1);
    decoder.read_to_end(&mut text).map_err(|_| DependencyError::Compression)?;
    if text.len() > limit { Err(DependencyError::Bomb) } else { Ok(text) }
}

pub(super) fn parse(text: &[u8]) -> Result<DependencyList, DependencyError> {
    let Packages { packages } = serde_json::from_slice(text)
        .map_err(|error| DependencyError::Json { line: error.line(), column: error.column() })?;
    let root = packages.iter().position(|package| package.root);
    if packages.iter().filter(|package| package.root).count() > 1 {
        return Err(DependencyError::Roots);
    }
    // The places move up by one behind the root, which is not one of the dependencies.
    let place = |package: usize| match root {
        Some(root) if package == root => None,
        Some(root) if package > root => Some(package - 1),
        _ => Some(package),
    };
    let count = packages.len();
    // Without a root, the program is taken to need what nothing else needs.
    let mut direct: BTreeSet<usize> = (0..count).collect();
    packages.iter().flat_map(|package| &package.dependencies).for_each(|needed| {
        direct.remove(needed);
    });
    let mut list = DependencyList {
        origin: ListOrigin::CargoAuditable,
        root: None,
        dependencies: Vec::with_capacity(count),
        direct,
    };
    for (number, package) in packages.into_iter().enumerate() {
        if package.dependencies.iter().any(|needed| *needed >= count) {
            return Err(DependencyError::Index(number));
        }
        let needed = package.dependencies.iter().copied().filter_map(place).collect();
        let version = package.version.to_string();
        if Some(number) == root {
            list.root = Some(Root { name: package.name, version });
            list.direct = needed;
            continue;
        }
        list.dependencies.push(Dependency {
            name: package.name,
            version,
            source: source(&package.source),
            scope: match package.kind {
                DependencyKind::Build => Scope::Build,
                DependencyKind::Runtime => Scope::Runtime,
            },
            go_sum: None,
            dependencies: needed,
        });
    }
    Ok(list)
}

fn source(source: &auditable_serde::Source) -> DependencySource {
    match source {
        auditable_serde::Source::CratesIo => DependencySource::Public,
        auditable_serde::Source::Registry => DependencySource::Registry,
        auditable_serde::Source::Git => DependencySource::Git,
        auditable_serde::Source::Local => DependencySource::Local,
        _ => DependencySource::Other,
    }
}
