//! Stages as Python's own build front end sees them, and a rename of everything a product is called.

use std::fs;
use std::path::Path;

use relkit::console::Progress;
use relkit::fs::Existing;
use relkit::product::{Sdk, Template};
use relkit::stage::{self, StagedSdk, stage_runtime, stage_sdk};

use crate::samples::binary::elf;
use crate::support::stages::{built_in, package, product, release, request, stage, told};
use crate::support::{Tools, mode, names, paths, relkit, run, succeed, text, write, write_tree};

fn sdk(out: &Path, template: Option<&Path>) -> StagedSdk {
    let release = release("0.163.0");
    let own = template.map(|template| Sdk::read(template).unwrap());
    let request = stage::sdk::Options {
        sdk: own.as_ref().or(built_in().sdk.as_ref()).unwrap(),
        out: out.to_owned(),
        version: release.sdk_version("0.163.0.post1").unwrap(),
        release,
        existing: Existing::Refuse,
    };
    stage_sdk(&request).unwrap_or_else(|error| panic!("{}", told(error).0))
}

/// Copies the files of a template that ship, each text changed on the way.
fn copy_template(template: &Template, to: &Path, change: impl Fn(&str) -> String) {
    for (path, bytes) in &template.files {
        let bytes = match std::str::from_utf8(bytes) {
            Ok(text) if path == "pyproject.toml" => change(text).into_bytes(),
            _ => bytes.to_vec(),
        };
        write_tree(to, &[(path.as_str(), bytes)]);
    }
}

#[test]
fn a_staged_runtime_builds_as_a_wheel_of_its_tag_and_never_as_an_sdist() {
    let Some(tools) = Tools::of_wheels() else { return };
    let directory = tempfile::tempdir().unwrap();
    // An ignore file around the stage, as a repository has one, must not eat the payload.
    write_tree(directory.path(), &[(".gitignore", "bin/\ncodex-*\nsrc/\n"), (".git/HEAD", "x")]);
    write_tree(&directory.path().join("package"), &package());
    let (out, dist) = (directory.path().join("out"), directory.path().join("wheels"));
    stage(&out, &directory.path().join("package")).unwrap();
    let built = run(&mut tools.build(&out, &["--wheel"], &dist));
    assert!(built.status.success(), "{}", text(&built));
    let wheel =
        "openai_codex_cli_bin-0.163.0-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl";
    assert_eq!(names(&dist), [wheel]);
    let unpacked = directory.path().join("unpacked");
    succeed(tools.module("wheel").args(["unpack", "--dest"]).arg(&unpacked).arg(dist.join(wheel)));
    let root = unpacked.join("openai_codex_cli_bin-0.163.0");
    // The wheel holds the import package of the stage, file by file and mode by mode.
    let module = out.join("src/codex_cli_bin");
    let installed = root.join("codex_cli_bin");
    assert_eq!(paths(&installed), paths(&module));
    for path in paths(&module) {
        assert_eq!(fs::read(installed.join(&path)).unwrap(), fs::read(module.join(&path)).unwrap(), "{path}");
        assert_eq!(mode(&installed.join(&path)), mode(&module.join(&path)), "{path}");
    }
    let facts = fs::read_to_string(root.join("openai_codex_cli_bin-0.163.0.dist-info/WHEEL")).unwrap();
    assert!(facts.contains("Root-Is-Purelib: false"), "{facts}");
    for tag in ["manylinux2014_x86_64", "manylinux_2_17_x86_64", "musllinux_1_1_x86_64"] {
        assert!(facts.contains(&format!("Tag: py3-none-{tag}\n")), "{facts}");
    }
    // relkit's own wheel of the stage has the same files with the same modes.
    let own = directory.path().join("own");
    succeed(relkit().arg("build").arg(&out).arg("--out-dir").arg(&own));
    assert_eq!(names(&own), [wheel]);
    let own_unpacked = directory.path().join("own-unpacked");
    succeed(tools.module("wheel").args(["unpack", "--dest"]).arg(&own_unpacked).arg(own.join(wheel)));
    let own_root = own_unpacked.join("openai_codex_cli_bin-0.163.0");
    assert_eq!(paths(&own_root), paths(&root));
    for path in paths(&root) {
        assert_eq!(mode(&own_root.join(&path)), mode(&root.join(&path)), "{path}");
    }
    let refused = |stage: &Path, arguments: &[&str], words: &str| {
        let built = run(&mut tools.build(stage, arguments, &directory.path().join("none")));
        let text = text(&built);
        assert!(!built.status.success() && text.contains(words), "{text}");
    };
    refused(&out, &["--sdist"], "published as wheels alone");
    let template = directory.path().join("template");
    copy_template(&Template::runtime(None).unwrap(), &template, str::to_owned);
    refused(&template, &["--wheel"], "relkit stage-runtime");
    let mut editable = tools.python();
    editable.args(["-c", "import hatchling.build as b; b.build_editable('.')"]).current_dir(&out);
    let answer = run(&mut editable);
    assert!(text(&answer).contains("cannot be installed in editable mode"), "{}", text(&answer));
}

#[test]
fn the_module_of_a_runtime_finds_what_it_carries() {
    let Some(tools) = Tools::of_wheels() else { return };
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write_tree(&root.join("package"), &package());
    stage(&root.join("out"), &root.join("package")).unwrap();
    stage(&root.join("lone"), &write(root, "codex", elf(500))).unwrap();
    let ask = |stage: &str, code: &str| {
        let mut command = tools.python();
        command.env("PYTHONPATH", root.join(stage).join("src")).env("PYTHONDONTWRITEBYTECODE", "1");
        succeed(command.args(["-c", &format!("import codex_cli_bin as m; {code}")]))
    };
    let module = root.join("out/src/codex_cli_bin").canonicalize().unwrap();
    // Python leaves out the prefix that Windows gives a resolved path.
    let module = Path::new(module.to_str().unwrap().trim_start_matches(r"\\?\"));
    assert_eq!(
        ask("out", "print(m.PACKAGE_NAME, sorted(m.__all__))").trim(),
        "openai-codex-cli-bin ['PACKAGE_NAME', 'bundled_codex_path', 'bundled_package_dir', 'bundled_path_dir']"
    );
    if cfg!(unix) {
        assert_eq!(ask("out", "print(m.bundled_codex_path())").trim(), module.join("bin/codex").display().to_string());
    }
    assert_eq!(ask("out", "print(m.bundled_package_dir())").trim(), module.display().to_string());
    assert_eq!(ask("out", "print(m.bundled_path_dir())").trim(), module.join("codex-path").display().to_string());
    assert_eq!(ask("lone", "print(m.bundled_path_dir())").trim(), "None");
    fs::remove_file(module.join("codex-package.json")).unwrap();
    let told = ask("out", "\ntry: m.bundled_codex_path()\nexcept FileNotFoundError as error: print(error)");
    assert!(told.contains("package descriptor of openai-codex-cli-bin"), "{told}");
}

#[test]
fn the_sdk_ends_with_exactly_one_pin_whatever_it_required() {
    let directory = tempfile::tempdir().unwrap();
    for (number, old) in
        ["OpenAI.Codex_cli-bin[x]>=1; python_version>'3'", "openai-codex-cli-bin", "unrelated"].iter().enumerate()
    {
        let template = directory.path().join(format!("template-{number}"));
        copy_template(&Template::sdk(None).unwrap(), &template, |text| {
            assert!(text.contains("\"openai-codex-cli-bin==0.163.0\""), "the template has another pin: {text}");
            text.replace("\"openai-codex-cli-bin==0.163.0\"", &format!("\"{old}\""))
        });
        let out = directory.path().join(format!("out-{number}"));
        let staged = sdk(&out, Some(&template));
        assert_eq!(staged.pin, "openai-codex-cli-bin==0.163.0");
        let written: toml::Table = fs::read_to_string(out.join("pyproject.toml")).unwrap().parse().unwrap();
        assert_eq!(written["project"]["version"].as_str(), Some("0.163.0.post1"));
        assert_eq!(written["tool"]["relkit"]["stage"]["release-version"].as_str(), Some("0.163.0"));
        let dependencies = written["project"]["dependencies"].as_array().unwrap();
        let pins = dependencies.iter().filter(|item| item.as_str() == Some(&staged.pin)).count();
        let runtimes = dependencies.iter().filter(|item| item.to_string().to_lowercase().contains("cli")).count();
        assert_eq!((pins, runtimes), (1, 1), "{dependencies:?}");
    }
}

#[test]
fn only_what_ships_is_staged() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    sdk(&out, None);
    for path in paths(&out) {
        let top = path.split('/').next().unwrap();
        assert!(matches!(top, "src" | "pyproject.toml" | "README.md" | "LICENSE"), "{path}");
        assert!(!path.contains("__pycache__"), "{path}");
    }
    // Nothing but the version and the table differs from the template where no name does.
    let template = Template::sdk(None).unwrap();
    for (path, bytes) in template.files.iter().filter(|(path, _)| *path != "pyproject.toml") {
        assert_eq!(fs::read(out.join(path)).unwrap(), &**bytes, "{path}");
    }
}

#[test]
fn a_rename_is_an_edit_of_the_tables_alone() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let renamed = |text: &str, rows: &[(&str, &str)]| {
        rows.iter().fold(text.to_owned(), |text, (from, to)| {
            assert_eq!(text.matches(from).count(), 1, "{from}");
            text.replace(from, to)
        })
    };
    copy_template(&Template::runtime(None).unwrap(), &root.join("runtime"), |text| {
        renamed(
            text,
            &[
                ("\ndistribution = \"openai-codex-cli-bin\"", "\ndistribution = \"acme-tool-bin\""),
                ("\nmodule = \"codex_cli_bin\"", "\nmodule = \"acme_tool_bin\""),
                ("\nexecutable = \"codex\"", "\nexecutable = \"acme\""),
            ],
        )
    });
    copy_template(&Template::sdk(None).unwrap(), &root.join("sdk"), |text| {
        renamed(
            text,
            &[
                ("\ndistribution = \"openai-codex-app-server-sdk\"", "\ndistribution = \"acme-sdk\""),
                ("\nmodule = \"codex_app_server\"", "\nmodule = \"acme_sdk\""),
                ("\nruntime-distribution = \"openai-codex-cli-bin\"", "\nruntime-distribution = \"acme-tool-bin\""),
                ("\nruntime-module = \"codex_cli_bin\"", "\nruntime-module = \"acme_tool_bin\""),
            ],
        )
    });
    let payload = write(root, "tool", elf(500));
    let renamed = product(&root.join("runtime"), Some(&root.join("sdk")));
    let request = stage::runtime::Options { product: &renamed, ..request(&root.join("out-runtime"), &payload) };
    let staged = stage_runtime(&request, &Progress::hidden()).unwrap();
    assert_eq!(staged.entrypoint, "bin/acme");
    sdk(&root.join("out-sdk"), Some(&root.join("sdk")));
    let old = ["openai-codex", "openai_codex", "codex_cli_bin", "codex_app_server"];
    for out in ["out-runtime", "out-sdk"] {
        for path in paths(&root.join(out)) {
            let bytes = fs::read(root.join(out).join(&path)).unwrap();
            let text = format!("{path}\n{}", String::from_utf8_lossy(&bytes));
            for name in old {
                // The seat of a name's history may keep it: a comment in the table is not one.
                assert!(!text.contains(name), "{out}/{path} still says `{name}`");
            }
        }
    }
    let Some(tools) = Tools::of_wheels() else { return };
    let dist = root.join("dist");
    for (out, arguments) in [("out-runtime", &["--wheel"][..]), ("out-sdk", &["--sdist", "--wheel"])] {
        let built = run(&mut tools.build(&root.join(out), arguments, &dist));
        assert!(built.status.success(), "{}", text(&built));
    }
    assert_eq!(
        names(&dist),
        [
            "acme_sdk-0.163.0.post1-py3-none-any.whl",
            "acme_sdk-0.163.0.post1.tar.gz",
            "acme_tool_bin-0.163.0-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl"
        ]
    );
    let site = root.join("site");
    for wheel in [&names(&dist)[0], &names(&dist)[2]] {
        succeed(tools.module("zipfile").arg("-e").arg(dist.join(wheel)).arg(&site));
    }
    let mut import = tools.python();
    import.env("PYTHONPATH", &site).env("PYTHONDONTWRITEBYTECODE", "1");
    // The payload is one of Linux, and on Windows the module looks for another name.
    let found = if cfg!(windows) { "m.bundled_package_dir()" } else { "m.bundled_codex_path()" };
    let code = format!(
        "import importlib, acme_sdk, acme_sdk._names as n\n\
         m = importlib.import_module(n.RUNTIME_MODULE)\n\
         print(n.RUNTIME_DISTRIBUTION == m.PACKAGE_NAME, {found}.name)"
    );
    let told = succeed(import.args(["-c", &code]));
    assert!(told.starts_with("True acme"), "{told}");
}
