//! `PUT /pedidos`: the kitchen's moves. A client may send the whole order back: what only the payment or
//! the clock may change must then be as it is.

use super::seen;
use crate::{
    acts::Move,
    api::{
        App,
        call::Call,
        endpoint::Access,
        fields::{
            Errors, Id, Identificador, Ignorado, LocalEnviado, MesaEnviada, StatusPagamentoEnviado,
            StatusPedidoEnviado, ValorEnviado, body, read_body,
        },
        json,
    },
    domain::{
        data_hora::DataHora,
        dinheiro::Dinheiro,
        pedido::{Local, Meio, Pedido, StatusPagamento, StatusPedido},
    },
    error::Error,
    server::Response,
};

body! {
    /// Beside `id`, only `status_pedido` and `cliente` can be changed. What only the payment or the clock
    /// may change can be sent along as it is; a different value is an error. `null` is as good as not sent, but
    /// for `cliente`: the order becomes anonymous.
    EdicaoPedido {
        #[schema(required)]
        id: Id,
        status_pedido: Option<StatusPedidoEnviado>,
        cliente: Option<Id>,
        /// As last seen: 409 when the order has changed since.
        versao: Option<Id>,
        senha: Option<Id>,
        #[expect(dead_code)]
        itens: Ignorado,
        local: Option<LocalEnviado>,
        mesa: Option<MesaEnviada>,
        datahora_recebido: Option<DataHora>,
        datahora_preparacao: Option<DataHora>,
        datahora_pronto: Option<DataHora>,
        datahora_finalizado: Option<DataHora>,
        status_pagamento: Option<StatusPagamentoEnviado>,
        meio_pagamento: Option<Meio>,
        id_pagamento: Option<Identificador>,
        valor_total: Option<ValorEnviado>,
    }
}

/// Moves an order, or puts it on a customer's name.
pub fn change(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let body: EdicaoPedido = read_body(request)?;
    let mut errors = Errors::default();
    let id = errors.required("id", body.id);
    let status = errors.optional("status_pedido", body.status_pedido).flatten().map(|s| s.0);
    let cliente = errors.optional("cliente", body.cliente).map(|c| c.map(|Id(id)| id));
    let versao = errors.optional("versao", body.versao).flatten();
    let unchangeable = Unchangeable {
        senha: errors.optional("senha", body.senha).flatten().map(|Id(n)| n),
        local: errors.optional("local", body.local).flatten().map(|l| l.0),
        mesa: errors.optional("mesa", body.mesa).flatten().and_then(|m| m.0),
        datahora_recebido: errors.optional("datahora_recebido", body.datahora_recebido).flatten(),
        datahora_preparacao: errors.optional("datahora_preparacao", body.datahora_preparacao).flatten(),
        datahora_pronto: errors.optional("datahora_pronto", body.datahora_pronto).flatten(),
        datahora_finalizado: errors.optional("datahora_finalizado", body.datahora_finalizado).flatten(),
        status_pagamento: errors.optional("status_pagamento", body.status_pagamento).flatten().map(|s| s.0),
        meio_pagamento: errors.optional("meio_pagamento", body.meio_pagamento).flatten(),
        id_pagamento: errors.optional("id_pagamento", body.id_pagamento).flatten().map(|i| i.0),
        valor_total: errors.optional("valor_total", body.valor_total).flatten().map(|v| v.0),
    };
    let Id(id) = errors.or(id)?;
    let check = move |pedido: &Pedido| match versao {
        Some(Id(versao)) if versao != pedido.versao => {
            Err(Error::conflict("versao_antiga", "O pedido mudou desde que foi lido; leia de novo e repita"))
        }
        _ => unchangeable.check(pedido),
    };
    let act = Move { status, cliente, seen: seen(request)?, check: Box::new(check) };
    json::order(&run(app, request, id, act)?, None)
}

/// Moves an order that was seen in this version.
pub fn advance(
    app: &App,
    call: &Call<'_>,
    id: i64,
    status: StatusPedido,
    versao: i64,
) -> Result<Pedido, Error> {
    let (seen, check) = (Some(vec![versao]), Box::new(|_: &Pedido| Ok(())));
    run(app, call, id, Move { status: Some(status), cliente: None, seen, check })
}

/// Does it, as far as the caller may.
fn run(app: &App, call: &Call<'_>, id: i64, act: Move) -> Result<Pedido, Error> {
    let caller = call.caller(app)?;
    let at_counter = caller.may(Access::Balcao);
    let Move { status, cliente, seen, check } = act;
    let check = move |pedido: &Pedido| match at_counter {
        false if is_hidden(pedido) => Err(cancelled()),
        false if takes_the_counter(pedido, status, cliente) => {
            Err(Error::Denied(caller.lacks(Access::Balcao)))
        }
        _ => check(pedido),
    };
    match app.commands.run(id, caller.actor(), Move { status, cliente, seen, check: Box::new(check) }) {
        Ok((pedido, _)) => Ok(pedido),
        Err(Error::PreconditionFailed(pedido)) if !at_counter && is_hidden(&pedido) => Err(cancelled()),
        Err(error) => Err(error),
    }
}

/// Whether the order is on none of the kitchen's lists. A change that changes nothing does not show it to the kitchen either.
fn is_hidden(pedido: &Pedido) -> bool {
    pedido.status_pedido == StatusPedido::Cancelado
}

fn cancelled() -> Error {
    Error::conflict("pedido_cancelado", "O pedido está cancelado e não pode mais mudar")
}

/// Whether the change is more than the kitchen may do: it hands the order over, takes it back, or changes its customer.
fn takes_the_counter(pedido: &Pedido, status: Option<StatusPedido>, cliente: Option<Option<i64>>) -> bool {
    let moves = |from: StatusPedido, to: StatusPedido| from != to && from.max(to) >= StatusPedido::Finalizado;
    status.is_some_and(|to| moves(pedido.status_pedido, to)) || cliente.is_some_and(|c| c != pedido.cliente)
}

/// What the body repeats of an order and may not change; what is `null` is not repeated.
struct Unchangeable {
    senha: Option<i64>,
    local: Option<Local>,
    mesa: Option<String>,
    datahora_recebido: Option<DataHora>,
    datahora_preparacao: Option<DataHora>,
    datahora_pronto: Option<DataHora>,
    datahora_finalizado: Option<DataHora>,
    status_pagamento: Option<StatusPagamento>,
    meio_pagamento: Option<Meio>,
    id_pagamento: Option<String>,
    valor_total: Option<Dinheiro>,
}

impl Unchangeable {
    /// `Invalid` with every field that differs.
    fn check(&self, pedido: &Pedido) -> Result<(), Error> {
        let mut errors = Errors::default();
        let mut same = |name, same: bool| {
            if !same {
                errors.note(name, "não pode ser alterado");
            }
        };
        same("senha", self.senha.is_none_or(|s| Some(s) == pedido.senha));
        same("local", self.local.is_none_or(|l| Some(l) == pedido.destino.local));
        same("mesa", self.mesa.is_none() || self.mesa == pedido.destino.mesa);
        same("datahora_recebido", self.datahora_recebido.is_none_or(|d| d == pedido.datahora_recebido));
        same(
            "datahora_preparacao",
            self.datahora_preparacao.is_none_or(|d| Some(d) == pedido.datahora_preparacao),
        );
        same("datahora_pronto", self.datahora_pronto.is_none_or(|d| Some(d) == pedido.datahora_pronto));
        same(
            "datahora_finalizado",
            self.datahora_finalizado.is_none_or(|d| Some(d) == pedido.datahora_finalizado),
        );
        same("status_pagamento", self.status_pagamento.is_none_or(|s| s == pedido.status_pagamento));
        same("meio_pagamento", self.meio_pagamento.is_none_or(|m| Some(m) == pedido.meio_pagamento));
        same("id_pagamento", self.id_pagamento.is_none() || self.id_pagamento == pedido.id_pagamento);
        same("valor_total", self.valor_total.is_none_or(|v| v == pedido.valor_total));
        errors.or(Some(()))
    }
}
