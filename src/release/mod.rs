//! The whole line on one machine: every payload staged, inspected and built, the set checked, what this machine can run
//! smoke-tested, the release verified. What happened becomes one value, [`crate::report::Release`].

mod against;
mod choice;
mod contents;
mod demo;
mod download;
mod line;
mod options;
mod rows;
mod target;
mod template_fault;

pub(crate) use against::Earlier;
pub(crate) use demo::{DemoOptions, PROGRAM, demonstrate};
pub(crate) use download::Download;
pub(crate) use line::release;
pub(crate) use options::{MADE, Options, Payload};
