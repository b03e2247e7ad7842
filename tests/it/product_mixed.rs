//! Products of payloads that are not alike: what one of them has and another lacks, what programs need beside them, and
//! programs that do not answer.

use std::path::{Path, PathBuf};

use crate::product_launcher::probe;
use crate::samples::archive::{EntryType, TarMember, gzip, tar, tar_of, zip_of};
use crate::samples::binary::{ElfSample, glibc_elf, static_elf, windows_program};
use crate::support::products::{Made, members};
use crate::support::{relkit, run, scratch, set_mode, succeed, text, write, write_tree};

type Files<'a> = &'a [(&'a str, &'a str)];

/// An archive for Linux and one for Windows, with these files beside the program of each.
fn pair(directory: &Path, linux: Files<'_>, windows: Files<'_>) -> Option<[PathBuf; 2]> {
    let all = |program: (&'static str, Vec<u8>), files: Files<'_>| -> Vec<(String, Vec<u8>)> {
        let files = files.iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec()));
        std::iter::once((program.0.to_owned(), program.1)).chain(files).collect()
    };
    let (linux, windows) = (all(("probe", probe()?), linux), all(("probe.exe", windows_program()), windows));
    let linux: Vec<_> = linux.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    let windows: Vec<_> = windows.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    Some([
        write(directory, "probe-1.2.3-x86_64-unknown-linux-gnu.tar.gz", gzip(&tar_of(&linux, ""))),
        write(directory, "probe-1.2.3-x86_64-pc-windows-msvc.zip", zip_of(&windows, "")),
    ])
}

/// The licences of a wheel, by path, and their texts.
fn licences(wheel: &Path) -> Vec<(String, String)> {
    let of = |(path, bytes): (String, Vec<u8>)| {
        Some((path.split_once("/licenses/")?.1.to_owned(), String::from_utf8(bytes).ok()?))
    };
    let mut found: Vec<_> = members(wheel).into_iter().filter_map(of).collect();
    found.sort();
    found
}

/// What `init` writes passes `release` on the payloads that it was written from, and every wheel has every licence.
#[test]
fn a_licence_that_one_payload_lacks_is_in_every_wheel() {
    let cases: &[(Files<'_>, Files<'_>, Files<'_>)] = &[
        // The others have more files, or nothing but the program.
        (&[("LICENSE", "MIT"), ("README.md", "x")], &[("README.md", "x")], &[("LICENSE", "MIT")]),
        (&[("LICENSE", "MIT")], &[], &[("LICENSE", "MIT")]),
        (&[], &[("LICENSE", "MIT"), ("doc/probe.1", ".TH")], &[("LICENSE", "MIT")]),
        // One is everywhere, and another is not.
        (
            &[("LICENSE-MIT", "MIT"), ("LICENSE-APACHE", "Apache")],
            &[("LICENSE-MIT", "MIT")],
            &[("LICENSE-APACHE", "Apache"), ("LICENSE-MIT", "MIT")],
        ),
        // The same text under two names, and two texts under one.
        (&[("LICENSE", "MIT\n")], &[("LICENSE.txt", "MIT\r\n")], &[("LICENSE", "MIT\n")]),
        (&[("LICENSE", "one")], &[("doc/LICENSE", "two")], &[("LICENSE", "one"), ("licenses/doc/LICENSE", "two")]),
        (&[("COPYING", "one")], &[("copying", "two")], &[("COPYING", "one"), ("licenses/copying", "two")]),
        // Letters that a pattern reads as something else.
        (&[("LICENSE[1]", "one")], &[("README", "x")], &[("LICENSE[1]", "one")]),
        // Manual pages and completions change no metadata.
        (&[("probe.1", ".TH"), ("complete/_probe", "#")], &[("README", "x")], &[]),
    ];
    for (linux, windows, expected) in cases {
        let directory = scratch();
        let Some(payloads) = pair(directory.path(), linux, windows) else { return };
        let made = Made::of(&payloads, &["--license", "MIT"], "1.2.3");
        let expected: Vec<_> = expected.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect();
        assert_eq!(made.wheels().len(), 2);
        for wheel in made.wheels() {
            assert_eq!(licences(&wheel), expected, "{linux:?} {windows:?} {}", wheel.display());
        }
        let is_told = made.said.contains("went into runtime-template/");
        assert_eq!(is_told, !expected.is_empty(), "{}", made.said);
    }
}

/// What a template cannot carry is left to the maintainer, by name.
#[test]
fn a_licence_that_is_no_text_is_left_to_the_maintainer() {
    let directory = scratch();
    let Some(payloads) = pair(directory.path(), &[("LICENSE", "of @module@ itself")], &[("README", "x")]) else {
        return;
    };
    let made = Made::of(&payloads, &["--license", "MIT"], "1.2.3");
    assert!(
        made.said.contains("not every payload has `LICENSE`: put the licence into runtime-template/"),
        "{}",
        made.said
    );
}

/// A program out of a line of Rust; none where there is no compiler.
fn program(directory: &Path, main: &str) -> Option<Vec<u8>> {
    probe()?;
    let source = write(directory, "main.rs", format!("fn main() {{ {main} }}\n"));
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut rustc = std::process::Command::new(compiler);
    rustc.args(["--edition", "2024", "-C", "strip=symbols", "-o"]).arg(directory.join("program")).arg(source);
    succeed(&mut rustc);
    Some(std::fs::read(directory.join("program")).unwrap())
}

/// What `init` says of a payload, with its product in `p`.
fn init(directory: &Path, payload: &Path) -> String {
    let output = run(relkit().args(["init", "p", "--from"]).arg(payload).current_dir(directory));
    assert!(output.status.success(), "{}", text(&output));
    text(&output)
}

/// It is asked where everything lies as its payload has it.
#[cfg(unix)]
#[test]
fn a_program_that_needs_a_file_beside_it_says_its_version() {
    let directory = scratch();
    let main = r#"let own = std::env::current_exe().unwrap();
        let data = own.parent().unwrap().parent().unwrap().join("share/version");
        println!("needy {}", std::fs::read_to_string(data).unwrap());"#;
    let Some(bytes) = program(directory.path(), main) else { return };
    let files = [("bin/needy", bytes), ("share/version", b"4.5.6".to_vec())];
    for (name, prefix) in [("flat.tar.gz", ""), ("wrapped.tar.gz", "needy-4.5.6/")] {
        let root = scratch();
        let payload = write(root.path(), name, gzip(&tar_of(&files, prefix)));
        let told = init(root.path(), &payload);
        assert!(told.contains("--release-version 4.5.6") && told.contains("Asking `needy` for its version"), "{told}");
    }
}

/// It keeps nobody waiting for long, and is named.
#[test]
fn a_program_that_hangs_is_asked_once() {
    let directory = scratch();
    let main = "std::thread::sleep(std::time::Duration::from_secs(600));";
    let Some(bytes) = program(directory.path(), main) else { return };
    let name = format!("hangs{}", std::env::consts::EXE_SUFFIX);
    let told = init(directory.path(), &write(directory.path(), &name, bytes));
    assert!(told.contains("`hangs --version` did not end here within 15 s, and nothing else was asked"), "{told}");
}

/// A wheel holds no links.
#[cfg(unix)]
#[test]
fn links_of_a_payload_are_told() {
    use std::os::unix::fs::symlink;
    let directory = scratch();
    let root = directory.path();
    let Some(bytes) = probe() else { return };
    let payload = root.join("payload");
    std::fs::create_dir_all(payload.join("bin")).unwrap();
    let place = write(&payload, "bin/probe", bytes.clone());
    crate::support::set_mode(&place, 0o755);
    symlink("probe", payload.join("bin/probe-too")).unwrap();
    symlink("gone", payload.join("bin/nothing")).unwrap();
    let told = init(root, &payload);
    assert!(told.contains("`payload` has links to nothing, which are left out: `bin/nothing`"), "{told}");
    assert!(told.contains("`probe-too` is `probe` under another name, and a second copy of it"), "{told}");
    let mut stage = relkit();
    stage.args(["stage-runtime", "out", "payload", "--product", "p", "--release-version", "1.2.3"]);
    let output = run(stage.current_dir(root));
    let said = text(&output);
    assert!(
        output.status.success() && said.contains("left out, since they are links to nothing: `bin/nothing`"),
        "{said}"
    );
    // An archive of the same says the same; what leads out of it has no place.
    let link = |path: &str, target: &str| TarMember::special(path, EntryType::Symlink, target);
    let member = || TarMember::file("bin/probe", bytes.clone());
    let told = |members: &[TarMember]| {
        let archive = write(root, "a.tar.gz", gzip(&tar(members)));
        let output = run(relkit().args(["init", "q", "--force", "--from"]).arg(archive).current_dir(root));
        (output.status.code(), text(&output))
    };
    let (code, said) = told(&[member(), link("bin/nothing", "gone")]);
    assert!(code == Some(0) && said.contains("has links to nothing, which are left out: `bin/nothing`"), "{said}");
    let (code, said) = told(&[member(), link("bin/out", "../../gone")]);
    assert!(code == Some(1) && said.contains("link `bin/out` leads out") && said.contains("take it out"), "{said}");
}

/// What is wrong with a template is told of the template; the stage is gone.
#[test]
fn a_fault_of_a_template_names_the_template() {
    let directory = scratch();
    let root = directory.path();
    let Some(bytes) = probe() else { return };
    let payload = write(root, "probe", bytes);
    init(root, &payload);
    let table = root.join("p/runtime-template/pyproject.toml");
    let whole = std::fs::read_to_string(&table).unwrap();
    let line = |word: &str| whole.lines().position(|line| line.starts_with(word)).unwrap() + 1;
    let frame = format!("TOML parse error at line {}", line("keywords"));
    let setting = format!("`p/runtime-template/pyproject.toml`, line {}: ", line("ignore-vcs"));
    let at = |word: &str, end: &str| format!("`p/runtime-template/pyproject.toml`, line {}{end}", line(word));
    for (from, to, place, words) in [
        (
            "description = \"",
            "description = \"a\\n",
            &*at("description", ", cannot be built"),
            "`project.description` is not",
        ),
        (
            "keywords = ",
            "license = \"Foo\"\nkeywords = ",
            &*at("keywords", ", cannot be built"),
            "`Foo` is not an SPDX",
        ),
        (
            "license-files = []",
            "license-files = [\"none*\"]",
            &*at("license-files", ": "),
            "names `none*`: no file matches it",
        ),
        (
            "keywords = ",
            "scripts = { x = \"y\" }\nkeywords = ",
            &*at("keywords", ", cannot be built"),
            "`project.scripts.x` is not",
        ),
        (
            "keywords = ",
            "urls = { Home = \"x y\" }\nkeywords = ",
            &*at("keywords", ", cannot be built"),
            "`project.urls.Home` is not",
        ),
        ("keywords = ", "keyword = ", "`keyword`", "did you mean `keywords`?"),
        ("keywords = ", "keywords = 5 # ", "`p/runtime-template/pyproject.toml` cannot be built from", frame.as_str()),
        (
            "readme = \"README.md\"",
            "readme = \"NONE.md\"",
            &*at("readme", ": "),
            "`project.readme` names `NONE.md`: it is not there",
        ),
        ("ignore-vcs = true", "ignore-vcss = true", setting.as_str(), "did you mean `ignore-vcs`?"),
    ] {
        assert!(whole.contains(from), "{from}");
        std::fs::write(&table, whole.replacen(from, to, 1)).unwrap();
        let mut release = relkit();
        release.args([
            "release",
            "--product",
            "p",
            "--release-version",
            "1.2.3",
            "--out-dir",
            "out",
            "--payload",
            "probe",
        ]);
        let output = run(release.current_dir(root));
        let said = text(&output);
        assert!(output.status.code() == Some(2) && said.contains(place) && said.contains(words), "{to}: {said}");
        assert!(!said.contains("/stage/"), "{said}");
    }
    // A version that is read as another is named.
    std::fs::write(&table, &whole).unwrap();
    let mut stage = relkit();
    stage.args(["stage-runtime", "staged", "probe", "--product", "p", "--release-version", "1.2.3-beta.2.3"]);
    let said = text(&run(stage.current_dir(root)));
    assert!(said.contains("Reading `1.2.3-beta.2.3` as 1.2.3b2.post3"), "{said}");
    // A rule that there is not is refused before anything is done.
    let accepted = "\n[[tool.relkit.accept]]\nrule = \"elf-pi\"\ntarget = \"TARGET\"\nreason = \"known\"\n";
    let target = whole.lines().find_map(|line| line.strip_prefix("triple = \"")).unwrap().trim_end_matches('"');
    std::fs::write(&table, whole.clone() + &accepted.replace("TARGET", target)).unwrap();
    let output = run(relkit().args(["matrix", "--product", "p"]).current_dir(root));
    let said = text(&output);
    assert!(output.status.code() == Some(2) && said.contains("did you mean `elf-pie`?"), "{said}");
    assert!(said.contains(&format!("line {}: tool.relkit.accept[0].rule", whole.lines().count() + 3)), "{said}");
}

/// A row whose file has the place of a template's, or that finds nothing, is told once, with its line.
#[test]
fn a_row_of_files_that_cannot_be_kept_is_told_once() {
    let directory = scratch();
    let root = directory.path();
    let tool = static_elf().build();
    for (name, bytes) in [("tool", tool.as_slice()), ("__init__.py", b""), ("__main__.py", b""), ("LICENSE", b"text")] {
        write_tree(root, &[(format!("bundle/{name}").as_str(), bytes)]);
    }
    let init = ["init", "p", "--name", "tool-bin", "--executable", "tool", "--license", "MIT", "--from", "bundle"];
    succeed(relkit().args(init).current_dir(root));
    let table = root.join("p/runtime-template/pyproject.toml");
    let whole = std::fs::read_to_string(&table).unwrap();
    for (command, row, code, words) in [
        (
            "scripts",
            r#"{ from = "__*.py", to = "package/" }"#,
            2,
            "the template both have `src/tool_bin/__init__.py` (`p/",
        ),
        (
            "scripts",
            r#"{ from = "__init__.py", to = "package/__main__.py" }"#,
            2,
            "have `src/tool_bin/__main__.py` (`p/",
        ),
        ("scripts", r#"{ from = "LICENSE", to = "licenses/README.md" }"#, 2, "both have `README.md` (`p/"),
        ("launcher", r#"{ from = "__init__.py", to = "package/__main__.py" }"#, 1, "both go to `package/__main__.py`"),
        ("scripts", r#"{ from = "none/*", to = "share/x/" }"#, 1, "has nothing that `none/*` of `files` matches"),
    ] {
        let text_of = whole.replace("command = \"launcher\"", &format!("command = \"{command}\""));
        let start = text_of.find("\nfiles = [").unwrap();
        let end = start + text_of[start..].find("\n]").unwrap() + 2;
        std::fs::write(&table, format!("{}\nfiles = [{row}]{}", &text_of[..start], &text_of[end..])).unwrap();
        let line = text_of[..start].lines().count() + 1;
        let mut release = relkit();
        release.args([
            "release",
            "--product",
            "p",
            "--release-version",
            "1.2.3",
            "--out-dir",
            "out",
            "--payload",
            "bundle",
        ]);
        let output = run(release.current_dir(root));
        let said = text(&output);
        let place = format!("`p/runtime-template/pyproject.toml`, line {line}: tool.relkit.files[0].from");
        assert!(output.status.code() == Some(code) && said.contains(words) && said.contains(&place), "{row}: {said}");
        assert_eq!(said.matches(words).count(), 1, "{row}: {said}");
        let _ = std::fs::remove_dir_all(root.join("out"));
    }
}

/// The next step is one that goes well as it stands, and publishes nothing that no machine has run.
#[test]
fn what_was_not_run_is_not_published_by_the_next_step() {
    let directory = scratch();
    let root = directory.path();
    let Some([linux, windows]) = pair(root, &[], &[]) else { return };
    let mut made = relkit();
    made.args(["init", "p", "--license", "MIT", "--from"]).args([&linux, &windows]);
    succeed(made.current_dir(root));
    for (payloads, ran) in [(&[&linux, &windows][..], true), (&[&windows], false)] {
        let mut release = relkit();
        release.args(["release", "--product", "p", "--release-version", "1.2.3", "--out-dir", "out", "--force"]);
        release.args(["--allow-missing", "all", "--payload"]).args(payloads);
        let said = text(&run(release.current_dir(root)));
        assert!(said.contains("not smoke-tested here: 1 of "), "{said}");
        // Receipts are there where something ran.
        assert_eq!(root.join("out/receipts").exists(), ran, "{said}");
        let next = said.lines().find_map(|line| line.strip_prefix("next: relkit ")).unwrap();
        assert_eq!(next, "workflow --product p", "{said}");
        succeed(relkit().args(next.split(' ')).current_dir(root));
    }
    let mut release = relkit();
    release.args(["release", "--product", "p", "--release-version", "1.2.3", "--out-dir", "out", "--force"]);
    release.args(["--allow-missing", "all", "--payload"]).arg(&linux);
    let said = text(&run(release.current_dir(root)));
    assert!(said.contains("next: relkit publish out/dist ") && said.contains(" --receipts out/receipts "), "{said}");
}

/// What an emulator lacks of the other machine is named, with where it is from.
#[cfg(unix)]
#[test]
fn a_loader_that_an_emulator_does_not_find_is_named() {
    let directory = scratch();
    let root = directory.path();
    succeed(relkit().args(["init", "p", "--name", "tool-bin", "--executable", "tool"]).current_dir(root));
    write(root, "emulator", "#!/bin/sh\necho 'emulator: it cannot be opened' >&2\nexit 255\n");
    write_tree(root, &[("sysroot/lib/ld-musl-aarch64.so.1", ""), ("sysroot/lib/ld-linux-aarch64.so.1", "")]);
    for (loader, package) in
        [("/lib/ld-musl-aarch64.so.1", "install musl"), ("/lib/ld-linux-aarch64.so.1", "install glibc")]
    {
        if Path::new(loader).exists() {
            continue;
        }
        // The sample is of the other machine by its header alone.
        let sample = ElfSample { machine: 183, interpreter: Some(loader), ..glibc_elf() };
        write(root, "tool", sample.build());
        for name in ["emulator", "tool"] {
            set_mode(&root.join(name), 0o755);
        }
        for (runner, is_missing) in [("", true), (" -L sysroot", false), (" -Lsysroot", false), (" -L p", true)] {
            let runner = format!("{}{runner}", root.join("emulator").display());
            let mut smoke = relkit();
            smoke.args(["smoke", "tool", "--product", "p", "--runner", &runner]);
            let output = run(smoke.current_dir(root));
            let said = text(&output);
            assert!(output.status.code() == Some(1) && said.contains("run by `emulator`"), "{said}");
            let words = format!("by `{loader}` of that machine, which is not here: {package}");
            assert_eq!(said.contains(&words), is_missing, "{runner}: {said}");
        }
    }
}
