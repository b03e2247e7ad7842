//! scratch
use relkit::smoke::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string("runtime-template/pyproject.toml").unwrap();
    let project = relkit::project::RuntimeProject::from_pyproject(&text, "x").unwrap();
    let level = match a.get(2).map(String::as_str) {
        Some("version") => Level::Version,
        Some("handshake") => Level::Handshake,
        _ => Level::Turn,
    };
    let r = Request {
        subject: a[1].as_ref(),
        project: &project,
        level,
        expect_version: a.get(3).filter(|v| !v.is_empty()).map(|v| v.parse().unwrap()),
        runner: a.get(4).filter(|v| !v.is_empty()).map(|v| v.parse().unwrap()),
        timeout: a.get(5).map(|v| std::time::Duration::from_secs_f64(v.parse().unwrap())),
    };
    match smoke(&r, &relkit::console::Progress::hidden()) {
        Ok(r) => {
            print!("{r}");
            println!("{}", serde_json::to_string(&r).unwrap())
        }
        Err(e) => print!("{}", relkit::error::Failure::from(e).render()),
    }
}
