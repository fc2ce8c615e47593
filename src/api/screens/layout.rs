//! What every page has around its content: title, name and colours of the restaurant, warnings; and its headers. Where a page
//! cannot be shown, one that says why.

use std::io::Write;

use askama::Template;
use flate2::{Compression, write::GzEncoder};

use super::{files, place::Place};
use crate::{
    access::{Access, Caller},
    api::{App, asset::takes_gzip, call::Call, problem, sessoes},
    domain::restaurante::{Cor, Restaurante},
    error::Error,
    server::{Request, Response},
    store::perfil,
};

/// The media type of a page.
pub const HTML: &str = "text/html; charset=utf-8";

/// Nothing inline, nothing from elsewhere.
const POLICY: &str =
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// What the template `layout.html` shows.
pub struct Layout {
    /// The restaurant's name.
    pub nome: String,
    /// The address of the style sheet with its colours, where it has chosen some.
    pub colours: Option<String>,
    /// Everybody may do everything, since there is no manager.
    pub unlocked: bool,
    /// The way between the pages of the staff, on those.
    pub staff: Option<Staff>,
    /// What people have to know who pay: that nobody does, where payments are simulated.
    pub payments: Option<&'static str>,
}

/// The way between the pages of the staff.
pub struct Staff {
    /// Who has entered.
    pub person: Option<String>,
    /// Those that the caller may see: path, name, and whether it is this one.
    pub pages: Vec<Link>,
    /// The same of who runs the restaurant, on those.
    pub sections: Vec<Link>,
}

/// Path and name of a page, and whether it is this one.
type Link = (&'static str, &'static str, bool);

/// The pages of the staff, and who may see them.
const STAFF: [(&str, &str, Access); 7] = [
    ("/caixa", "Caixa", Access::Balcao),
    ("/cozinha", "Cozinha", Access::Cozinha),
    ("/painel", "Painel", Access::Todos),
    ("/gerencia/cardapio", "Cardápio", Access::Gerente),
    ("/vendas", "Vendas", Access::Gerente),
    ("/gerencia", "Gerência", Access::Gerente),
    ("/", "Começo", Access::Todos),
];

/// The pages of the manager, without those of the main navigation.
const MANAGEMENT: [(&str, &str, Access); 6] = [
    ("/gerencia", "Visão geral", Access::Gerente),
    ("/gerencia/restaurante", "Restaurante", Access::Gerente),
    ("/gerencia/pessoas", "Pessoas", Access::GerenteSempre),
    ("/gerencia/aparelhos", "Aparelhos", Access::GerenteSempre),
    ("/gerencia/chaves", "Chaves", Access::GerenteSempre),
    ("/gerencia/qr", "QR codes", Access::Gerente),
];

/// Those of these pages that the caller may see. This one is that of the form, where the answer to one is shown.
fn links(call: &Call<'_>, caller: Caller, pages: &[(&'static str, &'static str, Access)]) -> Vec<Link> {
    let asked = format!("/{}/", call.segments.join("/"));
    let is_of = |path: &&str| asked.starts_with(&format!("{path}/"));
    let here = pages.iter().map(|(path, ..)| *path).filter(is_of).max_by_key(|path| path.len());
    let seen = pages.iter().filter(|(_, _, access)| caller.may(*access));
    seen.map(|(path, name, _)| (*path, *name, here == Some(*path))).collect()
}

impl Layout {
    /// As `of`, for a page of the staff that the caller may see.
    pub fn of_staff(app: &App, call: &Call<'_>, profile: &Restaurante) -> Result<Layout, Error> {
        let caller = call.visitor(app)?;
        let pages = links(call, caller, &STAFF);
        let is_management = pages.contains(&("/gerencia", "Gerência", true));
        let sections = if is_management { links(call, caller, &MANAGEMENT) } else { Vec::new() };
        let person = sessoes::person(app, call)?.map(|person| person.nome);
        Ok(Layout { staff: Some(Staff { person, pages, sections }), ..Layout::of(app, profile)? })
    }

    /// Of this restaurant.
    pub fn of(app: &App, profile: &Restaurante) -> Result<Layout, Error> {
        let primary = profile.cor_primaria.as_deref().and_then(|stored| stored.parse::<Cor>().ok());
        Ok(Layout {
            colours: primary.map(|primary| files::colours(&primary)),
            nome: profile.nome.clone(),
            staff: None,
            unlocked: app.doors.are_open()? && !app.doors.have_a_manager()?,
            payments: app.payments.current().notice(),
        })
    }

    /// Where the database does not say what the restaurant is called.
    pub fn nameless() -> Layout {
        Layout { nome: "Ambrosia".into(), colours: None, unlocked: false, staff: None, payments: None }
    }

    /// As `of`, for this place: a totem, which strangers use, says nothing of the doors and leads to no other page.
    pub fn at(app: &App, profile: &Restaurante, place: Place) -> Result<Layout, Error> {
        let layout = Layout::of(app, profile)?;
        Ok(Layout { unlocked: layout.unlocked && !place.is_kiosk(), ..layout })
    }
}

/// What a page shows of the restaurant; read once for each.
pub fn profile(app: &App) -> Result<Restaurante, Error> {
    app.store.read(|conn| perfil::find(conn))
}

/// A page with this status, which nobody keeps: it may show what only this caller may see.
pub fn page(status: u16, template: &impl Template) -> Result<Response, Error> {
    let html = template.render().map_err(|e| Error::Internal(format!("template: {e}")))?;
    Ok(with_headers(Response::new(status, HTML, html)))
}

/// 303 to another page.
pub fn see_other(path: &str) -> Response {
    with_headers(Response::new(303, "text/plain; charset=utf-8", "")).with("Location", path.to_owned())
}

/// As `page`, compressed where the client takes that. Not for pages with secrets: their length would tell of them.
pub fn compressed_page(
    request: &Request<'_>,
    status: u16,
    template: &impl Template,
) -> Result<Response, Error> {
    let plain = page(status, template)?;
    if !takes_gzip(request)? {
        return Ok(plain.with("Vary", "Accept-Encoding"));
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    let written = gzip.write_all(plain.body()).and_then(|()| gzip.finish());
    let gzip = written.map_err(|e| Error::Internal(format!("gzip: {e}")))?;
    let compressed = Response::new(status, HTML, gzip).with("Content-Encoding", "gzip");
    Ok(with_headers(compressed).with("Vary", "Accept-Encoding"))
}

fn with_headers(response: Response) -> Response {
    // No path goes to anybody, since that of an order has its secret. With `no-referrer` browsers would send `Origin: null`
    // with a form, and no page could be told from another.
    response
        .with("Content-Security-Policy", POLICY)
        .with("Referrer-Policy", "strict-origin")
        .with("Cache-Control", "no-store")
}

#[derive(Template)]
#[template(path = "sorry.html")]
struct Sorry {
    layout: Layout,
    detail: String,
    again: bool,
    place: Place,
}

/// What a screen gives; where it fails, a page with status and words of that refusal.
pub fn shown(app: &App, call: &Call<'_>, result: Result<Response, Error>) -> Result<Response, Error> {
    let Err(error) = result else { return result };
    let refused = problem::of_error(error, &call.id);
    let place = Place::of(call);
    let layout = profile(app).and_then(|profile| Layout::at(app, &profile, place));
    let layout = layout.unwrap_or_else(|_| Layout::nameless());
    let again = refused.status() == 503;
    let sorry = Sorry { layout, detail: problem::detail(&refused), again, place };
    Ok(with_wait_of(&refused, page(refused.status(), &sorry)?))
}

/// The seconds of this refusal's `Retry-After`.
pub fn wait_of(refused: &Response) -> Option<&str> {
    refused.headers().find(|(name, _)| *name == "Retry-After").map(|(_, wait)| wait)
}

/// With the `Retry-After` of this refusal, if it has one.
pub fn with_wait_of(refused: &Response, response: Response) -> Response {
    match wait_of(refused) {
        Some(wait) => response.with("Retry-After", wait.to_owned()),
        None => response,
    }
}
