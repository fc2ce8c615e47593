//! `/caixa`, for the cashier: an order for who stands there, money with its change, handing over by the number, cancelling and
//! giving back, and what needs a person. What is shown is `counter`.
//!
//! - Each form carries the version of the order that was seen; the form of a new order its idempotency key, so that two taps
//!   make one order.
//! - What only a manager may do, a manager lets through on the spot: by name and PIN in the same form (`X-Aprovador`).
//! - Where something is refused the page comes again, with what was typed of a new order, and says what to do.

use super::{
    choice::Choice,
    counter::{Message, Shown, show},
    hand_over,
    layout::see_other,
};
use crate::{
    access::Caller,
    acts::TakePayment,
    api::{
        App,
        call::Call,
        credentials,
        endpoint::{
            Access::{Balcao, Gerente},
            Resource,
        },
        fields::{Errors, Id, MeioNoBalcao, Motivo, PinEnviado, Quantia, body, read_form, read_json},
        openapi::{query, string},
        operation::Operation,
        pagamentos::{self, Asked},
        pedidos::checkout,
        problem,
        routes::note_refusal,
        sessoes,
    },
    domain::{dinheiro::Dinheiro, pedido::Meio},
    error::{Denied, Error},
    server::Response,
    store::pedidos,
};

const HOME: &str = "/caixa";

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::of_pages()
        .get("/caixa", Balcao, look, |operation| {
            operation
                .about("The counter.")
                .parameter(query("pedido", string(), "The order that is dealt with"))
                .html()
        })
        .post("/caixa", Balcao, sell, |operation| {
            let about = "Makes an order of the form of the page: `q3` is how many of product 3, `o3` its note, `chave` the \
                         `Idempotency-Key`.";
            refuses(operation.about(about).refuses_form().page_of(429, "Too many orders came from here"))
        })
        .post("/caixa/entrega", Balcao, hand_over::hand_over, |operation| {
            let about = "Hands an order over: by its number if it is ready and paid, or as it was seen.";
            refuses(operation.about(about).form::<hand_over::Entrega>())
        })
        .post("/caixa/pagamento", Balcao, take_money, |operation| {
            refuses(operation.about("Takes money for an order, and tells the change.").form::<Pagamento>())
        })
        .post("/caixa/cancelamento", Balcao, cancel, |operation| {
            refuses(operation.about("Cancels an order; a paid one with a manager.").form::<Cancelado>())
        })
        .post("/caixa/reembolso", Balcao, refund, |operation| {
            refuses(operation.about("Gives back what was paid by QR code, with a manager.").form::<Devolvido>())
        })
        .post("/caixa/pendencia", Balcao, settle, |operation| {
            refuses(operation.about("Somebody saw to a matter, with a manager.").form::<Resolvida>())
        })
}

fn refuses(operation: Operation) -> Operation {
    operation
        .see_other("To the page, with the order")
        .page_of(401, "It is not the manager's PIN")
        .page_of(403, "A manager is needed")
        .page_of(404, "There is no such order or product")
        .page_of(409, "It cannot be done, and the page says why")
        .page_of(412, "The order has changed meanwhile")
}

body! {
    /// Money that is taken.
    Pagamento {
        #[schema(required)]
        id: Id,
        #[schema(required)]
        versao: Id,
        #[schema(required)]
        meio: MeioNoBalcao,
        /// What the customer gave.
        recebido: Quantia,
    }
}

body! {
    /// An order that is called off.
    Cancelado {
        #[schema(required)]
        id: Id,
        #[schema(required)]
        versao: Id,
        #[schema(required)]
        motivo: Motivo,
        /// Who lets it through.
        gerente: Id,
        pin: PinEnviado,
    }
}

body! {
    /// Money that goes back.
    Devolvido {
        #[schema(required)]
        id: Id,
        #[schema(required)]
        versao: Id,
        #[schema(required)]
        valor: Quantia,
        #[schema(required)]
        motivo: Motivo,
        /// Who lets it through.
        gerente: Id,
        pin: PinEnviado,
    }
}

body! {
    /// A matter that somebody saw to.
    Resolvida {
        #[schema(required)]
        id: Id,
    }
}

fn look(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let number_in = |name| call.parameter(name).and_then(|text| text.parse().ok());
    let given = call.parameter("recebido").and_then(|text| text.parse().ok());
    show(app, call, Shown { pedido: number_in("pedido"), given, ..Shown::default() })
}

/// To the page with this order.
pub(super) fn dealt(id: i64) -> Response {
    see_other(&format!("{HOME}?pedido={id}"))
}

/// The page once more, with what is wrong.
pub(super) fn again(app: &App, call: &Call<'_>, error: Error, shown: Shown) -> Result<Response, Error> {
    let told = match &error {
        Error::PreconditionFailed(pedido) => Some(format!(
            "A senha {} mudou em outra tela, e aqui está como ela ficou. Confira e repita.",
            pedido.called_number()
        )),
        Error::Denied(Denied::CrossSite | Denied::SessionOver) => return Err(error),
        Error::Denied(why) => {
            note_refusal(app, call, *why);
            None
        }
        Error::Invalid(_) | Error::NotFound(_) | Error::Conflict { .. } => None,
        Error::TooMany { .. } | Error::Full | Error::SoldOut(_) => None,
        _ => return Err(error),
    };
    let refused = problem::of_error(error, &call.id);
    let text = told.unwrap_or_else(|| format!("{}.", problem::detail(&refused)));
    let message = Some(Message { text, is_error: true });
    show(app, call, Shown { status: refused.status(), message, ..shown })
}

fn sell(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let mut choice = Choice::sent(call);
    let placed = checkout::admit(app, call)
        .and_then(|_| checkout::place(app, call, read_json(&choice.body())?, Some(&choice.key)));
    match placed {
        Ok(answer) => Ok(dealt(answer.pedido)),
        Err(error) => {
            // The key belongs to what was sent at first: another choice is another order.
            if matches!(&error, Error::Invalid(faults) if faults.iter().any(|f| f.campo == "Idempotency-Key"))
            {
                choice.renew_key();
            }
            again(app, call, error, Shown { choice: Some(choice), ..Shown::default() })
        }
    }
}

fn take_money(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: Pagamento = read_form(call)?;
    let mut errors = Errors::default();
    let seen = errors.required("id", body.id).zip(errors.required("versao", body.versao));
    let meio = errors.required("meio", body.meio).map(|meio| meio.0);
    let given = errors.optional("recebido", body.recebido).map(|given| given.0);
    let id = seen.as_ref().map(|(Id(id), _)| *id);
    let pay = || {
        let ((Id(id), Id(versao)), meio) = errors.or(seen.zip(meio))?;
        let given = given.filter(|_| meio == Meio::Dinheiro);
        let owed = app.store.read(|conn| pedidos::find(conn, id))?.valor_total;
        if let Some(given) = given.filter(|given| *given < owed) {
            let message = format!("Faltam {} para o total", owed.menos(given).em_reais());
            return Err(Error::invalid("recebido", message));
        }
        let by = sessoes::person(app, call)?.map_or_else(|| "balcão".to_owned(), |person| person.nome);
        // Money that two tills take for one order: the second is told, and gives it back.
        let seen = Some(vec![versao]);
        let payment = TakePayment { meio, responsavel: by, seen, repeatable: false };
        pagamentos::take_money(app, id, call.caller(app)?, payment)?;
        Ok((id, given))
    };
    match pay() {
        Ok((id, Some(given))) => Ok(see_other(&format!("{HOME}?pedido={id}&recebido={given}"))),
        Ok((id, None)) => Ok(dealt(id)),
        Err(error) => again(app, call, error, Shown { pedido: id, ..Shown::default() }),
    }
}

fn asked(caller: Caller, id: i64, versao: i64) -> Asked {
    Asked { id, caller, seen: Some(vec![versao]) }
}

/// Who asks: the caller, or with a manager in the form the caller who is let through.
fn with_manager(
    app: &App,
    call: &Call<'_>,
    gerente: Option<Id>,
    pin: Option<PinEnviado>,
) -> Result<Caller, Error> {
    match gerente.zip(pin) {
        Some((Id(manager), PinEnviado(pin))) => credentials::approved(app, call, manager, &pin),
        None => call.caller(app),
    }
}

fn cancel(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: Cancelado = read_form(call)?;
    let mut errors = Errors::default();
    let seen = errors.required("id", body.id).zip(errors.required("versao", body.versao));
    let motivo = errors.required("motivo", body.motivo);
    let (gerente, pin) = (errors.optional("gerente", body.gerente), errors.optional("pin", body.pin));
    let id = seen.as_ref().map(|(Id(id), _)| *id);
    let call_off = || {
        let ((Id(id), Id(versao)), Motivo(motivo)) = errors.or(seen.zip(motivo))?;
        let caller = with_manager(app, call, gerente, pin)?;
        pagamentos::call_off(app, asked(caller, id, versao), Some(motivo))
    };
    match call_off() {
        Ok(pedido) => Ok(dealt(pedido.id)),
        Err(error) => again(app, call, error, Shown { pedido: id, ..Shown::default() }),
    }
}

fn refund(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: Devolvido = read_form(call)?;
    let mut errors = Errors::default();
    let seen = errors.required("id", body.id).zip(errors.required("versao", body.versao));
    let valor = errors.required("valor", body.valor).map(|valor| valor.0);
    let motivo = errors.required("motivo", body.motivo);
    let (gerente, pin) = (errors.optional("gerente", body.gerente), errors.optional("pin", body.pin));
    let id = seen.as_ref().map(|(Id(id), _)| *id);
    let give_back = || {
        let (((Id(id), Id(versao)), valor), Motivo(motivo)) = errors.or(seen.zip(valor).zip(motivo))?;
        if valor == Dinheiro::default() {
            return Err(Error::invalid("valor", "Diga quanto devolver"));
        }
        let caller = with_manager(app, call, gerente, pin)?;
        must_manage(caller)?;
        pagamentos::refund(app, asked(caller, id, versao), valor, motivo)
    };
    match give_back() {
        Ok(pedido) => Ok(dealt(pedido.id)),
        Err(error) => again(app, call, error, Shown { pedido: id, ..Shown::default() }),
    }
}

fn must_manage(caller: Caller) -> Result<(), Error> {
    if caller.may(Gerente) { Ok(()) } else { Err(Error::Denied(caller.lacks(Gerente))) }
}

fn settle(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: Resolvida = read_form(call)?;
    let mut errors = Errors::default();
    let id = errors.required("id", body.id);
    let settle = || {
        let Id(id) = errors.or(id)?;
        let caller = call.caller(app)?;
        must_manage(caller)?;
        pagamentos::settle_matter(app, id, caller)
    };
    match settle() {
        Ok(()) => Ok(see_other(HOME)),
        Err(error) => again(app, call, error, Shown::default()),
    }
}
