//! The well-behaved client that must be served whatever the others do.

use std::net::SocketAddr;

use crate::wire::{Client, get};

pub struct Neighbour {
    address: SocketAddr,
    kept: Client,
}

impl Neighbour {
    pub fn new(address: SocketAddr) -> Neighbour {
        Neighbour { address, kept: Client::connect(address) }
    }

    /// A request on the connection that it keeps and one on a new one: neither is tried twice.
    pub fn is_served(&mut self) {
        ask(&mut self.kept);
        ask(&mut Client::connect(self.address));
    }
}

fn ask(client: &mut Client) {
    client.send(get("/produtos?limite=1"));
    let answer = client.answer();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!answer.closes(), "{answer:?}");
}
