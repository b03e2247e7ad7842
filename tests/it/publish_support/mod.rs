//! What the tests of publishing share: an index that is scripted to misbehave, small distributions, and a search of
//! everything that was said for the secrets that were used.

pub mod index;
pub mod servers;

use std::cell::RefCell;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use relkit::console::Progress;
use relkit::digest::Sha256Digest;
use relkit::gate::{ReleaseFile, Role};
use relkit::http::parse_url;
use relkit::publish::attestation::Attestations;
use relkit::publish::credentials::{CredentialError, Environment, Source, Token};
use relkit::publish::endpoint::Endpoint;
use relkit::publish::error::PublishError;
use relkit::publish::event::{Event, Listener};
use relkit::publish::index::Index;
use relkit::publish::plan::Plan;
use relkit::publish::receipt::Receipt;
use relkit::publish::upload::Patience;
use relkit::publish::wait::Pace;
use relkit::publish::{Options, publish};

/// The token that the scripted index knows from the start.
pub const TOKEN: &str = "pypi-token-of-the-scripted-index";

pub const VERSION: &str = "1.2.3";
pub const TAGS: [&str; 3] = ["macosx_11_0_arm64", "musllinux_1_1_x86_64", "win_amd64"];

/// A wheel with these bytes in it.
pub fn wheel(directory: &Path, distribution: &str, tag: &str, requires: &[&str], payload: &[u8]) -> PathBuf {
    let stem = format!("{}-{VERSION}", distribution.replace('-', "_"));
    let info = format!("{stem}.dist-info");
    let requires: String = requires.iter().map(|row| format!("Requires-Dist: {row}\n")).collect();
    let metadata = format!(
        "Metadata-Version: 2.4\nName: {distribution}\nVersion: {VERSION}\nSummary: Für den Test — 試験\n\
         Requires-Python: >=3.8\n{requires}Description-Content-Type: text/markdown\n\n# Schön\n"
    );
    let members = [
        (format!("{}/payload", distribution.replace('-', "_")), payload.to_vec()),
        (format!("{info}/METADATA"), metadata.into_bytes()),
        (
            format!("{info}/WHEEL"),
            format!("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: {}\nTag: py3-none-{tag}\n", tag == "any")
                .into_bytes(),
        ),
    ];
    let mut record = String::new();
    for (name, bytes) in &members {
        record += &format!(
            "{name},sha256={},{}\n",
            Sha256Digest::of(bytes).record_form().trim_start_matches("sha256="),
            bytes.len()
        );
    }
    record += &format!("{info}/RECORD,,\n");
    let path = directory.join(format!("{stem}-py3-none-{tag}.whl"));
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in members
        .iter()
        .map(|(name, bytes)| (name.clone(), bytes.clone()))
        .chain([(format!("{info}/RECORD"), record.into_bytes())])
    {
        zip.start_file(name, options).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap();
    path
}

fn sdist(directory: &Path, distribution: &str) {
    let stem = format!("{}-{VERSION}", distribution.replace('-', "_"));
    let file = fs::File::create(directory.join(format!("{stem}.tar.gz"))).unwrap();
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::fast()));
    let metadata = format!("Metadata-Version: 2.4\nName: {distribution}\nVersion: {VERSION}\n");
    for (name, bytes) in [("PKG-INFO", metadata.as_bytes()), ("pyproject.toml", b"[project]\n")] {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, format!("{stem}/{name}"), bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
}

/// A release of three runtime wheels, the SDK's wheel and its sdist; `salt` makes its bytes its own.
pub fn dist(directory: &Path, salt: &str) {
    fs::create_dir_all(directory).unwrap();
    for (index, tag) in TAGS.iter().enumerate() {
        // The names sort otherwise than the sizes.
        wheel(directory, "acme-bin", tag, &[], format!("{salt}{tag}").repeat(3000 * (4 - index)).as_bytes());
    }
    wheel(directory, "acme-sdk", "any", &[&format!("acme-bin=={VERSION}")], salt.as_bytes());
    sdist(directory, "acme-sdk");
}

/// The files of a directory as the gate would list them.
pub fn files(directory: &Path) -> Vec<ReleaseFile> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let distributions = names.into_iter().filter(|name| name.ends_with(".whl") || name.ends_with(".tar.gz"));
    distributions
        .map(|name| {
            let (sha256, bytes) = Sha256Digest::of_reader(&mut fs::File::open(directory.join(&name)).unwrap()).unwrap();
            let (distribution, role) = match () {
                () if name.ends_with(".tar.gz") => ("acme-sdk", Role::SdkSdist),
                () if name.starts_with("acme_sdk") => ("acme-sdk", Role::SdkWheel),
                () => ("acme-bin", Role::RuntimeWheel),
            };
            ReleaseFile {
                name,
                role,
                distribution: distribution.to_owned(),
                version: VERSION.to_owned(),
                bytes,
                sha256,
                target: None,
                tags: Vec::new(),
                findings: Vec::new(),
                receipts: Vec::new(),
            }
        })
        .collect()
}

/// Impatient, so that tests are quick.
pub fn quick() -> Pace {
    Pace {
        patience: Patience { sending: Duration::from_secs(10), answering: Duration::from_secs(10) },
        deadline: Duration::from_secs(60),
        visible: Duration::from_secs(10),
        first_pause: Duration::from_millis(10),
    }
}

/// A publish and everything that came of it.
pub struct Run {
    pub receipt: Receipt,
    pub outcome: Result<(), PublishError>,
    pub events: Vec<String>,
    pub masked: Vec<String>,
}

impl Run {
    /// The error, or a panic that shows what happened instead.
    pub fn error(&self) -> &PublishError {
        self.outcome.as_ref().expect_err("it should have failed")
    }

    pub fn succeeded(&self) -> &Self {
        assert!(self.outcome.is_ok(), "{:?}\n{}", self.outcome, self.events.join("\n"));
        self
    }

    pub fn attempts(&self, name_part: &str) -> u32 {
        self.receipt.files.iter().find(|file| file.name.contains(name_part)).unwrap().attempts
    }
}

/// What a publish is asked to do.
pub struct Job<'a> {
    pub dist: &'a Path,
    pub upload_url: String,
    pub index_url: Option<String>,
    pub variables: Vec<(String, String)>,
    pub attestations: Attestations,
    pub receipt: Option<PathBuf>,
    pub pace: Pace,
}

impl<'a> Job<'a> {
    pub fn new(dist: &'a Path, index: &index::ScriptedIndex) -> Self {
        Self {
            dist,
            upload_url: format!("{}/legacy/", index.address),
            index_url: Some(format!("{}/simple/", index.address)),
            variables: vec![("RELKIT_TOKEN".into(), TOKEN.into())],
            attestations: Attestations::Auto,
            receipt: None,
            pace: quick(),
        }
    }

    /// Plans and publishes; whatever was said is searched for every secret that was masked, and for the token.
    pub fn run(&self) -> Run {
        let mut plan =
            Plan::new(self.dist, &files(self.dist), VERSION, &self.upload_url, self.index_url.as_deref()).unwrap();
        plan.attest(self.dist, self.attestations).unwrap();
        let endpoint = Endpoint::new(&parse_url(&self.upload_url).unwrap()).unwrap();
        let index =
            self.index_url.as_deref().map(|url| Index::new(&parse_url(url).unwrap(), Duration::from_secs(10)).unwrap());
        let options = Options {
            plan: &plan,
            dist: self.dist,
            endpoint: &endpoint,
            index: index.as_ref(),
            attestations: self.attestations,
            receipt: self.receipt.as_deref(),
            pace: self.pace,
        };
        let (events, masked) = (RefCell::new(Vec::new()), RefCell::new(Vec::<String>::new()));
        let event = |event: &Event| events.borrow_mut().push(format!("{} {event}", event.verb()));
        let mask = |secret: &str| masked.borrow_mut().push(secret.to_owned());
        let listener = Listener { event: &event, progress: &|_, _| Progress::hidden(), mask: &mask };
        let environment = Environment::new(self.variables.clone());
        let source =
            || -> Result<Source, CredentialError> { Source::choose(None::<Token>, &environment, &endpoint.url, &mask) };
        let (receipt, outcome) = publish(&options, source, &listener);
        let run = Run { receipt, outcome, events: events.into_inner(), masked: masked.into_inner() };
        let mut said =
            format!("{:?}\n{}\n{:?}\n", run.events, serde_json::to_string(&run.receipt).unwrap(), run.outcome);
        said += &serde_json::to_string(&plan).unwrap();
        said += &self.receipt.as_ref().map(|path| fs::read_to_string(path).unwrap()).unwrap_or_default();
        if let Err(error) = &run.outcome {
            use relkit::error::{Explain as _, Failure};
            said += &format!("{error} {:?}", error.hint());
            let mut cause: Option<&dyn std::error::Error> = Some(error);
            while let Some(inner) = cause {
                said += &format!("\n{inner} {inner:?}");
                cause = inner.source();
            }
            let _ = Failure::new(error.exit(), "");
        }
        assert_no_secret(&said, &run.masked);
        run
    }
}

/// Fails where a text holds a secret.
pub fn assert_no_secret(said: &str, masked: &[String]) {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("__token__:{TOKEN}"));
    for secret in masked.iter().map(String::as_str).chain([TOKEN, &encoded, "request-secret"]) {
        assert!(!said.contains(secret), "`{secret}` in:\n{said}");
    }
}
