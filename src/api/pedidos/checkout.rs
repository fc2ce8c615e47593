//! `POST /pedidos/checkout`: its body, and its idempotency key.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Ref, RefOr, Schema, schema::ArrayBuilder},
};

use crate::{
    access::{Caller, digest},
    acts::{
        checkout,
        choice::{Choice, Line},
    },
    api::{
        App,
        call::Call,
        fields::{
            Errors, Fault, FromJson, Id, Ignorado, LocalEnviado, MesaEnviada, Observacao, Quantidade, body,
            read_body, read_list, read_object,
        },
        json::{etag, json_bytes},
        rate_limit::Subject,
    },
    domain::pedido::{Destino, LINHAS_MAX, PedidoView},
    error::Error,
    server::{Request, Response},
};

/// Characters of a key at most.
const KEY_MAX: usize = 255;
/// A key of so many characters cannot be guessed or hit upon by chance: it is the same key wherever it
/// comes from. A shorter one belongs to the address that it comes from.
pub const LONG_KEY: usize = 16;

body! {
    Checkout {
        /// Null or absent: the order is anonymous. Where doors are closed it takes a key, or somebody who has entered.
        id_cliente: Option<Id>,
        #[schema(required)]
        itens: Itens,
        local: Option<LocalEnviado>,
        mesa: Option<MesaEnviada>,
    }
}

body! {
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

/// The answer to a checkout: the order, and what its customer needs to see it again.
#[derive(ToSchema)]
#[schema(as = PedidoFeito)]
#[expect(dead_code, reason = "describes what `with_secret` makes")]
pub struct Placed<'a> {
    #[schema(inline)]
    #[serde(flatten)]
    pedido: PedidoView<'a>,
    /// The secret of this order: who has it sees the order, and may cancel it while it is not paid, where only the staff
    /// may see orders. Sent in `X-Acompanhamento`. Where doors are closed and no key was sent, a repetition under an
    /// `Idempotency-Key` of less than 16 characters does not tell it again.
    #[schema(example = "q83vASNFZ4mrze8BI0VniQ", required = false)]
    acompanhamento: String,
}

/// The lines of a checkout: each is sent, and described, as an `ItemCheckout`.
pub struct Itens(Vec<Line>);

impl FromJson for Itens {
    fn from_json(json: &str) -> Result<Self, Fault> {
        read_list(json, 1..=LINHAS_MAX, line).map(Itens)
    }
}

impl PartialSchema for Itens {
    fn schema() -> RefOr<Schema> {
        let item = Ref::from_schema_name(ItemCheckout::name());
        let list = ArrayBuilder::new().items(item).min_items(Some(1)).max_items(Some(LINHAS_MAX));
        list.description(Some("The same product may come twice.")).into()
    }
}

impl ToSchema for Itens {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ItemCheckout::name().into(), ItemCheckout::schema()));
        ItemCheckout::schemas(schemas);
    }
}

/// Takes an order.
pub fn checkout(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let caller = admit(app, request)?;
    let key = request.header("idempotency-key")?;
    let answer = place(app, request, read_body(request)?, key)?;
    let short = key.is_some_and(|key| key.len() < LONG_KEY);
    let body = if answer.replayed && short && caller == Caller::Nobody {
        // Another client behind the same address may use the same short key.
        answer.json
    } else {
        with_secret(answer.json, &app.doors.secrets()?.of(answer.pedido))
    };
    let response = json_bytes(body.into_bytes()).with("ETag", etag(answer.versao));
    Ok(if answer.replayed { response.with("Idempotency-Replayed", "true") } else { response })
}

/// Counts a checkout against the limit of its caller, whom it tells.
pub fn admit(app: &App, request: &Call<'_>) -> Result<Caller, Error> {
    let caller = request.visitor(app)?;
    app.checkout_rate.admit(subject(caller, request))?;
    Ok(caller)
}

/// Makes the order of a checkout that was admitted, once for this `Idempotency-Key`.
pub fn place(
    app: &App,
    request: &Call<'_>,
    body: Checkout,
    key: Option<&str>,
) -> Result<checkout::Answer, Error> {
    let caller = request.visitor(app)?;
    let mut errors = Errors::default();
    let cliente = errors.optional("id_cliente", body.id_cliente).flatten().map(|Id(id)| id);
    let lines = errors.required("itens", body.itens);
    let local = errors.optional("local", body.local).flatten().map(|LocalEnviado(local)| local);
    let mesa = errors.optional("mesa", body.mesa).flatten().and_then(|MesaEnviada(mesa)| mesa);
    let Itens(lines) = errors.or(lines)?;
    if caller == Caller::Nobody && cliente.is_some() {
        // Otherwise anybody could put orders on any customer's name, and enumerate the ids.
        return Err(Error::invalid(
            "id_cliente",
            "só com uma chave de acesso; sem ela o pedido vai sem cliente",
        ));
    }
    let key = key.map(|key| stored_key(key, request, caller)).transpose()?;
    let key = key.map(Cow::into_owned);
    let choice = Choice { cliente, lines, destino: Destino { local, mesa }, by_counter: caller.is_counter() };
    checkout::check_out(&app.commands, &app.payments, choice, key)
}

/// The order's JSON with its secret, which is in no other answer. It ends as every object does.
fn with_secret(mut json: String, secret: &str) -> String {
    json.pop();
    json + r#","acompanhamento":""# + secret + "\"}"
}

/// Whose limit counts: a totem's or terminal's own, and that of the address for all others.
fn subject(caller: Caller, request: &Request<'_>) -> Subject {
    match caller {
        Caller::Key { id, .. } => Subject::Key(id),
        Caller::Terminal { id, .. } | Caller::Person { terminal: Some(id), .. } => Subject::Terminal(id),
        Caller::Person { id, terminal: None, .. } => Subject::Person(id),
        Caller::Open | Caller::Nobody => request.client.into(),
    }
}

/// The key as it is stored. A space, which no key of a client has, keeps those of an address, and of a person with whoever
/// approves, apart from all others.
fn stored_key<'a>(key: &'a str, request: &Request<'_>, caller: Caller) -> Result<Cow<'a, str>, Error> {
    if !(1..=KEY_MAX).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_graphic()) {
        let detail = format!("Idempotency-Key deve ter de 1 a {KEY_MAX} caracteres ASCII sem espaços");
        return Err(Error::Malformed(detail));
    }
    Ok(match (caller, key.len()) {
        (Caller::Person { .. }, _) => of_person(caller, key).into(),
        (_, LONG_KEY..) => key.into(),
        _ => format!("{} {key}", subject(caller, request)).into(),
    })
}

/// Where name and key together are longer than what is stored, the key's hash stands for it.
fn of_person(caller: Caller, key: &str) -> String {
    let stored = format!("{} {key}", caller.name());
    if stored.len() <= KEY_MAX { stored } else { format!("{} {}", caller.name(), digest(key)) }
}

fn line(json: &str) -> Result<Line, Fault> {
    let item: ItemCheckout = read_object(json)?;
    let mut errors = Errors::default();
    let produto = errors.required("produto", item.produto);
    let quantidade = errors.required("quantidade", item.quantidade);
    let descricao =
        errors.optional("descricao", item.descricao).flatten().map(|d| d.0).filter(|d| !d.is_empty());
    let line = produto.zip(quantidade);
    errors.or_inside(line.map(|(Id(produto), Quantidade(quantidade))| Line {
        produto,
        quantidade,
        descricao,
    }))
}
