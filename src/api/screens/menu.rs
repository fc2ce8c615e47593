//! `/cardapio`: the menu on a customer's own phone, to order from; and `/totem`: the same on a touch screen of the restaurant.
//! One form: it works without scripts, and the script of the page sends the same form and shows the same answer.
//!
//! - Prices are the menu's; the checkout is that of the API, with the key that was made with the page.
//! - Where something is wrong the page comes again, with what was typed and what to do about it.

use askama::Template;

use super::{
    choice::Choice,
    dishes::{self, Group, Sum},
    files,
    layout::{self, Layout, compressed_page, page},
    order,
    place::Place,
    trouble::Trouble,
};
use crate::{
    api::{
        App,
        call::Call,
        endpoint::{
            Access::{Prova, Todos},
            Resource,
        },
        fields::read_json,
        openapi::{query, string},
        operation::Operation,
        pedidos::checkout,
        problem,
    },
    clock,
    domain::data_hora::SAO_PAULO,
    error::Error,
    server::Response,
    store::perfil,
};

/// Their endpoints.
pub fn resource() -> Resource {
    Resource::of_pages()
        .get(
            "/cardapio",
            Todos,
            show,
            |operation| shows(operation.about("The menu, to order from.")),
        )
        .post(
            "/cardapio",
            Prova,
            take,
            |operation| {
                takes(operation.about(
                    "Makes an order of the form of the page: `q3` is how many of product 3, `o3` its note, `chave` the \
                     `Idempotency-Key`. With `acao=rever` the page comes again with the total.",
                ))
            },
        )
        .get(
            "/totem",
            Todos,
            show_on_kiosk,
            |operation| {
                let about = "The menu on a touch screen of the restaurant; without `local` its first page, which asks for it.";
                shows(operation.about(about))
            },
        )
        .post(
            "/totem",
            Prova,
            take,
            |operation| takes(operation.about("As `POST /cardapio`, from a touch screen of the restaurant.")),
        )
}

fn shows(operation: Operation) -> Operation {
    operation
        .parameter(query("mesa", string(), "The table that the order is for"))
        .parameter(query("local", string(), "`aqui` or `levar`"))
        .html()
}

fn takes(operation: Operation) -> Operation {
    operation
        .see_other("To the page of the order")
        .html()
        .page_of(403, "A page of another origin sends it")
        .page_of(404, "A product is not on the menu any more: the page says so")
        .page_of(409, "It cannot be ordered now: the page says why")
        .page_of(422, "Something is wrong with a field: the page says what")
        .page_of(429, "Too many orders came from this address")
        .page_of(503, "Cannot be done now; the page has what was typed")
}

#[derive(Template)]
#[template(path = "menu.html")]
struct Menu<'a> {
    layout: Layout,
    place: Place,
    groups: Vec<Group<'a>>,
    choice: &'a Choice,
    trouble: &'a Trouble,
    /// That no orders are taken now, and when again.
    closed: Option<String>,
    sum: Sum,
    /// Something was chosen already: the script takes that, and not what it has kept.
    chosen: bool,
}

#[derive(Template)]
#[template(path = "kiosk.html")]
struct Kiosk {
    layout: Layout,
}

fn show_on_kiosk(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    match call.parameter("local") {
        None => page(200, &Kiosk { layout: Layout::at(app, &layout::profile(app)?, Place::Kiosk)? }),
        Some(_) => show(app, call),
    }
}

fn show(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    show_again(app, call, Again { status: 200, choice: Choice::nothing(call), trouble: Trouble::default() })
}

/// The order of the form that was sent, or the page with what is wrong.
fn take(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let mut choice = Choice::sent(call);
    if choice.is_review {
        return show_again(app, call, Again { status: 200, choice, trouble: Trouble::default() });
    }
    let error = match place(app, call, &choice) {
        Ok(pedido) => return Ok(layout::see_other(&order::address(app, Place::of(call), pedido)?)),
        Err(error) => error,
    };
    let trouble = Trouble::of(&error, &mut choice);
    let refused = problem::of_error(error, &call.id);
    let trouble = trouble.or(&problem::detail(&refused));
    let response = show_again(app, call, Again { status: refused.status(), choice, trouble })?;
    Ok(layout::with_wait_of(&refused, response))
}

fn place(app: &App, call: &Call<'_>, choice: &Choice) -> Result<i64, Error> {
    checkout::admit(app, call)?;
    Ok(checkout::place(app, call, read_json(&choice.body())?, Some(&choice.key))?.pedido)
}

/// The page with what was typed.
struct Again {
    status: u16,
    choice: Choice,
    trouble: Trouble,
}

fn show_again(app: &App, call: &Call<'_>, again: Again) -> Result<Response, Error> {
    let Again { status, mut choice, mut trouble } = again;
    let menu = app.shared.on_sale.wait_for(())?;
    for id in choice.produtos() {
        match menu.iter().find(|produto| produto.id == id) {
            None => trouble.something_is_gone(),
            Some(produto) if produto.esgotado => trouble.is_sold_out(id),
            Some(_) => {}
        }
    }
    choice.keep(|id| menu.iter().any(|produto| produto.id == id && !produto.esgotado));
    let (profile, hours) = app.store.read(|conn| Ok((perfil::find(conn)?, perfil::hours(conn)?)))?;
    let now = clock::now();
    let hours = hours.atendimento.at(now, &SAO_PAULO);
    let groups = dishes::groups(&profile.categorias, &menu, &choice, &trouble);
    let page = Menu {
        layout: Layout::at(app, &profile, Place::of(call))?,
        place: Place::of(call),
        sum: Sum::of(&groups),
        chosen: call.method == tiny_http::Method::Post,
        closed: (!hours.is_open()).then(|| hours.sentence(now, &SAO_PAULO)),
        groups,
        choice: &choice,
        trouble: &trouble,
    };
    compressed_page(call, status, &page)
}
