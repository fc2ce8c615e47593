//! `/gerencia`: where who runs the restaurant begins: the first steps, and whether everything is all right. With an invitation
//! (`access`) a person becomes a manager here. Tested by `tests/api/invitations.rs`, `tests/browser` and `tests/screens`.
//!
//! - The first manager gives name and city of the restaurant along: in one transaction, which closes the doors.
//! - The token of the link stands behind `#`, which browsers send to nobody; a script moves it into the form, and out of the
//!   address. Without scripts it is pasted there.

use askama::Template;

use super::{
    codes, files,
    inputs::{Form, Input, NEW_PASSWORD, NEW_PIN},
    layout::{Layout, page, profile, see_other},
    well_being::{self, Check},
};
use crate::{
    access::{Entrance, Invited, Person},
    api::{
        App,
        call::Call,
        credentials::Cookie,
        endpoint::{Access::Prova, Resource},
        fields::{
            CidadeEnviada, ConviteEnviado, Errors, NomeFuncionario, NomeRestaurante, PinNovo, SenhaEnviada,
            body, read_form,
        },
        openapi::string,
        restaurante, sessoes,
    },
    domain::{papel::Papel, restaurante::Alteracao},
    error::{Error, FieldError},
    server::Response,
};

const HOME: &str = "/gerencia";

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::of_pages()
        .get(HOME, Prova, look, |operation| {
            operation
                .about("The page with which a manager begins.")
                .html()
        })
        .post(HOME, Prova, accept, |operation| {
            operation
                .about(
                    "Uses up an invitation, the link of `ambrosia gerente NOME` or of the log: its person is a manager from \
                     now on, with a session, and doors close. Sent by the form of the page.",
                )
                .form::<Convidado>()
                .see_other("To the page")
                .response_header(303, "Set-Cookie", string(), "The token of the session")
                .page_of(422, "The invitation does not count, or something is wrong with a field: the page says what")
                .page_of(429, "Too many invitations came from this address")
                .page_of(503, "Cannot be done now; try again after `Retry-After` seconds")
        })
}

body! {
    Convidado {
        /// The token of the link, or the whole link.
        #[schema(required)]
        convite: ConviteEnviado,
        /// Without it the name that the invitation was made for.
        nome: NomeFuncionario,
        #[schema(required)]
        senha: SenhaEnviada,
        #[schema(required)]
        pin: PinNovo,
        /// What the restaurant is called, of the first manager; without it as before.
        restaurante: NomeRestaurante,
        /// Where it is, as `restaurante`.
        cidade: CidadeEnviada,
    }
}

#[derive(Template)]
#[template(path = "management.html")]
struct Management {
    layout: Layout,
    /// Who has entered.
    person: Option<Person>,
    /// There is a manager, or ever was.
    managed: bool,
    /// Everybody may do everything.
    open: bool,
    form: Form,
    /// For a manager who has entered.
    overview: Option<Overview>,
}

/// How the restaurant is, and what can be done.
struct Overview {
    checks: Vec<Check>,
    /// No device is the restaurant's yet: the first steps come first.
    is_new: bool,
    /// By which the page was opened.
    origin: String,
}

impl Overview {
    fn faults(&self) -> usize {
        self.checks.iter().filter(|check| !check.is_well).count()
    }
}

/// What a manager sees, also while the database is away.
fn overview(app: &App, call: &Call<'_>) -> Result<Overview, Error> {
    let origin = codes::origin(call)?;
    if app.health.fault().is_some() {
        return Ok(Overview { checks: well_being::without_database(app), is_new: false, origin });
    }
    let checks = well_being::checks(app, profile(app)?.minutos_vermelho);
    Ok(Overview { checks, is_new: app.doors.list_terminals()?.is_empty(), origin })
}

fn look(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    show(app, call, 200, &[])
}

fn show(app: &App, call: &Call<'_>, status: u16, errors: &[FieldError]) -> Result<Response, Error> {
    let managed = app.doors.have_a_manager()?;
    let mut inputs = vec![invitation()];
    if !managed {
        inputs.extend(house());
    }
    inputs.extend(person());
    let form = Form { inputs, ..Form::default() };
    let person = sessoes::person(app, call)?;
    let manages = person.as_ref().is_some_and(|person| person.papel == Papel::Gerente);
    let layout = match profile(app) {
        Err(_) if manages => Layout::nameless(),
        profile => Layout::of_staff(app, call, &profile?)?,
    };
    let shown = Management {
        layout,
        overview: if manages { Some(overview(app, call)?) } else { None },
        person,
        managed,
        open: app.doors.are_open()?,
        form: if errors.is_empty() { form } else { form.sent(&call.body, errors) },
    };
    page(status, &shown)
}

fn invitation() -> Input {
    Input {
        name: "convite",
        label: "Convite",
        hint: "O endereço que o comando ou o registro mostra, ou o código depois do sinal #.",
        attributes: &[
            ("autocomplete", "off"),
            ("autocapitalize", "off"),
            ("spellcheck", "false"),
            ("required", ""),
        ],
        ..Input::default()
    }
}

/// What the first manager says of the restaurant.
fn house() -> [Input; 2] {
    [
        Input {
            name: "restaurante",
            label: "Nome do restaurante",
            hint: "Como está na placa. É o que os clientes leem no cardápio.",
            attributes: &[("autocomplete", "organization"), ("maxlength", "120"), ("required", "")],
            ..Input::default()
        },
        Input {
            name: "cidade",
            label: "Cidade",
            attributes: &[("autocomplete", "address-level2"), ("maxlength", "80"), ("required", "")],
            ..Input::default()
        },
    ]
}

/// Who becomes a manager.
fn person() -> [Input; 3] {
    [
        Input {
            name: "nome",
            label: "Seu nome",
            hint: "Como os colegas dizem. Em branco vale o nome que está no convite.",
            attributes: &[("autocomplete", "name"), ("maxlength", "80")],
            ..Input::default()
        },
        Input {
            name: "senha",
            label: "Senha",
            hint: "Pelo menos 8 caracteres. Para entrar de qualquer computador.",
            attributes: NEW_PASSWORD,
            is_secret: true,
            ..Input::default()
        },
        Input {
            name: "pin",
            label: "PIN",
            hint: "De 4 a 8 algarismos, sem repetir um só nem em sequência. Para os terminais do restaurante.",
            attributes: NEW_PIN,
            is_secret: true,
            ..Input::default()
        },
    ]
}

fn accept(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    match try_to_accept(app, call) {
        Err(Error::Invalid(errors)) => show(app, call, 422, &errors),
        result => result,
    }
}

fn try_to_accept(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: Convidado = read_form(call)?;
    let mut errors = Errors::default();
    let token = errors.required("convite", body.convite);
    let nome = errors.optional("nome", body.nome).map(|nome| nome.0);
    let senha = errors.required("senha", body.senha);
    let pin = errors.required("pin", body.pin);
    let house = Alteracao {
        nome: errors.optional("restaurante", body.restaurante).map(|nome| nome.0),
        cidade: errors.optional("cidade", body.cidade).map(|cidade| cidade.0),
        ..Alteracao::default()
    };
    let required = token.zip(senha).zip(pin);
    let ((ConviteEnviado(token), SenhaEnviada(senha)), PinNovo(pin)) = errors.or(required)?;
    app.tries.enrolment.admit(call.client)?;
    let entrance = Entrance { terminal: None, client: call.client, replaces: Cookie::Session.of(call) };
    let invited = Invited { token: &token, nome, senha, pin, entrance };
    let begun = app.doors.accept(&invited, |conn, by| restaurante::write(conn, &house, by).map(drop))?;
    Ok(Cookie::Session.give(see_other(HOME), call, begun.token.reveal()))
}
