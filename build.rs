//! Rebuilds the crate when a file of an embedded template changes, so that a copy that differs from the tree cannot exist.

fn main() {
    println!("cargo:rerun-if-changed=runtime-template");
    println!("cargo:rerun-if-changed=sdk-template/src");
    println!("cargo:rerun-if-changed=sdk-template/pyproject.toml");
    println!("cargo:rerun-if-changed=sdk-template/README.md");
    println!("cargo:rerun-if-changed=sdk-template/LICENSE");
}
