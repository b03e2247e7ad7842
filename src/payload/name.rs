//! Names of members as archives and file managers leave them, on their way to paths.

use std::path::Path;

use super::error::PayloadError;
use crate::console::text::visible_start;
use crate::member_path::{Clash, MemberPath, Node, PathError, Paths};

/// How much of a name a message shows, in characters.
const MAX_SHOWN: usize = 200;

/// The path of a member, without a leading `./` or a trailing `/`; `None` for the root itself.
pub(super) fn path(origin: &Path, raw: &[u8]) -> Result<Option<MemberPath>, PayloadError> {
    clean(raw).map_err(|why| PayloadError::Name { path: origin.to_owned(), member: shown(raw), why })
}

fn clean(raw: &[u8]) -> Result<Option<MemberPath>, PathError> {
    let mut rest = std::str::from_utf8(raw).map_err(|_| PathError::Encoding)?;
    if rest.starts_with('/') {
        return Err(PathError::Absolute);
    }
    while let Some(inner) = rest.strip_prefix("./") {
        rest = inner;
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if matches!(rest, "" | ".") { Ok(None) } else { rest.parse().map(Some) }
}

/// Takes a path among those of the input.
pub(super) fn take(paths: &mut Paths, origin: &Path, path: &MemberPath, node: Node) -> Result<(), PayloadError> {
    let origin = || origin.to_owned();
    match paths.take(path, node).into_iter().next() {
        None => Ok(()),
        Some(clash @ (Clash::Files { .. } | Clash::Directories { .. })) => {
            Err(PayloadError::Collision { path: origin(), clash })
        }
        Some(clash @ (Clash::Twice | Clash::FileAndDirectory { .. })) => {
            Err(PayloadError::Duplicate { path: origin(), member: path.to_string(), clash })
        }
    }
}

/// Whether a member is what a file manager leaves behind and nobody ships.
pub(super) fn is_litter(path: &MemberPath) -> bool {
    path.split('/').any(|part| part == "__MACOSX" || part == ".DS_Store" || part.starts_with("._"))
}

/// Whether a file is an import package's own code, compiled or not, and nothing of the payload that lies in it.
pub(super) fn is_code_of_package(path: &str) -> bool {
    let extension = |name: &str| path.len() > name.len() && path.ends_with(name);
    !path.contains('/') && (extension(".py") || extension(".pyi") || path == "py.typed")
        || extension(".pyc")
        || path.split('/').any(|part| part == "__pycache__")
}

/// A raw name for a message: what is hidden shown, not endless.
pub(super) fn shown(raw: &[u8]) -> String {
    visible_start(&String::from_utf8_lossy(raw), MAX_SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_names_are_cleaned() {
        for (raw, path) in [
            ("bin/codex", Some("bin/codex")),
            ("./bin/codex", Some("bin/codex")),
            ("bin/", Some("bin")),
            ("./", None),
            (".", None),
        ] {
            assert_eq!(clean(raw.as_bytes()).unwrap().as_deref(), path);
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for raw in ["../codex", "bin/..", "/bin/codex", "/", "C:/codex", "bin\\codex", "bin//", "a\0b", "codex."] {
            assert!(clean(raw.as_bytes()).is_err(), "{raw:?}");
        }
        assert_eq!(clean(b"bin/\xff"), Err(PathError::Encoding));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(raw: Vec<u8>) {
            let _ = clean(&raw);
            prop_assert!(shown(&raw).chars().count() <= MAX_SHOWN * 10 + 1);
        }
    }
}
