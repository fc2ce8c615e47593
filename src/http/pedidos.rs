//! `/pedidos`: the lists, the checkout, the moves.

use std::{
    borrow::Cow,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Ref, RefOr, Schema, schema::ArrayBuilder},
};

use super::{
    App, LIMITE_PADRAO, Owed, Paginacao,
    campo::{
        Erros, Falha, Id, Identificador, Ignorado, Leitura, Observacao, Quantidade, StatusPagamentoEnviado,
        StatusPedidoEnviado, ValorEnviado, corpo, ler_corpo, ler_lista, ler_objeto,
    },
    forwarded::network,
    pagina,
    request::Request,
    response::{self, Page, Problema, Response, tags},
};
use crate::{
    domain::{
        data_hora::DataHora,
        dinheiro::Dinheiro,
        pedido::{Evento, LINHAS_MAX, Meio, Pedido, StatusPagamento, StatusPedido},
    },
    error::Error,
    store::{
        eventos as historico,
        pedidos::{self, Lista},
    },
    use_cases::{
        Vista, cancelamento,
        checkout::{self as ato, Escolha, Linha},
        preparo,
    },
};

/// An open order must not be hidden by a page: a kitchen that does not ask for pages gets them all, up to here.
pub(super) const EM_ABERTO_PADRAO: usize = 5000;
/// Events of one order that are shown.
const EVENTOS_MAX: i64 = 1000;
const CHAVE_MAX: usize = 255;
/// A key of so many characters cannot be guessed or hit upon by chance: it is the same key wherever it comes from. A
/// shorter one belongs to the address that it comes from.
const CHAVE_LONGA: usize = 16;
/// Between two warnings that a list of open orders does not fit in one page.
const WARN_EVERY: Duration = Duration::from_secs(60);

corpo! {
    Checkout {
        /// Null or absent: the order is anonymous.
        id_cliente: Option<Id>,
        #[schema(required)]
        itens: Itens,
    }
}

corpo! {
    ItemCheckout {
        #[schema(required)]
        produto: Id,
        #[schema(required)]
        quantidade: Quantidade,
        /// The customer's note.
        descricao: Option<Observacao>,
        /// The price charged is the menu's.
        #[expect(dead_code)]
        valor: Ignorado,
    }
}

corpo! {
    /// Beside `id`, only `status_pedido` and `cliente` can be changed. What only the payment or the clock may change can
    /// be sent along as it is; a different value is an error.
    EdicaoPedido {
        #[schema(required)]
        id: Id,
        status_pedido: Option<StatusPedidoEnviado>,
        cliente: Option<Id>,
        /// As last seen: 409 when the order has changed since.
        versao: Option<Id>,
        senha: Option<Id>,
        #[expect(dead_code)]
        itens: Ignorado,
        datahora_recebido: Option<DataHora>,
        datahora_preparacao: Option<DataHora>,
        datahora_pronto: Option<DataHora>,
        datahora_finalizado: Option<DataHora>,
        status_pagamento: Option<StatusPagamentoEnviado>,
        meio_pagamento: Option<Meio>,
        id_pagamento: Option<Identificador>,
        valor_total: Option<ValorEnviado>,
    }
}

/// The kitchen's list: Pronto, then Em preparação, then Recebido; oldest first in each.
#[utoipa::path(get, path = "/pedidos", tag = "Pedidos",
    params(Paginacao),
    responses((status = 200, body = [Pedido], headers(("Link" = String, description = "The next page"), ("X-Total-Count" = i64, description = "Orders in the whole list, where there is a next page"))), (status = 422, body = Problema)))]
pub fn em_aberto(app: &App, request: &Request<'_>, owed: Owed) {
    listar(app, request, Lista::EmAberto, EM_ABERTO_PADRAO, owed);
}

/// Orders in Recebido, oldest first.
#[utoipa::path(get, path = "/pedidos/recebidos", tag = "Pedidos",
    params(Paginacao),
    responses((status = 200, body = [Pedido], headers(("Link" = String, description = "The next page"), ("X-Total-Count" = i64, description = "Orders in the whole list, where there is a next page"))), (status = 422, body = Problema)))]
pub fn recebidos(app: &App, request: &Request<'_>, owed: Owed) {
    listar(app, request, Lista::Estado(StatusPedido::Recebido), EM_ABERTO_PADRAO, owed);
}

/// Orders in Em preparação, oldest first.
#[utoipa::path(get, path = "/pedidos/empreparacao", tag = "Pedidos",
    params(Paginacao),
    responses((status = 200, body = [Pedido], headers(("Link" = String, description = "The next page"), ("X-Total-Count" = i64, description = "Orders in the whole list, where there is a next page"))), (status = 422, body = Problema)))]
pub fn em_preparacao(app: &App, request: &Request<'_>, owed: Owed) {
    listar(app, request, Lista::Estado(StatusPedido::EmPreparacao), EM_ABERTO_PADRAO, owed);
}

/// Orders in Pronto, oldest first.
#[utoipa::path(get, path = "/pedidos/prontos", tag = "Pedidos",
    params(Paginacao),
    responses((status = 200, body = [Pedido], headers(("Link" = String, description = "The next page"), ("X-Total-Count" = i64, description = "Orders in the whole list, where there is a next page"))), (status = 422, body = Problema)))]
pub fn prontos(app: &App, request: &Request<'_>, owed: Owed) {
    listar(app, request, Lista::Estado(StatusPedido::Pronto), EM_ABERTO_PADRAO, owed);
}

/// Orders in Finalizado, oldest first, a page at a time.
#[utoipa::path(get, path = "/pedidos/finalizados", tag = "Pedidos",
    params(Paginacao),
    responses((status = 200, body = [Pedido], headers(("Link" = String, description = "The next page"))), (status = 422, body = Problema)))]
pub fn finalizados(app: &App, request: &Request<'_>, owed: Owed) {
    listar(app, request, Lista::Estado(StatusPedido::Finalizado), LIMITE_PADRAO, owed);
}

/// The queue: orders in Recebido, oldest first.
#[utoipa::path(get, path = "/pedidos/fila", tag = "Pedidos",
    params(Paginacao),
    responses((status = 200, body = [Pedido], headers(("Link" = String, description = "The next page"), ("X-Total-Count" = i64, description = "Orders in the whole list, where there is a next page"))), (status = 422, body = Problema)))]
pub fn fila(app: &App, request: &Request<'_>, owed: Owed) {
    listar(app, request, Lista::Estado(StatusPedido::Recebido), EM_ABERTO_PADRAO, owed);
}

/// Makes an order of what the customer chose, at the menu's prices, with its number and its QR code. When the provider
/// takes too long `qr_situacao` is `a_caminho`: the order stands, and `GET /pedidos/{id}` shows the code in a moment.
#[utoipa::path(post, path = "/pedidos/checkout", tag = "Pedidos", request_body = Checkout,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body give the same answer again, for 24 h. A key shorter than 16 characters counts for the address that it comes from", min_length = 1, max_length = 255)),
    responses((status = 200, body = Pedido, headers(("ETag" = String, description = "The version of the order"),
            ("Idempotency-Replayed" = String, description = "`true` when this is the answer to an earlier request"))),
        (status = 404, body = Problema, description = "Unknown cliente or produto"),
        (status = 422, body = Problema),
        (status = 429, body = Problema, description = "More than `CHECKOUTS_PER_MINUTE` from this address; again after `Retry-After` seconds"),
        (status = 503, body = Problema, description = "`loja_cheia`: as many orders as `MAX_UNPAID_ORDERS` wait for their payment; or it cannot be done now")))]
pub fn checkout(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    app.checkout_rate.admit(request.client)?;
    let corpo: Checkout = ler_corpo(request)?;
    let mut erros = Erros::default();
    let cliente = erros.opcional("id_cliente", corpo.id_cliente).flatten().map(|Id(id)| id);
    let linhas = erros.obrigatorio("itens", corpo.itens);
    let Itens(linhas) = erros.ou(linhas)?;
    let chave = chave(request)?;
    let escolha = Escolha { cliente, linhas };
    let resposta =
        ato::checkout(&app.store, &*app.provider, &app.checkouts, &app.capacity, escolha, chave.as_deref())?;
    let answer = response::json_bytes(resposta.corpo.into_bytes());
    let answer = response::with(answer, "ETag", &response::etag(resposta.versao));
    Ok(if resposta.repetida { response::with(answer, "Idempotency-Replayed", "true") } else { answer })
}

/// Moves an order along the kitchen, forward or one step back; or puts it on a customer's name.
#[utoipa::path(put, path = "/pedidos", tag = "Pedidos", request_body = EdicaoPedido,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` last seen: 412 with the order as it is now when it has changed since")),
    responses((status = 200, body = Pedido, headers(("ETag" = String, description = "The version of the order"))),
        (status = 404, body = Problema), (status = 409, body = Problema, description = "The move is not allowed, or the order has changed"),
        (status = 412, body = Problema), (status = 422, body = Problema)))]
pub fn alterar(app: &App, request: &Request<'_>) -> Result<Response, Error> {
    let corpo: EdicaoPedido = ler_corpo(request)?;
    let mut erros = Erros::default();
    let id = erros.obrigatorio("id", corpo.id);
    let alteracao = preparo::Alteracao {
        status: erros.opcional("status_pedido", corpo.status_pedido).flatten().map(|s| s.0),
        cliente: erros.opcional("cliente", corpo.cliente).map(|c| c.map(|Id(id)| id)),
    };
    let versao = erros.opcional("versao", corpo.versao).flatten();
    let fixos = Fixos {
        senha: erros.opcional("senha", corpo.senha).map(|s| s.map(|Id(n)| n)),
        datahora_recebido: erros.opcional("datahora_recebido", corpo.datahora_recebido),
        datahora_preparacao: erros.opcional("datahora_preparacao", corpo.datahora_preparacao),
        datahora_pronto: erros.opcional("datahora_pronto", corpo.datahora_pronto),
        datahora_finalizado: erros.opcional("datahora_finalizado", corpo.datahora_finalizado),
        status_pagamento: erros.opcional("status_pagamento", corpo.status_pagamento).flatten().map(|s| s.0),
        meio_pagamento: erros.opcional("meio_pagamento", corpo.meio_pagamento),
        id_pagamento: erros.opcional("id_pagamento", corpo.id_pagamento).map(|i| i.map(|i| i.0)),
        valor_total: erros.opcional("valor_total", corpo.valor_total).flatten().map(|v| v.0),
    };
    let Id(id) = erros.ou(id)?;
    let conferir = |pedido: &Pedido| match versao {
        Some(Id(versao)) if versao != pedido.versao => {
            Err(Error::conflict("versao_antiga", "O pedido mudou desde que foi lido; leia de novo e repita"))
        }
        _ => fixos.conferir(pedido),
    };
    let vista = vista(request)?;
    let pedido = preparo::alterar(&app.store, id, &alteracao, &vista, DataHora::agora(), conferir)?;
    response::pedido(&pedido, None)
}

/// One order.
#[utoipa::path(get, path = "/pedidos/{id}", tag = "Pedidos",
    params(("id" = i64, Path, minimum = 1), ("If-None-Match" = Option<String>, Header, description = "The `ETag` last seen: 304 when nothing has changed")),
    responses((status = 200, body = Pedido, headers(("ETag" = String, description = "The version of the order"))), (status = 304),
        (status = 404, body = Problema), (status = 422, body = Problema)))]
pub fn buscar(app: &App, request: &Request<'_>, id: i64, owed: Owed) {
    let visto = match request.header("if-none-match") {
        Ok(visto) => visto.map(str::to_owned),
        Err(error) => return owed.give(Err(error)),
    };
    app.shared.pedidos.ask(id, move |pedido| {
        owed.give_at_once(pedido.and_then(|pedido| response::pedido(&pedido, visto.as_deref())));
    });
}

/// Cancels an order that is not paid: it leaves every list and stays on record.
#[utoipa::path(delete, path = "/pedidos/{id}", tag = "Pedidos",
    params(("id" = i64, Path, minimum = 1), ("If-Match" = Option<String>, Header, description = "The `ETag` last seen")),
    responses((status = 200, body = bool, content_type = "application/json"), (status = 404, body = Problema), (status = 409, body = Problema, description = "It is paid, or delivered"),
        (status = 412, body = Problema), (status = 422, body = Problema)))]
pub fn cancelar(app: &App, request: &Request<'_>, id: i64) -> Result<Response, Error> {
    let pedida = cancelamento::Pedida::SemReembolso;
    cancelamento::cancelar(&app.store, &*app.provider, id, &pedida, &vista(request)?, DataHora::agora())?;
    response::json(&true)
}

/// What happened to an order, oldest first.
#[utoipa::path(get, path = "/pedidos/{id}/eventos", tag = "Pedidos", params(("id" = i64, Path, minimum = 1)),
    responses((status = 200, body = [Evento]), (status = 404, body = Problema), (status = 422, body = Problema)))]
pub fn eventos(app: &App, _: &Request<'_>, id: i64) -> Result<Response, Error> {
    let eventos = app.store.read(|conn| {
        pedidos::existe(conn, id)?;
        historico::do_pedido(conn, id, EVENTOS_MAX)
    })?;
    response::json(&eventos)
}

fn listar(app: &App, request: &Request<'_>, lista: Lista, padrao: usize, owed: Owed) {
    if request.query.is_empty()
        && let Some(inteira) = app.shared.lista(lista)
    {
        return inteira.ask((), owed.page_of(request));
    }
    owed.give(pagina(request, padrao).and_then(|pagina| {
        let (lidos, total) = app.store.read(|conn| {
            let lidos = pedidos::listar(conn, lista, &pagina)?;
            let cut = lidos.1.is_some() && app.shared.lista(lista).is_some();
            let total = cut.then(|| pedidos::contar(conn, lista)).transpose()?;
            Ok((lidos, total))
        })?;
        response::page(request, &Page::new(lidos)?.of(total))
    }));
}

/// Orders that nobody sees are nobody's orders: the log says it too, once in a while.
pub(super) fn warn_of_cut(total: i64) {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if last.is_none_or(|last| last.elapsed() >= WARN_EVERY) {
        *last = Some(Instant::now());
        drop(last);
        log::warn!(
            "a list of {total} open orders is shown in pages of {EM_ABERTO_PADRAO}: the rest is behind its Link"
        );
    }
}

/// The versions that `If-Match` names; `*` is any. What is no version matches none.
pub fn vista(request: &Request<'_>) -> Result<Vista, Error> {
    let Some(header) = request.header("if-match")? else { return Ok(None) };
    if tags(header).any(|t| t == "*") {
        return Ok(None);
    }
    let versao = |tag: &str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    Ok(Some(tags(header).filter_map(versao).collect()))
}

/// The key as it is stored. A space, which no key of a client has, keeps those of an address apart from all others.
fn chave<'a>(request: &Request<'a>) -> Result<Option<Cow<'a, str>>, Error> {
    match request.header("idempotency-key")? {
        None => Ok(None),
        Some(chave)
            if (1..=CHAVE_MAX).contains(&chave.len()) && chave.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Ok(Some(match chave.len() {
                CHAVE_LONGA.. => chave.into(),
                _ => format!("{} {chave}", network(request.client)).into(),
            }))
        }
        Some(_) => Err(Error::Malformed(format!(
            "Idempotency-Key deve ter de 1 a {CHAVE_MAX} caracteres ASCII sem espaços"
        ))),
    }
}

/// The lines of a checkout: each is sent, and described, as an `ItemCheckout`.
pub struct Itens(Vec<Linha>);

impl Leitura for Itens {
    fn ler(json: &str) -> Result<Self, Falha> {
        ler_lista(json, LINHAS_MAX, linha).map(Itens)
    }
}

impl PartialSchema for Itens {
    fn schema() -> RefOr<Schema> {
        let item = Ref::from_schema_name(ItemCheckout::name());
        let lista = ArrayBuilder::new().items(item).min_items(Some(1)).max_items(Some(LINHAS_MAX));
        lista.description(Some("The same product may come twice.")).into()
    }
}

impl ToSchema for Itens {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ItemCheckout::name().into(), ItemCheckout::schema()));
        ItemCheckout::schemas(schemas);
    }
}

fn linha(json: &str) -> Result<Linha, Falha> {
    let item: ItemCheckout = ler_objeto(json)?;
    let mut erros = Erros::default();
    let produto = erros.obrigatorio("produto", item.produto);
    let quantidade = erros.obrigatorio("quantidade", item.quantidade);
    let descricao =
        erros.opcional("descricao", item.descricao).flatten().map(|d| d.0).filter(|d| !d.is_empty());
    let linha = produto.zip(quantidade);
    erros.ou_dentro(linha.map(|(Id(produto), Quantidade(quantidade))| Linha {
        produto,
        quantidade,
        descricao,
    }))
}

/// What the body repeats of an order and may not change.
struct Fixos {
    senha: Option<Option<i64>>,
    datahora_recebido: Option<Option<DataHora>>,
    datahora_preparacao: Option<Option<DataHora>>,
    datahora_pronto: Option<Option<DataHora>>,
    datahora_finalizado: Option<Option<DataHora>>,
    status_pagamento: Option<StatusPagamento>,
    meio_pagamento: Option<Option<Meio>>,
    id_pagamento: Option<Option<String>>,
    valor_total: Option<Dinheiro>,
}

impl Fixos {
    fn conferir(&self, pedido: &Pedido) -> Result<(), Error> {
        let mut erros = Erros::default();
        let mut fixo = |nome, igual: bool| {
            if !igual {
                erros.nota(nome, "não pode ser alterado");
            }
        };
        fixo("senha", self.senha.is_none_or(|s| s == pedido.senha));
        fixo("datahora_recebido", self.datahora_recebido.is_none_or(|d| d == Some(pedido.datahora_recebido)));
        fixo("datahora_preparacao", self.datahora_preparacao.is_none_or(|d| d == pedido.datahora_preparacao));
        fixo("datahora_pronto", self.datahora_pronto.is_none_or(|d| d == pedido.datahora_pronto));
        fixo("datahora_finalizado", self.datahora_finalizado.is_none_or(|d| d == pedido.datahora_finalizado));
        fixo("status_pagamento", self.status_pagamento.is_none_or(|s| s == pedido.status_pagamento));
        fixo("meio_pagamento", self.meio_pagamento.is_none_or(|m| m == pedido.meio_pagamento));
        fixo("id_pagamento", self.id_pagamento.as_ref().is_none_or(|i| *i == pedido.id_pagamento));
        fixo("valor_total", self.valor_total.is_none_or(|v| v == pedido.valor_total));
        erros.ou(Some(()))
    }
}
