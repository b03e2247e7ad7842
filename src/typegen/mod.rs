//! typegen
