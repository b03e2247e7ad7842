//! The zip container (APPNOTE 6.3.10): a reader of archives from anywhere that keeps every irregularity of the framing as
//! data, and the records that relkit writes. Nothing here knows what a wheel is.

pub mod archive;
mod blocks;
mod defect;
pub mod deflate;
mod framing;
mod pipe;
pub mod writer;
