//! The gate, the upload and the download.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::options::{AnnotatedFormatOptions, FormatOptions, IndexSource, ProductOptions, ReleaseOptions, seconds};
use crate::gate::Half;
use crate::publish::attestation::Attestations;

#[derive(Debug, Args)]
pub(crate) struct GateOptions {
    /// A directory of wheels and sdists
    pub(crate) dist: PathBuf,
    #[command(flatten)]
    pub(crate) release: ReleaseOptions,
    #[command(flatten)]
    pub(crate) product: ProductOptions,
    /// A directory of smoke receipts; every wheel that must be smoked needs a passing one
    #[arg(long, value_name = "DIR")]
    pub(crate) receipts: Option<PathBuf>,
    /// Targets that may be absent from the set, or `all`
    #[arg(long, value_name = "TARGET", value_delimiter = ',')]
    pub(crate) allow_missing: Vec<String>,
    /// One half of the release: the other's files are left alone; the SDK is held against the runtime that the index has
    #[arg(long, value_name = "HALF")]
    pub(crate) only: Option<Half>,
    /// The runtime template that says what a complete set is, other than the product's
    #[arg(long, value_name = "DIR", conflicts_with = "product")]
    pub(crate) template: Option<PathBuf>,
    /// The SDK template whose names the SDK must have, other than the product's
    #[arg(long, value_name = "DIR")]
    pub(crate) sdk_template: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  relkit verify dist --codex-version rust-v0.163.0 --receipts receipts \\\n    --allow-missing all"
)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) gate: GateOptions,
    #[command(flatten)]
    pub(crate) index: IndexSource,
    /// Write the release manifest: every file, hash, tag, version, finding and receipt
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: AnnotatedFormatOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  relkit publish dist --codex-version 0.163.0 --receipts receipts \\
    --upload-url https://upload.example/legacy/ \\
    --index-url https://index.example/simple/

No index is built in. The token comes from the job's trusted publisher, else from RELKIT_TOKEN or --token-stdin.")]
#[command(group = ArgGroup::new("destination").required(true).multiple(true).args(["upload_url", "index"]))]
pub(crate) struct Publish {
    #[command(flatten)]
    pub(crate) gate: GateOptions,
    /// The upload API of the index
    #[arg(long, value_name = "URL", env = "RELKIT_UPLOAD_URL", hide_env_values = true)]
    pub(crate) upload_url: Option<String>,
    /// The simple API of the index, where published files are looked up
    #[arg(long, value_name = "URL", env = "RELKIT_INDEX_URL", hide_env_values = true)]
    pub(crate) index_url: Option<String>,
    /// An index of the product's table, which has both URLs: given in their place, and in that of their variables
    #[arg(long, value_name = "NAME")]
    pub(crate) index: Option<String>,
    /// A release manifest from `verify --manifest`; anything that differs from it is refused
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
    /// Print the plan and stop
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write the plan; without `--dry-run`, a plan that is there already must be this one
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// Write what was uploaded, after every file
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    /// Read the token from standard input
    #[arg(long)]
    pub(crate) token_stdin: bool,
    /// What happens to attestations beside the files (PEP 740)
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) attestations: Attestations,
    /// How long the server may take none of the bytes
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds())]
    pub(crate) timeout: u64,
    /// How long one file may take, all tries together
    #[arg(long, value_name = "SECONDS", default_value = "1800", value_parser = seconds())]
    pub(crate) deadline: u64,
    /// How long to wait until the index lists what was uploaded
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds())]
    pub(crate) visible_timeout: u64,
    #[command(flatten)]
    pub(crate) output: FormatOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relkit fetch https://example/codex-x86_64-unknown-linux-musl.tar.gz \\
    --out downloads/ --sha256 HEX
  relkit fetch --target x86_64-unknown-linux-musl \\
    --release-version 15.2.0 --out downloads/

With --target the artefact comes from the product's `source`, and is held against its `checksums`.")]
pub(crate) struct Fetch {
    #[command(flatten)]
    pub(crate) artefact: ArtefactSource,
    /// Of several wheels of the target, the one with this platform tag
    #[arg(long, value_name = "TAG", requires = "target", conflicts_with = "url")]
    pub(crate) platform_tag: Option<String>,
    /// The release: a release tag of the product or a PEP 440 version
    #[arg(
        long,
        value_name = "VERSION",
        visible_alias = "codex-version",
        required_unless_present = "url",
        conflicts_with = "url"
    )]
    pub(crate) release_version: Option<String>,
    #[command(flatten)]
    pub(crate) product: ProductOptions,
    /// The file to write, or an existing directory (or a path that ends in `/`) to write it into
    #[arg(long, value_name = "FILE_OR_DIR")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) expected: ExpectedDigest,
    /// How long the server may be silent
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds())]
    pub(crate) timeout: u64,
    #[command(flatten)]
    pub(crate) output: FormatOptions,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ArtefactSource {
    /// Where the artefact is
    pub(crate) url: Option<String>,
    /// The target whose artefact upstream publishes
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) target: Option<String>,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct ExpectedDigest {
    /// The SHA-256 that the artefact must have
    #[arg(long, value_name = "HEX")]
    pub(crate) sha256: Option<String>,
    /// The list of checksums that names the artefact, such as SHA256SUMS
    #[arg(long, value_name = "URL_OR_FILE")]
    pub(crate) checksums: Option<String>,
    /// Accept whatever bytes arrive
    #[arg(long)]
    pub(crate) no_digest: bool,
}
