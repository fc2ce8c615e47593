//! `/entrar`: the way in for the staff, and out again (`/sair`). On an enrolled terminal people choose themselves and type the
//! PIN; elsewhere managers type number and password. A device becomes a terminal here, by its code.
//!
//! - It is the login of `/sessoes` and the enrolment of `/terminais/inscricao`, with forms: their proofs, limits of tries,
//!   cookies and checks of the page that sends them.
//! - Where somebody is led to afterwards is one of our own pages, by its whole path (no open redirect).

use askama::Template;

use super::{
    files,
    layout::{Layout, page, profile, see_other, wait_of, with_wait_of},
};
use crate::{
    access::{Caller, Person, Terminal},
    api::{
        App,
        call::Call,
        credentials::{self, Cookie},
        endpoint::{
            Access::{self, Prova},
            Endpoint, Resource,
        },
        fields::read_form,
        openapi::{query, string},
        operation::Operation,
        problem,
        routes::{note_refusal, page_at},
        sessoes::{self, Entrada},
        terminais::{self, Inscricao},
    },
    domain::papel::Papel,
    error::{Denied, Error},
    server::Response,
};

const PARA: &str = "para";

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::of_pages()
        .get(
            "/entrar",
            Prova,
            |app, call| show(app, call, 200, None),
            |operation| {
                let about =
                    "The way in: people and PIN on an enrolled terminal, number and password elsewhere.";
                leads_on(operation.about(about).html())
            },
        )
        .post("/entrar", Prova, enter, |operation| {
            leads_on(refuses(operation.about("Begins a session, by the form of the page.").form::<Entrada>()))
        })
        .post("/entrar/terminal", Prova, enrol, |operation| {
            let about = "Makes the device a terminal of the restaurant, by the code of it.";
            leads_on(refuses(operation.about(about).form::<Inscricao>()))
        })
        .post("/sair", Prova, leave, |operation| {
            operation
                .about("Ends the session.")
                .see_other("To the way in")
                .page_of(403, "Another page sends it")
        })
}

fn leads_on(operation: Operation) -> Operation {
    operation.parameter(query(PARA, string(), "The page to go on to")).page_of(503, "Cannot be done now")
}

fn refuses(operation: Operation) -> Operation {
    operation
        .see_other("To that page")
        .page_of(401, "It proves nothing")
        .page_of(403, "The device is not enrolled, or a page of another origin sends it")
        .page_of(422, "Something is missing")
        .page_of(429, "Too many were wrong; the next is compared after `Retry-After` seconds")
}

/// 303 to where a caller who may not see this page can enter.
pub fn way_in(path: &str) -> Response {
    see_other(&format!("/entrar?{PARA}={path}"))
}

#[derive(Template)]
#[template(path = "enter.html")]
struct Enter {
    layout: Layout,
    /// The page to go on to; empty where it is not known.
    para: &'static str,
    /// Who has entered already, behind whether that is enough for the page.
    entered: Option<(bool, Person)>,
    /// On an enrolled terminal.
    tiles: Option<Tiles>,
    /// Nobody can enter yet.
    no_manager: bool,
    message: Option<String>,
}

/// What an enrolled terminal shows.
struct Tiles {
    /// Who works here.
    people: Vec<Person>,
    /// It is the kitchen's, whose board asks for nobody.
    needs_nobody: bool,
}

impl Enter {
    /// Where a form of the page is sent, which has to know where to go on to.
    fn action(&self, path: &str) -> String {
        if self.para.is_empty() { path.to_owned() } else { format!("{path}?{PARA}={}", self.para) }
    }
}

/// Where the role begins its work.
fn home_of(papel: Papel) -> &'static str {
    match papel {
        Papel::Gerente => "/gerencia",
        Papel::Balcao => "/caixa",
        _ => "/cozinha",
    }
}

/// The page that the caller wants.
fn wanted(call: &Call<'_>) -> Option<&'static Endpoint> {
    call.parameter(PARA).and_then(|path| page_at(&path)).filter(|page| page.path != "/entrar")
}

fn show(app: &App, call: &Call<'_>, status: u16, message: Option<String>) -> Result<Response, Error> {
    let para = wanted(call);
    let is_enough = |person: &Person| para.is_none_or(|page| Caller::from(person).may(page.access));
    let entered = sessoes::person(app, call)?.map(|person| (is_enough(&person), person));
    let tiles = match credentials::terminal(app, call)? {
        Some(Terminal { id, papel }) => {
            let needs_nobody = Caller::Terminal { id, papel }.may(Access::Cozinha);
            Some(Tiles { people: app.doors.people_here()?, needs_nobody })
        }
        None => None,
    };
    let shown = Enter {
        layout: Layout::of(app, &profile(app)?)?,
        para: para.map_or("", |page| page.path),
        entered,
        tiles,
        no_manager: !app.doors.have_a_manager()?,
        message,
    };
    page(status, &shown)
}

fn enter(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    match sessoes::log_in(app, call, read_form) {
        Ok(begun) => {
            let to = wanted(call).map_or_else(|| home_of(begun.person.papel), |page| page.path);
            Ok(Cookie::Session.give(see_other(to), call, begun.token.reveal()))
        }
        Err(error) => again(app, call, error),
    }
}

fn enrol(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    match terminais::enrol_device(app, call, read_form) {
        Ok((_, token)) => {
            let to = wanted(call)
                .map_or_else(|| "/entrar".to_owned(), |page| format!("/entrar?{PARA}={}", page.path));
            Ok(Cookie::Terminal.give(see_other(&to), call, token.reveal()))
        }
        Err(error) => again(app, call, error),
    }
}

/// The page once more, with what was wrong.
fn again(app: &App, call: &Call<'_>, error: Error) -> Result<Response, Error> {
    let is_of_form = matches!(&error, Error::Invalid(_) | Error::TooMany { .. } | Error::Denied(_));
    if !is_of_form || matches!(error, Error::Denied(Denied::CrossSite)) {
        return Err(error);
    }
    if let Error::Denied(why) = error {
        note_refusal(app, call, why);
    }
    let refused = problem::of_error(error, &call.id);
    let mut message = problem::detail(&refused);
    if let Some(seconds) = wait_of(&refused) {
        message += &format!(" (daqui a {seconds} s)");
    }
    Ok(with_wait_of(&refused, show(app, call, refused.status(), Some(message))?))
}

fn leave(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    sessoes::log_out(app, call)?;
    Ok(Cookie::Session.take(see_other("/entrar"), call))
}
