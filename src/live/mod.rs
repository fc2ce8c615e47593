//! Live streams over the log (server-sent events): many who listen, and no thread for any of them.
//!
//! ```text
//!  request ─▶ handler: where the listener stands, its first frame ─▶ Hub::listen ─┐ arrivals
//!  commit  ─▶ bell ─────────────┐                                                 ▼
//!  other processes ─▶ log ─▶ look, each TICK ─▶ feeder: a slice of the log ─▶ a frame a topic ─▶ every Stream
//! ```
//!
//! - **The log is the only cursor.** A listener stands at a place of the log (`next`), and is told of what is behind it in
//!   slices. What it has seen it names by `Last-Event-ID`, to any process, also after a restart.
//! - **One thread feeds all** (`feeder`): it looks where the log is when this process has committed and each `TICK`, and only
//!   while somebody listens. A frame is encoded once for all listeners of a topic that stand at the same place.
//! - **Nothing waits for a listener.** One that does not take a frame is told nothing more until it has, and is let go of when
//!   it stays behind; it comes back with its cursor.
//! - **A pulse means that what was seen is current**: there is none while the log cannot be read.
//! - **What a credential let in is checked again** (`Guard`) as it comes in, when access changes and each minute, and let go
//!   of where it counts no longer.
//!
//! Tested by `tests/api/live.rs`.

mod feeder;
mod frames;
mod hub;
mod listener;
mod snapshot;
mod telling;

pub use self::{
    feeder::Feeder,
    frames::{again, first_of_log, first_of_order, retry_later},
    hub::{Hub, Slot},
    listener::{Guard, NewListener, Topic},
    snapshot::{Snapshot, board},
};
