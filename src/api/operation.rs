//! The description of one operation, as its endpoint declares it: a builder over utoipa's, in the words of
//! this interface. The parameter `id`, and its 422, follow from the path; the errors that any request may
//! get from `openapi.rs`.

use std::collections::BTreeMap;

use tiny_http::StatusCode;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, Header, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
        content::Content,
        extensions::ExtensionsBuilder,
        path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        schema::{AnyOfBuilder, ArrayBuilder},
        security::SecurityRequirement,
    },
};

use super::{
    endpoint::{Access, Endpoint},
    json::JSON,
    openapi::{ANY_REQUEST, KEY, SECRET, SESSION, TERMINAL, header, integer, nullable_string, string},
    page,
    problem::{PROBLEM, Problema},
};
use crate::domain::{pedido::PedidoView, produto::Produto};

/// The media type of a form of HTML.
const FORM: &str = "application/x-www-form-urlencoded";

/// Schemas by their names.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// One operation of the document, while it is described.
pub struct Operation {
    builder: OperationBuilder,
    method: &'static str,
    has_body: bool,
    /// Sorted by their status.
    responses: BTreeMap<u16, ResponseBuilder>,
    schemas: Schemas,
}

impl Operation {
    /// What follows from the endpoint itself.
    pub fn new(endpoint: &Endpoint) -> Operation {
        let method = match endpoint.method {
            tiny_http::Method::Put => "put",
            tiny_http::Method::Post => "post",
            tiny_http::Method::Delete => "delete",
            _ => "get",
        };
        let name = endpoint.path.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        let access = ExtensionsBuilder::new().add("x-acesso", endpoint.access.name()).build();
        let builder = OperationBuilder::new()
            .tag(endpoint.tag)
            .operation_id(Some(format!("{method}{}", name.trim_end_matches('_'))))
            .extensions(Some(access));
        let (responses, schemas) = (BTreeMap::new(), Vec::new());
        let operation = Operation { builder, method, has_body: false, responses, schemas };
        let operation = operation.guarded(endpoint);
        if !endpoint.path.contains("{id}") {
            return operation;
        }
        let id = ParameterBuilder::new()
            .name("id")
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(integer("int64").minimum(Some(1))));
        operation.parameter(id).problem(422, "")
    }

    /// What follows from its access.
    fn guarded(mut self, endpoint: &Endpoint) -> Operation {
        let access = endpoint.access;
        if matches!(access, Access::Todos | Access::Prova) {
            return self;
        }
        let of = |scheme: &str| SecurityRequirement::new::<_, [&str; 0], _>(scheme, []);
        let mut securities = vec![SecurityRequirement::default(), of(KEY), of(SESSION)];
        if access == Access::GerenteSempre {
            securities.remove(0);
        }
        if access == Access::Cozinha {
            securities.push(of(TERMINAL));
        }
        if access == Access::DonoDoPedido {
            securities.push(of(SECRET));
        }
        self.builder = self.builder.securities(Some(securities));
        if endpoint.is_page {
            return self.see_other("To `/entrar`, where the caller may not see this page");
        }
        self.problem(401, "A key or a session is needed, or this one opens nothing")
            .problem(403, &format!("The role «{}» is needed, or a higher one", access.name()))
            .problem(
                429,
                "Too many keys that open nothing came from this address, or too many PINs were wrong",
            )
    }

    /// For an enrolled terminal, whoever is at it.
    pub fn by_terminal(mut self) -> Operation {
        let terminal = SecurityRequirement::new::<_, [&str; 0], _>(TERMINAL, []);
        self.builder = self.builder.securities(Some([terminal]));
        self
    }

    /// What the operation does.
    pub fn about(mut self, text: &str) -> Operation {
        self.builder = self.builder.summary(Some(text));
        self
    }

    /// Shows the schema of what a stream carries.
    pub fn names<T: ToSchema>(mut self) -> Operation {
        self.component::<T>();
        self
    }

    /// A parameter; see `header`, `query`.
    pub fn parameter(mut self, parameter: impl Into<Parameter>) -> Operation {
        self.builder = self.builder.parameter(parameter);
        self
    }

    /// The `If-Match` of a write.
    pub fn if_match(self, description: &str) -> Operation {
        self.parameter(header("If-Match", nullable_string(), description)).problem(412, "")
    }

    /// The body that it reads; with it 422.
    pub fn body<T: ToSchema>(self) -> Operation {
        self.reads::<T>(JSON, Required::True).problem(422, "")
    }

    /// The form that it reads; see `refuses_form`. A browser sends a field that was not filled in as an empty text: it is as
    /// good as none. Where no field is required, no body is.
    pub fn form<T: ToSchema>(self) -> Operation {
        let needs_none = matches!(T::schema(), RefOr::T(Schema::Object(form)) if form.required.is_empty());
        let required = if needs_none { Required::False } else { Required::True };
        let mut operation = self.reads::<T>(FORM, required).refuses_form();
        let read = operation.schemas.iter_mut().rfind(|(name, _)| *name == T::name());
        if let Some((_, RefOr::T(Schema::Object(form)))) = read {
            let optional = form.properties.iter_mut().filter(|(name, _)| !form.required.contains(name));
            for (_, field) in optional {
                let empty = string().max_length(Some(0));
                *field = AnyOfBuilder::new().item(field.clone()).item(empty).into();
            }
        }
        operation
    }

    fn reads<T: ToSchema>(mut self, media_type: &str, required: Required) -> Operation {
        let schema = self.component::<T>();
        let body = RequestBodyBuilder::new().content(media_type, Content::new(Some(schema)));
        self.builder = self.builder.request_body(Some(body.required(Some(required)).build()));
        self.has_body = true;
        self
    }

    /// 303 to where it goes on.
    pub fn see_other(self, description: &str) -> Operation {
        self.empty(303, description).response_header(303, "Location", string(), "")
    }

    /// The pages that answer a form with something wrong in it, or one that nothing can be done with now.
    pub fn refuses_form(self) -> Operation {
        self.page_of(422, "Something is wrong with a field, and the page says what")
            .page_of(503, "Cannot be done now")
    }

    /// 200 with a page of HTML.
    pub fn html(self) -> Operation {
        self.page_of(200, "").page_of(503, "Cannot be shown now")
    }

    /// A page of HTML with this status.
    pub fn page_of(mut self, status: u16, description: &str) -> Operation {
        let schema = String::schema();
        self.respond(status, description, |response| {
            response.content("text/html", Content::new(Some(schema)))
        });
        self
    }

    /// 200 with one of these.
    pub fn ok<T: ToSchema>(mut self) -> Operation {
        let schema = self.component::<T>();
        self.ok_as(JSON, schema)
    }

    /// 200 with a list of these.
    pub fn list<T: ToSchema>(mut self) -> Operation {
        let items = self.component::<T>();
        self.ok_as(JSON, ArrayBuilder::new().items(items))
    }

    /// 200 with a page of these, and the parameters of a page.
    pub fn page<T: ToSchema>(self) -> Operation {
        let paged = self.list::<T>().ok_header("Link", string(), "The next page").problem(422, "");
        page::parameters().into_iter().fold(paged, Operation::parameter)
    }

    /// 200 with a page of products; the first page has an entity tag.
    pub fn menu(self) -> Operation {
        let seen = "The `ETag` last seen: 304 when nothing has changed";
        self.page::<Produto>()
            .parameter(header("If-None-Match", nullable_string(), seen))
            .ok_header("ETag", string(), "Of the first page: it is another as soon as a product is")
            .empty(304, "")
    }

    /// 200 with a page of a list of open orders, counted: whole orders for the staff, numbers and states for others.
    pub fn board(mut self) -> Operation {
        let staff = ArrayBuilder::new().items(self.component::<PedidoView<'_>>());
        let public = ArrayBuilder::new().items(self.component::<page::PublicView<'_>>());
        let either = AnyOfBuilder::new().item(staff).item(public);
        let description = "Orders in the whole list, where there is a next page";
        let paged = self.ok_as(JSON, either).ok_header("Link", string(), "The next page").problem(422, "");
        page::parameters().into_iter().fold(paged, Operation::parameter).ok_header(
            "X-Total-Count",
            integer("int64"),
            description,
        )
    }

    /// 200 with an order and its version.
    pub fn order(self) -> Operation {
        self.ok::<PedidoView<'_>>().ok_header("ETag", string(), "The version of the order")
    }

    /// 200 with `true`.
    pub fn done(self) -> Operation {
        self.ok_as(JSON, bool::schema())
    }

    /// 200 with a body of this media type.
    pub fn ok_as(mut self, media_type: &str, schema: impl Into<RefOr<Schema>>) -> Operation {
        self.respond(200, "", |response| response.content(media_type, Content::new(Some(schema))));
        self
    }

    /// 200 with an example of its body.
    pub fn ok_example(mut self, schema: impl Into<RefOr<Schema>>, example: &str) -> Operation {
        let content = ContentBuilder::new().schema(Some(schema)).example(Some(example.into())).build();
        self.respond(200, "", |response| response.content(JSON, content));
        self
    }

    /// A header of the 200.
    pub fn ok_header(self, name: &str, schema: impl Into<RefOr<Schema>>, description: &str) -> Operation {
        self.response_header(200, name, schema, description)
    }

    /// A response without a body; without a description the words of the status.
    pub fn empty(mut self, status: u16, description: &str) -> Operation {
        self.respond(status, description, |response| response);
        self
    }

    /// A header of a response; without a description it has none.
    pub fn response_header(
        mut self,
        status: u16,
        name: &str,
        schema: impl Into<RefOr<Schema>>,
        description: &str,
    ) -> Operation {
        let header = Header::builder().schema(Some(schema));
        let header = if description.is_empty() { header } else { header.description(Some(description)) };
        self.respond(status, "", |response| response.header(name, header.build()));
        self
    }

    /// A problem; without a description the words of the status.
    pub fn problem(mut self, status: u16, description: &str) -> Operation {
        let schema = self.component::<Problema<'_>>();
        self.respond(status, description, |response| response.content(PROBLEM, Content::new(Some(schema))));
        self
    }

    /// Adds to the response of this status.
    fn respond(
        &mut self,
        status: u16,
        description: &str,
        add: impl FnOnce(ResponseBuilder) -> ResponseBuilder,
    ) {
        let words = || ResponseBuilder::new().description(StatusCode(status).default_reason_phrase());
        let response = self.responses.remove(&status).unwrap_or_else(words);
        let response = if description.is_empty() { response } else { response.description(description) };
        self.responses.insert(status, add(response));
    }

    /// A reference to the schema of this type, which becomes one of the components.
    fn component<T: ToSchema>(&mut self) -> RefOr<Schema> {
        T::schemas(&mut self.schemas);
        self.schemas.push((T::name().into(), T::schema()));
        Ref::from_schema_name(T::name()).into()
    }

    /// The finished operation, and the schemas that it refers to.
    pub fn build(self) -> (utoipa::openapi::path::Operation, Schemas) {
        let mut responses: BTreeMap<String, RefOr<Response>> =
            self.responses.into_iter().map(|(status, r)| (status.to_string(), r.build().into())).collect();
        for (status, _) in ANY_REQUEST {
            let possible = match status {
                411 | 413 => self.has_body,
                403 => self.method != "get",
                _ => true,
            };
            if possible {
                let common = || Ref::from_response_name(status.to_string()).into();
                responses.entry(status.to_string()).or_insert_with(common);
            }
        }
        let builder = responses.into_iter().fold(self.builder, |b, (status, r)| b.response(status, r));
        (builder.build(), self.schemas)
    }
}
