//! `PUT /pedidos`: the kitchen's moves. A client may send the whole order back: what only the payment or
//! the clock may change must then be as it is.

use super::seen;
use crate::{
    api::{
        App,
        fields::{
            Errors, Id, Identificador, Ignorado, StatusPagamentoEnviado, StatusPedidoEnviado, ValorEnviado,
            body, read_body,
        },
        json,
    },
    domain::{
        data_hora::DataHora,
        dinheiro::Dinheiro,
        pedido::{Meio, Pedido, StatusPagamento},
    },
    error::Error,
    server::{Request, Response},
    use_cases::preparo,
};

body! {
    /// Beside `id`, only `status_pedido` and `cliente` can be changed. What only the payment or the clock
    /// may change can be sent along as it is; a different value is an error.
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
pub fn change(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    let body: EdicaoPedido = read_body(request)?;
    let mut errors = Errors::default();
    let id = errors.required("id", body.id);
    let alteracao = preparo::Alteracao {
        status: errors.optional("status_pedido", body.status_pedido).flatten().map(|s| s.0),
        cliente: errors.optional("cliente", body.cliente).map(|c| c.map(|Id(id)| id)),
    };
    let versao = errors.optional("versao", body.versao).flatten();
    let unchangeable = Unchangeable {
        senha: errors.optional("senha", body.senha).map(|s| s.map(|Id(n)| n)),
        datahora_recebido: errors.optional("datahora_recebido", body.datahora_recebido),
        datahora_preparacao: errors.optional("datahora_preparacao", body.datahora_preparacao),
        datahora_pronto: errors.optional("datahora_pronto", body.datahora_pronto),
        datahora_finalizado: errors.optional("datahora_finalizado", body.datahora_finalizado),
        status_pagamento: errors.optional("status_pagamento", body.status_pagamento).flatten().map(|s| s.0),
        meio_pagamento: errors.optional("meio_pagamento", body.meio_pagamento),
        id_pagamento: errors.optional("id_pagamento", body.id_pagamento).map(|i| i.map(|i| i.0)),
        valor_total: errors.optional("valor_total", body.valor_total).flatten().map(|v| v.0),
    };
    let Id(id) = errors.or(id)?;
    let check = |pedido: &Pedido| match versao {
        Some(Id(versao)) if versao != pedido.versao => {
            Err(Error::conflict("versao_antiga", "O pedido mudou desde que foi lido; leia de novo e repita"))
        }
        _ => unchangeable.check(pedido),
    };
    let seen = seen(request)?;
    let pedido = preparo::alterar(&app.store, id, &alteracao, &seen, DataHora::agora(), check)?;
    json::order(&pedido, None)
}

/// What the body repeats of an order and may not change.
struct Unchangeable {
    senha: Option<Option<i64>>,
    datahora_recebido: Option<Option<DataHora>>,
    datahora_preparacao: Option<Option<DataHora>>,
    datahora_pronto: Option<Option<DataHora>>,
    datahora_finalizado: Option<Option<DataHora>>,
    status_pagamento: Option<StatusPagamento>,
    meio_pagamento: Option<Option<Meio>>,
    id_pagamento: Option<Option<String>>,
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
        same("senha", self.senha.is_none_or(|s| s == pedido.senha));
        same("datahora_recebido", self.datahora_recebido.is_none_or(|d| d == Some(pedido.datahora_recebido)));
        same("datahora_preparacao", self.datahora_preparacao.is_none_or(|d| d == pedido.datahora_preparacao));
        same("datahora_pronto", self.datahora_pronto.is_none_or(|d| d == pedido.datahora_pronto));
        same("datahora_finalizado", self.datahora_finalizado.is_none_or(|d| d == pedido.datahora_finalizado));
        same("status_pagamento", self.status_pagamento.is_none_or(|s| s == pedido.status_pagamento));
        same("meio_pagamento", self.meio_pagamento.is_none_or(|m| m == pedido.meio_pagamento));
        same("id_pagamento", self.id_pagamento.as_ref().is_none_or(|i| *i == pedido.id_pagamento));
        same("valor_total", self.valor_total.is_none_or(|v| v == pedido.valor_total));
        errors.or(Some(()))
    }
}
