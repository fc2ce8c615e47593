//! What listeners are told, as server-sent events (HTML standard, section 9.2): one event a line of JSON.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::cursor::Cursor;
use crate::{
    domain::{evento::EventoDoLog, pedido::Pedido},
    error::Error,
    server::Frame,
    store::{log_place::LogPlace, log_slice::Entry},
};

/// How long a browser waits before it comes back, in milliseconds.
const RETRY_MS: u32 = 1000;

/// An event on its way: its fields, and the empty line.
pub(super) fn event(out: &mut Vec<u8>, id: Option<Cursor>, name: &str, data: &[u8]) {
    if let Some(id) = id {
        out.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    // JSON has no line break but within a text, where it is escaped.
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

/// How far the log is, where nothing else is to be said. It has no id: what comes next is behind the last event that was told.
pub(super) fn pulse(next: i64) -> Vec<u8> {
    let mut out = Vec::new();
    event(&mut out, None, "pulso", format!("{{\"sequencia\":{}}}", next - 1).as_bytes());
    out
}

/// The end of a stream: what comes back later, so that not all do at the same time.
pub fn retry_later(number: usize) -> Frame {
    let spread = 500 + 125 * (number % 16);
    Frame::new(format!("retry: {spread}\n\n").as_bytes())
}

/// The cursor names nothing in this log: it is dropped, and what comes next is everything anew.
pub(super) fn restart(out: &mut Vec<u8>) {
    out.extend_from_slice(b"id\n");
    event(out, None, "recome\u{e7}o", b"{}");
}

/// The beginning of each stream.
pub(super) fn hello() -> Vec<u8> {
    format!("retry: {RETRY_MS}\n\n").into_bytes()
}

/// The first frame for one that comes back: what it missed is news, and comes next.
pub fn again() -> Frame {
    Frame::new(&hello())
}

/// The first frame for one that listens to the log from this place on, or whose cursor is unknown.
pub fn first_of_log(next: i64, restarts: bool) -> Frame {
    let mut out = hello();
    if restarts {
        restart(&mut out);
    }
    out.extend(pulse(next));
    Frame::new(&out)
}

/// The first frame for one that listens to an order from this place on: the order, unless it was seen as it is (`None`).
pub fn first_of_order(place: LogPlace, pedido: Option<&Pedido>, restarts: bool) -> Result<Frame, Error> {
    let mut out = hello();
    if restarts {
        restart(&mut out);
    }
    match pedido {
        Some(pedido) => order(&mut out, place.into(), pedido)?,
        None => out.extend(pulse(place.next_sequencia)),
    }
    Ok(Frame::new(&out))
}

/// An order as it is; the last one says that nothing more will come.
pub(super) fn order(out: &mut Vec<u8>, seen: Cursor, pedido: &Pedido) -> Result<(), Error> {
    event(out, Some(seen), "pedido", &json(pedido)?);
    if !pedido.status_pedido.is_open() {
        event(out, None, "fim", b"{}");
    }
    Ok(())
}

/// An event of the log.
pub(super) fn logged(out: &mut Vec<u8>, entry: &Entry) -> Result<(), Error> {
    let Entry { pedido, evento, .. } = entry;
    let data = json(&EventoDoLog { pedido: *pedido, evento })?;
    event(out, Some(entry.place.into()), &evento.tipo, &data);
    Ok(())
}

/// What has become of the orders of a board.
#[derive(Serialize)]
pub(super) struct Change<'a, T, Gone> {
    /// Those that entered or changed, as they are.
    pub mudaram: &'a [T],
    /// Those that left.
    pub sairam: &'a [Gone],
}

/// An order as everybody may see it. Number and time together name it: numbers begin anew each day.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PanelEntry<'a> {
    senha: Option<i64>,
    status_pedido: i64,
    #[serde(borrow)]
    status_pedido_descricao: Cow<'a, str>,
    #[serde(borrow)]
    datahora_recebido: Cow<'a, str>,
}

impl PanelEntry<'_> {
    pub(super) fn of(pedido: &Pedido) -> PanelEntry<'static> {
        PanelEntry {
            senha: pedido.senha,
            status_pedido: pedido.status_pedido as i64,
            status_pedido_descricao: pedido.status_pedido.descricao().into(),
            datahora_recebido: pedido.datahora_recebido.to_string().into(),
        }
    }
}

pub(super) fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|e| Error::Internal(format!("cannot encode: {e}")))
}
