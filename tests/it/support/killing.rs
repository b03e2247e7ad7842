//! Ends runs in their middle, wherever that is on this machine.

use std::process::Child;
use std::time::Duration;

/// Moments spread over the length of a run and a third more. A run that had ended by its moment was shorter than the one
/// that was timed, which was perhaps the first to read a file or had the machine for itself the less: the next moments are
/// spread over its length.
pub struct Killing {
    rounds: u32,
    round: u32,
    whole: Duration,
    in_the_middle: u32,
}

impl Killing {
    /// So often, of runs as long as one that was timed.
    pub fn of(rounds: u32, whole: Duration) -> Self {
        Self { rounds: rounds.max(1), round: 0, whole, in_the_middle: 0 }
    }

    /// Ends a run with SIGKILL at its moment, if it has not ended by itself.
    pub fn kill(&mut self, mut run: Child) {
        // Out of order and a little unevenly, so that no rhythm of the run is always hit alike.
        let share = self.round * 97 % self.rounds + 1;
        let moment = self.whole * share * 4 / (self.rounds * 3) + Duration::from_micros(u64::from(self.round) * 137);
        self.round += 1;
        std::thread::sleep(moment);
        run.kill().unwrap();
        // A run that came to its end succeeds.
        if run.wait().unwrap().success() {
            self.whole = self.whole.min(moment);
        } else {
            self.in_the_middle += u32::from(moment > self.whole / 10);
        }
    }

    /// That at least one run was killed behind its beginning.
    #[track_caller]
    pub fn hit(self) {
        let Self { rounds, whole, in_the_middle, .. } = self;
        eprintln!("{in_the_middle} of {rounds} runs were killed in the middle; a whole run took {whole:?}");
        assert!(in_the_middle > 0, "no run was killed in the middle");
    }
}
