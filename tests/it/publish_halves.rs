//! A release in two halves: the runtime published first, the SDK when it is ready, held against what the index has.

use std::fs;
use std::process::Output;

use crate::support::bench::{Bench, bench};
use crate::support::http::response;
use crate::support::index::Form;
use crate::support::{json, names, read_json, relkit, run, text};

const RUNTIME: &str = "openai-codex-cli-bin";
/// The targets that the release of the bench goes without.
const OTHERS: &str = "aarch64-apple-darwin,x86_64-apple-darwin,aarch64-unknown-linux-musl,aarch64-pc-windows-msvc,\
                      x86_64-pc-windows-msvc";

impl Bench {
    fn half(&self, half: &str, options: &[&str]) -> Output {
        let (upload, simple) = (format!("{}/legacy/", self.index.address), self.simple());
        let urls = ["--upload-url", &upload, "--index-url", &simple];
        run(self.verb("publish", &urls).args(["--allow-missing", OTHERS, "--only", half]).args(options))
    }

    fn verify_sdk(&self, options: &[&str]) -> Output {
        let simple = self.simple();
        let usual = ["--only", "sdk", "--allow-missing", OTHERS, "--index-url", &simple, "--format", "json"];
        run(self.verb("verify", &usual).args(options))
    }

    fn wheel(&self) -> String {
        names(&self.path("dist")).into_iter().find(|name| name.contains("musllinux")).unwrap()
    }

    /// The index lists this wheel of the runtime, and nothing else of it.
    fn list(&self, name: &str, more: serde_json::Value) {
        self.list_all(&[name], &more);
    }

    fn list_all(&self, names: &[&str], more: &serde_json::Value) {
        let row = |name: &&str| {
            let mut file = serde_json::json!({"filename": name, "url": format!("/files/{name}")});
            file.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            file
        };
        let files: Vec<_> = names.iter().map(row).collect();
        let page = serde_json::json!({"meta": {"api-version": "1.1"}, "name": RUNTIME, "files": files});
        let headers = "Content-Type: application/vnd.pypi.simple.v1+json\r\n";
        self.index.fixed(&format!("/simple/{RUNTIME}/"), response("200 OK", headers, &page.to_string()));
    }
}

/// The codes and sentences of the problems of a verdict.
fn problems(output: &Output) -> Vec<(String, String)> {
    let report = json(output);
    let rows = report["problems"].as_array().unwrap().iter();
    let word = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.map(|row| (word(row, "code"), word(row, "message"))).collect()
}

#[test]
fn the_runtime_goes_first_and_the_sdk_follows() {
    let bench = bench();
    // Without its runtime the SDK does not go.
    let early = bench.half("sdk", &[]);
    assert_eq!(early.status.code(), Some(1), "{}", text(&early));
    assert!(text(&early).contains("[runtime-published]") && bench.sent() == 0, "{}", text(&early));

    // Nothing is asked of the SDK that lies beside it, be it as broken as it may.
    let sdk =
        names(&bench.path("dist")).into_iter().filter(|name| name.starts_with("openai_codex_app")).collect::<Vec<_>>();
    assert_eq!(sdk.len(), 2);
    let kept: Vec<_> = sdk.iter().map(|name| fs::read(bench.path("dist").join(name)).unwrap()).collect();
    sdk.iter().for_each(|name| fs::write(bench.path("dist").join(name), "broken").unwrap());
    let first = bench.half("runtime", &["--receipt", "runtime.json"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first));
    let up = |bench: &Bench| bench.index.files().into_iter().map(|file| file.name).collect::<Vec<_>>();
    assert_eq!(up(&bench), [bench.wheel()]);
    assert_eq!(read_json(&bench.path("runtime.json"))["files"].as_array().unwrap().len(), 1);

    for (name, bytes) in sdk.iter().zip(kept) {
        fs::write(bench.path("dist").join(name), bytes).unwrap();
    }
    // No receipt is asked for: the runtime's were looked at when it was published.
    let second = bench.half("sdk", &["--receipts", "no-receipts", "--manifest", &bench.manifest()]);
    assert_eq!(second.status.code(), Some(0), "{}", text(&second));
    assert_eq!(bench.sent(), 3);
    let mut all = up(&bench);
    all.sort();
    assert_eq!(all, names(&bench.path("dist")));
    // The whole is then there.
    assert!(text(&bench.run(&[])).contains("nothing was sent"));
}

impl Bench {
    /// The manifest of the whole release, which serves each half.
    fn manifest(&self) -> String {
        let output = run(&mut self.verb("verify", &["--allow-missing", "all", "--manifest", "whole.json"]));
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        "whole.json".to_owned()
    }
}

#[test]
fn the_sdk_stands_alone_in_its_directory() {
    let bench = bench();
    assert_eq!(bench.half("runtime", &[]).status.code(), Some(0));
    fs::remove_file(bench.path("dist").join(bench.wheel())).unwrap();
    let verified = bench.verify_sdk(&["--manifest", "sdk.json"]);
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
    let manifest = read_json(&bench.path("sdk.json"));
    assert_eq!((&manifest["only"], manifest["files"].as_array().unwrap().len()), (&"sdk".into(), 2));
    assert_eq!(manifest["published"][0]["sha256"].as_str().unwrap().len(), 64);
    let second = bench.half("sdk", &["--manifest", "sdk.json"]);
    assert_eq!(second.status.code(), Some(0), "{}", text(&second));
    // An empty half is none, whatever may be missing of it, and so is a runtime without a wheel at the index.
    let empty = bench.half("runtime", &["--allow-missing", "all"]);
    assert_eq!(empty.status.code(), Some(1), "{}", text(&empty));
    bench.index.state.files.lock().unwrap().clear();
    let alone = bench.half("sdk", &["--allow-missing", "all"]);
    assert_eq!(alone.status.code(), Some(1), "{}", text(&alone));
}

#[test]
fn the_runtime_at_the_index_must_be_whole_known_and_not_yanked() {
    let bench = bench();
    let (wheel, sha256) = (bench.wheel(), "0".repeat(64));
    let codes = |bench: &Bench| {
        let output = bench.verify_sdk(&[]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        problems(&output)
    };
    let hashes = |digest: &str| serde_json::json!({"hashes": {"sha256": digest}});
    // Other bytes than the SDK was made beside.
    bench.list(&wheel, hashes(&sha256));
    let found = codes(&bench);
    assert!(found.len() == 1 && found[0].1.contains("other bytes of"), "{found:?}");
    fs::remove_file(bench.path("dist").join(&wheel)).unwrap();
    assert_eq!(bench.verify_sdk(&[]).status.code(), Some(0));

    bench.list(&wheel, serde_json::json!({"hashes": {"sha256": sha256}, "yanked": "broken on ARM"}));
    let found = codes(&bench);
    assert!(found.len() == 1 && found[0].0 == "runtime-yanked" && found[0].1.contains("(broken on ARM)"), "{found:?}");

    bench.list(&wheel, serde_json::json!({"hashes": {"md5": "0".repeat(32)}}));
    let found = codes(&bench);
    assert!(found.len() == 1 && found[0].1.contains("nothing tells the SHA-256"), "{found:?}");
    // Where the file itself can be had, it tells.
    bench.index.fixed(&format!("/files/{wheel}"), response("200 OK", "", "bytes"));
    assert_eq!(bench.verify_sdk(&[]).status.code(), Some(0));

    bench.list("openai_codex_cli_bin-0.163.0.tar.gz", hashes(&sha256));
    let found = codes(&bench);
    assert!(
        found.len() == 2 && found.iter().any(|(_, message)| message.contains("an sdist of the runtime")),
        "{found:?}"
    );

    // What is of another version, or for another platform, serves nobody.
    for other in [wheel.replace("0.163.0", "0.162.0"), wheel.replace("x86_64", "aarch64")] {
        bench.list(&other, hashes(&sha256));
        let found = codes(&bench);
        let is_missing = found.iter().any(|(_, message)| {
            message.contains("no wheel of `openai-codex-cli-bin` 0.163.0 for `x86_64-unknown-linux-musl`")
        });
        assert!(is_missing, "{other}: {found:?}");
    }
    // A wheel may carry more tags, and its name other spellings.
    let other = "OpenAI.Codex_cli_bin-0.163-py3-none-musllinux_1_2_x86_64.whl";
    bench.list(other, hashes(&sha256));
    let alone = bench.verify_sdk(&[]);
    assert_eq!(alone.status.code(), Some(0));
    assert!(!text(&alone).contains("none of its targets'"), "{}", text(&alone));
    // What nobody planned is named.
    for foreign in [
        wheel.replace("0.163.0-", "0.163.0-1-"),
        wheel.replace("0.163.0-", "0.163.0+ours-"),
        "openai_codex_cli_bin-0.163.0-py3-none-musllinux_1_1_ppc64le.whl".to_owned(),
        "openai_codex_cli_bin-0.163.0-py3-none-any.whl".to_owned(),
    ] {
        bench.list_all(&[&wheel, &foreign], &hashes(&sha256));
        let output = bench.verify_sdk(&[]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains(&format!("none of its targets': `{foreign}`")), "{said}");
    }
}

#[test]
fn what_another_index_has_does_not_count() {
    let (bench, other) = (bench(), crate::support::index::ScriptedIndex::start());
    other.plant(&bench.wheel(), RUNTIME, &"0".repeat(64));
    bench.index.fall_back(&format!("{}/simple/", other.address));
    let output = bench.verify_sdk(&[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let found = problems(&output);
    assert!(found.iter().any(|(_, message)| message.contains("what another index has")), "{found:?}");
    // Nor does a page whose digests nobody tells.
    let bench = self::bench();
    assert_eq!(bench.half("runtime", &[]).status.code(), Some(0));
    *bench.index.state.form.lock().unwrap() = Form::HtmlWithoutDigests;
    assert_eq!(bench.half("sdk", &[]).status.code(), Some(1));
}

#[test]
fn the_sdk_alone_needs_an_index_and_a_product_with_an_sdk() {
    let bench = bench();
    for verb in ["verify", "publish"] {
        let mut command = bench.verb(verb, &["--only", "sdk", "--allow-missing", "all"]);
        if verb == "publish" {
            command.args(["--upload-url", &format!("{}/legacy/", bench.index.address)]);
        }
        let output = run(&mut command);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains("--index-url"), "{}", text(&output));
    }
    // An address where nothing is, is no index without the runtime.
    let nowhere = format!("{}/smiple/", bench.index.address);
    let output = run(&mut bench.verb("verify", &["--only", "sdk", "--index-url", &nowhere]));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let output = run(&mut bench.verb("verify", &["--only", "neither"]));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));

    let simple = bench.simple();
    let template = bench.directory.path().join("runtime-template");
    fs::create_dir_all(&template).unwrap();
    let table = "[project]\nname = \"x\"\n[tool.relkit]\ndistribution = \"tool-bin\"\nmodule = \"tool_bin\"\nexecutables = [\"tool\"]\n\
                 [[tool.relkit.target]]\ntriple = \"x86_64-unknown-linux-musl\"\nplatform-tag = \"musllinux_1_1_x86_64\"\nrunner = \"here\"\n";
    fs::write(template.join("pyproject.toml"), table).unwrap();
    let options = ["--only", "sdk", "--index-url", &simple, "--template", "runtime-template"];
    let mut command = relkit();
    command.current_dir(bench.directory.path()).args(["verify", "dist", "--release-version", "0.163.0"]);
    let output = run(command.args(options));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("without an SDK"), "{}", text(&output));
}

#[test]
fn a_release_is_made_by_halves() {
    let bench = bench();
    let release = |out: &str, options: &[&str]| {
        let mut command = relkit();
        command.current_dir(bench.directory.path()).args(["release", "--codex-version", "0.163.0", "--out-dir", out]);
        run(command.args(["--allow-missing", OTHERS, "--level", "version"]).args(options))
    };
    let simple = bench.simple();
    let runtime = release("one", &["--only", "runtime", "--payload", "codex", "--format", "json"]);
    let report = json(&runtime);
    assert!(report["sdk_distribution"].is_null(), "{report}");
    let made = names(&bench.path("one/dist"));
    assert!(made.len() == 1 && made[0].contains("musllinux"), "{made:?}");
    assert!(!text(&runtime).contains("sdk-missing"), "{}", text(&runtime));

    let early = release("two", &["--only", "sdk", "--index-url", &simple]);
    assert_eq!(early.status.code(), Some(1), "{}", text(&early));
    assert_eq!(bench.half("runtime", &[]).status.code(), Some(0));
    let sdk = release("two", &["--only", "sdk", "--index-url", &simple, "--force"]);
    assert_eq!(sdk.status.code(), Some(0), "{}", text(&sdk));
    assert_eq!(names(&bench.path("two/dist")).len(), 2);
    // Without an index it is made all the same, and what was not asked is said.
    let unseen = release("three", &["--only", "sdk"]);
    assert_eq!(unseen.status.code(), Some(0), "{}", text(&unseen));
    let said = text(&unseen);
    assert!(said.contains("was not looked up") && !said.contains("platforms covered"), "{said}");
    for options in [&["--only", "sdk", "--payload", "codex"][..], &["--only", "runtime"], &[]] {
        let output = release("four", options);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {}", text(&output));
        assert!(!bench.path("four").exists());
    }
    for (version, code) in [("0.163.0.post1", 0), ("0.164.0", 2), ("0.163.0.dev1", 2)] {
        let output = release("five", &["--only", "sdk", "--sdk-version", version, "--index-url", &simple, "--force"]);
        assert_eq!(output.status.code(), Some(code), "{version}: {}", text(&output));
    }
}
