//! What the oldest platform of a tag has: libraries and symbol versions per glibc floor and architecture (PEP 513, 571,
//! 599, 600), the libraries of musl platforms (PEP 656), of macOS, Android and Windows. Data with look-ups, no judgement.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use super::facts::VersionNeed;
use super::libc;
use crate::target::{Architecture, OsVersion};

const MANYLINUX_VERSIONS: &str = include_str!("policy/manylinux-versions.txt");
const MANYLINUX_LIBRARIES: &str = include_str!("policy/manylinux-libraries.txt");
const SYMBOL_BLACKLIST: &str = include_str!("policy/symbol-blacklist.txt");
const MUSL_FUNCTIONS: &str = include_str!("policy/musl-functions.txt");
const GLIBC_FUNCTIONS: &str = include_str!("policy/glibc-functions.txt");
const ANDROID_LIBRARIES: &str = include_str!("policy/android-libraries.txt");
const WINDOWS_DLLS: &str = include_str!("policy/windows-dlls.txt");

/// What a row says of itself, and the names in the rest of it.
type Row<Key> = (Key, Vec<&'static str>);

/// The rows of a table; the head of each is read by `key`.
fn rows<Key>(
    table: &'static str,
    key: impl Fn(&mut dyn Iterator<Item = &'static str>) -> Option<Key>,
) -> impl Iterator<Item = Row<Key>> {
    table.lines().filter(|line| !line.starts_with('#')).filter_map(move |line| {
        let mut words = line.split(' ');
        Some((key(&mut words)?, words.collect()))
    })
}

/// Per architecture and prefix (`GLIBC`, `GLIBCXX`, ...), what each floor adds.
type Versions = HashMap<(Architecture, &'static str), Vec<Row<OsVersion>>>;

static VERSIONS: LazyLock<Versions> = LazyLock::new(|| {
    let mut all = Versions::new();
    let added = rows(MANYLINUX_VERSIONS, |words| {
        Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?))
    });
    for ((floor, architecture, prefix), versions) in added {
        all.entry((architecture, prefix)).or_default().push((floor, versions));
    }
    all
});

/// The floor from which on each library of glibc platforms may be relied on.
static LIBRARIES: LazyLock<HashMap<&str, OsVersion>> = LazyLock::new(|| {
    let floors = rows(MANYLINUX_LIBRARIES, |words| words.next()?.parse::<OsVersion>().ok());
    floors.flat_map(|(floor, libraries)| libraries.into_iter().map(move |library| (library, floor))).collect()
});

/// Until which glibc a library lacks symbols, and whether on musl too.
struct Lack {
    until: Option<OsVersion>,
    on_musl: bool,
    library: &'static str,
}

static BLACKLIST: LazyLock<Vec<Row<Lack>>> = LazyLock::new(|| {
    let lacks = rows(SYMBOL_BLACKLIST, |words| {
        let (until, families) = (words.next()?.parse().ok(), words.next()?);
        Some(Lack { until, on_musl: families == "all", library: words.next()? })
    });
    lacks.collect()
});

static MUSL: LazyLock<Vec<Row<OsVersion>>> =
    LazyLock::new(|| rows(MUSL_FUNCTIONS, |words| words.next()?.parse().ok()).collect());

static GLIBC_ALONE: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = GLIBC_FUNCTIONS.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(|line| line.split(' ')).collect()
});

static DLLS: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| rows(WINDOWS_DLLS, |words| words.next()).map(|(name, _)| name).collect());

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
    LIBRARIES.get(library).is_some_and(|since| *since <= floor && (library != "libmvec.so.1" || vector))
}

/// Symbols of `library` that no binary with this floor may rely on.
pub(super) fn manylinux_blacklist(floor: OsVersion, library: &str) -> Vec<&'static str> {
    blacklist(library, |lack| lack.until.is_none_or(|until| floor < until))
}

/// Symbols of `library` that no musl binary may rely on.
pub(super) fn musllinux_blacklist(library: &str) -> Vec<&'static str> {
    blacklist(library, |lack| lack.on_musl)
}

fn blacklist(library: &str, applies: impl Fn(&Lack) -> bool) -> Vec<&'static str> {
    let lacks = BLACKLIST.iter().filter(|(lack, _)| lack.library == library && applies(lack));
    lacks.flat_map(|(_, symbols)| symbols.iter().copied()).collect()
}

/// Whether every musl platform has this library.
pub(super) fn musllinux_has_library(library: &str) -> bool {
    library == "libz.so.1" || libc::is_musl_library(library) || libc::is_musl_itself(library)
}

/// The musl version that first has `function`, where that is later than 1.1.
pub(super) fn musl_with(function: &str) -> Option<OsVersion> {
    // 1.2 made times 64 bits wide on 32-bit machines, under names such as `__stat_time64` and `__clock_gettime64`.
    if function.starts_with("__") && function.contains("time64") {
        return Some(OsVersion::new(1, 2));
    }
    MUSL.iter().find(|(_, functions)| functions.contains(&function)).map(|(release, _)| *release)
}

/// Since when loaders know packed relocations (`DT_RELR`), and the node by which a file tells glibc that it has them. musl
/// has them from 1.2.4 on, which no tag can name.
pub(super) const GLIBC_WITH_PACKED_RELOCATIONS: OsVersion = OsVersion::new(2, 36);
pub(super) const MUSL_WITH_PACKED_RELOCATIONS: OsVersion = OsVersion::new(1, 2);
pub(super) const PACKED_RELOCATIONS_NODE: &str = "GLIBC_ABI_DT_RELR";

/// Since when glibc has functions that are chosen by the loader (`STT_GNU_IFUNC`), on x86; elsewhere no tag is older. musl has
/// none (its `dynlink.c` passes over such symbols and refuses such relocations).
pub(super) const GLIBC_WITH_INDIRECT_FUNCTIONS: OsVersion = OsVersion::new(2, 11);

/// The largest page that kernels for a processor have, where it is more than 4 KiB, and whether all that distributions ship have
/// it: Linux for POWER has pages of 64 KiB and for LoongArch of 16 KiB, and for Arm of 64 KiB in RHEL 8 and its like.
pub(super) fn large_page(architecture: Architecture) -> Option<(u64, bool)> {
    match architecture {
        Architecture::Ppc64le => Some((1 << 16, true)),
        Architecture::Loongarch64 => Some((1 << 14, true)),
        Architecture::Aarch64 => Some((1 << 16, false)),
        _ => None,
    }
}

/// Since when glibc opens libraries whose segments say that they are aligned to less than a page; musl does not look.
pub(super) const GLIBC_WITH_SMALL_ALIGNMENTS: OsVersion = OsVersion::new(2, 35);

/// The bytes that glibc keeps for the thread's variables of libraries that are opened later are fewer than these
/// (`TLS_STATIC_SURPLUS`, 1664 by default). musl keeps none.
pub(super) const GLIBC_WITHOUT_ROOM: u64 = 2048;

/// No function that only glibc has bears a longer name.
const MAX_GLIBC_NAME: usize = 64;

/// Whether of all C libraries glibc alone has a function.
pub(super) fn glibc_alone(function: &str) -> bool {
    let inner = function.strip_prefix("__");
    // What fortified headers and those of C23 make of calls, and the names of other floating-point formats.
    let of_a_family = inner.is_some_and(|inner| {
        (inner.ends_with("_chk") && inner != "stack_chk")
            || inner.starts_with("isoc23_")
            || inner.starts_with("nldbl_")
            || inner.contains("ieee128")
    });
    of_a_family || GLIBC_ALONE.contains(function)
}

/// The string at a place of a string table, where it is the name of such a function.
pub(super) fn glibc_alone_at(names: &[u8], place: u64) -> Option<&str> {
    let rest = names.get(usize::try_from(place).ok()?..)?;
    let window = &rest[..rest.len().min(MAX_GLIBC_NAME)];
    let name = std::str::from_utf8(&window[..window.iter().position(|byte| *byte == 0)?]).ok()?;
    glibc_alone(name).then_some(name)
}

/// Whether the library says nothing beyond that the binary is for glibc or for musl.
pub(crate) fn on_some_linux(library: &str) -> bool {
    libc::is_part(library) || LIBRARIES.contains_key(library)
}

/// No Mac with an arm64 processor runs anything older.
pub(super) const FIRST_ARM_MACOS: OsVersion = OsVersion::new(11, 0);

/// No simulator of a Mac with an arm64 processor runs anything older.
pub(super) const FIRST_ARM_IOS: OsVersion = OsVersion::new(14, 0);

/// macOS 10.16 is the name that macOS 11 gives itself to old programs.
pub(super) fn macos_named(version: OsVersion) -> OsVersion {
    if version == OsVersion::new(10, 16) { OsVersion::new(11, 0) } else { version }
}

/// Whether macOS itself has this dylib; iOS has its own below the same directories.
pub(super) fn macos_has_library(path: &str) -> bool {
    let inside =
        |directory| path.strip_prefix(directory).is_some_and(|rest: &str| !rest.split('/').any(|part| part == ".."));
    inside("/usr/lib/") || inside("/System/Library/")
}

/// Since which API level Android has a library that programs may link against.
pub(super) fn android_has_library(api_level: u16, library: &str) -> bool {
    let rows = rows(ANDROID_LIBRARIES, |words| words.next()?.parse::<u16>().ok());
    rows.filter(|(since, _)| *since <= api_level).any(|(_, libraries)| libraries.contains(&library))
}

/// Whether Windows itself has this DLL.
pub(super) fn windows_has_library(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // Names without a suffix are DLLs too.
    let name = if name.contains('.') { name } else { format!("{name}.dll") };
    name.starts_with("api-ms-win-") || name.starts_with("ext-ms-") || DLLS.contains(name.as_str())
}

/// Whether the DLL comes with something that most machines have and that is no part of Windows: the Visual C++ runtime of
/// today, the driver of a graphics card, or a Java, CUDA or ROCm that Python code looks for before it loads what needs one.
pub(super) fn on_most_windows(name: &str) -> bool {
    const APART: [&str; 11] = [
        "jvm",
        "vulkan-1",
        "nvcuda",
        "nvml",
        "nvapi64",
        "nvapi",
        "nvcuvid",
        "nvencodeapi64",
        "amdhip64",
        "atiadlxx",
        "ze_loader",
    ];
    const CARDS: [&str; 20] = [
        "cudart64_",
        "cublas64_",
        "cublaslt64_",
        "cufft64_",
        "curand64_",
        "cusolver64_",
        "cusparse64_",
        "nvrtc64_",
        "nvjitlink_",
        "nvjpeg64_",
        "cudnn64_",
        "amdhip64_",
        "hipblas",
        "hipfft",
        "hiprand",
        "hiprtc",
        "hipsolver",
        "hipsparse",
        "libhipblas",
        "rocblas",
    ];
    let name = name.to_ascii_lowercase();
    let stem = name.strip_suffix(".dll").unwrap_or(&name);
    let runtime = ["vcruntime140", "msvcp140", "concrt140", "vccorlib140", "mfc140", "mfcm140", "vcomp140", "vcamp140"];
    let of_runtime = runtime.iter().any(|known| {
        let rest = stem.strip_prefix(known);
        // `vcruntime140_1`, `msvcp140_atomic_wait`, `mfc140u` and `mfc140deu` are of the same runtime; `vcruntime140d` and
        // `mfc140ud` are for developers alone.
        rest.is_some_and(|rest| match known.starts_with("mfc") {
            true => !matches!(rest, "d" | "ud"),
            false => rest.is_empty() || rest.starts_with('_') && !rest.ends_with('d'),
        })
    });
    of_runtime || APART.contains(&stem) || CARDS.iter().any(|beginning| stem.starts_with(beginning))
}

/// Whether the DLL is one of Microsoft's own, as a part of Windows or of what programs bring along.
pub(crate) fn is_runtime_of_windows(name: &str) -> bool {
    windows_has_library(name) || on_most_windows(name)
}

/// Whether CPython for Windows brings this part of the Visual C++ runtime along, from 3.5 and 3.8 on.
pub(super) fn comes_with_python(name: &str) -> bool {
    ["vcruntime140.dll", "vcruntime140_1.dll"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests;
