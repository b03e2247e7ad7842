//! The nouns of the wheel specifications (PyPA "Binary distribution format", "Source distribution format", "Core
//! metadata"): names and files, parsed without trust and printed to the letter.

pub(crate) mod address;
pub(crate) mod attestation;
pub mod entry_points;
pub(crate) mod environment;
pub mod fields;
pub mod filename;
pub(crate) mod import_name;
pub(crate) mod info;
pub mod install;
pub mod licences;
pub mod metadata;
pub mod name;
pub mod pin;
pub(crate) mod project_file;
pub mod reader;
pub mod record;
pub mod requirement;
pub(crate) mod rst;
pub mod sbom;
pub mod sdist;
pub mod tag;
mod tar_extensions;
pub mod verify;
pub mod wheel_file;
