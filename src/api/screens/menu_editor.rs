//! `/gerencia/cardapio`: the menu, for who runs the restaurant. A form a product, which is shown again with what was typed
//! where something is wrong with it.

use askama::Template;
use utoipa::PartialSchema;

use super::{
    files,
    layout::{Layout, page, profile, see_other},
};
use crate::{
    api::{
        App,
        call::Call,
        endpoint::{Access::Gerente, Resource},
        fields::{
            CategoriaEnviada, DescricaoProduto, Errors, Id, Logico, NomeProduto, Ordem, Quantia, body,
            read_form,
        },
        produtos as api,
    },
    clock,
    domain::{
        dinheiro::Dinheiro,
        produto::{Alteracao, Categoria, Produto},
    },
    error::Error,
    server::Response,
    store::produtos,
};

/// Products that are shown.
const SHOWN: usize = 1000;

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::of_pages()
        .get(
            "/gerencia/cardapio",
            Gerente,
            |app, call| show(app, call, None),
            |operation| {
                let about = "The menu, to be changed: each product with a form.";
                operation
                    .about(about)
                    .ok_as("text/html", String::schema())
                    .page_of(503, "Cannot be shown now")
            },
        )
        .post("/gerencia/cardapio", Gerente, save, |operation| {
            operation
                .about("Changes a product, or adds one where no `id` is sent, by the form of the page.")
                .form::<Ficha>()
                .see_other("To the page")
                .page_of(404, "There is no such product")
                .page_of(422, "Something is wrong with a field, and the page says what")
                .page_of(503, "Cannot be done now")
        })
}

body! {
    /// All of a product: what is empty is taken away.
    Ficha {
        id: Id,
        #[schema(required)]
        nome: NomeProduto,
        #[schema(required)]
        categoria: CategoriaEnviada,
        #[schema(required)]
        valor: Quantia,
        descricao: DescricaoProduto,
        ordem: Ordem,
        ativo: Logico,
    }
}

/// A form, with what is stored or was typed.
#[derive(Default)]
struct Row {
    /// Empty for a new product.
    id: String,
    nome: String,
    categoria: i64,
    valor: String,
    descricao: String,
    ordem: String,
    ativo: bool,
    esgotado: bool,
    /// What is wrong with what was typed.
    fault: Option<String>,
}

impl Row {
    fn of(produto: &Produto) -> Row {
        Row {
            id: produto.id.to_string(),
            nome: produto.nome.clone(),
            categoria: produto.categoria.number(),
            valor: produto.valor.to_string().replace('.', ","),
            descricao: produto.descricao.clone().unwrap_or_default(),
            ordem: produto.ordem.map(|ordem| ordem.to_string()).unwrap_or_default(),
            ativo: produto.ativo,
            esgotado: produto.esgotado,
            fault: None,
        }
    }

    /// As it was sent.
    fn sent(body: &[u8], fault: String) -> Row {
        let mut row = Row { fault: Some(fault), ..Row::default() };
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "id" => row.id = value.into_owned(),
                "nome" => row.nome = value.into_owned(),
                "categoria" => row.categoria = value.parse().unwrap_or(1),
                "valor" => row.valor = value.into_owned(),
                "descricao" => row.descricao = value.into_owned(),
                "ordem" => row.ordem = value.into_owned(),
                "ativo" => row.ativo = true,
                _ => {}
            }
        }
        row
    }

    fn is_in(&self, categoria: Categoria) -> bool {
        self.categoria == categoria.number()
    }

    /// For the ids of the page.
    fn key(&self) -> &str {
        if self.id.is_empty() { "novo" } else { &self.id }
    }
}

#[derive(Template)]
#[template(path = "menu_editor.html")]
struct Editor {
    layout: Layout,
    /// The name of what was written last.
    saved: Option<String>,
    blank: Row,
    rows: Vec<Row>,
}

impl Editor {
    fn of_category(&self, categoria: &Categoria) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.is_in(*categoria))
    }
}

fn show(app: &App, call: &Call<'_>, refused: Option<Row>) -> Result<Response, Error> {
    let all = app.store.read(|conn| produtos::all(conn, SHOWN, clock::now()))?;
    let written = call.parameter("produto").and_then(|id| id.parse::<i64>().ok());
    let saved = all.iter().find(|produto| Some(produto.id) == written).map(|produto| produto.nome.clone());
    let mut rows: Vec<Row> = all.iter().map(Row::of).collect();
    let mut blank = Row { categoria: 1, ativo: true, ..Row::default() };
    let status = if refused.is_some() { 422 } else { 200 };
    if let Some(refused) = refused {
        match rows.iter_mut().find(|row| row.id == refused.id) {
            Some(row) => *row = refused,
            None => blank = refused,
        }
    }
    page(status, &Editor { layout: Layout::of_staff(app, call, &profile(app)?)?, saved, blank, rows })
}

fn save(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    match try_to_save(app, call) {
        Ok(produto) => Ok(see_other(&format!("/gerencia/cardapio?produto={}", produto.id))),
        Err(Error::Invalid(errors)) => {
            let fault: Vec<String> = errors.iter().map(|error| error.sentence()).collect();
            show(app, call, Some(Row::sent(&call.body, fault.join("; ").replace("«valor»", "O preço"))))
        }
        Err(error) => Err(error),
    }
}

fn try_to_save(app: &App, call: &Call<'_>) -> Result<Produto, Error> {
    let body: Ficha = read_form(call)?;
    let mut errors = Errors::default();
    let id = errors.optional("id", body.id).map(|Id(id)| id);
    let valor = errors.required("valor", body.valor);
    let price = valor.and_then(|Quantia(valor)| match Dinheiro::preco(&valor.to_string()) {
        Ok(price) => Some(price),
        Err(message) => {
            errors.note("valor", message);
            None
        }
    });
    let is_new = id.is_none();
    let ativo = errors.optional("ativo", body.ativo).is_some_and(|Logico(ativo)| ativo);
    let fields = Alteracao {
        nome: errors.required("nome", body.nome).map(|nome| nome.0),
        categoria: errors.required("categoria", body.categoria).map(|categoria| categoria.0),
        valor: price,
        descricao: Some(errors.optional("descricao", body.descricao).map(|descricao| descricao.0)),
        ativo: (!is_new).then_some(ativo),
        ordem: Some(errors.optional("ordem", body.ordem).map(|ordem| ordem.0)),
    };
    api::save(app, id, &errors.or(Some(fields))?)
}
