//! A body that must have come by a moment: a server that sends a byte now and then is never silent.

use std::io::{self, Read};
use std::time::Instant;

pub(crate) struct Until<R> {
    inner: R,
    until: Instant,
}

impl<R> Until<R> {
    pub(crate) fn new(inner: R, until: Instant) -> Self {
        Self { inner, until }
    }
}

impl<R: Read> Read for Until<R> {
    /// Fails with [`io::ErrorKind::TimedOut`] once it is too late.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if Instant::now() > self.until { Err(io::ErrorKind::TimedOut.into()) } else { self.inner.read(buffer) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_comes_too_late_is_an_error() {
        let mut text = String::new();
        let later = Instant::now() + Duration::from_secs(3600);
        Until::new(&b"in time"[..], later).read_to_string(&mut text).unwrap();
        assert_eq!(text, "in time");
        let error = Until::new(&b"late"[..], Instant::now() - Duration::from_millis(1)).read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
