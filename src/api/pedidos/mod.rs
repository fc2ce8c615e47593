//! `/pedidos`: the lists, one order, its history. The checkout and the kitchen's moves have files of their
//! own; money has `pagamentos.rs`. Tested by `tests/api/cozinha.rs`, `checkout.rs`, `paginas.rs`,
//! `frescor.rs`.

mod checkout;
mod edit;

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use self::{checkout::Checkout, edit::EdicaoPedido};
use super::{
    App,
    answer::{Answer, Deferred},
    endpoint::{
        Access::{Balcao, Cozinha, DonoDoPedido, Todos},
        Resource,
    },
    json::{self, json, tags},
    openapi::{header, nullable_string, string},
    page::{self, LIMIT_DEFAULT, Page},
    routes::id,
    shared,
};
use crate::{
    domain::{
        data_hora::DataHora,
        pedido::{Evento, Pedido, StatusPedido},
    },
    error::Error,
    server::{Request, Response},
    store::{
        eventos as historico,
        pedidos::{self, Lista},
    },
    use_cases::{Vista, cancelamento},
};

/// An open order must not be hidden by a page: a kitchen that does not ask for pages gets them all, up to
/// here.
pub(super) const OPEN_DEFAULT: usize = 5000;
/// Events of one order that are shown.
const EVENTS_MAX: i64 = 1000;
/// Between two warnings that a list of open orders does not fit in one page.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// Its endpoints.
pub fn resource() -> Resource {
    let resource = Resource::new("Pedidos").get(
        "/pedidos",
        Cozinha,
        |app, request| open(app, request, Lista::EmAberto),
        |operation| {
            operation
                .about("The kitchen's list: Pronto, then Em preparação, then Recebido; oldest first in each.")
                .counted_page::<Pedido>()
        },
    );
    one_order(by_state(resource))
        .put("/pedidos", Cozinha, edit::change, |operation| {
            operation
                .about("Moves an order along the kitchen, forward or one step back; or puts it on a customer's name.")
                .body::<EdicaoPedido>()
                .if_match("The `ETag` last seen: 412 with the order as it is now when it has changed since")
                .order()
                .problem(404, "")
                .problem(409, "The move is not allowed, or the order has changed")
        })
        .post("/pedidos/checkout", Todos, checkout::checkout, |operation| {
            let key = nullable_string().min_length(Some(1)).max_length(Some(255));
            operation
                .about(
                    "Makes an order of what the customer chose, at the menu's prices, with its number and its QR code. \
                     When the provider takes too long `qr_situacao` is `a_caminho`: the order stands, and \
                     `GET /pedidos/{id}` shows the code in a moment.",
                )
                .parameter(header(
                    "Idempotency-Key",
                    key,
                    "The same key and body give the same answer again, for 24 h. A key shorter than 16 characters \
                     counts for the address that it comes from",
                ))
                .body::<Checkout>()
                .order()
                .ok_header(
                    "Idempotency-Replayed",
                    string(),
                    "`true` when this is the answer to an earlier request",
                )
                .problem(404, "Unknown cliente or produto")
                .problem(
                    429,
                    "More than `CHECKOUTS_PER_MINUTE` from this address; again after `Retry-After` seconds",
                )
                .problem(
                    503,
                    "`loja_cheia`: as many orders as `MAX_UNPAID_ORDERS` wait for their payment; or it cannot be done now",
                )
        })
}

/// The lists of one state.
fn by_state(resource: Resource) -> Resource {
    resource
        .get(
            "/pedidos/recebidos",
            Cozinha,
            |app, request| open(app, request, Lista::Estado(StatusPedido::Recebido)),
            |operation| operation.about("Orders in Recebido, oldest first.").counted_page::<Pedido>(),
        )
        .get(
            "/pedidos/empreparacao",
            Cozinha,
            |app, request| open(app, request, Lista::Estado(StatusPedido::EmPreparacao)),
            |operation| operation.about("Orders in Em preparação, oldest first.").counted_page::<Pedido>(),
        )
        .get(
            "/pedidos/prontos",
            Cozinha,
            |app, request| open(app, request, Lista::Estado(StatusPedido::Pronto)),
            |operation| operation.about("Orders in Pronto, oldest first.").counted_page::<Pedido>(),
        )
        .get(
            "/pedidos/finalizados",
            Cozinha,
            |app, request| list(app, request, Lista::Estado(StatusPedido::Finalizado), LIMIT_DEFAULT),
            |operation| {
                operation.about("Orders in Finalizado, oldest first, a page at a time.").page::<Pedido>()
            },
        )
        .get(
            "/pedidos/fila",
            Cozinha,
            |app, request| open(app, request, Lista::Estado(StatusPedido::Recebido)),
            |operation| {
                operation.about("The queue: orders in Recebido, oldest first.").counted_page::<Pedido>()
            },
        )
}

fn one_order(resource: Resource) -> Resource {
    resource
        .get("/pedidos/{id}", DonoDoPedido, find, |operation| {
            let seen = "The `ETag` last seen: 304 when nothing has changed";
            operation
                .about("One order.")
                .parameter(header("If-None-Match", nullable_string(), seen))
                .order()
                .empty(304, "")
                .problem(404, "")
        })
        .delete("/pedidos/{id}", DonoDoPedido, cancel, |operation| {
            operation
                .about("Cancels an order that is not paid: it leaves every list and stays on record.")
                .if_match("The `ETag` last seen")
                .done()
                .problem(404, "")
                .problem(409, "It is paid, or delivered")
        })
        .get("/pedidos/{id}/eventos", Balcao, events, |operation| {
            operation.about("What happened to an order, oldest first.").list::<Evento>().problem(404, "")
        })
}

/// A list of open orders, which has all of them on its first page.
fn open(app: &App, request: &Request<'_>, lista: Lista) -> Result<Answer, Error> {
    list(app, request, lista, OPEN_DEFAULT)
}

fn list(app: &App, request: &Request<'_>, lista: Lista, default_limit: usize) -> Result<Answer, Error> {
    if request.query.is_empty()
        && let Some(whole) = app.shared.lista(lista)
    {
        return Ok(shared::first_page(whole, request).into());
    }
    let page = page::requested(request, default_limit)?;
    let (rows, total) = app.store.read(|conn| {
        let rows = pedidos::listar(conn, lista, &page)?;
        let cut = rows.1.is_some() && app.shared.lista(lista).is_some();
        let total = cut.then(|| pedidos::contar(conn, lista)).transpose()?;
        Ok((rows, total))
    })?;
    Ok(Page::new(rows)?.of(total).response(request).into())
}

fn find(app: &App, request: &Request<'_>) -> Result<Deferred, Error> {
    let id = id(request)?;
    let seen = request.header("if-none-match")?.map(str::to_owned);
    Ok(Deferred::ask(&app.shared.pedidos, id, move |pedido| json::order(&*pedido?, seen.as_deref())))
}

fn cancel(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    let (id, pedida) = (id(request)?, cancelamento::Pedida::SemReembolso);
    cancelamento::cancelar(&app.store, &app.gateway, id, &pedida, &seen(request)?, DataHora::agora())?;
    json(&true)
}

fn events(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    let id = id(request)?;
    let eventos = app.store.read(|conn| {
        pedidos::existe(conn, id)?;
        historico::do_pedido(conn, id, EVENTS_MAX)
    })?;
    json(&eventos)
}

/// The versions that `If-Match` names; `*` is any. What is no version matches none.
pub(super) fn seen(request: &Request<'_>) -> Result<Vista, Error> {
    let Some(header) = request.header("if-match")? else { return Ok(None) };
    if tags(header).any(|t| t == "*") {
        return Ok(None);
    }
    let versao = |tag: &str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    Ok(Some(tags(header).filter_map(versao).collect()))
}

/// An order that is on no screen is not cooked: the log says it too, once in `WARN_EVERY`.
pub(super) fn warn_of_cut(total: i64) {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if last.is_none_or(|last| last.elapsed() >= WARN_EVERY) {
        *last = Some(Instant::now());
        drop(last);
        log::warn!(
            "a list of {total} open orders is shown in pages of {OPEN_DEFAULT}: the rest is behind its Link"
        );
    }
}
