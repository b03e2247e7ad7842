//! How loaders look for a needed library: glibc's (ld.so(8), "DT_RPATH", "DT_RUNPATH" and "Dynamic string tokens"), musl's,
//! and dyld (dyld(1)). Of places outside the wheel nothing is known here.

use super::facts::{Details, Kind, Libc, Slice};
use super::{layout, libc};

/// A file that is loaded.
#[derive(Debug, Clone)]
pub(super) struct Image<'a> {
    /// Where it lies once it is installed.
    pub directory: String,
    pub slice: &'a Slice,
}

impl<'a> Image<'a> {
    pub fn of(member: &str, slice: &'a Slice) -> Self {
        let installed = layout::installed(member);
        Self { directory: crate::member_path::parent(&installed).to_owned(), slice }
    }
}

/// The directory in which the loader finds `library`. `chain` leads from the file that needs it to the one that was loaded
/// first; `holds` says whether a directory has a library of that name.
pub(super) fn find(
    chain: &[&Image<'_>],
    library: &str,
    mut holds: impl FnMut(&str, &str) -> bool,
) -> Option<String> {
    let (needing, first) = (chain.first()?, chain.last()?);
    let (directory, name) = library.rsplit_once('/').unwrap_or(("", library));
    let mut places = match &needing.slice.details {
        Details::Pe(_) => vec![vec![needing.directory.clone()]],
        Details::MachO(_) => {
            // The name of a program's own directory means nothing where Python is the program.
            let program = (first.slice.kind == Kind::Executable).then_some(*first);
            match directory.strip_prefix("@rpath") {
                Some(rest) => {
                    let of_one = |image: &&Image<'_>| {
                        let paths = image.slice.run_paths.iter().map(|path| format!("{path}{rest}"));
                        let base = (*image).clone();
                        paths.filter_map(move |path| of_dyld(&base, program, &path)).collect::<Vec<_>>()
                    };
                    chain.iter().flat_map(of_one).map(|place| vec![place]).collect()
                }
                None => of_dyld(needing, program, directory).into_iter().map(|place| vec![place]).collect(),
            }
        }
        // A name with a slash is a path from the working directory, which is anywhere; musl knows no tokens in it.
        Details::Elf(_) if library.contains('/') => match is_musl(chain) {
            true => Vec::new(),
            false => of_glibc(needing, directory).into_iter().collect(),
        },
        Details::Elf(_) => elf_paths(chain),
    };
    // A path whose tokens mean something else elsewhere is relied on where all that they mean leads there.
    let found = places.iter_mut().find(|place| !place.is_empty() && place.iter().all(|one| holds(one, name)))?;
    Some(found.swap_remove(0))
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

fn elf_paths(chain: &[&Image<'_>]) -> Vec<Vec<String>> {
    let Some((needing, others)) = chain.split_first() else { return Vec::new() };
    if is_musl(chain) {
        // Those of all, unless one holds a token that musl does not know: then the file counts as one without any.
        let paths = chain.iter().filter(|image| image.slice.run_paths.iter().all(|path| has_origin_alone(path)));
        return paths.flat_map(|image| image.slice.run_paths.iter().filter_map(|path| of_glibc(image, path))).collect();
    }
    // glibc asks those before only where the file has no path of the newer kind.
    let is_rpath = |slice: &Slice| matches!(&slice.details, Details::Elf(elf) if elf.is_rpath);
    let inherits = needing.slice.run_paths.is_empty() || is_rpath(needing.slice);
    let others = others.iter().filter(|image| inherits && is_rpath(image.slice));
    let serving = std::iter::once(needing).chain(others);
    serving.flat_map(|image| image.slice.run_paths.iter().filter_map(|path| of_glibc(image, path))).collect()
}

const ORIGINS: [&str; 2] = ["$ORIGIN", "${ORIGIN}"];

fn has_origin_alone(path: &str) -> bool {
    !ORIGINS.iter().fold(path.to_owned(), |rest, origin| rest.replace(origin, "")).contains('$')
}

/// What a run path can mean on the systems of one architecture.
fn of_glibc(image: &Image<'_>, path: &str) -> Option<Vec<String>> {
    let rest = ORIGINS.iter().find_map(|origin| path.strip_prefix(origin))?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    let architecture = image.slice.machine.architecture();
    let mut meant = vec![rest.to_owned()];
    for (token, values) in [
        ("LIB", architecture.map(|it| libc::library_directories(it).to_vec())),
        ("PLATFORM", architecture.map(|it| libc::platforms(it).to_vec())),
    ] {
        for spelling in [format!("${{{token}}}"), format!("${token}")] {
            if rest.contains(&spelling) {
                let values = values.as_deref().unwrap_or_default();
                let each = |path: &String| values.iter().map(|value| path.replace(&spelling, value)).collect::<Vec<_>>();
                meant = meant.iter().flat_map(each).collect();
            }
        }
    }
    meant.iter().map(|path| layout::join(&image.directory, path)).collect()
}
