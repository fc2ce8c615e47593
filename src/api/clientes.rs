//! `/clientes`: the customers. Who looks at one by a key is noted in the trail, and nothing is shown before it is.
//!
//! Where doors are closed, an anonymous caller who registers is told the same whether the CPF is known or not: what was sent,
//! and no id. Else a CPF could be tried, and an id that is answered would be that of somebody else.
//!
//! Tested by `tests/api/clientes.rs`, `privacy.rs` and `personal_data.rs`.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App,
    call::Call,
    endpoint::{
        Access::{Balcao, Gerente, Todos},
        Resource,
    },
    fields::{EmailEnviado, Errors, Id, Ignorado, Logico, NomeCliente, TelefoneEnviado, body, read_body},
    json::json,
    openapi::{query, string},
    order_page,
    page::{self, LIMIT_DEFAULT, Page},
    routes::id,
};
use crate::{
    access::Caller,
    acts::erasure::{self, Cause},
    clock,
    domain::{
        auditoria::Tipo,
        cliente::{Alteracao, Cliente, Cpf, masked_cpf},
        pedido::PedidoView,
    },
    error::Error,
    server::Response,
    store::{
        auditoria::{self, New},
        clientes,
        lists::List,
    },
};

const KNOWN: &str = "CPF or e-mail is known already";

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Clientes")
        .get("/clientes", Balcao, list, |operation| {
            let cpf = "Only the customer with this CPF, whole, for the counter; a list of one or none";
            operation
                .about("The customers, for the manager. Where doors are closed each CPF is masked: `***.982.247-**`.")
                .page::<Cliente>()
                .parameter(query("cpf", string(), cpf))
        })
        .post("/clientes", Todos, create, |operation| {
            operation
                .about(
                    "A new customer. A `hashed_password` is accepted and dropped. Where doors are closed, who sends no key is \
                     told what was sent and no `id`, also when CPF or e-mail is known.",
                )
                .body::<NovoCliente>()
                .ok::<Cadastro>()
                .problem(429, "More than `CHECKOUTS_PER_MINUTE` from this address, checkouts included")
                .problem(401, "A key was sent that opens nothing")
                .problem(409, KNOWN)
                .problem(429, "Too many keys that open nothing came from this address")
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

/// The answer to a registration: as a `Cliente`.
#[derive(Serialize, ToSchema)]
struct Cadastro {
    /// Null where doors are closed and no key was sent.
    #[schema(minimum = 1, example = 4)]
    id: Option<i64>,
    /// Digits only.
    #[schema(example = "52998224725")]
    cpf: Option<String>,
    #[schema(example = "Maria das Dores")]
    nome: Option<String>,
    /// Kept for the original's clients; always null.
    #[schema(example = json!(null))]
    username: Option<String>,
    #[schema(example = "maria@exemplo.com.br")]
    email: Option<String>,
    #[schema(example = "11 91234-5678")]
    telefone: Option<String>,
    ativo: bool,
}

fn list(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    if let Some(cpf) = request.parameter("cpf") {
        return find_by_cpf(app, request, &cpf);
    }
    request.check(app, Gerente)?;
    let page = page::requested(request, LIMIT_DEFAULT)?;
    let (mut rows, next) = app.store.read(|conn| clientes::list(conn, &page))?;
    if request.caller(app)? != Caller::Open {
        rows.iter_mut().for_each(|cliente| cliente.cpf = cliente.cpf.as_deref().map(masked_cpf));
    }
    Ok(Page::new(&rows, next)?.response(request))
}

fn find_by_cpf(app: &App, request: &Call<'_>, cpf: &str) -> Result<Response, Error> {
    let cpf: Cpf = cpf.parse().map_err(|e| Error::invalid("cpf", e))?;
    let found = app.store.read(|conn| clientes::find_by_cpf(conn, &cpf))?;
    if let Some(cliente) = &found {
        note_look(app, request, cliente.id, Some("procurado pelo CPF"))?;
    }
    json(&found.as_slice())
}

/// Notes who looks at a customer, if it is known who that is. Without that a read writes nothing.
fn note_look(app: &App, call: &Call<'_>, cliente: i64, detalhe: Option<&str>) -> Result<(), Error> {
    let caller = call.caller(app)?;
    if matches!(caller, Caller::Open | Caller::Nobody) {
        return Ok(());
    }
    let new = New::of_cliente(Tipo::ClienteVisto, caller.name(), cliente, detalhe);
    app.store.write(|conn| auditoria::append(conn, &new, clock::now()))
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
    if request.visitor(app)? == Caller::Nobody {
        app.checkout_rate.admit(request.client)?;
        return register_anonymously(app, novo);
    }
    let cliente = app.store.write(|conn| {
        let id = clientes::insert(conn, &novo, clock::now())?;
        clientes::find(conn, id)
    })?;
    json(&cliente)
}

/// Whether the customer is new or not, the database writes about as much, and the answer is the same.
fn register_anonymously(app: &App, novo: Alteracao) -> Result<Response, Error> {
    let registered = app.store.write(|conn| {
        let now = clock::now();
        if clientes::is_known(conn, &novo)? {
            return clientes::insert_nobody(conn, now);
        }
        clientes::insert(conn, &novo, now).map(drop)
    });
    match registered {
        // Somebody was faster.
        Ok(()) | Err(Error::Conflict { .. }) => {}
        Err(other) => return Err(other),
    }
    let text = |text: &str| text.to_owned();
    json(&Cadastro {
        id: None,
        cpf: novo.cpf.as_ref().map(|c| text(c.as_str())),
        nome: novo.nome,
        username: None,
        email: novo.email.flatten().map(|e| text(e.as_str())),
        telefone: novo.telefone.flatten().map(|t| text(t.as_str())),
        ativo: true,
    })
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
    let cliente = app.store.read(|conn| clientes::find(conn, id))?;
    note_look(app, request, id, None)?;
    json(&cliente)
}

fn erase(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let caller = request.caller(app)?;
    let cause = Cause { actor: caller.actor(), name: caller.name(), detalhe: None };
    erasure::erase(&app.store, id(request)?, &cause)?;
    json(&true)
}

fn orders(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let (id, page) = (id(request)?, page::requested(request, LIMIT_DEFAULT)?);
    let read = app.store.read(|conn| {
        clientes::find(conn, id)?;
        order_page::read(conn, List::Cliente(id), &page, app.shared.own_page)
    })?;
    note_look(app, request, id, Some("pedidos"))?;
    Ok(read.page.response(request))
}
