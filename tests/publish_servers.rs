//! Publishing to real servers on this machine, devpi and pypiserver, and installing back with pip and uv.

mod publish_support;
mod support;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use publish_support::{Job, dist, files, quick};
use relkit::publish::attestation::Attestations;
use relkit::publish::error::PublishError;
use relkit::publish::receipt::State;
use support::{judges, run, succeed, text};

const PASSWORD: &str = "a-password-of-this-test";

/// A server that ends with the test.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn start(command: &mut Command, port: u16) -> Server {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(child.try_wait().unwrap().is_none() && Instant::now() < deadline, "{command:?} does not answer");
        std::thread::sleep(Duration::from_millis(100));
    }
    Server { child, address: format!("http://127.0.0.1:{port}") }
}

fn bin() -> Option<PathBuf> {
    judges("servers", &["pypiserver", "devpi-server", "devpi-client", "passlib", "setuptools<81", "uv", "twine"])
}

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
    let Some(bin) = bin() else { return };
    let directory = tempfile::tempdir().unwrap();
    let packages = directory.path().join("packages");
    fs::create_dir(&packages).unwrap();
    let passwords = directory.path().join("htpasswd");
    let script = "import sys; from passlib.apache import HtpasswdFile as H; h = H(sys.argv[1], new=True); \
                  h.set_password('__token__', sys.argv[2]); h.set_password('up', sys.argv[2]); h.save()";
    succeed(Command::new(bin.join("python")).args(["-c", script]).arg(&passwords).arg(PASSWORD));
    let port = free_port();
    let mut command = Command::new(bin.join("pypi-server"));
    command.args(["run", "-p", &port.to_string(), "-i", "127.0.0.1", "-a", "update", "-P"]).arg(&passwords);
    let server = start(command.arg("--disable-fallback").arg(&packages), port);
    let simple = format!("{}/simple/", server.address);
    let upload = format!("{}/", server.address);
    publish_after_twine(&bin, directory.path(), &upload, &upload, &simple);
    for entry in fs::read_dir(&packages).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    publish_thrice(directory.path(), &upload, &simple);
    install_back(&bin, &simple, directory.path());
    // A wrong password is refused at once.
    let path = directory.path().join("dist");
    fs::remove_file(packages.join("acme_sdk-1.2.3.tar.gz")).unwrap();
    let mut wrong = job(&path, format!("{}/", server.address), simple.clone());
    wrong.variables = vec![("RELKIT_TOKEN".into(), "wrong".into())];
    let refused = wrong.run();
    assert!(matches!(refused.error(), PublishError::Unauthorised { .. }), "{:?}", refused.outcome);
    // A user name in the URL stands in for `__token__`.
    let named = server.address.replace("http://", "http://up@");
    job(&path, format!("{named}/"), simple).run().succeeded();
}

#[test]
fn devpi() {
    let Some(bin) = bin() else { return };
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let initialised =
        run(Command::new(bin.join("devpi-init")).arg("--serverdir").arg(&data).args(["--root-passwd", "rootpw"]));
    assert!(initialised.status.success(), "{}", text(&initialised));
    let port = free_port();
    let mut command = Command::new(bin.join("devpi-server"));
    command.arg("--serverdir").arg(&data).args(["--host", "127.0.0.1", "--port", &port.to_string(), "--offline-mode"]);
    let server = start(&mut command, port);
    let home = directory.path().join("home");
    fs::create_dir(&home).unwrap();
    let devpi = |arguments: &[&str]| {
        succeed(Command::new(bin.join("devpi")).args(arguments).env("HOME", &home).current_dir(&home))
    };
    devpi(&["use", &server.address]);
    devpi(&["login", "root", "--password", "rootpw"]);
    devpi(&["user", "-c", "up", &format!("password={PASSWORD}")]);
    devpi(&["index", "-c", "up/locked", "bases=", "volatile=False"]);
    let upload = format!("{}/up/locked/", server.address.replace("http://", "http://up@"));
    let simple = format!("{}/up/locked/+simple/", server.address);
    publish_thrice(directory.path(), &upload, &simple);
    install_back(&bin, &simple, directory.path());
    devpi(&["index", "-c", "up/of-twine", "bases=", "volatile=False"]);
    let server_url = format!("{}/up/of-twine/", server.address);
    let upload = server_url.replace("http://", "http://up@");
    publish_after_twine(&bin, directory.path(), &server_url, &upload, &format!("{server_url}+simple/"));
}
