//! A source distribution as the rules see it: as its one reader reads it, which keeps every irregularity as a value.

pub use crate::wheel::sdist::Sdist as SdistSubject;
