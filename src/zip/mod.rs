//! The zip container (APPNOTE 6.3.10): a reader of archives from anywhere that keeps every irregularity of the framing as
//! data, and the records that relkit writes. Nothing here knows what a wheel is.

pub mod archive;
mod blocks;
mod central;
mod defect;
pub(crate) mod deflate;
mod end;
mod extra;
mod fields;
mod framing;
mod huffman;
mod inflate;
mod local;
mod member;
mod pipe;
pub(crate) mod queue;
mod segments;
pub(crate) mod writer;
