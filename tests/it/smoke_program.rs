//! A smoke test of any program: small programs that do what a table says and all that may go wrong instead, alone and in
//! wheels as an installer leaves them. Whole transcripts are compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::samples::archive::entry;
use crate::samples::wheel::{Sample, linux};
use crate::support::{digest, json, python_command, read_json, relkit, run, set_mode, transcript, write_tree};

/// A product of one program, and files to test as it.
struct Product {
    directory: TempDir,
}

impl Product {
    /// `keys` stand in `[tool.relkit]`, and `tables` after it.
    fn new(keys: &str, tables: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let table = format!(
            "[tool.relkit]\ndistribution = \"tool-bin\"\nmodule = \"tool_bin\"\n{keys}\n{tables}\n\
             [[tool.relkit.target]]\ntriple = \"x86_64-unknown-linux-musl\"\n\
             platform-tag = \"musllinux_1_1_x86_64\"\nrunner = \"ubuntu-24.04\"\n"
        );
        write_tree(directory.path(), &[("product/runtime-template/pyproject.toml", table)]);
        Self { directory }
    }

    fn of(tables: &str) -> Self {
        Self::new("executable = \"tool\"", tables)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn script(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, shell(script)).unwrap();
        set_mode(&path, 0o755);
        path
    }

    fn wheel(&self, sample: &Sample) -> PathBuf {
        let path = self.path(&sample.file_name);
        fs::write(&path, sample.build()).unwrap();
        path
    }

    fn smoke(&self, subject: &Path, arguments: &[&str]) -> std::process::Command {
        let mut command = relkit();
        command.arg("smoke").arg(subject).arg("--product").arg(self.path("product")).args(arguments);
        command.current_dir(self.directory.path());
        command
    }

    fn report(&self, subject: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = run(self.smoke(subject, arguments).args(["--format", "json"]));
        (output.status.code(), json(&output))
    }

    /// The names of the steps, and how each ended.
    #[track_caller]
    fn passes(&self, subject: &Path, arguments: &[&str]) -> Vec<(String, String)> {
        let (code, report) = self.report(subject, arguments);
        assert_eq!(code, Some(0), "{report:#}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        report["steps"].as_array().unwrap().iter().map(|step| (text(&step["name"]), text(&step["detail"]))).collect()
    }

    /// The step that failed, and why.
    #[track_caller]
    fn fault(&self, subject: &Path, arguments: &[&str]) -> (String, String) {
        let (code, report) = self.report(subject, arguments);
        assert_eq!((code, &report["outcome"]), (Some(1), &"failed".into()), "{report:#}");
        let step = report["steps"].as_array().unwrap().last().unwrap();
        assert_eq!(step["outcome"], "failed");
        (step["name"].as_str().unwrap().to_owned(), step["detail"].as_str().unwrap().to_owned())
    }

    fn transcript(&self, subject: &Path, arguments: &[&str]) -> String {
        let place = self.directory.path().to_string_lossy().into_owned();
        transcript(&mut self.smoke(subject, arguments), &[(&place, "[here]")])
    }
}

/// A program in a shell, which finds its tools by itself.
fn shell(script: &str) -> String {
    format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
}

/// A program of version 1.2.3.
fn tool(script: &str) -> String {
    format!("[ \"$1\" = --version ] && {{ echo 'tool 1.2.3 (abc)'; exit 0; }}\n{script}")
}

/// One command with these keys.
fn command(keys: &str) -> String {
    format!("[[tool.relkit.smoke.command]]\n{keys}\n")
}

/// A wheel of the product, or of another, with these files.
fn wheel(stem: &str, files: &[(&str, String, u32)]) -> Sample {
    let (name, version) = stem.split_once('-').unwrap();
    let mut sample = linux();
    sample.info = format!("{stem}.dist-info");
    sample.metadata =
        sample.metadata.replace("openai-codex-cli-bin", &name.replace('_', "-")).replace("0.163.0", version);
    sample.entries = files.iter().map(|(name, text, mode)| entry(name, text.as_str(), *mode)).collect();
    sample.renamed(&format!("{stem}-py3-none-musllinux_1_1_x86_64.whl"))
}

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r" +\d+ ms", " [time]");
    settings.add_filter(r"(linux|macos)-(x86_64|aarch64)", "[platform]");
    settings
}

#[test]
fn transcripts_of_commands() {
    let every = [
        command("args = [\"needle\", \"hay.txt\"]\nfiles = { \"hay.txt\" = \"a needle\\n\", \"in/er.txt\" = \"\" }\nstdout = \"^a needle$\""),
        command("args = [\"-\"]\nstdin = \"it's\\n\"\nstdout = \"it's\"\nexit = 0"),
        command("args = [\"--bad option\"]\nexit = 2\nstderr = \"^usage: \""),
    ]
    .concat();
    let product = Product::of(&every);
    let grep = r#"case "$1" in -) exec cat;; -*) echo "usage: tool WORD FILE" >&2; exit 2;; *) exec grep "$@";; esac"#;
    let mut all = String::new();
    let mut show = |title: &str, script: &str, arguments: &[&str]| {
        let subject = product.script("tool", script);
        all += &format!("==== {title}\n{}\n", product.transcript(&subject, arguments));
    };
    show("all is well", &tool(grep), &[]);
    show("version alone", &tool("exit 1"), &["--level", "version"]);
    show("another exit code, and nothing said", &tool("exit 7"), &[]);
    show("other output", &tool(r#"echo "found:"; echo "  a nail"; echo "no such word" >&2"#), &[]);
    show("what drives a terminal", &tool(r"printf '\033[31mred\033[0m \007bell \342\200\256end\n'"), &[]);
    show("a signal", &tool("[ \"$1\" = needle ] && exec grep \"$@\"; kill -SEGV $$"), &[]);
    show("another version", &tool(grep), &["--expect-version", "1.3.0"]);
    show("an annotation", &tool("exit 7"), &["--format", "github"]);
    show("a level of app servers", &tool(grep), &["--level", "turn"]);
    settings().bind(|| insta::assert_snapshot!("commands", all));
}

#[test]
fn versions_wherever_they_are_printed() {
    let plain = Product::of("");
    for (prints, version) in [
        ("echo v3.14.1", "3.14.1"),
        ("echo 'ShellCheck - a tool'; echo 'version: 0.11.0'", "0.11.0"),
        ("echo 1.13.2.git.kitware.jobserver-pipe-1", "1.13.2"),
        ("printf 'tool 1.2\\r\\n'", "1.2"),
        ("printf '\\033[1mtool\\033[0m version \\033[32m1.2.0-rc.1\\033[0m\\n'", "1.2.0rc1"),
        ("echo 'tool 9.1' >&2", "9.1"),
    ] {
        let (code, report) = plain.report(&plain.script("tool", prints), &["--expect-version", version]);
        assert_eq!(
            (code, &report["version"], &report["level"]),
            (Some(0), &version.into(), &"version".into()),
            "{prints}"
        );
    }
    for prints in ["echo hello", "echo 'lib 2.0' >&2; echo hello", "exit 0"] {
        let (step, why) = plain.fault(&plain.script("tool", prints), &[]);
        assert!(
            step == "version" && why.contains("in which no version is found; `version` of [tool.relkit.smoke]"),
            "{why}"
        );
    }
    let why = plain.fault(&plain.script("tool", "echo 'no such command' >&2; exit 1"), &[]).1;
    let expected = "`tool` ended early with exit code 1, before it answered `--version`; `version` of [tool.relkit.smoke] says \
                    how the program is asked";
    assert_eq!(why, expected);
    let table = "[tool.relkit.smoke]\nversion = { args = [\"version\", \"--long\"], pattern = '^build (\\S+)' }";
    let asked = Product::of(table);
    let answers =
        |version: &str| format!("[ \"$1 $2\" = 'version --long' ] || exit 9\necho 'tool 9.9'\necho 'build {version}'");
    for (printed, version) in [("3.54.0+pypi", "3.54.0"), ("v1.0-rc.2", "1.0rc2"), ("0.168.0-e27a+x", "0.168.0")] {
        assert_eq!(asked.report(&asked.script("tool", &answers(printed)), &["--expect-version", version]).0, Some(0));
    }
    let why = asked.fault(&asked.script("tool", &answers("unknown")), &["--expect-version", "1.0"]).1;
    let expected =
        "`tool` answers `version --long` with `tool 9.9\\nbuild unknown`, in which `^build (\\S+)` finds no version";
    assert_eq!(why, expected);
    let why = asked.fault(&asked.script("tool", &answers("r77")), &["--expect-version", "1.0"]).1;
    assert_eq!(why, "`version --long` reports version r77, and --expect-version says 1.0");
    let why = asked.fault(&asked.script("tool", "echo nothing"), &[]).1;
    assert_eq!(why, "`tool` answers `version --long` with `nothing`, in which `^build (\\S+)` finds no version");
    let why = asked.fault(&asked.script("tool", "echo 'no such command' >&2; exit 1"), &[]).1;
    assert_eq!(why, "`tool` ended early with exit code 1, before it answered `version --long`");
}

/// A program that answers with another exit code, or says no version, is a product too.
#[test]
fn the_product_says_how_its_program_answers() {
    let table = |version: &str| Product::of(&format!("[tool.relkit.smoke]\nversion = {{ {version} }}"));
    let odd = "echo 'tool 1.2.3'; exit 1";
    let with_exit = table("exit = 1");
    with_exit.passes(&with_exit.script("tool", odd), &["--expect-version", "1.2.3"]);
    let why = with_exit.fault(&with_exit.script("tool", "echo 'tool 1.2.3'"), &[]).1;
    let expected = "`tool` ends with exit code 0 after `--version`, not with 1; it printed `tool 1.2.3`; `version` of \
                    [tool.relkit.smoke] says how the program ends (`exit`)";
    assert_eq!(why, expected);
    let plain = Product::of("");
    let why = plain.fault(&plain.script("tool", odd), &[]).1;
    assert!(why.contains("ends with exit code 1 after `--version`, not with 0; it printed `tool 1.2.3`"), "{why}");

    let silent = table("args = [\"--help\"], exit = 2, pattern = false");
    let subject = silent.script("tool", "[ \"$1\" = --help ] && exit 2; exit 3");
    let (code, report) = silent.report(&subject, &["--expect-version", "1.2.3"]);
    assert_eq!((code, &report["version"]), (Some(0), &Value::Null), "{report:#}");
    assert_eq!(report["steps"][0]["detail"], "`tool` answers `--help`; the product says that it tells no version");
    silent.fault(&silent.script("tool", "exit 0"), &[]);
    // What it left running is told of it too.
    if cfg!(target_os = "linux") {
        let leaves = silent.script("tool", "( setsid env -i /bin/sleep 300 & ); sleep 0.2; exit 2");
        let detail = silent.passes(&leaves, &[]).remove(0).1;
        assert!(detail.ends_with("; it left 1 process running, ended after it"), "{detail}");
    }
    for (keys, words) in [
        ("version = { pattern = true }", "it is a regular expression, or `false`"),
        ("version = { pattern = 5 }", "it is a regular expression, or `false`"),
        ("version = { exit = 300 }", "exit codes are from 0 to 255"),
        ("version = { pattern = false }\nlevel = \"turn\"", "an app server says its version"),
    ] {
        let product = Product::of(&format!("[tool.relkit.smoke]\n{keys}"));
        let output = run(&mut product.smoke(&product.script("tool", &tool("")), &[]));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(words), "{keys}: {said}");
    }
}

#[test]
fn a_wheel_may_be_a_packaging_of_its_program() {
    let product = Product::new("executable = \"tool\"\ncommand = \"scripts\"", "");
    for (stem, expected, said) in [
        ("tool_bin-1.2.3", "v1.2.3", "tool 1.2.3 (abc)"),
        ("tool_bin-1.2.3.post4", "1.2.3.post4", "tool 1.2.3 (abc); the wheel is 1.2.3.post4, a packaging of it"),
        ("tool_bin-1.2.3.post4", "1.2.3", "tool 1.2.3 (abc); the wheel is 1.2.3.post4, a packaging of it"),
        ("tool_bin-1.2.3.1", "1.2.3.1", "tool 1.2.3 (abc); the wheel is 1.2.3.1, a packaging of it"),
        ("tool_bin-4.2.0", "1.2.3", "tool 1.2.3 (abc); the wheel calls itself 4.2.0"),
    ] {
        let place = format!("{stem}.data/scripts/tool");
        let subject = product.wheel(&wheel(stem, &[(&place, shell(&tool("")), 0o100755)]));
        for arguments in [&[][..], &["--expect-version", expected]] {
            assert_eq!(product.passes(&subject, arguments)[1], ("version".into(), said.into()), "{stem}");
        }
        let (_, why) = product.fault(&subject, &["--expect-version", "1.2.4"]);
        assert_eq!(why, "`--version` reports version 1.2.3, and --expect-version says 1.2.4");
    }
}

#[test]
fn a_receipt_says_what_was_said() {
    let product = Product::of(&command("exit = 3"));
    let subject = product.wheel(&wheel("tool_bin-1.2.3", &[("tool_bin/bin/tool", shell(&tool("exit 3")), 0o100755)]));
    let path = product.path("receipts/new.json");
    let (code, report) = product.report(&subject, &["--receipt", path.to_str().unwrap()]);
    assert_eq!((code, &report), (Some(0), &read_json(&path)));
    assert_eq!(report["wheel"]["sha256"], digest(&subject).to_string());
    let names: Vec<_> = report["steps"].as_array().unwrap().iter().map(|step| &step["name"]).collect();
    assert_eq!(names, ["unpack", "version", "command"]);
    assert_eq!((&report["level"], &report["version"]), (&"command".into(), &"1.2.3".into()));
}

#[test]
fn the_program_is_found_where_an_installer_leaves_it() {
    let script = |product: &Product, files: &[(&str, String, u32)]| product.wheel(&wheel("tool_bin-1.2.3", files));
    let program = || shell(&tool("cat \"$(dirname \"$0\")/helper.txt\""));
    let decoy = || shell("echo decoy 9.9");
    let reads = command("stdout = \"^helped$\"");
    let helped = || "helped\n".to_owned();
    for (how, files) in [
        (
            "scripts",
            vec![
                ("tool_bin-1.2.3.data/scripts/tool", program(), 0o644),
                ("tool_bin-1.2.3.data/scripts/helper.txt", helped(), 0o644),
                ("tool_bin/bin/tool", decoy(), 0o100755),
            ],
        ),
        (
            "launcher",
            vec![
                ("tool_bin/bin/tool", program(), 0o100755),
                ("tool_bin/bin/helper.txt", helped(), 0o644),
                ("tool_bin-1.2.3.data/scripts/tool", decoy(), 0o755),
            ],
        ),
        ("none", vec![("tool_bin/tool", program(), 0o100755), ("tool_bin/helper.txt", helped(), 0o644)]),
        (
            "none",
            vec![
                ("other/deep/er/tool", program(), 0o100755),
                ("other/deep/er/helper.txt", helped(), 0o644),
                ("other/deep/er/tool.txt", decoy(), 0o100755),
            ],
        ),
    ] {
        let product = Product::new(&format!("executable = \"tool\"\ncommand = \"{how}\""), &reads);
        product.passes(&script(&product, &files), &["--expect-version", "1.2.3"]);
    }
    let product = Product::of("");
    let twice = [("a/tool", program(), 0o100755), ("b/tool", program(), 0o100755)];
    let why = product.fault(&script(&product, &twice), &[]).1;
    assert_eq!(why, "the wheel has more than one `tool`: `a/tool`, `b/tool`");
    let why = product.fault(&script(&product, &[("tool_bin/__init__.py", String::new(), 0o644)]), &[]).1;
    assert_eq!(why, "`tool` is missing from the wheel, from its scripts and from its packages");
    // As pip leaves it, a program that lost its mode is not started.
    let why = product.fault(&script(&product, &[("tool_bin/bin/tool", program(), 0o100644)]), &[]).1;
    assert_eq!(why, "`tool_bin/bin/tool` is not executable: its mode is 0644");
}

#[test]
fn another_product_is_named_where_one_was_assumed() {
    let product = Product::of("");
    let other = wheel("spade_bin-1.0", &[("spade_bin-1.0.data/scripts/spade", shell("echo 1.0"), 0o755)]);
    let subject = product.wheel(&other);
    let hint = "; it is a wheel of `spade-bin`, tested as one of `tool-bin`, and `--product DIR` names another product";
    assert!(product.fault(&subject, &[]).1.ends_with(hint));
    // Outside of any product it is the built-in one.
    let output =
        run(relkit().arg("smoke").arg(&subject).args(["--format", "json"]).current_dir(product.directory.path()));
    let why = json(&output)["steps"][0]["detail"].as_str().unwrap().to_owned();
    assert_eq!(
        why,
        "`codex_cli_bin/bin/codex` is missing from the wheel; it is a wheel of `spade-bin`, tested as one of \
         `openai-codex-cli-bin`, and `--product DIR` names another product"
    );
    let spade = product.script("spade", "echo spade");
    let why = product.fault(&spade, &[]).1;
    let hint = "; it was tested as `tool` of `tool-bin`, and `--product DIR` names another product";
    assert!(why.ends_with(hint), "{why}");
    // Another wheel that holds the program is tested all the same.
    let foreign = wheel("other_bin-2.0", &[("other_bin-2.0.data/scripts/tool", shell(&tool("")), 0o755)]);
    product.passes(&product.wheel(&foreign), &[]);
}

#[test]
fn every_command_starts_in_a_directory_of_its_own_without_the_user() {
    let keys = "args = [\"look\"]\nfiles = { \"only.txt\" = \"\" }\nstdout = \"^only.txt$\"\n";
    let product =
        Product::of(&[command(keys), command(keys), command("args = [\"environment\"]\nstdout = \"^end$\"")].concat());
    let log = product.path("environment");
    let subject = product.script(
        "tool",
        &tool(&format!(
            "if [ \"$1\" = look ]; then ls; touch left; touch \"$HOME/left\"; read -r line; exit 0; fi\n\
             /usr/bin/env > '{}'; pwd >> '{0}'; echo end",
            log.display()
        )),
    );
    let (secret, proxy) = (("SECRET_TOKEN", "hunter2"), ("HTTPS_PROXY", "http://proxy.example"));
    let output = run(product.smoke(&subject, &[]).envs([secret, proxy]).env("XDG_CONFIG_HOME", "/somewhere"));
    assert!(output.status.success(), "{}", crate::support::text(&output));
    let environment = fs::read_to_string(log).unwrap();
    for line in environment.lines() {
        let (name, value) = line.split_once('=').unwrap_or(("directory", line));
        let in_home = value.contains("/relkit-smoke-") && !Path::new(value).exists();
        assert!(
            match name {
                "directory" | "HOME" | "PWD" | "OLDPWD" | "USERPROFILE" | "APPDATA" | "LOCALAPPDATA" => in_home,
                "TMPDIR" | "TEMP" | "TMP" => in_home,
                "PATH" => value == "/usr/bin:/bin",
                "LANG" | "NO_COLOR" | "DO_NOT_TRACK" | "RELKIT_PROCESS" | "SHLVL" | "_" => true,
                _ if name.starts_with("XDG_") => in_home,
                _ if name.eq_ignore_ascii_case("NO_PROXY") => value == "127.0.0.1,localhost",
                _ => name.to_ascii_lowercase().ends_with("_proxy") && value == "http://127.0.0.1:9",
            },
            "{line}"
        );
    }
    assert!(!environment.contains("hunter2") && !environment.contains("CODEX"));
}

#[test]
fn hangs_and_floods_end() {
    let started = Instant::now();
    let product = Product::of(&command("timeout = 1\nstdout = \"x\""));
    let why = product.fault(&product.script("tool", &tool("echo waiting; echo why >&2; exec sleep 600")), &[]).1;
    let expected =
        "`tool` did not end within 1.0 s, and was killed; standard output is `waiting`; standard error is `why`";
    assert_eq!(why, expected);
    let why = product.fault(&product.script("tool", &tool("exec yes 'a flood'")), &[]).1;
    assert!(why.len() < 2000 && why.contains("…a flood\na flood\n"), "{why}");
    let why = product.fault(&product.script("tool", "exec yes 1.2.3"), &[]).1;
    assert_eq!(why, "`tool` wrote more than 65536 bytes to standard output for `--version`");
    let why = product.fault(&product.script("tool", &tool("exec yes flood >&2")), &[]).1;
    assert!(why.len() < 2000 && why.contains("standard output is empty"), "{why}");
    let hangs = product.script("tool", "exec sleep 600");
    let why = product.fault(&hangs, &["--timeout", "1"]).1;
    assert!(why.starts_with("`tool` hangs: `--version` did not end within "), "{why}");
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    // What comes late in a long output is found, and so is what comes first.
    let product = Product::of(&command("stdout = '(?s)\\Afirst.*last\\s*\\z'"));
    product.passes(&product.script("tool", &tool("echo first; yes | head -c 5000000; echo last")), &[]);
}

#[test]
fn further_executables_are_tried_where_they_are_there() {
    let keys = "executables = [\"tool\", \"spare\"]\ncommand = \"scripts\"";
    let commands =
        [command("args = [\"a\"]"), command("executable = \"spare\"\nargs = [\"b c\"]\nstdout = \"spare: b c\"")];
    let product = Product::new(keys, &commands.concat());
    let scripts = |name: &str| format!("tool_bin-1.2.3.data/scripts/{name}");
    let (tool_place, spare_place) = (scripts("tool"), scripts("spare"));
    let both = [
        (tool_place.as_str(), shell(&tool("exit 0")), 0o755),
        (spare_place.as_str(), shell("echo \"spare: $1\""), 0o755),
    ];
    let steps = product.passes(&product.wheel(&wheel("tool_bin-1.2.3", &both)), &[]);
    assert_eq!(steps[2..], [("command 1".into(), "`tool a`".into()), ("command 2".into(), "`spare 'b c'`".into())]);
    let steps = product.passes(&product.wheel(&wheel("tool_bin-1.2.3", &both[..1])), &[]);
    assert_eq!(steps[3].1, "there is no `spare` beside the program, so no `spare 'b c'`");
    product.script("spare", "echo \"spare: $1\"");
    assert_eq!(product.passes(&product.script("tool", &tool("exit 0")), &[])[2].1, "`spare 'b c'`");
}

#[test]
fn the_entry_point_answers_as_the_program_does() {
    if python_command().is_none() {
        return;
    }
    let product = Product::new("executable = \"tool\"\ncommand = \"launcher\"", "");
    let points = "[console_scripts]\nother = tool_bin:no\ntool = tool_bin.start:main\n";
    let with = |main: &str| {
        product.wheel(&wheel(
            "tool_bin-1.2.3",
            &[
                ("tool_bin/__init__.py", String::new(), 0o644),
                (
                    "tool_bin/start.py",
                    format!("import os, sys\nHERE = os.path.dirname(__file__)\ndef main():\n    {main}\n"),
                    0o644,
                ),
                ("tool_bin/bin/tool", shell(&tool("")), 0o100755),
                ("tool_bin-1.2.3.dist-info/entry_points.txt", points.into(), 0o644),
            ],
        ))
    };
    let execs = "os.execv(HERE + '/bin/tool', [sys.argv[0], *sys.argv[1:]])";
    let steps = product.passes(&with(execs), &[]);
    assert_eq!(steps[2], ("entry-point".into(), "`tool` starts the program".into()));
    let (step, why) = product.fault(&with(&format!("print('Welcome!', flush=True); {execs}")), &[]);
    let expected = "the entry point `tool` answers `--version` with `Welcome!\\ntool 1.2.3 (abc)\\n`, and the program itself \
                    with `tool 1.2.3 (abc)\\n`";
    assert_eq!((step.as_str(), why.as_str()), ("entry-point", expected));
    let (_, report) = product.report(&with("import no_such_module"), &[]);
    let step = &report["steps"][2];
    assert_eq!(step["detail"], "`tool (entry point)` ended early with exit code 1, before it answered `--version`");
    assert!(report["stderr_tail"].as_str().unwrap().contains("No module named 'no_such_module'"), "{report:#}");
    // Where no Python is, it is skipped.
    let output = run(product.smoke(&with(execs), &["--format", "json"]).env("PATH", product.path("product")));
    assert_eq!(json(&output)["steps"][2]["detail"], "no Python >=3.10 is on PATH");
    assert!(output.status.success());
}

#[test]
fn a_table_that_cannot_be_carried_out_is_refused() {
    for (keys, why) in [
        ("files = { \"a\" = \"\", \"a/b\" = \"\" }", "the path is both a file and a directory"),
        ("files = { \"../a\" = \"\" }", "smoke.command[0].files"),
        ("stdout = \"(\"", "smoke.command[0].stdout"),
        ("executable = \"other\"", "none of the product's executables"),
        ("timeout = 0", "smoke.command[0].timeout"),
        ("timeouts = 1", "timeouts"),
    ] {
        let product = Product::of(&command(keys));
        let output = run(&mut product.smoke(&product.script("tool", &tool("")), &[]));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(why), "{keys}: {said}");
    }
    let product = Product::of("");
    let steps = product.passes(&product.script("tool", &tool("")), &["--level", "command"]);
    assert_eq!(steps[1], ("command".into(), "the product has no [[tool.relkit.smoke.command]]".into()));
}
