//! Where a runtime runs: processor architectures, platform tags (PEP 425, 600, 656, 730, 738 and the macOS and Windows tags
//! of `packaging.tags`) with their compressed sets, and the Rust target triples that builds are named by.

mod architecture;
mod host;
mod known;
mod os_version;
mod platform_tag;
mod platform_tag_set;
mod taken;
mod triple;

pub(crate) use architecture::{AndroidAbi, Architecture, IosMachine, MacosArchitecture};
pub(crate) use host::{Host, System, architecture_here};
pub(crate) use known::{is_target, nearest_target};
pub(crate) use os_version::OsVersion;
pub use platform_tag::PlatformTag;
pub(crate) use platform_tag::{TagError, nearest_tag};
pub(crate) use platform_tag_set::PlatformTagSet;
pub use triple::TargetTriple;
