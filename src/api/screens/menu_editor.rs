//! `/gerencia/cardapio`: the menu, for who runs the restaurant. A form a product, which is shown again with what was typed
//! where it was not saved.
//!
//! - Each form carries a fingerprint of what it showed. Where somebody else has changed the product since, nothing is written:
//!   the page says what is stored now, beside what was typed (optimistic concurrency).

use askama::Template;

use super::{
    files,
    layout::{Layout, page, profile, see_other, with_wait_of},
};
use crate::{
    api::{
        App,
        call::Call,
        endpoint::{Access::Gerente, Resource},
        fields::{
            CategoriaEnviada, DescricaoProduto, Errors, Id, Identificador, Logico, NomeProduto, Ordem,
            Quantia, body, read_form,
        },
        json::{encode, fingerprint},
        problem, produtos as api,
        saved::Saved,
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

const CHANGED: &str = "Alguém mudou este produto em outra tela depois que você abriu a página, e nada do seu foi gravado. O \
                       que você digitou está aqui embaixo. Confira e grave de novo: fica o que estiver nos campos.";
const GONE: &str = "Este produto não existe mais: alguém o tirou em outra tela. O que você digitou está aqui; gravar faz um \
                    produto novo.";

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::of_pages()
        .get(
            "/gerencia/cardapio",
            Gerente,
            |app, call| show(app, call, None),
            |operation| {
                let about = "The menu, to be changed: each product with a form.";
                operation.about(about).html()
            },
        )
        .post("/gerencia/cardapio", Gerente, save, |operation| {
            operation
                .about("Changes a product, or adds one where no `id` is sent, by the form of the page.")
                .form::<Ficha>()
                .see_other("To the page")
                .page_of(404, "There is no such product any more")
                .page_of(412, "Somebody else has changed it since it was shown, and the page says how")
        })
}

body! {
    /// All of a product: what is empty is taken away.
    Ficha {
        id: Id,
        /// Of the product, as it was shown.
        visto: Identificador,
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
    /// Of what was shown.
    visto: String,
    /// Why it was not saved, in whole sentences.
    fault: Option<String>,
    /// What somebody else has written meanwhile: the field, and what is in it now.
    meanwhile: Vec<(&'static str, String)>,
}

impl Row {
    fn of(produto: &Produto) -> Result<Row, Error> {
        Ok(Row {
            id: produto.id.to_string(),
            nome: produto.nome.clone(),
            categoria: produto.categoria.number(),
            valor: produto.valor.to_string().replace('.', ","),
            descricao: produto.descricao.clone().unwrap_or_default(),
            ordem: produto.ordem.map(|ordem| ordem.to_string()).unwrap_or_default(),
            ativo: produto.ativo,
            esgotado: produto.esgotado,
            visto: seen(produto)?,
            ..Row::default()
        })
    }

    /// As it was sent.
    fn sent(body: &[u8], fault: String) -> Row {
        let mut row = Row { fault: Some(fault), ..Row::default() };
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "id" => row.id = value.into_owned(),
                "visto" => row.visto = value.into_owned(),
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

    /// Typed over what somebody else has written meanwhile: to be saved only by who has seen both.
    fn over(self, stored: &Produto) -> Result<Row, Error> {
        let now = Row::of(stored)?;
        let place = |ordem: &String| if ordem.is_empty() { "no fim".to_owned() } else { ordem.clone() };
        let on_menu = |ativo| if ativo { "sim" } else { "não" }.to_owned();
        let fields = [
            ("Nome", self.nome != now.nome, now.nome),
            ("Descrição", self.descricao != now.descricao, now.descricao),
            ("Preço", self.valor != now.valor, format!("R$ {}", now.valor)),
            ("Categoria", self.categoria != now.categoria, stored.categoria.heading().to_owned()),
            ("Lugar na lista", self.ordem != now.ordem, place(&now.ordem)),
            ("No cardápio", self.ativo != now.ativo, on_menu(now.ativo)),
        ];
        let differing = fields.into_iter().filter(|(_, differs, _)| *differs);
        let meanwhile = differing.map(|(label, _, value)| (label, value)).collect();
        Ok(Row { visto: now.visto, meanwhile, fault: Some(CHANGED.to_owned()), ..self })
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

/// The fingerprint of what a form shows of it.
fn seen(produto: &Produto) -> Result<String, Error> {
    let Produto { nome, categoria, valor, descricao, ativo, ordem, .. } = produto;
    Ok(fingerprint(&encode(&(nome, categoria, valor, descricao, ativo, ordem))?))
}

/// Whether there is nothing left to change: the same form was sent twice.
fn is_already(produto: &Produto, fields: &Alteracao) -> bool {
    let Alteracao { nome, categoria, valor, descricao, ativo, ordem } = fields;
    nome.as_ref().is_none_or(|nome| *nome == produto.nome)
        && categoria.is_none_or(|categoria| categoria == produto.categoria)
        && valor.is_none_or(|valor| valor == produto.valor)
        && descricao.as_ref().is_none_or(|descricao| *descricao == produto.descricao)
        && ativo.is_none_or(|ativo| ativo == produto.ativo)
        && ordem.is_none_or(|ordem| ordem == produto.ordem)
}

/// With a form that was not saved, and the status that says so.
fn show(app: &App, call: &Call<'_>, refused: Option<(u16, Row)>) -> Result<Response, Error> {
    let all = app.store.read(|conn| produtos::all(conn, SHOWN, clock::now()))?;
    let written = call.parameter("produto").and_then(|id| id.parse::<i64>().ok());
    let saved = all.iter().find(|produto| Some(produto.id) == written).map(|produto| produto.nome.clone());
    let mut rows: Vec<Row> = all.iter().map(Row::of).collect::<Result<_, _>>()?;
    let mut blank = Row { categoria: 1, ativo: true, ..Row::default() };
    let status = refused.as_ref().map_or(200, |(status, _)| *status);
    if let Some((_, refused)) = refused {
        match rows.iter_mut().find(|row| row.id == refused.id) {
            Some(row) => *row = refused,
            None => blank = Row { id: String::new(), ..refused },
        }
    }
    page(status, &Editor { layout: Layout::of_staff(app, call, &profile(app)?)?, saved, blank, rows })
}

fn save(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let typed = |fault| Row::sent(&call.body, fault);
    match try_to_save(app, call) {
        Ok(Saved::Done(produto)) => Ok(see_other(&format!("/gerencia/cardapio?produto={}", produto.id))),
        Ok(Saved::ChangedMeanwhile(stored)) => {
            show(app, call, Some((412, typed(String::new()).over(&stored)?)))
        }
        Err(Error::Invalid(errors)) => {
            let fault: Vec<String> = errors.iter().map(|error| error.sentence()).collect();
            let fault = fault.join("; ").replace("«valor»", "O preço");
            show(app, call, Some((422, typed(format!("{fault}. Nada foi gravado ainda.")))))
        }
        Err(Error::NotFound(_)) => show(app, call, Some((404, typed(GONE.to_owned())))),
        Err(error) => {
            // What was typed is not lost where the page can still be shown.
            let refused = problem::of_error(error.clone(), &call.id);
            let row = typed(format!("{}.", problem::detail(&refused)));
            let shown = show(app, call, Some((refused.status(), row)));
            shown.map(|page| with_wait_of(&refused, page)).map_err(|_| error)
        }
    }
}

fn try_to_save(app: &App, call: &Call<'_>) -> Result<Saved<Produto>, Error> {
    let body: Ficha = read_form(call)?;
    let mut errors = Errors::default();
    let id = errors.optional("id", body.id).map(|Id(id)| id);
    let visto = errors.optional("visto", body.visto).map(|visto| visto.0);
    let valor = errors.required("valor", body.valor);
    let price = valor.and_then(|Quantia(valor)| match Dinheiro::preco(&valor.to_string()) {
        Ok(price) => Some(price),
        Err(message) => {
            errors.note("valor", message);
            None
        }
    });
    let ativo = errors.optional("ativo", body.ativo).is_some_and(|Logico(ativo)| ativo);
    let fields = Alteracao {
        nome: errors.required("nome", body.nome).map(|nome| nome.0),
        categoria: errors.required("categoria", body.categoria).map(|categoria| categoria.0),
        valor: price,
        descricao: Some(errors.optional("descricao", body.descricao).map(|descricao| descricao.0)),
        ativo: id.map(|_| ativo),
        ordem: Some(errors.optional("ordem", body.ordem).map(|ordem| ordem.0)),
    };
    let fields = errors.or(Some(fields))?;
    let Some(id) = id else { return api::save(app, None, &fields).map(Saved::Done) };
    api::save_seen(app, id, &fields, |stored| {
        is_already(stored, &fields) || seen(stored).ok().as_ref() == visto.as_ref()
    })
}
