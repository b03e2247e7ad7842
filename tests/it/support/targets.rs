//! The targets of the built-in product, as its template lists them: a row that is added there is a target of these tests.

use std::sync::LazyLock;

use relkit::product::Target;

use super::check::projects;

/// A target's triple, the tags of its wheel, and what a receipt calls the machines that run it.
pub type Row = (&'static str, &'static str, &'static str);

/// In the template's order.
pub static TARGETS: LazyLock<Vec<Row>> = LazyLock::new(|| projects().0.targets.iter().map(read).collect());

fn read(target: &Target) -> Row {
    let mut tags: Vec<_> = target.also.iter().chain([&target.platform_tag]).map(ToString::to_string).collect();
    tags.sort();
    let triple = target.triple.to_string();
    let architecture = match triple.split('-').next().unwrap() {
        "riscv64gc" => "riscv64",
        "powerpc64le" => "ppc64le",
        "armv7" => "armv7l",
        "arm" => "armv6l",
        other => other,
    };
    let system = ["darwin", "windows", "linux"].into_iter().find(|system| triple.contains(system)).unwrap();
    let platform = format!("{}-{architecture}", system.replace("darwin", "macos"));
    (triple.leak(), tags.join(".").leak(), platform.leak())
}

/// The row of a triple.
#[track_caller]
pub fn row(triple: &str) -> Row {
    let found = TARGETS.iter().find(|(known, ..)| *known == triple);
    *found.unwrap_or_else(|| panic!("`{triple}` is no target of the template"))
}

/// The triples of all other targets.
pub fn others(triple: &str) -> Vec<&'static str> {
    TARGETS.iter().map(|(known, ..)| *known).filter(|known| *known != triple).collect()
}
