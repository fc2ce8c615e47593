//! The OpenAPI document: what the endpoints declare, and the errors that any request may get.
//!
//! `Operation` is the builder that an endpoint describes itself with. A 422 and the parameter `id` follow from the path.

use std::collections::BTreeMap;

use tiny_http::StatusCode;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, Header, HttpMethod, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi,
        OpenApiBuilder, PathItem, Paths, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
        SchemaFormat, Type,
        content::Content,
        extensions::ExtensionsBuilder,
        path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        schema::{ArrayBuilder, Components, SchemaType},
        tag::TagBuilder,
    },
};

use super::{
    endpoint::Endpoint,
    json::JSON,
    page,
    problem::{PROBLEM, Problema},
    routes::ENDPOINTS,
};
use crate::domain::pedido::Pedido;

const ABOUT: &str = "Order system for restaurants: menu, checkout, payment by QR code, kitchen list.";

/// Statuses that any request may get, and when.
const ANY_REQUEST: &[(u16, &str)] = &[
    (400, "The request is malformed"),
    (403, "A write that a browser sends for a page of an origin that `CORS_ORIGIN` does not name"),
    (408, "The request took too long to arrive"),
    (411, "The length of the body is missing"),
    (413, "The body is too large"),
    (414, "The address is too long"),
    (417, "An expectation other than 100-continue"),
    (421, "A host that `ALLOWED_HOSTS` does not name"),
    (431, "The headers are too large"),
    (500, "A defect"),
    (501, "A transfer encoding other than chunked"),
    (503, "Cannot be done now; try again after `Retry-After` seconds"),
    (505, "A version of HTTP other than 1.x"),
];

type Schemas = Vec<(String, RefOr<Schema>)>;

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

    /// What the operation does.
    pub fn about(mut self, text: &str) -> Operation {
        self.builder = self.builder.summary(Some(text));
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
    pub fn body<T: ToSchema>(mut self) -> Operation {
        let schema = self.component::<T>();
        let body = RequestBodyBuilder::new().content(JSON, Content::new(Some(schema)));
        self.builder = self.builder.request_body(Some(body.required(Some(Required::True)).build()));
        self.has_body = true;
        self.problem(422, "")
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

    /// 200 with a page of a list that is counted.
    pub fn counted_page<T: ToSchema>(self) -> Operation {
        let description = "Orders in the whole list, where there is a next page";
        self.page::<T>().ok_header("X-Total-Count", integer("int64"), description)
    }

    /// 200 with an order and its version.
    pub fn order(self) -> Operation {
        self.ok::<Pedido>().ok_header("ETag", string(), "The version of the order")
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
    fn build(self) -> (utoipa::openapi::path::Operation, Schemas) {
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

/// The document.
pub fn openapi() -> OpenApi {
    let (mut paths, mut schemas, mut tags) = (Paths::new(), BTreeMap::new(), Vec::new());
    for endpoint in ENDPOINTS.iter() {
        let method = match endpoint.method {
            tiny_http::Method::Put => HttpMethod::Put,
            tiny_http::Method::Post => HttpMethod::Post,
            tiny_http::Method::Delete => HttpMethod::Delete,
            _ => HttpMethod::Get,
        };
        let (operation, used) = endpoint.operation().build();
        schemas.extend(used);
        paths
            .paths
            .entry(endpoint.path.to_owned())
            .or_default()
            .merge_operations(PathItem::new(method, operation));
        if !tags.contains(&endpoint.tag) {
            tags.push(endpoint.tag);
        }
    }
    let mut components = Components::new();
    components.schemas.extend(schemas);
    for (status, description) in ANY_REQUEST {
        let schema = Ref::from_schema_name(Problema::name());
        let response = ResponseBuilder::new().description(*description);
        let response = response.content(PROBLEM, Content::new(Some(schema))).build();
        components.responses.insert(status.to_string(), response.into());
    }
    let license =
        LicenseBuilder::new().name(env!("CARGO_PKG_LICENSE")).identifier(Some(env!("CARGO_PKG_LICENSE")));
    let info = InfoBuilder::new()
        .title("Ambrosia")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(license.build()));
    let tags = tags.into_iter().map(|tag| TagBuilder::new().name(tag).build());
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths)
        .components(Some(components))
        .tags(Some(tags))
        .build()
}

/// An optional parameter of the query.
pub fn query(name: &str, schema: ObjectBuilder, description: &str) -> Parameter {
    parameter(ParameterIn::Query, name, schema, description)
}

/// An optional header of the request.
pub fn header(name: &str, schema: ObjectBuilder, description: &str) -> Parameter {
    parameter(ParameterIn::Header, name, schema, description)
}

fn parameter(place: ParameterIn, name: &str, schema: ObjectBuilder, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

/// The schema of a text.
pub fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// The schema of a text that may be left out.
pub fn nullable_string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}

/// The schema of a whole number of this format.
pub fn integer(format: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).format(Some(SchemaFormat::Custom(format.to_owned())))
}
