//! Payloads that multiply: what links lead to counts as if it were there, and is refused before it is made. And files of
//! nothing but holes, which are refused before they are read.

use std::fs;
use std::path::Path;

use crate::samples::archive::{EntryType, TarMember, entry, gzip, tar};
use crate::samples::binary::elf;
use crate::support::{names, relkit, run_in_time, text, write, write_tree};

const MIB: usize = 1 << 20;

/// Stages a payload under limits on time (of the run) and on the size of any file; says how it ended and what it said.
fn stage(root: &Path, payload: &str) -> (Option<i32>, String) {
    let mut command = relkit();
    command.current_dir(root).args(["stage-runtime", "out", payload, "--codex-version", "0.163.0"]);
    let output = run_in_time(&mut command);
    (output.status.code(), text(&output))
}

fn multiplied(kind: EntryType, size: usize, links: usize) -> Vec<u8> {
    let mut members = vec![TarMember::file("bin/codex", elf(4000)), TarMember::file("lib/big", vec![0; size])];
    members.extend((0..links).map(|number| {
        let target = if kind == EntryType::Link { "lib/big" } else { "big" };
        TarMember::special(format!("lib/{number}"), kind, target)
    }));
    gzip(&tar(&members))
}

#[test]
fn an_archive_does_not_multiply_by_links() {
    let directory = crate::support::scratch();
    let root = directory.path();
    for (name, kind, size, links) in [
        ("hard.tar.gz", EntryType::Link, 24 * MIB, 15),
        ("soft.tar.gz", EntryType::Symlink, 24 * MIB, 15),
        ("many.tar.gz", EntryType::Link, MIB, 15_000),
    ] {
        let bytes = multiplied(kind, size, links);
        assert!(bytes.len() < 400_000);
        write(root, name, bytes);
        let (code, said) = stage(root, name);
        assert!(code == Some(1) && said.contains("unpacks to more than 268.4 MB"), "{name} {said}");
        fs::remove_file(root.join(name)).unwrap();
        assert!(names(root).is_empty(), "{:?}", names(root));
    }
    // Links to directories multiply by what those hold, and links to links by that again.
    let mut members = vec![TarMember::file("bin/codex", elf(4000))];
    members.extend((0..1000).map(|number| TarMember::file(format!("lib/{number}"), "x")));
    members.extend((0..40).map(|number| TarMember::special(format!("lib{number}"), EntryType::Symlink, "lib")));
    write(root, "wide.tar.gz", gzip(&tar(&members)));
    let (code, said) = stage(root, "wide.tar.gz");
    assert!(code == Some(1) && said.contains("make more files than a payload has"), "{said}");
}

#[test]
fn an_archive_with_a_few_links_is_a_payload() {
    let directory = crate::support::scratch();
    let root = directory.path();
    for kind in [EntryType::Link, EntryType::Symlink] {
        write(root, "good.tar.gz", multiplied(kind, MIB, 30));
        let mut command = relkit();
        command.current_dir(root).args(["stage-runtime", "out", "good.tar.gz", "--codex-version", "0.163.0"]);
        let output = run_in_time(command.arg("--force"));
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    }
}

#[test]
fn a_zip_does_not_multiply_by_links() {
    let directory = crate::support::scratch();
    let root = directory.path();
    let mut entries = vec![entry("bin/codex", elf(4000), 0o755), entry("lib/big", vec![0; 24 * MIB], 0o644)];
    entries.extend((0..15).map(|number| entry(&format!("lib/{number}"), "big", 0o120_777)));
    write(root, "links.zip", crate::samples::archive::archive(&entries, b""));
    let (code, said) = stage(root, "links.zip");
    assert!(code == Some(1) && said.contains("unpacks to more than"), "{said}");
}

#[test]
fn a_directory_does_not_multiply_by_links() {
    let directory = crate::support::scratch();
    let root = directory.path();
    let payload = root.join("payload");
    write_tree(&payload, &[("bin/codex", elf(4000)), ("lib/big", vec![0; MIB])]);
    let good = |name: &str| {
        let (code, said) = stage(root, "payload");
        assert_eq!(code, Some(0), "{name} {said}");
        fs::remove_dir_all(root.join("out")).unwrap();
    };
    for number in 0..20 {
        std::os::unix::fs::symlink("big", payload.join(format!("lib/{number}"))).unwrap();
    }
    good("a few links");
    for number in 20..300 {
        std::os::unix::fs::symlink("big", payload.join(format!("lib/{number}"))).unwrap();
    }
    let (code, said) = stage(root, "payload");
    assert!(code == Some(1) && said.contains("unpacks to more than"), "{said}");
    for (number, name) in ["one", "two"].into_iter().enumerate() {
        let shelf = payload.join(format!("shelf{number}"));
        fs::create_dir_all(&shelf).unwrap();
        (0..150).for_each(|number| drop(write(&shelf, &format!("{name}{number}"), "x")));
    }
    (0..150).for_each(|number| {
        std::os::unix::fs::symlink("../shelf0", payload.join(format!("shelf1/link{number}"))).unwrap();
    });
    let (code, said) = stage(root, "payload");
    assert!(code == Some(1) && said.contains("unpacks to more than"), "{said}");
    assert!(!root.join("out").exists());
}

#[test]
fn a_file_of_holes_is_refused_by_its_size() {
    let directory = crate::support::scratch();
    let root = directory.path();
    let holes = |name: &str, head: &[u8]| {
        let path = write(root, name, head);
        fs::File::options().write(true).open(path).unwrap().set_len(50 << 30).unwrap();
    };
    holes("a-1.0-py3-none-any.whl", b"");
    holes("a-1.0.tar.gz", &gzip(b"a"));
    holes("program", &elf(4000));
    holes("payload.tar", &tar(&[TarMember::file("bin/codex", elf(4000))]));
    fs::create_dir_all(root.join("tree/bin")).unwrap();
    holes("tree/bin/codex", &elf(4000));
    for line in [
        "check a-1.0-py3-none-any.whl",
        "check a-1.0.tar.gz",
        "inspect a-1.0-py3-none-any.whl",
        "inspect program",
        "coverage a-1.0-py3-none-any.whl",
        "smoke a-1.0-py3-none-any.whl",
        "retag a-1.0-py3-none-any.whl --honest --out-dir out",
        "stage-runtime out a-1.0-py3-none-any.whl --codex-version 0.163.0",
        "stage-runtime out program --codex-version 0.163.0",
        "stage-runtime out payload.tar --codex-version 0.163.0",
        "stage-runtime out tree --codex-version 0.163.0",
        "init out --name tool-bin --from program",
        "verify . --codex-version 0.163.0",
    ] {
        let output = run_in_time(relkit().current_dir(root).args(line.split(' ')));
        let said = text(&output);
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        assert!(said.contains("53.69 GB, and no more than") || said.contains("more than 8.59 GB"), "{line}: {said}");
        assert!(!root.join("out").exists(), "{line}");
    }
}
