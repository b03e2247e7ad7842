//! How loaders look for a needed library: glibc's (ld.so(8), "DT_RPATH", "DT_RUNPATH" and "Dynamic string tokens"), musl's,
//! and dyld (dyld(1)). Of places outside the wheel nothing is known here.

use super::facts::{Details, Kind, Libc, Slice};
use super::{layout, libc};
use crate::member_path;

/// How many run paths of a file are followed. No real file has more.
const MAX_PATHS: usize = 512;

/// A file that is loaded.
#[derive(Debug, Clone)]
pub(super) struct Image<'a> {
    /// Where it lies once it is installed.
    pub(crate) directory: String,
    pub(crate) slice: &'a Slice,
    /// Of an ELF file, what each run path that begins in its own directory can mean.
    paths: Vec<Vec<String>>,
}

impl<'a> Image<'a> {
    pub(crate) fn of(member: &str, slice: &'a Slice) -> Self {
        let installed = layout::installed(member);
        let mut image = Self { directory: member_path::parent(&installed).to_owned(), slice, paths: Vec::new() };
        if matches!(slice.details, Details::Elf(_)) {
            let paths = slice.run_paths.iter().take(MAX_PATHS);
            image.paths = paths.filter_map(|path| image.meant(path)).collect();
        }
        image
    }

    /// What a path that begins in the directory of an ELF file can mean on the systems of its architecture.
    fn meant(&self, path: &str) -> Option<Vec<String>> {
        let rest = ORIGINS.iter().find_map(|origin| path.strip_prefix(origin))?;
        if !rest.is_empty() && !rest.starts_with('/') {
            return None;
        }
        if !rest.contains('$') {
            return Some(vec![layout::join(&self.directory, rest)?]);
        }
        let architecture = self.slice.machine.architecture();
        let mut meant = vec![rest.to_owned()];
        for (token, values) in [
            ("LIB", architecture.map(|it| libc::library_directories(it).to_vec())),
            ("PLATFORM", architecture.map(|it| libc::platforms(it).to_vec())),
        ] {
            for spelling in [format!("${{{token}}}"), format!("${token}")] {
                if rest.contains(&spelling) {
                    let values = values.as_deref().unwrap_or_default();
                    let each =
                        |path: &String| values.iter().map(|value| path.replace(&spelling, value)).collect::<Vec<_>>();
                    meant = meant.iter().flat_map(each).collect();
                }
            }
        }
        meant.iter().map(|path| layout::join(&self.directory, path)).collect()
    }
}

/// The directory in which the loader finds `library`. `chain` leads from the file that needs it to the one that was loaded
/// first; `holds` says whether a directory has a library of that name.
pub(super) fn find(chain: &[&Image<'_>], library: &str, mut holds: impl FnMut(&str, &str) -> bool) -> Option<String> {
    let (needing, first) = (chain.first()?, chain.last()?);
    let (directory, name) = library.rsplit_once('/').unwrap_or(("", library));
    // A path whose tokens mean something else elsewhere is relied on where all that they mean leads there.
    let mut holds_all = |place: &[String]| !place.is_empty() && place.iter().all(|one| holds(one, name));
    match &needing.slice.details {
        Details::Pe(_) => Some(needing.directory.clone()).filter(|own| holds(own, name)),
        Details::MachO(_) => {
            // The name of a program's own directory means nothing where Python is the program.
            let program = (first.slice.kind == Kind::Executable).then_some(*first);
            let Some(rest) = directory.strip_prefix("@rpath") else {
                return of_dyld(needing, program, directory).filter(|place| holds(place, name));
            };
            let mut paths = chain
                .iter()
                .flat_map(|image| image.slice.run_paths.iter().take(MAX_PATHS).map(move |path| (image, path)));
            paths.find_map(|(image, path)| {
                of_dyld(image, program, &format!("{path}{rest}")).filter(|place| holds(place, name))
            })
        }
        // A name with a slash is a path from the working directory, which is anywhere; musl knows no tokens in it.
        Details::Elf(_) if library.contains('/') => {
            let meant = needing.meant(directory).filter(|_| !is_musl(chain))?;
            holds_all(&meant).then(|| meant.into_iter().next())?
        }
        Details::Elf(_) => {
            let mut places = elf_places(chain);
            places.find(|place| holds_all(place))?.first().cloned()
        }
    }
}

fn of_dyld(image: &Image<'_>, program: Option<&Image<'_>>, path: &str) -> Option<String> {
    let (base, rest) = match path.strip_prefix("@loader_path") {
        Some(rest) => (image, rest),
        None => (program?, path.strip_prefix("@executable_path")?),
    };
    (rest.is_empty() || rest.starts_with('/')).then(|| layout::join(&base.directory, rest))?
}

fn is_musl(chain: &[&Image<'_>]) -> bool {
    chain.iter().any(|image| image.slice.libc == Some(Libc::Musl))
}

/// What the run paths that serve the first file of a chain can mean.
fn elf_places<'a>(chain: &'a [&Image<'_>]) -> impl Iterator<Item = &'a [String]> {
    let is_musl = is_musl(chain);
    let is_rpath = |slice: &Slice| matches!(&slice.details, Details::Elf(elf) if elf.is_rpath);
    // glibc asks those before only where the file has no path of the newer kind.
    let inherits = chain.first().is_some_and(|needing| needing.slice.run_paths.is_empty() || is_rpath(needing.slice));
    let serving = chain.iter().enumerate().filter(move |(distance, image)| match is_musl {
        // A token that musl does not know makes it pass over all paths of the file.
        true => image.slice.run_paths.iter().take(MAX_PATHS).all(|path| has_origin_alone(path)),
        false => *distance == 0 || inherits && is_rpath(image.slice),
    });
    serving.flat_map(|(_, image)| image.paths.iter().map(Vec::as_slice))
}

const ORIGINS: [&str; 2] = ["$ORIGIN", "${ORIGIN}"];

fn has_origin_alone(path: &str) -> bool {
    !ORIGINS.iter().fold(path.to_owned(), |rest, origin| rest.replace(origin, "")).contains('$')
}
