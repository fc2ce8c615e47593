//! `/clientes`: the customers. Tested by `tests/api/clientes.rs` and `privacy.rs`.

use super::{
    App,
    call::Call,
    endpoint::{
        Access::{Gerente, Todos},
        Resource,
    },
    fields::{EmailEnviado, Errors, Id, Ignorado, Logico, NomeCliente, TelefoneEnviado, body, read_body},
    json::json,
    order_page,
    page::{self, LIMIT_DEFAULT, Page},
    routes::id,
};
use crate::{
    acts::erasure,
    domain::{
        cliente::{Alteracao, Cliente, Cpf},
        pedido::PedidoView,
    },
    error::Error,
    server::Response,
    store::{clientes, lists::List},
};

const KNOWN: &str = "CPF or e-mail is known already";

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Clientes")
        .get("/clientes", Gerente, list, |operation| operation.about("The customers.").page::<Cliente>())
        .post("/clientes", Todos, create, |operation| {
            operation
                .about("A new customer. A `hashed_password` is accepted and dropped.")
                .body::<NovoCliente>()
                .ok::<Cliente>()
                .problem(409, KNOWN)
        })
        .put("/clientes", Gerente, change, |operation| {
            operation
                .about(
                    "Changes the fields that are sent, and only those. `null` is as good as not sent; an empty `email` or \
                     `telefone` takes it away.",
                )
                .body::<EdicaoCliente>()
                .ok::<Cliente>()
                .problem(404, "")
                .problem(409, KNOWN)
        })
        .get("/clientes/{id}", Gerente, find, |operation| {
            operation.about("One customer.").ok::<Cliente>().problem(404, "")
        })
        .delete("/clientes/{id}", Gerente, erase, |operation| {
            operation
                .about(
                    "Erases the customer's personal data (LGPD), and the notes of the orders; the orders stay, without a \
                     person behind them.",
                )
                .done()
                .problem(404, "")
        })
        .get("/clientes/{id}/pedidos", Gerente, orders, |operation| {
            operation
                .about("A customer's orders, newest first; without the cancelled ones.")
                .page::<PedidoView<'_>>()
                .problem(404, "")
        })
}

body! {
    NovoCliente {
        #[schema(required)]
        cpf: Cpf,
        #[schema(required)]
        nome: NomeCliente,
        email: Option<EmailEnviado>,
        telefone: Option<TelefoneEnviado>,
        #[expect(dead_code)]
        username: Ignorado,
        #[expect(dead_code)]
        hashed_password: Ignorado,
    }
}

body! {
    EdicaoCliente {
        #[schema(required)]
        id: Id,
        cpf: Option<Cpf>,
        nome: Option<NomeCliente>,
        email: Option<EmailEnviado>,
        telefone: Option<TelefoneEnviado>,
        ativo: Option<Logico>,
        #[expect(dead_code)]
        username: Ignorado,
        #[expect(dead_code)]
        hashed_password: Ignorado,
    }
}

fn list(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let page = page::requested(request, LIMIT_DEFAULT)?;
    let (rows, next) = app.store.read(|conn| clientes::list(conn, &page))?;
    Ok(Page::new(&rows, next)?.response(request))
}

fn create(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let body: NovoCliente = read_body(request)?;
    let mut errors = Errors::default();
    let novo = Alteracao {
        cpf: errors.required("cpf", body.cpf),
        nome: errors.required("nome", body.nome).map(|n| n.0),
        email: errors.optional("email", body.email).flatten().map(|c| c.0),
        telefone: errors.optional("telefone", body.telefone).flatten().map(|c| c.0),
        ativo: None,
    };
    let novo = errors.or(Some(novo))?;
    let cliente = app.store.write(|conn| {
        let id = clientes::insert(conn, &novo)?;
        clientes::find(conn, id)
    })?;
    json(&cliente)
}

fn change(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let body: EdicaoCliente = read_body(request)?;
    let mut errors = Errors::default();
    let id = errors.required("id", body.id);
    let alteracao = Alteracao {
        cpf: errors.optional("cpf", body.cpf).flatten(),
        nome: errors.optional("nome", body.nome).flatten().map(|n| n.0),
        email: errors.optional("email", body.email).flatten().map(|c| c.0),
        telefone: errors.optional("telefone", body.telefone).flatten().map(|c| c.0),
        ativo: errors.optional("ativo", body.ativo).flatten().map(|a| a.0),
    };
    let Id(id) = errors.or(id)?;
    let cliente = app.store.write(|conn| {
        clientes::update(conn, id, &alteracao)?;
        clientes::find(conn, id)
    })?;
    json(&cliente)
}

fn find(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let id = id(request)?;
    json(&app.store.read(|conn| clientes::find(conn, id))?)
}

fn erase(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    erasure::erase(&app.store, id(request)?)?;
    json(&true)
}

fn orders(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let (id, page) = (id(request)?, page::requested(request, LIMIT_DEFAULT)?);
    let read = app.store.read(|conn| {
        clientes::find(conn, id)?;
        order_page::read(conn, List::Cliente(id), &page, app.shared.own_page)
    })?;
    Ok(read.page.response(request))
}
