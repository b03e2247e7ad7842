//! The C libraries of Linux systems: where each has its program interpreter, and what gives one away in a binary
//! (the processor supplements of the System V ABI, musl's `ld-musl-ARCH.so.1`).

use std::path::Path;

use super::facts::{Details, ElfFacts, Facts, Kind, Libc, Needed, Slice, VersionNeed};
use crate::member_path;
use crate::target::Architecture;

pub(super) fn glibc_interpreter(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Aarch64 => "/lib/ld-linux-aarch64.so.1",
        Architecture::X86_64 => "/lib64/ld-linux-x86-64.so.2",
        Architecture::I686 => "/lib/ld-linux.so.2",
        Architecture::Armv7 | Architecture::Armv6 => "/lib/ld-linux-armhf.so.3",
        Architecture::Riscv64 => "/lib/ld-linux-riscv64-lp64d.so.1",
        Architecture::Ppc64le => "/lib64/ld64.so.2",
        Architecture::S390x => "/lib/ld64.so.1",
        Architecture::Loongarch64 => "/lib64/ld-linux-loongarch-lp64d.so.1",
    }
}

pub(super) fn musl_interpreter(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Aarch64 => "/lib/ld-musl-aarch64.so.1",
        Architecture::X86_64 => "/lib/ld-musl-x86_64.so.1",
        Architecture::I686 => "/lib/ld-musl-i386.so.1",
        Architecture::Armv7 | Architecture::Armv6 => "/lib/ld-musl-armhf.so.1",
        Architecture::Riscv64 => "/lib/ld-musl-riscv64.so.1",
        Architecture::Ppc64le => "/lib/ld-musl-powerpc64le.so.1",
        Architecture::S390x => "/lib/ld-musl-s390x.so.1",
        Architecture::Loongarch64 => "/lib/ld-musl-loongarch64.so.1",
    }
}

/// The loader of glibc or musl that a program asks for and this machine does not have: it cannot be started here, and nothing
/// is wrong with it.
pub(crate) fn missing_loader(program: &Facts) -> Option<&str> {
    program.slices.iter().find_map(|slice| {
        let Details::Elf(ElfFacts { interpreter: Some(loader), .. }) = &slice.details else { return None };
        let architecture = slice.machine.architecture()?;
        let usual = [glibc_interpreter(architecture), musl_interpreter(architecture)];
        (usual.contains(&loader.as_str()) && !Path::new(loader).exists()).then_some(loader.as_str())
    })
}

/// What `$LIB` stands for in run paths: the directory of the system's own libraries, as Red Hat and as Debian have it.
pub(super) fn library_directories(architecture: Architecture) -> [&'static str; 2] {
    match architecture {
        Architecture::Aarch64 => ["lib64", "lib/aarch64-linux-gnu"],
        Architecture::X86_64 => ["lib64", "lib/x86_64-linux-gnu"],
        Architecture::I686 => ["lib", "lib/i386-linux-gnu"],
        Architecture::Armv7 | Architecture::Armv6 => ["lib", "lib/arm-linux-gnueabihf"],
        Architecture::Riscv64 => ["lib64", "lib/riscv64-linux-gnu"],
        Architecture::Ppc64le => ["lib64", "lib/powerpc64le-linux-gnu"],
        Architecture::S390x => ["lib64", "lib/s390x-linux-gnu"],
        Architecture::Loongarch64 => ["lib64", "lib/loongarch64-linux-gnu"],
    }
}

/// What `$PLATFORM` stands for in run paths: the kernel's name of the processor (`AT_PLATFORM`), which glibc up to 2.32
/// replaced on x86-64 by that of a kind of processor.
pub(super) fn platforms(architecture: Architecture) -> &'static [&'static str] {
    match architecture {
        Architecture::Aarch64 => &["aarch64"],
        Architecture::X86_64 => &["x86_64", "haswell", "xeon_phi"],
        Architecture::I686 => &["i686", "i586"],
        Architecture::Armv7 | Architecture::Armv6 => &["v6l", "v7l", "v8l"],
        // POWER and IBM Z name their generations; none is there on all machines.
        Architecture::Ppc64le | Architecture::S390x | Architecture::Riscv64 | Architecture::Loongarch64 => &[],
    }
}

/// Alpine gives musl a soname of its own.
pub(super) fn is_musl_library(name: &str) -> bool {
    name.starts_with("libc.musl-") || name.starts_with("ld-musl-")
}

/// Whether musl's loader takes itself for the library, whatever stands behind the first point of its name.
pub(super) fn is_musl_itself(name: &str) -> bool {
    const PARTS: [&str; 7] = ["libc", "libpthread", "librt", "libm", "libdl", "libutil", "libxnet"];
    name.split_once('.').is_some_and(|(stem, _)| PARTS.contains(&stem))
}

/// Whether a library that names glibc's parts is bound to none of glibc's versions: what is linked so serves musl as well,
/// whose loader takes itself for them, as long as musl has the functions.
pub(super) fn is_for_musl_too(slice: &Slice, details: &ElfFacts) -> bool {
    slice.libc == Some(Libc::Glibc)
        && slice.kind == Kind::Library
        && details.interpreter.is_none()
        && details.undefined.iter().any(|symbol| !symbol.weak)
        && !details.version_needs.iter().any(is_of_glibc)
        && slice.needed.iter().all(|needed| is_musl_itself(&needed.name) || !is_part(&needed.name))
}

/// Whether the library is part of some C library, so that it says nothing beyond which one.
pub(super) fn is_part(library: &str) -> bool {
    const LIBRARIES: &str = "libc libm libdl librt libpthread libutil libresolv libanl libnsl libmvec libcrypt";
    const LOADERS: [&str; 5] = ["ld-linux", "ld-musl", "ld-uClibc", "ld64.so", "ld.so"];
    let stem = library.split_once('.').map_or(library, |(stem, _)| stem);
    LIBRARIES.split(' ').any(|known| known == stem) || LOADERS.iter().any(|known| library.starts_with(known))
}

/// The name of the system that an `EI_OSABI` belongs to, where that is not Linux.
pub(super) fn other_than_linux(os_abi: u8) -> Option<&'static str> {
    Some(match os_abi {
        0 | 3 => return None,
        2 => "NetBSD",
        6 => "Solaris",
        9 => "FreeBSD",
        12 => "OpenBSD",
        // Bare-metal Arm values stand in old Linux files too.
        64 | 97 => return None,
        _ => "a system other than Linux",
    })
}

/// The system other than Linux whose loader an interpreter is. `ld.so.1` is glibc's too, on machines of other kinds than x86.
pub(super) fn system_of_interpreter(interpreter: &str, architecture: Option<Architecture>) -> Option<&'static str> {
    let is_x86 = matches!(architecture, Some(Architecture::X86_64 | Architecture::I686));
    match member_path::file_name(interpreter) {
        "ld-elf.so.1" | "ld-elf32.so.1" => Some("FreeBSD"),
        "ld-elf.so.2" => Some("DragonFly"),
        "ld.elf_so" => Some("NetBSD"),
        "ld.so" if interpreter == "/usr/libexec/ld.so" => Some("OpenBSD"),
        "ld.so" if interpreter == "/lib/ld.so" => Some("GNU Hurd"),
        "ld.so.1" if is_x86 => Some("Solaris"),
        "runtime_loader" => Some("Haiku"),
        _ => None,
    }
}

/// The system other than Linux that Go's name of one means.
pub(super) fn system_of_go(name: &str) -> Option<&'static str> {
    Some(match name {
        "dragonfly" => "DragonFly",
        "freebsd" => "FreeBSD",
        "illumos" => "illumos",
        "netbsd" => "NetBSD",
        "openbsd" => "OpenBSD",
        "solaris" => "Solaris",
        _ => return None,
    })
}

/// The system that a note names, by the note's owner, type and content (the ABI tags of the BSDs, and GNU's `NT_GNU_ABI_TAG`).
pub(super) fn system_of_note(owner: &[u8], kind: u32, content: &[u8]) -> Option<&'static str> {
    match (owner, kind) {
        (b"FreeBSD", 1) => Some("FreeBSD"),
        (b"NetBSD", 1) => Some("NetBSD"),
        (b"OpenBSD", 1) => Some("OpenBSD"),
        (b"DragonFly", 1) => Some("DragonFly"),
        // A number in the file's byte order, so that all but one of its bytes are 0.
        (b"GNU", 1) => match content.get(..4)?.iter().max()? {
            1 => Some("GNU Hurd"),
            2 => Some("Solaris"),
            3 => Some("FreeBSD"),
            4 => Some("NetBSD"),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a version node is glibc's own. Libraries that are part of no C library have nodes of such names too: libgcc
/// calls one of its own `GLIBC_2.0`, wherever it was built.
fn is_of_glibc(need: &VersionNeed) -> bool {
    need.node.starts_with("GLIBC_") && is_part(&need.library)
}

/// The C library that these facts give away; `None` where the binary needs none.
pub(super) fn told_by(interpreter: Option<&str>, needed: &[Needed], versions: &[VersionNeed]) -> Option<Libc> {
    if let Some(interpreter) = interpreter {
        let name = member_path::file_name(interpreter);
        if name.starts_with("ld-musl-") {
            return Some(Libc::Musl);
        }
        if matches!(name, "linker" | "linker64" | "linker_asan" | "linker_asan64") {
            return Some(Libc::Bionic);
        }
        if name.starts_with("ld-uClibc") || name.starts_with("ld64-uClibc") {
            return Some(Libc::Uclibc);
        }
        if name.starts_with("ld-linux")
            || name.starts_with("ld64.so")
            || name.starts_with("ld.so")
            || name.starts_with("ld-2.")
        {
            return Some(Libc::Glibc);
        }
    }
    if versions.iter().any(is_of_glibc) {
        return Some(Libc::Glibc);
    }
    let needs = |test: fn(&str) -> bool| needed.iter().any(|needed| test(&needed.name));
    if needs(is_musl_library) {
        return Some(Libc::Musl);
    }
    if needs(|name| name == "libc.so.6" || name.starts_with("ld-linux")) {
        return Some(Libc::Glibc);
    }
    if needs(|name| name == "libc.so.0") {
        return Some(Libc::Uclibc);
    }
    if needs(|name| name == "libc.so") {
        // Android's libraries share the name and carry version nodes of their own.
        let bionic = versions.iter().any(|need| need.library == "libc.so" && need.node.starts_with("LIBC"));
        return Some(if bionic { Libc::Bionic } else { Libc::Musl });
    }
    None
}

/// What gave the C library away, for a message.
pub(super) fn evidence(slice: &Slice, details: &ElfFacts) -> String {
    if let Some(interpreter) = &details.interpreter {
        return format!("interpreter `{interpreter}`");
    }
    let parts = || slice.needed.iter().map(|needed| &needed.name).filter(|name| is_part(name));
    // The C library itself tells more than its threads or its mathematics.
    if let Some(library) = parts().find(|name| name.starts_with("libc.")).or_else(|| parts().next()) {
        return format!("needs `{library}`");
    }
    details
        .version_needs
        .iter()
        .find(|need| is_of_glibc(need))
        .map_or_else(String::new, |need| format!("needs `{}`", need.node))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(name: &str) -> Needed {
        Needed { name: name.into(), optional: false }
    }

    #[test]
    fn the_c_library_is_told_by_any_sign() {
        assert_eq!(told_by(None, &[], &[]), None);
        assert_eq!(told_by(Some("/lib/ld-musl-x86_64.so.1"), &[needed("libc.so")], &[]), Some(Libc::Musl));
        assert_eq!(told_by(Some("/lib64/ld-linux-x86-64.so.2"), &[], &[]), Some(Libc::Glibc));
        assert_eq!(told_by(Some("/nix/store/abc/lib/ld-linux-x86-64.so.2"), &[], &[]), Some(Libc::Glibc));
        assert_eq!(told_by(Some("/system/bin/linker64"), &[needed("libc.so")], &[]), Some(Libc::Bionic));
        assert_eq!(told_by(None, &[needed("libm.so.6"), needed("libc.so.6")], &[]), Some(Libc::Glibc));
        assert_eq!(told_by(None, &[needed("libc.musl-x86_64.so.1")], &[]), Some(Libc::Musl));
        assert_eq!(told_by(None, &[needed("libz.so.1")], &[]), None);
        assert!(is_part("libm.so.6") && is_part("ld-linux-x86-64.so.2") && !is_part("libz.so.1"));
    }
}
