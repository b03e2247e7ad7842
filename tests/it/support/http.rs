//! Servers of a few lines, for tests: they answer on 127.0.0.1 until the program ends.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

/// What a request begins with.
pub struct Head {
    pub line: String,
    /// By name in lower case.
    pub headers: HashMap<String, String>,
}

impl Head {
    pub fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            bytes.push(byte[0]);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok(Self { line, headers })
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Answers every connection in a thread of its own; the address is that of the server's root.
pub fn serve(answer: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // A connection that breaks is what many of the tests are about.
            thread::spawn(move || answer(stream));
        }
    });
    address
}

/// A whole answer, after which the connection is closed.
pub fn response(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// What is at a path of a [`Site`].
#[derive(Clone)]
pub enum Resource {
    Bytes(Vec<u8>),
    /// Somewhere else on the same server.
    Redirect(String),
    /// So many bytes of it, and then the connection is cut.
    Cut(Vec<u8>, usize),
}

/// A server of files as upstreams publish them: nothing else is there, ranges are served, and requests are kept.
pub struct Site {
    pub address: String,
    resources: Arc<Mutex<BTreeMap<String, Resource>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Site {
    pub fn start() -> Self {
        let resources = Arc::new(Mutex::new(BTreeMap::<String, Resource>::new()));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (served, seen) = (Arc::clone(&resources), Arc::clone(&requests));
        let address = serve(move |mut stream| {
            let head = Head::read(&mut stream)?;
            let path = head.line.split(' ').nth(1).unwrap_or_default().to_owned();
            let range = head.header("range").to_owned();
            seen.lock().unwrap().push(format!("{path} {range}").trim_end().to_owned());
            let found = served.lock().unwrap().get(&path).cloned();
            let (bytes, cut) = match found {
                None => return stream.write_all(response("404 Not Found", "", "not here").as_bytes()),
                Some(Resource::Redirect(to)) => {
                    let to = format!("Location: {to}\r\n");
                    return stream.write_all(response("302 Found", &to, "").as_bytes());
                }
                Some(Resource::Bytes(bytes)) => (bytes, usize::MAX),
                Some(Resource::Cut(bytes, cut)) => (bytes, cut),
            };
            let (length, from) = (bytes.len(), range.strip_prefix("bytes=").and_then(|range| range.split('-').next()));
            let from = from.and_then(|from| from.parse().ok()).filter(|from| *from < length).unwrap_or(0);
            let status = match from {
                0 => "200 OK".to_owned(),
                _ => format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{length}", length - 1),
            };
            // The entity tag of a cut file is left out: each attempt at it begins anew.
            let tag = if cut == usize::MAX { format!("ETag: \"{length}\"\r\n") } else { String::new() };
            let rest = &bytes[from..];
            write!(stream, "HTTP/1.1 {status}\r\n{tag}Content-Length: {}\r\nConnection: close\r\n\r\n", rest.len())?;
            stream.write_all(&rest[..rest.len().min(cut)])
        });
        Self { address, resources, requests }
    }

    pub fn put(&self, path: &str, resource: Resource) {
        self.resources.lock().unwrap().insert(path.to_owned(), resource);
    }

    pub fn bytes(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.put(path, Resource::Bytes(bytes.into()));
    }

    pub fn remove(&self, path: &str) {
        self.resources.lock().unwrap().remove(path);
    }

    /// The paths that were asked for since the last time, each with its range.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

/// Serves one file at every path.
pub fn serve_file(path: PathBuf) -> String {
    serve(move |mut stream| {
        Head::read(&mut stream)?;
        let mut file = std::fs::File::open(&path)?;
        let length = file.metadata()?.len();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
        io::copy(&mut file, &mut stream).map(|_| ())
    })
}
