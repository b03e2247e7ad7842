//! Which version of the simple API is read.

/// The major version of the API that is read.
const MAJOR: &str = "1";

/// A type of another major version is refused whatever the page holds; `content_type` is in lower case.
pub(super) fn accept_type(content_type: &str) -> Result<(), String> {
    match content_type.split_once("application/vnd.pypi.simple.v") {
        Some((_, version)) => accept_version(version.split(['+', ';']).next().unwrap_or_default()),
        None => Ok(()),
    }
}

pub(super) fn accept_version(version: &str) -> Result<(), String> {
    match version.trim().split('.').next().unwrap_or_default() {
        // `latest` is what a client may ask for; what it gets says in itself which version it is.
        MAJOR | "" => Ok(()),
        _ => Err(format!("it is of version {} of the simple API, and this relkit reads version 1", version.trim())),
    }
}
