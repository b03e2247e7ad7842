//! The machine that relkit runs on, as targets name one.

use std::env::consts::{ARCH, OS};

use super::architecture::Architecture;
use super::triple::TargetTriple;

/// The architecture of this machine, where a tag can name it.
pub(crate) fn architecture_here() -> Option<Architecture> {
    match ARCH {
        "x86" => Some(Architecture::I686),
        other => other.parse().ok(),
    }
}

/// Whether this machine runs executables of a target by itself.
pub(crate) fn runs_here(triple: &TargetTriple) -> bool {
    triple.runs_on(OS, ARCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_systems_one_at_most_is_this_one() {
        let here = |triple: &str| runs_here(&triple.parse().unwrap());
        let systems = ["unknown-linux-musl", "apple-darwin", "pc-windows-msvc"];
        let running = systems.iter().filter(|system| here(&format!("{ARCH}-{system}"))).count();
        assert_eq!(running, usize::from(["linux", "macos", "windows"].contains(&OS)));
        assert!(!here("riscv64gc-unknown-linux-musl") || ARCH == "riscv64");
    }
}
