//! `/clientes`.

use super::{
    App, LIMITE_PADRAO, Paginacao,
    campo::{EmailEnviado, Erros, Id, Ignorado, Logico, NomeCliente, TelefoneEnviado, corpo, ler_corpo},
    order_page, pagina,
    request::Request,
    response::{self, Page, Problema, Response},
};
use crate::{
    domain::{
        cliente::{Alteracao, Cliente, Cpf},
        data_hora::DataHora,
        pedido::Pedido,
    },
    error::Error,
    store::{clientes, pedidos::Lista},
    use_cases::erasure,
};

corpo! {
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

corpo! {
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

/// The customers.
#[utoipa::path(get, path = "/clientes", tag = "Clientes",
    params(Paginacao),
    responses((status = 200, body = [Cliente], headers(("Link" = String, description = "The next page"))), (status = 422, body = Problema)))]
pub fn listar(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    let pagina = pagina(request, LIMITE_PADRAO)?;
    response::page(request, &Page::new(app.store.read(|conn| clientes::listar(conn, &pagina))?)?)
}

/// A new customer. A `hashed_password` is accepted and dropped.
#[utoipa::path(post, path = "/clientes", tag = "Clientes", request_body = NovoCliente,
    responses((status = 200, body = Cliente), (status = 409, body = Problema, description = "CPF or e-mail is known already"),
        (status = 422, body = Problema)))]
pub fn criar(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    let corpo: NovoCliente = ler_corpo(request)?;
    let mut erros = Erros::default();
    let novo = Alteracao {
        cpf: erros.obrigatorio("cpf", corpo.cpf),
        nome: erros.obrigatorio("nome", corpo.nome).map(|n| n.0),
        email: erros.opcional("email", corpo.email).flatten().map(|c| c.0),
        telefone: erros.opcional("telefone", corpo.telefone).flatten().map(|c| c.0),
        ativo: None,
    };
    let novo = erros.ou(Some(novo))?;
    let cliente = app.store.write(|conn| {
        let id = clientes::inserir(conn, &novo)?;
        clientes::buscar(conn, id)
    })?;
    response::json(&cliente)
}

/// Changes the fields that are sent, and only those. `null` is as good as not sent; an empty `email` or `telefone` takes
/// it away.
#[utoipa::path(put, path = "/clientes", tag = "Clientes", request_body = EdicaoCliente,
    responses((status = 200, body = Cliente), (status = 404, body = Problema),
        (status = 409, body = Problema, description = "CPF or e-mail is known already"), (status = 422, body = Problema)))]
pub fn alterar(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    let corpo: EdicaoCliente = ler_corpo(request)?;
    let mut erros = Erros::default();
    let id = erros.obrigatorio("id", corpo.id);
    let alteracao = Alteracao {
        cpf: erros.opcional("cpf", corpo.cpf).flatten(),
        nome: erros.opcional("nome", corpo.nome).flatten().map(|n| n.0),
        email: erros.opcional("email", corpo.email).flatten().map(|c| c.0),
        telefone: erros.opcional("telefone", corpo.telefone).flatten().map(|c| c.0),
        ativo: erros.opcional("ativo", corpo.ativo).flatten().map(|a| a.0),
    };
    let Id(id) = erros.ou(id)?;
    let cliente = app.store.write(|conn| {
        clientes::alterar(conn, id, &alteracao)?;
        clientes::buscar(conn, id)
    })?;
    response::json(&cliente)
}

/// One customer.
#[utoipa::path(get, path = "/clientes/{id}", tag = "Clientes", params(("id" = i64, Path, minimum = 1)),
    responses((status = 200, body = Cliente), (status = 404, body = Problema), (status = 422, body = Problema)))]
pub fn buscar(app: &App, _: &Request<'_>, id: i64) -> Result<Response, Error> {
    response::json(&app.store.read(|conn| clientes::buscar(conn, id))?)
}

/// Erases the customer's personal data (LGPD), and the notes of the orders; the orders stay, without a person behind them.
#[utoipa::path(delete, path = "/clientes/{id}", tag = "Clientes", params(("id" = i64, Path, minimum = 1)),
    responses((status = 200, body = bool, content_type = "application/json"), (status = 404, body = Problema), (status = 422, body = Problema)))]
pub fn apagar(app: &App, _: &Request<'_>, id: i64) -> Result<Response, Error> {
    erasure::erase(&app.store, id, DataHora::agora())?;
    response::json(&true)
}

/// A customer's orders, newest first; without the cancelled ones.
#[utoipa::path(get, path = "/clientes/{id}/pedidos", tag = "Clientes",
    params(("id" = i64, Path, minimum = 1), Paginacao),
    responses((status = 200, body = [Pedido], headers(("Link" = String, description = "The next page"))),
        (status = 404, body = Problema), (status = 422, body = Problema)))]
pub fn pedidos(app: &App, request: &Request<'_>, id: i64) -> Result<Response, Error> {
    let pagina = pagina(request, LIMITE_PADRAO)?;
    let lida = app.store.read(|conn| {
        clientes::buscar(conn, id)?;
        order_page::read(conn, Lista::Cliente(id), &pagina, app.shared.own_page)
    })?;
    response::page(request, &lida.page)
}
