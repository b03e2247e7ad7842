//! A product that calls the Codex SDK by other names: staged, built, typed and tested by its own suite, with nothing of
//! the old names left. What a rename replaces, case by case, is in `stage_python`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use relkit::product::Template;

use crate::support::line::executable;
use crate::support::{judges, package_directory, paths, relkit, run, succeed, text};

const JUDGES: &[&str] = &[
    "pydantic>=2.12,<3",
    "mypy>=1.15",
    "pyright>=1.1.390",
    "hatchling>=1.27",
    "pytest>=8.3",
    "pytest-asyncio>=1.0",
    "pytest-timeout>=2.3",
];

/// The old names, and those of the published SDK, which is the likeliest rename.
const NAMES: [(&str, &str); 3] = [
    ("openai-codex-app-server-sdk", "openai-codex"),
    ("openai_codex_app_server_sdk", "openai_codex"),
    ("codex_app_server", "openai_codex"),
];

fn renamed(text: &str) -> String {
    NAMES.iter().fold(text.to_owned(), |text, (old, new)| {
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(old) {
            let (before, found) = rest.split_at(at);
            let after = &found[old.len()..];
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let whole = !before.ends_with(word) && !after.starts_with(word);
            out += before;
            out += if whole { new } else { old };
            rest = after;
        }
        out + rest
    })
}

/// Copies what of the SDK does not ship, renamed: its tests, and the documents and programs that they read.
fn copy_tests(sdk: &Path, stage: &Path) {
    for part in ["tests", "docs", "examples", "notebooks"] {
        for path in paths(&sdk.join(part)) {
            if path.contains("__pycache__") || path.ends_with(".pyc") {
                continue;
            }
            let to = stage.join(part).join(&path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, renamed(&fs::read_to_string(sdk.join(part).join(&path)).unwrap())).unwrap();
        }
    }
}

fn python(bin: &Path, stage: &Path) -> Command {
    let mut command = Command::new(bin.join("python"));
    command.current_dir(stage).env("PYTHONDONTWRITEBYTECODE", "1").env_remove("RELKIT_REQUIRE_PAYLOADS");
    command
}

#[test]
#[ignore = "long: a suite of some hundred tests; stage_python::a_rename_is_an_edit_of_the_tables_alone is the short form"]
fn an_sdk_by_another_name_passes_its_own_tests() {
    let Some(bin) = judges("renamed-sdk", JUDGES) else { return };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = tempfile::tempdir().unwrap();
    let (template, stage, dist) =
        (directory.path().join("sdk"), directory.path().join("stage"), directory.path().join("dist"));
    for (path, bytes) in &Template::sdk(None).unwrap().files {
        let to = template.join(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        let table = || {
            let text = std::str::from_utf8(bytes).unwrap();
            let text =
                text.replace("\ndistribution = \"openai-codex-app-server-sdk\"", "\ndistribution = \"openai-codex\"");
            text.replace("\nmodule = \"codex_app_server\"", "\nmodule = \"openai_codex\"").into_bytes()
        };
        fs::write(to, if path == "pyproject.toml" { table() } else { bytes.to_vec() }).unwrap();
    }
    succeed(
        relkit().arg("stage-sdk").arg(&stage).arg("--template").arg(&template).args(["--codex-version", "0.163.0"]),
    );
    succeed(relkit().arg("build").arg(&stage).arg("--out-dir").arg(&dist));
    let unpacked = directory.path().join("unpacked");
    let wheel = dist.join("openai_codex-0.163.0-py3-none-any.whl");
    succeed(Command::new(bin.join("python")).args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked));

    for root in [&stage, &unpacked] {
        for path in paths(root) {
            let bytes = fs::read(root.join(&path)).unwrap();
            let content = String::from_utf8_lossy(&bytes);
            for (old, _) in NAMES {
                assert!(!path.contains(old) && !content.contains(old), "`{old}` is left in {path}");
            }
        }
    }

    copy_tests(&repository.join("sdk-template"), &stage);
    succeed(python(&bin, &stage).args(["-m", "mypy"]));
    let interpreter = bin.join("python");
    succeed(Command::new(bin.join("pyright")).arg("--pythonpath").arg(&interpreter).arg("src").current_dir(&stage));
    let mut tests = python(&bin, &stage);
    tests.args([
        "-m",
        "pytest",
        "-q",
        "tests/surface",
        "tests/unit",
        "tests/test_generated.py",
        "tests/docs/test_api_reference.py",
    ]);
    tests.arg("tests/robustness/test_protocol.py");
    if let Some(package) = package_directory("manylinux_2_17_x86_64") {
        tests.args(["tests/integration/test_runs.py", "tests/integration/test_async.py"]);
        // Unpacked by Python, which gives no file its mode.
        let runtime = directory.path().join("codex");
        fs::copy(executable(&package), &runtime).unwrap();
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o755)).unwrap();
        tests.env("CODEX_BIN", runtime);
    }
    let output = run(&mut tests);
    assert!(output.status.success(), "{}", text(&output));
}
