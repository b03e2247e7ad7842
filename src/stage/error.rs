//! Why a stage was not written, and what to know about one that was.

use std::path::PathBuf;

use crate::binary::{BinaryError, Objection, WhyNoTag, honest_instead};
use crate::console::text::quoted;
use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::member_path::{self, MemberPath, Unkeepable};
use crate::payload::PayloadError;
use crate::product::{KeyPosition, ProductError};
use crate::target::PlatformTag;
use crate::version::PublicVersion;
use crate::wheel::name::DistributionName;

/// A stage that could not be written. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error(transparent)]
    Payload(#[from] PayloadError),
    #[error(transparent)]
    Fs(#[from] FsError),
    #[error(transparent)]
    Product(#[from] ProductError),
    /// A file has a path that not every system can keep.
    #[error(transparent)]
    Path(#[from] Unkeepable),
    #[error("`{origin}/{path}` has the unknown placeholder `{placeholder}`")]
    Placeholder { origin: String, path: String, placeholder: String },
    #[error("the template `{origin}` must have exactly one package below `src/`, and has {found}")]
    Package { origin: String, found: String },
    #[error("`{origin}` is not TOML")]
    Toml {
        origin: String,
        #[source]
        source: Box<toml_edit::TomlError>,
    },
    /// A key of `pyproject.toml`, as a dotted path, has a value of the wrong type.
    #[error("`{origin}`: {key} must be {expected}")]
    Type { origin: String, key: String, expected: &'static str },
    /// The dependencies are computed by the build backend.
    #[error("`{origin}`: `dependencies` is dynamic, and the runtime cannot be pinned")]
    DynamicDependencies { origin: String },
    #[error("the output `{}` overlaps the {what} `{}`", out.display(), input.display())]
    Overlap { out: PathBuf, input: PathBuf, what: &'static str },
    /// A file of the payload looks like a binary and is none.
    #[error("`{member}` of `{}` cannot be used", payload.display())]
    Binary {
        payload: PathBuf,
        member: String,
        #[source]
        source: BinaryError,
    },
    /// The entry executable is a shared library.
    #[error("`{member}` of `{}` is a shared library, not an executable", payload.display())]
    Library { payload: PathBuf, member: String },
    /// The binaries are for another machine than the tag that was asked for.
    #[error("`{}` cannot be tagged `{tag}`: `{member}`: {objection}", payload.display())]
    WrongMachine {
        payload: PathBuf,
        tag: Box<PlatformTag>,
        member: String,
        objection: Box<Objection>,
        honest: Vec<PlatformTag>,
    },
    #[error("no platform tag is honest for `{}`: {why}", payload.display())]
    NoHonestTag { payload: PathBuf, why: WhyNoTag },
    /// The payload says that it is another version.
    #[error("`{}` is version {stated} by its {place}, not {asked}", payload.display())]
    Version { payload: PathBuf, stated: String, place: &'static str, asked: PublicVersion },
    /// The payload says that it is for another target than the tag.
    #[error("`{}` is built for `{stated}` by its `codex-package.json`, which `{tag}` does not fit", payload.display())]
    Target { payload: PathBuf, stated: String, tag: PlatformTag },
    #[error("the payload and the template both have `{path}`{}", row.iter().map(|row| format!(" ({row})")).collect::<String>())]
    Conflict {
        path: String,
        /// The row of `files` that puts it there, where one does.
        row: Option<KeyPosition>,
    },
}

impl Explain for StageError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Payload(error) => return error.hint(),
            Self::Fs(error) => return error.hint(),
            Self::Product(error) => return error.hint(),
            Self::Path(error) => return error.hint(),
            Self::Binary { source, .. } => return source.hint(),
            Self::Package { .. } | Self::Toml { .. } | Self::Type { .. } => return None,
            Self::Placeholder { .. } => {
                "known are `@distribution@`, `@module@`, `@executable@`, `@executables@`, `@command@` and `@version@`, in the runtime template"
            }
            Self::DynamicDependencies { .. } => "list the dependencies in the [project] table",
            Self::Overlap { .. } => "give an output directory beside it",
            Self::Library { .. } => "give the program that users start; libraries go beside it, in a package directory",
            Self::WrongMachine { honest, .. } => {
                return Some(honest_instead(honest, "where no tag is asked for, relkit chooses"));
            }
            Self::NoHonestTag { why: why @ (WhyNoTag::Homeless(_) | WhyNoTag::Unjudged(_)), .. } => return why.hint(),
            Self::NoHonestTag { .. } => {
                "replace the binaries named, or say what the payload is for: `--target TRIPLE`, or `TAG=PAYLOAD` in a \
                 release; with `--platform-tag` see what `relkit check` says"
            }
            Self::Version { stated, .. } => {
                return Some(format!("give the payload of that release, or `--release-version {stated}`"));
            }
            Self::Target { .. } => "give the payload that was built for the tag, or another tag",
            Self::Conflict { row: Some(_), .. } => {
                "give the row another `to`, a directory of its own such as `package/data/`: what the template has stays there"
            }
            Self::Conflict { row: None, .. } => "take the file out of one of them",
        };
        Some(hint.into())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Payload(error) => error.exit(),
            Self::Fs(error) => error.exit(),
            Self::Product(error) => error.exit(),
            Self::Path(error) => error.exit(),
            Self::Binary { .. }
            | Self::Library { .. }
            | Self::WrongMachine { .. }
            | Self::NoHonestTag { .. }
            | Self::Version { .. }
            | Self::Target { .. } => Exit::NotGood,
            _ => Exit::Failed,
        }
    }
}

/// Something about a stage that did not keep it from being written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StageWarning {
    /// A binary breaks the promise of the tag that was asked for.
    #[error("`{member}` does not keep the promise of `{tag}`: {objection}")]
    Dishonest { member: String, tag: PlatformTag, objection: Objection },
    /// A binary keeps the tag's promise with a reservation.
    #[error("`{member}` under `{tag}`: {objection}")]
    Reservation { member: String, tag: PlatformTag, objection: Objection },
    /// The input holds files that are not part of the payload; some of their names where they are many.
    #[error("left out, since they are not part of the payload: {names}")]
    LeftOut { names: String },
    /// Another program than the product's, maybe.
    #[error(
        "the program of this payload is called `{called}`, and `{distribution}` ships it as `{program}`: if it is another \
         program, `--product DIR` names its product"
    )]
    Renamed { called: String, program: String, distribution: DistributionName },
    /// A wheel holds no links.
    #[error(
        "`{program}` is a link to `{original}` of the payload, and a wheel holds a copy of it: what lies {} is not beside the \
         copy, should the program look for it there",
        match member_path::parent(original) {
            "" => "at the top of the payload".to_owned(),
            directory => format!("in `{directory}`"),
        }
    )]
    Linked { program: String, original: MemberPath },
    #[error("left out, since they are links to nothing: {names}")]
    Dangling { names: String },
    #[error("nothing that `{pattern}` of `files` names is in the payload ({at})")]
    Unmatched { pattern: String, at: KeyPosition },
}

impl StageWarning {
    /// The sentences for people: rows of `files` that find nothing are one of them.
    pub(crate) fn sentences(warnings: &[Self]) -> Vec<String> {
        let rows = warnings.iter().filter_map(|warning| match warning {
            Self::Unmatched { pattern, at } => Some((pattern, at)),
            _ => None,
        });
        let (patterns, places): (Vec<_>, Vec<_>) = rows.unzip();
        let mut is_said = false;
        let sentence = |warning: &Self| match warning {
            Self::Unmatched { .. } if patterns.len() > 1 => {
                let all = format!(
                    "nothing that these rows of `files` name is in the payload: {} ({})",
                    quoted(&patterns),
                    KeyPosition::of_several(&places)
                );
                (!std::mem::replace(&mut is_said, true)).then_some(all)
            }
            _ => Some(warning.to_string()),
        };
        warnings.iter().filter_map(sentence).collect()
    }

    pub(crate) fn of(member: &str, tag: &PlatformTag, objection: Objection) -> Self {
        let (member, tag) = (member.to_owned(), tag.clone());
        if objection.breaks_promise() {
            Self::Dishonest { member, tag, objection }
        } else {
            Self::Reservation { member, tag, objection }
        }
    }
}
