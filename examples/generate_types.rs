//! Generates the SDK's types into a directory: `generate_types (--codex-bin FILE | --schema-dir DIR) OUT`.

use std::path::PathBuf;

use relkit::typegen::{Request, Source, generate, write};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let source = match arguments[0].as_str() {
        "--codex-bin" => Source::Executable(PathBuf::from(&arguments[1])),
        _ => Source::Directory(PathBuf::from(&arguments[1])),
    };
    let request = Request { source, version: arguments.get(3).cloned(), module: "codex_app_server".into() };
    let start = std::time::Instant::now();
    match generate(&request) {
        Ok(generated) => {
            println!("{} ms, {} files, not exposed: {:?}", start.elapsed().as_millis(), generated.files.len(), generated.unexposed);
            if let Err(error) = write(&generated, &PathBuf::from(&arguments[2])) {
                println!("{error}");
            }
        }
        Err(error) => {
            println!("{}", relkit::error::Failure::from(error).render());
            std::process::exit(2);
        }
    }
}
