//! relkit
fn main() {}
