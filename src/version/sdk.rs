//! The version of an SDK: that of its runtime, or a post-release of it.

use std::fmt;

use super::codex::{CodexVersion, number};
use crate::error::Explain;

/// Displays in PEP 440 normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SdkVersion {
    codex: CodexVersion,
    post: Option<u64>,
}

impl From<CodexVersion> for SdkVersion {
    fn from(codex: CodexVersion) -> Self {
        Self { codex, post: None }
    }
}

impl fmt::Display for SdkVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.codex.fmt(formatter)?;
        self.post.map_or(Ok(()), |post| write!(formatter, ".post{post}"))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot be the version of an SDK for codex {codex}")]
pub struct SdkVersionError {
    text: String,
    codex: CodexVersion,
}

impl Explain for SdkVersionError {
    fn hint(&self) -> Option<String> {
        let codex = self.codex;
        Some(match codex.post {
            None => format!("use `{codex}`, or a post-release of it such as `{codex}.post1`"),
            Some(_) => format!("use `{codex}`: a post-release has no post-release of its own"),
        })
    }
}

impl CodexVersion {
    /// The version of the SDK that `text` asks for: this version, or a post-release of it.
    ///
    /// # Errors
    /// When `text` is anything else.
    pub fn sdk_version(&self, text: &str) -> Result<SdkVersion, SdkVersionError> {
        let refused = || SdkVersionError { text: text.to_owned(), codex: *self };
        if text == self.to_string() {
            return Ok(SdkVersion { codex: *self, post: None });
        }
        let post = text
            .strip_prefix(&format!("{self}.post"))
            .filter(|_| self.post.is_none())
            .and_then(number)
            .ok_or_else(refused)?;
        Ok(SdkVersion { codex: *self, post: Some(post) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sdk_is_its_runtime_or_a_post_release_of_it() {
        let codex: CodexVersion = "0.163.0".parse().unwrap();
        assert_eq!(codex.sdk_version("0.163.0.post1").unwrap().to_string(), "0.163.0.post1");
        assert_eq!(codex.sdk_version("0.163.0").unwrap().to_string(), "0.163.0");
        for text in
            ["0.163.1", "0.163.0.post", "0.163.0.post01", "0.163.0.dev1", "0.163.0a1", "", "0.163.0.post1.post2"]
        {
            assert!(codex.sdk_version(text).is_err(), "{text}");
        }
        let respin: CodexVersion = "0.154.0a1.post2".parse().unwrap();
        assert!(respin.sdk_version("0.154.0a1.post3").is_err());
    }
}
