//! What `/caixa` shows: a new order, the order that is dealt with, the open ones, and what needs a person. What its forms do
//! is `counter_acts`.

use askama::Template;

use super::{
    choice::Choice,
    files,
    layout::{Layout, page},
};
use crate::{
    access::{Caller, Person},
    api::{App, call::Call, endpoint::Access::Gerente, sessoes},
    domain::{
        dinheiro::Dinheiro,
        papel::Papel,
        pedido::{Meio, Pedido, QUANTIDADE_MAX, StatusPagamento, StatusPedido},
        pendencia::Pendencia,
        produto::{Categoria, Produto},
    },
    error::Error,
    server::Response,
    store::{
        cobrancas,
        lists::{self, List},
        page::PageRequest,
        pedidos,
    },
};

/// Open orders that are shown; how many more there are is told.
const SHOWN: usize = 200;
/// Matters that are shown.
const MATTERS: i64 = 50;

const GROUPS: [Part; 4] = [
    Part { categoria: Categoria::Lanche, name: "Lanches" },
    Part { categoria: Categoria::Acompanhamento, name: "Acompanhamentos" },
    Part { categoria: Categoria::Bebida, name: "Bebidas" },
    Part { categoria: Categoria::Sobremesa, name: "Sobremesas" },
];

/// A part of the menu, and its heading.
struct Part {
    categoria: Categoria,
    name: &'static str,
}

/// What a page says before anything else.
pub struct Message {
    /// In whole sentences.
    pub text: String,
    /// Whether something did not go as it was meant.
    pub is_error: bool,
}

#[derive(Template)]
#[template(path = "counter.html")]
struct Counter {
    layout: Layout,
    message: Option<Message>,
    choice: Choice,
    groups: Vec<Group>,
    total: Dinheiro,
    dealt: Option<Dealt>,
    open: Vec<Pedido>,
    more: i64,
    /// To whom it is told what there is to do; to others, how many matters there are.
    matters: Option<Vec<Pendencia>>,
    matters_count: i64,
    /// Who can let the person through who has entered and is no manager.
    approvers: Option<Vec<Person>>,
}

/// A part of the menu.
struct Group {
    name: &'static str,
    dishes: Vec<Dish>,
}

/// A product, and what was typed about it.
struct Dish {
    id: i64,
    name: String,
    price: Dinheiro,
    sold_out: bool,
    quantity: String,
    note: String,
}

/// The order that is dealt with.
struct Dealt {
    pedido: Pedido,
    /// Out of what the customer gave.
    change: Option<Dinheiro>,
}

impl Dealt {
    fn is_unpaid(&self) -> bool {
        self.pedido.status_pagamento.is_unpaid() && self.pedido.status_pedido != StatusPedido::Cancelado
    }

    fn is_paid(&self) -> bool {
        self.pedido.status_pagamento == StatusPagamento::Aprovado
    }

    /// What of a payment by QR code can still go back.
    fn refundable(&self) -> Option<Dinheiro> {
        let left = self.pedido.valor_total.menos(self.pedido.valor_reembolsado);
        let by_qr = self.is_paid() && self.pedido.meio_pagamento == Some(Meio::Qr);
        (by_qr && left > Dinheiro::default()).then_some(left)
    }
}

/// The number that is called, or that of the row where the original gave none.
pub fn number(pedido: &Pedido) -> i64 {
    pedido.senha.unwrap_or(pedido.id)
}

/// `aqui` and `levar`, as the counter says it, with the table.
fn place(pedido: &Pedido) -> String {
    super::ticket::place(pedido).unwrap_or_default()
}

/// What a page of the counter is made of beside what is always there.
#[derive(Default)]
pub struct Shown {
    /// The status of the answer; 0 is 200.
    pub status: u16,
    /// What is said first.
    pub message: Option<Message>,
    /// What was typed of a new order.
    pub choice: Option<Choice>,
    /// The order that is dealt with.
    pub pedido: Option<i64>,
    /// What its customer gave.
    pub given: Option<Dinheiro>,
}

/// The page.
pub fn show(app: &App, call: &Call<'_>, shown: Shown) -> Result<Response, Error> {
    let Shown { status, message, choice, pedido, given } = shown;
    let caller = call.caller(app)?;
    let choice = choice.unwrap_or_else(|| Choice::nothing(call));
    let menu = app.shared.on_sale.wait_for(())?;
    let groups: Vec<Group> = GROUPS.iter().map(|group| group_of(group, &menu, &choice)).collect();
    let cost = |dish: &Dish| {
        let number = dish.quantity.trim().parse().ok().filter(|n| (1..=QUANTIDADE_MAX).contains(n));
        number.and_then(|n| dish.price.vezes(n))
    };
    let total = groups.iter().flat_map(|group| &group.dishes).filter_map(cost).sum();
    let dealt = pedido.map(|id| app.store.read(|conn| pedidos::find(conn, id))).transpose()?;
    let (open, more) = open_orders(app)?;
    let is_manager = caller.may(Gerente);
    let matters = match is_manager {
        true => Some(app.store.read(|conn| cobrancas::pending(conn, MATTERS))?),
        false => None,
    };
    let counter = Counter {
        layout: Layout::of_staff(app, call)?,
        message,
        groups,
        total,
        dealt: dealt.map(|pedido| Dealt { change: given.map(|g| g.menos(pedido.valor_total)), pedido }),
        open,
        more,
        matters_count: app.store.read(|conn| cobrancas::count_pending(conn))?,
        matters,
        approvers: approvers(app, call, caller)?,
        choice,
    };
    page(if status == 0 { 200 } else { status }, &counter)
}

/// Managers who may let this caller through; none where that is not needed, or not possible.
fn approvers(app: &App, call: &Call<'_>, caller: Caller) -> Result<Option<Vec<Person>>, Error> {
    let on_terminal = sessoes::person(app, call)?.is_some_and(|person| person.terminal.is_some());
    if caller.may(Gerente) || !on_terminal {
        return Ok(None);
    }
    let people = app.doors.people_here()?;
    Ok(Some(people.into_iter().filter(|person| person.papel == Papel::Gerente).collect()))
}

fn open_orders(app: &App) -> Result<(Vec<Pedido>, i64), Error> {
    let first = PageRequest { limit: SHOWN, after: None };
    app.store.read(|conn| {
        let mut open = Vec::new();
        let rest = lists::page(conn, List::Open, &first, &mut |pedido| {
            open.push(pedido.clone());
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        let more = if rest.is_some() { lists::count(conn, List::Open)? - SHOWN as i64 } else { 0 };
        Ok((open, more))
    })
}

fn group_of(part: &Part, menu: &[Produto], choice: &Choice) -> Group {
    let dish = |produto: &Produto| {
        let line = choice.line(produto.id);
        Dish {
            id: produto.id,
            name: produto.nome.clone(),
            price: produto.valor,
            sold_out: produto.esgotado,
            quantity: line.map(|line| line.quantity.clone()).unwrap_or_default(),
            note: line.map(|line| line.note.clone()).unwrap_or_default(),
        }
    };
    let dishes = menu.iter().filter(|produto| produto.categoria == part.categoria).map(dish).collect();
    Group { name: part.name, dishes }
}
