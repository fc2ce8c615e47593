//! `/restaurante`: what the restaurant says of itself. Tested by `tests/api/profile.rs`.

use super::{
    App,
    call::Call,
    endpoint::{
        Access::{Balcao, Gerente, Todos},
        Resource,
    },
    fields::{
        Categorias, CidadeEnviada, CnpjEnviado, CorEnviada, EnderecoEnviado, Errors, Excecoes, FusoEnviado,
        LogoEnviado, MinutosDoPedido, NomeRestaurante, Semana, TelefoneEnviado, body, read_body,
    },
    json::json,
    prazo::{self, PrazoEnviado},
    saved::Saved,
};
use crate::{
    clock,
    domain::{
        auditoria::Tipo,
        prazo::Prazo,
        restaurante::{Agora, Alteracao},
    },
    error::Error,
    server::Response,
    store::{
        Connection, acesso,
        auditoria::{self, New},
        perfil,
    },
};

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Restaurante")
        .get("/restaurante", Todos, find, |operation| {
            operation.about("What a page with the menu shows of the restaurant.").ok::<Agora>()
        })
        .put("/restaurante", Gerente, change, |operation| {
            operation
                .about(
                    "Changes the fields that are sent, and only those. `null` is as good as not sent; an empty text takes \
                     a field away, but for `nome` and `cidade`.",
                )
                .body::<EdicaoRestaurante>()
                .ok::<Agora>()
        })
        .put("/restaurante/pausa", Balcao, pause, |operation| {
            operation
                .about(
                    "Takes no orders from customers for a while: until somebody says otherwise, until tomorrow, or for some \
                     minutes. The counter may order all the same.",
                )
                .body::<PrazoEnviado>()
                .ok::<Agora>()
        })
        .delete("/restaurante/pausa", Balcao, go_on, |operation| {
            operation.about("Takes orders again, as the hours say.").ok::<Agora>()
        })
}

body! {
    EdicaoRestaurante {
        nome: Option<NomeRestaurante>,
        cnpj: Option<CnpjEnviado>,
        endereco: Option<EnderecoEnviado>,
        cidade: Option<CidadeEnviada>,
        telefone: Option<TelefoneEnviado>,
        logo: Option<LogoEnviado>,
        cor_primaria: Option<CorEnviada>,
        cor_secundaria: Option<CorEnviada>,
        fuso: Option<FusoEnviado>,
        minutos_amarelo: Option<MinutosDoPedido>,
        minutos_vermelho: Option<MinutosDoPedido>,
        categorias: Option<Categorias>,
        horarios: Option<Semana>,
        excecoes: Option<Excecoes>,
    }
}

fn find(app: &App, _: &Call<'_>) -> Result<Response, Error> {
    json(&app.store.read(|conn| perfil::at(conn, clock::now()))?)
}

fn change(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let wanted = wanted(app, read_body(call)?)?;
    let ator = call.caller(app)?.name();
    json(&app.store.write(|conn| write(conn, &wanted, &ator))?)
}

/// Changes these fields, where the restaurant is still as it was seen.
pub fn change_seen(
    app: &App,
    call: &Call<'_>,
    body: EdicaoRestaurante,
    is_as_seen: impl Fn(&Agora) -> bool,
) -> Result<Saved<Agora>, Error> {
    let wanted = wanted(app, body)?;
    let ator = call.caller(app)?.name();
    app.store.write(|conn| {
        acesso::lock(conn)?;
        let stored = perfil::at(conn, clock::now())?;
        if !is_as_seen(&stored) {
            return Ok(Saved::ChangedMeanwhile(stored));
        }
        write(conn, &wanted, &ator).map(Saved::Done)
    })
}

/// The fields that this body sets.
fn wanted(app: &App, body: EdicaoRestaurante) -> Result<Alteracao, Error> {
    let mut errors = Errors::default();
    let wanted = Alteracao {
        nome: errors.optional("nome", body.nome).flatten().map(|n| n.0),
        cnpj: errors.optional("cnpj", body.cnpj).flatten().map(|c| c.0),
        endereco: errors.optional("endereco", body.endereco).flatten().map(|e| e.0),
        cidade: errors.optional("cidade", body.cidade).flatten().map(|c| c.0),
        telefone: errors.optional("telefone", body.telefone).flatten().map(|t| t.0),
        logo: errors.optional("logo", body.logo).flatten().map(|l| l.0),
        cor_primaria: errors.optional("cor_primaria", body.cor_primaria).flatten().map(|c| c.0),
        cor_secundaria: errors.optional("cor_secundaria", body.cor_secundaria).flatten().map(|c| c.0),
        minutos_amarelo: errors.optional("minutos_amarelo", body.minutos_amarelo).flatten().map(|m| m.0),
        minutos_vermelho: errors.optional("minutos_vermelho", body.minutos_vermelho).flatten().map(|m| m.0),
        categorias: errors.optional("categorias", body.categorias).flatten().map(|c| c.0),
        horarios: errors.optional("horarios", body.horarios).flatten().map(|h| h.0),
        excecoes: errors.optional("excecoes", body.excecoes).flatten().map(|e| e.0),
    };
    if let Some(FusoEnviado(fuso)) = errors.optional("fuso", body.fuso).flatten() {
        let stored = app.store.read(|conn| perfil::find(conn))?.fuso;
        if fuso != stored {
            errors.note("fuso", format!("ainda não pode mudar: é {stored}"));
        }
    }
    errors.or(Some(wanted))
}

/// Writes these fields in a transaction that ends with it, and what this actor has changed into the trail.
pub fn write(conn: &mut dyn Connection, wanted: &Alteracao, ator: &str) -> Result<Agora, Error> {
    let changes = perfil::changes(conn, wanted)?;
    if !changes.is_empty() {
        let fields = changes.iter().map(|change| change.field).collect::<Vec<_>>().join(", ");
        auditoria::append(conn, &altered(ator, fields), clock::now())?;
        perfil::save(conn, &changes)?;
    }
    let profile = perfil::at(conn, clock::now())?;
    if profile.perfil.minutos_amarelo >= profile.perfil.minutos_vermelho {
        // What was written is rolled back.
        return Err(Error::invalid("minutos_vermelho", "deve ser maior que «minutos_amarelo»"));
    }
    Ok(profile)
}

fn pause(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let pause = prazo::read(call, clock::now())?;
    json(&set_pause(app, call, Some(pause))?)
}

fn go_on(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    json(&set_pause(app, call, None)?)
}

/// Takes no orders from customers for so long, or takes them again.
pub fn set_pause(app: &App, call: &Call<'_>, pause: Option<Prazo>) -> Result<Agora, Error> {
    let ator = call.caller(app)?.name();
    let detail = match pause.map(Prazo::end) {
        Some(Some(end)) => format!("pausa até {end}"),
        Some(None) => "pausa".to_owned(),
        None => "fim da pausa".to_owned(),
    };
    app.store.write(|conn| {
        auditoria::append(conn, &altered(&ator, detail.clone()), clock::now())?;
        perfil::set_pause(conn, pause)?;
        perfil::at(conn, clock::now())
    })
}

/// For the trail.
fn altered(ator: &str, detail: String) -> New {
    let (tipo, alvo) = (Tipo::RestauranteAlterado, Some("restaurante".to_owned()));
    New { tipo, ator: ator.to_owned(), alvo, detalhe: Some(detail) }
}
