//! `/produtos`, and the menu by category. Tested by `tests/api/menu.rs`.

use super::{
    App,
    answer::Answer,
    call::Call,
    endpoint::{
        Access::{Cozinha, Gerente, Todos},
        Resource,
    },
    fields::{
        CategoriaEnviada, DescricaoProduto, Errors, Id, Logico, NomeProduto, Ordem, Preco, body, read_body,
    },
    json::json,
    page::{self, LIMIT_DEFAULT, Page},
    prazo::{self, PrazoEnviado},
    routes::id,
    saved::Saved,
    shared,
};
use crate::{
    clock,
    domain::{
        prazo::Prazo,
        produto::{Alteracao, Categoria, Produto},
    },
    error::Error,
    server::Response,
    store::produtos,
};

/// Its endpoints.
pub fn resource() -> Resource {
    by_category(products(Resource::new("Produtos")))
}

fn products(resource: Resource) -> Resource {
    resource
        .get(
            "/produtos",
            Todos,
            |app, request| menu(app, request, None),
            |operation| operation.about("The menu: what is on sale, by `ordem`.").menu(),
        )
        .post("/produtos", Gerente, create, |operation| {
            operation.about("A new product, on sale at once.").body::<NovoProduto>().ok::<Produto>()
        })
        .put("/produtos", Gerente, change, |operation| {
            operation
                .about(
                    "Changes the fields that are sent, and only those. `ativo` takes a product off the menu and puts it back.",
                )
                .body::<EdicaoProduto>()
                .ok::<Produto>()
                .problem(404, "")
        })
        .get("/produtos/{id}", Todos, find, |operation| {
            operation.about("One product, on sale or withdrawn.").ok::<Produto>().problem(404, "")
        })
        .delete("/produtos/{id}", Gerente, withdraw, |operation| {
            operation
                .about(
                    "Deletes a product that was never ordered; one that was is withdrawn, and past orders keep it.",
                )
                .done()
                .problem(404, "")
        })
        .put("/produtos/{id}/esgotado", Cozinha, sell_out, |operation| {
            operation
                .about(
                    "Says that a product is sold out: until somebody says otherwise, until tomorrow, or for some minutes. It \
                     stays on the menu, and a checkout that names it is refused.",
                )
                .body::<PrazoEnviado>()
                .ok::<Produto>()
                .problem(404, "")
        })
        .delete("/produtos/{id}/esgotado", Cozinha, sell_again, |operation| {
            operation.about("Says that a product can be ordered again.").ok::<Produto>().problem(404, "")
        })
}

/// The menu by category.
fn by_category(resource: Resource) -> Resource {
    resource
        .get(
            "/lanches",
            Todos,
            |app, request| menu(app, request, Some(Categoria::Lanche)),
            |operation| operation.about("The menu: lanches, by `ordem`.").menu(),
        )
        .get(
            "/acompanhamentos",
            Todos,
            |app, request| menu(app, request, Some(Categoria::Acompanhamento)),
            |operation| operation.about("The menu: acompanhamentos, by `ordem`.").menu(),
        )
        .get(
            "/bebidas",
            Todos,
            |app, request| menu(app, request, Some(Categoria::Bebida)),
            |operation| operation.about("The menu: bebidas, by `ordem`.").menu(),
        )
        .get(
            "/sobremesas",
            Todos,
            |app, request| menu(app, request, Some(Categoria::Sobremesa)),
            |operation| operation.about("The menu: sobremesas, by `ordem`.").menu(),
        )
}

body! {
    NovoProduto {
        #[schema(required)]
        nome: NomeProduto,
        #[schema(required)]
        categoria: CategoriaEnviada,
        #[schema(required)]
        valor: Preco,
        descricao: Option<DescricaoProduto>,
        ordem: Option<Ordem>,
    }
}

body! {
    EdicaoProduto {
        #[schema(required)]
        id: Id,
        nome: NomeProduto,
        categoria: CategoriaEnviada,
        valor: Preco,
        descricao: Option<DescricaoProduto>,
        ativo: Option<Logico>,
        ordem: Option<Ordem>,
    }
}

fn create(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let body: NovoProduto = read_body(request)?;
    let mut errors = Errors::default();
    let novo = Alteracao {
        nome: errors.required("nome", body.nome).map(|n| n.0),
        categoria: errors.required("categoria", body.categoria).map(|c| c.0),
        valor: errors.required("valor", body.valor).map(|v| v.0),
        descricao: errors.optional("descricao", body.descricao).map(|d| d.map(|d| d.0)),
        ativo: None,
        ordem: errors.optional("ordem", body.ordem).map(|o| o.map(|o| o.0)),
    };
    let novo = errors.or(Some(novo))?;
    json(&save(app, None, &novo)?)
}

fn change(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let body: EdicaoProduto = read_body(request)?;
    let mut errors = Errors::default();
    let id = errors.required("id", body.id);
    let alteracao = Alteracao {
        nome: errors.optional("nome", body.nome).map(|n| n.0),
        categoria: errors.optional("categoria", body.categoria).map(|c| c.0),
        valor: errors.optional("valor", body.valor).map(|v| v.0),
        descricao: errors.optional("descricao", body.descricao).map(|d| d.map(|d| d.0)),
        ativo: errors.optional("ativo", body.ativo).flatten().map(|a| a.0),
        ordem: errors.optional("ordem", body.ordem).map(|o| o.map(|o| o.0)),
    };
    let Id(id) = errors.or(id)?;
    json(&save(app, Some(id), &alteracao)?)
}

/// As `save`, where the product is still as it was seen.
pub fn save_seen(
    app: &App,
    id: i64,
    fields: &Alteracao,
    is_as_seen: impl Fn(&Produto) -> bool,
) -> Result<Saved<Produto>, Error> {
    app.store.write(|conn| {
        produtos::lock(conn, id)?;
        let stored = produtos::find(conn, id, clock::now())?;
        if !is_as_seen(&stored) {
            return Ok(Saved::ChangedMeanwhile(stored));
        }
        produtos::update(conn, id, fields)?;
        produtos::find(conn, id, clock::now()).map(Saved::Done)
    })
}

/// Writes these fields of a product, or of a new one.
pub fn save(app: &App, id: Option<i64>, fields: &Alteracao) -> Result<Produto, Error> {
    app.store.write(|conn| {
        let id = match id {
            Some(id) => produtos::update(conn, id, fields).map(|()| id)?,
            None => produtos::insert(conn, fields)?,
        };
        produtos::find(conn, id, clock::now())
    })
}

fn find(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let id = id(request)?;
    json(&app.store.read(|conn| produtos::find(conn, id, clock::now()))?)
}

fn sell_out(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let id = id(request)?;
    let sold_out = prazo::read(request, clock::now())?;
    json(&set_sold_out(app, id, Some(sold_out))?)
}

fn sell_again(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    json(&set_sold_out(app, id(request)?, None)?)
}

/// Says until when a product is sold out, or that it is not.
pub fn set_sold_out(app: &App, id: i64, sold_out: Option<Prazo>) -> Result<Produto, Error> {
    app.store.write(|conn| {
        produtos::set_sold_out(conn, id, sold_out)?;
        produtos::find(conn, id, clock::now())
    })
}

fn withdraw(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let id = id(request)?;
    app.store.write(|conn| produtos::withdraw(conn, id))?;
    json(&true)
}

/// What is on sale. The first page, which is what nearly every client asks for, is read for all at once.
fn menu(app: &App, request: &Call<'_>, categoria: Option<Categoria>) -> Result<Answer, Error> {
    if request.query.is_empty() {
        return Ok(shared::first_page(app.shared.menu(categoria), request)?.into());
    }
    let page = page::requested(request, LIMIT_DEFAULT)?;
    let (rows, next) = app.store.read(|conn| produtos::menu(conn, categoria, &page, clock::now()))?;
    Ok(Page::new(&rows, next)?.response(request).into())
}
