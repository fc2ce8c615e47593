//! `/clientes/{id}/dados`: all that is stored about a person, for a request under the LGPD (access, portability). That it
//! was given out is noted first. Tested by `tests/api/personal_data.rs`.
//!
//! It is one document. Only where somebody has more orders than a page holds does `proxima` lead on, so that nothing is left
//! out in silence and no customer makes the process hold more than a page.

use std::{collections::HashSet, ops::ControlFlow};

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    App,
    call::Call,
    endpoint::{Access::Gerente, Resource},
    json::json,
    page,
    pedidos::EVENTS_MAX,
    routes::id,
};
use crate::{
    clock,
    domain::{
        auditoria::Tipo,
        cliente::Cliente,
        data_hora::DataHora,
        evento::EventoView,
        pedido::{Pedido, PedidoView},
    },
    error::Error,
    server::Response,
    store::{
        Connection,
        auditoria::{self, New},
        clientes, eventos,
        lists::{self, List},
        page::{Cursor, PageRequest},
        pedidos,
    },
};

/// Orders, and lines of orders, of one document.
const ORDERS: usize = 500;
const LINES: usize = 2000;

/// Its endpoint.
pub fn resource() -> Resource {
    Resource::new("Clientes").get("/clientes/{id}/dados", Gerente, export, |operation| {
        let described = operation
            .about(
                "All that is stored about a customer, for the person who asks (LGPD): the data, and the orders, also those \
                 cancelled, with what happened to each. It is noted in `/auditoria`.",
            )
            .ok::<Dados>()
            .problem(404, "");
        page::parameters().into_iter().fold(described, |operation, parameter| operation.parameter(parameter))
    })
}

/// All that is stored about a customer.
#[derive(Serialize, ToSchema)]
#[schema(as = DadosDoCliente)]
struct Dados {
    gerado_em: DataHora,
    cliente: Cliente,
    /// Since when the customer is registered; null where nobody knows.
    cadastrado_em: Option<DataHora>,
    /// The newest first.
    #[schema(value_type = Vec<PedidoComEventos>)]
    pedidos: Vec<Box<RawValue>>,
    /// Orders that were once on the customer's name, and are on another or none now.
    #[schema(example = json!([17]))]
    pedidos_de_antes: Vec<i64>,
    /// Where there are more orders than fit: the path of the rest.
    #[schema(example = json!(null))]
    proxima: Option<String>,
}

/// An order, and what happened to it.
#[derive(Serialize, ToSchema)]
struct PedidoComEventos<'a> {
    #[schema(inline)]
    #[serde(flatten)]
    pedido: PedidoView<'a>,
    eventos: Vec<EventoView>,
}

fn export(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let (id, page) = (id(call)?, page::requested(call, ORDERS)?);
    let bytes_max = app.shared.own_page.bytes();
    let dados = app.store.read(|conn| read(conn, id, &page, bytes_max))?;
    let new = New::of_cliente(Tipo::ClienteExportado, call.caller(app)?.name(), id, None);
    app.store.write(|conn| auditoria::append(conn, &new, clock::now()))?;
    json(&dados)
}

fn read(conn: &mut dyn Connection, id: i64, page: &PageRequest<3>, bytes_max: usize) -> Result<Dados, Error> {
    let cliente = clientes::find(conn, id)?;
    let cadastrado_em = clientes::registered_at(conn, id)?;
    let (mut orders, mut lines) = (Vec::new(), 0);
    let mut next = lists::page(conn, List::AllOf(id), page, &mut |pedido: &Pedido| {
        lines += pedido.itens.len();
        orders.push(pedido.clone());
        Ok(if lines < LINES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    let (mut encoded, mut bytes) = (Vec::with_capacity(orders.len()), 0);
    let count = orders.len();
    for pedido in orders {
        let eventos = eventos::of_pedido(conn, pedido.id, EVENTS_MAX)?;
        let order = PedidoComEventos { pedido: PedidoView::of(&pedido), eventos };
        let order = serde_json::value::to_raw_value(&order).map_err(|e| Error::Internal(e.to_string()))?;
        bytes += order.get().len();
        encoded.push(order);
        if bytes >= bytes_max && encoded.len() < count {
            next = Some(Cursor(lists::sort_key(&pedido)));
            break;
        }
    }
    let theirs: HashSet<i64> = pedidos::of_cliente(conn, id)?.into_iter().collect();
    let held = eventos::pedidos_once_of(conn, &[id], 0)?.0;
    let mut before: Vec<i64> = held.iter().map(|h| h.pedido).filter(|p| !theirs.contains(p)).collect();
    before.sort_unstable();
    before.dedup();
    let proxima = next.map(|cursor| format!("/clientes/{id}/dados?limite={}&apos={cursor}", page.limit));
    let gerado_em = clock::now();
    Ok(Dados { gerado_em, cliente, cadastrado_em, pedidos: encoded, pedidos_de_antes: before, proxima })
}
