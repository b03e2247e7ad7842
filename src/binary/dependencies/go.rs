//! The build information that the Go toolchain leaves in every program (the package `debug/buildinfo`): a magic number
//! among the writable data, and behind it the toolchain's version and the table of modules.

use memchr::memmem;

use super::error::DependencyError;
use super::image::{Area, Image};
use super::list::{Dependency, DependencyList, DependencySource, GoTarget, ListOrigin, Root, Scope};

const MAGIC: &[u8] = b"\xff Go buildinf:";
const ALIGNMENT: u64 = 16;
/// The magic number, the size of a pointer, flags.
const HEADER: usize = 32;
const BIG_ENDIAN: u8 = 1;
/// The strings stand behind the header, as they do since Go 1.18.
const INLINE: u8 = 2;
/// `go1.25.1`, or a sentence about a development version.
const MAX_TOOLCHAIN: usize = 256;
/// What stands before and behind the table, so that it is found in memory.
const SENTINEL: usize = 16;

pub(super) fn read(image: &Image<'_>) -> Option<Result<DependencyList, DependencyError>> {
    let header = header(image)?;
    Some(strings(image, header).and_then(|(toolchain, modules)| parse(&toolchain, &modules)))
}

/// The magic number may also be a constant of a program that reads build information, as of this one: it counts in the
/// section of its own, or among writable data where that has no name of its own.
fn header<'data>(image: &Image<'data>) -> Option<&'data [u8]> {
    let named = [".go.buildinfo", "__go_buildinfo"].into_iter().find_map(|name| image.section(name));
    if let Some(area) = named {
        return aligned(area);
    }
    let unnamed = image.is_pe() || !image.has_sections();
    unnamed.then(|| image.writable_data().find_map(aligned)).flatten()
}

fn aligned(area: Area<'_>) -> Option<&[u8]> {
    let mut found = memmem::find_iter(area.bytes, MAGIC);
    let is_aligned = |at: &usize| area.address.wrapping_add(*at as u64).is_multiple_of(ALIGNMENT);
    found.find(is_aligned).map(|at| &area.bytes[at..])
}

/// The toolchain's version and the table of modules, without what stands around it.
fn strings(image: &Image<'_>, header: &[u8]) -> Result<(String, String), DependencyError> {
    let truncated = DependencyError::GoTruncated;
    let (Some(&pointer_size), Some(&flags), Some(inline)) =
        (header.get(MAGIC.len()), header.get(MAGIC.len() + 1), header.get(HEADER..))
    else {
        return Err(truncated);
    };
    let pair = if flags & INLINE != 0 {
        inline_string(inline).and_then(|(toolchain, rest)| Some((toolchain, inline_string(rest)?.0)))
    } else {
        let pointers = Pointers { image, size: pointer_size.into(), big_endian: flags & BIG_ENDIAN != 0 };
        pointers.string(header, 16).zip(pointers.string(header, 16 + usize::from(pointer_size)))
    };
    let (toolchain, modules) = pair.ok_or(truncated)?;
    // Without its sentinels it is none, and the program was built without modules.
    let inner = modules.len().checked_sub(2 * SENTINEL).and_then(|_| {
        let inner = modules.get(SENTINEL..modules.len() - SENTINEL)?;
        (inner.last() == Some(&b'\n')).then_some(inner)
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((text(toolchain), text(inner.unwrap_or_default())))
}

/// A string with its length before it, seven bits a byte.
fn inline_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_u64;
    for (place, &byte) in bytes.iter().take(9).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return bytes.get(place + 1..)?.split_at_checked(usize::try_from(length).ok()?);
        }
    }
    None
}

/// Before Go 1.18: addresses of two string headers, each an address and a length.
struct Pointers<'image, 'data> {
    image: &'image Image<'data>,
    size: usize,
    big_endian: bool,
}

impl<'data> Pointers<'_, 'data> {
    fn word(&self, bytes: &[u8], at: usize) -> Option<u64> {
        let raw = bytes.get(at..at.checked_add(self.size)?)?;
        let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        match self.size {
            4 | 8 if self.big_endian => Some(raw.iter().fold(0, fold)),
            4 | 8 => Some(raw.iter().rev().fold(0, fold)),
            _ => None,
        }
    }

    fn string(&self, header: &[u8], at: usize) -> Option<&'data [u8]> {
        let string = self.image.at(self.word(header, at)?)?;
        let length = usize::try_from(self.word(string, self.size)?).ok()?;
        match length {
            0 => Some(&[]),
            _ => self.image.at(self.word(string, 0)?)?.get(..length),
        }
    }
}

/// Rows of columns: `path`, `mod`, `dep`, `=>` (what the module above was replaced by), `build`.
pub(super) fn parse(toolchain: &str, modules: &str) -> Result<DependencyList, DependencyError> {
    if toolchain.is_empty() || toolchain.len() > MAX_TOOLCHAIN {
        return Err(DependencyError::GoToolchain);
    }
    let mut list = DependencyList {
        origin: ListOrigin::Go { toolchain: toolchain.to_owned(), target: target(modules) },
        root: None,
        dependencies: Vec::new(),
        direct: Default::default(),
    };
    let mut last = Last::Nothing;
    for (number, row) in modules.lines().enumerate() {
        let mut columns = row.split('\t');
        let kind = columns.next().unwrap_or_default();
        if !matches!(kind, "mod" | "dep" | "=>") {
            continue;
        }
        let malformed = DependencyError::GoRow(number + 1);
        let (Some(path), Some(version), sum) = (columns.next(), columns.next(), columns.next()) else {
            return Err(malformed);
        };
        if path.is_empty() {
            return Err(malformed);
        }
        let sum = sum.filter(|sum| !sum.is_empty()).map(str::to_owned);
        match (kind, last) {
            ("mod", _) => {
                list.root = Some(Root { name: path.to_owned(), version: version.to_owned() });
                last = Last::Root;
            }
            ("dep", _) => {
                list.dependencies.push(Dependency {
                    name: path.to_owned(),
                    version: version.to_owned(),
                    source: DependencySource::Public,
                    scope: Scope::Runtime,
                    go_sum: sum,
                    dependencies: Default::default(),
                });
                last = Last::Dependency;
            }
            (_, Last::Dependency) => {
                if let Some(replaced) = list.dependencies.last_mut() {
                    replace(replaced, path, version, sum);
                }
                last = Last::Nothing;
            }
            (_, Last::Root) => last = Last::Nothing,
            (_, Last::Nothing) => return Err(malformed),
        }
    }
    list.direct = (0..list.dependencies.len()).collect();
    Ok(list)
}

/// What the settings of the build say, a row each: `build`, then `GOARM=6,softfloat` or its like.
fn target(modules: &str) -> GoTarget {
    let mut target = GoTarget::default();
    for (name, value) in modules.lines().filter_map(|row| row.strip_prefix("build\t")?.split_once('=')) {
        match name {
            "GOOS" => target.system = Some(value.to_owned()),
            "GOARM" => target.arm = value.split(',').next().and_then(|version| version.parse().ok()),
            _ => {}
        }
    }
    target
}

/// What a row of replacement is about.
#[derive(Clone, Copy)]
enum Last {
    Nothing,
    Root,
    Dependency,
}

/// A directory of the build machine says nothing to others: the module keeps its name, and is no longer the public one.
fn replace(dependency: &mut Dependency, path: &str, version: &str, sum: Option<String>) {
    dependency.go_sum = sum;
    let is_directory = path.starts_with(['.', '/', '\\']) || path.get(1..2) == Some(":");
    if is_directory {
        dependency.source = DependencySource::Local;
    } else {
        (dependency.name, dependency.version) = (path.to_owned(), version.to_owned());
    }
}
