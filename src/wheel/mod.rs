//! wheel

pub mod archive;
