//! The OpenAPI document: what the endpoints declare, and the errors that any request may get.
//! Tested by `tests/api/openapi.rs` and `tests/schemathesis`.

use std::collections::BTreeMap;

use utoipa::{
    ToSchema,
    openapi::{
        HttpMethod, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, Paths,
        Ref, Required, ResponseBuilder, SchemaFormat, Type,
        content::Content,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{Components, SchemaType},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
        tag::TagBuilder,
    },
};

use super::{
    problem::{PROBLEM, Problema},
    routes::ENDPOINTS,
};

const ABOUT: &str = "Order system for restaurants: menu, checkout, payment by QR code, kitchen list.";

const ABOUT_KEY: &str = "A key of `ambrosia chave criar PAPEL NOME` or of `/chaves`. Where doors are open (`ACCESS`) most \
                         needs none.";
const ABOUT_SECRET: &str = "The `acompanhamento` of the checkout's answer: opens that order.";

const ABOUT_SESSION: &str = "The cookie of `POST /sessoes`; over TLS its name is `__Host-ambrosia`. A write also says which \
                             page sends it: `Sec-Fetch-Site: same-origin` or `Origin`. With `X-Aprovador: 1:4172` the \
                             manager 1 lets one request through by a PIN.";
const ABOUT_TERMINAL: &str = "The token of `POST /terminais/inscricao`; a cookie does as well.";

/// Statuses that any request may get, and when.
pub(super) const ANY_REQUEST: &[(u16, &str)] = &[
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

/// Names of the ways to show who calls.
pub(super) const KEY: &str = "chave";
pub(super) const SECRET: &str = "acompanhamento";
pub(super) const SESSION: &str = "sessao";
pub(super) const TERMINAL: &str = "terminal";

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
    let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(ABOUT_KEY)).build();
    components.add_security_scheme(KEY, SecurityScheme::Http(key));
    let secret = ApiKeyValue::with_description("X-Acompanhamento", ABOUT_SECRET);
    let session = ApiKeyValue::with_description("ambrosia", ABOUT_SESSION);
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    let terminal = ApiKeyValue::with_description("X-Terminal", ABOUT_TERMINAL);
    components.add_security_scheme(TERMINAL, SecurityScheme::ApiKey(ApiKey::Header(terminal)));
    components.add_security_scheme(SECRET, SecurityScheme::ApiKey(ApiKey::Header(secret)));
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
