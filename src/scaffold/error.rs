//! Why no product was written.

use std::path::PathBuf;

use crate::binary::WhyNoTag;
use crate::console::text::quoted;
use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::payload::PayloadError;
use crate::product::ProductError;
use crate::smoke::SmokeError;
use crate::target::TargetTriple;

#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    #[error(transparent)]
    Fs(#[from] FsError),
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// This machine runs no program now.
    #[error(transparent)]
    Smoke(#[from] SmokeError),
    #[error("`{}` holds no program", payload.display())]
    NoProgram { payload: PathBuf },
    #[error("no platform tag is honest for `{}`: {why}", payload.display())]
    NoHonestTag { payload: PathBuf, why: WhyNoTag },
    #[error("`{}` holds programs for several platforms: {programs}", payload.display())]
    SeveralPlatforms { payload: PathBuf, programs: String },
    #[error("two payloads are for `{triple}` under the same platform tag: `{one}` and `{other}`")]
    SameTarget { triple: TargetTriple, one: String, other: String },
    #[error("`{name}` cannot be {what}")]
    Name { name: String, what: &'static str },
    /// What an option says, and why it is not that.
    #[error("`{value}` is no value of `{option}`")]
    Option {
        option: &'static str,
        value: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("these files are there already: {}", quoted(files))]
    Exists { files: Vec<String> },
    #[error("a workflow cannot name the product's directory, `{place}`")]
    Place { place: String },
    #[error("`{}` is there already, and is no workflow that relkit wrote", path.display())]
    NoWorkflow { path: PathBuf },
    #[error("`{}` is the release workflow of `{there}`, not of `{new}`", path.display())]
    OtherWorkflow { path: PathBuf, there: String, new: String },
    /// The table that was put together is refused by what reads it.
    #[error("a product of these names cannot be written")]
    Product(#[source] Box<ProductError>),
}

impl ScaffoldError {
    /// The same of a payload that was named before.
    pub(super) fn about_it(&self) -> String {
        match self {
            Self::NoHonestTag { why, .. } => format!("no platform tag is honest for it: {why}"),
            Self::SeveralPlatforms { programs, .. } => format!("it holds programs for several platforms: {programs}"),
            other => other.to_string(),
        }
    }
}

impl Explain for ScaffoldError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Fs(error) => return error.hint(),
            Self::Payload(error) => return error.hint(),
            Self::Smoke(error) => return error.hint(),
            Self::NoProgram { .. } => {
                "give the executable itself, or an archive, directory or wheel that holds it".into()
            }
            Self::NoHonestTag { why, .. } => why.hint().unwrap_or_else(|| {
                "leave the payload out of `--from`, or replace the binaries named; `relkit inspect` says what is honest for each"
                    .into()
            }),
            Self::SeveralPlatforms { .. } => {
                "unpack it, and give what is for each platform as a payload of its own".into()
            }
            Self::SameTarget { .. } => {
                "give one payload for each platform: their programs say which it is, whatever their names say".into()
            }
            Self::Option { option: "--license", .. } => "write it as `MIT OR Apache-2.0`".into(),
            Self::Option { .. } => "write it as `https://host/owner/repository`".into(),
            Self::Name { .. } | Self::Product(_) => "give another with `--name`, `--module` or `--executable`".into(),
            Self::Place { .. } => "name it without `${{` and without characters that cannot be seen".into(),
            Self::OtherWorkflow { .. } => {
                "name its product with `--product DIR`, or give `--force` to replace it".into()
            }
            Self::NoWorkflow { .. } => "give another file, or `--force` to replace it".into(),
            Self::Exists { .. } => "give another directory, or `--force` to replace them".into(),
        })
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Fs(error) => error.exit(),
            Self::Payload(error) => error.exit(),
            Self::Smoke(error) => error.exit(),
            Self::NoProgram { .. } | Self::NoHonestTag { .. } | Self::SeveralPlatforms { .. } => Exit::NotGood,
            Self::SameTarget { .. }
            | Self::Name { .. }
            | Self::Option { .. }
            | Self::Exists { .. }
            | Self::NoWorkflow { .. }
            | Self::OtherWorkflow { .. }
            | Self::Place { .. }
            | Self::Product(_) => Exit::Failed,
        }
    }
}
