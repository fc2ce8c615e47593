//! Live streams (server-sent events): the log, the boards, one order. Here it is decided where a listener begins; from its
//! first frame on `crate::live` has it. Tested by `tests/api/live.rs`.

use std::time::Duration;

use utoipa::{PartialSchema, openapi::path::Parameter};

use super::{
    App,
    call::Call,
    credentials,
    endpoint::{
        Access::{self, BalcaoOuMaquina, Cozinha, DonoDoPedido, Todos},
        Resource,
    },
    openapi::{header, integer, nullable_string, query, string},
    operation::Operation,
    problem::problem,
    routes::id,
};
use crate::{
    domain::{evento::EventoDoLog, pedido::PedidoView},
    error::Error,
    live::{Cursor, Guard, NewListener, Topic, again, first_of_log, first_of_order, retry_later},
    server::{Frame, Response, Stream},
    store::{
        log_place::{self, LogPlace},
        log_slice,
    },
};

const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";
/// Seconds between two pulses, where the query does not say, and at most.
const PULSE: u64 = 15;
/// One that has missed more events than this of a board is given the whole board, which all who come share; what is behind a
/// cursor is encoded for each cursor.
const BOARD_EVENTS_MAX: i64 = 50;

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Ao vivo")
        .get("/eventos", BalcaoOuMaquina, log, |operation| {
            let about = "Every event of every order, as it is committed: `event` is its `tipo`, `id` its `sequencia`.";
            stream(operation.about(about).names::<EventoDoLog<'_>>())
        })
        .get("/pedidos/ao-vivo", Todos, board, |operation| {
            let about = "A board: `lista` with the open orders, then `mudanca` with `mudaram` (orders that entered or \
                         changed) and `sairam` (the ids of those that left; on the `painel`, their numbers and times).";
            let lista = string().enum_values(Some(["cozinha", "painel"]));
            let meaning = "`cozinha`: whole orders, for the kitchen; `painel`: numbers and states, for everybody";
            stream(operation.about(about).parameter(query("lista", lista, meaning)))
                .problem(401, "`lista=cozinha` needs a credential, or this one opens nothing")
                .problem(403, "`lista=cozinha` needs the role «cozinha», or a higher one")
        })
        .get("/pedidos/{id}/ao-vivo", DonoDoPedido, order, |operation| {
            let about = "One order: `pedido` as it is, then at each change; `fim` behind Finalizado or Cancelado.";
            let secret = "The order's secret, where no header can be sent (`EventSource`)";
            stream(operation.about(about).names::<PedidoView<'_>>())
                .parameter(query("acompanhamento", string(), secret))
                .empty(204, "It is over, and was seen so: a browser does not come back")
                .problem(404, "")
        })
}

/// What all streams have in common.
fn stream(operation: Operation) -> Operation {
    let pulse = integer("int32").minimum(Some(1)).maximum(Some(PULSE as usize));
    let parameters: [Parameter; 3] = [
        header(
            "Last-Event-ID",
            nullable_string(),
            "The `id` last seen: what comes next is what is behind it",
        ),
        query(
            "desde",
            string(),
            "The same, where no header can be sent; the number of an event alone will do",
        ),
        query("pulso", pulse, "Seconds after which `pulso` is sent when there is nothing else: 15"),
    ];
    let operation = parameters.into_iter().fold(operation, Operation::parameter);
    operation
        .ok_as("text/event-stream", String::schema())
        .problem(422, "")
        .problem(503, "`ouvintes_demais`: as many listen as `MAX_LISTENERS`")
}

/// What a client has seen.
enum Seen {
    Nothing,
    /// Everything up to the event at this place.
    UpTo(i64),
    /// Something that this log does not have.
    Unknown,
}

/// Where the log is, and what the client has seen of it. What is read behind this is at least as new.
fn position(app: &App, request: &Call<'_>) -> Result<(LogPlace, Seen), Error> {
    let cursor = match request.header("last-event-id")?.filter(|last| !last.is_empty()) {
        Some(last) => Some(last.parse::<Cursor>()),
        None => match request.parameter("desde").map(|text| text.parse()) {
            Some(Err(())) => {
                return Err(Error::invalid("desde", "deve ser o número de um evento, ou 0"));
            }
            cursor => cursor,
        },
    };
    let Some(Ok(Cursor { sequencia, event })) = cursor else {
        let place = app.store.read(|conn| log_place::current(conn))?;
        return Ok((place, if cursor.is_some() { Seen::Unknown } else { Seen::Nothing }));
    };
    let (place, there) = app.store.read(|conn| log_place::current_and(conn, sequencia))?;
    let is_known = sequencia < place.next_sequencia && event.is_none_or(|event| event == there);
    Ok((place, if is_known { Seen::UpTo(sequencia) } else { Seen::Unknown }))
}

/// Where a listener begins, and its first frame.
struct Start {
    topic: Topic,
    next: i64,
    versao: i64,
    first: Frame,
}

fn log(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let (place, seen) = position(app, request)?;
    let head = place.next_sequencia;
    let (next, first) = match seen {
        Seen::UpTo(seen) => (seen + 1, again()),
        Seen::Nothing => (head, first_of_log(head, false)),
        Seen::Unknown => (head, first_of_log(head, true)),
    };
    let start = Start { topic: Topic::Log, next, versao: 0, first };
    listen(app, request, BalcaoOuMaquina, start)
}

fn board(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let (topic, access) = match request.parameter("lista").as_deref() {
        None | Some("painel") => (Topic::Panel, Todos),
        Some("cozinha") => (Topic::Kitchen, Cozinha),
        Some(_) => return Err(Error::invalid("lista", "deve ser cozinha ou painel")),
    };
    request.check(app, access)?;
    let (place, seen) = position(app, request)?;
    let start = match seen {
        Seen::UpTo(seen) if place.next_sequencia - seen <= BOARD_EVENTS_MAX => {
            Start { topic, next: seen + 1, versao: 0, first: again() }
        }
        seen => {
            let board = app.shared.board(topic).wait_for(())?;
            let is_new = matches!(seen, Seen::Nothing);
            let first = if is_new { board.whole.clone() } else { board.restarted.clone() };
            Start { topic, next: board.next, versao: 0, first }
        }
    };
    listen(app, request, access, start)
}

fn order(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let id = id(request)?;
    let (place, seen) = position(app, request)?;
    let pedido = app.shared.pedidos.wait_for(id)?;
    let news = match seen {
        Seen::UpTo(seen) => app.store.read(|conn| log_slice::changed_behind(conn, id, seen))?,
        Seen::Nothing | Seen::Unknown => true,
    };
    let is_over = !pedido.status_pedido.is_open();
    if is_over && !news {
        return Ok(Response::new(204, "", ""));
    }
    let first = first_of_order(place, news.then_some(&*pedido), matches!(seen, Seen::Unknown))?;
    if is_over {
        return Ok(answer(move |stream: Stream| stream.finish(Some(&first))));
    }
    let start = Start { topic: Topic::Order(id), next: place.next_sequencia, versao: pedido.versao, first };
    listen(app, request, DonoDoPedido, start)
}

/// The answer to one that begins to listen, if there is room.
fn listen(app: &App, request: &Call<'_>, access: Access, start: Start) -> Result<Response, Error> {
    let pulse = pulse(request)?;
    if request.load.stopping {
        // An error would keep a browser from coming back.
        let number = start.next as usize;
        return Ok(answer(move |stream: Stream| stream.finish(Some(&retry_later(number)))));
    }
    let guard = guard(app, request, access)?;
    let Some(slot) = app.live.admit(guard.is_some()) else { return Ok(no_room()) };
    let Start { topic, next, versao, first } = start;
    let listener = NewListener { topic, next, versao, pulse, guard };
    Ok(answer(app.live.listen(slot, listener, first)))
}

fn answer(open: impl FnOnce(Stream) + Send + 'static) -> Response {
    Response::stream(EVENT_STREAM, open).with("X-Accel-Buffering", "no")
}

fn no_room() -> Response {
    let detail = "Há telas demais abertas agora; tente de novo em instantes";
    problem(503, "ouvintes_demais", detail, &[]).with("Retry-After", "5")
}

/// What checks again whether it may listen; `None` where everybody may, or who has the order's secret.
fn guard(app: &App, request: &Call<'_>, access: Access) -> Result<Option<Guard>, Error> {
    if access == Todos || (access == DonoDoPedido && request.has_secret(app)?) {
        return Ok(None);
    }
    let (doors, carried) = (app.doors.clone(), credentials::carried(request)?);
    Ok(Some(Box::new(move || doors.still_admit(&carried, access))))
}

fn pulse(request: &Call<'_>) -> Result<Duration, Error> {
    match request.parameter("pulso").map(|text| text.parse()) {
        None => Ok(Duration::from_secs(PULSE)),
        Some(Ok(seconds @ 1..=PULSE)) => Ok(Duration::from_secs(seconds)),
        Some(_) => Err(Error::invalid("pulso", format!("deve ser um número de 1 a {PULSE}"))),
    }
}
