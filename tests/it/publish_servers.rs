//! Publishing to real servers on this machine, devpi and pypiserver, and installing back with pip and uv.

use std::fs;
use std::path::Path;

use relkit::publish::attestation::Attestations;
use relkit::publish::error::PublishError;
use relkit::publish::receipt::FileState;

use crate::support::publish::{Job, dist, files, quick};
use crate::support::servers::{self, Devpi, Fallback, Index, PASSWORD};
use crate::support::{Tools, json, names, relkit, run, succeed, text};

fn job<'a>(dist: &'a Path, index: &Index) -> Job<'a> {
    Job {
        dist,
        upload_url: index.upload_url.clone(),
        index_url: Some(index.index_url.clone()),
        variables: vec![("RELKIT_TOKEN".into(), PASSWORD.into())],
        attestations: Attestations::Auto,
        receipt: None,
        pace: quick(),
    }
}

/// Both installers take the SDK, and with it the runtime of exactly its version.
fn install_back(tools: &Tools, index: &Index, directory: &Path) {
    let (by_pip, by_uv) = (directory.join("pip"), directory.join("uv"));
    let mut pip = tools.pip("install");
    pip.args([
        "--platform",
        "musllinux_1_1_x86_64",
        "--only-binary",
        ":all:",
        "--implementation",
        "py",
        "--abi",
        "none",
    ]);
    succeed(pip.args(["--index-url", &index.index_url, "acme-sdk==1.2.3", "--target"]).arg(&by_pip));
    let mut uv = tools.uv();
    uv.args(["--default-index", &index.index_url, "--python-platform", "x86_64-pc-windows-msvc", "acme-sdk==1.2.3"]);
    succeed(uv.arg("--python").arg(tools.path("python")).arg("--target").arg(&by_uv));
    for (target, tag) in [(by_pip, "musllinux_1_1_x86_64"), (by_uv, "win_amd64")] {
        let installed = fs::read_to_string(target.join("acme_bin-1.2.3.dist-info/WHEEL")).unwrap();
        assert!(installed.contains(tag), "{installed}");
    }
}

/// Another client uploads the wheels; a publish of all then finds them by their digests and sends what is missing.
fn publish_after_twine(tools: &Tools, directory: &Path, index: &Index) {
    let path = directory.join("of-twine");
    dist(&path, "salt");
    let wheels = files(&path).into_iter().map(|file| file.name).filter(|name| name.ends_with(".whl"));
    let mut twine = tools.tool("twine");
    let address = index.upload_url.replace("up@", "");
    twine.args(["upload", "--non-interactive", "--disable-progress-bar", "--repository-url", &address]);
    twine.args(wheels.map(|name| path.join(name))).env("TWINE_USERNAME", "up").env("TWINE_PASSWORD", PASSWORD);
    succeed(twine.env("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring"));
    let run = job(&path, index).run();
    for row in &run.succeeded().receipt.files {
        let is_wheel = row.name.ends_with(".whl");
        let (state, attempts) = if is_wheel { (FileState::PresentSame, 0) } else { (FileState::Uploaded, 1) };
        assert_eq!((row.state, row.attempts), (state, attempts), "{}", row.name);
    }
    // With one of the wheels other than here, nothing is sent.
    let other = directory.join("not-of-twine");
    dist(&other, "pepper");
    let run = job(&other, index).run();
    assert!(matches!(run.error(), PublishError::Conflict { conflicts } if conflicts.len() == 4), "{:?}", run.outcome);
}

/// A publish, the same again, and another with other bytes.
fn publish_thrice(directory: &Path, index: &Index) {
    let path = directory.join("dist");
    dist(&path, "salt");
    job(&path, index).run().succeeded();
    let again = job(&path, index).run();
    assert_eq!(again.succeeded().receipt.count(FileState::PresentSame), 5);
    let other = directory.join("other");
    dist(&other, "pepper");
    let conflict = job(&other, index).run();
    assert!(matches!(conflict.error(), PublishError::Conflict { .. }), "{:?}", conflict.outcome);
    // Who does not look at the index first hears it from the server.
    let blind = Job { index_url: None, ..job(&other, index) }.run();
    assert!(matches!(blind.error(), PublishError::Unknown { .. }), "{:?}", blind.outcome);
}

#[test]
fn pypiserver() {
    let Some(tools) = servers::tools() else { return };
    let directory = tempfile::tempdir().unwrap();
    let (_server, index) = servers::pypiserver(&tools, directory.path(), Fallback::Nowhere);
    let packages = directory.path().join("packages");
    publish_after_twine(&tools, directory.path(), &index);
    for name in names(&packages) {
        fs::remove_file(packages.join(name)).unwrap();
    }
    publish_thrice(directory.path(), &index);
    install_back(&tools, &index, directory.path());
    // A wrong password is refused at once.
    let path = directory.path().join("dist");
    fs::remove_file(packages.join("acme_sdk-1.2.3.tar.gz")).unwrap();
    let mut wrong = job(&path, &index);
    wrong.variables = vec![("RELKIT_TOKEN".into(), "wrong".into())];
    let refused = wrong.run();
    assert!(matches!(refused.error(), PublishError::Unauthorised { .. }), "{:?}", refused.outcome);
    // A user name in the URL stands in for `__token__`.
    let mut named = job(&path, &index);
    named.upload_url = named.upload_url.replace("http://", "http://up@");
    named.run().succeeded();
}

#[test]
fn devpi() {
    let Some(tools) = servers::tools() else { return };
    let directory = tempfile::tempdir().unwrap();
    let devpi = Devpi::start(&tools, directory.path());
    let index = devpi.index("locked");
    publish_thrice(directory.path(), &index);
    install_back(&tools, &index, directory.path());
    publish_after_twine(&tools, directory.path(), &devpi.index("of-twine"));
}

/// What the index has is what was published, file by file; `warnings` is how many of them it tells no digest of.
fn audit(index_url: &str, warnings: u64) {
    let mut command = relkit();
    command.args(["check", "acme-bin==1.2.3", "acme-sdk==1.2.3", "--select", "index", "--index-url", index_url]);
    let output = run(command.args(["--format", "json"]));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!((json(&output)["errors"].as_u64(), json(&output)["warnings"].as_u64()), (Some(0), Some(warnings)));
}

/// It sends whoever asks for an unknown project to a public index, whose word is not its own.
#[test]
fn pypiserver_with_its_default_fallback() {
    let Some(tools) = servers::tools() else { return };
    let directory = tempfile::tempdir().unwrap();
    let (_server, index) = servers::pypiserver(&tools, directory.path(), Fallback::Default);
    let path = directory.path().join("dist");
    dist(&path, "salt");
    let first = job(&path, &index).run();
    assert!(first.events.iter().any(|event| event.contains("redirects to `https://")), "{:?}", first.events);
    assert_eq!(first.succeeded().receipt.count(FileState::Uploaded), 5);
    assert_eq!(job(&path, &index).run().succeeded().receipt.count(FileState::PresentSame), 5);
    audit(&index.index_url, 0);
    install_back(&tools, &index, directory.path());
    let nobody = run(relkit().args(["check", "acme-nobody==1.0", "--index-url", &index.index_url]));
    assert_eq!(nobody.status.code(), Some(2), "{}", text(&nobody));
    assert!(text(&nobody).contains("what another index has is not its own"), "{}", text(&nobody));
}

/// The files of a base are listed on its page, and are not its own.
#[test]
fn devpi_with_inheritance() {
    let Some(tools) = servers::tools() else { return };
    let directory = tempfile::tempdir().unwrap();
    let devpi = Devpi::start(&tools, directory.path());
    let path = directory.path().join("dist");
    dist(&path, "salt");
    let base = devpi.index("base");
    job(&path, &base).run().succeeded();
    // As an index is made where nobody says otherwise, and one above another that has the very files.
    for (name, bases) in [("usual", "root/pypi"), ("derived", "up/base")] {
        let index = devpi.inheriting(name, bases);
        let first = job(&path, &index).run();
        assert_eq!(first.succeeded().receipt.count(FileState::Uploaded), 5, "{name}");
        assert_eq!(job(&path, &index).run().succeeded().receipt.count(FileState::PresentSame), 5, "{name}");
        audit(&index.index_url, 0);
    }
    // Other bytes in a base are no conflict.
    let other = directory.path().join("other");
    dist(&other, "pepper");
    let index = devpi.inheriting("other", "up/base");
    assert_eq!(job(&other, &index).run().succeeded().receipt.count(FileState::Uploaded), 5);
    install_back(&tools, &index, directory.path());
}

/// Files go to one server and are read from another, whose pages tell no digest: the files themselves do.
#[test]
fn simpleindex_in_front_of_another_server() {
    let Some(tools) = servers::tools() else { return };
    let directory = tempfile::tempdir().unwrap();
    let (_pypiserver, index) = servers::pypiserver(&tools, directory.path(), Fallback::Nowhere);
    let path = directory.path().join("dist");
    dist(&path, "salt");
    job(&path, &index).run().succeeded();
    let by_project = directory.path().join("by-project");
    for project in ["acme-bin", "acme-sdk"] {
        fs::create_dir_all(by_project.join(project)).unwrap();
    }
    let (_server, simple) = servers::simpleindex(&tools, directory.path());
    let index = Index { index_url: simple, ..index };
    // Nothing is there yet, and what the server says of names that it has is held back.
    let mut early = job(&path, &index);
    early.pace.visible = std::time::Duration::from_secs(1);
    assert!(early.run().outcome.is_err());
    for name in names(&path) {
        let project = if name.starts_with("acme_bin") { "acme-bin" } else { "acme-sdk" };
        fs::copy(path.join(&name), by_project.join(project).join(&name)).unwrap();
    }
    assert_eq!(job(&path, &index).run().succeeded().receipt.count(FileState::PresentSame), 5);
    audit(&index.index_url, 5);
    install_back(&tools, &index, directory.path());
    let other = directory.path().join("other");
    dist(&other, "pepper");
    let conflict = job(&other, &index).run();
    assert!(matches!(conflict.error(), PublishError::Conflict { .. }), "{:?}", conflict.outcome);
}
