//! The commands around a product, and around relkit itself.

use std::path::PathBuf;

use clap::Args;

use super::options::{FormatOptions, ProductOptions, forms};
use crate::console::OutputForm;

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
