//! relkit takes a compiled program and ships it to Python users: one wheel per platform, and an SDK pinned exactly to
//! them. It is one straight line; each step takes the value before it and returns its own.
//!
//! ```text
//! payload ─▶ binary ─▶ stage ─▶ wheel ─▶ check ─▶ smoke ─▶ gate ─▶ publish
//! (files)   (facts)   (tree)   (.whl)   (findings)(receipt)(release)(plan, receipt)
//! ```
//!
//! [`client`] is the embedded app-server client that [`smoke`] drives; a library user may drive it too. [`typegen`]
//! stands aside the line and turns the runtime's JSON Schema into the SDK's types.

#![warn(clippy::unwrap_used, clippy::expect_used)]

pub mod binary;
pub mod check;
pub mod cli;
pub mod client;
pub mod commands;
pub mod console;
pub mod digest;
pub mod error;
pub mod fs;
pub mod gate;
pub mod payload;
pub mod process;
pub mod project;
pub mod publish;
pub mod report;
pub mod smoke;
pub mod stage;
pub mod target;
pub mod typegen;
pub mod version;
pub mod wheel;

// Both the unit tests and the integration tests make their files with it.
#[cfg(test)]
#[path = "../tests/samples/mod.rs"]
#[allow(dead_code, reason = "unit tests use a part of it")]
mod samples;
