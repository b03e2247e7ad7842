//! What the oldest platform of a tag has: libraries and symbol versions per glibc floor and architecture (PEP 513, 571,
//! 599, 600), the libraries of musl platforms (PEP 656), of macOS and of Windows. Data with look-ups, no judgement.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use super::facts::VersionNeed;
use super::libc;
use crate::target::{Architecture, OsVersion};

/// Rows of `FLOOR ARCHITECTURE PREFIX VERSION...`; each floor also has what lower floors have.
const MANYLINUX_VERSIONS: &str = include_str!("policy/manylinux-versions.txt");

/// One lower-case file name per line.
const WINDOWS_DLLS: &str = include_str!("policy/windows-dlls.txt");

/// Libraries of every glibc platform with the floor from which on each may be relied on.
const MANYLINUX_LIBRARIES: [(&str, OsVersion); 24] = [
    ("libGL.so.1", glibc(5)),
    ("libICE.so.6", glibc(5)),
    ("libSM.so.6", glibc(5)),
    ("libX11.so.6", glibc(5)),
    ("libXext.so.6", glibc(5)),
    ("libXrender.so.1", glibc(5)),
    ("libanl.so.1", glibc(5)),
    ("libatomic.so.1", glibc(5)),
    ("libc.so.6", glibc(5)),
    ("libdl.so.2", glibc(5)),
    ("libexpat.so.1", glibc(12)),
    ("libgcc_s.so.1", glibc(5)),
    ("libglib-2.0.so.0", glibc(5)),
    ("libgobject-2.0.so.0", glibc(5)),
    ("libgthread-2.0.so.0", glibc(5)),
    ("libm.so.6", glibc(5)),
    ("libmvec.so.1", glibc(24)),
    ("libnsl.so.1", glibc(5)),
    ("libpthread.so.0", glibc(5)),
    ("libresolv.so.2", glibc(5)),
    ("librt.so.1", glibc(5)),
    ("libstdc++.so.6", glibc(5)),
    ("libutil.so.1", glibc(5)),
    ("libz.so.1", glibc(5)),
];

/// Symbols that some distributions of a floor lack although the version node is there, with the floor from which on
/// all have them.
const MANYLINUX_BLACKLIST: [(&str, OsVersion, &[&str]); 7] = [
    (
        "libc.so.6",
        glibc(24),
        &[
            "__cxa_thread_atexit_impl",
            "__issignaling",
            "__issignalingf",
            "__issignalingl",
            "pthread_getattr_default_np",
            "pthread_setattr_default_np",
        ],
    ),
    ("libm.so.6", glibc(24), &["__issignaling", "__issignalingf", "__issignalingl"]),
    ("libpthread.so.0", glibc(24), &["pthread_getattr_default_np", "pthread_setattr_default_np"]),
    ("libz.so.1", glibc(34), &["uncompress2"]),
    ("libz.so.1", glibc(36), &ZLIB_INTERNALS_OLD),
    ("libz.so.1", glibc(37), &["crc32_combine_gen", "crc32_combine_gen64", "crc32_combine_op"]),
    ("libz.so.1", OsVersion::new(u16::MAX, 0), &ZLIB_INTERNALS),
];

/// Internal functions that older zlib builds export by accident.
const ZLIB_INTERNALS_OLD: [&str; 14] = [
    "bi_windup",
    "crc_fold_512to32",
    "crc_fold_copy",
    "crc_fold_init",
    "deflate_medium",
    "fill_window",
    "flush_pending",
    "longest_match",
    "slide_hash_sse",
    "static_ltree",
    "x86_check_features",
    "x86_cpu_has_pclmul",
    "x86_cpu_has_sse2",
    "x86_cpu_has_sse42",
];

/// Internal functions that some zlib builds export by accident, on every floor.
const ZLIB_INTERNALS: [&str; 23] = [
    "_dist_code",
    "_length_code",
    "_tr_align",
    "_tr_flush_block",
    "_tr_init",
    "_tr_stored_block",
    "_tr_tally",
    "adler32_default",
    "crc32_acle",
    "crc32_le_vgfm_16",
    "crc32_neon",
    "crc32_vpmsum",
    "crc32_z_default",
    "deflate_copyright",
    "gzflags",
    "inflate_copyright",
    "inflate_fast",
    "inflate_table",
    "sse2_slide_hash",
    "z_errmsg",
    "z_vstring",
    "zcalloc",
    "zcfree",
];

/// Functions that musl got in a 1.2 release.
const MUSL_1_2: [&str; 10] = [
    "_Fork",
    "getlocalename_l",
    "gettid",
    "preadv2",
    "pthread_getname_np",
    "pwritev2",
    "qsort_r",
    "reallocarray",
    "statx",
    "tcgetwinsize",
];

const fn glibc(minor: u16) -> OsVersion {
    OsVersion::new(2, minor)
}

type Rows = HashMap<(Architecture, &'static str), Vec<(OsVersion, Vec<&'static str>)>>;

/// Per architecture and prefix (`GLIBC`, `GLIBCXX`, ...), what each floor adds.
static VERSIONS: LazyLock<Rows> = LazyLock::new(|| {
    let mut rows = Rows::new();
    for line in MANYLINUX_VERSIONS.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let (Some(floor), Some(name), Some(prefix)) = (words.next(), words.next(), words.next()) else { continue };
        let (Ok(architecture), Ok(floor)) = (name.parse(), floor.parse()) else { continue };
        rows.entry((architecture, prefix)).or_default().push((floor, words.collect()));
    }
    rows
});

static DLLS: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| WINDOWS_DLLS.lines().filter(|line| !line.starts_with('#')).collect());

/// The glibc floors at which something changes for this architecture, lowest first.
pub(super) fn manylinux_floors(architecture: Architecture) -> BTreeSet<OsVersion> {
    let rows = VERSIONS.iter().filter(|((row, _), _)| *row == architecture);
    rows.flat_map(|(_, added)| added.iter().map(|(floor, _)| *floor)).collect()
}

/// Whether the oldest platform of `floor` defines a version node that one of its own libraries must define. A library
/// that no platform has, and a prefix that the policy does not speak of, are allowed here.
pub(super) fn manylinux_allows_version(floor: OsVersion, architecture: Architecture, need: &VersionNeed) -> bool {
    if !manylinux_has_library(floor, architecture, &need.library) {
        return true;
    }
    let Some((prefix, version)) = need.node.split_once('_') else { return true };
    let Some(rows) = VERSIONS.get(&(architecture, prefix)) else {
        let speaks = VERSIONS.keys().any(|(_, known)| *known == prefix);
        return !speaks;
    };
    if rows.iter().any(|(added, versions)| *added <= floor && versions.contains(&version)) {
        return true;
    }
    // Floors later than the last row, and between two rows, have the nodes that are named by their own number.
    let first = rows.iter().map(|(added, _)| *added).min();
    need.glibc().is_some_and(|node| first.is_some_and(|first| node > first) && node <= floor)
}

/// Whether every platform of `floor` has this library.
pub(super) fn manylinux_has_library(floor: OsVersion, architecture: Architecture, library: &str) -> bool {
    if libc::glibc_interpreter(architecture).rsplit('/').next() == Some(library) {
        return true;
    }
    // The vector mathematics library exists for two architectures alone.
    let vector = matches!(architecture, Architecture::X86_64 | Architecture::Aarch64);
    MANYLINUX_LIBRARIES
        .iter()
        .any(|(name, since)| *name == library && *since <= floor && (library != "libmvec.so.1" || vector))
}

/// Symbols of `library` that no binary with this floor may rely on.
pub(super) fn manylinux_blacklist(floor: OsVersion, library: &str) -> Vec<&'static str> {
    let rows = MANYLINUX_BLACKLIST.iter().filter(|(name, until, _)| *name == library && floor < *until);
    rows.flat_map(|(_, _, symbols)| symbols.iter().copied()).collect()
}

/// Whether every musl platform has this library.
pub(super) fn musllinux_has_library(library: &str) -> bool {
    matches!(library, "libc.so" | "libz.so.1") || libc::is_musl_library(library)
}

/// Symbols of `library` that no musl binary may rely on.
pub(super) fn musllinux_blacklist(library: &str) -> Vec<&'static str> {
    if library != "libz.so.1" {
        return Vec::new();
    }
    ["uncompress2"].into_iter().chain(ZLIB_INTERNALS_OLD).chain(ZLIB_INTERNALS).collect()
}

/// The musl version that first has `function`, where that is later than 1.1.
pub(super) fn musl_with(function: &str) -> Option<OsVersion> {
    MUSL_1_2.contains(&function).then_some(OsVersion::new(1, 2))
}

/// Whether the library says nothing beyond that the binary is for glibc or for musl.
pub(super) fn on_some_linux(library: &str) -> bool {
    libc::is_part(library) || MANYLINUX_LIBRARIES.iter().any(|(name, _)| *name == library)
}

/// No Mac with an arm64 processor runs anything older.
pub(super) const FIRST_ARM_MACOS: OsVersion = OsVersion::new(11, 0);

/// macOS 10.16 is the name that macOS 11 gives itself to old programs.
pub(super) fn macos_named(version: OsVersion) -> OsVersion {
    if version == OsVersion::new(10, 16) { OsVersion::new(11, 0) } else { version }
}

/// Whether macOS itself has this dylib.
pub(super) fn macos_has_library(path: &str) -> bool {
    let inside =
        |directory| path.strip_prefix(directory).is_some_and(|rest: &str| !rest.split('/').any(|part| part == ".."));
    inside("/usr/lib/") || inside("/System/Library/")
}

/// Whether Windows itself has this DLL.
pub(super) fn windows_has_library(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // Names without a suffix are DLLs too.
    let name = if name.contains('.') { name } else { format!("{name}.dll") };
    name.starts_with("api-ms-win-") || name.starts_with("ext-ms-") || DLLS.contains(name.as_str())
}

/// Whether the DLL is of the Visual C++ runtime, which is no part of Windows and on most machines all the same.
pub(super) fn visual_cpp_runtime(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let stem = name.strip_suffix(".dll").unwrap_or(&name);
    ["vcruntime140", "msvcp140", "concrt140", "vccorlib140"].iter().any(|known| {
        let rest = stem.strip_prefix(known);
        // `vcruntime140_1` and `msvcp140_atomic_wait` are of the same runtime; `vcruntime140d` is for developers alone.
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(library: &str, version: &str) -> VersionNeed {
        VersionNeed {
            library: library.into(),
            node: version.into(),
            optional: false,
            only_weak_symbols: false,
            symbols: Vec::new(),
        }
    }

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows: usize = VERSIONS.values().map(Vec::len).sum();
        assert_eq!(rows, MANYLINUX_VERSIONS.lines().filter(|line| !line.starts_with('#')).count());
        assert!(DLLS.len() > 1500);
    }

    #[test]
    fn floors_have_what_lower_floors_have_and_no_more() {
        let allows = |minor, architecture, version| {
            manylinux_allows_version(glibc(minor), architecture, &need("libc.so.6", version))
        };
        assert!(allows(17, Architecture::X86_64, "GLIBC_2.2.5"));
        assert!(allows(17, Architecture::X86_64, "GLIBC_2.17"));
        assert!(!allows(17, Architecture::X86_64, "GLIBC_2.18"));
        assert!(!allows(17, Architecture::X86_64, "GLIBC_PRIVATE"));
        // glibc 2.17 defines this node on aarch64 already.
        assert!(allows(17, Architecture::Aarch64, "GLIBC_2.18"));
        assert!(!allows(17, Architecture::Aarch64, "GLIBC_2.22"));
        assert!(!allows(17, Architecture::Aarch64, "GLIBC_2.16"));
        // Between the rows, and after the last.
        assert!(allows(30, Architecture::X86_64, "GLIBC_2.30"));
        assert!(!allows(29, Architecture::X86_64, "GLIBC_2.30"));
        assert!(allows(60, Architecture::X86_64, "GLIBC_2.60"));
        assert!(!allows(35, Architecture::X86_64, "GLIBC_ABI_DT_RELR"));
        assert!(allows(36, Architecture::X86_64, "GLIBC_ABI_DT_RELR"));
        // No platform of this floor has the architecture.
        assert!(!allows(17, Architecture::Riscv64, "GLIBC_2.27"));
    }

    #[test]
    fn other_prefixes_are_held_to_their_own_rows() {
        let floor = glibc(17);
        let allows = |library, version| manylinux_allows_version(floor, Architecture::X86_64, &need(library, version));
        assert!(allows("libstdc++.so.6", "GLIBCXX_3.4.19"));
        assert!(!allows("libstdc++.so.6", "GLIBCXX_3.4.20"));
        assert!(!allows("libgcc_s.so.1", "GCC_7.0.0"));
        assert!(allows("libexpat.so.1", "EXPAT_1.0"));
        assert!(allows("libfoo.so.1", "GLIBC_9.9"));
    }

    #[test]
    fn libraries_of_the_systems() {
        assert!(windows_has_library("KERNEL32.dll"));
        assert!(windows_has_library("api-ms-win-core-synch-l1-2-0.dll"));
        assert!(!windows_has_library("VCRUNTIME140.dll"));
        assert!(macos_has_library("/usr/lib/libSystem.B.dylib"));
        assert!(!macos_has_library("/usr/lib/../local/lib/libfoo.dylib"));
        assert!(!macos_has_library("/opt/homebrew/lib/libssl.3.dylib"));
        assert!(!manylinux_has_library(glibc(17), Architecture::X86_64, "libmvec.so.1"));
        assert!(manylinux_has_library(glibc(17), Architecture::X86_64, "ld-linux-x86-64.so.2"));
    }
}
