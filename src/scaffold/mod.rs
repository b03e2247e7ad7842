//! A product out of its payloads: `init` writes the templates with their tables, a README and the release workflow, and
//! `workflow` the last of them alone. Nothing that was there is replaced unless that is asked for.

mod beside;
mod described;
mod error;
mod kind;
mod marks;
mod names;
mod options;
mod question;
mod sdk;
mod seen;
mod survey;
mod tables;
mod workflow;
mod workflow_file;
mod write;

pub use error::ScaffoldError;
pub(crate) use options::Options;
pub(crate) use workflow::{Repository, workflow};
pub(crate) use workflow_file::write_workflow;
pub(crate) use write::{place_in, repository_root, scaffold};
