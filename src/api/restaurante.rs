//! `/restaurante`: what the restaurant says of itself. Tested by `tests/api/profile.rs`.

use super::{
    App,
    call::Call,
    endpoint::{
        Access::{Gerente, Todos},
        Resource,
    },
    fields::{
        CidadeEnviada, CnpjEnviado, CorEnviada, EnderecoEnviado, Errors, FusoEnviado, LogoEnviado,
        NomeRestaurante, TelefoneEnviado, body, read_body,
    },
    json::json,
};
use crate::{
    clock,
    domain::{
        auditoria::Tipo,
        restaurante::{Alteracao, Restaurante},
    },
    error::Error,
    server::Response,
    store::{
        auditoria::{self, New},
        perfil,
    },
};

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Restaurante")
        .get("/restaurante", Todos, find, |operation| {
            operation.about("What a page with the menu shows of the restaurant.").ok::<Restaurante>()
        })
        .put("/restaurante", Gerente, change, |operation| {
            operation
                .about(
                    "Changes the fields that are sent, and only those. `null` is as good as not sent; an empty text takes \
                     a field away, but for `nome` and `cidade`.",
                )
                .body::<EdicaoRestaurante>()
                .ok::<Restaurante>()
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
    }
}

fn find(app: &App, _: &Call<'_>) -> Result<Response, Error> {
    json(&app.store.read(|conn| perfil::find(conn))?)
}

fn change(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: EdicaoRestaurante = read_body(call)?;
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
    };
    if let Some(FusoEnviado(fuso)) = errors.optional("fuso", body.fuso).flatten() {
        let stored = app.store.read(|conn| perfil::find(conn))?.fuso;
        if fuso != stored {
            errors.note("fuso", format!("ainda não pode mudar: é {stored}"));
        }
    }
    let wanted = errors.or(Some(wanted))?;
    let ator = call.caller(app)?.name();
    let profile = app.store.write(|conn| {
        let changes = perfil::changes(conn, &wanted)?;
        if !changes.is_empty() {
            let fields = changes.iter().map(|change| change.field).collect::<Vec<_>>().join(", ");
            let (tipo, alvo) = (Tipo::RestauranteAlterado, Some("restaurante".to_owned()));
            let new = New { tipo, ator: ator.clone(), alvo, detalhe: Some(fields) };
            auditoria::append(conn, &new, clock::now())?;
            perfil::save(conn, &changes)?;
        }
        perfil::find(conn)
    })?;
    json(&profile)
}
