//! One turn: its input, the stream of its notifications, its interruption, and what it came to.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::{ClientError, ClosedBy};
use crate::notification::{Event, Item, Notification, TokenUsage, TurnError, TurnStatus};
use crate::session::{Session, member};

/// How long a turn that was interrupted at its deadline may take to say so.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How many bytes of memory the items of a turn that is read to its end may take.
const MAX_ITEMS: usize = 256 * 1024 * 1024;

/// A piece of the input of a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Input(Value);

impl Input {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self(json!({ "type": "text", "text": text.into() }))
    }

    /// An image by its URL; `data:` URLs are fine.
    pub fn image(url: impl Into<String>) -> Self {
        Self(json!({ "type": "image", "url": url.into() }))
    }

    /// An image file on the server's machine.
    pub fn local_image(path: impl Into<String>) -> Self {
        Self(json!({ "type": "localImage", "path": path.into() }))
    }

    /// Any other input item of the protocol.
    #[must_use]
    pub fn other(item: Value) -> Self {
        Self(item)
    }
}

/// A running turn. Dropping it leaves the turn running; its notifications then wait in the session.
#[derive(Debug)]
pub struct Turn<'session> {
    session: &'session mut Session,
    thread_id: String,
    id: String,
    patience: Duration,
    deadline: Instant,
    last_error: Option<TurnError>,
    done: bool,
}

/// What a turn came to.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnOutcome {
    /// How it ended.
    pub status: TurnStatus,
    /// Why it failed.
    pub error: Option<TurnError>,
    /// The last answer, from the completed item: older servers repeat it nowhere else.
    pub answer: Option<String>,
    /// Every completed item, in order.
    pub items: Vec<Item>,
    /// What the thread has used so far.
    pub usage: Option<TokenUsage>,
}

impl TurnOutcome {
    /// The answer of a turn that completed with one; the empty text where it completed without.
    ///
    /// # Errors
    /// [`ClientError::TurnFailed`] when the turn failed or was interrupted.
    pub fn into_answer(self) -> Result<String, ClientError> {
        let status = match self.status {
            TurnStatus::Completed => return Ok(self.answer.unwrap_or_default()),
            TurnStatus::Failed => "failed".to_owned(),
            TurnStatus::Interrupted => "was interrupted".to_owned(),
            TurnStatus::InProgress => "has not ended".to_owned(),
            TurnStatus::Other(status) => format!("ended as `{status}`"),
        };
        Err(ClientError::TurnFailed { status, error: self.error.map(Box::new) })
    }
}

impl Session {
    /// Starts a turn and returns the stream of its notifications.
    ///
    /// # Errors
    /// As [`Session::call`], and when the answer names no turn.
    pub fn start_turn(&mut self, thread_id: &str, input: &[Input]) -> Result<Turn<'_>, ClientError> {
        let input: Vec<_> = input.iter().map(|item| item.0.clone()).collect();
        self.start_turn_with(thread_id, json!({ "threadId": thread_id, "input": input }))
    }

    /// Starts a turn with all parameters of `turn/start`.
    ///
    /// # Errors
    /// As [`Session::start_turn`].
    pub fn start_turn_with(&mut self, thread_id: &str, params: Value) -> Result<Turn<'_>, ClientError> {
        let patience = self.turn_deadline();
        let raw = self.call("turn/start", params)?;
        let id = member(&raw, "turn/start", "/turn/id", "turn.id")?;
        let (thread_id, deadline) = (thread_id.to_owned(), Instant::now() + patience);
        Ok(Turn { session: self, thread_id, id, patience, deadline, last_error: None, done: false })
    }

    /// Interrupts a turn.
    ///
    /// # Errors
    /// As [`Session::call`]; the server refuses where no such turn is running.
    pub fn interrupt(&mut self, thread_id: &str, turn_id: &str) -> Result<(), ClientError> {
        self.call("turn/interrupt", json!({ "threadId": thread_id, "turnId": turn_id })).map(drop)
    }
}

impl Turn<'_> {
    /// The id of the turn.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The next notification about this turn or its thread; `None` after the one that says the turn has ended.
    ///
    /// # Errors
    /// [`ClientError::TurnTimedOut`] at the turn's deadline, after an attempt to interrupt it;
    /// [`ClientError::Closed`] when the conversation is over.
    pub fn next_notification(&mut self) -> Result<Option<Notification>, ClientError> {
        Ok(self.next_weighed()?.map(|(notification, _)| notification))
    }

    fn next_weighed(&mut self) -> Result<Option<(Notification, usize)>, ClientError> {
        if self.done {
            return Ok(None);
        }
        match self.receive(self.deadline)? {
            Some(weighed) => Ok(Some(weighed)),
            None => Err(self.give_up()?),
        }
    }

    /// Interrupts the turn; its stream then ends with status [`TurnStatus::Interrupted`].
    ///
    /// # Errors
    /// As [`Session::call`].
    pub fn interrupt(&mut self) -> Result<(), ClientError> {
        self.session.interrupt(&self.thread_id, &self.id)
    }

    /// Reads the stream to its end.
    ///
    /// # Errors
    /// As [`Turn::next_notification`]. A turn that failed is an outcome, not an error.
    pub fn finish(mut self) -> Result<TurnOutcome, ClientError> {
        let mut outcome =
            TurnOutcome { status: TurnStatus::InProgress, error: None, answer: None, items: Vec::new(), usage: None };
        let mut kept = 0_usize;
        while let Some((notification, weight)) = self.next_weighed()? {
            match notification.event {
                Event::ItemCompleted(item) => {
                    kept = kept.saturating_add(weight);
                    if kept > MAX_ITEMS {
                        // What comes next says so.
                        self.session.close_by(ClosedBy::LargeTurn(MAX_ITEMS));
                    }
                    if let Item::AgentMessage { text, .. } = &item {
                        outcome.answer = Some(text.clone());
                    }
                    outcome.items.push(item);
                }
                Event::TokenUsageUpdated(total) => outcome.usage = Some(total),
                Event::TurnCompleted { status, error } => {
                    outcome.error = error.or_else(|| match status {
                        TurnStatus::Failed => self.last_error.take(),
                        _ => None,
                    });
                    outcome.status = status;
                }
                _ => {}
            }
        }
        Ok(outcome)
    }

    fn receive(&mut self, deadline: Instant) -> Result<Option<(Notification, usize)>, ClientError> {
        let (thread_id, id) = (&self.thread_id, &self.id);
        let found = self.session.next_matching(deadline, |notification| {
            notification.thread_id.as_ref().is_none_or(|thread| thread == thread_id)
                && notification.turn_id.as_ref().is_none_or(|turn| turn == id)
        })?;
        match found.as_ref().map(|(notification, _)| &notification.event) {
            Some(Event::TurnCompleted { .. }) => self.done = true,
            Some(Event::Error { error, .. }) => self.last_error = Some(error.clone()),
            _ => {}
        }
        Ok(found)
    }

    /// Interrupts a turn that is out of time, so that the thread can be used again.
    fn give_up(&mut self) -> Result<ClientError, ClientError> {
        let stderr_tail = self.session.stderr_tail();
        // A turn that ended this very moment cannot be interrupted, and a dead server says so below.
        let params = json!({ "threadId": self.thread_id, "turnId": self.id });
        let _ = self.session.call_within("turn/interrupt", params, LAST_WORDS);
        let deadline = Instant::now() + LAST_WORDS;
        while !self.done && self.receive(deadline)?.is_some() {}
        self.done = true;
        Ok(ClientError::TurnTimedOut {
            after: self.patience,
            last_error: self.last_error.take().map(Box::new),
            stderr_tail,
        })
    }
}
