//! Live streams over the log (server-sent events): many who listen, and no thread for any of them.
//!
//! ```text
//!  request ─▶ handler: where the listener stands, its first frame ─▶ Hub::listen ─┐ arrivals
//!  commit  ─▶ bell ─────────────┐                                                 ▼
//!  other processes ─▶ log ─▶ look, each TICK ─▶ feeder: a slice of the log ─▶ a frame a topic ─▶ every Stream
//! ```
//!
//! - **The log is the only cursor.** A listener has a place in the log (`next`), and is sent what is behind it in slices.
//!   `Last-Event-ID` names its last event (`cursor`), to any process, also after a restart.
//! - **One thread sends to all listeners** (`feeder`). It looks where the log is when this process has committed and each
//!   `TICK`, and only while there are listeners. A frame is encoded once for all listeners of a topic at the same place.
//! - **Sending never waits** (back-pressure). A listener whose socket does not take a frame is sent nothing more until it has;
//!   one that stays behind is closed, and resumes from its cursor.
//! - **A pulse means that what was sent is current**: there is none while the log cannot be read.
//! - **Credentials are checked while the stream lasts** (`Guard`): as it begins, when access changes, and each minute.
//!
//! Tested by `tests/api/live.rs` and `live_access.rs`.

mod cursor;
mod feeder;
mod frames;
mod hub;
mod listener;
mod snapshot;
mod telling;

pub use self::{
    cursor::Cursor,
    feeder::Feeder,
    frames::{again, first_of_log, first_of_order, retry_later},
    hub::{Hub, Slot},
    listener::{Guard, NewListener, Topic},
    snapshot::{Snapshot, board},
};
