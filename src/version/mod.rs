//! The versions of a release: the public version of its distributions (PEP 440), the release that a user names by a tag
//! or a version, and the SDK's.

mod printed;
mod public;
mod release;
mod tag_form;

pub(crate) use printed::{printed, printed_dotted};
pub use public::PublicVersion;
pub use release::ReleaseVersion;
pub(crate) use release::{ReleaseVersionError, is_of_runtime};
pub use tag_form::TagForm;
