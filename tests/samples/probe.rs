//! A program that tells how it was started: compiled by tests that need one of which everything is known.

use std::hint::black_box;
use std::io::Write as _;

/// With room for other answers, which tests write into the program.
static ANSWER: &str = "probe 1.2.3      ";

fn main() {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let first = arguments.first().and_then(|argument| argument.to_str()).unwrap_or_default();
    let mut out = std::io::stdout();
    match first {
        _ if black_box(ANSWER).starts_with("broken") => {
            eprintln!("cannot work");
            std::process::exit(7);
        }
        "--version" => println!("{}", black_box(ANSWER)),
        "-V" if black_box(ANSWER).starts_with("ask -V") => {
            println!("Version of it: 4.5.6");
            std::process::exit(3);
        }
        "--help" => println!("Usage: probe [pid | arguments ... | copy | exit N | abort | wait]"),
        "pid" => println!("{}", std::process::id()),
        "path" => println!("{}", std::env::current_exe().unwrap_or_default().display()),
        "arguments" => arguments[1..].iter().for_each(|argument| println!("{:02x?}", argument.as_encoded_bytes())),
        "copy" => drop(std::io::copy(&mut std::io::stdin(), &mut out)),
        "exit" => std::process::exit(arguments[1].to_str().and_then(|code| code.parse().ok()).unwrap_or(99)),
        "abort" => std::process::abort(),
        "wait" => {
            println!("{}", std::process::id());
            let _ = out.flush();
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
        _ => std::process::exit(2),
    }
}
