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
pub mod build;
pub mod check;
pub mod cli;
pub mod commands;
pub mod console;
pub mod digest;
pub mod error;
pub mod fetch;
pub mod fs;
pub mod gate;
pub mod http;
pub mod payload;
pub mod product;
pub mod publish;
pub mod report;
pub mod smoke;
pub mod stage;
pub mod target;
pub mod typegen;
pub mod version;
pub mod wheel;
pub mod zip;
