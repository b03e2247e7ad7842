//! How a packaged program is started: by an entry point that becomes it, as a script of its own, as a module, and wherever
//! installers put the distribution.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::samples::archive::{gzip, tar_of};
use crate::support::products::{Environment, Made, printed};
use crate::support::{
    Tools, judges, python_command, repository, run, scratch, skip, succeed, target_directory, text, write, write_tree,
};

const VERSION: &str = "1.2.3";

/// The program that tells how it was started, compiled once.
pub fn probe() -> Option<Vec<u8>> {
    static PROBE: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let compile = || {
        let directory = scratch();
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut rustc = Command::new(compiler);
        rustc.args(["--edition", "2024", "-C", "opt-level=1", "-C", "strip=symbols", "-o"]);
        rustc.arg(directory.path().join("probe")).arg(repository().join("tests/samples/probe.rs"));
        match rustc.output() {
            Ok(output) => assert!(output.status.success(), "{}", text(&output)),
            Err(error) => {
                skip(&format!("there is no Rust compiler: {error}"));
                return None;
            }
        }
        Some(fs::read(directory.path().join("probe")).unwrap())
    };
    PROBE.get_or_init(compile).clone()
}

/// An archive of the program, with a file beside it that it needs, or without.
pub fn payload(directory: &Path, with_files: bool) -> Option<PathBuf> {
    let mut files = vec![("bin/probe", probe()?)];
    if with_files {
        files.push(("share/probe/words", b"words\n".to_vec()));
    }
    let name = "probe-1.2.3-x86_64-unknown-linux-gnu";
    Some(write(directory, &format!("{name}.tar.gz"), gzip(&tar_of(&files, &format!("{name}/")))))
}

/// The product of the program, released.
fn made(with_files: bool) -> Option<Made> {
    let directory = scratch();
    let made = Made::of(&[payload(directory.path(), with_files)?], &[], VERSION);
    let command = if with_files { "command = \"launcher\"" } else { "command = \"scripts\"" };
    assert!(made.table().contains(command), "{}", made.table());
    Some(made)
}

/// The ways in which an environment starts the program.
fn ways(environment: &Environment) -> Vec<Command> {
    let mut module = environment.command("python");
    module.args(["-m", "probe_bin"]);
    vec![environment.command("probe"), environment.command("probe-bin"), module]
}

#[test]
fn the_launcher_becomes_the_program() {
    for with_files in [true, false] {
        let (Some(tools), Some(made)) = (Tools::of_wheels(), made(with_files)) else { return };
        let environment = Environment::new(&tools, &made.root.path().join("env"));
        let environment = environment.by_pip(&tools, &made.wheel("probe_bin-1.2.3-"));
        let each = |act: &dyn Fn(&mut Command)| ways(&environment).iter_mut().for_each(act);
        // The process that was started is the program itself.
        each(&|command| {
            let child = command.arg("pid").stdout(Stdio::piped()).spawn().unwrap();
            let id = child.id();
            assert_eq!(printed(&child.wait_with_output().unwrap()).trim(), id.to_string(), "{command:?}");
        });
        each(&|command| {
            let given = ["", "a b", "--", "-x", "*", "\"'\\", "\u{fc}\u{1f600}", "%PATH%", "\n", " "];
            let told = printed(&run(command.arg("arguments").args(given)));
            let expected: String = given.iter().map(|argument| format!("{:02x?}\n", argument.as_bytes())).collect();
            assert_eq!(told, expected, "{command:?}");
        });
        // An argument that is no text arrives as it is.
        each(&|command| {
            use std::os::unix::ffi::OsStrExt as _;
            let told = printed(&run(command.arg("arguments").arg(std::ffi::OsStr::from_bytes(b"\xff\xfe"))));
            assert_eq!(told, "[ff, fe]\n", "{command:?}");
        });
        for code in [0, 1, 3, 255] {
            each(&|command| {
                assert_eq!(run(command.args(["exit", &code.to_string()])).status.code(), Some(code), "{command:?}");
            });
        }
        each(&|command| {
            let output = run(command.arg("abort"));
            assert_eq!(output.status.signal(), Some(6), "{command:?}: {}", text(&output));
        });
        // A signal to what was started ends the program, and nothing of it stays.
        each(&|command| {
            let mut child = command.arg("wait").stdout(Stdio::piped()).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            assert_eq!(line.trim(), child.id().to_string());
            succeed(Command::new("kill").args(["-TERM", line.trim()]));
            assert_eq!(child.wait().unwrap().signal(), Some(15), "{command:?}");
        });
        // Input and output are the program's, byte for byte.
        each(&|command| {
            let mut child = command.arg("copy").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let bytes: Vec<u8> = (0..=255).cycle().take(60_000).collect();
            child.stdin.take().unwrap().write_all(&bytes).unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success() && output.stdout == bytes, "{command:?}");
        });
        let package = environment.directory.join("lib");
        let told = printed(&run(environment.command("probe").arg("path")));
        assert_eq!(Path::new(told.trim()).starts_with(package), with_files, "{told}");
    }
}

/// Every place that installers know: each starts its own copy, although another is first on PATH.
#[test]
fn the_program_is_found_wherever_it_is_installed() {
    let (Some(tools), Some(python)) = (Tools::of_wheels(), python_command()) else { return };
    for with_files in [true, false] {
        let Some(made) = made(with_files) else { return };
        let (root, wheel) = (made.root.path(), made.wheel("probe_bin-1.2.3-"));
        let decoy = root.join("decoy");
        write_tree(&decoy, &[("probe", "#!/bin/sh\necho another probe\n")]);
        crate::support::set_mode(&decoy.join("probe"), 0o755);
        let path = std::env::join_paths([decoy, "/usr/bin".into(), "/bin".into()]).unwrap();
        // How it is installed, what Python looks into, which Python, and where the command is.
        let pip = |arguments: &[&str], place: &Path| {
            let mut pip = tools.pip("install");
            succeed(pip.args(["--no-index", "--no-deps"]).args(arguments).arg(place).arg(&wheel));
        };
        let environment_python = tools.path("python");
        let version = "import sys; print(f'lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages')";
        let site = succeed(Command::new(&environment_python).args(["-c", version])).trim().to_owned();
        let target = root.join("target");
        pip(&["--target"], &target);
        let prefix = root.join("prefix");
        pip(&["--prefix"], &prefix);
        let by_uv_target = root.join("uv-target");
        tools.place_by_uv(&wheel, &by_uv_target, &[]);
        let by_installer = root.join("installer");
        let mut installer = tools.module("installer");
        succeed(installer.arg("--prefix").arg(&by_installer).arg(&wheel));
        let mut places = vec![
            (environment_python.clone(), Some(target.clone()), target.join("bin")),
            (environment_python.clone(), Some(prefix.join(&site)), prefix.join("bin")),
            (environment_python.clone(), Some(by_uv_target.clone()), by_uv_target.join("bin")),
            (environment_python.clone(), Some(by_installer.join(&site)), by_installer.join("bin")),
        ];
        let uv_environment = root.join("uv venv");
        succeed(
            tools
                .tool("uv")
                .args(["venv", "-q", "--no-config", "--python"])
                .arg(&environment_python)
                .arg(&uv_environment),
        );
        let installed = Environment { directory: uv_environment.clone() }.by_uv(&tools, &wheel);
        places.push((installed.program("python"), None, uv_environment.join("bin")));
        let user = root.join("user");
        let mut pip_user = Command::new(python);
        pip_user.args(["-m", "pip", "install", "-q", "--isolated", "--disable-pip-version-check", "--no-index"]);
        pip_user.args(["--user", "--break-system-packages"]).arg(&wheel).env("PYTHONUSERBASE", &user);
        if run(&mut pip_user).status.success() {
            places.push((python.into(), None, user.join("bin")));
        }
        for (python, search, scripts) in &places {
            let start = |command: &mut Command| {
                command.env("PATH", &path).env("PYTHONUSERBASE", &user).env_remove("PYTHONPATH");
                command.envs(search.iter().map(|search| ("PYTHONPATH", search)));
                let told = printed(&run(command.arg("path")));
                let below = scripts.parent().unwrap();
                assert!(Path::new(told.trim()).starts_with(below), "{command:?}: {told} is not below {below:?}");
            };
            start(Command::new(python).args(["-m", "probe_bin"]));
            start(&mut Command::new(scripts.join("probe")));
            start(&mut Command::new(scripts.join("probe-bin")));
        }
        // As a tool of uv, with its commands in a directory of their own.
        let mut tool = tools.tool("uv");
        tool.args(["tool", "install", "-q", "--no-config", "--offline", "--no-index", "--python"]);
        tool.arg(&environment_python).arg(&wheel).env("UV_TOOL_DIR", root.join("tools"));
        succeed(tool.env("UV_TOOL_BIN_DIR", root.join("links")).env("UV_CACHE_DIR", root.join("cache")));
        for name in ["probe", "probe-bin"] {
            let told = printed(&run(Command::new(root.join("links").join(name)).arg("path")));
            assert!(Path::new(told.trim()).starts_with(root.join("tools")), "{name}: {told}");
        }
    }
}

#[test]
fn a_damaged_installation_is_told() {
    let (Some(tools), Some(made)) = (Tools::of_wheels(), made(true)) else { return };
    let environment = Environment::new(&tools, &made.root.path().join("env"));
    let environment = environment.by_pip(&tools, &made.wheel("probe_bin-1.2.3-"));
    let told = printed(&run(environment.command("probe").arg("path")));
    let program = PathBuf::from(told.trim());
    crate::support::set_mode(&program, 0o644);
    for mut command in ways(&environment) {
        let output = run(&mut command);
        assert_eq!(output.status.code(), Some(126), "{}", text(&output));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("probe-bin: ") && said.lines().count() == 1, "{said}");
    }
    fs::remove_file(program).unwrap();
    for mut command in ways(&environment) {
        let output = run(&mut command);
        assert_eq!(output.status.code(), Some(127), "{}", text(&output));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("probe of probe-bin is in none of") && said.contains("install the distribution again"),
            "{said}"
        );
    }
}

/// Nothing of the launcher's own time: it may import neither `subprocess` nor `pathlib` where the process is replaced.
#[test]
fn the_launcher_imports_nearly_nothing() {
    let (Some(tools), Some(made)) = (Tools::of_wheels(), made(true)) else { return };
    let environment = Environment::new(&tools, &made.root.path().join("env"));
    let environment = environment.by_pip(&tools, &made.wheel("probe_bin-1.2.3-"));
    let mut command = environment.command("python");
    let output = run(command.args(["-I", "-X", "importtime", "-m", "probe_bin", "pid"]));
    let imported = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(imported.contains("probe_bin"), "{imported}");
    for module in ["subprocess", "pathlib", "importlib.metadata", "sysconfig", "typing", "shutil"] {
        let is_imported =
            imported.lines().any(|line| line.rsplit('|').next().is_some_and(|name| name.trim() == module));
        assert!(!is_imported, "{module}: {imported}");
    }
}

#[test]
fn where_a_process_cannot_be_replaced_it_is_waited_for() {
    let (Some(python), Some(made)) = (python_command(), made(true)) else { return };
    let source = made.stages()[0].join("src");
    let mut command = Command::new(python);
    command.arg(repository().join("tests/peers/launcher_on_windows.py")).arg(&source).arg("probe_bin");
    assert_eq!(succeed(command.env("PYTHONDONTWRITEBYTECODE", "1")), "as expected\n");
}

/// What `init` and the built-in product put into wheels is Python as our own is: formatted, linted and typed.
#[test]
fn the_python_of_products_pleases_its_judges() {
    let packages = ["mypy>=1.15", "pyright>=1.1.390", "ruff>=0.9", "hatchling>=1.28"];
    let (Some(bin), Some(payload_of)) = (judges("products", &packages), probe()) else { return };
    let directory = scratch();
    let payload = write(directory.path(), "probe", payload_of);
    let payloads = [payload];
    let made = Made::started(&payloads, &["--sdk"], VERSION).released(&payloads, &[]);
    let mut sources: Vec<PathBuf> = made.stages().iter().map(|stage| stage.join("src")).collect();
    assert_eq!(sources.len(), 2, "{sources:?}");
    let codex = directory.path().join("codex");
    let package = crate::support::stages::package();
    write_tree(&directory.path().join("package"), &package);
    let mut stage = crate::support::relkit();
    stage.arg("stage-runtime").arg(&codex).arg(directory.path().join("package"));
    succeed(stage.args(["--codex-version", "0.163.0"]));
    sources.push(codex.join("src"));
    let ruff = |arguments: &[&str], paths: &[PathBuf]| {
        let mut ruff = Command::new(bin.join("ruff"));
        ruff.args(arguments).arg("--no-cache").arg("--config").arg(repository().join("sdk-template/pyproject.toml"));
        succeed(ruff.args(paths));
    };
    let mut hooked = sources.clone();
    hooked.extend(sources.iter().map(|source| source.with_file_name("hatch_build.py")).filter(|path| path.is_file()));
    assert_eq!(hooked.len(), 5, "{hooked:?}");
    ruff(&["format", "--check", "--diff"], &hooked);
    ruff(&["check"], &hooked);
    let cache = target_directory().join("judges/mypy-cache");
    for path in &hooked {
        let mut mypy = Command::new(bin.join("mypy"));
        mypy.args(["--strict", "--python-version", "3.10", "--config-file=", "--cache-dir"]).arg(&cache);
        // The functions that find the program are private to the package, and the launcher is of it.
        succeed(mypy.arg("--python-executable").arg(bin.join("python")).arg(path));
    }
    let project = directory.path().join("pyrightconfig.json");
    fs::write(
        &project,
        serde_json::json!({"typeCheckingMode": "standard", "include": hooked, "pythonVersion": "3.10"}).to_string(),
    )
    .unwrap();
    let mut pyright = Command::new(bin.join("pyright"));
    succeed(pyright.arg("--pythonpath").arg(bin.join("python")).arg("-p").arg(&project));
}
