//! The connection layer under attack: the built binary, over raw sockets, against everything that it must withstand.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in a test that is how to fail")]

mod bodies;
mod crowd;
mod cuts;
mod deadline;
mod exhaustion;
mod framing;
mod handlers;
mod memory;
mod neighbour;
mod pipelining;
mod process;
mod semantics;
mod shutdown;
mod slow_readers;
mod streams;
mod timeouts;
mod wire;
