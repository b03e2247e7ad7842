//! Rules about every executable and library of a wheel, held against its platform tags (PEP 600, PEP 656, the macOS and
//! Windows tags). What breaks a promise is the binary step's to say; here each kind of objection becomes a rule.

use std::cell::{LazyCell, OnceCell};
use std::collections::{BTreeSet, HashMap};

use super::named::misnamed;
use crate::binary::{Absence, Format, Libc, Objection, Reach, Weight};
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::wheel::WheelSubject;
use crate::error::sentence;
use crate::target::PlatformTag;
use crate::wheel::loading_code;
use crate::wheel::required::Required;

rule!(BINARY_READABLE = "binary-readable", Error, Wheel(binary_readable);
    what: "What begins as an ELF, Mach-O or PE file is one throughout: its headers do not contradict themselves or lead outside the file, and what a loader cannot do without is there. What has the name of an extension module that Python imports (`.abi3.so`, `.cpython-312-*.so`, `.pyd`, in a wheel for Linux or macOS `NAME.so`) begins as one; other names of libraries, linker scripts, and what lies among tests are a warning. So is, without an execute bit or the name of a library or program, a file of no more bytes than a header, or one for DOS. An object file or static library is a warning where its name is not that of a shared library and it is not meant to be started; so is what lies among tests, as in every rule about binaries: a file in a directory such as `tests`, `testdata` or `fixtures` that has not the name of a library and no execute bit.",
    why: "A file cut short or damaged cannot be started, and nothing can be said about it.",
    fix: "Stage the payload again; compare the file with the one that was built";
    because: [Loader("the headers lead outside of the file, or it is no binary at all"), Habit("object files and scripts are for linkers, and nothing loads them, nor data")]);

fn binary_readable(wheel: &WheelSubject, found: &mut Findings) {
    let debug_symbols: BTreeSet<&str> = wheel.debug_symbols().collect();
    let damaged = wheel.inventory.damaged().iter().filter(|(member, _)| !debug_symbols.contains(member.as_str()));
    for (member, error) in damaged {
        let is_harmless = wheel.entry(member).is_some_and(|entry| entry.excuses(member, error));
        let severity = if is_harmless { Severity::Warning } else { Severity::Error };
        found.with(severity, Some(member), sentence(error));
    }
    for file in misnamed(wheel) {
        found.with(file.severity, Some(file.member), file.message);
    }
}

rule!(BINARY_FORMAT = "binary-format", Error, Wheel(binary_format);
    what: "Binaries are of the format that the tag's operating system runs: ELF under Linux tags, Mach-O under macOS tags, PE under Windows tags, and none of them under tags of WebAssembly; a wheel whose modules are WebAssembly alone is for no other system.",
    why: "The program cannot be started on any machine that installs the wheel.",
    fix: "Put the payload of the tagged platform into the wheel, or tag the wheel for its payload";
    because: [Loader("the tag's machines do not know the format"), Habit("a file whose path names its own platform is there for that platform, and nothing loads test data or a runtime that no file asks for")];
    remedy: Retag);

fn binary_format(wheel: &WheelSubject, found: &mut Findings) {
    objections(wheel, found, None, |it| {
        matches!(it, Objection::Format { .. } | Objection::WebAssembly { found: Some(_) })
    });
    let is_module = |(tag, _, it): &&(PlatformTag, String, Objection)| {
        *tag != PlatformTag::Any && matches!(it, Objection::WebAssembly { found: None })
    };
    for (tag, member, objection) in wheel.objections.iter().filter(is_module) {
        found.member(member, format!("{objection} (`{tag}`)"));
    }
}

rule!(BINARY_SYSTEM = "binary-system", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::System { .. })));
    what: "Binaries are built for the tag's operating system, not for one that shares its format: no FreeBSD or Android code under Linux tags, no iOS code under macOS tags.",
    why: "The file can be loaded and fails at its first system call or library.",
    fix: "Put the payload of the tagged platform into the wheel";
    because: [Loader("the file is for another system"), Habit("a file whose path names its own platform is there for that platform, and nothing loads test data")];
    remedy: Retag);

rule!(ELF_ARCH = "elf-arch", Error, Wheel(|wheel, found| objections(wheel, found, Some(Format::Elf), |it| matches!(it, Objection::Architecture { .. })));
    what: "ELF files are built for the architecture of the tag.",
    why: "The program cannot be started on any machine that installs the wheel.",
    fix: "Put the payload of the tagged architecture into the wheel, or correct the tag";
    because: [Loader("the file is for another processor"), Habit("a file whose path names its own platform is there for that platform, and nothing loads test data or a runtime that no file asks for")];
    remedy: Retag);

rule!(MACHO_ARCH = "macho-arch", Error, Wheel(|wheel, found| objections(wheel, found, Some(Format::MachO), |it| matches!(it, Objection::Architecture { .. })));
    what: "Mach-O files hold a slice for every architecture of the tag; `universal2` needs both.",
    why: "The program cannot be started on the Macs whose slice is missing.",
    fix: "Put the payload of the tagged architecture into the wheel, or correct the tag";
    because: [Loader("the file is for another processor"), Habit("a file whose path names its own platform is there for that platform, and nothing loads test data or a runtime that no file asks for")];
    remedy: Retag);

rule!(PE_ARCH = "pe-arch", Error, Wheel(|wheel, found| objections(wheel, found, Some(Format::Pe), |it| matches!(it, Objection::Architecture { .. })));
    what: "PE files are built for the architecture of the tag.",
    why: "The program cannot be started, or runs emulated.",
    fix: "Put the payload of the tagged architecture into the wheel, or correct the tag";
    because: [Loader("the file is for another processor"), Habit("a file whose path names its own platform is there for that platform, and nothing loads test data or a runtime that no file asks for")];
    remedy: Retag);

rule!(MANYLINUX_LIBC = "manylinux-libc", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::Libc { promised: Libc::Glibc, .. })));
    what: "Under a manylinux tag, ELF files need glibc or no libc at all.",
    why: "The machines that install the wheel have glibc; code for another libc does not start there.",
    fix: "Link the program statically, or build it for glibc";
    because: [Loader("the libc is not there"), Promise("the tag promises glibc"), Habit("nothing loads what tests read")];
    remedy: Retag);

rule!(MUSLLINUX_LIBC = "musllinux-libc", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::Libc { promised: Libc::Musl, .. } | Objection::GlibcFunction { .. } | Objection::IndirectFunctions { libc: Libc::Musl, .. })));
    what: "Under a musllinux tag, ELF files need musl or no libc at all; helpers and libraries too. A function that glibc alone has (`__printf_chk`, `mallinfo2`, ...) tells even where no library is named. A library that names glibc's parts and none of its versions serves both, for musl's loader takes itself for `libc.so.6`. Functions that the loader is to choose (`STT_GNU_IFUNC`) are unknown to musl.",
    why: "Alpine and its like have no glibc: the file does not start there, and `not found` is all that is said.",
    fix: "Link the program statically or build it for musl, or leave the tag off the wheel";
    because: [Loader("the libc is not there"), Promise("the tag promises musl"), Habit("nothing loads what tests read")];
    remedy: Retag);

rule!(ELF_INTERP = "elf-interp", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::Interpreter { .. } | Objection::NoInterpreter { .. })));
    what: "The program interpreter is the one that the tag's platforms have, such as `/lib64/ld-linux-x86-64.so.2`; a program that needs libraries names one.",
    why: "The kernel looks for that very path and starts nothing without it.",
    fix: "Build with the platform's own linker settings, or set the path with `patchelf --set-interpreter`";
    because: [Loader("the kernel does not find the interpreter"), Habit("nothing loads what tests read")]);

rule!(MANYLINUX_FLOOR = "manylinux-floor", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::SymbolVersion { .. } | Objection::PackedRelocations { libc: Libc::Glibc, .. } | Objection::IndirectFunctions { libc: Libc::Glibc, .. })));
    what: "Symbol versions (GLIBC, GLIBCXX, CXXABI, GCC) are among those that the tag's glibc has on that architecture; that the symbols bound to one are weak does not help. Where the need itself is marked weak (VER_FLG_WEAK) and all its symbols are, it is a warning. Packed relocations (DT_RELR) need glibc 2.36 and its node for them, functions that the loader chooses (STT_GNU_IFUNC) 2.11.",
    why: "The loader refuses the file on the oldest machines that install the wheel.",
    fix: "Build on an older system or link statically, or raise the tag to the version that is needed";
    because: [Loader("a version that is not there stops the start"), Promise("the tag promises an older glibc"), Habit("the start goes on without it")];
    remedy: Retag);

rule!(MANYLINUX_BLACKLIST = "manylinux-blacklist", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::BlacklistedSymbol { .. })));
    what: "No symbol is used that the policy of the tag forbids, because some of its platforms lack it; a weak one is a warning.",
    why: "The file fails to load on some of the machines that install the wheel.",
    fix: "Build without the function, or bundle the library that has it";
    because: [Promise("the tag's policy forbids the symbol"), Habit("a weak symbol may be absent")]);

rule!(MUSLLINUX_FLOOR = "musllinux-floor", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::LaterMusl { .. } | Objection::PackedRelocations { libc: Libc::Musl, .. })));
    what: "No function is used that the tag's musl does not have yet, nor packed relocations (DT_RELR), which musl 1.1 passes over.",
    why: "The loader refuses the file on the oldest machines that install the wheel.",
    fix: "Link statically, or raise the tag to the musl version that is needed";
    because: [Loader("a function that is not there stops the start"), Promise("the tag promises an older musl"), Habit("nothing loads what tests read")];
    remedy: Retag);

rule!(ELF_ISA = "elf-isa", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::ProcessorLevel { .. })));
    what: "No ELF file for x86-64 states that it needs a processor of a higher level (x86-64-v2, -v3, -v4 in `.note.gnu.property`).",
    why: "The tag promises every x86-64 processor; glibc from 2.33 on refuses the file on others: `CPU ISA level is lower than required`.",
    fix: "Link without `-z x86-64-v2` and its like, or choose the code at run time";
    because: [Loader("glibc refuses the file on processors below that level"), Promise("the tag promises the baseline of x86-64"), Habit("nothing loads what tests read")]);

rule!(ELF_PAGES = "elf-pages", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::PageSize { .. })));
    what: "The segments of ELF files can be mapped in memory pages as large as the kernels for the processor have: 64 KiB for ppc64le, 16 KiB for loongarch64. Segments that would share such a page lose nothing by it, and under a tag of glibc before 2.35 libraries say that they are aligned to one. For aarch64, where RHEL 8 and its like have 64 KiB and most others 4 KiB, it is a warning.",
    why: "The loader refuses the file: `ELF load command address/offset not page-aligned`, or `alignment not page-aligned`; or a segment is mapped over the end of another, whose code or data is gone.",
    fix: "Link without `-z max-page-size=4096`, and do not change the file with tools that believe in pages of 4 KiB, as elder `patchelf` does without `--page-size`";
    because: [Loader("what does not fit the pages of the kernel is refused"), Habit("most kernels for aarch64 have pages of 4 KiB, and nothing loads what tests read")]);

rule!(ELF_TLS = "elf-tls", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::StaticTls { .. })));
    what: "No extension module has variables of threads in the model of what is there when the program starts (initial-exec) under a musllinux tag, or more than 2048 bytes of them under a manylinux tag.",
    why: "Python opens modules late: musl refuses such a module (`initial-exec TLS resolves to dynamic definition`), and glibc has no room for it (`cannot allocate memory in static TLS block`).",
    fix: "Build without `-ftls-model=initial-exec`; of jemalloc and mimalloc, switch the model off (`--disable-initial-exec-tls`, `MI_LOCAL_DYNAMIC_TLS`)";
    because: [Loader("the module is refused when it is imported"), Habit("nothing loads what tests read")]);

rule!(ELF_NEEDED = "elf-needed", Error, Wheel(|wheel, found| objections(wheel, found, Some(Format::Elf), |it| matches!(it, Objection::NeededLibrary { .. })));
    what: "Needed libraries are part of every platform of the tag, or lie in the wheel where an `$ORIGIN` run path leads once it is installed: a program of `.data/scripts` lies in `bin/` then, `DT_RUNPATH` serves its own file alone, `DT_RPATH` and musl's run paths what that file loads too. A library that a module of Python misses is a warning where Python code of the wheel may have loaded it before, and one that a library misses where a required distribution brings it along and loads it, as torch does. A plug-in that only some programs load is judged as every other file: nothing in a wheel says who asks for it.",
    why: "The loader does not find them, and the file does not start.",
    fix: "Link the library statically, or bundle it with a run path that begins with `$ORIGIN`";
    because: [Loader("the library is not found"), Promise("the tag promises that all that is needed is in the wheel"), Habit("the start goes on without it, or a required distribution has it")]);

rule!(MACHO_MINOS = "macho-minos", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::Floor { .. })));
    what: "The lowest macOS that a file is built for is not above the tag's.",
    why: "Older Macs install the wheel, and the loader refuses the program.",
    fix: "Tag the wheel with the version that the file needs, or build with a lower MACOSX_DEPLOYMENT_TARGET";
    because: [Loader("older systems refuse the file"), Promise("the tag promises an older macOS"), Habit("nothing loads what tests read")];
    remedy: Retag);

rule!(MACHO_NO_MINOS = "macho-no-minos", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::NoMinimumOs { .. })));
    what: "Mach-O files state the lowest macOS that they run on.",
    why: "Nobody can tell whether the tag is true.",
    fix: "Build with a linker that writes LC_BUILD_VERSION, and set MACOSX_DEPLOYMENT_TARGET";
    because: [Promise("the tag promises a lowest macOS, and the file states none"), Habit("nothing loads what tests read")]);

rule!(ANDROID_API = "android-api", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::ApiLevel { .. })));
    what: "The lowest API level of Android that a file is built for is stated, and not above the tag's.",
    why: "Older devices install the wheel, and the loader refuses the program or does not find a function.",
    fix: "Tag the wheel with the API level that the file states, or build with a lower one";
    because: [Promise("the tag promises a lower API level"), Habit("nothing loads what tests read")];
    remedy: Retag);

rule!(MACHO_SIGNED = "macho-signed", Error, Wheel(|wheel, found| objections(wheel, found, None, |it| matches!(it, Objection::Signature { .. })));
    what: "Every arm64 slice carries a code signature that kernel and loader take: it covers the slice up to itself, each page is the one that was signed, and so are entitlements and, under a certificate, the directory of the hashes. An x86_64 slice without one is a warning, and so is one of which pages have changed, unless the program asks for the hardened runtime.",
    why: "Macs with arm64 kill an unsigned program at once, and one that was changed after it had been signed at the first page that does not match.",
    fix: "Sign the file with `codesign` after the last change to it; `codesign --sign -` is the least";
    because: [Loader("arm64 Macs kill an unsigned program"), Habit("x86_64 Macs start it, unless it asks for the hardened runtime")]);

rule!(MACHO_DYLIBS = "macho-dylibs", Error, Wheel(|wheel, found| objections(wheel, found, Some(Format::MachO), |it| matches!(it, Objection::NeededLibrary { .. })));
    what: "Libraries come from `/usr/lib` or `/System/Library`, or lie in the wheel where `@rpath`, `@loader_path` or `@executable_path` leads once it is installed: a program of `.data/scripts` lies in `bin/` then, and of a module that Python imports Python is the executable. A library that a module misses is a warning where Python code of the wheel, or a distribution that it requires, may have loaded it before. A plug-in that only some programs load is judged as every other file.",
    why: "A library of the build machine, Homebrew's most often, is not on other Macs.",
    fix: "Link the library statically, or bundle it and name it by `@loader_path`";
    because: [Loader("the library is not found"), Habit("the start goes on without it, or a required distribution has it")]);

#[rustfmt::skip]
pub(crate) static RULES: &[&Rule] = &[
    &BINARY_READABLE, &BINARY_FORMAT, &BINARY_SYSTEM, &ELF_ARCH, &MACHO_ARCH, &PE_ARCH, &MANYLINUX_LIBC,
    &MUSLLINUX_LIBC, &ELF_INTERP, &MANYLINUX_FLOOR, &MANYLINUX_BLACKLIST, &MUSLLINUX_FLOOR, &ELF_ISA, &ELF_PAGES, &ELF_TLS, &ELF_NEEDED,
    &MACHO_MINOS, &MACHO_NO_MINOS, &ANDROID_API, &MACHO_SIGNED, &MACHO_DYLIBS,
];

/// Passes on the objections to files of that format for which `pick` holds.
pub(super) fn objections(
    wheel: &WheelSubject,
    found: &mut Findings,
    format: Option<Format>,
    pick: impl Fn(&Objection) -> bool,
) {
    let binaries = wheel.binaries();
    let own = wheel.starter();
    // What is for no machine of one tag may be for those of another, so each is judged on its own, where it is asked about.
    let mut bystanders = HashMap::new();
    let of_tag = |tag: &PlatformTag| {
        let judged = wheel.objections.iter().filter(|(other, ..)| other == tag);
        wheel.inventory.bystanders(Some(&own), judged.map(|(_, member, objection)| (member.as_str(), objection)))
    };
    let (loads_libraries, mut required_of) = (OnceCell::new(), HashMap::new());
    let required = LazyCell::new(|| required(wheel));
    for (tag, member, objection) in wheel.objections.iter().filter(|(.., objection)| pick(objection)) {
        if binaries.get(member.as_str()).is_some_and(|facts| format.is_none_or(|format| facts.format == format)) {
            let is_meant = bystanders.entry(tag).or_insert_with(|| of_tag(tag)).excuse(member, objection);
            let absent = match objection {
                Objection::NeededLibrary { library, reach: Reach::Absent, .. } => Some(library),
                _ => None,
            };
            let bringer = absent.and_then(|library| {
                let facts = binaries.get(member.as_str())?;
                required_of.entry(member).or_insert_with(|| required.of(member, facts)).bringer(library)
            });
            let is_lost = is_preloaded(objection) && !*loads_libraries.get_or_init(|| python_loads_libraries(wheel));
            let is_warning = (objection.weight() == Weight::Warning && !is_lost) || is_meant || bringer.is_some();
            let severity = if is_warning { Severity::Warning } else { Severity::Error };
            let note = bringer.map(|bringer| format!("; {bringer}")).unwrap_or_default();
            found.with(severity, Some(member), format!("{objection} (`{tag}`){note}"));
        }
    }
}

/// Whether the library is found where something has loaded it before.
fn is_preloaded(objection: &Objection) -> bool {
    matches!(objection, Objection::NeededLibrary { absence: Absence::Preloaded, .. })
}

/// Whether Python code of the wheel may load libraries before it imports a module.
pub(super) fn python_loads_libraries(wheel: &WheelSubject) -> bool {
    let mut sources = wheel.files().filter(|(member, _)| member.name.ends_with(".py"));
    sources.any(|(_, scanned)| loading_code::may_load(scanned.text.as_deref()))
}

/// What the distributions that the wheel requires may bring to its files.
pub(super) fn required(wheel: &WheelSubject) -> Required<'_> {
    let paths = wheel.files().map(|(member, _)| member.name.as_str());
    Required::by(wheel.name.as_ref().ok(), wheel.good_metadata(), paths)
}

/// The platform tags that are honest for what the wheel holds, as `retag` chooses them.
pub(crate) fn honest_tags(wheel: &WheelSubject) -> Vec<PlatformTag> {
    let brought = required(wheel).brought(wheel.inventory.binaries());
    let inventory = wheel.inventory.clone().beside(brought).imported_by(|| python_loads_libraries(wheel));
    inventory.honest_tags()
}
