//! Stages of runtimes, made from payloads of every form, and from what is no payload.

use std::fs;
use std::path::{Path, PathBuf};

use relkit::console::Progress;
use relkit::error::Exit;
use relkit::fs::Existing;
use relkit::stage::{self, StageError, StageWarning, stage_runtime};

use crate::samples::archive::{
    Defect, EntryType, TarMember, archive, entry, gzip, noise, tar, tar_of, xz, zip_of, zstd,
};
use crate::samples::binary::{
    ARM64, ElfSample, MachSample, elf, glibc_elf, mac, static_elf, static_pie, windows_library, windows_program,
};
use crate::samples::wheel::{Sample, of_package, sha384, sha512};
use crate::support::killing::Killing;
use crate::support::stages::{DESCRIPTOR, package, product, release, request, stage, told};
use crate::support::{self, mode, names, paths, repository, set_mode, tree, write, write_tree};

/// A wheel of this release around a package.
fn wheel_of(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    of_package(files, "0.163.0").build()
}

/// A dictionary that no payload needs, and that a decoder would have to find memory for.
fn wide_xz(bytes: &[u8]) -> Vec<u8> {
    let mut whole = xz(bytes);
    // The size of the dictionary, as a byte of the first block's header; its checksum follows.
    assert_eq!(whole[14..16], [0x21, 1]);
    whole[16] = 33;
    let checksum = crc32fast::hash(&whole[12..20]).to_le_bytes();
    whole[20..24].copy_from_slice(&checksum);
    whole
}

#[test]
fn every_form_of_a_package_gives_one_stage() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write_tree(&root.join("package"), &package());
    write_tree(&root.join("wrapping/codex-0.163.0"), &package());
    let files = package();
    let litter = [files.clone(), vec![("__MACOSX/._codex", b"x".to_vec()), (".DS_Store", b"x".to_vec())]].concat();
    let payloads = [
        root.join("package"),
        root.join("wrapping"),
        write(root, "a.tar.gz", gzip(&tar_of(&files, ""))),
        write(root, "b.tgz", gzip(&tar_of(&files, "./"))),
        write(root, "c.tar.gz", gzip(&tar_of(&files, "codex-0.163.0/"))),
        write(root, "d.tar.zst", zstd(&tar_of(&files, ""))),
        write(root, "e.zip", zip_of(&files, "")),
        write(root, "f.zip", zip_of(&files, "folder/")),
        write(root, "g.zip", zip_of(&litter, "")),
        write(root, "openai_codex_cli_bin-0.163.0-py3-none-any.whl", wheel_of(&files)),
        // The name says nothing.
        write(root, "h.zip", gzip(&tar_of(&files, ""))),
        write(root, "codex", zstd(&tar_of(&files, "x/"))),
        write(root, "j.tar.xz", xz(&tar_of(&files, "codex-0.163.0/"))),
        write(root, "k.tar", tar_of(&files, "./")),
        write(root, "i.bin", wheel_of(&files)),
    ];
    let mut first = None;
    for payload in payloads {
        let out = root.join("out");
        let staged = stage(&out, &payload).unwrap_or_else(|error| panic!("{}: {}", payload.display(), told(error).0));
        assert_eq!(staged.platform_tag.to_string(), "manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64");
        assert_eq!(staged.warnings, [], "{}", payload.display());
        let tree = tree(&out);
        assert_eq!(*first.get_or_insert_with(|| tree.clone()), tree, "{}", payload.display());
        fs::remove_dir_all(&out).unwrap();
    }
    let modes: Vec<_> = first.unwrap().into_iter().map(|(path, mode, _)| (path, mode)).collect();
    let bits = |executable: bool| if cfg!(unix) { if executable { 0o755 } else { 0o644 } } else { 0 };
    let expected = [
        ("LICENSE", false),
        ("README.md", false),
        ("hatch_build.py", false),
        ("pyproject.toml", false),
        ("src/codex_cli_bin/__init__.py", false),
        ("src/codex_cli_bin/__main__.py", false),
        ("src/codex_cli_bin/bin/codex", true),
        ("src/codex_cli_bin/bin/codex-host", true),
        ("src/codex_cli_bin/codex-package.json", false),
        ("src/codex_cli_bin/codex-path/rg", true),
        ("src/codex_cli_bin/codex-resources/bwrap", true),
        ("src/codex_cli_bin/codex-resources/notes/NOTICE.md", false),
        ("src/codex_cli_bin/codex-resources/run.sh", true),
        ("src/codex_cli_bin/py.typed", false),
    ];
    assert_eq!(modes, expected.map(|(path, executable)| (path.to_owned(), bits(executable))));
}

#[test]
fn the_descriptor_is_kept_byte_for_byte_or_written() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let out = root.join("out");
    let staged_descriptor = || fs::read_to_string(out.join("src/codex_cli_bin/codex-package.json")).unwrap();
    write_tree(&root.join("package"), &package());
    stage(&out, &root.join("package")).unwrap();
    assert_eq!(staged_descriptor(), DESCRIPTOR);
    fs::remove_dir_all(&out).unwrap();
    let lone = write(root, "whatever", elf(500));
    let mut request = request(&out, &lone);
    request.release = release("0.116.0a1");
    stage_runtime(&request, &Progress::hidden()).unwrap();
    let written: serde_json::Value = serde_json::from_str(&staged_descriptor()).unwrap();
    assert_eq!(written["version"], "0.116.0-alpha.1");
    assert_eq!(written["target"], "x86_64-unknown-linux-musl");
    assert_eq!(written["entrypoint"], "bin/codex");
    assert_eq!(fs::read(out.join("src/codex_cli_bin/bin/codex")).unwrap(), elf(500));
}

#[test]
fn a_lone_executable_may_come_in_an_archive_under_any_name() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let lone = vec![("codex-x86_64-unknown-linux-musl", elf(500))];
    let with_notes = [lone.clone(), vec![("README.md", b"notes".to_vec())]].concat();
    write_tree(&root.join("directory"), &lone);
    let payloads = [
        (write(root, "a.tar.gz", gzip(&tar_of(&lone, ""))), 0),
        (write(root, "b.tar.zst", zstd(&tar_of(&lone, "./"))), 0),
        (write(root, "c.zip", zip_of(&lone, "folder/")), 0),
        (write(root, "software.zip", zip_of(&[("tool.software", elf(500)), ("libz.so.1", elf(600))], "")), 1),
        (write(root, "d.zip", zip_of(&with_notes, "")), 1),
        (root.join("directory"), 0),
        (write(root, "codex-x86_64-unknown-linux-musl.zst", zstd(&elf(500))), 0),
        (write(root, "codex.xz", xz(&elf(500))), 0),
        (write(root, "codex.gz", gzip(&elf(500))), 0),
    ];
    for (payload, left_out) in payloads {
        let out = root.join("out");
        let staged = stage(&out, &payload).unwrap();
        assert_eq!(staged.entrypoint, "bin/codex");
        assert_eq!(fs::read(out.join("src/codex_cli_bin/bin/codex")).unwrap(), elf(500));
        let left = staged.warnings.iter().filter(|warning| matches!(warning, StageWarning::LeftOut { .. })).count();
        assert_eq!(left, left_out, "{}", payload.display());
        fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn a_wheel_is_held_against_the_digests_of_its_own_record() {
    let directory = tempfile::tempdir().unwrap();
    let try_with = |digest: fn(&[u8]) -> String| {
        let payload = write(directory.path(), "a.whl", of_package(&package(), "0.163.0").digest(digest).build());
        let staged = stage(&directory.path().join("out"), &payload);
        let _ = fs::remove_dir_all(directory.path().join("out"));
        staged.map(|_| ()).map_err(told)
    };
    assert_eq!(try_with(sha384), Ok(()));
    assert_eq!(try_with(sha512), Ok(()));
    type Digest = fn(&[u8]) -> String;
    let refused: [(Digest, &str); 4] = [
        (|bytes| sha512(&[bytes, b"x"].concat()), "its sha512 digest is another"),
        (|_| "md5=AAAA".to_owned(), "`md5` is no digest to rely on"),
        (|_| String::new(), "its row has no digest"),
        (|_| "sha512=!".to_owned(), "`sha512=!` is not a digest"),
    ];
    for (digest, words) in refused {
        let (text, exit) = try_with(digest).unwrap_err();
        assert!(text.contains(words), "{text}");
        assert_eq!(exit, Exit::NotGood);
    }
    let try_edited = |edit: fn(String) -> String| {
        let sample = Sample { edit_record: edit, ..of_package(&package(), "0.163.0") };
        let staged = stage(&directory.path().join("out"), &write(directory.path(), "a.whl", sample.build()));
        let _ = fs::remove_dir_all(directory.path().join("out"));
        staged.map(|_| ()).map_err(told)
    };
    type Edit = fn(String) -> String;
    let refused: [(Edit, &str); 4] = [
        (|record| record.replacen(",500\n", ",501\n", 1), "is not what RECORD says: it has 500 bytes"),
        (|record| record.clone() + &record.replacen(",500\n", ",501\n", 1), "two rows state two things of it"),
        (|record| format!("\u{feff}{record}"), "it begins with a byte order mark"),
        (|record| record.replacen(",500\n", ",500,\n", 1), "columns, not 3"),
    ];
    for (edit, words) in refused {
        let (text, exit) = try_edited(edit).unwrap_err();
        assert!(text.contains(words), "{text}");
        assert_eq!(exit, Exit::NotGood);
    }
    // A row that stands there twice states one thing.
    assert_eq!(try_edited(|record| record.repeat(2)), Ok(()));
}

#[test]
fn the_import_package_of_an_unpacked_wheel_is_a_payload() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write_tree(&root.join("codex_cli_bin"), &package());
    write_tree(&root.join("codex_cli_bin"), &[("__init__.py", "old = 1\n")]);
    let staged = stage(&root.join("out"), &root.join("codex_cli_bin")).unwrap();
    assert_eq!(staged.warnings, [StageWarning::LeftOut { names: "`__init__.py`".into() }]);
    let module = fs::read_to_string(root.join("out/src/codex_cli_bin/__init__.py")).unwrap();
    assert!(module.contains("bundled_codex_path") && !module.contains("old = 1"), "{module}");
}

#[test]
fn links_inside_become_copies() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let mut members: Vec<_> = package().iter().map(|(path, bytes)| TarMember::file(*path, bytes.clone())).collect();
    members.push(TarMember::special("codex-path/grep", EntryType::Symlink, "../codex-path/rg"));
    members.push(TarMember::special("codex-path/search", EntryType::Link, "codex-path/rg"));
    let out = root.join("out");
    stage(&out, &write(root, "a.tar.gz", gzip(&tar(&members)))).unwrap();
    for name in ["grep", "search"] {
        let copy = out.join("src/codex_cli_bin/codex-path").join(name);
        assert!(fs::symlink_metadata(&copy).unwrap().is_file());
        assert_eq!(fs::read(&copy).unwrap(), elf(600));
        assert!(cfg!(not(unix)) || mode(&copy) == 0o755);
    }
}

/// What is no payload: its name, its bytes, the exit code, and words of the message.
fn bad_files() -> Vec<(&'static str, Vec<u8>, Exit, &'static str)> {
    let long = format!("bin/{}", "x".repeat(256));
    let files = package();
    let with = |name: &'static str, bytes: &[u8]| {
        let mut files = package();
        files.retain(|(path, _)| *path != name);
        files.push((name, bytes.to_vec()));
        gzip(&tar_of(&files, ""))
    };
    let without = |name: &str| {
        let mut files = package();
        files.retain(|(path, _)| *path != name);
        gzip(&tar_of(&files, ""))
    };
    let member = |member: TarMember| {
        let codex = TarMember::file("bin/codex", elf(500));
        gzip(&tar(&[codex, TarMember::file("codex-package.json", DESCRIPTOR), member]))
    };
    let raw = |name: &str, kind, link: &str| member(TarMember::special(name, kind, link));
    let round = {
        let link = |name, target| TarMember::special(name, EntryType::Symlink, target);
        gzip(&tar(&[TarMember::file("bin/codex", elf(500)), link("bin/x", "y"), link("bin/y", "x")]))
    };
    let named = |name: &[u8]| member(TarMember::file(name, "x"));
    let whole = gzip(&tar_of(&files, ""));
    let cut = whole[..whole.len() / 2].to_vec();
    let zip = zip_of(&files, "");
    let zip_with = |defect| archive(&[entry("bin/codex", elf(4000), 0o100_755).with(defect)], b"");
    let codex = || entry("bin/codex", elf(500), 0o100_755);
    let wide = {
        let mut writer = zstd::Encoder::new(Vec::new(), 1).unwrap();
        writer.window_log(28).unwrap();
        writer.long_distance_matching(true).unwrap();
        std::io::Write::write_all(&mut writer, &tar_of(&files, "")).unwrap();
        writer.finish().unwrap()
    };
    // A wheel whose payload was exchanged after RECORD was written.
    let exchanged = of_package(&files, "0.163.0").entries(|all| all[0].data = elf(4001));
    let bomb = {
        let zeros = TarMember { data: vec![0; 300 << 20], ..TarMember::file("bin/zeros", "") };
        zstd(&tar(&[TarMember::file("bin/codex", elf(500)), zeros]))
    };
    let mut truncated = elf(4000);
    truncated.truncate(70);
    vec![
        ("empty", Vec::new(), Exit::NotGood, "is empty"),
        ("text", b"just words\n".to_vec(), Exit::NotGood, "a text file"),
        ("script", b"#!/bin/sh\nexit 0\n".to_vec(), Exit::NotGood, "a script"),
        ("noise", vec![0, 1, 2, 3], Exit::NotGood, "unknown kind"),
        ("truncated", truncated, Exit::NotGood, "cut short"),
        ("cut.exe", b"MZ\x90\x00\x03\x00\x00\x00".to_vec(), Exit::NotGood, ""),
        ("cut.tar", tar_of(&files, "")[..6000].to_vec(), Exit::NotGood, "damaged"),
        ("cut.tar.xz", xz(&tar_of(&files, ""))[..200].to_vec(), Exit::NotGood, "damaged"),
        ("padded.gz", [gzip(&elf(500)), b"x".to_vec()].concat(), Exit::NotGood, "damaged"),
        ("padded.xz", [xz(&elf(500)), b"word".to_vec()].concat(), Exit::NotGood, "damaged"),
        ("padded.zst", [zstd(&elf(500)), b"word".to_vec()].concat(), Exit::NotGood, "damaged"),
        ("wide.tar.xz", wide_xz(&tar_of(&files, "")), Exit::NotGood, "a window of more than 128 MiB"),
        ("bomb.xz", xz(&[elf(500), vec![0; 257 << 20]].concat()), Exit::NotGood, "unpacks to more than"),
        ("text.gz", gzip(b"just words, compressed"), Exit::NotGood, "not a tar archive"),
        ("cut.tar.gz", cut.clone(), Exit::NotGood, "damaged"),
        ("cut.tar.zst", zstd(&tar_of(&files, ""))[..200].to_vec(), Exit::NotGood, "damaged"),
        ("noise.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\0garbage".to_vec(), Exit::NotGood, "damaged"),
        ("cut.zip", zip[..zip.len() / 2].to_vec(), Exit::NotGood, "damaged"),
        ("flipped.zip", zip_with(Defect::Data(|data| data[40] ^= 0xff)), Exit::NotGood, "damaged"),
        ("encrypted.zip", zip_with(Defect::Flags(1)), Exit::NotGood, "is encrypted"),
        ("bzip2.zip", zip_with(Defect::Method(12)), Exit::NotGood, "is compressed by bzip2"),
        ("wide.tar.zst", wide, Exit::NotGood, "a window of more than 128 MiB"),
        ("twice.zip", archive(&[codex(), codex()], b""), Exit::NotGood, "twice"),
        ("no.whl", zip.clone(), Exit::NotGood, "dist-info"),
        ("record.whl", exchanged.build(), Exit::NotGood, "RECORD"),
        ("bomb.tar.zst", bomb, Exit::NotGood, "unpacks to more than"),
        ("empty.tar.gz", gzip(&[0; 1024]), Exit::NotGood, "holds no executable"),
        ("nothing.zip", zip_of(&[], ""), Exit::NotGood, "holds no executable"),
        ("notes.zip", zip_of(&[("README.md", b"x".to_vec())], ""), Exit::NotGood, "holds no executable"),
        ("several.zip", zip_of(&[("a", elf(500)), ("b", elf(500))], ""), Exit::NotGood, "several executables"),
        ("up.tar.gz", named(b"../codex"), Exit::NotGood, "`..` part"),
        ("deep.tar.gz", named(b"bin/../../codex"), Exit::NotGood, "`..` part"),
        ("absolute.tar.gz", named(b"/etc/codex"), Exit::NotGood, "absolute"),
        ("drive.tar.gz", named(b"C:/codex"), Exit::NotGood, "drive"),
        ("backslash.tar.gz", named(b"..\\codex"), Exit::NotGood, "backslash"),
        ("case.tar.gz", named(b"BIN/codex"), Exit::NotGood, "same name"),
        ("twice.tar.gz", named(b"bin/codex"), Exit::NotGood, "twice"),
        ("under.tar.gz", named(b"bin/codex/x"), Exit::NotGood, "twice"),
        ("latin.tar.gz", named(b"bin/\xff"), Exit::NotGood, "UTF-8"),
        // In the words of `check`'s rules about paths.
        ("unseen.tar.gz", named("bin/a\u{200b}".as_bytes()), Exit::NotGood, "U+200B, which cannot be seen"),
        ("control.tar.gz", named(b"bin/a\x07"), Exit::NotGood, "the path has a control character"),
        ("windows.tar.gz", named(b"bin/a?"), Exit::NotGood, "the path has a `?`"),
        ("dropped.tar.gz", named(b"bin/a."), Exit::NotGood, "a part of the path ends in a dot or a space"),
        ("long.zip", zip_of(&[("bin/codex", elf(500)), (&long, elf(500))], ""), Exit::NotGood, "has 256 bytes"),
        ("form.tar.gz", named("BIN/\u{e9}".as_bytes()), Exit::NotGood, "where case or Unicode form do not count"),
        ("up.zip", zip_of(&[("bin/codex", elf(500)), ("../x", elf(500))], ""), Exit::NotGood, "`..` part"),
        ("link-out.tar.gz", raw("bin/x", EntryType::Symlink, "../../x"), Exit::NotGood, "leads out"),
        ("link-absolute.tar.gz", raw("bin/x", EntryType::Symlink, "/etc/passwd"), Exit::NotGood, "leads out"),
        ("link-round.tar.gz", round, Exit::NotGood, "does not lead to a file"),
        ("link-self.tar.gz", raw("bin/x", EntryType::Symlink, "x"), Exit::NotGood, "does not lead to a file"),
        ("hard-out.tar.gz", raw("bin/x", EntryType::Link, "../x"), Exit::NotGood, "leads out"),
        ("device.tar.gz", raw("bin/x", EntryType::Char, ""), Exit::NotGood, "device"),
        ("fifo.tar.gz", raw("bin/x", EntryType::Fifo, ""), Exit::NotGood, "FIFO"),
        ("sparse.tar.gz", raw("bin/x", EntryType::GNUSparse, ""), Exit::NotGood, "sparse"),
        ("no-entry.tar.gz", without("bin/codex"), Exit::NotGood, "does not exist"),
        ("text-entry.tar.gz", with("bin/codex", b"words"), Exit::NotGood, "a text file"),
        ("script-entry.tar.gz", with("bin/codex", b"#!/bin/sh\n"), Exit::NotGood, "a script"),
        ("empty-entry.tar.gz", with("bin/codex", b""), Exit::NotGood, "empty"),
        ("cut-helper.tar.gz", with("codex-path/rg", &elf(500)[..70]), Exit::NotGood, "codex-path/rg"),
        ("json.tar.gz", with("codex-package.json", b"{"), Exit::NotGood, "cannot be used"),
        ("large-json.tar.gz", with("codex-package.json", &[b' '; 70_000]), Exit::NotGood, "larger than"),
        ("layout.tar.gz", with("codex-package.json", b"{\"layoutVersion\": 9}"), Exit::NotGood, "layoutVersion 9"),
        (
            "version.tar.gz",
            with("codex-package.json", b"{\"version\": \"0.163.1\"}"),
            Exit::NotGood,
            "is version 0.163.1 by its `codex-package.json`",
        ),
        (
            "target.tar.gz",
            with("codex-package.json", b"{\"target\": \"aarch64-unknown-linux-musl\"}"),
            Exit::NotGood,
            "built for `aarch64-unknown-linux-musl`",
        ),
        (
            "version.whl",
            of_package(&[("bin/codex", elf(500))], "0.162.0").build(),
            Exit::NotGood,
            "is version 0.162.0 by its wheel",
        ),
    ]
}

#[test]
fn what_is_no_payload_is_refused_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes, exit, words) in bad_files() {
        let payload = write(directory.path(), name, &bytes);
        let place = directory.path().join("place");
        fs::create_dir(&place).unwrap();
        let error = stage(&place.join("made/out"), &payload).map(|_| name).expect_err(name);
        if let StageError::Payload(error) = &error {
            assert!(relkit::error::Explain::hint(error).is_some(), "{name}");
        }
        let (text, code) = told(error);
        assert!(text.contains(words), "{name}: {text}");
        assert!(!text.contains("damaged") || words == "damaged", "{name}: {text}");
        assert!(text.contains(name), "{name} is not named: {text}");
        assert_eq!(code, exit, "{name}: {text}");
        assert_eq!(names(&place), [""; 0], "{name}");
        fs::remove_dir(&place).unwrap();
    }
}

#[test]
fn a_shared_library_is_no_executable_and_every_kind_of_program_is() {
    let directory = tempfile::tempdir().unwrap();
    let shared = ElfSample {
        kind: 3,
        interpreter: None,
        soname: Some("libcodex.so.1"),
        needed: vec!["libc.so.6"],
        flags_1: 0,
        ..glibc_elf()
    };
    let libraries = [
        ("libcodex.so", shared.build()),
        ("libcodex.dylib", MachSample { kind: 6, ..mac(ARM64, 11, 0) }.build()),
        ("codex.bundle", MachSample { kind: 8, ..mac(ARM64, 11, 0) }.build()),
        ("codex.dll", windows_library()),
    ];
    let out = directory.path().join("out");
    for (name, bytes) in libraries {
        // Alone, and under the name of the executable in a package.
        let payload = write(directory.path(), name, &bytes);
        let entry = if name.ends_with("dll") { "bin/codex.exe" } else { "bin/codex" };
        let package = write(directory.path(), &format!("{name}.tar.gz"), gzip(&tar_of(&[(entry, bytes)], "")));
        for payload in [payload, package] {
            let error = stage(&out, &payload).expect_err(name);
            assert!(relkit::error::Explain::hint(&error).is_some(), "{name}");
            let (text, exit) = told(error);
            assert!(text.contains("is a shared library, not an executable"), "{name}: {text}");
            assert_eq!((exit, out.exists()), (Exit::NotGood, false), "{name}");
        }
    }
    let programs = [
        ("static", static_elf().build()),
        ("static-pie", static_pie(62).build()),
        ("dynamic", glibc_elf().build()),
        ("pie", ElfSample { kind: 3, ..glibc_elf() }.build()),
        ("mac", mac(ARM64, 11, 0).build()),
        ("windows.exe", windows_program()),
    ];
    for (name, bytes) in programs {
        let payload = write(directory.path(), name, &bytes);
        stage(&directory.path().join(format!("stage-{name}")), &payload).expect(name);
    }
}

#[test]
fn directories_that_are_no_payload() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let refused = |payload: &Path, words: &str, exit: Exit| {
        let (text, code) = told(stage(&root.join("out"), payload).unwrap_err());
        assert!(text.contains(words), "{text}");
        assert_eq!(code, exit, "{text}");
        assert!(!root.join("out").exists());
    };
    refused(&root.join("missing"), "cannot read", Exit::Failed);
    fs::create_dir(root.join("empty")).unwrap();
    refused(&root.join("empty"), "holds no executable", Exit::NotGood);
    write_tree(&root.join("notes"), &[("a/b.txt", "x"), ("c.txt", "x")]);
    refused(&root.join("notes"), "holds no executable", Exit::NotGood);
    write_tree(&root.join("both"), &[("bin/codex", elf(500)), ("bin/codex.exe", elf(500))]);
    refused(&root.join("both"), "several", Exit::NotGood);
}

#[cfg(unix)]
#[test]
fn links_out_of_a_directory_and_devices_are_refused() {
    use std::os::unix::fs::symlink;
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write(root, "outside", b"secret");
    for (target, words) in [
        ("../../outside", "leads out"),
        ("../../none", "leads out"),
        ("link", "leads nowhere"),
        (".", "does not lead to a file"),
    ] {
        let payload = root.join("package");
        write_tree(&payload, &package());
        symlink(target, payload.join("bin/link")).unwrap();
        let (text, exit) = told(stage(&root.join("out"), &payload).unwrap_err());
        assert!(text.contains(words) && text.contains("bin/link"), "{text}");
        assert_eq!(exit, Exit::NotGood);
        fs::remove_dir_all(&payload).unwrap();
    }
    write_tree(&root.join("package"), &package());
    symlink("codex", root.join("package/bin/alias")).unwrap();
    symlink("package", root.join("current")).unwrap();
    stage(&root.join("out"), &root.join("current")).unwrap();
    let alias = root.join("out/src/codex_cli_bin/bin/alias");
    assert!(fs::symlink_metadata(&alias).unwrap().is_file());
    let (text, exit) = told(stage(&root.join("other"), Path::new("/dev/null")).unwrap_err());
    assert!(text.contains("neither a file nor a directory"), "{text}");
    assert_eq!(exit, Exit::Failed);
}

#[cfg(unix)]
#[test]
fn an_unreadable_payload_is_an_error_of_the_run() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let payload = write(root, "codex", elf(500));
    set_mode(&payload, 0o000);
    if fs::File::open(&payload).is_ok() {
        // The administrator may; `contract_input` has another user try.
        eprintln!("skipped: this user may read every file");
        return;
    }
    let (text, exit) = told(stage(&root.join("out"), &payload).unwrap_err());
    assert!(text.contains("cannot read"), "{text}");
    assert_eq!(exit, Exit::Failed);
}

#[test]
fn an_output_with_files_is_replaced_only_when_asked_and_only_at_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let out = root.join("out");
    write_tree(&out, &[("mine", "x")]);
    let (good, bad) = (write(root, "codex", elf(500)), write(root, "bad", b"words"));
    let (text, exit) = told(stage(&out, &good).unwrap_err());
    assert!(text.contains("is not empty") && text.contains("--force"), "{text}");
    assert_eq!((exit, paths(&out)), (Exit::Failed, vec!["mine".to_owned()]));
    let force = |payload: &Path| {
        let request = stage::runtime::Options { existing: Existing::Replace, ..request(&out, payload) };
        stage_runtime(&request, &Progress::hidden())
    };
    assert!(force(&bad).is_err());
    assert_eq!(paths(&out), ["mine"]);
    force(&good).unwrap();
    assert!(!out.join("mine").exists() && out.join("pyproject.toml").is_file());
    assert_eq!(names(root), ["bad", "codex", "out"]);
    // An input that the exchange would destroy.
    let inside = write(&out, "codex", elf(500));
    let (text, exit) = told(force(&inside).unwrap_err());
    assert!(text.contains("overlaps the payload"), "{text}");
    assert_eq!(exit, Exit::Failed);
    assert!(inside.is_file());
    // A file is not replaced by a directory.
    assert!(stage(&good, &bad).is_err());
    assert_eq!(fs::read(&good).unwrap(), elf(500));
}

#[test]
fn a_later_change_of_the_stage_never_reaches_the_payload() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let payload = write(root, "codex", elf(5000));
    stage(&root.join("out"), &payload).unwrap();
    fs::write(root.join("out/src/codex_cli_bin/bin/codex"), b"changed").unwrap();
    assert_eq!(fs::read(&payload).unwrap(), elf(5000));
}

#[test]
fn a_tag_for_another_machine_is_refused_and_another_floor_is_obeyed() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let payload = write(root, "codex", elf(500));
    let with_tag = |tag: &str| {
        let request = stage::runtime::Options {
            platform_tag: Some(tag.parse().unwrap()),
            ..request(&root.join("out"), &payload)
        };
        stage_runtime(&request, &Progress::hidden())
    };
    for tag in ["win_amd64", "macosx_11_0_arm64", "musllinux_1_1_aarch64", "any", "musllinux_1_1_x86_64.win_amd64"] {
        let error = with_tag(tag).unwrap_err();
        assert!(matches!(error, StageError::WrongMachine { .. }), "{tag}");
        let (text, exit) = told(error);
        assert!(text.contains("musllinux_1_") && text.contains("_x86_64`"), "no honest tag is named: {text}");
        assert_eq!(exit, Exit::NotGood);
        assert!(!root.join("out").exists());
    }
    let staged = with_tag("manylinux_2_28_x86_64").unwrap();
    assert_eq!(staged.platform_tag.to_string(), "manylinux_2_28_x86_64");
    assert_eq!(staged.warnings, []);
    let written = fs::read_to_string(root.join("out/pyproject.toml")).unwrap();
    assert!(written.contains("platform-tag = \"manylinux_2_28_x86_64\""), "{written}");
}

#[test]
fn a_template_with_an_unknown_placeholder_or_the_payloads_files_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let template = root.join("template");
    let source = repository().join("runtime-template");
    for path in paths(&source).into_iter().filter(|path| !path.contains("__pycache__")) {
        write_tree(&template, &[(path.as_str(), fs::read(source.join(&path)).unwrap())]);
    }
    let payload = write(root, "codex", elf(500));
    let with_template = |out: &Path| {
        let product = product(&template, None);
        let request = stage::runtime::Options { product: &product, ..request(out, &payload) };
        stage_runtime(&request, &Progress::hidden())
    };
    write(&template, "NOTES.md", "@modul@");
    let (text, exit) = told(with_template(&root.join("out")).unwrap_err());
    assert!(text.contains("`@modul@`") && text.contains("NOTES.md"), "{text}");
    assert_eq!(exit, Exit::Failed);
    write(&template, "NOTES.md", "@module@ @executable@ @distribution@ @version@");
    with_template(&root.join("out")).unwrap();
    let notes = fs::read_to_string(root.join("out/NOTES.md")).unwrap();
    assert_eq!(notes, "codex_cli_bin codex openai-codex-cli-bin 0.163.0");
    assert!(told(with_template(&template.join("out")).unwrap_err()).0.contains("overlaps the template"));
    write_tree(&template, &[("src/module/bin/codex", "x")]);
    assert!(matches!(with_template(&root.join("other")), Err(StageError::Conflict { row: None, .. })));
}

/// Not a test of its own: what `a_killed_run_leaves_no_partial_stage` starts and kills.
#[test]
fn child_that_stages() {
    let Some(arguments) = std::env::var_os("RELKIT_TEST_STAGE") else { return };
    let arguments: Vec<PathBuf> = std::env::split_paths(&arguments).collect();
    let request = stage::runtime::Options { existing: Existing::Replace, ..request(&arguments[0], &arguments[1]) };
    stage_runtime(&request, &Progress::hidden()).unwrap();
}

#[cfg(unix)]
#[test]
fn a_killed_run_leaves_no_partial_stage() {
    kill_runs(10);
}

#[cfg(unix)]
#[test]
#[ignore = "long: 50 moments; a_killed_run_leaves_no_partial_stage is the short form"]
fn a_run_killed_at_many_moments_leaves_no_partial_stage() {
    kill_runs(50);
}

#[cfg(unix)]
fn kill_runs(rounds: u32) {
    use std::process::Stdio;
    use std::time::Instant;
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let mut files = package();
    // Incompressible, so that unpacking takes a while.
    files[0].1.extend(noise(12 << 20));
    let payload = write(root, "payload.tar.gz", gzip(&tar_of(&files, "")));
    let out = root.join("out");
    let start = |out: &Path| {
        let arguments = std::env::join_paths([out, &payload]).unwrap();
        let mut child = support::as_process("stage_runtime::child_that_stages");
        child.env("RELKIT_TEST_STAGE", arguments);
        child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let began = Instant::now();
    assert!(start(&out).wait().unwrap().success());
    let whole = began.elapsed();
    let reference = tree(&out);
    let rounds = support::kills(rounds);
    let mut killing = Killing::of(rounds, whole);
    for round in 0..rounds {
        // Half of the runs replace a stage, half write a new one.
        let fresh = root.join("fresh");
        let target = if round % 2 == 0 { &out } else { &fresh };
        killing.kill(start(target));
        assert_eq!(tree(&out), reference, "round {round}");
        if fresh.exists() {
            assert_eq!(tree(&fresh), reference, "round {round}");
            fs::remove_dir_all(&fresh).unwrap();
        }
    }
    killing.hit();
    assert!(start(&out).wait().unwrap().success());
    assert_eq!(tree(&out), reference);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_of_the_run_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let Some(disk) = support::SmallDisk::mount(&root.join("disk"), 8) else { return };
    let mut files = package();
    files[0].1 = elf(20 << 20);
    for payload in [
        write(root, "codex", elf(20 << 20)),
        write(root, "a.tar.gz", gzip(&tar_of(&files, ""))),
        write(root, "b.zip", zip_of(&files, "")),
    ] {
        let (text, exit) = told(stage(&disk.0.join("out"), &payload).unwrap_err());
        assert!(text.contains("cannot write") && text.contains("free space"), "{text}");
        assert_eq!(exit, Exit::Failed);
        assert_eq!(names(&disk.0), [""; 0], "{}", payload.display());
    }
    stage(&disk.0.join("out"), &write(root, "small", elf(500))).unwrap();
}
