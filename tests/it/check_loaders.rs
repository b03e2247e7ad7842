//! The word of the loaders that are here, glibc's and musl's, beside that of `check`: what one refuses or crashes on is an error
//! under its tag, and what it takes is none. Needs a C compiler, and for musl `musl-gcc`; each half says where it is skipped.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use relkit::check::Severity;

use crate::samples::wheel::linux;
use crate::support::check::findings;
use crate::support::scratch;

/// Opens a library as Python opens a module.
const OPENER: &str = "#include <dlfcn.h>
int main(int count, char **words) { return count == 2 && dlopen(words[1], RTLD_NOW) ? 0 : 3; }
";
const PROGRAM: &str = "int main(void) { return 0; }\n";
const ALONE: &str = "void _start(void) { __asm__(\"mov $60, %eax\\n xor %edi, %edi\\n syscall\"); }\n";
const MODULE: &str = "#include <stdlib.h>
void *PyModule_Create2(void *, int) __attribute__((weak));
void *PyInit_m(void) { return PyModule_Create2 ? PyModule_Create2(malloc(9), 1013) : 0; }
";
const INDIRECT: &str = "static int one(void) { return 1; }
static int (*choose(void))(void) { return one; }
int chosen(void) __attribute__((ifunc(\"choose\")));
int (*there)(void) = chosen;
void *PyInit_m(void) { return there; }
";
const OF_THREADS: &str = "static __thread char own[64] __attribute__((tls_model(\"initial-exec\")));
void *PyInit_m(int place) { own[place]++; return 0; }
";
const MUCH_OF_THREADS: &str = "static __thread char own[9000] __attribute__((tls_model(\"initial-exec\")));
void *PyInit_m(int place) { own[place]++; return 0; }
";

/// What is done to the built file.
type Edit = fn(&mut Vec<u8>);

/// What it is, its source and flags, what is done to it, and whether glibc and musl take it.
type Row = (&'static str, &'static str, &'static [&'static str], Edit, bool, bool);

const LIBRARY: &[&str] = &["-shared", "-fPIC"];
const FREE_LIBRARY: &[&str] = &["-shared", "-fPIC", "-nostdlib"];

fn number(file: &[u8], at: usize) -> usize {
    usize::try_from(u64::from_le_bytes(file[at..at + 8].try_into().unwrap())).unwrap()
}

/// Where the program headers of this type stand.
fn headers(file: &[u8], kind: u32) -> Vec<usize> {
    let count = usize::from(u16::from_le_bytes([file[56], file[57]]));
    let all = (0..count).map(|index| number(file, 32) + 56 * index);
    all.filter(|at| file[*at..at + 4] == kind.to_le_bytes()).collect()
}

/// Gives the entry of the dynamic segment with this tag another value.
fn state(file: &mut [u8], tag: u64, value: u64) {
    let segment = headers(file, 2)[0];
    let (start, size) = (number(file, segment + 8), number(file, segment + 32));
    let at = (start..start + size).step_by(16).find(|at| number(file, *at) as u64 == tag).unwrap();
    file[at + 8..at + 16].copy_from_slice(&value.to_le_bytes());
}

fn zero_the_dynamic_segment(file: &mut [u8]) {
    let segment = headers(file, 2)[0];
    let (start, size) = (number(file, segment + 8), number(file, segment + 32));
    file[start..start + size].fill(0);
}

fn half_of_memory(file: &mut [u8]) {
    let last = *headers(file, 1).last().unwrap();
    let half = number(file, last + 32) as u64 / 2;
    file[last + 40..last + 48].copy_from_slice(&half.to_le_bytes());
}

fn without(kind: u32) -> impl Fn(&mut [u8]) {
    move |file| {
        for at in headers(file, kind) {
            file[at..at + 4].fill(0);
        }
    }
}

const NOTHING: Edit = |_| {};
const FAR: u64 = 0x7_ffff_f000;

/// Modules of Python, called `m`.
const MODULES: [Row; 19] = [
    ("a module", MODULE, LIBRARY, NOTHING, true, true),
    ("one with the elder hash table", MODULE, &["-shared", "-fPIC", "-Wl,--hash-style=sysv"], NOTHING, true, true),
    ("one without a C library", "void *PyInit_m(void) { return 0; }\n", FREE_LIBRARY, NOTHING, true, true),
    ("one that is bound at once", MODULE, &["-shared", "-fPIC", "-Wl,-z,now,-z,relro"], NOTHING, true, true),
    ("functions that choose others", INDIRECT, FREE_LIBRARY, NOTHING, true, false),
    ("variables beside the program's", OF_THREADS, FREE_LIBRARY, NOTHING, true, false),
    ("many variables beside the program's", MUCH_OF_THREADS, FREE_LIBRARY, NOTHING, false, false),
    ("one that says nobody may open it", MODULE, &["-shared", "-fPIC", "-Wl,-z,nodlopen"], NOTHING, false, true),
    ("nothing but zeros", MODULE, LIBRARY, |file| file.fill(0), false, false),
    ("zeros behind the header", MODULE, LIBRARY, |file| file[64..].fill(0), false, false),
    ("a dynamic segment of zeros", MODULE, LIBRARY, |file| zero_the_dynamic_segment(file), false, false),
    ("no dynamic segment", MODULE, LIBRARY, |file| without(2)(file), false, false),
    ("no loadable segment", MODULE, LIBRARY, |file| without(1)(file), false, false),
    ("half of the file", MODULE, LIBRARY, |file| file.truncate(file.len() / 2), false, false),
    ("less of the memory than of the file", MODULE, LIBRARY, |file| half_of_memory(file), false, false),
    ("a hash table nowhere", MODULE, LIBRARY, |file| state(file, 0x6fff_fef5, FAR), false, false),
    ("symbols nowhere", MODULE, LIBRARY, |file| state(file, 6, FAR), false, false),
    ("relocations nowhere", MODULE, LIBRARY, |file| state(file, 7, FAR), false, false),
    ("a convention of no version", MODULE, LIBRARY, |file| file[8] = 9, false, true),
];

const PROGRAMS: [Row; 11] = [
    ("a program", PROGRAM, &["-pie", "-fPIE"], NOTHING, true, true),
    ("one at a fixed address", PROGRAM, &["-no-pie"], NOTHING, true, true),
    ("a static one", PROGRAM, &["-static"], NOTHING, true, true),
    ("one without a C library", ALONE, &["-nostdlib", "-static"], NOTHING, true, true),
    (
        "one that names a loader that is not there",
        PROGRAM,
        &["-Wl,--dynamic-linker=/lib/ld-nowhere.so"],
        NOTHING,
        false,
        false,
    ),
    ("one that names no loader", PROGRAM, &["-pie", "-fPIE", "-Wl,--no-dynamic-linker"], NOTHING, false, false),
    ("one without its dynamic segment", PROGRAM, &["-pie", "-fPIE"], |file| without(2)(file), false, false),
    ("zeros behind the header", PROGRAM, &["-pie", "-fPIE"], |file| file[64..].fill(0), false, false),
    ("strings nowhere", PROGRAM, &["-pie", "-fPIE"], |file| state(file, 5, FAR), false, false),
    ("half of the file", PROGRAM, &["-static"], |file| file.truncate(file.len() / 2), false, false),
    ("less of the memory than of the file", PROGRAM, &["-pie", "-fPIE"], |file| half_of_memory(file), false, false),
];

/// A compiler, what it makes files for, and the programs here that open libraries.
struct Side {
    compiler: &'static str,
    platform: String,
    directory: PathBuf,
}

impl Side {
    /// None where it is not there.
    fn new(compiler: &'static str, directory: &Path) -> Option<Self> {
        let side = Self { compiler, platform: String::new(), directory: directory.to_owned() };
        side.build("opener", OPENER, &[])?;
        Some(side)
    }

    fn build(&self, name: &str, source: &str, flags: &[&str]) -> Option<PathBuf> {
        let (code, out) = (self.directory.join(format!("{name}.c")), self.directory.join(name));
        std::fs::write(&code, source).unwrap();
        let mut command = Command::new(self.compiler);
        command.args(["-O1", "-w"]).args(flags).arg(&code).arg("-o").arg(&out);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success()).then_some(out)
    }

    /// Holds both words against the row of the table.
    fn hold(
        &self,
        rows: &[Row],
        file: &str,
        is_taken: impl Fn(&Path) -> bool,
        expected: fn(&Row) -> bool,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        for row in rows {
            let (name, source, flags, edit, ..) = *row;
            let Some(path) = self.build("file", source, flags) else {
                eprintln!("skipped: `{}` does not build {name}", self.compiler);
                continue;
            };
            let mut bytes = std::fs::read(&path).unwrap();
            edit(&mut bytes);
            std::fs::write(&path, &bytes).unwrap();
            let sample = linux().renamed(&format!("openai_codex_cli_bin-0.163.0-cp39-abi3-{}.whl", self.platform));
            let found = findings(&sample.and(file, bytes, 0o100755)).into_iter();
            let errors: Vec<_> = found
                .filter(|it| it.severity == Severity::Error && it.member.as_deref() == Some(file))
                .map(|it| it.rule)
                .collect();
            let said = (is_taken(&path), errors.is_empty());
            if said != (expected(row), expected(row)) {
                wrong.push(format!("{name}: the loader takes it: {}, errors: {errors:?}", said.0));
            }
        }
        wrong
    }

    fn hold_all(&self, expected: fn(&Row) -> bool) {
        let succeeds = |command: &mut Command| {
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
            status.is_ok_and(|status| status.success())
        };
        let opens = |path: &Path| succeeds(Command::new(self.directory.join("opener")).arg(path));
        let mut wrong = self.hold(&MODULES, "m.abi3.so", opens, expected);
        wrong.extend(self.hold(&PROGRAMS, "codex_cli_bin/program", |path| succeeds(&mut Command::new(path)), expected));
        assert_eq!(wrong, [""; 0], "{}", self.compiler);
    }
}

#[test]
fn what_the_loader_of_glibc_refuses_is_an_error() {
    let directory = scratch();
    let Some(mut side) = Side::new("gcc", directory.path()) else { return eprintln!("skipped: there is no gcc") };
    let version = side.build(
        "version",
        "#include <gnu/libc-version.h>\n#include <stdio.h>\nint main(void) { return puts(gnu_get_libc_version()) < 0; }\n",
        &[],
    );
    let Some(version) = version else { return eprintln!("skipped: gcc does not build for glibc here") };
    let version = String::from_utf8(Command::new(version).output().unwrap().stdout).unwrap();
    side.platform = format!("manylinux_{}_x86_64", version.trim().replace('.', "_"));
    side.hold_all(|row| row.4);
}

#[test]
fn what_the_loader_of_musl_refuses_is_an_error() {
    let directory = scratch();
    let Some(mut side) = Side::new("musl-gcc", directory.path()) else {
        return eprintln!("skipped: there is no musl-gcc (musl-tools)");
    };
    side.platform = "musllinux_1_2_x86_64".to_owned();
    side.hold_all(|row| row.5);
}
