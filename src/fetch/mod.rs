//! Downloading a release artefact: streamed, resumed by range (RFC 9110 section 14), verified, whole or absent; where a
//! product's artefacts are, and the lists of checksums that upstream publishes beside them.

pub mod checksums;
mod download;
mod error;
mod expected;
mod list;
mod name;
mod part;
mod source;

pub(crate) use download::{Fetched, Options, fetch, is_absent};
pub(crate) use list::Lists;
pub(crate) use name::{destination, is_directory};
pub(crate) use source::{Artefact, Digests, artefacts};
