//! Stages of runtimes, made from payloads of every form, and from what is no payload.

use std::fs;
use std::path::{Path, PathBuf};

use crate::stage_support::{
    DESCRIPTOR, elf, gzip, mode, names, package, paths, request, stage, tar, tar_of, told, tree, wheel_of, wheel_with,
    write, write_tree, zip_of,
};
use relkit::console::Progress;
use relkit::error::Exit;
use relkit::fs::Existing;
use relkit::stage::{RuntimeRequest, StageError, StageWarning, stage_runtime};
use tar::EntryType;

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
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
        write(root, "openai_codex_cli_bin-0.163.0-py3-none-any.whl", wheel_of(&files, "0.163.0")),
        // The name says nothing.
        write(root, "h.zip", gzip(&tar_of(&files, ""))),
        write(root, "codex", zstd(&tar_of(&files, "x/"))),
        write(root, "i.bin", wheel_of(&files, "0.163.0")),
    ];
    let mut first = None;
    for payload in payloads {
        let out = root.join("out");
        let staged = stage(&out, &payload).unwrap_or_else(|error| panic!("{}: {}", payload.display(), told(error).0));
        assert_eq!(staged.platform_tag.to_string(), "manylinux_2_17_x86_64.musllinux_1_1_x86_64");
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
    request.codex_version = "0.116.0a1".parse().unwrap();
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
        (write(root, "d.zip", zip_of(&with_notes, "")), 1),
        (root.join("directory"), 0),
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
    use base64::Engine as _;
    use sha2::Digest as _;
    let base64 = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let sha384 = |bytes: &[u8]| format!("sha384={}", base64(&sha2::Sha384::digest(bytes)));
    let sha512 = |bytes: &[u8]| format!("sha512={}", base64(&sha2::Sha512::digest(bytes)));
    let directory = tempfile::tempdir().unwrap();
    let try_with = |digest: &dyn Fn(&[u8]) -> String| {
        let payload = write(directory.path(), "a.whl", wheel_with(&package(), "0.163.0", digest));
        let staged = stage(&directory.path().join("out"), &payload);
        let _ = fs::remove_dir_all(directory.path().join("out"));
        staged.map(|_| ()).map_err(told)
    };
    assert_eq!(try_with(&sha384), Ok(()));
    assert_eq!(try_with(&sha512), Ok(()));
    let false_digest = |bytes: &[u8]| sha512(&[bytes, b"x"].concat());
    type Case<'a> = (&'a dyn Fn(&[u8]) -> String, &'a str);
    let refused: [Case<'_>; 4] = [
        (&false_digest, "does not have the digest that RECORD states"),
        (&|_: &[u8]| "md5=AAAA".to_owned(), "has no digest in RECORD that is at least as strong"),
        (&|_: &[u8]| String::new(), "has no digest in RECORD that is at least as strong"),
        (&|_: &[u8]| "sha512=!".to_owned(), "has no digest in RECORD that is at least as strong"),
    ];
    for (digest, words) in refused {
        let (text, exit) = try_with(digest).unwrap_err();
        assert!(text.contains(words), "{text}");
        assert_eq!(exit, Exit::NotGood);
    }
}

#[test]
fn the_import_package_of_an_unpacked_wheel_is_a_payload() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write_tree(&root.join("codex_cli_bin"), &package());
    write_tree(&root.join("codex_cli_bin"), &[("__init__.py", b"old = 1\n".to_vec())]);
    let staged = stage(&root.join("out"), &root.join("codex_cli_bin")).unwrap();
    assert_eq!(staged.warnings, [StageWarning::LeftOut { names: "`__init__.py`".into() }]);
    let module = fs::read_to_string(root.join("out/src/codex_cli_bin/__init__.py")).unwrap();
    assert!(module.contains("bundled_codex_path") && !module.contains("old = 1"), "{module}");
}

#[test]
fn links_inside_become_copies() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let files = package();
    let link = |name: &'static str, kind, target: &'static str| (name.as_bytes(), kind, target.as_bytes(), &b""[..]);
    let mut members: Vec<_> =
        files.iter().map(|(path, bytes)| (path.as_bytes(), EntryType::Regular, &b""[..], bytes.as_slice())).collect();
    members.push(link("codex-path/grep", EntryType::Symlink, "../codex-path/rg"));
    members.push(link("codex-path/search", EntryType::Link, "codex-path/rg"));
    let out = root.join("out");
    stage(&out, &write(root, "a.tar.gz", gzip(&tar(&members)))).unwrap();
    for name in ["grep", "search"] {
        let copy = out.join("src/codex_cli_bin/codex-path").join(name);
        assert!(fs::symlink_metadata(&copy).unwrap().is_file());
        assert_eq!(fs::read(&copy).unwrap(), elf(300));
        assert!(cfg!(not(unix)) || mode(&copy) == 0o755);
    }
}

/// What is no payload: its name, its bytes, the exit code, and words of the message.
fn bad_files() -> Vec<(&'static str, Vec<u8>, Exit, &'static str)> {
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
    let raw = |name: &[u8], kind, link: &[u8]| {
        let (entry, descriptor) = (elf(200), DESCRIPTOR.as_bytes());
        let members: [(&[u8], _, &[u8], &[u8]); 3] = [
            (b"bin/codex", EntryType::Regular, b"", &entry),
            (b"codex-package.json", EntryType::Regular, b"", descriptor),
            (name, kind, link, if kind == EntryType::Regular { b"x" } else { b"" }),
        ];
        gzip(&tar(&members))
    };
    let named = |name: &[u8]| raw(name, EntryType::Regular, b"");
    let whole = gzip(&tar_of(&files, ""));
    let cut = whole[..whole.len() / 2].to_vec();
    let zip = zip_of(&files, "");
    let mut encrypted = zip.clone();
    let central = encrypted.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    encrypted[6] |= 1;
    encrypted[central + 8] |= 1;
    let mut bzip2 = zip.clone();
    let local = bzip2.windows(4).position(|window| window == b"PK\x03\x04").unwrap();
    bzip2[local + 8] = 12;
    bzip2[central + 10] = 12;
    let wide = {
        let mut writer = zstd::Encoder::new(Vec::new(), 1).unwrap();
        writer.window_log(28).unwrap();
        writer.long_distance_matching(true).unwrap();
        std::io::Write::write_all(&mut writer, &tar_of(&files, "")).unwrap();
        writer.finish().unwrap()
    };
    let mut flipped = zip.clone();
    flipped[80] ^= 0xff;
    let wheel_bad = {
        // A wheel whose payload was exchanged after RECORD was written.
        let mut other = package();
        other[0].1 = elf(4001);
        let (one, two) = (wheel_of(&files, "0.163.0"), wheel_of(&other, "0.163.0"));
        swap_member(&two, &one, "RECORD")
    };
    let bomb = {
        let mut members = tar_of(&[("bin/codex", elf(200))], "");
        members.truncate(members.len() - 1024);
        let mut header = tar::Header::new_gnu();
        header.set_path("bin/zeros").unwrap();
        header.set_size(300 << 20);
        header.set_cksum();
        members.extend_from_slice(header.as_bytes());
        let mut writer = zstd::Encoder::new(Vec::new(), 1).unwrap();
        std::io::Write::write_all(&mut writer, &members).unwrap();
        std::io::copy(&mut std::io::Read::take(std::io::repeat(0), (300 << 20) + 1024), &mut writer).unwrap();
        writer.finish().unwrap()
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
        ("plain.tar", tar_of(&files, ""), Exit::NotGood, "uncompressed tar"),
        ("text.gz", gzip(b"just words, compressed"), Exit::NotGood, "not a tar archive"),
        ("cut.tar.gz", cut.clone(), Exit::NotGood, "damaged"),
        ("cut.tar.zst", zstd(&tar_of(&files, ""))[..200].to_vec(), Exit::NotGood, "damaged"),
        ("noise.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\0garbage".to_vec(), Exit::NotGood, "damaged"),
        ("cut.zip", zip[..zip.len() / 2].to_vec(), Exit::NotGood, "damaged"),
        ("flipped.zip", flipped, Exit::NotGood, "damaged"),
        ("encrypted.zip", encrypted, Exit::NotGood, "is encrypted"),
        ("bzip2.zip", bzip2, Exit::NotGood, "is compressed by bzip2"),
        ("wide.tar.zst", wide, Exit::NotGood, "a window of more than 128 MiB"),
        ("twice.zip", twice(), Exit::NotGood, "twice"),
        ("no.whl", zip.clone(), Exit::NotGood, "dist-info"),
        ("record.whl", wheel_bad, Exit::NotGood, "RECORD"),
        ("bomb.tar.zst", bomb, Exit::NotGood, "unpacks to more than"),
        ("empty.tar.gz", gzip(&[0; 1024]), Exit::NotGood, "holds no executable"),
        ("nothing.zip", zip_of(&[], ""), Exit::NotGood, "holds no executable"),
        ("notes.zip", zip_of(&[("README.md", b"x".to_vec())], ""), Exit::NotGood, "holds no executable"),
        ("several.zip", zip_of(&[("a", elf(200)), ("b", elf(200))], ""), Exit::NotGood, "several executables"),
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
        ("form.tar.gz", named("BIN/\u{e9}".as_bytes()), Exit::NotGood, "where case or Unicode form do not count"),
        ("up.zip", zip_of(&[("bin/codex", elf(200)), ("../x", elf(200))], ""), Exit::NotGood, "`..` part"),
        ("link-out.tar.gz", raw(b"bin/x", EntryType::Symlink, b"../../x"), Exit::NotGood, "leads out"),
        ("link-absolute.tar.gz", raw(b"bin/x", EntryType::Symlink, b"/etc/passwd"), Exit::NotGood, "leads out"),
        ("link-none.tar.gz", raw(b"bin/x", EntryType::Symlink, b"y"), Exit::NotGood, "does not lead to a file"),
        ("link-self.tar.gz", raw(b"bin/x", EntryType::Symlink, b"x"), Exit::NotGood, "does not lead to a file"),
        ("hard-out.tar.gz", raw(b"bin/x", EntryType::Link, b"../x"), Exit::NotGood, "leads out"),
        ("device.tar.gz", raw(b"bin/x", EntryType::Char, b""), Exit::NotGood, "device"),
        ("fifo.tar.gz", raw(b"bin/x", EntryType::Fifo, b""), Exit::NotGood, "FIFO"),
        ("sparse.tar.gz", raw(b"bin/x", EntryType::GNUSparse, b""), Exit::NotGood, "sparse"),
        ("no-entry.tar.gz", without("bin/codex"), Exit::NotGood, "does not exist"),
        ("text-entry.tar.gz", with("bin/codex", b"words"), Exit::NotGood, "a text file"),
        ("script-entry.tar.gz", with("bin/codex", b"#!/bin/sh\n"), Exit::NotGood, "a script"),
        ("empty-entry.tar.gz", with("bin/codex", b""), Exit::NotGood, "empty"),
        ("cut-helper.tar.gz", with("codex-path/rg", &elf(200)[..70]), Exit::NotGood, "codex-path/rg"),
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
            wheel_of(&[("bin/codex", elf(200))], "0.162.0"),
            Exit::NotGood,
            "is version 0.162.0 by its wheel",
        ),
    ]
}

/// A zip archive that lists one name twice.
fn twice() -> Vec<u8> {
    let mut bytes = zip_of(&[("bin/codex", elf(200)), ("bin/codey", elf(200))], "");
    for at in 0..bytes.len() - 9 {
        if bytes[at..].starts_with(b"bin/codey") {
            bytes[at + 8] = b'x';
        }
    }
    bytes
}

/// The archive `into` with one member taken from `from`.
fn swap_member(into: &[u8], from: &[u8], suffix: &str) -> Vec<u8> {
    let read = |bytes: &[u8]| {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes.to_vec())).unwrap();
        (0..archive.len())
            .map(|index| {
                let mut member = archive.by_index(index).unwrap();
                let mut data = Vec::new();
                std::io::Read::read_to_end(&mut member, &mut data).unwrap();
                (member.name().unwrap().into_owned(), data)
            })
            .collect::<Vec<_>>()
    };
    let mut members = read(into);
    for (name, data) in read(from) {
        if name.ends_with(suffix) {
            members.iter_mut().filter(|(other, _)| *other == name).for_each(|member| member.1.clone_from(&data));
        }
    }
    let members: Vec<_> = members.iter().map(|(name, data)| (name.as_str(), data.clone())).collect();
    zip_of(&members, "")
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
    use crate::check_support::samples::{ARM64, ElfSample, MachSample, glibc_elf, mac, pe, static_elf};
    let directory = tempfile::tempdir().unwrap();
    let mut dll = pe(0x8664, &["KERNEL32.dll"], true);
    let coff = u32::from_le_bytes(dll[60..64].try_into().unwrap()) as usize + 4;
    let dynamic_library = 0x2000_u16;
    let flags = u16::from_le_bytes([dll[coff + 18], dll[coff + 19]]) | dynamic_library;
    dll[coff + 18..coff + 20].copy_from_slice(&flags.to_le_bytes());
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
        ("codex.dll", dll),
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
    let static_pie = ElfSample { kind: 3, flags_1: 0x0800_0000, ..static_elf() };
    let programs = [
        ("static", static_elf().build()),
        ("static-pie", static_pie.build()),
        ("dynamic", glibc_elf().build()),
        ("pie", ElfSample { kind: 3, ..glibc_elf() }.build()),
        ("mac", mac(ARM64, 11, 0).build()),
        ("windows.exe", pe(0x8664, &["KERNEL32.dll"], true)),
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
    write_tree(&root.join("notes"), &[("a/b.txt", b"x".to_vec()), ("c.txt", b"x".to_vec())]);
    refused(&root.join("notes"), "holds no executable", Exit::NotGood);
    write_tree(&root.join("both"), &[("bin/codex", elf(200)), ("bin/codex.exe", elf(200))]);
    refused(&root.join("both"), "several", Exit::NotGood);
}

#[cfg(unix)]
#[test]
fn links_out_of_a_directory_and_devices_are_refused() {
    use std::os::unix::fs::symlink;
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write(root, "outside", b"secret");
    for (target, words) in
        [("../../outside", "leads out"), ("nothing", "leads nowhere"), (".", "does not lead to a file")]
    {
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
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let payload = write(root, "codex", elf(200));
    fs::set_permissions(&payload, fs::Permissions::from_mode(0o000)).unwrap();
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
    write_tree(&out, &[("mine", b"x".to_vec())]);
    let (good, bad) = (write(root, "codex", elf(200)), write(root, "bad", b"words"));
    let (text, exit) = told(stage(&out, &good).unwrap_err());
    assert!(text.contains("is not empty") && text.contains("--force"), "{text}");
    assert_eq!((exit, paths(&out)), (Exit::Failed, vec!["mine".to_owned()]));
    let force = |payload: &Path| {
        let request = RuntimeRequest { existing: Existing::Replace, ..request(&out, payload) };
        stage_runtime(&request, &Progress::hidden())
    };
    assert!(force(&bad).is_err());
    assert_eq!(paths(&out), ["mine"]);
    force(&good).unwrap();
    assert!(!out.join("mine").exists() && out.join("pyproject.toml").is_file());
    assert_eq!(names(root), ["bad", "codex", "out"]);
    // An input that the exchange would destroy.
    let inside = write(&out, "codex", elf(200));
    let (text, exit) = told(force(&inside).unwrap_err());
    assert!(text.contains("overlaps the payload"), "{text}");
    assert_eq!(exit, Exit::Failed);
    assert!(inside.is_file());
    // A file is not replaced by a directory.
    assert!(stage(&good, &bad).is_err());
    assert_eq!(fs::read(&good).unwrap(), elf(200));
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
        let request =
            RuntimeRequest { platform_tag: Some(tag.parse().unwrap()), ..request(&root.join("out"), &payload) };
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
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("runtime-template");
    for path in paths(&source).into_iter().filter(|path| !path.contains("__pycache__")) {
        write_tree(&template, &[(path.as_str(), fs::read(source.join(&path)).unwrap())]);
    }
    let payload = write(root, "codex", elf(200));
    let with_template = |out: &Path| {
        let request = RuntimeRequest { template: Some(template.clone()), ..request(out, &payload) };
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
    write_tree(&template, &[("src/module/bin/codex", b"x".to_vec())]);
    assert!(matches!(with_template(&root.join("other")), Err(StageError::Conflict { .. })));
}

/// Not a test of its own: what `a_killed_run_leaves_no_partial_stage` starts and kills.
#[test]
fn child_that_stages() {
    let Some(arguments) = std::env::var_os("RELKIT_TEST_STAGE") else { return };
    let arguments: Vec<PathBuf> = std::env::split_paths(&arguments).collect();
    let request = RuntimeRequest { existing: Existing::Replace, ..request(&arguments[0], &arguments[1]) };
    stage_runtime(&request, &Progress::hidden()).unwrap();
}

#[cfg(unix)]
#[test]
fn a_killed_run_leaves_no_partial_stage() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let mut files = package();
    // Incompressible enough that unpacking takes a while.
    let mut noise = elf(12 << 20);
    let mut state = 1_u32;
    for byte in &mut noise[4096..] {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    files[0].1 = noise;
    let payload = write(root, "payload.tar.gz", gzip(&tar_of(&files, "")));
    let out = root.join("out");
    let start = |out: &Path| {
        let arguments = std::env::join_paths([out, &payload]).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "stage_runtime::child_that_stages"]).env("RELKIT_TEST_STAGE", arguments);
        child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let began = Instant::now();
    assert!(start(&out).wait().unwrap().success());
    let whole = began.elapsed();
    let reference = tree(&out);
    let rounds: u32 = std::env::var("RELKIT_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let mut killed = 0;
    for round in 0..rounds {
        // Half of the runs replace a stage, half write a new one.
        let fresh = root.join("fresh");
        let target = if round % 2 == 0 { &out } else { &fresh };
        let mut child = start(target);
        std::thread::sleep(
            whole * (round + 1) * 9 / (rounds.max(1) * 10) + Duration::from_micros(u64::from(round) * 37),
        );
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(tree(&out), reference, "round {round}");
        if fresh.exists() {
            assert_eq!(tree(&fresh), reference, "round {round}");
            fs::remove_dir_all(&fresh).unwrap();
        }
    }
    eprintln!("{killed} of {rounds} runs were killed before they ended; a whole run took {whole:?}");
    assert!(start(&out).wait().unwrap().success());
    assert_eq!(tree(&out), reference);
}

/// A file system of 8 MiB, where this user may mount one.
#[cfg(target_os = "linux")]
struct SmallDisk(PathBuf);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(at);
        mount.output().is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).output();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_of_the_run_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let Some(disk) = SmallDisk::mount(&root.join("disk")) else {
        // Continuous integration runs as a user who may not mount; that is no missing input.
        eprintln!("skipped: this user cannot mount a small file system");
        return;
    };
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
    stage(&disk.0.join("out"), &write(root, "small", elf(200))).unwrap();
}
