//! How long a publish waits, and for what.

use std::time::Duration;

use super::upload::Patience;

/// How long a publish waits.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// For a silent server.
    pub patience: Patience,
    /// For one file, all attempts together.
    pub deadline: Duration,
    /// For the index to list what is stored.
    pub visible: Duration,
    /// The same where its page of every file that is missing is another index's: it may only lag, and more likely never lists them.
    pub elsewhere: Duration,
    /// Before the first repeat of anything; later pauses grow.
    pub first_pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            patience: Patience::default(),
            deadline: Duration::from_secs(30 * 60),
            visible: Duration::from_secs(10 * 60),
            elsewhere: Duration::from_secs(30),
            first_pause: Duration::from_secs(1),
        }
    }
}

/// Full jitter over a doubling pause, so that publishers that failed together do not return together.
pub(super) fn backoff(first: Duration, attempt: u32) -> Duration {
    let ceiling = first.saturating_mul(1 << attempt.min(6)).min(Duration::from_secs(60));
    first / 2 + ceiling.mul_f64(fastrand::f64())
}

pub(super) fn poll_pause(first: Duration, attempt: u32) -> Duration {
    let grown = first.mul_f64(1.5_f64.powi(i32::try_from(attempt.min(12)).unwrap_or(12)));
    grown.min(Duration::from_secs(15)).mul_f64(0.8 + 0.4 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        let first = Duration::from_secs(1);
        for attempt in 1..40 {
            let pause = backoff(first, attempt);
            assert!(pause >= first / 2 && pause <= Duration::from_secs(61));
            assert!(poll_pause(first, attempt) <= Duration::from_secs(18));
        }
    }
}
