//! An endpoint is declared once, in the file of its resource: method, path, access, handler and
//! description. The routes, the `Allow` headers and the OpenAPI document follow from it.
//!
//! ```ignore
//! Resource::new("Clientes").get("/clientes/{id}", Gerente, find, |operation| {
//!     operation.about("One customer.").ok::<Cliente>().problem(404, "")
//! })
//! ```
//!
//! Tested by `tests/api/openapi.rs` (document and answers agree) and `tests/tidy.rs` (README shows every
//! path).

use tiny_http::Method;

use super::{
    App, answer::Answer, call::Call, credentials::refuse_other_pages, operation::Operation, screens,
};
pub use crate::access::Access;
use crate::{error::Error, metrics::Route};

/// A handler as a resource declares it.
type HandlerFn<A> = fn(&App, &Call<'_>) -> Result<A, Error>;

type Handler = Box<dyn Fn(&App, &Call<'_>) -> Result<Answer, Error> + Send + Sync>;

/// Adds to the description of an operation. It is called when the document is made.
type Describe = fn(Operation) -> Operation;

/// A method on a path.
pub struct Endpoint {
    /// GET also answers HEAD.
    pub method: Method,
    /// Literal segments, and at most one `{id}`, which is the second.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The group of the document that it is shown in.
    pub tag: &'static str,
    /// Whether it is for people before a browser, who are shown pages also where something is refused.
    pub is_page: bool,
    handler: Handler,
    describe: Describe,
}

impl Endpoint {
    /// Runs the handler, if the caller may call it.
    pub fn call(&self, app: &App, call: &Call<'_>) -> Result<Answer, Error> {
        call.check(app, self.access)?;
        if self.is_page {
            // A form, also where doors are open and no cookie is needed.
            refuse_other_pages(call)?;
        }
        (self.handler)(app, call)
    }

    /// What is answered where `call` failed: people before a browser are shown a page.
    pub fn instead(&self, app: &App, call: &Call<'_>, error: Error) -> Result<Answer, Error> {
        match self.is_page {
            true => screens::instead(app, call, self.path, error).map(Answer::from),
            false => Err(error),
        }
    }

    /// As figures and the trail name it.
    pub fn route(&'static self) -> Route {
        Route { method: self.method.as_str(), route: self.path }
    }

    /// Its description for the document.
    pub fn operation(&self) -> Operation {
        (self.describe)(Operation::new(self))
    }
}

/// The endpoints of one kind of thing.
pub struct Resource {
    tag: &'static str,
    is_page: bool,
    endpoints: Vec<Endpoint>,
}

impl Resource {
    /// A resource without endpoints, which the document shows under this heading.
    pub fn new(tag: &'static str) -> Resource {
        Resource { tag, is_page: false, endpoints: Vec::new() }
    }

    /// Pages: see `Endpoint::is_page`.
    pub fn of_pages() -> Resource {
        Resource { is_page: true, ..Resource::new("Páginas") }
    }

    /// Adds a GET; `handler` gives a `Response`, a `Deferred`, or an `Answer` where it may be either.
    pub fn get<A: Into<Answer> + 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: HandlerFn<A>,
        describe: Describe,
    ) -> Resource {
        self.add(Method::Get, path, access, handler, describe)
    }

    /// Adds a POST.
    pub fn post<A: Into<Answer> + 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: HandlerFn<A>,
        describe: Describe,
    ) -> Resource {
        self.add(Method::Post, path, access, handler, describe)
    }

    /// Adds a PUT.
    pub fn put<A: Into<Answer> + 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: HandlerFn<A>,
        describe: Describe,
    ) -> Resource {
        self.add(Method::Put, path, access, handler, describe)
    }

    /// Adds a DELETE.
    pub fn delete<A: Into<Answer> + 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: HandlerFn<A>,
        describe: Describe,
    ) -> Resource {
        self.add(Method::Delete, path, access, handler, describe)
    }

    fn add<A: Into<Answer> + 'static>(
        mut self,
        method: Method,
        path: &'static str,
        access: Access,
        handler: HandlerFn<A>,
        describe: Describe,
    ) -> Resource {
        let handler: Handler = Box::new(move |app, request| handler(app, request).map(Into::into));
        let Resource { tag, is_page, .. } = self;
        self.endpoints.push(Endpoint { method, path, access, tag, is_page, handler, describe });
        self
    }

    /// What was declared, in that order.
    pub fn endpoints(self) -> Vec<Endpoint> {
        self.endpoints
    }
}
