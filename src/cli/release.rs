//! The whole line in one command.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::options::{FormatOptions, IndexSource, ProductOptions, ReleaseOptions, seconds};
use crate::gate::Half;
use crate::product::Level;
use crate::zip::deflate::Compression;

#[derive(Debug, Args)]
#[command(override_usage = "relkit release [OPTIONS] --release-version <VERSION> --out-dir <DIR> \
                            <--payload <[TAG=]PAYLOAD>...|--download>")]
#[command(after_help = "Examples:
  relkit release --codex-version 0.163.0 --out-dir release \\
    --payload linux-x86_64.tar.gz macosx_11_0_arm64=mac-arm.tar.gz \\
    --report release/report.html
  relkit release --release-version 15.2.0 --download --out-dir release")]
pub(crate) struct Release {
    #[command(flatten)]
    pub(crate) release: ReleaseOptions,
    #[command(flatten)]
    pub(crate) product: ProductOptions,
    #[command(flatten)]
    pub(crate) payloads: PayloadSource,
    /// Where the artefacts go and stay, so that another run goes on with them [default: OUT-DIR with `-downloads`]
    #[arg(long, value_name = "DIR", requires = "download", conflicts_with = "payload")]
    pub(crate) download_dir: Option<PathBuf>,
    /// A list of checksums other than the product's
    #[arg(long, value_name = "URL_OR_FILE", requires = "download", conflicts_with = "payload")]
    pub(crate) checksums: Option<String>,
    /// Accept whatever bytes arrive
    #[arg(long, requires = "download", conflicts_with_all = ["checksums", "payload"])]
    pub(crate) no_digest: bool,
    /// How long the server may be silent
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds())]
    pub(crate) timeout: u64,
    /// Where stages, distributions and receipts go
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: PathBuf,
    /// The SDK's own version: the runtime's (the default) or a post-release of it
    #[arg(long, value_name = "VERSION")]
    pub(crate) sdk_version: Option<String>,
    /// A runtime template other than the product's
    #[arg(long, value_name = "DIR", conflicts_with = "product")]
    pub(crate) runtime_template: Option<PathBuf>,
    /// An SDK template other than the product's
    #[arg(long, value_name = "DIR")]
    pub(crate) sdk_template: Option<PathBuf>,
    /// How hard to compress
    #[arg(long, value_name = "PRESET", default_value = "default")]
    pub(crate) compression: Compression,
    /// Threads that compress [default: the machine's processors]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// How far the smoke tests go [default: the product's own level]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Option<Level>,
    /// A command that runs a target's executables: `aarch64-unknown-linux-musl=qemu-aarch64-static`
    #[arg(long, value_name = "TARGET=CMD")]
    pub(crate) runner: Vec<String>,
    /// Targets that may be absent from the set, or `all`
    #[arg(long, value_name = "TARGET", value_delimiter = ',')]
    pub(crate) allow_missing: Vec<String>,
    /// One half of the release: the SDK alone takes no payload, and is held against the runtime that the index has
    #[arg(long, value_name = "HALF")]
    pub(crate) only: Option<Half>,
    #[command(flatten)]
    pub(crate) index: IndexSource,
    /// Write a self-contained HTML page about the release
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Say what changed since an earlier release, of which this directory holds the distributions
    #[arg(long, value_name = "DIST")]
    pub(crate) against: Option<PathBuf>,
    /// Write the same facts as Markdown, for a job summary
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// Replace what OUT-DIR holds of an earlier run
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) output: FormatOptions,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct PayloadSource {
    /// Payloads, each with its platform tag before `=` or with the tag that its binaries call for
    #[arg(long, value_name = "[TAG=]PAYLOAD", num_args = 1.., required_unless_present_any = ["download", "only"])]
    pub(crate) payload: Vec<OsString>,
    /// Take every target's artefact from the product's `source`, held against its `checksums`
    #[arg(long)]
    pub(crate) download: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relkit demo
  relkit demo --out-dir demo --report demo.html

The stand-in is relkit itself, playing `codex app-server` well enough for a whole turn.")]
pub(crate) struct Demo {
    /// Keep what the demo makes there [default: a temporary directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Write the page about the release of the stand-in, as `relkit release --report` does
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Replace what OUT-DIR holds of an earlier run
    #[arg(long, requires = "out_dir")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) output: FormatOptions,
}
