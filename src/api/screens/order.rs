//! `/acompanhar/{id}`: one order, for its customer: the number that is called, how far it is, how to pay it. The `id` is that
//! of the order and, behind a hyphen, its secret (`12-q83vASNF…`): a segment of the path, which is in no log. Without the
//! secret the page is for those who may see any order, and for others there is no such order.

use askama::Template;

use super::{
    files,
    layout::{self, Layout, page},
    place::Place,
};
use crate::{
    access::Access::DonoDoPedido,
    api::{
        App,
        call::Call,
        endpoint::{
            Access::{Prova, Todos},
            Resource,
        },
        pagamentos, problem,
    },
    clock,
    domain::pedido::{Destino, Item, Local, Pedido, StatusPagamento, StatusPedido},
    error::Error,
    server::Response,
};

const NOT_FOUND: Error = Error::NotFound(
    "Este pedido não existe, ou o endereço está incompleto: abra de novo o que apareceu depois de pedir, ou \
     pergunte no balcão",
);

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::of_pages()
        .get(
            "/acompanhar/{id}",
            Todos,
            show,
            |operation| {
                operation
                    .about(
                        "One order, for its customer: number, state, payment. `id` is the order's, with a hyphen and its \
                         secret behind it; without the secret it is for the counter.",
                    )
                    .html()
                    .page_of(404, "No such order, or the secret is that of another")
            },
        )
        .post(
            "/acompanhar/{id}/cancelamento",
            Prova,
            cancel,
            |operation| {
                operation
                    .about("Cancels an order that is not paid, from its page.")
                    .see_other("To the page of the order")
                    .page_of(403, "A page of another origin sends it")
                    .page_of(404, "No such order, or the secret is that of another")
                    .page_of(409, "It is paid, or delivered: the page says so")
                    .page_of(503, "Cannot be done now")
            },
        )
}

/// Where the customer of this order sees it.
pub fn address(app: &App, place: Place, pedido: i64) -> Result<String, Error> {
    Ok(place.page(&format!("/acompanhar/{pedido}-{}", app.doors.secrets()?.of(pedido))))
}

/// An order that the caller may see.
struct Watched<'a> {
    id: i64,
    /// Its secret; empty where somebody else sees it.
    secret: &'a str,
    place: Place,
}

impl Watched<'_> {
    fn of<'a>(app: &App, call: &'a Call<'_>) -> Result<Watched<'a>, Error> {
        let segment = call.segments.get(1).map_or("", |segment| &**segment);
        let (id, secret) = segment.split_once('-').unwrap_or((segment, ""));
        let (id, place) = (id.parse().map_err(|_| NOT_FOUND)?, Place::of(call));
        if app.doors.secrets()?.opens(secret, id) {
            return Ok(Watched { id, secret, place });
        }
        match call.visitor(app)?.may(DonoDoPedido) {
            true => Ok(Watched { id, secret: "", place }),
            false => Err(NOT_FOUND),
        }
    }

    /// The address of this order, or of something below it.
    fn address(&self, below: &str) -> String {
        let Watched { id, secret, place } = self;
        match *secret {
            "" => place.page(&format!("/acompanhar/{id}{below}")),
            secret => place.page(&format!("/acompanhar/{id}-{secret}{below}")),
        }
    }

    /// Added to what the page asks the API for.
    fn query(&self) -> String {
        match self.secret {
            "" => String::new(),
            secret => format!("?acompanhamento={secret}"),
        }
    }
}

#[derive(Template)]
#[template(path = "order.html")]
struct Order<'a> {
    layout: Layout,
    place: Place,
    pedido: &'a Pedido,
    /// What is called, in words where there is no number.
    senha: String,
    address: String,
    /// Where the form goes that cancels it.
    cancellation: String,
    query: String,
    payment: Payment<'a>,
    trouble: Option<String>,
    cancellable: bool,
}

/// What there is to say about the payment.
enum Payment<'a> {
    /// To be paid by this code, for so many seconds.
    Code { text: &'a str, until: Option<String>, seconds: i64 },
    /// The code is not there yet.
    Coming,
    /// In words, and whether all is well.
    Words { text: &'static str, good: bool },
    /// Nothing.
    Nothing,
}

impl Payment<'_> {
    fn of(pedido: &Pedido) -> Payment<'_> {
        let words = |text, good| Payment::Words { text, good };
        let cancelled = pedido.status_pedido == StatusPedido::Cancelado;
        match (pedido.status_pagamento, pedido.qr_situacao()) {
            (StatusPagamento::Aprovado, _) if cancelled => {
                words("O dinheiro está voltando para você, do mesmo jeito que foi pago.", true)
            }
            (StatusPagamento::Aprovado, _) => words("Pagamento aprovado. Obrigado!", true),
            (StatusPagamento::Reembolsado, _) => words("O dinheiro voltou para você.", true),
            _ if cancelled => Payment::Nothing,
            (status, Some("pronto")) => match &pedido.qr_data {
                Some(text) => Payment::code(pedido, text),
                None if status == StatusPagamento::Recusado => words(REFUSED, false),
                None => Payment::Coming,
            },
            (_, Some("a_caminho")) => Payment::Coming,
            (_, Some(_)) => {
                words("O código Pix não pôde ser feito. Pague no balcão, dizendo a sua senha.", false)
            }
            (StatusPagamento::Recusado, None) => words(REFUSED, false),
            _ => words("Pague no balcão, dizendo a sua senha.", false),
        }
    }

    fn code<'a>(pedido: &Pedido, text: &'a str) -> Payment<'a> {
        let until = pedido.datahora_expiracao;
        let seconds = until.map_or(0, |until| (until.segundos() - clock::now().segundos()).max(0));
        Payment::Code { text, until: until.map(|until| until.hora()), seconds }
    }
}

/// The steps on its way.
const STEPS: [StatusPedido; 3] = [StatusPedido::Recebido, StatusPedido::EmPreparacao, StatusPedido::Pronto];

const REFUSED: &str = "O pagamento não deu certo. Pague no balcão, dizendo a sua senha.";

impl Order<'_> {
    /// Where it is, in a sentence.
    fn state(&self) -> &'static str {
        match self.pedido.status_pedido {
            StatusPedido::Recebido => "Recebemos seu pedido",
            StatusPedido::EmPreparacao => "Estamos preparando",
            StatusPedido::Pronto if self.pedido.destino.mesa.is_some() => "Está pronto! Já vai à sua mesa",
            StatusPedido::Pronto => "Está pronto! Retire no balcão",
            StatusPedido::Finalizado => "Entregue. Bom apetite!",
            StatusPedido::Cancelado => "Pedido cancelado",
        }
    }

    /// Where it goes, where somebody has said so.
    fn destination(&self) -> Option<String> {
        let Destino { local, mesa } = &self.pedido.destino;
        match (mesa, local) {
            (Some(mesa), _) => Some(format!("Mesa {mesa}")),
            (None, Some(Local::Aqui)) => Some("Para comer aqui".into()),
            (None, Some(Local::Levar)) => Some("Para levar".into()),
            (None, None) => None,
        }
    }

    fn cost(&self, item: &Item) -> String {
        item.valor.vezes(item.quantidade).unwrap_or_default().em_reais()
    }

    fn is_open(&self) -> bool {
        self.pedido.status_pedido.is_open()
    }

    fn is(&self, status: StatusPedido) -> bool {
        self.pedido.status_pedido == status
    }
}

fn show(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    show_with(app, &Watched::of(app, call)?, 200, None)
}

fn cancel(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let watched = Watched::of(app, call)?;
    match pagamentos::cancel_order(app, call, watched.id, None) {
        Ok(_) => Ok(layout::see_other(&watched.address(""))),
        Err(error @ Error::Conflict { .. }) => {
            let refused = problem::of_error(error, &call.id);
            let trouble = format!("{}.", problem::detail(&refused));
            Ok(layout::with_wait_of(&refused, show_with(app, &watched, refused.status(), Some(trouble))?))
        }
        Err(error) => Err(error),
    }
}

fn show_with(
    app: &App,
    watched: &Watched<'_>,
    status: u16,
    trouble: Option<String>,
) -> Result<Response, Error> {
    let pedido = app.shared.pedidos.wait_for(watched.id).map_err(|error| match error {
        Error::NotFound(_) => NOT_FOUND,
        other => other,
    })?;
    let order = Order {
        layout: Layout::at(app, &layout::profile(app)?, watched.place)?,
        place: watched.place,
        senha: pedido.senha.map_or_else(|| format!("nº {}", pedido.id), |senha| senha.to_string()),
        address: watched.address(""),
        cancellation: watched.address("/cancelamento"),
        query: watched.query(),
        payment: Payment::of(&pedido),
        trouble,
        cancellable: pedido.status_pedido.is_open()
            && pedido.status_pagamento.is_unpaid()
            && !pedido.is_delivered(),
        pedido: &pedido,
    };
    page(status, &order)
}
