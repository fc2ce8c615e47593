//! What has run out, in two taps from the kitchen: the menu is opened, and a product tapped.

use super::layout::see_other;
use crate::{
    api::{
        App,
        call::Call,
        fields::{AteQuando, Errors, Id, Minutos, body, read_form},
        prazo, produtos,
    },
    clock,
    domain::produto::Produto,
    error::Error,
    server::Response,
};

body! {
    /// A product that has run out: until tomorrow, or for some minutes. With neither it is to be had again.
    Esgotado {
        #[schema(required)]
        produto: Id,
        ate: AteQuando,
        minutos: Minutos,
    }
}

/// Says so, and goes back to the page.
pub fn set(app: &App, call: &Call<'_>, query: &str) -> Result<Response, Error> {
    let body: Esgotado = read_form(call)?;
    let mut errors = Errors::default();
    let produto = errors.required("produto", body.produto);
    let ate = errors.optional("ate", body.ate);
    let minutos = errors.optional("minutos", body.minutos);
    let Id(id) = errors.or(produto)?;
    produtos::set_sold_out(app, id, prazo::until(ate, minutos, clock::now()))?;
    let first = if query.is_empty() { "?" } else { "&" };
    Ok(see_other(&format!("/cozinha{query}{first}produto={id}")))
}

/// What the page says of the product.
pub fn words(produto: &Produto) -> String {
    match produto.esgotado {
        true => format!("{}: esgotado. Ninguém consegue pedir.", produto.nome),
        false => format!("{}: pode ser pedido de novo.", produto.nome),
    }
}
