//! `/cozinha`: the tickets of the open orders, oldest first in each state, and one tap that moves each on.
//!
//! - A move is a form with the version that was seen: of two tablets that tap at once one is told, and shown what is. Scripts
//!   send the same form, and take the board out of the page that comes back: it is rendered here and nowhere else.
//! - The move that was made last can be undone from the page that follows it.
//! - How long an order waits is told by words, by a sign and by a colour.

use std::{collections::HashSet, sync::Arc};

use askama::Template;

use super::{
    files,
    layout::{Layout, page, profile, see_other},
    sold_out::{self, Esgotado},
    ticket::{Column, Look, Ticket},
};
use crate::{
    api::{
        App,
        call::Call,
        endpoint::{
            Access::{Balcao, Cozinha},
            Resource,
        },
        fields::{Errors, Id, StatusPedidoEnviado, body, read_form},
        openapi::{query, string},
        pedidos::advance,
        problem,
    },
    clock,
    domain::{
        pedido::{Pedido, StatusPedido},
        produto::{Categoria, Produto},
        restaurante::Restaurante,
    },
    error::Error,
    server::Response,
    store::{
        lists::{self, List},
        page::PageRequest,
        pedidos, produtos,
    },
};

/// Tickets of one state that are shown; how many more there are is told.
const SHOWN: usize = 200;
/// Tickets that a key moves.
const KEYS: usize = 9;

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::of_pages()
        .get(
            "/cozinha",
            Cozinha,
            |app, call| show(app, call, 200, moved(app, call)?),
            |operation| {
                operation
                    .about("The kitchen's tickets.")
                    .parameter(query("categoria", string(), "Only orders with something of this category"))
                    .html()
            },
        )
        .post("/cozinha", Cozinha, advance_ticket, |operation| {
            operation
                .about("Moves an order on or one step back, by the form of its ticket.")
                .form::<Movimento>()
                .page_of(404, "There is no such order")
                .page_of(409, "It cannot go there")
                .page_of(412, "It was moved meanwhile")
                .page_of(422, "The form is not whole")
        })
        .post(
            "/cozinha/esgotado",
            Cozinha,
            |app, call| sold_out::set(app, call, &query_of(station(call))),
            |operation| {
                operation
                    .about("Says that a product has run out, or is to be had again, by the form of the page.")
                    .form::<Esgotado>()
                    .page_of(404, "There is no such product")
                    .page_of(422, "The form is not whole")
            },
        )
}

body! {
    /// A move of a ticket.
    Movimento {
        #[schema(required)]
        id: Id,
        #[schema(required)]
        status: StatusPedidoEnviado,
        /// As seen.
        #[schema(required)]
        versao: Id,
    }
}

/// What happened last.
struct Notice {
    text: String,
    is_error: bool,
    /// The order as it is now, and the state that it came from.
    undo: Option<(Ticket, i64)>,
}

#[derive(Template)]
#[template(path = "kitchen.html")]
struct Kitchen {
    layout: Layout,
    columns: [Column; 3],
    /// The category that the station makes; none where it sees all.
    station: Option<Categoria>,
    /// Of the station, for the forms.
    query: String,
    menu: Arc<Vec<Produto>>,
    notice: Option<Notice>,
}

/// The category that the address names.
fn station(call: &Call<'_>) -> Option<Categoria> {
    let number: i64 = call.parameter("categoria")?.parse().ok()?;
    Categoria::try_from(number).ok()
}

/// For the addresses of the page.
fn query_of(station: Option<Categoria>) -> String {
    station.map_or(String::new(), |categoria| format!("?categoria={}", categoria.number()))
}

fn show(app: &App, call: &Call<'_>, status: u16, notice: Option<Notice>) -> Result<Response, Error> {
    let station = station(call);
    let profile = profile(app)?;
    let look = look(app, call, &profile)?;
    let only = match station {
        Some(categoria) => Some(app.store.read(|conn| produtos::of_category(conn, categoria))?),
        None => None,
    };
    let column = |state| column(app, state, only.as_ref(), look);
    let mut columns =
        [column(StatusPedido::Recebido)?, column(StatusPedido::EmPreparacao)?, column(StatusPedido::Pronto)?];
    // What is new comes last: it gives no other ticket another key.
    let [received, preparing, _] = &mut columns;
    let by_key = preparing.tickets.iter_mut().chain(&mut received.tickets).take(KEYS);
    by_key.zip(1..).for_each(|(ticket, key)| ticket.key = Some(key));
    let shown = Kitchen {
        layout: Layout::of_staff(app, call, &profile)?,
        columns,
        station,
        query: query_of(station),
        menu: app.shared.on_sale.wait_for(())?,
        notice,
    };
    page(status, &shown)
}

fn column(app: &App, state: StatusPedido, only: Option<&HashSet<i64>>, look: Look) -> Result<Column, Error> {
    let list = List::State(state);
    let first = PageRequest { limit: SHOWN, after: None };
    app.store.read(|conn| {
        let mut tickets = Vec::new();
        let rest = lists::page(conn, list, &first, &mut |pedido| {
            tickets.extend(Ticket::of(pedido, look).of_station(only));
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        let more = match rest {
            Some(_) => lists::count(conn, list)? - SHOWN as i64,
            None => 0,
        };
        Ok(Column { state, tickets, more })
    })
}

/// What the page before has done: a move, which can be undone, or what was said of a product.
fn moved(app: &App, call: &Call<'_>) -> Result<Option<Notice>, Error> {
    if let Some(id) = call.parameter("produto").and_then(|id| id.parse().ok()) {
        let produto = app.store.read(|conn| produtos::find(conn, id, clock::now()))?;
        return Ok(Some(Notice { text: sold_out::words(&produto), is_error: false, undo: None }));
    }
    let Some(id) = call.parameter("movido").and_then(|id| id.parse().ok()) else { return Ok(None) };
    let pedido = app.store.read(|conn| pedidos::find(conn, id))?;
    Ok(Some(done(&pedido, look(app, call, &profile(app)?)?)))
}

/// Of this caller, now.
fn look(app: &App, call: &Call<'_>, profile: &Restaurante) -> Result<Look, Error> {
    let limits = [profile.minutos_amarelo, profile.minutos_vermelho];
    Ok(Look { now: clock::now(), at_counter: call.caller(app)?.may(Balcao), limits })
}

fn done(pedido: &Pedido, look: Look) -> Notice {
    let text = format!("Senha {}: {}.", pedido.called_number(), pedido.status_pedido.descricao());
    let ticket = Ticket::of(pedido, look);
    let undo = ticket.back.map(|(status, _)| (ticket, status));
    Notice { text, is_error: false, undo }
}

fn advance_ticket(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: Movimento = read_form(call)?;
    let mut errors = Errors::default();
    let id = errors.required("id", body.id);
    let status = errors.required("status", body.status);
    let versao = errors.required("versao", body.versao);
    let ((Id(id), StatusPedidoEnviado(status)), Id(versao)) = errors.or(id.zip(status).zip(versao))?;
    let error = match advance(app, call, id, status, versao) {
        Ok(_) => {
            let query = query_of(station(call));
            let first = if query.is_empty() { "?" } else { "&" };
            return Ok(see_other(&format!("/cozinha{query}{first}movido={id}")));
        }
        Err(error) => error,
    };
    let text = match &error {
        Error::PreconditionFailed(pedido) => format!(
            "A senha {} já foi mexida em outra tela, e está em «{}».",
            pedido.called_number(),
            pedido.status_pedido.descricao()
        ),
        Error::NotFound(_) | Error::Conflict { .. } => String::new(),
        _ => return Err(error),
    };
    let refused = problem::of_error(error, &call.id);
    let text = if text.is_empty() { format!("{}.", problem::detail(&refused)) } else { text };
    show(app, call, refused.status(), Some(Notice { text, is_error: true, undo: None }))
}
