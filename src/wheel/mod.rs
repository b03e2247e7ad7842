//! Wheels and source distributions: their names and files, read from strangers and written to the letter of the PyPA
//! specifications ("Binary distribution format", "Source distribution format", "Core metadata").
//!
//! A staged tree goes in through [`build`]; the parsers here take untrusted input and never panic on it.

pub mod archive;
mod blocks;
pub mod build;
pub mod deflate;
pub mod entry_points;
pub mod fields;
pub mod filename;
mod license_files;
pub mod metadata;
pub mod name;
pub mod pipeline;
pub mod pyproject;
pub mod reader;
pub mod record;
pub mod requirement;
pub mod sdist;
pub mod sdist_reader;
pub mod staged;
pub mod tag;
pub mod wheel_file;
pub mod writer;
pub mod zip;
