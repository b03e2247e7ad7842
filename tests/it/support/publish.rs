//! What the tests of publishing share: an index that is scripted to misbehave, small distributions, and a search of
//! everything that was said for the secrets that were used.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relkit::console::Progress;
use relkit::digest::Sha256Digest;
use relkit::gate::{ReleaseFile, Role};
use relkit::http::parse_url;
use relkit::publish::attestation::Attestations;
use relkit::publish::credentials::{CredentialError, CredentialSource, Environment, Token};
use relkit::publish::endpoint::Endpoint;
use relkit::publish::error::PublishError;
use relkit::publish::event::{Event, Listener};
use relkit::publish::index::Index;
use relkit::publish::plan::Plan;
use relkit::publish::receipt::Receipt;
use relkit::publish::upload::Patience;
use relkit::publish::wait::Pace;
use relkit::publish::{Options, publish};

use super::index::ScriptedIndex;
use super::{names, write};
use crate::samples::archive::{Defect, TarMember, entry, gzip, tar};
use crate::samples::wheel::{Sample, linux};

/// The token that the scripted index knows from the start.
pub const TOKEN: &str = "pypi-token-of-the-scripted-index";

pub const VERSION: &str = "1.2.3";
pub const TAGS: [&str; 3] = ["macosx_11_0_arm64", "musllinux_1_1_x86_64", "win_amd64"];

/// A wheel with these bytes in it.
pub fn wheel(directory: &Path, distribution: &str, tag: &str, requires: &[&str], payload: impl Into<Vec<u8>>) {
    let module = distribution.replace('-', "_");
    let stem = format!("{module}-{VERSION}");
    let requires: String = requires.iter().map(|row| format!("Requires-Dist: {row}\n")).collect();
    // Stored, so that the file is as large as what is in it.
    let payload = entry(&format!("{module}/payload"), payload, 0o100_644).with(Defect::Method(0));
    let sample = Sample {
        file_name: format!("{stem}-py3-none-{tag}.whl"),
        info: format!("{stem}.dist-info"),
        metadata: format!(
            "Metadata-Version: 2.4\nName: {distribution}\nVersion: {VERSION}\nSummary: Für den Test — 試験\n\
             Requires-Python: >=3.8\n{requires}Description-Content-Type: text/markdown\n\n# Schön\n"
        ),
        wheel: format!("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: {}\nTag: py3-none-{tag}\n", tag == "any"),
        entries: vec![payload],
        ..linux()
    };
    write(directory, &sample.file_name, sample.build());
}

fn sdist(directory: &Path, distribution: &str) {
    let stem = format!("{}-{VERSION}", distribution.replace('-', "_"));
    let metadata = format!("Metadata-Version: 2.4\nName: {distribution}\nVersion: {VERSION}\n");
    let files = [("PKG-INFO", metadata.as_str()), ("pyproject.toml", "[project]\n")];
    let members = files.map(|(name, text)| TarMember::file(format!("{stem}/{name}"), text));
    write(directory, &format!("{stem}.tar.gz"), gzip(&tar(&members)));
}

/// A release of three runtime wheels, the SDK's wheel and its sdist; `salt` makes its bytes its own.
pub fn dist(directory: &Path, salt: &str) {
    fs::create_dir_all(directory).unwrap();
    for (index, tag) in TAGS.iter().enumerate() {
        // The names sort otherwise than the sizes.
        wheel(directory, "acme-bin", tag, &[], format!("{salt}{tag}").repeat(3000 * (4 - index)));
    }
    wheel(directory, "acme-sdk", "any", &[&format!("acme-bin=={VERSION}")], salt);
    sdist(directory, "acme-sdk");
}

/// The files of a directory as the gate would list them.
pub fn files(directory: &Path) -> Vec<ReleaseFile> {
    let distributions = names(directory).into_iter().filter(|name| name.ends_with(".whl") || name.ends_with(".tar.gz"));
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

/// An attestation of a file in the form of PEP 740; its signature is nobody's.
pub fn attestation(name: &str, sha256: &str) -> serde_json::Value {
    let statement = serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": sha256}}],
        "predicateType": "https://docs.index.example/attestations/publish/v1",
        "predicate": null,
    });
    let statement = STANDARD.encode(statement.to_string());
    serde_json::json!({
        "version": 1,
        "verification_material": {"certificate": STANDARD.encode("certificate"), "transparency_entries": [{}]},
        "envelope": {"statement": statement, "signature": STANDARD.encode("signature")},
    })
}

/// Impatient, so that tests are quick.
pub fn quick() -> Pace {
    Pace {
        patience: Patience { sending: Duration::from_secs(10), answering: Duration::from_secs(10) },
        deadline: Duration::from_secs(60),
        visible: Duration::from_secs(10),
        elsewhere: Duration::from_secs(1),
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
    pub fn new(dist: &'a Path, index: &ScriptedIndex) -> Self {
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
        let mut plan = Plan::new(
            self.dist,
            &files(self.dist),
            &VERSION.parse().unwrap(),
            &self.upload_url,
            self.index_url.as_deref(),
        )
        .unwrap();
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
        let source = || -> Result<CredentialSource, CredentialError> {
            CredentialSource::choose(None::<Token>, &environment, &endpoint.url, &mask)
        };
        let (receipt, outcome) = publish(&options, source, &listener);
        let run = Run { receipt, outcome, events: events.into_inner(), masked: masked.into_inner() };
        let mut said =
            format!("{:?}\n{}\n{:?}\n", run.events, serde_json::to_string(&run.receipt).unwrap(), run.outcome);
        said += &serde_json::to_string(&plan).unwrap();
        said += &self.receipt.as_ref().map(|path| fs::read_to_string(path).unwrap()).unwrap_or_default();
        if let Err(error) = &run.outcome {
            use relkit::error::Explain as _;
            said += &format!("{error} {:?}", error.hint());
            let mut cause: Option<&dyn std::error::Error> = Some(error);
            while let Some(inner) = cause {
                said += &format!("\n{inner} {inner:?}");
                cause = inner.source();
            }
        }
        assert_no_secret(&said, &run.masked);
        run
    }
}

/// A release, and an index that has nothing of it.
pub struct Bench {
    pub index: ScriptedIndex,
    pub dist: PathBuf,
    _directory: tempfile::TempDir,
}

pub fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dist");
    dist(&path, "salt");
    Bench { index: ScriptedIndex::start(), dist: path, _directory: directory }
}

impl Bench {
    pub fn job(&self) -> Job<'_> {
        Job::new(&self.dist, &self.index)
    }

    /// A job on GitHub Actions without a token of its own.
    pub fn trusted(&self) -> Job<'_> {
        Job { variables: self.index.job(), ..self.job() }
    }

    pub fn assert_complete(&self) {
        assert_complete(&self.index, &self.dist);
    }
}

/// Every planned file is there once, with its bytes, and the SDK began when every runtime file was visible.
pub fn assert_complete(index: &ScriptedIndex, dist: &Path) {
    let planned = files(dist);
    let stored = index.files();
    assert_eq!(stored.len(), planned.len(), "{stored:?}");
    for file in &planned {
        let found: Vec<_> = stored.iter().filter(|stored| stored.name == file.name).collect();
        assert_eq!(found.len(), 1, "{}", file.name);
        assert_eq!(found[0].sha256, file.sha256.to_string());
    }
    for sdk in stored.iter().filter(|file| file.project == "acme-sdk") {
        for runtime in planned.iter().filter(|file| file.name.starts_with("acme_bin")) {
            assert!(sdk.visible_before.contains(&runtime.name), "{} before {}", sdk.name, runtime.name);
        }
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
