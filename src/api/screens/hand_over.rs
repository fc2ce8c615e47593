//! Handing an order over at the counter: by the number that its customer says, or the order that is dealt with. Its page is
//! `counter`.

use super::{
    counter::{Message, Shown, show},
    counter_acts::{again, dealt},
};
use crate::{
    api::{
        App,
        call::Call,
        fields::{Errors, Id, body, read_form},
        pedidos::advance,
    },
    domain::pedido::StatusPedido,
    error::Error,
    server::Response,
    store::pedidos,
};

body! {
    /// By its number, or as it was seen.
    Entrega {
        senha: Id,
        id: Id,
        versao: Id,
    }
}

/// What the form asks for.
pub fn hand_over(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: Entrega = read_form(call)?;
    let mut errors = Errors::default();
    let senha = errors.optional("senha", body.senha).map(|Id(senha)| senha);
    let seen = errors.optional("id", body.id).zip(errors.optional("versao", body.versao));
    if senha.is_none() && seen.is_none() {
        errors.note("senha", "é obrigatória");
    }
    match errors.or(Some(())) {
        Ok(()) => {}
        Err(error) => return again(app, call, error, Shown::default()),
    }
    if let Some((Id(id), Id(versao))) = seen {
        return match advance(app, call, id, StatusPedido::Finalizado, versao) {
            Ok(_) => Ok(dealt(id)),
            Err(error) => again(app, call, error, Shown { pedido: Some(id), ..Shown::default() }),
        };
    }
    by_number(app, call, senha.unwrap_or_default())
}

/// Hands over what is ready and paid; of another order it is told what is missing.
fn by_number(app: &App, call: &Call<'_>, senha: i64) -> Result<Response, Error> {
    let told = |text: String, pedido| {
        let message = Some(Message { text, is_error: true });
        show(app, call, Shown { status: 409, message, pedido, ..Shown::default() })
    };
    let found = app.store.read(|conn| match pedidos::open_with_number(conn, senha)? {
        Some(id) => pedidos::find(conn, id).map(Some),
        None => Ok(None),
    })?;
    let Some(pedido) = found else {
        return told(
            format!("Não há pedido aberto com a senha {senha}. Confira o número com o cliente."),
            None,
        );
    };
    if pedido.status_pedido != StatusPedido::Pronto {
        let state = pedido.status_pedido.descricao();
        return told(format!("A senha {senha} ainda está em «{state}»."), Some(pedido.id));
    }
    if pedido.status_pagamento.is_unpaid() {
        return told(format!("A senha {senha} está a pagar: receba antes de entregar."), Some(pedido.id));
    }
    match advance(app, call, pedido.id, StatusPedido::Finalizado, pedido.versao) {
        Ok(_) => Ok(dealt(pedido.id)),
        Err(error) => again(app, call, error, Shown { pedido: Some(pedido.id), ..Shown::default() }),
    }
}
