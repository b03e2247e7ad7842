//! What several commands have in common: forms of a report, the product and its release, indexes.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, RangedU64ValueParser, TypedValueParser};

use crate::console::OutputForm;

/// The forms of a report: text, JSON, and one more where the command has it.
pub(super) fn forms(
    more: Option<(&'static str, &'static str, OutputForm)>,
) -> impl TypedValueParser<Value = OutputForm> {
    let known =
        [("text", "For people", OutputForm::Text), ("json", "For programs, with a `schema_version`", OutputForm::Json)];
    let known: Vec<_> = known.into_iter().chain(more).collect();
    let values: Vec<_> = known.iter().map(|(name, help, _)| PossibleValue::new(name).help(help)).collect();
    PossibleValuesParser::new(values).map(move |name| {
        // invariant: clap takes these names alone.
        known.iter().find(|(known, ..)| name == *known).map_or(OutputForm::Text, |(.., form)| *form)
    })
}

pub(super) fn seconds() -> RangedU64ValueParser {
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
