//! Payloads of any program, in every form and laid out as upstreams do it: which files are found, and where they go.

use std::path::{Path, PathBuf};

use relkit::payload::PayloadForm;
use relkit::product::RuntimeProject;

use crate::samples::archive::{
    Defect as ZipDefect, Entry, EntryType, TarMember, entry, gzip, tar, tar_of, xz, zip_of, zstd,
};
use crate::samples::binary::{ElfSample, elf, glibc_elf, windows_program};
use crate::support::payloads::{open, project, refused, wheel};
use crate::support::{scratch, write, write_tree};

const SCRIPTS: &str = "executable = \"rg\"\ncommand = \"scripts\"\n";
const LAUNCHER: &str = "executable = \"rg\"\ncommand = \"launcher\"\n";

type Files = Vec<(&'static str, Vec<u8>)>;

fn library() -> Vec<u8> {
    ElfSample { kind: 3, interpreter: None, soname: Some("libz.so.1"), flags_1: 0, ..glibc_elf() }.build()
}

/// The files of a release, as its archive has them.
fn release() -> Files {
    vec![
        ("rg", elf(500)),
        ("LICENSE-MIT", b"MIT".to_vec()),
        ("doc/rg.1", b".TH RG 1".to_vec()),
        ("complete/rg.bash", b"complete".to_vec()),
        ("data/a/x.json", b"{}".to_vec()),
        ("data/y.json", b"{}".to_vec()),
    ]
}

const FILES: &str = r#"files = [
  { from = "LICENSE-*", to = "licenses" },
  { from = "doc/rg.1", to = "share/man/man1/" },
  { from = "./complete/rg.bash", to = "share/bash-completion/completions/rg" },
  { from = "data/**", to = "package/data/" },
]
"#;

/// What the rules make of a release.
const PLACED: [&str; 5] = [
    "package/data/a/x.json",
    "package/data/y.json",
    "scripts/rg*",
    "data/share/bash-completion/completions/rg",
    "data/share/man/man1/rg.1",
];

fn with_licence(files: &[&str]) -> Vec<String> {
    files.iter().chain(&["licenses/LICENSE-MIT"]).map(ToString::to_string).collect()
}

#[track_caller]
fn files(project: &RuntimeProject, payload: &Path) -> Vec<String> {
    open(project, payload).unwrap_or_else(|error| panic!("{}: {error:?}", payload.display())).files
}

fn archive(directory: &Path, files: &[(&str, Vec<u8>)]) -> PathBuf {
    write(directory, "a.tar.gz", gzip(&tar_of(files, "")))
}

#[test]
fn every_form_of_a_release_is_read_alike() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let project = project(&format!("{SCRIPTS}{FILES}"));
    let release = release();
    write_tree(&root.join("flat"), &release);
    write_tree(&root.join("folder/rg-15.2.0"), &release);
    let payloads = [
        (root.join("flat"), PayloadForm::Directory),
        (root.join("folder"), PayloadForm::Directory),
        (write(root, "a.tar.gz", gzip(&tar_of(&release, "rg-15.2.0/"))), PayloadForm::Tar),
        (write(root, "b.tar.xz", xz(&tar_of(&release, "./"))), PayloadForm::Tar),
        (write(root, "c.tar.zst", zstd(&tar_of(&release, "./rg-15.2.0/"))), PayloadForm::Tar),
        (write(root, "d.tar", tar_of(&release, "rg-15.2.0/")), PayloadForm::Tar),
        (write(root, "e.zip", zip_of(&release, "rg-15.2.0/")), PayloadForm::Zip),
        (write(root, "names.say.nothing", xz(&tar_of(&release, ""))), PayloadForm::Tar),
    ];
    for (payload, form) in payloads {
        let opened = open(&project, &payload).unwrap_or_else(|error| panic!("{}: {error:?}", payload.display()));
        assert_eq!(opened.form, form, "{}", payload.display());
        assert_eq!(opened.files, with_licence(&PLACED), "{}", payload.display());
        assert_eq!((opened.ignored.len(), opened.unmatched.len()), (0, 0), "{}", payload.display());
        assert_eq!(opened.bytes("scripts/rg"), elf(500));
    }
}

/// Names in a zip archive as the usual tools write them: UTF-8 without its mark (Info-ZIP, macOS), `\` alone (Windows
/// PowerShell 5).
#[test]
fn names_of_zip_archives_are_read_as_tools_write_them() {
    let directory = tempfile::tempdir().unwrap();
    let project = project(&format!("{SCRIPTS}files = [{{ from = \"**/*.txt\", to = \"share/\" }}]\n"));
    let zip = |names: &[&[u8]], flags: u16| {
        let contents = |name: &[u8]| if name.ends_with(b"rg") { elf(500) } else { Vec::new() };
        let entries = names.iter().map(|name| Entry { name: name.to_vec(), ..entry("", contents(name), 0) });
        let entries: Vec<_> = entries.map(|entry| entry.with(ZipDefect::Flags(flags))).collect();
        write(directory.path(), "a.zip", crate::samples::archive::archive(&entries, b""))
    };
    let umlaut = "doc/Größe.txt";
    let expected = ["scripts/rg*", "data/share/doc/Größe.txt"];
    for flags in [0, 1 << 11] {
        assert_eq!(files(&project, &zip(&[b"rg", umlaut.as_bytes()], flags)), expected, "{flags}");
    }
    let windows: &[&[u8]] = &[b"rg-15\\bin\\", b"rg-15\\bin\\rg", b"rg-15\\doc\\a.txt"];
    assert_eq!(files(&project, &zip(windows, 0)), ["scripts/rg*", "data/share/doc/a.txt"]);
    for (names, words) in [
        (&[b"rg", &b"doc/Gr\x94\xe1e.txt"[..]][..], "is not UTF-8"),
        (&[b"bin/rg", b"doc\\a.txt"], "backslash"),
        (&[b"rg", b"..\\a.txt"], "`..`"),
        (&[b"rg", b"\\a.txt"], "absolute"),
        (&[b"rg", b"C:\\a.txt"], "a.txt"),
    ] {
        let said = refused(&project, &zip(names, 0));
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn one_executable_alone_is_a_payload_in_every_compression() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let (first, second) = (elf(500)[..200].to_vec(), elf(500)[200..].to_vec());
    let payloads = [
        (write(root, "rg-15.2.0-linux-amd64", elf(500)), PayloadForm::Executable),
        (write(root, "rg.gz", gzip(&elf(500))), PayloadForm::Compressed),
        (write(root, "rg-linux.xz", xz(&elf(500))), PayloadForm::Compressed),
        (write(root, "rg-x86_64-unknown-linux-musl.zst", zstd(&elf(500))), PayloadForm::Compressed),
        // Streams behind each other are one.
        (write(root, "two.gz", [gzip(&first), gzip(&second)].concat()), PayloadForm::Compressed),
        (write(root, "two.xz", [xz(&first), xz(&second), vec![0; 8]].concat()), PayloadForm::Compressed),
        (write(root, "two.zst", [zstd(&first), zstd(&second)].concat()), PayloadForm::Compressed),
        (write(root, "lone.zip", zip_of(&[("rg-linux-amd64", elf(500))], "")), PayloadForm::Zip),
    ];
    for (rows, placed) in [(SCRIPTS, "scripts/rg"), (LAUNCHER, "package/bin/rg")] {
        let project = project(&format!("{rows}{FILES}"));
        for (payload, form) in &payloads {
            let opened = open(&project, payload).unwrap_or_else(|error| panic!("{}: {error:?}", payload.display()));
            assert_eq!(opened.form, *form, "{}", payload.display());
            assert_eq!(opened.files, [format!("{placed}*")], "{}", payload.display());
            assert_eq!(opened.executables, [placed]);
            assert_eq!(opened.bytes(placed), elf(500), "{}", payload.display());
            // There is nothing else to be had of it.
            assert_eq!(opened.unmatched, ["LICENSE-*", "doc/rg.1", "./complete/rg.bash", "data/**"]);
        }
    }
    let windows = write(root, "rg-windows-amd64.exe", windows_program());
    assert_eq!(files(&project(SCRIPTS), &windows), ["scripts/rg.exe*"]);
    for bytes in [gzip(b""), xz(b""), zstd(b"")] {
        assert!(refused(&project(SCRIPTS), &write(root, "other", bytes)).contains("other` is empty"));
    }
    for (bytes, words) in [(gzip(b"words"), "a text file"), (xz(&gzip(&elf(500))), "a gzip-compressed file")] {
        let text = refused(&project(SCRIPTS), &write(root, "other", bytes));
        assert!(text.contains(words) && text.contains("not a tar archive"), "{text}");
    }
}

#[test]
fn a_program_is_found_where_upstreams_put_it() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let notes = || ("README.md", b"notes".to_vec());
    let script = || b"#!/bin/sh\n".to_vec();
    let cases: [(Files, &[&str]); 12] = [
        (vec![("bin/rg", elf(500)), ("rg", elf(600)), notes()], &["bin/rg*", "README.md", "rg*"]),
        (vec![("rg", elf(500)), ("lib/rg", elf(600))], &["lib/rg*", "rg*"]),
        (vec![("rg.exe", windows_program()), notes()], &["README.md", "rg.exe*"]),
        (vec![("rg-15.2.0-linux-amd64", elf(500)), notes()], &["README.md", "rg*"]),
        (vec![("bin/rg-linux", elf(500)), ("share/x", b"x".to_vec())], &["bin/rg*", "share/x"]),
        (vec![("deep/down/rg-linux", elf(500)), notes()], &["bin/rg*"]),
        // Nothing beside it: the layout of a lone executable.
        (vec![("rg-linux", elf(500))], &["bin/rg*"]),
        // What lies beside the directory of its `bin/` stays behind.
        (
            vec![("CMake.app/Contents/bin/rg", elf(500)), ("CMake.app/Contents/share/a", b"a".to_vec()), notes()],
            &["bin/rg*", "share/a"],
        ),
        // Libraries, scripts and other text are no programs, whatever they are called.
        (
            vec![("rg-linux", elf(500)), ("libz.so.1", library()), ("plugin", library()), ("rg.sh", script())],
            &["libz.so.1", "plugin*", "rg*", "rg.sh*"],
        ),
        (vec![("libexec/rg", elf(500)), ("bin/rg", script())], &["bin/rg*"]),
        (
            vec![("rg", elf(500)), ("share/tool.sh", script()), ("share/text", b"x".to_vec())],
            &["rg*", "share/text", "share/tool.sh"],
        ),
        (
            vec![("bin/rg", elf(500)), ("bin/tool.sh", script()), ("libexec/helper", elf(600))],
            &["bin/rg*", "bin/tool.sh*", "libexec/helper*"],
        ),
    ];
    let project = project(LAUNCHER);
    for (content, mut expected) in cases.map(|(content, expected)| (content, expected.to_vec())) {
        expected.sort_by_key(|file| file.trim_end_matches('*'));
        let expected: Vec<_> = expected.iter().map(|file| format!("package/{file}")).collect();
        let opened = open(&project, &archive(root, &content)).unwrap();
        assert_eq!(opened.files, expected);
        let elsewhere = content.iter().filter(|(_, bytes)| *bytes == elf(500));
        assert!(elsewhere.count() == 0 || opened.bytes(&opened.executables[0]) == elf(500), "{expected:?}");
    }
}

#[test]
fn the_bit_of_a_script_is_kept_and_links_are_files() {
    let directory = tempfile::tempdir().unwrap();
    let members = [
        TarMember::file("x/bin/rg", elf(500)),
        TarMember { mode: 0o755, ..TarMember::file("x/share/run.sh", "#!/bin/sh\n") },
        TarMember { mode: 0o755, ..TarMember::file("x/share/text", "words") },
        TarMember::special("x/bin/agrep", EntryType::Symlink, "./grep"),
        TarMember::special("x/bin/grep", EntryType::Symlink, "rg"),
    ];
    let payload = write(directory.path(), "a.tar.xz", xz(&tar(&members)));
    let expected =
        ["package/bin/agrep*", "package/bin/grep*", "package/bin/rg*", "package/share/run.sh*", "package/share/text"];
    assert_eq!(files(&project(LAUNCHER), &payload), expected);
}

#[cfg(unix)]
#[test]
fn a_linked_directory_is_there_twice() {
    use std::os::unix::fs::symlink;
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let expected = ["package/bin/rg*", "package/lib/a", "package/lib/b", "package/lib64/a", "package/lib64/b"];
    let members = [
        TarMember::special("x/lib64", EntryType::Symlink, "./lib"),
        TarMember::special("x/lib/b", EntryType::Symlink, "../lib64/a"),
        TarMember::file("x/lib/a", "a"),
        TarMember::file("x/bin/rg", elf(500)),
    ];
    let project = project(LAUNCHER);
    assert_eq!(files(&project, &write(root, "a.tar.zst", zstd(&tar(&members)))), expected);
    let tree = root.join("tree");
    write_tree(&tree, &[("bin/rg", elf(500)), ("lib/a", b"a".to_vec())]);
    symlink("lib", tree.join("lib64")).unwrap();
    symlink("../lib64/a", tree.join("lib/b")).unwrap();
    assert_eq!(files(&project, &tree), expected);
    assert!(tree.join("lib/a").is_file(), "what is the user's is copied");
    symlink("..", tree.join("lib/up")).unwrap();
    assert!(refused(&project, &tree).contains("link `lib/up` does not lead to a file"));
}

#[test]
fn further_executables_are_shipped_where_a_payload_has_them() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let rows = |command: &str| project(&format!("executables = [\"uv\", \"uvx\", \"uvw\"]\ncommand = \"{command}\"\n"));
    let both =
        archive(root, &[("uv-linux/uvx", elf(600)), ("uv-linux/uv", elf(500)), ("uv-linux/NOTES", b"x".to_vec())]);
    let opened = open(&rows("scripts"), &both).unwrap();
    assert_eq!(opened.executables, ["scripts/uv", "scripts/uvx"]);
    assert_eq!((opened.files.len(), opened.ignored), (2, vec!["NOTES".to_owned()]));
    let opened = open(&rows("none"), &both).unwrap();
    assert_eq!(opened.executables, ["package/uv", "package/uvx"]);
    assert_eq!(opened.files, ["package/NOTES", "package/uv*", "package/uvx*"]);
    // With nothing else there, nothing else is missed.
    let rule =
        "executables = [\"uv\", \"uvx\"]\ncommand = \"scripts\"\nfiles = [{ from = \"LICENSE\", to = \"licenses\" }]\n";
    let bare = archive(root, &[("uv-linux/uvx", elf(600)), ("uv-linux/uv", elf(500))]);
    assert_eq!(open(&project(rule), &bare).unwrap().unmatched, ["LICENSE"]);
    let both =
        archive(root, &[("uv-linux/uvx", elf(600)), ("uv-linux/uv", elf(500)), ("uv-linux/NOTES", b"x".to_vec())]);
    assert!(refused(&project(rule), &both).contains("has nothing that `LICENSE` of `files` matches"));
    // In several directories; what is outside of the root goes beside the program.
    let apart = archive(root, &[("a/bin/uv", elf(500)), ("b/uvx", elf(600)), ("c", b"x".to_vec())]);
    assert_eq!(open(&rows("none"), &apart).unwrap().executables, ["package/bin/uv", "package/bin/uvx"]);
    // Another executable is not the program, though it is the only one.
    let other = archive(root, &[("uvx", elf(600)), ("NOTES", b"x".to_vec())]);
    assert!(refused(&rows("scripts"), &other).contains("holds no executable: expected `uv` or `uv.exe`"));
}

#[test]
fn a_payload_without_the_program_or_with_several_says_what_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let several = || vec![("a/rg", elf(500)), ("b/rg", elf(600)), ("c", b"x".to_vec())];
    let cases: [(Files, &str); 10] = [
        (several(), "several executables, and none of them is known to be the program: `a/rg`, `b/rg`"),
        (vec![("a", elf(500)), ("b", elf(600)), ("d/rg.txt", b"x".to_vec())], "`a`, `b`"),
        (vec![("bin/rg", elf(500)), ("bin/rg.exe", windows_program())], "`bin/rg`, `bin/rg.exe`"),
        (vec![("NOTES", b"x".to_vec())], "holds no executable: expected `rg` or `rg.exe`"),
        (vec![("rg", b"#!/bin/sh\n".to_vec()), ("c", b"x".to_vec())], "a script, not an executable"),
        (vec![("bin/rg", b"words".to_vec()), ("a", elf(500)), ("b", elf(600))], "a text file, not an executable"),
        (vec![("rg", Vec::new()), ("c", b"x".to_vec())], "is empty"),
        (vec![("libz.so", library()), ("c", b"x".to_vec())], "holds no executable"),
        // An archive in another; what is packed further below is the program's own.
        (vec![("a.tgz", gzip(b"x")), ("c", b"x".to_vec())], "and files that are packed: `a.tgz`"),
        (vec![("man/a.1.gz", gzip(b"x")), ("c", b"x".to_vec())], "holds no executable: expected"),
    ];
    for (content, words) in cases {
        let text = refused(&project(LAUNCHER), &archive(root, &content));
        assert!(text.contains(words), "{words}: {text}");
    }
    // A directory of artefacts, given in place of them.
    let downloads = root.join("downloads");
    write_tree(&downloads, &[("rg.tgz", gzip(b"x")), ("rg.zip", zip_of(&[], "")), ("SHA256SUMS", b"x".to_vec())]);
    let text = refused(&project(SCRIPTS), &downloads);
    assert!(text.contains("packed: `rg.tgz`, `rg.zip`") && text.contains("give the files themselves"), "{text}");
}

#[test]
fn a_rule_that_cannot_be_kept_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let payload = archive(root, &release());
    for (rows, words) in [
        (r#"{ from = "docs/rg.1", to = "share/man/man1/" }"#, "has nothing that `docs/rg.1` of `files` matches"),
        (r#"{ from = "docs/rg.1", to = "share/man/man1/" }"#, "the nearest there: `doc/rg.1`"),
        (r#"{ from = "rg", to = "package/" }"#, "has nothing that `rg`"),
        (r#"{ from = "data/**", to = "share/rg.json" }"#, "matches several: `data/a/x.json`, `data/y.json`"),
        (
            r#"{ from = "doc/rg.1", to = "share/y.json" }, { from = "data/y*", to = "share/" }"#,
            "`doc/rg.1` and `data/y.json` both go to `share/y.json` of the wheel",
        ),
        (
            r#"{ from = "doc/rg.1", to = "share/y.json" }, { from = "data/y*", to = "share/" }"#,
            "of the wheel (`pyproject.toml`, line 6: tool.relkit.files[1].from)",
        ),
        (
            r#"{ from = "doc/rg.1", to = "share/Y.json" }, { from = "data/y*", to = "share/" }"#,
            "`data/y.json` cannot go to `share/y.json` of the wheel: `share/Y.json` has the same path where case",
        ),
        (
            r#"{ from = "doc/rg.1", to = "share/x" }, { from = "data/y*", to = "share/x/" }"#,
            "both a file and a directory",
        ),
        (r#"{ from = "docs/rg.1", to = "share/" }"#, "pyproject.toml`, line 6: tool.relkit.files[0].from"),
        (r#"{ from = "data/**", to = "share/rg.json" }"#, "pyproject.toml`, line 6: tool.relkit.files[0].from"),
    ] {
        let text = refused(&project(&format!("{SCRIPTS}files = [{rows}]\n")), &payload);
        assert!(text.contains(words), "{words}: {text}");
    }
    // One file may go to several places, and the layout of the package gives way to a rule.
    let twice = r#"files = [{ from = "data/y.json", to = "share/" }, { from = "data/*", to = "package/elsewhere/" }]"#;
    let placed = files(&project(&format!("{LAUNCHER}{twice}\n")), &payload);
    assert!(placed.contains(&"data/share/y.json".into()) && placed.contains(&"package/elsewhere/y.json".into()));
    assert!(placed.contains(&"package/data/a/x.json".into()) && !placed.contains(&"package/data/y.json".into()));
}

#[test]
fn an_sbom_is_carried_from_beside_a_payload_and_from_within() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let lone = write(root, "rg-linux", elf(500));
    for name in ["rg-linux.cdx.json", "rg-linux.spdx.sbom.json", "rg-other.cdx.json", "rg-linux.json"] {
        write(root, name, name);
    }
    let expected = ["scripts/rg*", "sboms/rg-linux.cdx.json", "sboms/rg-linux.spdx.sbom.json"];
    let opened = open(&project(SCRIPTS), &lone).unwrap();
    assert_eq!(opened.files, expected);
    assert_eq!(opened.bytes("sboms/rg-linux.cdx.json"), b"rg-linux.cdx.json");
    assert!(lone.is_file() && root.join("rg-linux.cdx.json").is_file(), "what is the user's is copied");
    // The wrapping folder is one whatever lies beside it.
    let within = [("x/rg", elf(500)), ("x/sbom/rg.SPDX.json", b"{}".to_vec()), ("rg.cyclonedx.json", b"{}".to_vec())];
    let payload = archive(root, &within);
    write(root, "a.tar.gz.cdx.json", b"{}");
    assert_eq!(
        files(&project(LAUNCHER), &payload),
        ["package/bin/rg*", "sboms/a.tar.gz.cdx.json", "sboms/rg.SPDX.json", "sboms/rg.cyclonedx.json"]
    );
    let twice = archive(root, &[("rg", elf(500)), ("a/s.cdx.json", vec![b'{']), ("b/s.cdx.json", vec![b'['])]);
    let text = refused(&project(SCRIPTS), &twice);
    assert!(text.contains("`a/s.cdx.json` and `b/s.cdx.json` both go to `sboms/s.cdx.json`"), "{text}");
}

#[test]
fn a_wheel_of_anybody_is_a_payload() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let as_script: Files = vec![
        ("other/__init__.py", b"".to_vec()),
        ("other/sub/tool.py", b"x = 1".to_vec()),
        ("NAME.data/scripts/rg", elf(500)),
        ("NAME.data/scripts/wrapper", b"#!python\n".to_vec()),
        ("NAME.data/data/share/man/man1/rg.1", b".TH".to_vec()),
        ("NAME.dist-info/licenses/LICENSE-MIT", b"MIT".to_vec()),
        ("NAME.dist-info/NOTICE", b"N".to_vec()),
        ("NAME.dist-info/LICENSE-MIT", b"MIT".to_vec()),
        ("NAME.dist-info/sboms/rg.cyclonedx.json", b"{}".to_vec()),
        ("NAME.dist-info/entry_points.txt", b"".to_vec()),
    ];
    let foreign = wheel(root, "ripgrep", "14.1.0", &as_script);
    let opened = open(&project(&format!("{SCRIPTS}{FILES}")), &foreign).unwrap();
    assert_eq!(opened.form, PayloadForm::Wheel);
    // The manual page and the licence are where an earlier build put them; what it left out is no error.
    assert_eq!(
        opened.files,
        ["scripts/rg*", "data/share/man/man1/rg.1", "licenses/LICENSE-MIT", "sboms/rg.cyclonedx.json"]
    );
    assert_eq!(opened.unmatched, ["./complete/rg.bash", "data/**"]);
    assert_eq!(opened.ignored, ["sub/tool.py", "wrapper", "licenses/NOTICE", "licenses/LICENSE"]);
    assert_eq!(opened.wheel_version, None);
    assert_eq!(
        files(&project(LAUNCHER), &foreign),
        ["package/rg*", "package/share/man/man1/rg.1", "package/sub/tool.py", "sboms/rg.cyclonedx.json"]
    );
    // What was built of a release is built again of the wheel, where everything has its place already.
    let whole: Files = vec![
        ("demo_bin/__init__.py", b"".to_vec()),
        ("demo_bin/data/a/x.json", b"{}".to_vec()),
        ("demo_bin/data/y.json", b"{}".to_vec()),
        ("NAME.data/scripts/rg", elf(500)),
        ("NAME.data/data/share/man/man1/rg.1", b".TH RG 1".to_vec()),
        ("NAME.data/data/share/bash-completion/completions/rg", b"complete".to_vec()),
        ("NAME.dist-info/licenses/LICENSE-MIT", b"MIT".to_vec()),
    ];
    let own = wheel(root, "demo_bin", "15.2.0", &whole);
    assert_eq!(files(&project(&format!("{SCRIPTS}{FILES}")), &own), with_licence(&PLACED));
    // A wheel of the product has what the product ships.
    let with_the_module: Files = [vec![("demo_bin/__init__.py", b"".to_vec())], as_script[1..].to_vec()].concat();
    let own = wheel(root, "demo_bin", "14.1.0", &with_the_module);
    assert!(refused(&project(&format!("{SCRIPTS}{FILES}")), &own).contains("./complete/rg.bash"));
    assert_eq!(open(&project(SCRIPTS), &own).unwrap().wheel_version.as_deref(), Some("14.1.0"));

    let as_data: Files = vec![
        ("other/__init__.py", b"".to_vec()),
        ("other/data/bin/rg", elf(500)),
        ("other/data/share/x.py", b"x = 1".to_vec()),
        ("other.libs/libz.so", library()),
        ("second/notes.txt", b"x".to_vec()),
    ];
    let opened = open(&project(LAUNCHER), &wheel(root, "ripgrep", "1", &as_data)).unwrap();
    assert_eq!(opened.files, ["package/bin/rg*", "package/share/x.py"]);
    // The sources that make a package of the program's directory are the packaging's, others are the program's.
    let nested: Files = vec![
        ("other/__init__.py", b"".to_vec()),
        ("other/binaries/__init__.py", b"".to_vec()),
        ("other/binaries/find.py", b"".to_vec()),
        ("other/binaries/words", b"x".to_vec()),
        ("other/binaries/rules/__init__.py", b"".to_vec()),
        ("other/binaries/rg-linux-x86_64-v15.2.0", elf(500)),
    ];
    let nested = files(&project(LAUNCHER), &wheel(root, "ripgrep", "3", &nested));
    assert_eq!(nested, ["package/rg*", "package/rules/__init__.py", "package/words"]);
    let two: Files = vec![("one/rg", elf(500)), ("two/rg", elf(600))];
    assert!(refused(&project(LAUNCHER), &wheel(root, "ripgrep", "2", &two)).contains("`one`, `two`"));
}

/// An import package as it lies where it was installed: the stage writes its code anew. Where it is none, Python beside the
/// program is for the program.
#[test]
fn the_code_of_an_import_package_is_left_to_the_stage() {
    let directory = scratch();
    let project = project(LAUNCHER);
    let code = || [("__main__.py", b"x".to_vec()), ("py.typed", Vec::new()), ("__pycache__/a.pyc", b"x".to_vec())];
    let tool = |program: &'static str, others: &[&'static str]| -> Files {
        let others = others.iter().map(|path| (*path, b"x".to_vec()));
        [(program, elf(500))].into_iter().chain(others).chain(code()).collect()
    };
    for (files, expected) in [
        (tool("bin/rg", &["__init__.py", "lib/a.py"]), &["package/bin/rg*", "package/lib/a.py"][..]),
        (tool("rg", &["__init__.py", "a.dat"]), &["package/a.dat", "package/rg*"]),
        (
            tool("rg", &["plugin.py"]),
            &[
                "package/__main__.py",
                "package/__pycache__/a.pyc",
                "package/plugin.py",
                "package/py.typed",
                "package/rg*",
            ],
        ),
    ] {
        let opened = open(&project, &archive(directory.path(), &files)).unwrap();
        assert_eq!(opened.files, expected);
        let left = files.len() - expected.len();
        assert_eq!(opened.ignored.len(), left, "{:?}", opened.ignored);
    }
}
