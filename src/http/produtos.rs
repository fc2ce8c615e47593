//! `/produtos`, and the menu by category.

use super::{
    App, LIMITE_PADRAO, Owed, Paginacao,
    campo::{CategoriaEnviada, DescricaoProduto, Erros, Id, Logico, NomeProduto, Preco, corpo, ler_corpo},
    pagina,
    request::Request,
    response::{self, Page, Problema, Response},
};
use crate::{
    domain::produto::{Alteracao, Categoria, Produto},
    error::Error,
    store::produtos,
};

corpo! {
    NovoProduto {
        #[schema(required)]
        nome: NomeProduto,
        #[schema(required)]
        categoria: CategoriaEnviada,
        #[schema(required)]
        valor: Preco,
        descricao: Option<DescricaoProduto>,
    }
}

corpo! {
    EdicaoProduto {
        #[schema(required)]
        id: Id,
        nome: NomeProduto,
        categoria: CategoriaEnviada,
        valor: Preco,
        descricao: Option<DescricaoProduto>,
        ativo: Option<Logico>,
    }
}

/// The menu: what is on sale.
#[utoipa::path(get, path = "/produtos", tag = "Produtos",
    params(Paginacao),
    responses((status = 200, body = [Produto], headers(("Link" = String, description = "The next page"))), (status = 422, body = Problema)))]
pub fn listar(app: &App, request: &Request<'_>, owed: Owed) {
    cardapio(app, request, None, owed);
}

/// The menu: lanches.
#[utoipa::path(get, path = "/lanches", tag = "Produtos",
    params(Paginacao),
    responses((status = 200, body = [Produto], headers(("Link" = String, description = "The next page"))), (status = 422, body = Problema)))]
pub fn lanches(app: &App, request: &Request<'_>, owed: Owed) {
    cardapio(app, request, Some(Categoria::Lanche), owed);
}

/// The menu: acompanhamentos.
#[utoipa::path(get, path = "/acompanhamentos", tag = "Produtos",
    params(Paginacao),
    responses((status = 200, body = [Produto], headers(("Link" = String, description = "The next page"))), (status = 422, body = Problema)))]
pub fn acompanhamentos(app: &App, request: &Request<'_>, owed: Owed) {
    cardapio(app, request, Some(Categoria::Acompanhamento), owed);
}

/// The menu: bebidas.
#[utoipa::path(get, path = "/bebidas", tag = "Produtos",
    params(Paginacao),
    responses((status = 200, body = [Produto], headers(("Link" = String, description = "The next page"))), (status = 422, body = Problema)))]
pub fn bebidas(app: &App, request: &Request<'_>, owed: Owed) {
    cardapio(app, request, Some(Categoria::Bebida), owed);
}

/// The menu: sobremesas.
#[utoipa::path(get, path = "/sobremesas", tag = "Produtos",
    params(Paginacao),
    responses((status = 200, body = [Produto], headers(("Link" = String, description = "The next page"))), (status = 422, body = Problema)))]
pub fn sobremesas(app: &App, request: &Request<'_>, owed: Owed) {
    cardapio(app, request, Some(Categoria::Sobremesa), owed);
}

/// A new product, on sale at once.
#[utoipa::path(post, path = "/produtos", tag = "Produtos", request_body = NovoProduto,
    responses((status = 200, body = Produto), (status = 422, body = Problema)))]
pub fn criar(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    let corpo: NovoProduto = ler_corpo(request)?;
    let mut erros = Erros::default();
    let novo = Alteracao {
        nome: erros.obrigatorio("nome", corpo.nome).map(|n| n.0),
        categoria: erros.obrigatorio("categoria", corpo.categoria).map(|c| c.0),
        valor: erros.obrigatorio("valor", corpo.valor).map(|v| v.0),
        descricao: erros.opcional("descricao", corpo.descricao).map(|d| d.map(|d| d.0)),
        ativo: None,
    };
    let novo = erros.ou(Some(novo))?;
    let produto = app.store.write(|conn| {
        let id = produtos::inserir(conn, &novo)?;
        produtos::buscar(conn, id)
    })?;
    response::json(&produto)
}

/// Changes the fields that are sent, and only those. `ativo` takes a product off the menu and puts it back.
#[utoipa::path(put, path = "/produtos", tag = "Produtos", request_body = EdicaoProduto,
    responses((status = 200, body = Produto), (status = 404, body = Problema), (status = 422, body = Problema)))]
pub fn alterar(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    let corpo: EdicaoProduto = ler_corpo(request)?;
    let mut erros = Erros::default();
    let id = erros.obrigatorio("id", corpo.id);
    let alteracao = Alteracao {
        nome: erros.opcional("nome", corpo.nome).map(|n| n.0),
        categoria: erros.opcional("categoria", corpo.categoria).map(|c| c.0),
        valor: erros.opcional("valor", corpo.valor).map(|v| v.0),
        descricao: erros.opcional("descricao", corpo.descricao).map(|d| d.map(|d| d.0)),
        ativo: erros.opcional("ativo", corpo.ativo).flatten().map(|a| a.0),
    };
    let Id(id) = erros.ou(id)?;
    let produto = app.store.write(|conn| {
        produtos::alterar(conn, id, &alteracao)?;
        produtos::buscar(conn, id)
    })?;
    response::json(&produto)
}

/// One product, on sale or withdrawn.
#[utoipa::path(get, path = "/produtos/{id}", tag = "Produtos", params(("id" = i64, Path, minimum = 1)),
    responses((status = 200, body = Produto), (status = 404, body = Problema), (status = 422, body = Problema)))]
pub fn buscar(app: &App, _: &Request<'_>, id: i64) -> Result<Response, Error> {
    response::json(&app.store.read(|conn| produtos::buscar(conn, id))?)
}

/// Deletes a product that was never ordered; one that was is withdrawn, and past orders keep it.
#[utoipa::path(delete, path = "/produtos/{id}", tag = "Produtos", params(("id" = i64, Path, minimum = 1)),
    responses((status = 200, body = bool, content_type = "application/json"), (status = 404, body = Problema), (status = 422, body = Problema)))]
pub fn retirar(app: &App, _: &Request<'_>, id: i64) -> Result<Response, Error> {
    app.store.write(|conn| produtos::retirar(conn, id))?;
    response::json(&true)
}

fn cardapio(app: &App, request: &Request<'_>, categoria: Option<Categoria>, owed: Owed) {
    if request.query.is_empty() {
        return app.shared.cardapio(categoria).ask((), owed.page_of(request));
    }
    owed.give(pagina(request, LIMITE_PADRAO).and_then(|pagina| {
        let lidos = app.store.read(|conn| produtos::cardapio(conn, categoria, &pagina))?;
        response::page(request, &Page::new(lidos)?)
    }));
}
