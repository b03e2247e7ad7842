//! Wheels and source distributions: their names and files, read from strangers and written to the letter of the PyPA
//! specifications ("Binary distribution format", "Source distribution format", "Core metadata").
//!
//! A staged tree goes in through [`build`]; the parsers here take untrusted input and never panic on it.

pub mod archive;
pub mod entry_points;
pub mod fields;
pub mod filename;
pub mod metadata;
pub mod name;
pub mod reader;
pub mod record;
pub mod requirement;
pub mod tag;
pub mod wheel_file;
