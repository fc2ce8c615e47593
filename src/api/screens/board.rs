//! `/painel`: the numbers that are being prepared and those that are ready, for everybody in the room.

use askama::Template;

use super::{
    files,
    layout::{Layout, page, profile},
};
use crate::{
    api::{
        App,
        endpoint::{Access::Todos, Resource},
    },
    domain::pedido::StatusPedido,
    error::Error,
    server::Response,
    store::lists::List,
};

/// Its endpoint.
pub fn resource() -> Resource {
    Resource::of_pages().get(
        "/painel",
        Todos,
        |app, _| show(app),
        |operation| {
            operation
                .about(
                    "The board on the wall: the numbers that are being prepared, and those that are ready.",
                )
                .html()
        },
    )
}

#[derive(Template)]
#[template(path = "board.html")]
struct Board {
    layout: Layout,
    preparing: Vec<i64>,
    ready: Vec<i64>,
}

fn show(app: &App) -> Result<Response, Error> {
    let numbers = |status| {
        let list =
            app.shared.public_list(List::State(status)).ok_or_else(|| Error::Internal("no list".into()))?;
        list.wait_for(())?.numbers()
    };
    let mut ready = numbers(StatusPedido::Pronto)?;
    // The newest first: of many the last may be below the edge of a screen that nobody scrolls.
    ready.reverse();
    page(
        200,
        &Board {
            preparing: numbers(StatusPedido::EmPreparacao)?,
            ready,
            layout: Layout::of(app, &profile(app)?)?,
        },
    )
}
