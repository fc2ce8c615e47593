//! `/pedidos`: the lists, one order, its history. The checkout and the kitchen's moves have files of their
//! own; money has `pagamentos.rs`. Tested by `tests/api/kitchen.rs`, `checkout.rs`, `pages.rs`,
//! `freshness.rs`.

pub(super) mod checkout;
mod edit;

pub use self::edit::advance;
use self::{
    checkout::{Checkout, Placed},
    edit::EdicaoPedido,
};
use super::{
    App,
    answer::{Answer, Deferred},
    call::Call,
    endpoint::{
        Access::{Balcao, Cozinha, DonoDoPedido, Todos},
        Resource,
    },
    json::{self, json, tags},
    openapi::{header, nullable_string, string},
    order_page::{self, warn_of_cut},
    pagamentos,
    page::{self, LIMIT_DEFAULT},
    routes::id,
    shared,
};
use crate::{
    acts::Seen,
    domain::{
        evento::EventoView,
        pedido::{PedidoView, StatusPedido},
    },
    error::Error,
    server::{Request, Response},
    store::{eventos, lists::List, pedidos},
};

/// An open order must not be hidden by a page: a kitchen that does not ask for pages gets them all, up to
/// here.
pub(super) const OPEN_DEFAULT: usize = 5000;
/// Events of one order that are shown.
pub(super) const EVENTS_MAX: i64 = 1000;

/// Its endpoints.
pub fn resource() -> Resource {
    let resource = Resource::new("Pedidos").get(
        "/pedidos",
        Todos,
        |app, request| open(app, request, List::Open),
        |operation| {
            operation
                .about("The kitchen's list: Pronto, then Em preparação, then Recebido; oldest first in each.")
                .board()
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
                .ok::<Placed<'_>>()
                .ok_header("ETag", string(), "The version of the order")
                .ok_header(
                    "Idempotency-Replayed",
                    string(),
                    "`true` when this is the answer to an earlier request",
                )
                .problem(404, "Unknown cliente or produto")
                .problem(409, "`esgotado`: `produtos` are sold out; `fechado`: no orders are taken until `abre_em`")
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
            Todos,
            |app, request| open(app, request, List::State(StatusPedido::Recebido)),
            |operation| operation.about("Orders in Recebido, oldest first.").board(),
        )
        .get(
            "/pedidos/empreparacao",
            Todos,
            |app, request| open(app, request, List::State(StatusPedido::EmPreparacao)),
            |operation| operation.about("Orders in Em preparação, oldest first.").board(),
        )
        .get(
            "/pedidos/prontos",
            Todos,
            |app, request| open(app, request, List::State(StatusPedido::Pronto)),
            |operation| operation.about("Orders in Pronto, oldest first.").board(),
        )
        .get(
            "/pedidos/finalizados",
            Cozinha,
            |app, request| orders(app, request, List::State(StatusPedido::Finalizado), LIMIT_DEFAULT),
            |operation| {
                operation
                    .about("Orders in Finalizado, oldest first, a page at a time.")
                    .page::<PedidoView<'_>>()
            },
        )
        .get(
            "/pedidos/fila",
            Todos,
            |app, request| open(app, request, List::State(StatusPedido::Recebido)),
            |operation| operation.about("The queue: orders in Recebido, oldest first.").board(),
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
            operation.about("What happened to an order, oldest first.").list::<EventoView>().problem(404, "")
        })
}

/// A list of open orders, which everybody may see as numbers and states; it has all of them on its first page.
fn open(app: &App, request: &Call<'_>, list: List) -> Result<Answer, Error> {
    orders(app, request, list, OPEN_DEFAULT)
}

fn orders(app: &App, request: &Call<'_>, list: List, default_limit: usize) -> Result<Answer, Error> {
    let is_staff = request.visitor(app)?.may(Cozinha);
    if request.query.is_empty()
        && let Some(whole) = if is_staff { app.shared.list(list) } else { app.shared.public_list(list) }
    {
        return Ok(shared::first_page(whole, request)?.into());
    }
    let page = match is_staff {
        true => page::requested(request, default_limit)?,
        false => page::requested_by_public(request, default_limit, &app.doors)?,
    };
    let read = app.store.read(|conn| order_page::read(conn, list, &page, app.shared.own_page))?;
    // A page that was asked for in this size, or that begins behind another, hides nothing.
    let asked = request.parameter("limite").is_some() && !read.cut_by_size;
    if page.after.is_none() && !asked {
        read.total.into_iter().for_each(warn_of_cut);
    }
    let page = if is_staff { read.page } else { read.page.public(&app.doors)? };
    Ok(page.response(request).into())
}

fn find(app: &App, request: &Call<'_>) -> Result<Deferred, Error> {
    let id = id(request)?;
    let seen = request.header("if-none-match")?.map(str::to_owned);
    Ok(Deferred::ask(&app.shared.pedidos, id, move |pedido| json::order(&*pedido?, seen.as_deref())))
}

fn cancel(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    pagamentos::cancel_order(app, request, id(request)?, None)?;
    json(&true)
}

fn events(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let id = id(request)?;
    let history = app.store.read(|conn| {
        pedidos::check_exists(conn, id)?;
        eventos::of_pedido(conn, id, EVENTS_MAX)
    })?;
    json(&history)
}

/// The versions that `If-Match` names; `*` is any. What is no version matches none.
pub(super) fn seen(request: &Request<'_>) -> Result<Seen, Error> {
    let Some(header) = request.header("if-match")? else { return Ok(None) };
    if tags(header).any(|t| t == "*") {
        return Ok(None);
    }
    let versao = |tag: &str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    Ok(Some(tags(header).filter_map(versao).collect()))
}
