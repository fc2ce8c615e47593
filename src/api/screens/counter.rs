//! What `/caixa` shows: a new order, the order that is dealt with, the open ones, and what needs a person. What its forms do
//! is `counter_acts`.

use askama::Template;

use super::{
    choice::Choice,
    dishes::{self, Group, Sum},
    files,
    layout::{Layout, page, profile},
    trouble::Trouble,
};
use crate::{
    access::{Caller, Person},
    api::{App, call::Call, endpoint::Access::Gerente, sessoes},
    domain::{
        dinheiro::Dinheiro,
        papel::Papel,
        pedido::{Meio, Pedido, StatusPagamento, StatusPedido},
        pendencia::Pendencia,
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

/// What a page says before anything else.
pub struct Message {
    /// In whole sentences.
    pub text: String,
    /// Whether something did not go as it was meant.
    pub is_error: bool,
}

#[derive(Template)]
#[template(path = "counter.html")]
struct Counter<'a> {
    layout: Layout,
    message: Option<Message>,
    choice: &'a Choice,
    groups: Vec<Group<'a>>,
    sum: Sum,
    dealt: Option<Dealt>,
    open: Vec<Pedido>,
    more: i64,
    /// To whom it is told what there is to do; to others, how many matters there are.
    matters: Option<Vec<Pendencia>>,
    matters_count: i64,
    /// Who can let the person through who has entered and is no manager.
    approvers: Option<Vec<Person>>,
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

    /// How its payment stands, and by what it came.
    fn payment(&self) -> String {
        let state = match self.pedido.status_pagamento {
            StatusPagamento::Enviado => "Não pago",
            other => other.descricao(),
        };
        match self.pedido.meio_pagamento {
            Some(Meio::Qr) => format!("{state} (Pix)"),
            Some(other) => format!("{state} ({})", other.nome()),
            None => state.to_owned(),
        }
    }

    /// What of a payment by QR code can still go back.
    fn refundable(&self) -> Option<Dinheiro> {
        let left = self.pedido.valor_total.menos(self.pedido.valor_reembolsado);
        let by_qr = self.is_paid() && self.pedido.meio_pagamento == Some(Meio::Qr);
        (by_qr && left > Dinheiro::default()).then_some(left)
    }
}

/// `aqui` and `levar`, as the counter says it, with the table.
fn place(pedido: &Pedido) -> String {
    super::ticket::place(pedido).unwrap_or_default()
}

/// What a page of the counter is made of beside what is always there.
pub struct Shown {
    /// The status of the answer.
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

impl Default for Shown {
    fn default() -> Shown {
        Shown { status: 200, message: None, choice: None, pedido: None, given: None }
    }
}

/// The page.
pub fn show(app: &App, call: &Call<'_>, shown: Shown) -> Result<Response, Error> {
    let Shown { status, message, choice, pedido, given } = shown;
    let caller = call.caller(app)?;
    let choice = choice.unwrap_or_else(|| Choice::nothing(call));
    let menu = app.shared.on_sale.wait_for(())?;
    let (profile, trouble) = (profile(app)?, Trouble::default());
    let groups = dishes::groups(&profile.categorias, &menu, &choice, &trouble);
    let dealt = pedido.map(|id| app.store.read(|conn| pedidos::find(conn, id))).transpose()?;
    let (open, more) = open_orders(app)?;
    let is_manager = caller.may(Gerente);
    let matters = match is_manager {
        true => Some(app.store.read(|conn| cobrancas::pending(conn, MATTERS))?),
        false => None,
    };
    let counter = Counter {
        layout: Layout::of_staff(app, call, &profile)?,
        message,
        sum: Sum::of(&groups),
        groups,
        dealt: dealt.map(|pedido| Dealt { change: given.map(|g| g.menos(pedido.valor_total)), pedido }),
        open,
        more,
        matters_count: app.store.read(|conn| cobrancas::count_pending(conn))?,
        matters,
        approvers: approvers(app, call, caller)?,
        choice: &choice,
    };
    page(status, &counter)
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
