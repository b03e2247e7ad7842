//! What can go wrong between a runtime and the SDK's types.

use std::path::PathBuf;

use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::wheel::reader::WheelError;
use relkit_client::process::ProcessError;

/// The types cannot be generated.
#[derive(Debug, thiserror::Error)]
pub enum TypegenError {
    /// A file or directory cannot be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// A wheel cannot be opened, or is damaged.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// A wheel carries no executable of the runtime.
    #[error("`{}` carries no `{executable}`, and no other executable that is known to be the runtime", path.display())]
    NoExecutable {
        /// The wheel.
        path: PathBuf,
        /// The file name of the executable.
        executable: String,
    },
    /// The directory holds no JSON file.
    #[error("`{}` holds no schema", path.display())]
    NoSchema {
        /// The directory.
        path: PathBuf,
    },
    /// A file is not JSON.
    #[error("`{}` is not JSON", path.display())]
    NotJson {
        /// The file, relative to the schema directory.
        path: PathBuf,
        /// What the parser says.
        #[source]
        source: serde_json::Error,
    },
    /// The schema uses what the models cannot express.
    #[error("`{file}` has no model at `{pointer}`: {why}")]
    Unsupported {
        /// The schema file.
        file: String,
        /// JSON pointer (RFC 6901) of the place.
        pointer: String,
        /// What is not supported.
        why: String,
    },
    /// A reference leads nowhere.
    #[error("definition `{definition}` refers to `{reference}`, which the schema does not define")]
    Dangling { definition: String, reference: String },
    /// Two classes would have one name.
    #[error("the class name `{name}` of `{pointer}` is taken")]
    NameTaken {
        name: String,
        /// JSON pointer of the second.
        pointer: String,
    },
    /// A default is not a value of its field.
    #[error("the default {default} of `{class}.{field}` does not fit: {why}")]
    Default {
        class: String,
        /// The field's wire name.
        field: String,
        /// The default, as JSON.
        default: String,
        why: String,
    },
    /// A method of the SDK exposes what the schema no longer has.
    #[error("the method `{method}` exposes `{missing}`, which the schema of `{protocol_method}` no longer has")]
    Vanished {
        method: &'static str,
        /// The definition or field.
        missing: String,
        protocol_method: &'static str,
    },
    /// A method of the SDK is a request that the runtime does not have.
    #[error("the method `{method}` is the request `{protocol_method}`, which this runtime does not have")]
    NoRequest { method: &'static str, protocol_method: &'static str },
    /// A row of the table of methods says too little.
    #[error("the row of `{protocol_method}` gives its method `{method}` keywords, and not what it returns")]
    NoResult { method: &'static str, protocol_method: &'static str },
    /// The answer that refuses a request of the server no longer fits the schema.
    #[error("the refusal of `{method}` is no `{response}`: {why}")]
    Refusal {
        method: String,
        /// The definition of the answer.
        response: String,
        why: String,
    },
    /// The runtime could not be asked for its schema.
    #[error("`{}` did not write its schema: {why}", program.display())]
    Runtime {
        program: PathBuf,
        /// What it did instead, with the end of its standard error.
        why: String,
        /// What to do about this machine, where the program says that it has no more of something.
        want: Option<&'static str>,
    },
    /// The runtime could not be started, or did not end.
    #[error("cannot ask `{}` for its schema", program.display())]
    Process {
        /// The executable, or the wheel that carries it.
        program: PathBuf,
        /// What happened to the process.
        #[source]
        source: ProcessError,
    },
}

impl Explain for TypegenError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Fs(error) => error.hint(),
            Self::Wheel(error) => error.hint(),
            Self::NoSchema { .. } => {
                Some("give the directory that `app-server generate-json-schema --out DIR` wrote".into())
            }
            Self::Unsupported { .. } => Some("extend the generator; it does not guess".into()),
            Self::NameTaken { .. } => Some("name the variant in the generator's table of overrides".into()),
            Self::Vanished { .. } => {
                Some("take it out of the list of exposed keywords, and say so in the release notes".into())
            }
            Self::NoRequest { .. } => Some(
                "give the runtime that the SDK is pinned to or a newer one; where that no longer has it, take the row out of \
                 `EXPOSED` and say so in the release notes"
                    .into(),
            ),
            Self::NoResult { .. } => {
                Some("write the face out with a `result`: a docstring with `Args:` has a `Returns:` too".into())
            }
            Self::Process { source, .. } => {
                source.hint().or_else(|| Some("give an executable that this machine can run".into()))
            }
            Self::Runtime { want: Some(hint), .. } => Some((*hint).to_owned()),
            Self::Runtime { .. } => Some(
                "give the runtime itself: it answers `--version`, and `app-server generate-json-schema --out DIR`"
                    .into(),
            ),
            Self::NoExecutable { .. } => {
                Some("give a wheel of the runtime, or its executable with `--codex-bin`".into())
            }
            Self::NotJson { .. } | Self::Dangling { .. } | Self::Default { .. } => {
                Some("let the runtime write its schema again; where it says the same, the runtime is at fault".into())
            }
            Self::Refusal { .. } => Some("mend the refusal in the generator: the protocol has changed".into()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Wheel(error) => error.exit(),
            Self::NoExecutable { .. } => Exit::NotGood,
            _ => Exit::Failed,
        }
    }
}
