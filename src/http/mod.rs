//! HTTP: bytes to requests, requests to calls, results to answers.

mod budget;
mod buffer;
mod campo;
mod chunked;
mod clientes;
mod connection;
mod conversion;
mod docs;
mod forwarded;
mod health;
mod origins;
mod pagamentos;
mod pedidos;
mod peer;
mod produtos;
mod qrcode;
mod rate_limit;
mod reply;
mod request;
mod response;
mod routes;
mod server;
mod shared;

use std::{sync::Arc, time::Instant};

pub use self::{
    docs::openapi,
    forwarded::Proxies,
    health::{Health, PROBE},
    origins::{Hosts, Origins},
    rate_limit::RateLimit,
    reply::Reply,
    request::{HEADERS_MAX, Request},
    response::Response,
    routes::table,
    server::{Handler, Limits, Server, Stopper},
    shared::Shared,
};
use crate::{
    error::Error,
    metrics::{METRICS, Route},
    payments::Provider,
    store::{
        Store,
        pagina::{Cursor, Pagina},
    },
    use_cases::{capacity::Capacity, checkout::Lote, conciliacao::Sino},
};

/// All that a handler may touch.
pub struct App {
    pub store: Arc<Store>,
    pub shared: Arc<Shared>,
    pub checkouts: Arc<Lote>,
    /// Of unpaid orders.
    pub capacity: Arc<Capacity>,
    /// Of each client's checkouts, and of its notifications.
    pub checkout_rate: RateLimit,
    pub webhook_rate: RateLimit,
    pub provider: Arc<dyn Provider>,
    /// Wakes those who look into notifications.
    pub sino: Arc<Sino>,
    pub origins: Origins,
    pub hosts: Hosts,
    pub health: Arc<Health>,
}

/// What one port answers.
pub struct Site {
    app: Arc<App>,
    probes: bool,
    rest: bool,
}

impl Site {
    /// Everything.
    pub fn whole(app: Arc<App>) -> Site {
        Site { app, probes: true, rest: true }
    }

    /// What customers and staff use.
    pub fn public(app: Arc<App>) -> Site {
        Site { app, probes: false, rest: true }
    }

    /// The probes and figures.
    pub fn operation(app: Arc<App>) -> Site {
        Site { app, probes: true, rest: false }
    }

    fn has(&self, request: &Request<'_>) -> bool {
        if is_probe(request) { self.probes } else { self.rest }
    }
}

impl Handler for Site {
    fn handle(&self, request: &Request<'_>, reply: Reply) {
        if self.has(request) {
            routes::dispatch(&self.app, request, reply);
        } else {
            routes::refuse(request, reply);
        }
    }

    fn header_set(&self, request: &Request<'_>) -> usize {
        self.app.origins.header_set(request)
    }

    fn common_headers(&self, set: usize) -> &[u8] {
        self.app.origins.headers(set)
    }

    fn exempt(&self, request: &Request<'_>) -> bool {
        is_probe(request)
    }
}

fn is_probe(request: &Request<'_>) -> bool {
    matches!(&request.segments[..], [only] if ["livez", "readyz", "metrics"].contains(&only.as_ref()))
}

/// The answer of a route.
pub struct Owed {
    route: Route,
    reply: Reply,
    start: Instant,
}

impl Owed {
    fn to(reply: Reply, route: Route) -> Owed {
        Owed { route, reply, start: Instant::now() }
    }

    /// On the thread of the request: waits for its client.
    fn give(self, result: Result<Response, Error>) {
        let response = self.count(result);
        self.reply.send(response);
    }

    /// On any thread: waits for nobody.
    fn give_at_once(self, result: Result<Response, Error>) {
        let response = self.count(result);
        self.reply.send_at_once(response);
    }

    /// What becomes of the first page of a list, once it is known.
    fn page_of<const N: usize>(
        self,
        request: &Request<'_>,
    ) -> impl FnOnce(Result<Arc<response::Page<N>>, Error>) + Send + 'static + use<N> {
        let path = request.raw_path.to_owned();
        move |page| self.give_at_once(page.map(|page| response::page_at(&path, None, &page)))
    }

    fn count(&self, result: Result<Response, Error>) -> Response {
        let response = result.unwrap_or_else(|e| response::error(e, self.reply.id()));
        METRICS.request(self.route, response.status_code().0, self.start.elapsed());
        response
    }
}

const LIMITE_PADRAO: usize = 100;
const LIMITE_MAXIMO: usize = 500;

/// The parameters of every list, as the document describes them and `pagina` reads them.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code)]
struct Paginacao {
    /// Rows at most. Without it 100; of a list of open orders, all.
    #[param(minimum = 1, maximum = 500)]
    limite: Option<u16>,
    /// Cursor from the `Link` header of the page before.
    apos: Option<String>,
}

/// The page that the query asks for; without `limite` it has `padrao` rows.
fn pagina<const N: usize>(request: &Request<'_>, padrao: usize) -> Result<Pagina<N>, Error> {
    let limite = match request.parameter("limite") {
        None => padrao,
        Some(texto) => match texto.parse() {
            Ok(n @ 1..=LIMITE_MAXIMO) => n,
            _ => return Err(Error::invalid("limite", format!("deve ser um número de 1 a {LIMITE_MAXIMO}"))),
        },
    };
    let apos = request.parameter("apos").map(|texto| texto.parse::<Cursor<N>>());
    Ok(Pagina { limite, apos: apos.transpose().map_err(|e| Error::invalid("apos", e))? })
}
