//! The payment of an order: its status, the counter's money, cancellations and refunds, and what needs a
//! person. Tested by `tests/api/payments.rs`, `till.rs`, `refunds.rs`.

use utoipa::PartialSchema;

use super::{
    App,
    answer::Deferred,
    call::Call,
    endpoint::{
        Access::{Balcao, DonoDoPedido, Gerente},
        Resource,
    },
    fields::{Devolucao, Errors, MeioNoBalcao, Motivo, Responsavel, body, read_body},
    json::{self, json},
    pedidos::seen,
    routes::id,
};
use crate::{
    access::Caller,
    acts::{Cancel, Refund, Resolve, Seen, TakePayment, charge_step, refund},
    domain::{dinheiro::Dinheiro, pedido::Pedido, pendencia::Pendencia},
    error::Error,
    server::Response,
    store::{cobrancas, pedidos},
};

/// Matters for the staff that are shown at most.
const MATTERS_MAX: i64 = 500;
const ETAG_SEEN: &str = "The `ETag` last seen";

/// Its endpoints.
pub fn resource() -> Resource {
    matters(Resource::new("Pagamentos"))
        .get("/pedidos/{id}/status_pagamento", DonoDoPedido, status, |operation| {
            operation
                .about(
                    "The status of an order's payment, as a text: `\"1\"` sent, `\"2\"` approved, `\"3\"` refused, \
                     `\"4\"` refunded.",
                )
                .ok_example(String::schema(), "1")
                .problem(404, "")
        })
        .post("/pedidos/{id}/pagamento", Balcao, receive, |operation| {
            operation
                .about("Records money that was taken at the counter. A QR code that is still open is withdrawn.")
                .body::<Recebimento>()
                .if_match(ETAG_SEEN)
                .order()
                .problem(404, "")
                .problem(409, "It is paid, or cancelled")
        })
        .post("/pedidos/{id}/cancelamento", Balcao, cancel, |operation| {
            operation
                .about(
                    "Cancels an order and gives the money back, if it was paid, which takes a manager: at the provider \
                     for a QR code, at the counter otherwise. An order that waits for its refund is `Cancelado` and \
                     still `Aprovado`; it becomes `Reembolsado` by itself.",
                )
                .body::<Cancelamento>()
                .if_match(ETAG_SEEN)
                .order()
                .problem(404, "")
                .problem(409, "The customer has it already: `reembolso` gives money back")
        })
        .post("/pedidos/{id}/reembolso", Gerente, give_back, |operation| {
            operation
                .about(
                    "Gives back a payment by QR code, at the provider: a part of it, or the whole. The order stays as it \
                     is, also one that was delivered; `status_pagamento` becomes `Reembolsado` when all went back. \
                     `If-Match` is needed: two taps must not give back twice.",
                )
                .body::<Reembolso>()
                .if_match("The `ETag` last seen; needed")
                .order()
                .problem(404, "")
                .problem(409, "There is no such payment, it is less, or a refund is under way")
        })
}

fn matters(resource: Resource) -> Resource {
    resource
        .get("/pedidos/pendencias", Gerente, list_matters, |operation| {
            operation.about("Orders whose money needs a person, the oldest matter first.").list::<Pendencia>()
        })
        .delete("/pedidos/{id}/pendencia", Gerente, resolve_matter, |operation| {
            operation
                .about(
                    "Takes an order off the list of those that need a person: somebody saw to it. Was it a refund that \
                     the provider refuses, then the money was given back at the counter, and the provider is not asked any \
                     more; to have it asked once more, cancel the order again. 409 while the provider may still do it. \
                     Again is the same.",
                )
                .done()
                .problem(404, "")
                .problem(409, "A refund is under way")
        })
}

body! {
    /// Money taken at the counter.
    Recebimento {
        #[schema(required)]
        meio: MeioNoBalcao,
        /// Who took it.
        #[schema(required)]
        responsavel: Responsavel,
    }
}

body! {
    Cancelamento {
        /// Why, for the history of the order.
        #[schema(required)]
        motivo: Motivo,
    }
}

body! {
    Reembolso {
        /// What was paid at most, less what went back already.
        #[schema(required)]
        valor: Devolucao,
        #[schema(required)]
        motivo: Motivo,
    }
}

fn status(app: &App, request: &Call<'_>) -> Result<Deferred, Error> {
    let id = id(request)?;
    Ok(Deferred::ask(&app.shared.status, id, |status| json(&(status? as i64).to_string())))
}

/// What is asked about the money of an order: by whom, and in which version it was seen.
pub struct Asked {
    pub id: i64,
    pub caller: Caller,
    pub seen: Seen,
}

impl Asked {
    fn of(app: &App, request: &Call<'_>) -> Result<Asked, Error> {
        Ok(Asked { id: id(request)?, caller: request.caller(app)?, seen: seen(request)? })
    }
}

fn receive(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let body: Recebimento = read_body(request)?;
    let mut errors = Errors::default();
    let meio = errors.required("meio", body.meio);
    let responsavel = errors.required("responsavel", body.responsavel);
    let (MeioNoBalcao(meio), Responsavel(responsavel)) = errors.or(meio.zip(responsavel))?;
    let Asked { id, caller, seen } = Asked::of(app, request)?;
    let payment = TakePayment { meio, responsavel, seen, repeatable: true };
    json::order(&take_money(app, id, caller, payment)?, None)
}

/// Records money that was taken at the counter.
pub fn take_money(app: &App, id: i64, caller: Caller, payment: TakePayment) -> Result<Pedido, Error> {
    let (pedido, _) = app.commands.run(id, caller.actor(), payment)?;
    app.bell.ring();
    Ok(pedido)
}

fn cancel(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let body: Cancelamento = read_body(request)?;
    let mut errors = Errors::default();
    let motivo = errors.required("motivo", body.motivo);
    let Motivo(motivo) = errors.or(motivo)?;
    json::order(&cancel_order(app, request, id(request)?, Some(motivo))?, None)
}

/// Cancels the order, and asks for the refund while the client waits.
pub fn cancel_order(app: &App, request: &Call<'_>, id: i64, motivo: Option<String>) -> Result<Pedido, Error> {
    let (seen, caller) = (seen(request)?, request.visitor(app)?);
    call_off(app, Asked { id, caller, seen }, motivo)
}

/// As `cancel_order`, where it is known who asks.
pub fn call_off(app: &App, asked: Asked, motivo: Option<String>) -> Result<Pedido, Error> {
    let Asked { id, caller, seen } = asked;
    let act = Cancel { motivo, seen, gives_back: caller.may(Gerente), payments: app.payments.clone() };
    let ran = app.commands.run(id, caller.actor(), act);
    let (pedido, step) = ran.map_err(|error| caller.explain(error))?;
    Ok(charge_step::ask_while_client_waits(&app.commands, &app.payments, pedido, step, None))
}

fn give_back(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let body: Reembolso = read_body(request)?;
    let mut errors = Errors::default();
    let valor = errors.required("valor", body.valor);
    let motivo = errors.required("motivo", body.motivo);
    let (Devolucao(valor), Motivo(motivo)) = errors.or(valor.zip(motivo))?;
    json::order(&refund(app, Asked::of(app, request)?, valor, motivo)?, None)
}

/// Gives back a payment by QR code, or a part of it. The caller must be a manager.
pub fn refund(app: &App, asked: Asked, valor: Dinheiro, motivo: String) -> Result<Pedido, Error> {
    let Asked { id, caller, seen } = asked;
    app.store.read(|conn| pedidos::check_exists(conn, id))?;
    if seen.is_none() {
        let message = "Leia o pedido de novo antes de devolver, para que dois toques não devolvam duas vezes";
        return Err(Error::invalid("If-Match", message));
    }
    refund::look_at_what_is_under_way(&app.store, &app.commands, &app.payments, id)?;
    let act = Refund { valor, motivo, seen, payments: app.payments.clone() };
    let (pedido, step) = app.commands.run(id, caller.actor(), act)?;
    Ok(charge_step::ask_while_client_waits(&app.commands, &app.payments, pedido, step, None))
}

fn list_matters(app: &App, _: &Call<'_>) -> Result<Response, Error> {
    json(&app.store.read(|conn| cobrancas::pending(conn, MATTERS_MAX))?)
}

fn resolve_matter(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    settle_matter(app, id(request)?, request.caller(app)?)?;
    json(&true)
}

/// Takes an order off the list of those that need a person. The caller must be a manager.
pub fn settle_matter(app: &App, id: i64, caller: Caller) -> Result<(), Error> {
    app.commands.run(id, caller.actor(), Resolve { payments: app.payments.clone() }).map(drop)
}
