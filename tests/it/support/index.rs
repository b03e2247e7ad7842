//! An index on this machine: the upload API, the simple API and trusted publishing, each scripted to misbehave.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{self, Read, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

pub use super::http::response;
use super::http::{Head, serve};

/// A file that the index has.
#[derive(Debug, Clone)]
pub struct Stored {
    pub name: String,
    pub project: String,
    pub sha256: String,
    pub bytes: u64,
    pub since: Instant,
    /// The names that the simple API listed when this file's upload began.
    pub visible_before: Vec<String>,
    pub fields: Vec<(String, String)>,
    /// When it was uploaded, as the simple API tells it (PEP 700).
    pub upload_time: Option<String>,
}

/// What happens to one upload instead of the usual.
#[derive(Debug, Clone)]
pub struct Fault {
    /// How much of the body is read before anything else happens.
    pub read: u64,
    /// Whether the file is stored; the whole body is read then.
    pub store: bool,
    /// What is answered; nothing and a closed connection where `None`.
    pub answer: Option<String>,
    /// How long the reader sleeps after every 64 kB.
    pub slow: Duration,
    /// How long the server does nothing before it goes on.
    pub hang: Duration,
}

impl Fault {
    /// This answer after the whole body.
    pub fn answer(status: &str, headers: &str, body: &str) -> Self {
        Self {
            read: u64::MAX,
            store: false,
            answer: Some(response(status, headers, body)),
            slow: Duration::ZERO,
            hang: Duration::ZERO,
        }
    }

    /// A closed connection after so many bytes; what else arrives makes it a reset.
    pub fn cut(read: u64) -> Self {
        Self { read, answer: None, ..Self::answer("200 OK", "", "") }
    }

    pub fn early(self, read: u64) -> Self {
        Self { read, ..self }
    }

    pub fn stored(self) -> Self {
        Self { store: true, ..self }
    }

    pub fn slow(slow: Duration) -> Self {
        Self { store: true, slow, ..Self::answer("200 OK", "", "") }
    }

    pub fn hang(read: u64, hang: Duration) -> Self {
        Self { read, hang, ..Self::cut(0) }
    }
}

/// How the index answers a file that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// The same bytes are as good as stored, others are refused.
    Compared,
    /// Every file of a known name is refused with 409.
    Refused,
}

/// How the simple API is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    Html,
    HtmlWithoutDigests,
}

#[derive(Debug, Default)]
pub struct Seen {
    /// Every request line.
    pub lines: Vec<String>,
    /// Every Authorization header of an upload.
    pub authorizations: Vec<String>,
    /// Every Authorization header of another request; empty where there was none.
    pub readers: Vec<String>,
    /// How many bytes of upload bodies were read.
    pub bytes: u64,
    /// How many uploads were begun, by file name.
    pub uploads: HashMap<String, u32>,
    /// Every identity token that was handed out.
    pub identities: Vec<String>,
    pub minted: u32,
}

pub struct State {
    pub files: Mutex<Vec<Stored>>,
    pub faults: Mutex<VecDeque<Fault>>,
    /// Raw answers for other paths, used up in order.
    pub canned: Mutex<HashMap<String, VecDeque<String>>>,
    /// Raw answers for other paths, whenever they are asked for.
    pub fixed: Mutex<HashMap<String, Vec<u8>>>,
    /// Where the page of a project is while it has no files here.
    pub fallback: Mutex<Option<String>>,
    pub seen: Mutex<Seen>,
    pub tokens: Mutex<HashSet<String>>,
    pub expired: Mutex<HashSet<String>>,
    /// How many uploads a token serves for before it expires.
    pub uses: Mutex<Option<u32>>,
    pub used: Mutex<HashMap<String, u32>>,
    pub claims: Mutex<serde_json::Value>,
    pub lag: Mutex<Duration>,
    pub duplicates: Mutex<Duplicates>,
    pub form: Mutex<Form>,
}

pub struct ScriptedIndex {
    pub address: String,
    pub state: Arc<State>,
}

impl ScriptedIndex {
    /// Starts; ends with the test's process.
    pub fn start() -> Self {
        let state = Arc::new(State {
            files: Mutex::default(),
            faults: Mutex::default(),
            canned: Mutex::default(),
            fixed: Mutex::default(),
            fallback: Mutex::default(),
            seen: Mutex::default(),
            tokens: Mutex::new(HashSet::from([super::publish::TOKEN.to_owned()])),
            expired: Mutex::default(),
            uses: Mutex::default(),
            used: Mutex::default(),
            claims: Mutex::new(serde_json::json!({})),
            lag: Mutex::default(),
            duplicates: Mutex::new(Duplicates::Compared),
            form: Mutex::new(Form::Json),
        });
        let shared = Arc::clone(&state);
        let address = serve(move |stream| shared.serve(stream));
        Self { address, state }
    }

    pub fn faults(&self, faults: impl IntoIterator<Item = Fault>) -> &Self {
        self.state.faults.lock().unwrap().extend(faults);
        self
    }

    pub fn canned(&self, path: &str, answers: impl IntoIterator<Item = String>) -> &Self {
        self.state.canned.lock().unwrap().entry(path.to_owned()).or_default().extend(answers);
        self
    }

    /// Answers so whenever this path is asked for.
    pub fn fixed(&self, path: &str, answer: impl Into<Vec<u8>>) -> &Self {
        self.state.fixed.lock().unwrap().insert(path.to_owned(), answer.into());
        self
    }

    /// Sends whoever asks for a project without files to another index.
    pub fn fall_back(&self, to: &str) {
        *self.state.fallback.lock().unwrap() = Some(to.to_owned());
    }

    /// How many requests had this path.
    pub fn asked(&self, path: &str) -> usize {
        let seen = self.state.seen.lock().unwrap();
        seen.lines.iter().filter(|line| line.split(' ').nth(1) == Some(path)).count()
    }

    pub fn files(&self) -> Vec<Stored> {
        self.state.files.lock().unwrap().clone()
    }

    /// How many tokens were minted.
    pub fn minted(&self) -> u32 {
        self.state.seen.lock().unwrap().minted
    }

    pub fn lag(&self, lag: Duration) {
        *self.state.lag.lock().unwrap() = lag;
    }

    /// Has a file of this name with these bytes, as if another publisher had sent it.
    pub fn plant(&self, name: &str, project: &str, sha256: &str) {
        self.state.files.lock().unwrap().push(Stored {
            name: name.into(),
            project: project.into(),
            sha256: sha256.into(),
            bytes: 0,
            since: Instant::now(),
            visible_before: Vec::new(),
            fields: Vec::new(),
            upload_time: None,
        });
    }

    /// The variables of a job on GitHub Actions whose identity this server hands out.
    pub fn job(&self) -> Vec<(String, String)> {
        vec![
            ("ACTIONS_ID_TOKEN_REQUEST_URL".into(), format!("{}/id-token?api-version=2", self.address)),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN".into(), "request-secret".into()),
            ("GITHUB_ACTIONS".into(), "true".into()),
        ]
    }
}

impl State {
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let head = Head::read(&mut stream)?;
        let target = head.line.split(' ').nth(1).unwrap_or_default().to_owned();
        let path = target.split('?').next().unwrap_or_default().to_owned();
        self.seen.lock().unwrap().lines.push(head.line.clone());
        let canned = self.canned.lock().unwrap().get_mut(&path).and_then(VecDeque::pop_front);
        let length: u64 = head.header("content-length").parse().unwrap_or(0);
        if let Some(answer) = canned {
            io::copy(&mut (&mut stream).take(length), &mut io::sink())?;
            return stream.write_all(answer.as_bytes());
        }
        let fixed = self.fixed.lock().unwrap().get(&path).cloned();
        if let Some(answer) = fixed {
            io::copy(&mut (&mut stream).take(length), &mut io::sink())?;
            self.seen.lock().unwrap().readers.push(head.header("authorization").to_owned());
            return stream.write_all(&answer);
        }
        if path == "/legacy/" || path == "/elsewhere" {
            return self.upload(&mut stream, &head, length);
        }
        self.seen.lock().unwrap().readers.push(head.header("authorization").to_owned());
        let mut body = Vec::new();
        (&mut stream).take(length).read_to_end(&mut body)?;
        let answer = match path.as_str() {
            "/_/oidc/audience" => response("200 OK", "", r#"{"audience":"scripted-index"}"#),
            "/id-token" => self.identity(&head, &target),
            "/_/oidc/mint-token" => self.mint(&body),
            _ => match path.strip_prefix("/simple/").map(|rest| rest.trim_end_matches('/')) {
                Some(project) if !project.is_empty() => self.page(project),
                Some(_) => self.root(),
                _ => response("404 Not Found", "", "nothing here"),
            },
        };
        stream.write_all(answer.as_bytes())
    }

    fn visible(&self, project: &str) -> Vec<Stored> {
        let lag = *self.lag.lock().unwrap();
        let files = self.files.lock().unwrap();
        files
            .iter()
            .filter(|file| (project.is_empty() || file.project == project) && file.since.elapsed() >= lag)
            .cloned()
            .collect()
    }

    fn page(&self, project: &str) -> String {
        let files = self.visible(project);
        if files.is_empty() {
            if let Some(to) = &*self.fallback.lock().unwrap() {
                return response("302 Found", &format!("Location: {to}{project}/\r\n"), "");
            }
            return response("404 Not Found", "", "<h1>not here</h1>");
        }
        match *self.form.lock().unwrap() {
            Form::Json => {
                let files: Vec<_> = files
                    .iter()
                    .map(|file| {
                        serde_json::json!({
                            "filename": file.name,
                            "url": file.name,
                            "hashes": {"sha256": file.sha256},
                            "upload-time": file.upload_time,
                        })
                    })
                    .collect();
                let body =
                    serde_json::json!({"meta": {"api-version": "1.1"}, "name": project, "files": files}).to_string();
                response("200 OK", "Content-Type: application/vnd.pypi.simple.v1+json\r\n", &body)
            }
            form => {
                let mut body = "<!DOCTYPE html><html><body>\n".to_owned();
                for file in files {
                    let fragment = if form == Form::Html { format!("#sha256={}", file.sha256) } else { String::new() };
                    body += &format!("<a href=\"/files/{}{fragment}\">{}</a><br>\n", file.name, file.name);
                }
                response("200 OK", "Content-Type: text/html\r\n", &body)
            }
        }
    }

    /// The projects that there are.
    fn root(&self) -> String {
        let files = self.visible("");
        let projects: HashSet<_> = files.iter().map(|file| file.project.as_str()).collect();
        let projects: Vec<_> = projects.into_iter().map(|name| serde_json::json!({"name": name})).collect();
        let body = serde_json::json!({"meta": {"api-version": "1.1"}, "projects": projects}).to_string();
        response("200 OK", "Content-Type: application/vnd.pypi.simple.v1+json\r\n", &body)
    }

    fn identity(&self, head: &Head, target: &str) -> String {
        let allowed = head.header("authorization") == "bearer request-secret";
        if !allowed || !target.contains("api-version=2") || !target.contains("audience=scripted-index") {
            return response("400 Bad Request", "", "wrong request");
        }
        let mut seen = self.seen.lock().unwrap();
        let mut claims = self.claims.lock().unwrap().clone();
        claims["jti"] = format!("identity-{}", seen.identities.len()).into();
        let identity = format!("e30.{}.signature", URL_SAFE_NO_PAD.encode(claims.to_string()));
        seen.identities.push(identity.clone());
        response("200 OK", "", &serde_json::json!({"count": 1, "value": identity}).to_string())
    }

    /// An identity token serves once.
    fn mint(&self, body: &[u8]) -> String {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let mut seen = self.seen.lock().unwrap();
        let Some(at) = seen.identities.iter().position(|known| body["token"] == **known) else {
            let refusal = r#"{"message":"Token request failed","errors":[{"code":"invalid-reuse-token","description":"already used"}]}"#;
            return response("422 Unprocessable Entity", "", refusal);
        };
        seen.identities[at] = "used".into();
        seen.minted += 1;
        let token = format!("pypi-minted-{}-secret", seen.minted);
        self.tokens.lock().unwrap().insert(token.clone());
        response("200 OK", "", &serde_json::json!({"success": true, "token": token, "expires": 900}).to_string())
    }

    fn upload(&self, stream: &mut TcpStream, head: &Head, length: u64) -> io::Result<()> {
        let fault = self.faults.lock().unwrap().pop_front();
        let authorization = head.header("authorization").to_owned();
        self.seen.lock().unwrap().authorizations.push(authorization.clone());
        if !head.line.starts_with("POST ") {
            return stream.write_all(response("405 Method Not Allowed", "", "").as_bytes());
        }
        let (_, boundary) = head.header("content-type").split_once("boundary=").unwrap_or_default();
        let visible_before = self.visible("").into_iter().map(|file| file.name).collect();
        let limit = fault.as_ref().map_or(u64::MAX, |fault| fault.read);
        let slow = fault.as_ref().map_or(Duration::ZERO, |fault| fault.slow);
        let mut body = Body { stream, left: length, read: 0, limit, slow };
        let upload = Upload::read(&mut body, boundary.trim_matches('"'));
        let read = body.read;
        self.seen.lock().unwrap().bytes += read;
        if let Ok(upload) = &upload {
            *self.seen.lock().unwrap().uploads.entry(upload.name.clone()).or_default() += 1;
        }
        let stored = |upload: Upload| Stored {
            project: upload.field("name").replace('_', "-"),
            name: upload.name,
            sha256: upload.sha256,
            bytes: upload.bytes,
            since: Instant::now(),
            visible_before,
            fields: upload.fields,
            upload_time: None,
        };
        if let Some(fault) = fault {
            thread::sleep(fault.hang);
            if fault.store {
                let file = stored(upload?);
                self.files.lock().unwrap().push(file);
            }
            return fault.answer.map_or(Ok(()), |answer| stream.write_all(answer.as_bytes()));
        }
        let upload = upload?;
        if let Some(objection) = self.objection(&authorization, &upload) {
            return stream.write_all(objection.as_bytes());
        }
        let mut files = self.files.lock().unwrap();
        let answer = match files.iter().find(|file| file.name == upload.name) {
            Some(_) if *self.duplicates.lock().unwrap() == Duplicates::Refused => {
                response("409 Conflict", "", "<h1>Package already exists!</h1>")
            }
            Some(file) if file.sha256 != upload.sha256 => {
                let name = &upload.name;
                let words = format!("400 File already exists ('{name}', with blake2_256 hash 'x'). See the help.");
                let body = serde_json::json!({"message": "x", "code": words}).to_string();
                response("400 Bad Request", "", &body)
            }
            Some(_) => response("200 OK", "", ""),
            None => {
                files.push(stored(upload));
                response("200 OK", "", "")
            }
        };
        stream.write_all(answer.as_bytes())
    }

    fn objection(&self, authorization: &str, upload: &Upload) -> Option<String> {
        let decoded =
            authorization.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        let decoded = String::from_utf8_lossy(&decoded).into_owned();
        let token = decoded.strip_prefix("__token__:").unwrap_or_default().to_owned();
        if self.expired.lock().unwrap().contains(&token) {
            let page = "<html><title>403 Forbidden</title></html>";
            return Some(response("403 Invalid API Token: token is expired", "", page));
        }
        if !self.tokens.lock().unwrap().contains(&token) {
            return Some(response("403 Forbidden", "", "Invalid or non-existent authentication information."));
        }
        let mut used = self.used.lock().unwrap();
        let count = used.entry(token.clone()).or_default();
        *count += 1;
        if *self.uses.lock().unwrap() == Some(*count) {
            self.expired.lock().unwrap().insert(token);
        }
        if upload.field("sha256_digest") != upload.sha256 {
            let words = "The digest supplied does not match a digest calculated from the uploaded file.";
            return Some(response("400 Bad Request", "", words));
        }
        None
    }
}

struct Body<'a> {
    stream: &'a mut TcpStream,
    left: u64,
    read: u64,
    limit: u64,
    slow: Duration,
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.left.min(self.limit - self.read).min(buffer.len() as u64);
        let count = self.stream.read(&mut buffer[..usize::try_from(most).unwrap()])?;
        thread::sleep(self.slow);
        self.left -= count as u64;
        self.read += count as u64;
        Ok(count)
    }
}

/// An upload, read in bounded memory: the file is hashed on the way and must be the last part.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    pub fields: Vec<(String, String)>,
    pub name: String,
    pub sha256: String,
    pub bytes: u64,
}

impl Upload {
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    fn read(body: &mut Body<'_>, boundary: &str) -> io::Result<Self> {
        let mut upload = Self::default();
        let mut head = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        let start = loop {
            let count = body.read(&mut buffer)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            head.extend_from_slice(&buffer[..count]);
            if let Some(at) = find(&head, b"filename=\"")
                && let Some(end) = find(&head[at..], b"\r\n\r\n")
            {
                break at + end + 4;
            }
        };
        let text = String::from_utf8_lossy(&head[..start]).into_owned();
        for part in text.split(&format!("--{boundary}\r\n")).skip(1) {
            let (headers, value) = part.split_once("\r\n\r\n").unwrap_or((part, ""));
            let quoted =
                |key: &str| headers.split_once(&format!("{key}=\"")).and_then(|(_, rest)| rest.split('"').next());
            let name = quoted("; name").unwrap_or_default().to_owned();
            match quoted("filename") {
                Some(file) => upload.name = file.to_owned(),
                None => upload.fields.push((name, value.strip_suffix("\r\n").unwrap_or(value).to_owned())),
            }
        }
        let tail = format!("\r\n--{boundary}--\r\n").len() as u64;
        let mut left = (head.len() - start) as u64 + body.left - tail;
        upload.bytes = left;
        let mut hasher = Sha256::new();
        let first = &head[start..head.len().min(start + usize::try_from(left).unwrap())];
        hasher.update(first);
        left -= first.len() as u64;
        while left > 0 {
            let most = buffer.len().min(usize::try_from(left).unwrap());
            let count = body.read(&mut buffer[..most])?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            hasher.update(&buffer[..count]);
            left -= count as u64;
        }
        // Not one byte of the end may be missing, or the form was not finished.
        while body.left > 0 {
            if body.read(&mut buffer)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        upload.sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(upload)
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
