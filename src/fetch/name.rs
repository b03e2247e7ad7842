//! Where an artefact is written: the file that was named, or a name of its own in a directory, and never outside of it.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use url::Url;

use super::error::FetchError;
use crate::http;
use crate::member_path::{MemberPath, device};

/// A text that is the name of one file on every system, and not of a hidden one.
pub(super) fn file_name(text: &str) -> Result<String, FetchError> {
    let refused = |why: String| Err(FetchError::Name { name: text.to_owned(), why });
    let path: MemberPath = match text.parse::<MemberPath>() {
        Ok(path) if path.contains('/') => return refused("it has a slash".into()),
        Ok(path) if path.starts_with('.') => return refused("it begins with a dot".into()),
        Ok(path) => path,
        Err(error) => return refused(error.to_string()),
    };
    if let Some(why) = device(&path) {
        return refused(why);
    }
    Ok(path.to_string())
}

/// Whether `--out` names a directory: one that is there, or a path that ends in a separator.
pub(crate) fn is_directory(out: &Path) -> bool {
    out.is_dir() || out.as_os_str().to_string_lossy().ends_with(['/', MAIN_SEPARATOR])
}

/// The file to write: `out` itself, or in a directory the last part of the URL, which stays encoded.
pub(crate) fn destination(out: &Path, url: &Url) -> Result<PathBuf, FetchError> {
    if !is_directory(out) {
        return Ok(out.to_owned());
    }
    let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    // Whatever could mean another place, or a hidden file, is not a name.
    let plain = last.chars().all(|character| character.is_ascii_alphanumeric() || "-_.+%~".contains(character));
    match file_name(last) {
        Ok(name) if plain => Ok(out.join(name)),
        _ => Err(FetchError::NoName { url: http::shown(url) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_takes_the_name_from_the_url() {
        let directory = tempfile::tempdir().unwrap();
        let named = |url: &str| destination(directory.path(), &Url::parse(url).unwrap());
        assert_eq!(named("https://example.com/a/codex.tar.gz?x=1").unwrap(), directory.path().join("codex.tar.gz"));
        for path in ["", "a/", ".hidden", "nul.gz", "ends.", "a%2Fb/.."] {
            let url = format!("https://example.com/{path}");
            assert!(named(&url).is_err(), "{url}");
        }
        let file = directory.path().join("named");
        assert_eq!(destination(&file, &Url::parse("https://example.com/x").unwrap()).unwrap(), file);
    }

    #[test]
    fn a_name_leads_nowhere() {
        assert_eq!(file_name("a program (1).tar.gz").unwrap(), "a program (1).tar.gz");
        for name in ["", "..", ".", "a/b", "/a", "a\\b", "..\\a", "C:a", "a\0", "a\n", ".hidden", "nul.gz", "a:b", "a."]
        {
            assert!(file_name(name).is_err(), "{name:?}");
        }
    }
}
