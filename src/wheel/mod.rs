//! The nouns of the wheel specifications (PyPA "Binary distribution format", "Source distribution format", "Core
//! metadata"): names and files, parsed without trust and printed to the letter.

pub(crate) mod address;
pub(crate) mod attestation;
pub mod entry_points;
pub(crate) mod environment;
pub(crate) mod fields;
pub mod filename;
pub(crate) mod import_name;
pub(crate) mod info;
pub(crate) mod install;
pub(crate) mod licences;
pub(crate) mod loading_code;
pub mod metadata;
pub(crate) mod name;
pub(crate) mod pin;
pub(crate) mod project_file;
pub mod reader;
pub mod record;
pub(crate) mod required;
pub mod requirement;
pub(crate) mod rst;
pub mod sbom;
pub(crate) mod sdist;
pub mod tag;
mod tar_extensions;
pub(crate) mod verify;
pub mod wheel_file;
