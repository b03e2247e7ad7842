//! What the tables say of well-known platforms.

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

const fn glibc(minor: u16) -> OsVersion {
    OsVersion::new(2, minor)
}

#[test]
fn every_row_of_the_tables_is_read() {
    let lines = |table: &str| table.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(VERSIONS.values().map(Vec::len).sum::<usize>(), lines(MANYLINUX_VERSIONS));
    assert_eq!((BLACKLIST.len(), MUSL.len()), (lines(SYMBOL_BLACKLIST), lines(MUSL_FUNCTIONS)));
    assert_eq!(LIBRARIES.len(), 24);
    assert!(DLLS.len() > 1500);
}

#[test]
fn symbols_that_not_all_platforms_have() {
    assert_eq!(manylinux_blacklist(glibc(33), "libz.so.1").len(), 1 + 14 + 3 + 23);
    assert_eq!(manylinux_blacklist(glibc(37), "libz.so.1").len(), 23);
    assert_eq!(musllinux_blacklist("libz.so.1").len(), 1 + 14 + 23);
    assert_eq!(manylinux_blacklist(glibc(23), "libm.so.6").len(), 3);
    assert_eq!((manylinux_blacklist(glibc(24), "libm.so.6").len(), musllinux_blacklist("libc.so").len()), (0, 0));
    assert_eq!((musl_with("statx"), musl_with("memcpy")), (Some(OsVersion::new(1, 2)), None));
    for function in ["__stat_time64", "__clock_gettime64", "__time64", "__localtime64_r", "__dlsym_time64"] {
        assert_eq!(musl_with(function), Some(OsVersion::new(1, 2)), "{function}");
    }
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
    // The first release with these markers, each on its processors.
    for (node, architecture, is_there) in [
        ("GLIBC_ABI_GNU2_TLS", Architecture::X86_64, true),
        ("GLIBC_ABI_GNU2_TLS", Architecture::I686, true),
        ("GLIBC_ABI_GNU_TLS", Architecture::I686, true),
        ("GLIBC_ABI_DT_X86_64_PLT", Architecture::X86_64, true),
        ("GLIBC_ABI_DT_X86_64_PLT", Architecture::I686, false),
        ("GLIBC_ABI_GNU2_TLS", Architecture::Aarch64, false),
        ("GLIBC_ABI_OF_TOMORROW", Architecture::X86_64, false),
    ] {
        assert!(!allows(42, architecture, node), "{node} {architecture}");
        assert_eq!(allows(43, architecture, node), is_there, "{node} {architecture}");
    }
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
    for name in ["d3d12.dll", "D3D12Core.dll", "icuuc.dll", "icu.dll", "dxcore.dll", "Windows.UI.dll", "mfc42u.dll"] {
        assert!(windows_has_library(name), "{name}");
    }
    for name in ["VCRUNTIME140_1.dll", "MSVCP140_ATOMIC_WAIT.dll", "mfc140u.dll", "jvm.dll", "cublas64_12.dll"] {
        assert!(is_runtime_of_windows(name), "{name}");
        assert!(on_most_windows(name) && !windows_has_library(name), "{name}");
    }
    for name in ["amdhip64_7.dll", "hipblas.dll", "libhipblaslt.dll", "rocblas.dll"] {
        assert!(on_most_windows(name) && !windows_has_library(name), "{name}");
    }
    assert!(!is_runtime_of_windows("more.dll") && is_runtime_of_windows("ucrtbase.dll"));
    for name in ["vcruntime140d.dll", "vcruntime140_1d.dll", "mfc140ud.dll", "msvcp120.dll", "vcruntime1400.dll"] {
        assert!(!on_most_windows(name) && !windows_has_library(name), "{name}");
    }
    assert!(macos_has_library("/usr/lib/libSystem.B.dylib"));
    assert!(!macos_has_library("/usr/lib/../local/lib/libfoo.dylib"));
    assert!(!macos_has_library("/opt/homebrew/lib/libssl.3.dylib"));
    assert!(android_has_library(21, "liblog.so") && !android_has_library(21, "libaaudio.so"));
    assert!(android_has_library(26, "libaaudio.so") && !android_has_library(36, "libc++_shared.so"));
    assert!(!manylinux_has_library(glibc(17), Architecture::X86_64, "libmvec.so.1"));
    assert!(manylinux_has_library(glibc(17), Architecture::X86_64, "ld-linux-x86-64.so.2"));
}
