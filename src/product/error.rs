//! Why a directory is no product, or a `pyproject.toml` has no `[tool.relkit]` table that can be used.

use std::path::{Path, PathBuf};

use super::place::KeyPosition;
use crate::console::text::visible;
use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::toml_text::{TomlError, Unknown, unknown_name};

#[derive(Debug, thiserror::Error)]
pub enum ProductError {
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The file is not TOML, or the table is missing a key, has an unknown one or one of the wrong type.
    #[error("`{origin}` has no usable [tool.relkit] table{}", key.iter().map(|key| format!(": `{}`", visible(key))).collect::<String>())]
    Table {
        origin: String,
        /// The dotted path of the value that is wrong, where it is one.
        key: Option<String>,
        #[source]
        source: TomlError,
    },
    /// A value of the table is not what its key says.
    #[error("{at}")]
    Value {
        at: KeyPosition,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("`{}` is no product: it holds no `runtime-template/pyproject.toml`", directory.display())]
    NotAProduct { directory: PathBuf },
    #[error("the template `{origin}` has no pyproject.toml")]
    NoPyproject { origin: String },
    #[error("`{origin}/pyproject.toml` is not UTF-8")]
    NotText { origin: String },
    #[error("`{}` of the template is not a file", path.display())]
    NotAFile { path: PathBuf },
    /// An SDK and a runtime that are not of one product.
    #[error("`{sdk}` is the SDK of another product: its {key} is `{pinned}`, and that of `{runtime}` is `{own}`")]
    Mixed { sdk: String, runtime: String, key: &'static str, pinned: String, own: String },
}

impl Explain for ProductError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Fs(error) => return error.hint(),
            Self::Table { source, .. } => nearest_key(source.message()).unwrap_or_else(|| KEYS.into()),
            Self::Value { .. } => KEYS.into(),
            Self::NotAProduct { directory } => match product_around(directory) {
                Some(product) => format!("did you mean `{}`, the product that this is a part of?", product.display()),
                None => "`relkit init` writes a product from its payloads".into(),
            },
            Self::NoPyproject { .. } => "give the directory that holds the template's pyproject.toml".into(),
            Self::Mixed { .. } => "name the templates of one product, or its directory with `--product`".into(),
            Self::NotText { .. } => "write it as UTF-8".into(),
            Self::NotAFile { .. } => "take it out of the template, or replace it by a regular file".into(),
        })
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

/// The product that a directory lies in, as its template does.
fn product_around(directory: &Path) -> Option<&Path> {
    let holds_one = |path: &&Path| path.join("runtime-template/pyproject.toml").is_file();
    let here = |path| if path == Path::new("") { Path::new(".") } else { path };
    directory.ancestors().skip(1).map(here).find(holds_one)
}

const KEYS: &str = "docs/products.md says what each key of the table holds";

/// What may be meant by a key or value that the table does not know.
fn nearest_key(message: &str) -> Option<String> {
    let Unknown { what, name, nearest } = unknown_name(message)?;
    Some(match nearest {
        Some(known) => format!("did you mean `{known}`?"),
        // A key of TOML may hold anything, and a hint keeps its lines.
        None => format!("`{}` is no {what} there; docs/products.md lists them", visible(name)),
    })
}
