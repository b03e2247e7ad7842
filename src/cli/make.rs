//! The commands that make stages, distributions and generated sources.

use std::path::PathBuf;

use clap::Args;

use super::options::{FormatOptions, ProductOptions, ReleaseOptions, forms};
use crate::console::OutputForm;
use crate::zip::deflate::Compression;

#[derive(Debug, Args)]
pub(crate) struct StageOptions {
    /// A template other than the product's
    #[arg(long, value_name = "DIR", conflicts_with = "product")]
    pub(crate) template: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) product: ProductOptions,
    #[command(flatten)]
    pub(crate) release: ReleaseOptions,
    /// Replace OUT if it is not empty, once the new stage is complete
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) output: FormatOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relkit stage-sdk stage/sdk --codex-version rust-v0.163.0")]
pub(crate) struct StageSdk {
    /// The directory to write; it must be new or empty
    pub(crate) out: PathBuf,
    /// The SDK's own version: the runtime's (the default) or a post-release of it
    #[arg(long, value_name = "VERSION")]
    pub(crate) sdk_version: Option<String>,
    #[command(flatten)]
    pub(crate) stage: StageOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relkit stage-runtime stage/linux codex-package.tar.gz \\
    --codex-version rust-v0.163.0
  relkit stage-runtime stage/mac mac-arm.tar.gz --codex-version 0.163.0 \\
    --platform-tag macosx_11_0_arm64

Without --platform-tag the tag is read off the binaries themselves.")]
pub(crate) struct StageRuntime {
    /// The directory to write; it must be new or empty
    pub(crate) out: PathBuf,
    /// An executable (also alone in a .gz, .xz or .zst), a directory with the program, an archive of either (.tar, .tar.gz,
    /// .tar.xz, .tar.zst, .zip) or a published wheel
    pub(crate) payload: PathBuf,
    /// The wheel's platform tag, or several joined by dots
    #[arg(long, value_name = "TAG")]
    pub(crate) platform_tag: Option<String>,
    /// The target that it was built for, where the binaries do not tell, as with two static builds for one machine
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) stage: StageOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relkit build stage/* --out-dir dist\n
SOURCE_DATE_EPOCH sets every timestamp; without it they are 1980-01-01.")]
pub(crate) struct Build {
    /// Staged trees
    #[arg(required = true, value_name = "STAGE")]
    pub(crate) stages: Vec<PathBuf>,
    /// Where the distributions go
    #[arg(long, value_name = "DIR", default_value = "dist")]
    pub(crate) out_dir: PathBuf,
    /// How hard to compress
    #[arg(long, value_name = "PRESET", default_value = "default")]
    pub(crate) compression: Compression,
    /// Threads that compress; the result is the same for every number [default: the machine's processors]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    #[command(flatten)]
    pub(crate) output: FormatOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relkit retag dist/*.whl --honest --out-dir honest
  relkit retag demo-1.0-py3-none-linux_x86_64.whl \\
    --platform-tag manylinux_2_28_x86_64 --out-dir dist

The program and every other file stay as they are, compressed as they are. Nothing is written unless all wheels can be.")]
pub(crate) struct Retag {
    /// Wheels
    #[arg(required = true, value_name = "WHEEL")]
    pub(crate) wheels: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) choice: TagChoice,
    /// Where the wheels go
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: PathBuf,
    /// Replace a wheel of the same name that holds something else
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) output: FormatOptions,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct TagChoice {
    /// The new platform tag, or several joined by dots; every binary must keep the promise of each
    #[arg(long, value_name = "TAG")]
    pub(crate) platform_tag: Option<String>,
    /// The platform tags that are honest and that installers of today ask for, read off the binaries themselves
    #[arg(long)]
    pub(crate) honest: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relkit generate-types \\
    --wheel dist/openai_codex_cli_bin-0.163.0-py3-none-win_amd64.whl
  relkit generate-types --codex-bin ./codex --check
  relkit generate-types --codex-bin ./codex --against old.whl \\
    --format markdown")]
pub(crate) struct GenerateTypes {
    #[command(flatten)]
    pub(crate) source: SchemaSource,
    #[command(flatten)]
    pub(crate) product: ProductOptions,
    /// The SDK tree to write to [default: the product's, or sdk-template]
    #[arg(long, value_name = "DIR")]
    pub(crate) sdk: Option<PathBuf>,
    /// Write nothing; exit 1 where the SDK's types are stale
    #[arg(long)]
    pub(crate) check: bool,
    /// Write nothing; report what changed for an SDK user since this runtime (a schema directory, a wheel or an executable)
    #[arg(long, value_name = "DIR_OR_WHEEL", conflicts_with = "check")]
    pub(crate) against: Option<PathBuf>,
    /// The form of the report
    #[arg(long, value_name = "FORMAT", default_value = "text",
        value_parser = forms(Some(("markdown", "For release notes", OutputForm::Markdown))))]
    pub(crate) format: OutputForm,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SchemaSource {
    /// The runtime's executable
    #[arg(long, value_name = "FILE")]
    pub(crate) codex_bin: Option<PathBuf>,
    /// A runtime wheel for this machine
    #[arg(long, value_name = "FILE")]
    pub(crate) wheel: Option<PathBuf>,
    /// A directory that `codex app-server generate-json-schema` wrote
    #[arg(long, value_name = "DIR")]
    pub(crate) schema_dir: Option<PathBuf>,
}
