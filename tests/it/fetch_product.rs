//! Artefacts from where a product's upstream publishes them: `fetch --target`, `fetch --checksums`, `release --download`,
//! against a server of files, with a real program where one is run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::samples::archive::{gzip, tar_of, zip_of};
use crate::samples::binary::program;
use crate::support::http::{Resource, Site};
use crate::support::{json, names, python_command, relkit, run, scratch, succeed, text, wheel_of};

const GLIBC: &str = "x86_64-unknown-linux-gnu";
const LINUX: &str = "x86_64-unknown-linux-musl";
const ARM: &str = "aarch64-unknown-linux-musl";
const WINDOWS: &str = "x86_64-pc-windows-msvc";
const MAC: &str = "aarch64-apple-darwin";

/// A row of a product's targets.
pub fn row(triple: &str, tag: &str, archive: &str) -> String {
    format!(
        "[[tool.relkit.target]]\ntriple = \"{triple}\"\nplatform-tag = \"{tag}\"\nrunner = \"ubuntu-24.04\"\narchive = \"{archive}\"\n\n"
    )
}

/// A product of `program` with these keys and rows, as `init` writes it otherwise.
pub fn product(directory: &Path, program: &str, keys: &str, rows: &str) -> PathBuf {
    let path = directory.join("product");
    let mut init = relkit();
    succeed(init.args(["init", "--name", &format!("{program}-bin"), "--executable", program, "--force"]).arg(&path));
    let pyproject = path.join("runtime-template/pyproject.toml");
    let text = fs::read_to_string(&pyproject).unwrap();
    let (start, end) =
        (text.find("[[tool.relkit.target]]").unwrap(), text.find("# Findings that a release accepts").unwrap());
    let text = format!("{}{rows}{}", &text[..start], &text[end..]);
    let text = text.replace("release-tags = [\"v{version}\", \"{version}\"]", keys);
    let text = text.replace("supports = [\"linux-glibc\", \"linux-musl\", \"macos\", \"windows\"]", "");
    fs::write(pyproject, text.replace("# license = \"\"", "license = \"MIT\"")).unwrap();
    path
}

/// Where artefacts are on a server, with the list given.
pub fn keys(site: &Site, checksums: &str) -> String {
    let address = &site.address;
    let checksums = checksums.replace("{site}", address);
    format!("source = \"{address}/dl/{{tag}}/{{archive}}\"\n{checksums}\n")
}

pub fn sha256(bytes: &[u8]) -> String {
    relkit::digest::Sha256Digest::of(bytes).to_string()
}

/// `relkit fetch --target` of release 1.2.3.
fn fetch(product: &Path, triple: &str, out: &Path, more: &[&str]) -> Output {
    let mut command = relkit();
    command.args(["fetch", "--target", triple, "--release-version", "1.2.3", "--product"]).arg(product);
    run(command.args(more).arg("--out").arg(out))
}

#[track_caller]
fn assert_refused(output: &Output, code: i32, words: &[&str]) {
    assert_eq!(output.status.code(), Some(code), "{}", text(output));
    for word in words {
        assert!(text(output).contains(word), "{word}: {}", text(output));
    }
}

#[test]
fn a_target_is_fetched_from_source_and_held_against_its_list() {
    let (site, directory) = (Site::start(), tempfile::tempdir().unwrap());
    let rows = row(LINUX, "musllinux_1_1_x86_64", "demo-{version}-{triple}.tar.gz")
        + &row(WINDOWS, "win_amd64", "demo {tag} (x64).zip");
    let out = directory.path().join("out/");
    site.bytes("/dl/v1.2.3/demo-1.2.3-x86_64-unknown-linux-musl.tar.gz", "linux");
    site.bytes("/dl/v1.2.3/demo%20v1.2.3%20%28x64%29.zip", "windows");

    // One list for all, after a redirect; one list beside each artefact.
    let product_of = |checksums: &str| product(directory.path(), "demo", &keys(&site, checksums), &rows);
    let one = product_of("checksums = \"{site}/dl/{tag}/sums-{version}.txt\"");
    site.put("/dl/v1.2.3/sums-1.2.3.txt", Resource::Redirect("/real".into()));
    let list = format!(
        "{}  demo-1.2.3-{LINUX}.tar.gz\nSHA256 (demo v1.2.3 (x64).zip) = {}\n",
        sha256(b"linux"),
        sha256(b"windows")
    );
    site.bytes("/real", list);
    for (triple, name, bytes) in
        [(LINUX, "demo-1.2.3-x86_64-unknown-linux-musl.tar.gz", "linux"), (WINDOWS, "demo v1.2.3 (x64).zip", "windows")]
    {
        let output = fetch(&one, triple, &out, &["--format", "json"]);
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(json(&output)["sha256"], sha256(bytes.as_bytes()));
        assert_eq!(fs::read_to_string(out.join(name)).unwrap(), bytes);
    }
    site.requests();
    let kept = fetch(&one, LINUX, &out, &[]);
    assert!(text(&kept).contains("Kept"), "{}", text(&kept));
    assert!(!site.requests().iter().any(|request| request.ends_with(".tar.gz")));

    let beside = product_of("checksums = \"{archive}.sha256\"");
    let certutil = format!(
        "SHA256 hash of demo v1.2.3 (x64).zip:\r\n{}\r\nCertUtil: -hashfile command completed successfully.\r\n",
        sha256(b"windows")
    );
    site.bytes("/dl/v1.2.3/demo%20v1.2.3%20%28x64%29.zip.sha256", certutil);
    let file = directory.path().join("named.zip");
    assert!(fetch(&beside, WINDOWS, &file, &[]).status.success());
    assert_eq!(fs::read_to_string(file).unwrap(), "windows");

    // What goes wrong leaves nothing.
    let absent = directory.path().join("absent");
    assert_refused(&fetch(&beside, LINUX, &absent, &[]), 2, &["404", ".tar.gz.sha256", "--checksums"]);
    site.bytes(&format!("/dl/v1.2.3/demo-1.2.3-{LINUX}.tar.gz.sha256"), format!("{}  other.zip\n", sha256(b"linux")));
    assert_refused(&fetch(&beside, LINUX, &absent, &[]), 2, &["does not name", "`other.zip`"]);
    site.bytes(&format!("/dl/v1.2.3/demo-1.2.3-{LINUX}.tar.gz.sha256"), sha256(b"other"));
    assert_refused(&fetch(&beside, LINUX, &absent, &[]), 1, &[&sha256(b"linux"), &sha256(b"other")]);
    site.bytes(&format!("/dl/v1.2.3/demo-1.2.3-{LINUX}.tar.gz.sha256"), vec![b' '; 5 << 20]);
    assert_refused(&fetch(&beside, LINUX, &absent, &[]), 2, &["cannot fetch the checksums", "longer than"]);
    let unlisted = product_of("");
    assert_refused(&fetch(&unlisted, LINUX, &absent, &[]), 2, &["nothing says which digest", "--no-digest"]);
    assert_refused(&fetch(&unlisted, "x86_64-apple-darwin", &absent, &["--no-digest"]), 2, &["is not a target"]);
    assert_refused(&fetch(&unlisted, LINUX, &absent, &["--sha256", &sha256(b"other")]), 1, &["SHA-256"]);
    assert!(!absent.exists());
    for more in
        [&["--no-digest"][..], &["--sha256", &sha256(b"linux")], &["--checksums", &format!("{}/real", site.address)]]
    {
        let output = fetch(&unlisted, LINUX, &absent, more);
        assert!(output.status.success(), "{}", text(&output));
        fs::remove_file(&absent).unwrap();
    }
    site.remove(&format!("/dl/v1.2.3/demo-1.2.3-{LINUX}.tar.gz"));
    assert_refused(&fetch(&unlisted, LINUX, &absent, &["--no-digest"]), 2, &["404", "check the release"]);
    assert_eq!(names(directory.path()), ["named.zip", "out", "product"]);
}

#[test]
fn a_list_is_a_file_or_a_url_and_every_algorithm_is_held() {
    let (site, directory) = (Site::start(), tempfile::tempdir().unwrap());
    site.bytes("/a/prog.gz", "abc");
    let long = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
    let (url, out) = (format!("{}/a/prog.gz", site.address), directory.path().join("prog.gz"));
    let list = directory.path().join("sums");
    let fetch = |place: &str| {
        let _ = fs::remove_file(&out);
        run(relkit().args(["fetch", &url, "--checksums", place, "--out"]).arg(&out))
    };
    let short = sha256(b"abc");
    for good in [
        format!("{long}  prog.gz\n"),
        format!("SHA512 (prog.gz) = {long}\n"),
        format!("SHA2-512(prog.gz)= {long}\n{short}  ./prog.gz\n"),
        format!("{}\r\n", short.to_uppercase()),
    ] {
        fs::write(&list, &good).unwrap();
        site.bytes("/list", good.as_str());
        for place in [list.to_str().unwrap(), &format!("{}/list", site.address)] {
            let output = fetch(place);
            assert!(output.status.success(), "{good}: {}", text(&output));
        }
    }
    let wrong = "0".repeat(128);
    for (bad, code, words) in [
        (format!("{wrong}  prog.gz\n"), 1, "SHA-512"),
        (format!("{short}  prog.gz\n{wrong}  prog.gz\n"), 1, "SHA-512"),
        (format!("{}  prog.gz\n", "0".repeat(32)), 2, "MD5"),
        (format!("{short}  prog.gz\n{}  prog.gz\n", "0".repeat(64)), 2, "two different digests"),
        (String::new(), 2, "no digest at all"),
    ] {
        fs::write(&list, &bad).unwrap();
        assert_refused(&fetch(list.to_str().unwrap()), code, &[words]);
        assert!(!out.exists());
    }
    assert_refused(&fetch("missing"), 2, &["cannot read the checksums", "missing"]);
    assert_refused(&fetch("http://192.0.2.1/list"), 2, &["plain http"]);
}

#[test]
fn what_is_cut_short_is_gone_on_with_or_given_up() {
    let (site, directory) = (Site::start(), tempfile::tempdir().unwrap());
    let rows = row(LINUX, "musllinux_1_1_x86_64", "demo.tar.gz");
    let product = product(directory.path(), "demo", &keys(&site, "checksums = \"SHA256SUMS\""), &rows);
    let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    site.bytes("/dl/v1.2.3/SHA256SUMS", format!("{} *dist/demo.tar.gz\n", sha256(&bytes)));
    let out = directory.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join(".demo.tar.gz.relkit-part"), &bytes[..300_000]).unwrap();
    fs::write(out.join(".demo.tar.gz.relkit-part-etag"), "\"800000\"").unwrap();
    site.bytes("/dl/v1.2.3/demo.tar.gz", bytes.clone());
    assert!(fetch(&product, LINUX, &out, &[]).status.success());
    assert!(site.requests().contains(&"/dl/v1.2.3/demo.tar.gz bytes=300000-".to_owned()));
    assert!(fs::read(out.join("demo.tar.gz")).unwrap() == bytes);
    // A server that never sends the end is given up, although it sends the beginning again and again.
    fs::remove_file(out.join("demo.tar.gz")).unwrap();
    site.put("/dl/v1.2.3/demo.tar.gz", Resource::Cut(bytes, 100_000));
    assert_refused(&fetch(&product, LINUX, &out, &[]), 2, &["after 6 attempts", "run the same command again"]);
    assert!(!out.join("demo.tar.gz").exists());
}

#[test]
fn rows_of_one_triple_have_an_artefact_each_or_share_one() {
    let (site, directory) = (Site::start(), tempfile::tempdir().unwrap());
    let list = "checksums = \"{site}/dl/{tag}/SHA256SUMS\"";
    let (glibc, musl) = ("manylinux_2_17_x86_64", "musllinux_1_1_x86_64");
    let rows = |one: &str, two: &str| row(LINUX, glibc, one) + &row(LINUX, musl, two);
    for (path, bytes) in [("a.gz", "a"), ("b.gz", "b"), ("glibc/p.gz", "a"), ("musl/p.gz", "b")] {
        site.bytes(&format!("/dl/v1.2.3/{path}"), bytes);
    }
    let (a, b) = (sha256(b"a"), sha256(b"b"));
    site.bytes("/dl/v1.2.3/SHA256SUMS", format!("{a}  a.gz\n{b}  b.gz\n{a}  glibc/p.gz\n{b}  musl/p.gz\n"));
    let out = directory.path().join("out/");
    let apart = product(directory.path(), "demo", &keys(&site, list), &rows("a.gz", "b.gz"));
    let output = fetch(&apart, LINUX, &out, &[]);
    assert!(output.status.success() && text(&output).contains("2 artefacts"), "{}", text(&output));
    assert_eq!(names(&out), ["a.gz", "b.gz"]);
    let report = json(&fetch(&apart, LINUX, &out, &["--format", "json"]));
    assert_eq!(report["artefacts"].as_array().unwrap().len(), 2);
    let file = directory.path().join("file");
    assert_refused(&fetch(&apart, LINUX, &file, &[]), 2, &["2 artefacts", "name a directory", "--platform-tag"]);
    assert_refused(&fetch(&apart, LINUX, &out, &["--sha256", &a]), 2, &["one digest"]);
    assert!(fetch(&apart, LINUX, &file, &["--platform-tag", "manylinux2014_x86_64", "--sha256", &a]).status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), "a");
    assert_refused(&fetch(&apart, LINUX, &file, &["--platform-tag", "win32"]), 2, &["no platform tag"]);
    // One name below two directories: their paths tell them apart in the list, and nothing does in one directory.
    let same = product(directory.path(), "demo", &keys(&site, list), &rows("glibc/p.gz", "musl/p.gz"));
    assert_refused(&fetch(&same, LINUX, &out, &[]), 2, &["2 artefacts", "--platform-tag"]);
    assert!(fetch(&same, LINUX, &out, &["--platform-tag", musl]).status.success());
    assert_eq!(fs::read_to_string(out.join("p.gz")).unwrap(), "b");
    let shared = product(directory.path(), "demo", &keys(&site, list), &rows("a.gz", "a.gz"));
    let output = fetch(&shared, LINUX, &file, &[]);
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn no_name_leads_out_of_the_directory() {
    let (site, directory) = (Site::start(), tempfile::tempdir().unwrap());
    let out = directory.path().join("out/");
    for archive in ["..", "a/..", "dir/.hidden", "a%2f..%2fb", "c:x", "nul"] {
        let product = product(directory.path(), "demo", &keys(&site, ""), &row(LINUX, "musllinux_1_1_x86_64", archive));
        site.bytes("/dl/v1.2.3/a%252f..%252fb", "x");
        let output = fetch(&product, LINUX, &out, &["--no-digest"]);
        let written = names(&out);
        assert!(output.status.code() == Some(2) || written == ["a%2f..%2fb"], "{archive}: {}", text(&output));
    }
    assert_eq!(names(directory.path()), ["out", "product"]);
}

/// The program of just's published wheel for a platform, as upstream archives it. It says its name and its version.
pub fn just(platform: &str, triple: &str) -> Option<Vec<u8>> {
    let wheel = wheel_of("rust-just==1.59.0", platform)?;
    let name = if triple.contains("windows") { "just.exe" } else { "just" };
    let directory = tempfile::tempdir().unwrap();
    let mut unpack = Command::new(python_command()?);
    succeed(unpack.args(["-m", "zipfile", "-e"]).arg(wheel).arg(directory.path()));
    let inside = relkit::fs::walk(directory.path()).unwrap();
    let program = inside.iter().find(|file| file.relative.ends_with(&format!("/scripts/{name}"))).unwrap();
    let files = [(name, fs::read(&program.path).unwrap()), ("LICENSE", b"words".to_vec())];
    let folder = format!("just-1.59.0-{triple}/");
    Some(if name == "just" { gzip(&tar_of(&files, &folder)) } else { zip_of(&files, &folder) })
}

#[test]
fn a_release_is_made_of_what_upstream_publishes() {
    let (Some(linux), Some(windows)) = (just("manylinux_2_17_x86_64", GLIBC), just("win_amd64", WINDOWS)) else {
        return;
    };
    let (site, directory) = (Site::start(), scratch());
    let rows = row(GLIBC, "manylinux_2_17_x86_64", "just-{version}-{triple}.tar.gz")
        + &row(WINDOWS, "win_amd64", "just-{version}-{triple}.zip")
        + &row(MAC, "macosx_11_0_arm64", "just-{version}-{triple}.tar.gz");
    let keys = format!("release-tags = [\"{{version}}\"]\n{}", keys(&site, "checksums = \"{archive}.sha256\""));
    let product = product(directory.path(), "just", &keys, &rows);
    let at = |triple: &str, end: &str| format!("/dl/1.59.0/just-1.59.0-{triple}.{end}");
    site.bytes(&at(GLIBC, "tar.gz.sha256"), format!("{}  just-1.59.0-{GLIBC}.tar.gz\n", sha256(&linux)));
    let certutil = format!("SHA256 hash of just-1.59.0-{WINDOWS}.zip:\r\n{}\r\nCertUtil: done\r\n", sha256(&windows));
    site.bytes(&at(WINDOWS, "zip.sha256"), certutil);
    site.bytes(&at(GLIBC, "tar.gz"), linux);
    site.bytes(&at(WINDOWS, "zip"), windows);
    let out = directory.path().join("release");
    let release = |more: &[&str]| {
        let mut command = relkit();
        command.args(["release", "--release-version", "1.59.0", "--download", "--compression", "fast", "--out-dir"]);
        run(command.arg(&out).arg("--product").arg(&product).args(more))
    };
    assert_refused(&release(&[]), 2, &[&format!("the artefact of {MAC}"), "404"]);
    assert!(!out.exists());
    // What was fetched by then is there for the next run.
    site.requests();
    let output = release(&["--allow-missing", MAC, "--format", "json"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(!site.requests().iter().any(|request| request.ends_with("gnu.tar.gz") || request.ends_with(".zip")));
    assert!(text(&output).contains(&format!("{MAC}: there is no")), "{}", text(&output));
    let report: Value = json(&output);
    let targets: Vec<_> = report["targets"].as_array().unwrap().iter().map(|row| &row["target"]).collect();
    assert_eq!(targets, [GLIBC, WINDOWS]);
    let wheels = names(&out.join("dist"));
    assert!(wheels.len() == 2 && wheels[0].starts_with("just_bin-1.59.0-py3-none-"), "{wheels:?}");
    assert_eq!(names(&directory.path().join("release-downloads")), ["manylinux_2_17_x86_64", "win_amd64"]);
    // Nothing is fetched for a directory that may not be written.
    assert_refused(&release(&["--allow-missing", MAC]), 2, &["release"]);
    assert_eq!(site.requests(), Vec::<String>::new());
    // A target that may be missing is not let off with an artefact that is there and wrong.
    site.bytes(&at(MAC, "tar.gz"), "words");
    assert_refused(&release(&["--allow-missing", "all", "--force"]), 2, &[".sha256", "404"]);
    site.bytes(&at(MAC, "tar.gz.sha256"), sha256(b"other"));
    assert_refused(&release(&["--allow-missing", "all", "--force"]), 1, &["SHA-256", MAC]);
    assert_eq!(names(&out.join("dist")), wheels);
}

#[test]
fn each_of_two_static_builds_ends_in_its_own_row() {
    let (site, directory) = (Site::start(), tempfile::tempdir().unwrap());
    let rows = row("aarch64-unknown-linux-gnu", "manylinux_2_17_aarch64", "demo_linux_arm64.tar.gz")
        + &row(ARM, "musllinux_1_1_aarch64", "demo_alpine_arm64.tar.gz");
    let product = product(directory.path(), "demo", &keys(&site, ""), &rows);
    let bytes = gzip(&tar_of(&[("demo", program(ARM))], ""));
    site.bytes("/dl/v1.2.3/demo_linux_arm64.tar.gz", bytes.clone());
    let out = directory.path().join("out");
    let mut other = bytes.clone();
    other.extend(gzip(b"")); // the same program in another artefact
    site.bytes("/dl/v1.2.3/demo_alpine_arm64.tar.gz", other);
    let release = |more: &[&str]| {
        let mut command = relkit();
        command.args(["release", "--release-version", "1.2.3", "--download", "--no-digest", "--format", "json"]);
        run(command.args(more).arg("--out-dir").arg(&out).arg("--product").arg(&product))
    };
    let output = release(&[]);
    let report = json(&output);
    let told: Vec<_> =
        report["targets"].as_array().unwrap().iter().map(|row| (&row["target"], &row["wheel"])).collect();
    assert_eq!(told.len(), 2, "{}", text(&output));
    for ((target, wheel), (triple, libc)) in
        told.iter().zip([("aarch64-unknown-linux-gnu", "manylinux_2_17"), (ARM, "musllinux_1_1")])
    {
        assert_eq!(**target, triple);
        assert!(wheel.as_str().unwrap().contains(libc), "{wheel}");
    }
    // A program for another machine than that of its row fails, whatever row it would fit.
    let windows = gzip(&tar_of(&[("demo.exe", program(WINDOWS))], ""));
    site.bytes("/dl/v1.2.3/demo_alpine_arm64.tar.gz", windows);
    assert_refused(&release(&["--force"]), 1, &["musllinux_1_1_aarch64"]);
    // So does one that is staged alone for a target.
    let payload = directory.path().join("demo.tar.gz");
    fs::write(&payload, bytes).unwrap();
    for (triple, libc) in [("aarch64-unknown-linux-gnu", "manylinux_2_17"), (ARM, "musllinux_1_1")] {
        let mut stage = relkit();
        stage.arg("stage-runtime").arg(directory.path().join(triple)).arg(&payload).arg("--product").arg(&product);
        let output = run(stage.args(["--release-version", "1.2.3", "--target", triple]));
        assert!(output.status.success() && text(&output).contains(libc), "{}", text(&output));
    }
}
