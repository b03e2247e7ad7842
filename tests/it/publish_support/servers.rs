//! Real index servers on this machine, devpi and pypiserver, started for one test and ended with it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{judges, succeed};

/// The password of the only user who may upload.
pub const PASSWORD: &str = "a-password-of-this-test";

/// A server that ends with the test.
pub struct Server {
    child: Child,
    /// Its root, without a slash at the end.
    pub address: String,
    /// The upload API, for relkit: it names the user, where that is not `__token__`.
    pub upload_url: String,
    /// The simple API.
    pub index_url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the servers and their clients are, the installers among them.
pub fn bin() -> Option<PathBuf> {
    judges("servers", &["pypiserver", "devpi-server", "devpi-client", "passlib", "setuptools<81", "uv", "twine"])
}

/// A pypiserver that serves `root/packages`, which need not exist; only `__token__` and `up` may upload to it.
pub fn pypiserver(bin: &Path, root: &Path) -> Server {
    let packages = root.join("packages");
    fs::create_dir_all(&packages).unwrap();
    let passwords = root.join("htpasswd");
    let script = "import sys; from passlib.apache import HtpasswdFile as H; h = H(sys.argv[1], new=True); \
                  h.set_password('__token__', sys.argv[2]); h.set_password('up', sys.argv[2]); h.save()";
    succeed(Command::new(bin.join("python")).args(["-c", script]).arg(&passwords).arg(PASSWORD));
    let port = free_port();
    let mut command = Command::new(bin.join("pypi-server"));
    command.args(["run", "-p", &port.to_string(), "-i", "127.0.0.1", "-a", "update", "-P"]).arg(&passwords);
    command.arg("--disable-fallback").arg(&packages);
    let address = format!("http://127.0.0.1:{port}");
    let (upload_url, index_url) = (format!("{address}/"), format!("{address}/simple/"));
    Server { child: start(&mut command, port), address, upload_url, index_url }
}

/// A devpi server with the index `up/NAME`, which never takes other bytes under a known name; its data are in `root/NAME`.
pub fn devpi(bin: &Path, root: &Path, name: &str) -> Server {
    let root = root.join(name);
    fs::create_dir_all(&root).unwrap();
    let data = root.join("data");
    succeed(Command::new(bin.join("devpi-init")).arg("--serverdir").arg(&data).args(["--root-passwd", "rootpw"]));
    let port = free_port();
    let mut command = Command::new(bin.join("devpi-server"));
    command.arg("--serverdir").arg(&data).args(["--host", "127.0.0.1", "--port", &port.to_string(), "--offline-mode"]);
    let child = start(&mut command, port);
    let address = format!("http://127.0.0.1:{port}");
    let upload_url = format!("http://up@127.0.0.1:{port}/up/{name}/");
    let index_url = format!("{address}/up/{name}/+simple/");
    let server = Server { child, address, upload_url, index_url };
    let home = root.join("home");
    fs::create_dir(&home).unwrap();
    let devpi = |arguments: &[&str]| {
        succeed(
            Command::new(bin.join("devpi"))
                .args(arguments)
                .env("HOME", &home)
                .env("USERPROFILE", &home)
                .current_dir(&home),
        )
    };
    devpi(&["use", &server.address]);
    devpi(&["login", "root", "--password", "rootpw"]);
    devpi(&["user", "-c", "up", &format!("password={PASSWORD}")]);
    devpi(&["index", "-c", &format!("up/{name}"), "bases=", "volatile=False"]);
    server
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn start(command: &mut Command, port: u16) -> Child {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(child.try_wait().unwrap().is_none() && Instant::now() < deadline, "{command:?} does not answer");
        std::thread::sleep(Duration::from_millis(100));
    }
    child
}
