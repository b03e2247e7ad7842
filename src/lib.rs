//! relkit takes a compiled program and ships it to Python users: one wheel per platform, and an SDK pinned exactly to
//! them. It is one straight line; each step takes the value before it and returns its own.
//!
//! ```text
//! product ─▶ payload ─▶ stage ─▶ build ─▶ check ─▶ smoke ─▶ gate ─▶ publish
//! (names,    (files)    (tree)   (.whl)   (findings)(receipt)(release)(plan, receipt)
//!  targets)
//! ```
//!
//! | room | takes | gives | leaves |
//! | --- | --- | --- | --- |
//! | `product` | the `[tool.relkit]` tables of the templates | names, targets, tags, accepted findings | |
//! | `payload` | an executable, a directory, an archive or a wheel | a verified list of files | |
//! | `stage` | product and payload | a staged tree | a directory that any PEP 517 front end builds |
//! | `build` | a staged tree | distributions | `.whl`, `.tar.gz` |
//! | `check` | distributions, or a whole release | findings, coverage | a check receipt |
//! | `smoke` | a wheel or an executable | the outcome of running it | a smoke receipt |
//! | `gate` | a dist directory, receipts | a release | the release manifest |
//! | `publish` | a release that passed | a plan, uploads | the plan, a publish receipt |
//!
//! `release` takes many payloads along the whole line on one machine, `scaffold` makes a product of payloads of which nothing is
//! known yet, and `report` shows what all steps said. Under the line lie `binary` (ELF, Mach-O and PE), `zip` (the container)
//! and `wheel` (the nouns of the wheel specifications). `typegen`, `http` and `fetch` stand aside; the app-server client is a
//! crate of its own, `relkit-client`. `docs/architecture.md` has the files of each, and what may import what.
//!
//! relkit is an executable. Its modules are reachable for its own tests and fuzz targets, and promise nothing to others.

#![warn(clippy::unwrap_used, clippy::expect_used)]

#[doc(hidden)]
pub mod binary;
#[doc(hidden)]
pub mod build;
#[doc(hidden)]
pub mod check;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod commands;
#[doc(hidden)]
pub mod console;
#[doc(hidden)]
pub mod digest;
#[doc(hidden)]
pub mod error;
#[doc(hidden)]
pub mod fetch;
#[doc(hidden)]
pub mod fs;
#[doc(hidden)]
pub mod gate;
#[doc(hidden)]
pub mod http;
#[doc(hidden)]
pub mod member_path;
#[doc(hidden)]
pub mod memory;
#[doc(hidden)]
pub mod payload;
#[doc(hidden)]
pub mod product;
#[doc(hidden)]
pub mod publish;
mod release;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod scaffold;
mod scheme;
mod serde_text;
#[doc(hidden)]
pub mod smoke;
#[doc(hidden)]
pub mod stage;
#[doc(hidden)]
pub mod target;
mod threads;
mod toml_text;
#[doc(hidden)]
pub mod typegen;
#[doc(hidden)]
pub mod version;
#[doc(hidden)]
pub mod wheel;
#[doc(hidden)]
pub mod zip;

// Both the unit tests and the integration tests make their files with it.
#[cfg(test)]
#[path = "../tests/samples/mod.rs"]
#[allow(dead_code, reason = "unit tests use a part of it")]
mod samples;
