//! What `init` writes and what it refuses, and the releases of what it wrote: every public version and tag form, packaged
//! again, beside another product, with an SDK.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::build_judges::describe;
use crate::product_launcher::{payload, probe};
use crate::samples::archive::{EntryType, TarMember, gzip, tar, tar_of, zip_of};
use crate::samples::binary::{AMD64, ARM64, ElfSample, MachSample, fat, glibc_elf, mac as mac_sample, pe, static_elf};
use crate::samples::wheel::{Sample, linux, mac};
use crate::support::products::{Environment, Made, member, members, printed};
use crate::support::{
    Tools, json, names, read_json, relkit, replace, run, scratch, set_mode, succeed, text, tree, write, write_tree,
};

/// The program as one that says another version.
fn saying(version: &str) -> Option<Vec<u8>> {
    answering(&format!("probe {version}"))
}

/// The program as one that answers this when it is asked for its version.
fn answering(text: &str) -> Option<Vec<u8>> {
    let mut program = probe()?;
    let (old, new) = (b"probe 1.2.3      ", format!("{text:<17}"));
    let start = program.windows(old.len()).position(|window| window == old).unwrap();
    program[start..start + old.len()].copy_from_slice(new.as_bytes());
    Some(program)
}

fn init(directory: &Path, arguments: &[&str]) -> Output {
    run(relkit().arg("init").args(arguments).current_dir(directory))
}

/// The distribution is the program's name with `-bin`, however the program is known.
#[test]
fn a_distribution_without_a_name_is_called_by_its_program() {
    let directory = scratch();
    let root = directory.path();
    write(root, "tool", static_elf().build());
    for (arguments, distribution) in [
        (&["newtool"][..], "newtool-bin"),
        (&["other-bin"], "other-bin"),
        (&["a", "--executable", "other"], "other-bin"),
        (&["b", "--from", "tool"], "tool-bin"),
        (&["c", "--name", "chosen"], "chosen"),
    ] {
        let output = init(root, arguments);
        assert!(output.status.success(), "{}", text(&output));
        let table = fs::read_to_string(root.join(arguments[0]).join("runtime-template/pyproject.toml")).unwrap();
        assert!(table.contains(&format!("\ndistribution = \"{distribution}\"\n")), "{table}");
    }
}

/// What no table makes good is said before the first release fails at it.
#[test]
fn what_a_release_would_fail_at_is_to_do() {
    let directory = scratch();
    let root = directory.path();
    for (run_path, is_wrong) in
        [("/home/builder/lib", true), ("$ORIGIN/bazel-out/lib", true), ("$ORIGIN/../lib", false)]
    {
        write(root, "tool", ElfSample { runpath: Some(run_path), ..glibc_elf() }.build());
        let said = text(&init(root, &["product", "--from", "tool", "--license", "MIT", "--force"]));
        let words = format!("to do: a release fails at `tool`: the run path `{run_path}` ");
        assert_eq!(said.contains(&words), is_wrong, "{said}");
        assert_eq!(said.contains("(elf-runpath)"), is_wrong, "{said}");
        let mut release = relkit();
        release.args(["release", "--product", "product", "--release-version", "1.2.3", "--out-dir", "out"]);
        let released = text(&run(release.args(["--force", "--payload", "tool"]).current_dir(root)));
        assert_eq!(released.contains("problem[elf-runpath]"), is_wrong, "{released}");
    }
}

#[test]
fn nothing_is_replaced_unless_it_is_asked_for() {
    let directory = scratch();
    let root = directory.path();
    let Some(payload) = payload(root, false) else { return };
    let payload = payload.to_str().unwrap();
    let good = |arguments: &[&str]| assert!(init(root, arguments).status.success(), "{}", text(&init(root, arguments)));
    good(&["product", "--from", payload]);
    let written = tree(root);
    for arguments in [&["product"][..], &["product", "--from", payload], &["product", "--sdk", "--name", "x"]] {
        let output = init(root, arguments);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("runtime-template/pyproject.toml") && said.contains("--force"), "{said}");
        assert_eq!(tree(root), written, "{arguments:?}");
    }
    let readme = root.join("product/README.md");
    fs::write(&readme, "changed\n").unwrap();
    write_tree(root, &[("product/src/main.rs", "fn main() {}\n")]);
    good(&["product", "--from", payload, "--force"]);
    assert_eq!(fs::read_to_string(root.join("product/src/main.rs")).unwrap(), "fn main() {}\n");
    fs::remove_dir_all(root.join("product/src")).unwrap();
    assert_eq!(tree(root), written);
    // A directory with the work of others in it is taken, and a file is not.
    write_tree(
        root,
        &[("repository/Cargo.toml", "[package]\n"), ("repository/.git/HEAD", "ref: x\n"), ("file", "text")],
    );
    good(&["repository", "--from", payload]);
    assert!(
        root.join("repository/Cargo.toml").is_file() && root.join("repository/.github/workflows/release.yml").is_file()
    );
    let output = init(root, &["file"]);
    assert!(output.status.code() == Some(2) && text(&output).contains("`file"), "{}", text(&output));
    assert_eq!(fs::read_to_string(root.join("file")).unwrap(), "text");
    // A page that is there already stays, which is said, and is replaced with `--force` alone.
    write_tree(root, &[("repository/README.md", "# Mine\n"), ("half/README.md", "# Mine\n")]);
    let output = init(root, &["half", "--from", payload]);
    let said = text(&output);
    assert!(output.status.success() && said.contains("README.md was there and stays as it is"), "{said}");
    assert_eq!(fs::read_to_string(root.join("half/README.md")).unwrap(), "# Mine\n");
    good(&["half", "--from", payload, "--force"]);
    assert_ne!(fs::read_to_string(root.join("half/README.md")).unwrap(), "# Mine\n");
    // Any other file in the way is enough.
    write_tree(root, &[("other/README.md", "# Mine\n"), ("other/.github/workflows/release.yml", "name: mine\n")]);
    let before = tree(&root.join("other"));
    let output = init(root, &["other"]);
    assert_eq!((output.status.code(), tree(&root.join("other"))), (Some(2), before), "{}", text(&output));
}

#[test]
fn a_skeleton_is_a_product() {
    let directory = scratch();
    let root = directory.path();
    for (arguments, distribution, module, program) in [
        (&["tool"][..], "tool-bin", "tool_bin", "tool"),
        (&["lambda"], "lambda-bin", "lambda_bin", "lambda"),
        (&["d", "--name", "lambda"], "lambda", "lambda_", "lambda"),
        (&["a", "--name", "7zip-bin"], "7zip-bin", "_7zip_bin", "7zip"),
        (&["b", "--executable", "foo", "--executable", "bar"], "foo-bin", "foo_bin", "foo"),
        (&["c", "--name", "My.Tool", "--module", "mine", "--license", "mit", "--sdk"], "My.Tool", "mine", "My.Tool"),
    ] {
        let output = init(root, &[arguments, &["--format", "json"]].concat());
        let report = json(&output);
        let place = root.join(arguments[0]);
        assert_eq!(report["product"], distribution, "{report}");
        assert_eq!(report["module"], module, "{report}");
        assert_eq!(report["executables"][0], program, "{report}");
        for command in ["matrix", "workflow"] {
            succeed(relkit().args([command, "--product"]).arg(&place));
        }
        let text = fs::read_to_string(place.join("runtime-template/pyproject.toml")).unwrap();
        text.parse::<toml::Table>().unwrap();
        assert!(!text.to_lowercase().contains("codex"), "{text}");
    }
    assert!(fs::read_to_string(root.join("c/runtime-template/pyproject.toml")).unwrap().contains("license = \"MIT\""));
    // Where one stands is a directory too.
    fs::create_dir(root.join("here")).unwrap();
    assert!(init(&root.join("here"), &["."]).status.success());
    assert!(run(relkit().arg("matrix").current_dir(root.join("here"))).status.success());
}

#[test]
fn what_cannot_be_a_product_is_told_and_nothing_is_written() {
    let directory = scratch();
    let root = directory.path();
    let Some(program) = probe() else { return };
    for (name, bytes) in [
        ("text.txt", b"text\n".to_vec()),
        ("empty", Vec::new()),
        ("script", b"#!/bin/sh\necho x\n".to_vec()),
        ("short", b"\x7fELF".to_vec()),
        ("cut.zip", b"PK\x03\x04".to_vec()),
        ("text.tar.gz", gzip(&tar_of(&[("README.md", b"x".to_vec())], ""))),
        ("text.gz", gzip(b"text")),
        ("a.tar.gz", gzip(&tar_of(&[("probe", program.clone())], "a/"))),
        ("b.zip", zip_of(&[("probe", program.clone())], "")),
        ("one/c.zip", zip_of(&[("probe", program.clone())], "")),
        ("two/c.zip", zip_of(&[("probe", program.clone())], "")),
        ("bad.tar.gz", gzip(&tar_of(&[("probe", program[..4000].to_vec())], ""))),
    ] {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        write(root, name, bytes);
    }
    fs::create_dir(root.join("directory")).unwrap();
    let before = tree(root);
    for (arguments, code, words) in [
        (&["--from", "text.txt"][..], 1, "`text.txt` is a text file"),
        (&["--from", "empty"], 1, "`empty` is empty"),
        (&["--from", "script"], 1, "`script`"),
        (&["--from", "short"], 1, "`short`"),
        (&["--from", "cut.zip"], 1, "`cut.zip`"),
        (&["--from", "text.tar.gz"], 1, "`text.tar.gz` holds no program"),
        (&["--from", "text.gz"], 1, "`text.gz`"),
        (&["--from", "directory"], 1, "`directory` holds no program"),
        (&["--from", "none"], 2, "cannot read `none`"),
        (&["--from", "a.tar.gz", "text.txt"], 1, "`text.txt`"),
        (&["--from", "a.tar.gz", "b.zip"], 2, "two payloads are for `x86_64-unknown-linux-gnu`"),
        (&["--from", "one/c.zip", "two/c.zip"], 2, "`one/c.zip` and `two/c.zip`"),
        (&["--from", "a.tar.gz", "--repository", "https://h/o\"\nx=1"], 2, "it holds what no URL does"),
        (&["--from", "a.tar.gz", "--name", "not a name"], 2, "`not a name` cannot be the name of a distribution"),
        (&["--from", "a.tar.gz", "--module", "class"], 2, "`class` is not the name of an import package"),
        (&["--from", "a.tar.gz", "--module", "os"], 2, "`os` is a module of Python's own"),
        (&["--from", "a.tar.gz", "--license", "Bogus"], 2, "`Bogus` is no value of `--license`"),
        (&["--from", "a.tar.gz", "--repository", "host/owner"], 2, "`host/owner` is no value of `--repository`"),
        (&["--from", "a.tar.gz", "--repository", "file:///etc"], 2, "is no value of `--repository`"),
        (&["--name", "x", "--executable", "../x"], 2, "`../x`"),
        (&["--name", "x", "--executable", "x.exe"], 2, "without `.exe`"),
        (&["--name", "x", "--executable", "x", "--executable", "X"], 2, "`X` stands there twice"),
    ] {
        let output = init(root, &[&["product"], arguments].concat());
        let said = text(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words) && said.contains("hint: "), "{arguments:?}: {said}");
        assert!(!said.contains("relkit-init-"), "a directory that is gone: {said}");
        assert_eq!(tree(root), before, "{arguments:?}");
    }
}

#[test]
fn hostile_names_in_payloads_stay_where_they_are() {
    let Some(program) = probe() else { return };
    let directory = scratch();
    let file = |name: &str, bytes: &[u8]| TarMember::file(name, bytes);
    let mut number = 0;
    let mut told = |members: &[TarMember]| {
        number += 1;
        let archive = write(directory.path(), &format!("probe-{number}.tar.gz"), gzip(&tar(members)));
        let product = format!("product-{number}");
        let output = init(directory.path(), &[&product, "--from", archive.to_str().unwrap()]);
        let said = text(&output);
        let control = |character: char| character.is_control() && character != '\n' || character == '\u{202e}';
        assert!(!said.contains(control), "{said:?}");
        assert!(output.status.code().is_some_and(|code| code <= 2), "{said}");
        (output.status.success().then(|| directory.path().join(product)), archive, said)
    };
    for name in ["../probe", "/etc/probe", "a/../../probe", "con", "pro\u{202e}eb", "probe\u{1b}[31m", "a\\b"] {
        let (_, _, said) = told(&[file(name, &program), file("LICENSE", b"x")]);
        assert!(!said.contains("panicked"), "{name}: {said}");
    }
    assert!(!directory.path().parent().unwrap().join("probe").exists());
    // Letters that patterns read as something else are names like others.
    let (product, archive, said) = told(&[
        file("a/bin/probe", &program),
        file("a/LICENSE[1].txt", b"one"),
        file("a/vendor/x/LICENSE{1}", b"three"),
        file("a/vendor/x/COPYING", b"four"),
        file("a/vendor/y/COPYING", b"five"),
        file("a/COPYING", b"six"),
    ]);
    let product = product.unwrap_or_else(|| panic!("{said}"));
    let release = directory.path().join("release");
    let mut command = relkit();
    command.args(["release", "--release-version", "1.2.3", "--product"]).arg(&product).arg("--out-dir").arg(&release);
    succeed(command.arg("--payload").arg(archive));
    let wheel = release.join("dist").join(names(&release.join("dist")).remove(0));
    if let Some(tools) = Tools::of_wheels() {
        let stage = release.join("stage").join(names(&release.join("stage")).remove(0));
        let theirs = directory.path().join("theirs");
        succeed(&mut tools.build(&stage, &["--wheel"], &theirs));
        let theirs = theirs.join(names(&theirs).remove(0));
        assert_eq!(describe(&tools, &wheel), describe(&tools, &theirs));
    }
    let all = members(&wheel);
    let mut licences: Vec<_> = all
        .iter()
        .filter_map(|(name, bytes)| Some((name.split_once("/licenses/")?.1, std::str::from_utf8(bytes).unwrap())))
        .collect();
    licences.sort_unstable();
    assert_eq!(
        licences,
        [
            ("COPYING", "six"),
            ("LICENSE[1].txt", "one"),
            ("LICENSE{1}", "three"),
            ("vendor/x/COPYING", "four"),
            ("vendor/y/COPYING", "five"),
        ]
    );
}

#[test]
fn of_several_programs_the_one_that_says_its_version_is_the_first() {
    let Some(program) = saying("1.4.0") else { return };
    let directory = scratch();
    // Another program, which fails whatever it is asked.
    let mute = fs::read("/bin/false").ok().filter(|bytes| bytes.starts_with(b"\x7fELF"));
    let Some(mute) = mute.filter(|_| cfg!(target_os = "linux")) else { return };
    for (archive, names, first) in
        [("my_tool_cli-1.4.0.tar.gz", ["mt", "my-tool"], "my-tool"), ("things-1.4.0.tar.gz", ["ab", "talks"], "talks")]
    {
        let members = [
            TarMember::file(format!("bin/{}", names[0]), mute.clone()),
            TarMember::file(format!("bin/{}", names[1]), program.clone()),
        ];
        let archive = write(directory.path(), archive, gzip(&tar(&members)));
        let product = directory.path().join(first);
        let output = run(relkit().arg("init").arg(&product).arg("--from").arg(&archive));
        assert!(output.status.success(), "{}", text(&output));
        let template = fs::read_to_string(product.join("runtime-template/pyproject.toml")).unwrap();
        assert!(template.contains(&format!("executables = [\"{first}\", \"{}\"]", names[0])), "{template}");
        assert!(template.contains("^probe"), "{template}");
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_program_whose_loader_this_machine_lacks_is_not_asked_and_not_tested() {
    let loader = "/lib/ld-musl-x86_64.so.1";
    if Path::new(loader).exists() {
        return;
    }
    let directory = scratch();
    let sample = ElfSample { interpreter: Some(loader), needed: vec!["libc.so"], versions: Vec::new(), ..glibc_elf() };
    let program = write(directory.path(), "probe", sample.build());
    let product = directory.path().join("product");
    let output = run(relkit().arg("init").arg(&product).arg("--from").arg(&program));
    assert!(text(&output).contains("does not run on this machine"), "{}", text(&output));
    let release = directory.path().join("release");
    let mut command = relkit();
    command.args(["release", "--release-version", "1.4", "--format", "json", "--product"]).arg(&product);
    let output = run(command.arg("--out-dir").arg(release).arg("--payload").arg(program));
    let steps = &json(&output)["targets"][0]["steps"];
    let smoke = steps.as_array().unwrap().iter().find(|step| step["name"] == "smoke").unwrap();
    assert!(smoke["outcome"] == "skipped" && smoke["detail"].as_str().unwrap().contains(loader), "{steps}");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let wheel = directory.path().join("release/dist").join(names(&directory.path().join("release/dist")).remove(0));
    let said = text(&run(relkit().arg("smoke").arg(wheel).arg("--product").arg(&product)));
    assert!(
        said.contains("the package of the C library that has `/lib/ld-musl-x86_64.so.1` is to be installed"),
        "{said}"
    );
    // The workflow's machines have no more than this one.
    let workflow = || succeed(relkit().arg("workflow").arg("--product").arg(&product));
    assert!(workflow().contains("sudo apt-get install --yes musl\n"), "{}", workflow());
    let template = product.join("runtime-template/pyproject.toml");
    let row = "\n[[tool.relkit.target]]\ntriple = \"powerpc64le-unknown-linux-gnu\"\nrunner = \"ubuntu-24.04\"\n\
               platform-tag = \"manylinux_2_17_ppc64le\"\narchive = \"probe-ppc64le\"\n";
    fs::write(&template, fs::read_to_string(&template).unwrap() + row).unwrap();
    assert!(workflow().contains("emulated ppc64le ppc64el powerpc64le-linux-gnu"), "{}", workflow());
}

/// Every public version that PEP 440 knows, and every form of a tag.
#[test]
fn every_public_version_is_released() {
    let directory = scratch();
    let Some(payload) = payload(directory.path(), false) else { return };
    let made = Made::started(&[payload], &["--name", "probe-bin"], "1.2.3");
    let template = made.product().join("runtime-template/pyproject.toml");
    replace(
        &template,
        "release-tags = [\"v{version}\", \"{version}\"]",
        "release-tags = [\"probe-{version}\", \"cli/v{version}\", \"v{version}\", \"{version}\"]",
    );
    for (typed, said, version) in [
        ("15", "15", "15"),
        ("1.2", "1.2", "1.2"),
        ("1.2.3.4", "1.2.3.4", "1.2.3.4"),
        ("1.2.3.4", "1.2.3", "1.2.3.4"),
        ("1.0.post1", "1.0", "1.0.post1"),
        ("1.0.dev3", "1.0.dev3", "1.0.dev3"),
        ("1.0.0-rc.1", "1.0.0-rc.1", "1.0.0rc1"),
        ("probe-1.2.3", "1.2.3", "1.2.3"),
        ("cli/v1.2.3", "1.2.3", "1.2.3"),
        ("v1.2.3-beta.2", "1.2.3-b.2", "1.2.3b2"),
    ] {
        let out = directory.path().join("out");
        let _ = fs::remove_dir_all(&out);
        let program = write(directory.path(), "probe", saying(said).unwrap());
        set_mode(&program, 0o755);
        let mut release = relkit();
        release.args(["release", "--compression", "fast", "--release-version", typed, "--out-dir"]).arg(&out);
        succeed(release.arg("--product").arg(made.product()).arg("--payload").arg(&program));
        let name = names(&out.join("dist")).remove(0);
        assert!(name.starts_with(&format!("probe_bin-{version}-py3-none-")), "{name}");
        // Both names of the option, and the version as well as the tag.
        for (option, text) in [("--release-version", typed), ("--codex-version", version)] {
            let mut verify = relkit();
            verify.arg("verify").arg(out.join("dist")).args([option, text, "--format", "json", "--product"]);
            let report = json(&run(verify.arg(made.product())));
            assert_eq!((&report["outcome"], &report["product"]), (&"passed".into(), &"probe-bin".into()), "{report:#}");
        }
    }
    // A program of another version is not that release.
    let mut release = relkit();
    let program = write(directory.path(), "probe", saying("1.2.4").unwrap());
    release.args(["release", "--release-version", "1.2.3", "--out-dir"]).arg(directory.path().join("other"));
    let output = run(release.arg("--product").arg(made.product()).arg("--payload").arg(&program));
    let said = text(&output);
    assert!(output.status.code() == Some(1) && said.contains("1.2.4"), "{said}");
    assert!(said.contains("Give `--release-version 1.2.4` if that is the release that is meant"), "{said}");
    // What is printed as the next step fails as the release did.
    assert!(said.contains(" --expect-version 1.2.3\n"), "{said}");
    // A wheel holds a copy of what a link leads to, without what lies beside that.
    let link = TarMember::special("bin/probe", EntryType::Symlink, "../lib/probe-1.2/probe");
    let real = TarMember::file("lib/probe-1.2/probe", saying("1.2.3").unwrap());
    let members = |data: &[&str]| {
        let data = data.iter().map(|path| TarMember::file(*path, "data"));
        gzip(&tar(&[real.clone(), link.clone()].into_iter().chain(data).collect::<Vec<_>>()))
    };
    for (data, is_told) in [(&["lib/probe-1.2/words"][..], true), (&["lib/words"], false)] {
        let linked = write(directory.path(), "probe.tar.gz", members(data));
        let mut stage = relkit();
        stage.args(["stage-runtime", "--force", "--release-version", "1.2.3", "--product"]).arg(made.product());
        let said = text(&run(stage.arg(directory.path().join("stage")).arg(linked)));
        assert_eq!(said.contains("is a link to `lib/probe-1.2/probe` of the payload"), is_told, "{said}");
    }
    // An archive of another program is one of the product under another name, or was meant for another product.
    let renamed = write(directory.path(), "spade-1.2.3.tar.gz", gzip(&tar_of(&[("spade", probe().unwrap())], "")));
    for (payload, is_told) in [(&renamed, true), (&program, false)] {
        let mut stage = relkit();
        stage.args(["stage-runtime", "--force", "--release-version", "1.2.3", "--product"]).arg(made.product());
        let output = run(stage.arg(directory.path().join("stage")).arg(payload));
        let said = text(&output);
        assert!(output.status.success(), "{said}");
        let words = "is called `spade`, and `probe-bin` ships it as `probe`";
        assert_eq!(said.contains(words), is_told, "{said}");
    }
}

/// The same program packaged again: every distribution and the pin are the post-release, and the program says what it said.
#[test]
fn a_revision_is_a_post_release_of_everything() {
    let directory = scratch();
    let Some(payload) = payload(directory.path(), true) else { return };
    let payloads = [payload];
    let made = Made::started(&payloads, &["--sdk"], "1.2.3").released(&payloads, &["--revision", "2"]);
    let mut files = names(&made.dist());
    files.sort();
    assert_eq!(files.len(), 3, "{files:?}");
    assert!(files.iter().all(|name| name.contains("-1.2.3.post2")), "{files:?}");
    let metadata = String::from_utf8(member(&made.wheel("probe_sdk-"), "/METADATA")).unwrap();
    assert!(metadata.contains("Requires-Dist: probe-bin==1.2.3.post2\n"), "{metadata}");
    let receipts = made.root.path().join("release/receipts");
    let receipt = read_json(&receipts.join(&names(&receipts)[0]));
    assert_eq!((&receipt["outcome"], &receipt["version"]), (&"passed".into(), &"1.2.3".into()), "{receipt:#}");
    let mut publish = relkit();
    publish.arg("publish").arg(made.dist()).args(["--release-version", "v1.2.3", "--revision", "2", "--product"]);
    publish.arg(made.product()).args(["--upload-url", "http://127.0.0.1:9/", "--dry-run", "--plan"]);
    let plan = made.root.path().join("plan.json");
    succeed(publish.arg(&plan).arg("--receipts").arg(&receipts));
    let plan = read_json(&plan);
    let phases = plan["phases"].as_array().unwrap().iter().flat_map(|phase| phase["files"].as_array().unwrap());
    let planned: Vec<_> = phases.map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(planned.len(), 3, "{plan:#}");
    assert!(
        planned[0].starts_with("probe_bin-") && planned.iter().all(|name| name.contains("1.2.3.post2")),
        "{plan:#}"
    );
    // Without the revision it is another release.
    let mut verify = relkit();
    verify.arg("verify").arg(made.dist()).args(["--release-version", "1.2.3", "--product"]).arg(made.product());
    assert_eq!(run(&mut verify).status.code(), Some(1));
}

#[test]
fn the_sdk_finds_and_starts_the_runtime() {
    let Some(tools) = Tools::of_wheels() else { return };
    let directory = scratch();
    for with_files in [true, false] {
        let Some(payload) = payload(directory.path(), with_files) else { return };
        let made = Made::of(&[payload], &["--sdk", "--license", "MIT"], "1.2.3");
        assert_eq!(made.wheels().len(), 3);
        for distribution in made.wheels() {
            tools.check(&distribution);
        }
        let environment = Environment::new(&tools, &made.root.path().join("env"));
        let mut pip = tools.module("pip");
        pip.arg("--python").arg(environment.program("python")).args(["install", "-q", "--isolated", "--no-cache-dir"]);
        succeed(
            pip.args(["--disable-pip-version-check", "--no-index", "--find-links"]).arg(made.dist()).arg("probe-sdk"),
        );
        let script = "import subprocess, probe_sdk as p\n\
             print(p.run('--version').stdout.strip(), p.executable_path().name, p.run('copy', input='\u{fc}').stdout)\n\
             print(p.run('exit', '3', check=False).returncode)\n\
             with p.start('arguments', 'a b', stdout=subprocess.PIPE) as process: print(process.communicate()[0].decode())\n\
             try: p.run('exit', '3')\n\
             except subprocess.CalledProcessError as error: print(error.returncode)\n";
        let told = printed(&run(environment.command("python").args(["-c", script])));
        assert_eq!(told, "1.2.3 probe \u{fc}\n3\n[61, 20, 62]\n\n3\n".replacen("1.2.3", "probe 1.2.3", 1));
        // Without its runtime it says what is missing.
        let mut remove = tools.module("pip");
        remove.arg("--python").arg(environment.program("python")).args(["uninstall", "-q", "-y", "probe-bin"]);
        succeed(&mut remove);
        let script = "import probe_sdk\ntry: probe_sdk.run('pid')\nexcept FileNotFoundError as error: print(error)";
        let told = printed(&run(environment.command("python").args(["-c", script])));
        assert_eq!(told, "probe-bin is not installed: install this distribution again\n");
    }
}

/// What is in a dist and not of the product is named, and the product with it.
#[test]
fn two_products_are_never_mixed() {
    let directory = scratch();
    let Some(payload) = payload(directory.path(), false) else { return };
    let of = |name: &str| Made::of(std::slice::from_ref(&payload), &["--name", name, "--sdk"], "1.2.3");
    let (one, other) = (of("one-bin"), of("other-bin"));
    let report = |dist: &Path, product: PathBuf| -> (Option<i32>, Value) {
        let mut verify = relkit();
        verify.arg("verify").arg(dist).args(["--release-version", "1.2.3", "--format", "json", "--product"]);
        let output = run(verify.arg(product));
        (output.status.code(), json(&output))
    };
    for part in ["other_bin-", "other_sdk-"] {
        let mixed = directory.path().join(part);
        fs::create_dir(&mixed).unwrap();
        for wheel in one.wheels().into_iter().chain([other.wheel(part)]) {
            fs::copy(&wheel, mixed.join(wheel.file_name().unwrap())).unwrap();
        }
        let (code, report) = report(&mixed, one.product());
        assert_eq!((code, &report["product"]), (Some(1), &"one-bin".into()), "{report:#}");
        let problems = report["problems"].as_array().unwrap();
        let named = problems.iter().any(|problem| problem["message"].as_str().unwrap().contains(part));
        assert!(named, "{report:#}");
    }
    // A whole release of another product, and a stage of one.
    let (code, report) = report(&other.dist(), one.product());
    assert_eq!((code, &report["product"]), (Some(1), &"one-bin".into()), "{report:#}");
    for page in ["report.html", "summary.md"] {
        let text = fs::read_to_string(one.root.path().join(page)).unwrap();
        assert!(text.contains("one-bin") && !text.contains("other-bin"), "{page}");
    }
    let mut publish = relkit();
    publish.arg("publish").arg(other.dist()).args([
        "--release-version",
        "1.2.3",
        "--upload-url",
        "http://127.0.0.1:9/",
    ]);
    let output = run(publish.arg("--dry-run").arg("--product").arg(one.product()));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
}

/// A universal build is one row, of the tag that stands for both of its slices.
#[test]
fn a_universal_build_is_one_target() {
    let directory = scratch();
    let slices = [(AMD64, mac_sample(AMD64, 10, 9).build()), (ARM64, mac_sample(ARM64, 11, 0).build())];
    let payload = write(directory.path(), "probe-macos-universal", fat(&slices));
    let made = Made::of(&[payload], &["--name", "probe-bin"], "1.2.3");
    assert!(made.table().contains("platform-tag = \"macosx_10_9_universal2\"\nrunner"), "{}", made.table());
    made.wheel("probe_bin-1.2.3-py3-none-macosx_10_9_universal2.whl");
    let thin = write(directory.path(), "probe-macos-arm64", mac_sample(ARM64, 11, 0).build());
    let universal = directory.path().join("probe-macos-universal");
    let made = Made::of(&[universal, thin], &["--name", "probe-bin"], "1.2.3");
    assert_eq!(made.wheels().len(), 2);
}

/// A program that does not run here has the version that all of its payloads have in their names.
#[test]
fn the_version_is_in_the_names_of_payloads_that_do_not_run_here() {
    let directory = scratch();
    let zip = |name: &str, cpu: u32| {
        let program = mac_sample(cpu, 11, 0).build();
        write(directory.path(), name, zip_of(&[("probe", program)], "probe/")).display().to_string()
    };
    let arm = zip("probe-v1.4.2-aarch64-apple-darwin.zip", ARM64);
    let output = init(directory.path(), &["product", "--from", &arm]);
    assert!(text(&output).contains("--release-version 1.4.2 "), "{}", text(&output));
    let table = fs::read_to_string(directory.path().join("product/runtime-template/pyproject.toml")).unwrap();
    assert!(table.contains("archive = \"probe-v{version}-{triple}.zip\""), "{table}");
    let intel = zip("probe-v1.5.0-x86_64-apple-darwin.zip", AMD64);
    let output = init(directory.path(), &["other", "--from", &arm, "--from", &intel]);
    assert!(text(&output).contains("--release-version VERSION "), "{}", text(&output));
}

/// Two rows of one triple, told apart by the tag that is asked for.
#[test]
fn two_rows_may_have_one_triple() {
    let directory = scratch();
    let Some(payload) = payload(directory.path(), false) else { return };
    let made = Made::started(std::slice::from_ref(&payload), &[], "1.2.3");
    let template = made.product().join("runtime-template/pyproject.toml");
    let table = made.table();
    let own = table.lines().find_map(|line| line.strip_prefix("platform-tag = ")).unwrap().trim_matches('"').to_owned();
    let row = "\n[[tool.relkit.target]]\ntriple = \"x86_64-unknown-linux-gnu\"\nplatform-tag = \"manylinux_2_39_x86_64\"\n\
               runner = \"ubuntu-24.04\"\narchive = \"probe-new.tar.gz\"\n";
    fs::write(&template, format!("{table}{row}")).unwrap();
    let newer = format!("manylinux_2_39_x86_64={}", payload.display());
    let older = format!("{own}={}", payload.display());
    let made = made.released(&[newer.into(), older.into()], &[]);
    assert_eq!(made.wheels().len(), 2);
    made.wheel("manylinux_2_39_x86_64");
    made.wheel(&own);
    let workflow = succeed(relkit().args(["workflow", "--product"]).arg(made.product()));
    assert!(workflow.contains("--platform-tag \"$PLATFORM_TAG\""), "{workflow}");
    // Both have an address and a digest of their own.
    for words in
        ["by platform tag", "$digests[.platform_tag]", "PAYLOAD_URL=${PAYLOAD_URL//\\{platform-tag\\}/$PLATFORM_TAG}"]
    {
        assert!(workflow.contains(words), "{words}: {workflow}");
    }
    // The same tag in both rows is refused.
    fs::write(&template, format!("{table}{}", row.replace("manylinux_2_39_x86_64", &own))).unwrap();
    let output = run(relkit().args(["matrix", "--product"]).arg(made.product()));
    assert!(
        output.status.code() == Some(2) && text(&output).contains("no tag stands on two wheels"),
        "{}",
        text(&output)
    );
}

/// Named by its runtime template alone, a product has no SDK, and nothing of the one that is built in.
#[test]
fn a_runtime_template_alone_is_a_product_without_an_sdk() {
    let directory = scratch();
    let root = directory.path();
    let Some(payload) = payload(root, false) else { return };
    let made = Made::started(std::slice::from_ref(&payload), &["--sdk"], "1.2.3");
    let template = made.product().join("runtime-template");
    let mut release = relkit();
    release.args(["release", "--release-version", "1.2.3", "--format", "json", "--out-dir"]).arg(root.join("release"));
    let output = run(release.arg("--payload").arg(&payload).arg("--runtime-template").arg(&template));
    assert!(output.status.success() && !text(&output).to_lowercase().contains("codex"), "{}", text(&output));
    assert_eq!(names(&root.join("release/dist")).len(), 1);
    let mut stage = relkit();
    stage.arg("stage-runtime").arg(root.join("stage")).arg(&payload).args(["--release-version", "1.2.3"]);
    succeed(stage.arg("--template").arg(&template));
    // The two templates together are the whole product.
    let mut release = relkit();
    release.args(["release", "--release-version", "1.2.3", "--out-dir"]).arg(root.join("both")).arg("--payload");
    release.arg(&payload).arg("--runtime-template").arg(&template);
    succeed(release.arg("--sdk-template").arg(made.product().join("sdk-template")));
    assert_eq!(names(&root.join("both/dist")).len(), 3);
}

#[test]
fn a_workflow_is_written_over_one_that_relkit_wrote_and_over_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("release.yml");
    let written = |options: &[&str]| {
        let output =
            run(relkit().args(["workflow", "--out", "release.yml"]).args(options).current_dir(directory.path()));
        (output.status.code(), text(&output))
    };
    assert_eq!(written(&[]).0, Some(0));
    let workflow = fs::read_to_string(&file).unwrap();
    fs::write(&file, workflow.replace("ubuntu", "debian")).unwrap();
    assert_eq!(written(&[]).0, Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), workflow);
    for other in ["name: tests\n", "", "name: tests\n# not written by `relkit workflow`\n"] {
        fs::write(&file, other).unwrap();
        let (code, said) = written(&[]);
        assert!(
            code == Some(2) && said.contains("no workflow that relkit wrote") && said.contains("--force"),
            "{said}"
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), other);
    }
    assert_eq!(written(&["--force"]).0, Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), workflow);
    // That of another product is somebody's too.
    assert!(init(directory.path(), &["product", "--name", "probe-bin"]).status.success());
    let (code, said) = written(&["--product", "product"]);
    assert!(code == Some(2) && said.contains("workflow of `openai-codex-cli-bin`, not of `probe-bin`"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), workflow);
    assert_eq!(written(&["--product", "product", "--force"]).0, Some(0));
    assert_eq!(written(&["--product", "product"]).0, Some(0));
}

/// The names in a wheel without what every wheel has, sorted.
fn shipped(wheel: &Path) -> Vec<String> {
    let own = ["/METADATA", "/WHEEL", "/RECORD", "/entry_points.txt", ".py", "/py.typed"];
    let names = members(wheel).into_iter().map(|(name, _)| name);
    let mut names: Vec<_> = names.filter(|name| !own.iter().any(|end| name.ends_with(end))).collect();
    names.sort_unstable();
    names
}

/// What a program may read where it lies is there, and is no licence, page or completion of the product.
#[test]
fn what_lies_below_a_launcher_keeps_its_place() {
    let Some(program) = probe() else { return };
    let directory = scratch();
    let files = [
        ("bin/probe", &program[..]),
        ("LICENSE", b"one"),
        ("completions/probe.fish", b"three"),
        ("lib/node_modules/npm/lib/utils/completion.fish", b"npm's"),
        ("lib/node_modules/npm/man/man1/npm.1", b"npm's"),
        ("lib/probe/LICENSE", b"read"),
        ("man/man1/probe.1", b"two"),
        ("share/man/man1/probe-copy.1", b"four"),
        ("share/probe/completions/probe.bash", b"read"),
        ("share/probe/help.1", b"read"),
    ];
    let files = files.map(|(name, bytes)| (name, bytes.to_vec()));
    let archive = write(directory.path(), "probe-1.2.3.tar.gz", gzip(&tar_of(&files, "probe-1.2.3/")));
    let made = Made::of(&[archive], &[], "1.2.3");
    let table = made.table();
    assert!(table.contains("command = \"launcher\""), "{table}");
    let copies = [
        "probe_bin-1.2.3.data/data/share/fish/vendor_completions.d/probe.fish",
        "probe_bin-1.2.3.data/data/share/man/man1/probe-copy.1",
        "probe_bin-1.2.3.data/data/share/man/man1/probe.1",
        "probe_bin-1.2.3.dist-info/licenses/LICENSE",
    ];
    let mut expected: Vec<_> = files.iter().map(|(name, _)| format!("probe_bin/{name}")).collect();
    expected.extend(copies.map(str::to_owned));
    expected.sort_unstable();
    let wheel = made.wheel("probe_bin-1.2.3-");
    assert_eq!(shipped(&wheel), expected, "{table}");
    // The wheel as a payload has each file once, and the copies are no files beside the program.
    let (first, copy) = (members(&wheel), directory.path().join(wheel.file_name().unwrap()));
    fs::copy(&wheel, &copy).unwrap();
    let again = made.released(&[copy], &["--force"]);
    assert_eq!(members(&again.wheel("probe_bin-1.2.3-")), first);
}

/// Colour is no part of what a pattern is held against.
#[test]
fn a_version_in_colour_is_recognised_as_it_is_tested() {
    let Some(program) = answering("\u{1b}[1mp 1.2.3\u{1b}[m") else { return };
    let directory = scratch();
    let made = Made::of(&[write(directory.path(), "probe", program)], &[], "1.2.3");
    let table = made.table();
    assert!(table.contains("pattern = '^p (\\d[0-9A-Za-z.-]*)'") && !table.contains("u001b"), "{table}");
}

/// The licences of two directories, some of one name or one text, and one whose name is another's directory.
#[test]
fn rows_of_licences_never_clash() {
    let Some(program) = probe() else { return };
    let directory = scratch();
    let files = [
        ("bin/probe", &program[..]),
        ("LICENSE", b"one"),
        ("NOTICE", b"not the other"),
        ("licenses/LICENSE", b"two"),
        ("licenses/NOTICE/COPYING", b"three"),
        ("licenses/NOTICE/NOTICE", b"four"),
        ("licenses/probe/LICENSE", b"one"),
        ("licenses/x[1]/LICENSE", b"five"),
        ("licenses/x[1]/lib/NOTICE", b"six"),
        ("x[1]/probe.1", b"page"),
    ];
    let files = files.map(|(name, bytes)| (name, bytes.to_vec()));
    let archive = write(directory.path(), "probe-1.2.3.tar.gz", gzip(&tar_of(&files, "probe-1.2.3/")));
    let made = Made::of(&[archive], &[], "1.2.3");
    let all = members(&made.wheel("probe_bin-1.2.3-"));
    let licences = all.iter().filter(|(name, _)| name.contains("/licenses/"));
    let mut texts: Vec<_> = licences.map(|(_, bytes)| std::str::from_utf8(bytes).unwrap()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["five", "four", "not the other", "one", "six", "three", "two"], "{}", made.table());
    assert!(all.iter().any(|(name, _)| name.ends_with("/share/man/man1/probe.1")), "{}", made.table());
}

#[test]
fn pages_of_a_language_and_completions_of_every_executable_are_installed() {
    let (Some(program), Some(other)) = (probe(), saying("1.2.4")) else { return };
    let directory = scratch();
    let files = [
        ("bin/probe", &program[..]),
        ("bin/other", &other[..]),
        ("share/man/man1/probe.1", b"page"),
        ("share/man/de/man1/probe.1", b"Seite"),
        ("share/man/pt_BR/man1/probe.1", b"p\xc3\xa1gina"),
        ("share/bash-completion/completions/other", b"one"),
        ("share/bash-completion/completions/probe", b"two"),
        ("share/zsh/site-functions/_other", b"three"),
        ("completions/other.fish", b"four"),
        ("completions/stranger.fish", b"nobody's"),
    ];
    let files = files.map(|(name, bytes)| (name, bytes.to_vec()));
    let archive = write(directory.path(), "probe-1.2.3.tar.gz", gzip(&tar_of(&files, "probe-1.2.3/")));
    let made = Made::of(&[archive], &[], "1.2.3");
    let names = shipped(&made.wheel("probe_bin-1.2.3-"));
    let data = names.iter().filter_map(|name| name.strip_prefix("probe_bin-1.2.3.data/data/share/"));
    let expected = [
        "bash-completion/completions/other",
        "bash-completion/completions/probe",
        "fish/vendor_completions.d/other.fish",
        "man/de/man1/probe.1",
        "man/man1/probe.1",
        "man/pt_BR/man1/probe.1",
        "zsh/site-functions/_other",
    ];
    assert_eq!(data.collect::<Vec<_>>(), expected, "{}", made.table());
}

/// What is started from a `bin/` and is in no wheel is named.
#[test]
fn a_script_above_the_program_is_named() {
    let directory = scratch();
    let root = directory.path();
    let script = |path: &str| {
        let name = format!("t/{path}");
        TarMember { mode: 0o755, ..TarMember::file(name, b"#!/bin/sh\n".to_vec()) }
    };
    let program = |path: &str| TarMember { mode: 0o755, ..TarMember::file(format!("t/{path}"), static_elf().build()) };
    for (index, (member, at, is_named)) in [
        ("sass", "src/dart", true),
        ("install.sh", "src/dart", false),
        ("install", "bin/dart", false),
        ("install", "dart", false),
        ("src/lib/sass", "src/dart", false),
    ]
    .into_iter()
    .enumerate()
    {
        write(root, "t.tgz", gzip(&tar(&[script(member), program(at), TarMember::file("t/words", "x")])));
        let said = text(&init(root, &[&format!("product-{index}"), "--from", "t.tgz"]));
        assert_eq!(said.contains(&format!("`{member}`")), is_named, "{member}: {said}");
    }
}

#[test]
fn a_script_that_starts_the_program_is_named() {
    let Some(program) = probe() else { return };
    let directory = scratch();
    let archive = |files: &[(&str, &[u8])]| {
        let members = files.iter().map(|(name, bytes)| {
            let member = TarMember::file(format!("t/{name}"), bytes.to_vec());
            TarMember { mode: 0o755, ..member }
        });
        write(directory.path(), "t-1.2.3.tar.gz", gzip(&tar(&members.collect::<Vec<_>>())))
    };
    let script: &[u8] = b"#!/bin/sh\nexec \"$(dirname \"$0\")/../lib/real\" \"$@\"\n";
    let told = |files: &[(&str, &[u8])], product: &str| {
        let archive = archive(files);
        text(&init(directory.path(), &[product, "--from", archive.to_str().unwrap()]))
    };
    let said = told(&[("bin/scr", script), ("lib/real", &program)], "one");
    assert!(said.contains("to do: no wheel has `bin/scr`, which can be run"), "{said}");
    let said = told(&[("bin/scr", script), ("bin/probe", &program)], "two");
    assert!(said.contains("to do: no command of the product starts `bin/scr` in its package"), "{said}");
    let said = told(&[("bin/probe", &program), ("lib/node_modules/x/bin/x", script)], "three");
    assert!(!said.contains("can be run") && !said.contains("no command"), "{said}");
}

/// Another name of the program is no program of its own, wherever the link lies, and one that a payload lacks is not the other.
#[test]
fn a_link_to_the_program_is_its_other_name() {
    let Some(program) = probe() else { return };
    let directory = scratch();
    let root = directory.path();
    let link = |name: &str, target: &str| TarMember::special(format!("t/{name}"), EntryType::Symlink, target);
    let file = |name: &str| TarMember { mode: 0o755, ..TarMember::file(format!("t/{name}"), program.clone()) };
    let told = |product: &str, members: &[TarMember], arguments: &[&str]| {
        write(root, "t-1.2.3.tar.gz", gzip(&tar(members)));
        let said = text(&init(root, &[&[product, "--from", "t-1.2.3.tar.gz", "--license", "MIT"], arguments].concat()));
        let table = fs::read_to_string(root.join(product).join("runtime-template/pyproject.toml")).unwrap();
        (said, table)
    };
    let linked = [link("bin/a", "probe"), file("bin/probe"), link("probe", "bin/probe")];
    // The file is the program, and the link its other name.
    let (said, table) = told("one", &linked, &[]);
    assert!(table.contains("\nexecutables = [\"probe\", \"a\"]\n"), "{table}");
    assert!(table.contains("\ncommand = \"scripts\"\n"), "{table}");
    assert!(said.contains("to do: `a` is `probe` under another name, and a second copy"), "{said}");
    assert_eq!(said.matches("under another name").count(), 1, "{said}");
    let (said, table) = told("two", &linked, &["--executable", "probe"]);
    assert!(table.contains("\nexecutable = \"probe\"\n") && table.contains("\ncommand = \"scripts\"\n"), "{table}");
    assert!(said.contains("to do: `bin/a` is `probe` under another name: if users start it, write `a` into"), "{said}");
    assert!(!said.contains("native program"), "{said}");
    let release =
        ["release", "--release-version", "1.2.3", "--out-dir", "out", "--payload", "t-1.2.3.tar.gz", "--product"];
    let output = run(relkit().args(release).arg("two").current_dir(root));
    assert!(output.status.success() && !text(&output).contains("is a link to"), "{}", text(&output));
    // What lies beside a folder that is shipped as it is makes no launcher: it would not find it.
    let apart = [file("a/probe"), TarMember::file("t/b/words", "words")];
    let (_, table) = told("three", &apart, &["--executable", "probe"]);
    assert!(table.contains("\ncommand = \"scripts\"\n"), "{table}");
    // One payload has both, and another the first alone.
    fs::create_dir(root.join("t-1.2.3-mac")).unwrap();
    write(root, "t-1.2.3-mac/probe", mac_sample(ARM64, 11, 0).build());
    let helper = TarMember { mode: 0o755, ..TarMember::file("t/probe-helper", static_elf().build()) };
    let (said, table) = told("four", &[file("probe"), helper], &["--from", "t-1.2.3-mac"]);
    assert!(table.contains("\nexecutables = [\"probe\", \"probe-helper\"]\n"), "{table}");
    assert!(!said.contains("under another name"), "{said}");
}

/// A program that says its version and fails at it is asked all the same, where it answers nothing better.
#[test]
fn a_version_that_is_said_with_a_failure_is_recognised() {
    let Some(program) = answering("ask -V") else { return };
    let directory = scratch();
    let payload = write(directory.path(), "probe", program);
    let made = Made::of(&[payload], &["--name", "probe-bin"], "4.5.6");
    let asked = r"version = { args = ['-V'], exit = 3, pattern = '^Version of it: (\d[0-9A-Za-z.-]*)' }";
    assert!(made.table().replace('"', "'").contains(asked), "{}", made.table());
}

/// A wheel that packages its program again is a payload of the program's release.
#[test]
fn a_wheel_of_a_post_release_is_a_payload_of_its_program() {
    let directory = scratch();
    let Some(payload) = payload(directory.path(), false) else { return };
    let payloads = [payload];
    let made = Made::started(&payloads, &["--name", "probe-bin"], "1.2.3").released(&payloads, &["--revision", "1"]);
    let wheel = made.wheel("probe_bin-1.2.3.post1-");
    let again = Made::of(std::slice::from_ref(&wheel), &["--name", "probe-bin"], "1.2.3");
    again.wheel("probe_bin-1.2.3-");
    // One of another release is none.
    let mut stage = relkit();
    stage.args(["stage-runtime", "--release-version", "1.2.4", "--product"]).arg(again.product());
    let output = run(stage.arg(directory.path().join("stage")).arg(&wheel));
    assert!(
        output.status.code() == Some(1) && text(&output).contains("version 1.2.3.post1 by its"),
        "{}",
        text(&output)
    );
}

/// Wheels say in their names of which release they are, and a release takes those of one.
#[test]
fn payloads_of_two_releases_are_told() {
    let directory = scratch();
    let root = directory.path();
    let name = |wheel: Sample| write(root, &wheel.file_name.clone(), wheel.build()).display().to_string();
    let (old, new) = (name(linux().of_version("0.162.0")), name(linux()));
    let mac = name(mac(mac_sample(ARM64, 11, 0).build()));
    for (index, (payload, is_told)) in [(&old, true), (&new, false)].into_iter().enumerate() {
        let said = text(&init(root, &[&format!("product-{index}"), "--from", payload, &mac]));
        let words = "to do: the payloads are of the releases 0.162.0, 0.163.0: give `relkit release` those of one";
        assert_eq!(said.contains(words), is_told, "{said}");
    }
}

/// Where some artefact is called by the version that the program says, one that is called by another is of another release.
#[test]
fn an_artefact_of_another_release_is_told_by_its_name() {
    let Some(program) = probe() else { return };
    let directory = scratch();
    let root = directory.path();
    write(root, "probe-1.2.3-linux.tgz", gzip(&tar_of(&[("probe", program.clone())], "")));
    write(root, "probe-linux.tgz", gzip(&tar_of(&[("probe", program)], "")));
    let mac = gzip(&tar_of(&[("probe", mac_sample(ARM64, 11, 0).build())], ""));
    for (index, (linux, other, is_told)) in [
        ("probe-1.2.3-linux.tgz", "probe-mac-1.2.2.tgz", true),
        ("probe-1.2.3-linux.tgz", "probe-1.2.3-mac-11.0.tgz", false),
        ("probe-1.2.3-linux.tgz", "probe-mac.tgz", false),
        // The number of a system.
        ("probe-linux.tgz", "probe-mac-11.0.tgz", false),
    ]
    .into_iter()
    .enumerate()
    {
        write(root, other, mac.clone());
        let said = text(&init(root, &[&format!("product-{index}"), "--from", linux, other]));
        let words =
            format!("to do: by its name `{other}` is of 1.2.2, and the program says 1.2.3: give `relkit release`");
        assert_eq!(said.contains(&words), is_told, "{said}");
    }
}

/// A program in a directory or archive is called as it stands.
#[test]
fn the_name_of_a_program_inside_is_no_artefacts() {
    let Some(program) = probe() else { return };
    let directory = scratch();
    fs::create_dir_all(directory.path().join("x86_64-elf-gcc-13.2/bin")).unwrap();
    let path = write(&directory.path().join("x86_64-elf-gcc-13.2/bin"), "x86_64-elf-gcc", program.clone());
    set_mode(&path, 0o755);
    let archive = gzip(&tar_of(&[("yq_linux_amd64", program)], ""));
    write(directory.path(), "yq_linux_amd64.tar.gz", archive);
    for (payload, name) in [("x86_64-elf-gcc-13.2", "x86_64-elf-gcc"), ("yq_linux_amd64.tar.gz", "yq")] {
        let output = init(directory.path(), &[name, "--from", payload]);
        assert!(output.status.success(), "{}", text(&output));
        let template = directory.path().join(name).join("runtime-template/pyproject.toml");
        let table = fs::read_to_string(template).unwrap();
        assert!(table.contains(&format!("\nexecutable = \"{name}\"\n")), "{table}");
        // There is nothing of a directory's name to download.
        assert_eq!(table.contains("\narchive = "), payload.ends_with(".gz"), "{table}");
    }
}

/// A pattern of a shell names digests and signatures with the artefacts.
#[test]
fn what_lies_beside_payloads_is_passed_over() {
    let directory = scratch();
    let Some(payload) = payload(directory.path(), false) else { return };
    let payload = payload.to_str().unwrap();
    let beside = [
        format!("{payload}.sha256"),
        format!("{payload}.asc"),
        directory.path().join("SHA256SUMS").display().to_string(),
    ];
    for path in &beside {
        fs::write(path, "0123\n").unwrap();
    }
    let mut arguments = vec!["product", "--from", payload];
    arguments.extend(beside.iter().map(String::as_str));
    let output = init(directory.path(), &arguments);
    let said = text(&output);
    assert!(output.status.success() && said.contains("Skipped") && said.contains("SHA256SUMS`: they are"), "{said}");
    let next = said.lines().find(|line| line.contains("relkit release")).unwrap();
    assert!(next.ends_with(".tar.gz"), "{next}");
    let mut release = relkit();
    release.args(["release", "--product", "product", "--release-version", "1.2.3", "--out-dir", "release"]);
    let output = run(release.arg("--payload").arg(payload).args(&beside).current_dir(directory.path()));
    assert!(output.status.success() && text(&output).contains("Skipped"), "{}", text(&output));
    // Alone it is what was given.
    let output = init(directory.path(), &["other", "--from", &beside[0]]);
    assert!(output.status.code() == Some(1) && text(&output).contains(".sha256` is a text file"), "{}", text(&output));
}

/// The name of an artefact changes with the version, however it is spelled there.
#[test]
fn the_version_in_an_archives_name_is_replaced_as_it_is_spelled() {
    let directory = scratch();
    let zip = |name: &str| {
        let program = mac_sample(ARM64, 11, 0).build();
        write(directory.path(), name, zip_of(&[("probe", program)], "probe/")).display().to_string()
    };
    for (index, (name, archive, is_noted)) in [
        ("probe-2.0.0-beta.2-aarch64-apple-darwin.zip", "probe-{version}-{triple}.zip", false),
        ("probe-v2024.01.05-mac.zip", "probe-v{version}-mac.zip", false),
        ("probe-2.0.0b2-mac.zip", "probe-2.0.0b2-mac.zip", true),
    ]
    .into_iter()
    .enumerate()
    {
        let product = format!("product-{index}");
        let output = init(directory.path(), &[&product, "--from", &zip(name)]);
        let template = directory.path().join(&product).join("runtime-template/pyproject.toml");
        let table = fs::read_to_string(template).unwrap();
        assert!(table.contains(&format!("archive = \"{archive}\"")), "{name}: {table}");
        assert_eq!(text(&output).contains("to do: `archive` is"), is_noted, "{}", text(&output));
    }
}

/// The row of a payload is one whose tag its binaries keep, although its program could be another's.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_payload_gets_the_row_that_init_wrote_for_it() {
    let directory = scratch();
    let (program, helper) = (static_elf().build(), glibc_elf().build());
    let zip =
        |name: &str, files: &[(&str, Vec<u8>)]| write(directory.path(), name, zip_of(files, "")).display().to_string();
    let plain = zip("probe-1.2.3-x64.zip", &[("bin/probe", program.clone())]);
    let with_helper = zip("probe-1.2.3-x64-voice.zip", &[("bin/probe", program), ("lib/helper", helper)]);
    let output = init(directory.path(), &["product", "--from", &plain, &with_helper, "--executable", "probe"]);
    assert!(output.status.success(), "{}", text(&output));
    for (place, payload) in ["one", "two"].into_iter().zip([&plain, &with_helper]) {
        let mut stage = relkit();
        stage.args(["stage-runtime", place, payload, "--release-version", "1.2.3", "--product", "product"]);
        let output = run(stage.current_dir(directory.path()));
        assert!(output.status.success(), "{}", text(&output));
    }
}

/// Of several payloads one for which there is no tag, such as FreeBSD's, keeps nobody from the others.
#[test]
fn a_payload_without_an_honest_tag_is_left_out_of_several() {
    let directory = scratch();
    let root = directory.path();
    let hopeless = ElfSample { needed: vec!["libnowhere.so.9"], ..glibc_elf() };
    for (name, program) in [
        ("probe-1.2.3-one", hopeless.build()),
        ("probe-1.2.3-two", static_elf().build()),
        ("probe-1.2.3-bsd", hopeless.build()),
    ] {
        write(root, name, program);
    }
    let payloads = ["probe-1.2.3-one", "probe-1.2.3-two", "probe-1.2.3-bsd"];
    let output = init(root, &[&["product", "--format", "json", "--license", "MIT", "--from"], &payloads[..]].concat());
    assert!(output.status.success(), "{}", text(&output));
    let told = json(&output);
    let notes: Vec<_> = told["notes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for (note, name) in notes.iter().zip([payloads[0], payloads[2]]) {
        let start = format!("`{name}` is left out, since no platform tag is honest for it: ");
        assert!(note.starts_with(&start) && note.contains("libnowhere.so.9"), "{note}");
    }
    let release =
        told["next"].as_array().unwrap().iter().filter_map(Value::as_str).find(|next| next.contains("release "));
    assert!(release.unwrap().ends_with("--payload probe-1.2.3-two"), "{told}");
    assert_eq!(told["targets"].as_array().unwrap().len(), 1, "{told}");
    // A directory of artefacts is none of them.
    write_tree(&root.join("downloads"), &[("probe.tgz", gzip(b"x"))]);
    let said = text(&init(root, &["other", "--from", "downloads"]));
    assert!(said.contains("and files that are packed: `probe.tgz`"), "{said}");
    // Where there is nothing else it is an error.
    let output = init(root, &["other", "--from", payloads[0], payloads[2]]);
    assert!(output.status.code() == Some(1) && !root.join("other").exists(), "{}", text(&output));
}

/// One payload for all platforms is none of any.
#[test]
fn a_payload_for_several_platforms_is_told_as_that() {
    let directory = scratch();
    let root = directory.path();
    let (linux, mac) = (static_elf().build(), mac_sample(ARM64, 11, 0).build());
    for (files, words) in [
        (
            &[("linux64/probe", linux.clone()), ("osx/probe", mac.clone())][..],
            "holds programs for several platforms: `linux64/probe` (ELF, x86_64), `osx/probe` (Mach-O, aarch64)",
        ),
        (
            &[("probe_linux", linux.clone()), ("probe_mac", mac.clone())],
            "holds programs for several platforms: `probe_linux` (ELF, x86_64), `probe_mac` (Mach-O, aarch64)",
        ),
        (&[("probe", linux.clone()), ("words", b"x".to_vec())], "x86_64-unknown-linux-musl"),
    ] {
        write(root, "probe.zip", zip_of(files, ""));
        let said = text(&init(root, &["product", "--from", "probe.zip", "--force"]));
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// What `init` writes passes `release`, also where the program tells no version; what it says of itself is shown.
#[test]
fn a_program_that_tells_no_version_is_released() {
    for (answer, told, spelled, is_noted) in [
        ("probe 2026-11-17", "version = { args = ['--version'], pattern = false }", "1.2.3", true),
        (
            "probe 1.2.3-DEV",
            r"version = { args = ['--version'], pattern = '^probe (\d[0-9A-Za-z.-]*)' }",
            "1.2.3.dev0",
            false,
        ),
        ("p 1.2.3-dev.4.5", "version = { args = ['--version'] }", "1.2.3.dev4", false),
    ] {
        let Some(program) = answering(answer) else { return };
        let directory = scratch();
        let root = directory.path();
        write(root, "probe-1.2.3-x64.tar.gz", gzip(&tar_of(&[("probe", program)], "")));
        let output = init(root, &["product", "--from", "probe-1.2.3-x64.tar.gz", "--license", "MIT"]);
        let said = text(&output);
        let words = format!("to do: `probe --version` says `{answer}`, in which no version is recognised");
        assert_eq!(said.contains(&words), is_noted, "{said}");
        let table = fs::read_to_string(root.join("product/runtime-template/pyproject.toml")).unwrap();
        assert!(table.replace('"', "'").contains(told), "{table}");
        let next = said.lines().find(|line| line.starts_with("  relkit release")).unwrap();
        assert!(next.contains(&format!("--release-version {spelled} ")), "{next}");
        let words: Vec<_> = next.split_whitespace().skip(1).collect();
        let output = run(relkit().args(words).current_dir(root));
        assert!(output.status.success(), "{}", text(&output));
    }
}

/// A program that answers nothing well may be broken: no table is made that lets it pass.
#[test]
fn a_program_that_fails_at_every_question_passes_no_release() {
    let Some(program) = answering("broken") else { return };
    let directory = scratch();
    let root = directory.path();
    write(root, "probe", program);
    let said = text(&init(root, &["product", "--from", "probe", "--license", "MIT"]));
    let words = "to do: `probe --version` says `cannot work` and ends with exit code 7, in which no version is recognised, and a \
                 release fails at that";
    assert!(said.contains(words), "{said}");
    let table = fs::read_to_string(root.join("product/runtime-template/pyproject.toml")).unwrap();
    assert!(table.contains("\n# version = {"), "{table}");
    let release =
        ["release", "--product", "product", "--release-version", "1.2.3", "--out-dir", "out", "--payload", "probe"];
    let output = run(relkit().args(release).current_dir(root));
    assert!(output.status.code() == Some(1) && text(&output).contains("receipt-failed"), "{}", text(&output));
}

/// npm's packages for one platform say so in their description, which the program does not need; others may read theirs. The
/// licence that a package says may be its own alone.
#[test]
fn the_description_of_a_package_of_npm_makes_no_launcher() {
    let directory = scratch();
    let root = directory.path();
    for (index, (description, command, license)) in [
        (r#"{"license": "MIT", "os": ["linux"], "cpu": ["x64"]}"#, "scripts", Some("MIT")),
        (r#"{"license": "SEE LICENSE", "cpu": ["x64"]}"#, "scripts", None),
        (r#"{"license": "apache-2.0"}"#, "launcher", Some("Apache-2.0")),
        (r#"{"os": "#, "launcher", None),
        ("[]", "launcher", None),
    ]
    .into_iter()
    .enumerate()
    {
        let files = [("bin/probe", static_elf().build()), ("package.json", description.into())];
        write(root, "probe.tgz", gzip(&tar_of(&files, "package/")));
        let product = format!("product-{index}");
        let said = text(&init(root, &[&product, "--from", "probe.tgz"]));
        let table = fs::read_to_string(root.join(&product).join("runtime-template/pyproject.toml")).unwrap();
        assert!(table.contains(&format!("\ncommand = \"{command}\"\n")), "{description}: {table}");
        assert!(table.contains("# license = \"\""), "{table}");
        let words =
            license.map(|license| format!("; `probe.tgz` says `{license}`, if that is not its packaging's alone"));
        assert_eq!(said.contains("its packaging's"), words.is_some(), "{said}");
        assert!(words.is_none_or(|words| said.contains(&words)), "{said}");
    }
    let wheel = linux();
    write(root, &wheel.file_name.clone(), wheel.build());
    let said = text(&init(root, &["of-wheel", "--from", &linux().file_name]));
    assert!(said.contains(&format!("; `{}` says `Apache-2.0`", linux().file_name)), "{said}");
}

/// What was found, why there is no tag for it, and what to do; nothing is written.
#[test]
fn why_no_tag_is_honest_is_told() {
    let directory = scratch();
    let root = directory.path();
    let unmet = ElfSample { needed: vec!["libnowhere.so.9"], ..glibc_elf() };
    let elf = |machine, big_endian| ElfSample { machine, big_endian, ..static_elf() };
    let bsd = ElfSample { os_abi: 9, ..static_elf() };
    let old_mac = |cpu| MachSample { build: None, signed: false, ..mac_sample(cpu, 10, 4) };
    let tv = MachSample { build: Some((3, 14, 0)), ..mac_sample(ARM64, 11, 0) };
    let none = "give a payload for Linux, macOS or Windows";
    for (program, found, hint) in [
        (unmet.build(), "`probe` under `manylinux_", "leave the payload out of `--from`"),
        (
            elf(43, true).build(),
            "(ELF) is built for sparc64, which no platform tag that can be judged here is for",
            none,
        ),
        (elf(21, true).build(), "(ELF) is built for big-endian powerpc64, which", none),
        (elf(0xa4, false).build(), "(ELF) is built for machine 0xa4, which", none),
        (bsd.build(), "(ELF) is built for FreeBSD, which", none),
        (old_mac(18).build(), "(Mach-O) is built for ", none),
        (old_mac(7).build(), "(Mach-O) is built for 32-bit x86 of macOS, which", none),
        (tv.build(), "(Mach-O) is built for tvOS, which", none),
        (pe(0x1c4, &["KERNEL32.dll"], false), "(PE) is built for 32-bit arm of Windows, which", none),
    ] {
        let payload = write(root, "probe", program);
        let payload = payload.to_str().unwrap();
        let init = init(root, &["product", "--from", payload]);
        let stage =
            run(relkit().current_dir(root).args(["stage-runtime", "stage", payload, "--codex-version", "1.2.3"]));
        let is_homeless = hint == none;
        for output in [Some(init), is_homeless.then_some(stage)].into_iter().flatten() {
            let said = text(&output);
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("no platform tag is honest for") && said.contains(found), "{found}: {said}");
            assert!(said.contains(&format!("hint: {hint}")), "{found}: {said}");
        }
        assert_eq!(names(root), ["probe"], "{found}");
    }
}
