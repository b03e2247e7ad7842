//! Real index servers on this machine, devpi and pypiserver, started for one test and ended with it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use super::{Tools, succeed};

/// The password of the only user who may upload.
pub const PASSWORD: &str = "a-password-of-this-test";

/// The servers and their clients, the installers among them.
pub fn tools() -> Option<Tools> {
    Tools::with(
        "servers",
        &["pypiserver", "devpi-server", "devpi-client", "passlib", "setuptools<81", "uv", "twine", "simpleindex"],
    )
}

/// An index of a server.
pub struct Index {
    /// The upload API, for relkit: it names the user, where that is not `__token__`.
    pub upload_url: String,
    /// The simple API.
    pub index_url: String,
}

/// A server that ends with the test.
pub struct Server {
    child: Child,
    /// Its root, without a slash at the end.
    pub address: String,
}

impl Server {
    fn start(command: &mut Command, port: u16) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut server = Self { child, address: format!("http://127.0.0.1:{port}") };
        let deadline = Instant::now() + Duration::from_secs(120);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let waits = server.child.try_wait().unwrap().is_none() && Instant::now() < deadline;
            assert!(waits, "{command:?} does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a pypiserver sends whoever asks for a project that it does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    Nowhere,
    /// To a public index, as it does where nobody says otherwise.
    Default,
}

/// A pypiserver that serves `root/packages`, which need not exist; only `__token__` and `up` may upload to it.
pub fn pypiserver(tools: &Tools, root: &Path, fallback: Fallback) -> (Server, Index) {
    let packages = root.join("packages");
    fs::create_dir_all(&packages).unwrap();
    let passwords = root.join("htpasswd");
    let script = "import sys; from passlib.apache import HtpasswdFile as H; h = H(sys.argv[1], new=True); \
                  h.set_password('__token__', sys.argv[2]); h.set_password('up', sys.argv[2]); h.save()";
    succeed(tools.python().args(["-c", script]).arg(&passwords).arg(PASSWORD));
    let port = free_port();
    let mut command = tools.tool("pypi-server");
    command.args(["run", "-p", &port.to_string(), "-i", "127.0.0.1", "-a", "update", "-P"]).arg(&passwords);
    let options: &[&str] = if fallback == Fallback::Nowhere { &["--disable-fallback"] } else { &[] };
    let server = Server::start(command.args(options).arg(&packages), port);
    let index = Index { upload_url: format!("{}/", server.address), index_url: format!("{}/simple/", server.address) };
    (server, index)
}

/// A devpi server and its client.
pub struct Devpi<'a> {
    pub server: Server,
    tools: &'a Tools,
    home: PathBuf,
}

impl<'a> Devpi<'a> {
    pub fn start(tools: &'a Tools, root: &Path) -> Self {
        let (data, home) = (root.join("data"), root.join("home"));
        fs::create_dir_all(&home).unwrap();
        succeed(tools.tool("devpi-init").arg("--serverdir").arg(&data).args(["--root-passwd", "rootpw"]));
        let port = free_port();
        let mut command = tools.tool("devpi-server");
        command.arg("--serverdir").arg(&data).args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        let server = Server::start(command.arg("--offline-mode"), port);
        let devpi = Self { server, tools, home };
        devpi.client(&["use", &devpi.server.address]);
        devpi.client(&["login", "root", "--password", "rootpw"]);
        devpi.client(&["user", "-c", "up", &format!("password={PASSWORD}")]);
        devpi
    }

    fn client(&self, arguments: &[&str]) {
        let mut client = self.tools.tool("devpi");
        client.args(arguments).env("HOME", &self.home).env("USERPROFILE", &self.home);
        succeed(client.current_dir(&self.home));
    }

    /// A new index, `up/NAME`, which never takes other bytes under a known name.
    pub fn index(&self, name: &str) -> Index {
        self.inheriting(name, "")
    }

    /// The same, which lists what its bases have, too.
    pub fn inheriting(&self, name: &str, bases: &str) -> Index {
        self.client(&["index", "-c", &format!("up/{name}"), &format!("bases={bases}"), "volatile=False"]);
        let page = format!("{}/up/{name}/", self.server.address);
        Index { upload_url: page.replace("http://", "http://up@"), index_url: format!("{page}+simple/") }
    }
}

/// A simpleindex that lists the directories of `root/by-project`, a server of HTML pages without digests, to which nothing
/// can be uploaded. Returns the URL of its simple API.
pub fn simpleindex(tools: &Tools, root: &Path) -> (Server, String) {
    let port = free_port();
    let configuration = format!(
        "[routes.\"{{project}}\"]\nsource = \"path\"\nto = \"by-project/{{project}}\"\n\
         [server]\nhost = \"127.0.0.1\"\nport = {port}\n"
    );
    fs::write(root.join("simpleindex.toml"), configuration).unwrap();
    let mut command = tools.tool("simpleindex");
    let server = Server::start(command.arg(root.join("simpleindex.toml")), port);
    let simple = format!("{}/", server.address);
    (server, simple)
}

/// A port that nobody listens on; none of those that systems hand out, which another test might be given meanwhile.
fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let start = 20_000 + (std::process::id() % 10_000) as u16;
    let ports = std::iter::repeat_with(|| start + TAKEN.fetch_add(1, Ordering::Relaxed)).take(1000);
    ports.into_iter().find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}
