//! Host names become addresses on a thread of their own: the system's resolver may take its time. Where no thread is left
//! that is an error, and no panic of whoever would have started it.

use std::net::ToSocketAddrs as _;
use std::thread::Builder;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

/// Asks the system.
#[derive(Debug)]
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (sender, receiver) = oneshot::channel();
        let host = name.as_str().to_owned();
        // Nobody waits any more where the sending fails; the port is set by whoever connects.
        let look_up = move || drop(sender.send((host.as_str(), 0).to_socket_addrs()));
        let started = Builder::new().name("relkit-resolver".into()).spawn(look_up);
        Box::pin(async move {
            started?;
            let addresses: Addrs = Box::new(receiver.await??);
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_have_an_address() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = |name: &str| runtime.block_on(Resolver.resolve(name.parse().unwrap()));
        assert!(found("localhost").unwrap().all(|address| address.ip().is_loopback()));
        assert!(found("name.invalid").is_err());
    }
}
