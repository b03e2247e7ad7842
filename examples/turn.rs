//! One turn with the embedded client: `cargo run --example turn -- path/to/codex`. A scripted model answers, so that it
//! needs neither credentials nor a network.

use std::error::Error;
use std::time::Duration;

use relkit::smoke::home::{Home, server_arguments};
use relkit::smoke::model_server::{ModelServer, Step};
use relkit_client::{Input, Notification, Options, Session};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let executable = std::env::args_os().nth(1).ok_or("usage: turn PATH_TO_CODEX")?;
    let executable = std::path::absolute(executable)?;

    // An empty home of its own and a model that says one thing. Your program would use its own home and provider.
    let home = Home::create()?;
    let model = ModelServer::start()?;
    model.play([Step::Say("Hello from the script.".into())]);
    let server = home.invocation(&executable, None).arguments(server_arguments(&model.base_url()));

    let options = Options::new("turn-example", "1.0").turn_deadline(Duration::from_secs(60));
    let mut session = Session::start(&server, options)?;
    println!("talking to {}", session.server().user_agent);

    let thread = session.start_thread(json!({ "cwd": home.work() }))?;
    let mut turn = session.start_turn(&thread.id, &[Input::text("Say hello")])?;
    while let Some(notification) = turn.next_notification()? {
        match notification {
            Notification::AgentMessageDelta { delta, .. } => print!("{delta}"),
            Notification::TurnCompleted { status, .. } => println!("\nthe turn ended: {status:?}"),
            _ => {}
        }
    }

    let (closing, _) = session.close(Duration::from_secs(10));
    println!("the server: {closing:?}");
    Ok(())
}
