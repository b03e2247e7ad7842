//! A blocking client of `codex app-server` over its standard streams: one JSON message per line, JSON-RPC 2.0 without
//! the `jsonrpc` member.
//!
//! [`rpc`] is pure: messages, ids and routing. [`transport`] is the child, its pipes and every deadline. [`session`] is
//! the conversation: initialize, threads, requests of the server. [`turn`] is one turn as a stream of
//! [`Notification`]s. docs/embedding-the-client.md shows it at work.
//!
//! ```no_run
//! use relkit_client::{Input, Options, Session};
//! use relkit_client::process::Invocation;
//!
//! let server = Invocation::new("/opt/codex/bin/codex").argument("app-server").variable("CODEX_HOME", "/var/lib/codex");
//! let mut session = Session::start(&server, Options::new("my-tool", "1.0"))?;
//! let thread = session.start_thread(serde_json::json!({ "cwd": "/srv/project" }))?;
//! let outcome = session.start_turn(&thread.id, &[Input::text("Say hello")])?.finish()?;
//! println!("{}", outcome.into_answer()?);
//! # Ok::<(), relkit_client::ClientError>(())
//! ```

#![warn(clippy::unwrap_used, clippy::expect_used)]

mod error;
mod notification;
pub mod process;
pub mod rpc;
pub mod session;
pub mod transport;
pub mod turn;

pub use error::{ClientError, Closed, ClosedBy};
pub use notification::{Item, Notification, TokenUsage, TurnError, TurnStatus};
pub use session::{Input, Options, Reply, ServerInfo, ServerRequest, Session, Thread};
pub use turn::{Turn, TurnOutcome};

/// The guide, so that its examples are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding-the-client.md")]
struct Guide;
