//! Rules about every executable and library of a wheel, held against its platform tags (PEP 600, PEP 656, the macOS and
//! Windows tags). What breaks a promise is the binary step's to say; here each kind of objection becomes a rule.

use crate::binary::{Details, Facts, Format, Kind, Libc, Objection, Signature, Weight};
use crate::check::finding::Findings;
use crate::check::rule::{Check, Documentation, Family, Rule, Severity};
use crate::check::subject::wheel::WheelSubject;
use crate::error::sentence;
use crate::member_path::{join, parent};

const fn rule(
    name: &'static str,
    severity: Severity,
    documentation: Documentation,
    check: fn(&WheelSubject, &mut Findings),
) -> Rule {
    Rule { name, family: Family::Binary, severity, documentation, check: Check::Wheel(check) }
}

/// A rule that passes on the objections for which `$pick` holds; `$objection` and `$facts` are bound in it.
macro_rules! objections {
    ($name:literal, $documentation:expr, |$objection:ident, $facts:ident| $pick:expr) => {
        rule($name, Severity::Error, $documentation, |wheel, found| {
            let pick = |$objection: &Objection, $facts: &Facts| -> bool { $pick };
            let binaries = wheel.binaries();
            for (tag, member, objection) in &wheel.objections {
                if binaries.get(member.as_str()).is_some_and(|facts| pick(objection, facts)) {
                    let severity =
                        if objection.weight() == Weight::Warning { Severity::Warning } else { Severity::Error };
                    found.with(severity, Some(member), format!("{objection} (`{tag}`)"));
                }
            }
        })
    };
}

pub(crate) static RULES: &[Rule] = &[
    rule(
        "binary-readable",
        Severity::Error,
        Documentation {
            what: "What begins as an ELF, Mach-O or PE file is one throughout: its headers do not contradict themselves or lead outside the file.",
            why: "A file cut short or damaged cannot be started, and nothing can be said about it.",
            fix: "Stage the payload again; compare the file with the one that was built",
        },
        |wheel, found| {
            for (member, scanned) in wheel.files() {
                if let Some(Err(error)) = &scanned.binary {
                    found.member(&member.name, sentence(error));
                }
            }
        },
    ),
    objections!(
        "binary-format",
        Documentation {
            what: "Binaries are of the format that the tag's operating system runs: ELF under Linux tags, Mach-O under macOS tags, PE under Windows tags.",
            why: "The program cannot be started on any machine that installs the wheel.",
            fix: "Put the payload of the tagged platform into the wheel, or tag the wheel for its payload",
        },
        |objection, _facts| matches!(objection, Objection::Format { .. })
    ),
    objections!(
        "binary-system",
        Documentation {
            what: "Binaries are built for the tag's operating system, not for one that shares its format: no FreeBSD or Android code under Linux tags, no iOS code under macOS tags.",
            why: "The file can be loaded and fails at its first system call or library.",
            fix: "Put the payload of the tagged platform into the wheel",
        },
        |objection, _facts| matches!(objection, Objection::System { .. })
    ),
    objections!(
        "elf-arch",
        Documentation {
            what: "ELF files are built for the architecture of the tag.",
            why: "The program cannot be started on any machine that installs the wheel.",
            fix: "Put the payload of the tagged architecture into the wheel, or correct the tag",
        },
        |objection, facts| matches!(objection, Objection::Architecture { .. }) && facts.format == Format::Elf
    ),
    objections!(
        "macho-arch",
        Documentation {
            what: "Mach-O files hold a slice for every architecture of the tag; `universal2` needs both.",
            why: "The program cannot be started on the Macs whose slice is missing.",
            fix: "Put the payload of the tagged architecture into the wheel, or correct the tag",
        },
        |objection, facts| matches!(objection, Objection::Architecture { .. }) && facts.format == Format::MachO
    ),
    objections!(
        "pe-arch",
        Documentation {
            what: "PE files are built for the architecture of the tag.",
            why: "The program cannot be started, or runs emulated.",
            fix: "Put the payload of the tagged architecture into the wheel, or correct the tag",
        },
        |objection, facts| matches!(objection, Objection::Architecture { .. }) && facts.format == Format::Pe
    ),
    objections!(
        "manylinux-libc",
        Documentation {
            what: "Under a manylinux tag, ELF files need glibc or no libc at all.",
            why: "The machines that install the wheel have glibc; code for another libc does not start there.",
            fix: "Link the program statically, or build it for glibc",
        },
        |objection, _facts| matches!(objection, Objection::Libc { promised: Libc::Glibc, .. })
    ),
    objections!(
        "musllinux-libc",
        Documentation {
            what: "Under a musllinux tag, ELF files need musl or no libc at all; helpers and libraries too.",
            why: "Alpine and its like have no glibc: the file does not start there, and `not found` is all that is said.",
            fix: "Link the program statically or build it for musl, or leave the tag off the wheel",
        },
        |objection, _facts| matches!(objection, Objection::Libc { promised: Libc::Musl, .. })
    ),
    objections!(
        "elf-interp",
        Documentation {
            what: "The program interpreter is the one that the tag's platforms have, such as `/lib64/ld-linux-x86-64.so.2`.",
            why: "The kernel looks for that very path and starts nothing without it.",
            fix: "Build with the platform's own linker settings, or set the path with `patchelf --set-interpreter`",
        },
        |objection, _facts| matches!(objection, Objection::Interpreter { .. })
    ),
    objections!(
        "manylinux-floor",
        Documentation {
            what: "Symbol versions (GLIBC, GLIBCXX, CXXABI, GCC) are among those that the tag's glibc has on that architecture; where only weak symbols need one, it is a warning.",
            why: "The loader refuses the file on the oldest machines that install the wheel.",
            fix: "Build on an older system or link statically, or raise the tag to the version that is needed",
        },
        |objection, _facts| matches!(objection, Objection::SymbolVersion { .. })
    ),
    objections!(
        "manylinux-blacklist",
        Documentation {
            what: "No symbol is used that the policy of the tag forbids, because some of its platforms lack it; a weak one is a warning.",
            why: "The file fails to load on some of the machines that install the wheel.",
            fix: "Build without the function, or bundle the library that has it",
        },
        |objection, _facts| matches!(objection, Objection::BlacklistedSymbol { .. })
    ),
    objections!(
        "musllinux-floor",
        Documentation {
            what: "No function is used that the tag's musl does not have yet.",
            why: "The loader refuses the file on the oldest machines that install the wheel.",
            fix: "Link statically, or raise the tag to the musl version that is needed",
        },
        |objection, _facts| matches!(objection, Objection::LaterMusl { .. })
    ),
    objections!(
        "elf-needed",
        Documentation {
            what: "Needed libraries are part of every platform of the tag, or lie in the wheel where an `$ORIGIN` run path leads.",
            why: "The loader does not find them, and the file does not start.",
            fix: "Link the library statically, or bundle it with a run path that begins with `$ORIGIN`",
        },
        |objection, facts| matches!(objection, Objection::NeededLibrary { .. }) && facts.format == Format::Elf
    ),
    rule(
        "elf-runpath",
        Severity::Error,
        Documentation {
            what: "Run paths of ELF and Mach-O files stay in the wheel: they begin with `$ORIGIN`, `@loader_path` or `@executable_path`, and hold no directory of a build.",
            why: "The loader looks into a directory that only the build machine has; whoever can make it there loads code into the program.",
            fix: "Remove the path when linking, or with `patchelf --set-rpath` or `install_name_tool -delete_rpath`",
        },
        run_path,
    ),
    rule(
        "elf-execstack",
        Severity::Error,
        Documentation {
            what: "No ELF file asks for an executable stack.",
            why: "It disables a protection of the whole process, and newer systems refuse to load such a library.",
            fix: "Link with `-z noexecstack`, and give assembly files a `.note.GNU-stack` section",
        },
        |wheel, found| {
            for (member, facts) in wheel.inventory.binaries() {
                let asks = facts
                    .slices
                    .iter()
                    .any(|slice| matches!(&slice.details, Details::Elf(elf) if elf.executable_stack));
                if asks {
                    found.member(member, "the file asks for an executable stack");
                }
            }
        },
    ),
    rule(
        "elf-pie",
        Severity::Warning,
        Documentation {
            what: "ELF programs are position independent.",
            why: "At a fixed address the program's own code is where an attacker expects it.",
            fix: "Build with `-pie`, or `-static-pie` for a static program",
        },
        |wheel, found| {
            for (member, facts) in wheel.inventory.binaries() {
                let fixed = |slice: &crate::binary::Slice| {
                    matches!(slice.details, Details::Elf(_))
                        && slice.kind == Kind::Executable
                        && !slice.position_independent
                };
                if facts.slices.iter().any(fixed) {
                    found.member(member, "the program is linked for a fixed address");
                }
            }
        },
    ),
    objections!(
        "macho-minos",
        Documentation {
            what: "The lowest macOS that a file is built for is not above the tag's.",
            why: "Older Macs install the wheel, and the loader refuses the program.",
            fix: "Tag the wheel with the version that the file needs, or build with a lower MACOSX_DEPLOYMENT_TARGET",
        },
        |objection, _facts| matches!(objection, Objection::Floor { .. })
    ),
    objections!(
        "macho-no-minos",
        Documentation {
            what: "Mach-O files state the lowest macOS that they run on.",
            why: "Nobody can tell whether the tag is true.",
            fix: "Build with a linker that writes LC_BUILD_VERSION, and set MACOSX_DEPLOYMENT_TARGET",
        },
        |objection, _facts| matches!(objection, Objection::NoMinimumOs { .. })
    ),
    objections!(
        "macho-signed",
        Documentation {
            what: "Every arm64 slice carries a code signature whose bytes lie in the file; an unsigned x86_64 slice is a warning.",
            why: "Macs with arm64 kill an unsigned program at once.",
            fix: "Sign the file with `codesign` after the last change to it; `codesign --sign -` is the least",
        },
        |objection, _facts| matches!(objection, Objection::Signature { .. })
    ),
    objections!(
        "macho-dylibs",
        Documentation {
            what: "Libraries come from `/usr/lib` or `/System/Library`, or lie in the wheel where `@rpath` or `@loader_path` leads.",
            why: "A library of the build machine, Homebrew's most often, is not on other Macs.",
            fix: "Link the library statically, or bundle it and name it by `@loader_path`",
        },
        |objection, facts| matches!(objection, Objection::NeededLibrary { .. }) && facts.format == Format::MachO
    ),
    objections!(
        "pe-imports",
        Documentation {
            what: "Imported DLLs are part of Windows, or lie beside the file.",
            why: "Windows does not start the program without them; the C++ runtime is not on every machine.",
            fix: "Link the C runtime statically (`/MT`, `+crt-static`), or bundle the DLL beside the program",
        },
        |objection, facts| matches!(objection, Objection::NeededLibrary { .. }) && facts.format == Format::Pe
    ),
    rule(
        "pe-signed",
        Severity::Warning,
        Documentation {
            what: "Where a PE file states a signature, its bytes lie in the file.",
            why: "Windows takes a broken signature for a manipulated file.",
            fix: "Sign the file again, after the last change to it",
        },
        |wheel, found| {
            for (member, facts) in wheel.inventory.binaries().iter().filter(|(_, facts)| facts.format == Format::Pe) {
                for slice in &facts.slices {
                    if let Signature::Broken(why) = slice.signature {
                        found.with(Severity::Error, Some(member), format!("the signature is broken: {why}"));
                    }
                }
            }
        },
    ),
    rule(
        "signed-alike",
        Severity::Warning,
        Documentation {
            what: "All Windows programs of a wheel are signed, or none; the same of macOS programs.",
            why: "The one that is not signed is the one that the system warns of or blocks, long after the others worked.",
            fix: "Sign every program, helpers of other projects too",
        },
        signed_alike,
    ),
    rule(
        "pe-subsystem",
        Severity::Warning,
        Documentation {
            what: "Windows programs are console or windowed programs for Windows 10 or older.",
            why: "Other subsystems (drivers, firmware) do not start as programs, and a higher version keeps Windows 10 out.",
            fix: "Link with `/SUBSYSTEM:CONSOLE`",
        },
        |wheel, found| {
            for (member, facts) in wheel.inventory.binaries() {
                for slice in facts.slices.iter().filter(|slice| slice.kind == Kind::Executable) {
                    let Details::Pe(pe) = &slice.details else { continue };
                    if !matches!(pe.subsystem, 2 | 3) {
                        found.member(member, format!("the program is for subsystem {}", pe.subsystem));
                    } else if pe.minimum_os.major > 10 {
                        found.member(member, format!("the program asks for Windows {}", pe.minimum_os));
                    }
                }
            }
        },
    ),
    rule(
        "debug-info",
        Severity::Warning,
        Documentation {
            what: "Binaries carry no debugging sections.",
            why: "They make the wheel larger for everybody and name the directories of the build machine.",
            fix: "Strip the files, and keep the debugging information elsewhere",
        },
        |wheel, found| {
            for (member, facts) in wheel.inventory.binaries() {
                if facts.slices.iter().any(|slice| slice.debug_info) {
                    found.member(member, "the file holds debugging information");
                }
            }
        },
    ),
];

fn run_path(wheel: &WheelSubject, found: &mut Findings) {
    const ORIGINS: [&str; 4] = ["$ORIGIN", "${ORIGIN}", "@loader_path", "@executable_path"];
    for (member, facts) in wheel.inventory.binaries() {
        let mut said = std::collections::BTreeSet::new();
        for path in facts.slices.iter().flat_map(|slice| &slice.run_paths).map(|path| path.path.as_str()) {
            let origin = ORIGINS.iter().find_map(|origin| path.strip_prefix(origin));
            let inside = origin.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            let why = if path.is_empty() {
                "is the working directory"
            } else if !(inside || path.starts_with("/usr/lib/swift") && facts.format == Format::MachO) {
                "leads out of the wheel"
            } else if path.split('/').any(of_a_build) {
                "is a directory of the build"
            } else if join(parent(member), origin.unwrap_or_default()).is_none() {
                "leads out of the wheel"
            } else {
                continue;
            };
            if said.insert(path) {
                found.member(member, format!("the run path `{path}` {why}"));
            }
        }
    }
}

/// Directories that build systems make.
fn of_a_build(part: &str) -> bool {
    const PARTS: [&str; 8] = ["bazel-out", "bazel-bin", "execroot", "_main", "CMakeFiles", "home", "Users", "rustlib"];
    part.starts_with("_solib_") || part.ends_with(".runfiles") || part.ends_with(".build") || PARTS.contains(&part)
}

fn signed_alike(wheel: &WheelSubject, found: &mut Findings) {
    for format in [Format::MachO, Format::Pe] {
        let programs: Vec<_> = wheel
            .inventory
            .binaries()
            .iter()
            .filter(|(_, facts)| facts.format == format && facts.is_executable())
            .collect();
        let signed = programs.iter().filter(|(_, facts)| facts.signed()).count();
        if signed == 0 || signed == programs.len() {
            continue;
        }
        for (member, _) in programs.iter().filter(|(_, facts)| !facts.signed()) {
            // An unsigned arm64 file is an error of its own.
            let own = wheel.objections.iter().any(|(_, name, objection)| {
                name == member
                    && matches!(objection, Objection::Signature { .. })
                    && objection.weight() != Weight::Warning
            });
            if !own {
                found.member(
                    member,
                    format!("the program is not signed, and {signed} of {} in the wheel are", programs.len()),
                );
            }
        }
    }
}
