//! Publishing to real servers on this machine, devpi and pypiserver, and installing back with pip and uv.

use crate::publish_support::servers;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::publish_support::servers::PASSWORD;
use crate::publish_support::{Job, dist, files, quick};
use crate::support::succeed;
use relkit::publish::attestation::Attestations;
use relkit::publish::error::PublishError;
use relkit::publish::receipt::State;

fn job<'a>(dist: &'a Path, upload_url: String, index_url: String) -> Job<'a> {
    Job {
        dist,
        upload_url,
        index_url: Some(index_url),
        variables: vec![("RELKIT_TOKEN".into(), PASSWORD.into())],
        attestations: Attestations::Auto,
        receipt: None,
        pace: quick(),
    }
}

/// Both installers take the SDK, and with it the runtime of exactly its version.
fn install_back(bin: &Path, index_url: &str, directory: &Path) {
    let tag =
        ["--platform", "musllinux_1_1_x86_64", "--only-binary", ":all:", "--implementation", "py", "--abi", "none"];
    let target = directory.join("pip");
    let mut pip = Command::new(bin.join("python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--isolated",
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--index-url",
        index_url,
    ]);
    pip.args(tag).arg("--target").arg(&target).arg("acme-sdk==1.2.3");
    succeed(&mut pip);
    let installed = fs::read_to_string(target.join("acme_bin-1.2.3.dist-info/WHEEL")).unwrap();
    assert!(installed.contains("musllinux_1_1_x86_64"), "{installed}");
    let target = directory.join("uv");
    let mut uv = Command::new(bin.join("uv"));
    uv.args([
        "pip",
        "install",
        "--no-config",
        "--no-cache",
        "--default-index",
        index_url,
        "--python-platform",
        "x86_64-pc-windows-msvc",
    ]);
    uv.arg("--python").arg(bin.join("python")).arg("--target").arg(&target).arg("acme-sdk==1.2.3");
    succeed(&mut uv);
    let installed = fs::read_to_string(target.join("acme_bin-1.2.3.dist-info/WHEEL")).unwrap();
    assert!(installed.contains("win_amd64"), "{installed}");
}

/// Another client uploads the wheels; a publish of all then finds them by their digests and sends what is missing.
fn publish_after_twine(bin: &Path, directory: &Path, server: &str, upload_url: &str, index_url: &str) {
    let path = directory.join("of-twine");
    dist(&path, "salt");
    let wheels = files(&path).into_iter().map(|file| path.join(file.name)).filter(|path| {
        let extension = path.extension();
        extension.is_some_and(|extension| extension == "whl")
    });
    let mut twine = Command::new(bin.join("twine"));
    twine.args(["upload", "--non-interactive", "--disable-progress-bar", "--repository-url", server]).args(wheels);
    twine.env("TWINE_USERNAME", "up").env("TWINE_PASSWORD", PASSWORD);
    succeed(twine.env("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring"));
    let run = job(&path, upload_url.into(), index_url.into()).run();
    for row in &run.succeeded().receipt.files {
        let is_wheel = row.name.ends_with(".whl");
        let (state, attempts) = if is_wheel { (State::PresentSame, 0) } else { (State::Uploaded, 1) };
        assert_eq!((row.state, row.attempts), (state, attempts), "{}", row.name);
    }
    // With one of the wheels other than here, nothing is sent.
    let other = directory.join("not-of-twine");
    dist(&other, "pepper");
    let run = job(&other, upload_url.into(), index_url.into()).run();
    assert!(matches!(run.error(), PublishError::Conflict { conflicts } if conflicts.len() == 4), "{:?}", run.outcome);
}

/// A publish, the same again, and another with other bytes.
fn publish_thrice(directory: &Path, upload_url: &str, index_url: &str) {
    let path = directory.join("dist");
    dist(&path, "salt");
    job(&path, upload_url.into(), index_url.into()).run().succeeded();
    let again = job(&path, upload_url.into(), index_url.into()).run();
    assert_eq!(again.succeeded().receipt.count(State::PresentSame), 5);
    let other = directory.join("other");
    dist(&other, "pepper");
    let conflict = job(&other, upload_url.into(), index_url.into()).run();
    assert!(matches!(conflict.error(), PublishError::Conflict { .. }), "{:?}", conflict.outcome);
    // Who does not look at the index first hears it from the server.
    let blind = Job { index_url: None, ..job(&other, upload_url.into(), index_url.into()) }.run();
    assert!(matches!(blind.error(), PublishError::Unknown { .. }), "{:?}", blind.outcome);
}

#[test]
fn pypiserver() {
    let Some(bin) = servers::bin() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = servers::pypiserver(&bin, directory.path());
    let (upload, simple) = (server.upload_url.as_str(), server.index_url.as_str());
    let packages = directory.path().join("packages");
    publish_after_twine(&bin, directory.path(), upload, upload, simple);
    for entry in fs::read_dir(&packages).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    publish_thrice(directory.path(), upload, simple);
    install_back(&bin, simple, directory.path());
    // A wrong password is refused at once.
    let path = directory.path().join("dist");
    fs::remove_file(packages.join("acme_sdk-1.2.3.tar.gz")).unwrap();
    let mut wrong = job(&path, upload.into(), simple.into());
    wrong.variables = vec![("RELKIT_TOKEN".into(), "wrong".into())];
    let refused = wrong.run();
    assert!(matches!(refused.error(), PublishError::Unauthorised { .. }), "{:?}", refused.outcome);
    // A user name in the URL stands in for `__token__`.
    job(&path, upload.replace("http://", "http://up@"), simple.into()).run().succeeded();
}

#[test]
fn devpi() {
    let Some(bin) = servers::bin() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = servers::devpi(&bin, directory.path(), "locked");
    publish_thrice(directory.path(), &server.upload_url, &server.index_url);
    install_back(&bin, &server.index_url, directory.path());
    let server = servers::devpi(&bin, directory.path(), "of-twine");
    let for_twine = format!("{}/up/of-twine/", server.address);
    publish_after_twine(&bin, directory.path(), &for_twine, &server.upload_url, &server.index_url);
}
