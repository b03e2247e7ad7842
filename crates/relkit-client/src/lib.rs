#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used, clippy::expect_used)]

mod budget;
mod error;
mod notification;
mod options;
pub mod process;
pub mod rpc;
mod session;
mod transport;
mod turn;

pub use error::{ClientError, Closed, ClosedBy};
pub use notification::{Event, Item, Notification, TokenUsage, TurnError, TurnStatus};
pub use options::{Options, Reply, ServerRequest};
pub use session::{ServerInfo, Session, Thread};
pub use turn::{Input, Turn, TurnOutcome};
