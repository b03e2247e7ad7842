//! The list of its dependencies that a program carries: what `cargo auditable` and the Go toolchain leave in it. Formats
//! of SBOM files are not read here; `wheel::sbom` makes one of a list.

mod auditable;
mod error;
mod go;
mod image;
mod list;

pub(crate) use error::DependencyError;
#[cfg(test)]
pub(crate) use list::Root;
pub(crate) use list::{Dependency, DependencyList, DependencySource, GoTarget, ListOrigin, Scope};

use self::image::Image;
use super::sparse::Bytes;

/// The list inside a binary; `None` where it has none. A fat Mach-O file gives one list of what any of its slices has, for
/// all of them are shipped.
///
/// A program can carry both lists, where one language is linked into the other; that of `cargo auditable` is read then.
pub(super) fn read(bytes: Bytes<'_>) -> Option<Result<DependencyList, DependencyError>> {
    let lists = image::slices(bytes).into_iter().filter_map(|slice| of_image(&Image::parse(slice)?));
    lists.reduce(|one, other| Ok(one?.united(other?)))
}

fn of_image(image: &Image<'_>) -> Option<Result<DependencyList, DependencyError>> {
    auditable::read(image).or_else(|| go::read(image))
}

#[cfg(test)]
mod tests;
