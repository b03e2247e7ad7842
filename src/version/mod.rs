//! The versions of a release: the program's, in both its spellings, and the SDK's.

mod codex;
mod sdk;

pub use codex::{CodexVersion, VersionError};
pub use sdk::{SdkVersion, SdkVersionError};
