//! `webhooks`: the receivers of outgoing webhooks, as the manager sets them. How far each is told is in `outbox`. A
//! change by a person moves `versao` on, so that a worker that delivers meanwhile does not write over it.

use super::{
    columns::Columns,
    connection::{Connection, Row, Value},
    log_place,
};
use crate::{
    domain::{
        aviso::Tipo,
        data_hora::DataHora,
        webhook::{Anterior, Desistidas, Segredo, Situacao, Webhook, WebhookView},
    },
    error::{DbError, Error},
};

/// Every column but the lease. `values` and `webhook` are its other two places.
pub(super) const COLUMNS: Columns = Columns(&[
    "id",
    "url",
    "tipos",
    "situacao",
    "segredo",
    "segredo_anterior",
    "anterior_ate",
    "criada_em",
    "criada_por",
    "sequencia",
    "falhas",
    "falhando_desde",
    "sucesso_em",
    "erro",
    "erro_em",
    "desligada_em",
    "desistidas",
    "desistida_sequencia",
    "desistida_em",
    "versao",
]);
const COUNT: usize = COLUMNS.0.len();

/// Receivers at most: each has a thread while it is told.
pub const MAX: usize = 32;

/// A new receiver.
pub struct New<'a> {
    pub url: &'a str,
    pub tipos: &'a [Tipo],
    pub situacao: Situacao,
    pub segredo: &'a Segredo,
    pub criada_por: &'a str,
}

/// A receiver in the columns, in their order.
pub(super) fn values(w: &Webhook) -> [Value; COUNT] {
    let given_up = w.desistidas;
    [
        w.id.into(),
        w.url.as_str().into(),
        names(&w.tipos).into(),
        Value::Int(w.situacao as i64),
        w.segredo.reveal().into(),
        w.anterior.as_ref().map(|anterior| anterior.segredo.reveal()).into(),
        w.anterior.as_ref().map(|anterior| anterior.ate).into(),
        w.criada_em.into(),
        w.criada_por.as_str().into(),
        w.sequencia.into(),
        w.falhas.into(),
        w.falhando_desde.into(),
        w.sucesso_em.into(),
        w.erro.as_deref().into(),
        w.erro_em.into(),
        w.desligada_em.into(),
        given_up.map_or(0, |d| d.quantas).into(),
        given_up.map(|d| d.sequencia).into(),
        given_up.map(|d| d.desde).into(),
        w.versao.into(),
    ]
}

/// The receiver in a row of these columns.
fn webhook(row: &Row) -> Result<Webhook, DbError> {
    let r = COLUMNS.of(row);
    let before = r.string_or_null("segredo_anterior")?.zip(r.time_or_null("anterior_ate")?);
    let given_up = r.int_or_null("desistida_sequencia")?.zip(r.time_or_null("desistida_em")?);
    let quantas = r.int("desistidas")?;
    Ok(Webhook {
        id: r.int("id")?,
        url: r.string("url")?.parse().map_err(|_| DbError::Other("url should be an address".to_owned()))?,
        tipos: r.string("tipos")?.split_whitespace().filter_map(Tipo::of_name).collect(),
        situacao: r.numbered("situacao")?,
        segredo: Segredo::stored(r.string("segredo")?),
        anterior: before.map(|(text, ate)| Anterior { segredo: Segredo::stored(text), ate }),
        criada_em: r.time("criada_em")?,
        criada_por: r.string("criada_por")?,
        sequencia: r.int("sequencia")?,
        falhas: r.int("falhas")?,
        falhando_desde: r.time_or_null("falhando_desde")?,
        sucesso_em: r.time_or_null("sucesso_em")?,
        erro: r.string_or_null("erro")?,
        erro_em: r.time_or_null("erro_em")?,
        desligada_em: r.time_or_null("desligada_em")?,
        desistidas: given_up.map(|(sequencia, desde)| Desistidas { quantas, sequencia, desde }),
        versao: r.int("versao")?,
    })
}

fn names(tipos: &[Tipo]) -> String {
    tipos.iter().map(|tipo| tipo.nome()).collect::<Vec<_>>().join(" ")
}

/// The newest place in the log.
pub fn end_of_log(conn: &mut dyn Connection) -> Result<i64, Error> {
    Ok(log_place::current(conn)?.next_sequencia - 1)
}

/// Writes a receiver that is told from here on, and gives its id. `Conflict` where there are as many as there may be.
pub fn insert(conn: &mut dyn Connection, new: &New<'_>, now: DataHora) -> Result<i64, Error> {
    let rows = conn.query("SELECT COUNT(*) FROM webhooks", &[])?;
    if rows.first().map_or(Ok(0), |row| row.int(0))? >= MAX as i64 {
        let detail = format!("Há {MAX} assinaturas, e não cabem mais: apague uma");
        return Err(Error::conflict("assinaturas_demais", detail));
    }
    let sql = "INSERT INTO webhooks (url, tipos, situacao, segredo, criada_em, criada_por, sequencia) \
               VALUES (?, ?, ?, ?, ?, ?, ?)";
    let values: [Value; 7] = [
        new.url.into(),
        names(new.tipos).into(),
        Value::Int(new.situacao as i64),
        new.segredo.reveal().into(),
        now.into(),
        new.criada_por.into(),
        end_of_log(conn)?.into(),
    ];
    conn.execute(sql, &values)?;
    Ok(conn.last_id())
}

/// One receiver.
pub fn find(conn: &mut dyn Connection, id: i64) -> Result<Webhook, Error> {
    let sql = format!("SELECT {} FROM webhooks WHERE id = ?", COLUMNS.list());
    conn.query(&sql, &[id.into()])?.first().map(webhook).transpose()?.ok_or(NOT_FOUND)
}

/// A receiver that a person is about to change: nobody else writes its row until the transaction ends, and what a worker
/// has under way counts no more.
pub fn lock(conn: &mut dyn Connection, id: i64) -> Result<Webhook, Error> {
    conn.execute("UPDATE webhooks SET versao = versao + 1 WHERE id = ?", &[id.into()])?;
    find(conn, id)
}

/// Saves a receiver that is locked.
pub fn save(conn: &mut dyn Connection, webhook: &Webhook) -> Result<(), Error> {
    let sql = format!("UPDATE webhooks SET {} = ? WHERE id = ?", COLUMNS.0[1..].join(" = ?, "));
    let mut parameters = values(webhook)[1..].to_vec();
    parameters.push(webhook.id.into());
    conn.execute(&sql, &parameters)?;
    Ok(())
}

/// Deletes a receiver, with what waits for it.
pub fn delete(conn: &mut dyn Connection, id: i64) -> Result<(), Error> {
    if conn.execute("DELETE FROM webhooks WHERE id = ?", &[id.into()])? == 0 {
        return Err(NOT_FOUND);
    }
    conn.execute("DELETE FROM webhook_repeticoes WHERE webhook = ?", &[id.into()])?;
    Ok(())
}

/// All receivers, the newest first.
pub fn list(conn: &mut dyn Connection) -> Result<Vec<Webhook>, Error> {
    let sql = format!("SELECT {} FROM webhooks ORDER BY id DESC LIMIT ?", COLUMNS.list());
    let rows = conn.query(&sql, &[Value::Int(MAX as i64)])?;
    Ok(rows.iter().map(webhook).collect::<Result<_, DbError>>()?)
}

/// A receiver as the manager sees it.
pub fn view(conn: &mut dyn Connection, webhook: Webhook) -> Result<WebhookView, Error> {
    let sql = "SELECT COUNT(*), MIN(proxima_em) FROM webhook_repeticoes WHERE webhook = ?";
    let rows = conn.query(sql, &[webhook.id.into()])?;
    let (repeticoes, next) = match rows.first() {
        Some(row) => (row.int(0)?, row.time_or_null(1)?),
        None => (0, None),
    };
    let w = webhook;
    Ok(WebhookView {
        id: w.id,
        url: w.url.as_str().to_owned(),
        tipos: w.tipos.iter().map(|tipo| tipo.nome()).collect(),
        situacao: w.situacao.nome(),
        sequencia: w.sequencia,
        atraso: (end_of_log(conn)? - w.sequencia).max(0),
        repeticoes,
        proxima_tentativa: next.filter(|_| w.situacao == Situacao::Ativa),
        desistidas: w.desistidas.map_or(0, |d| d.quantas),
        desistidas_desde: w.desistidas.map(|d| d.sequencia - 1),
        ultimo_sucesso: w.sucesso_em,
        ultimo_erro: w.erro,
        ultimo_erro_em: w.erro_em,
        falhando_desde: w.falhando_desde,
        segredo_anterior_ate: w.anterior.map(|anterior| anterior.ate),
        criada_em: w.criada_em,
        criada_por: w.criada_por,
    })
}

/// How many receivers need a person: see `Webhook::matter`.
pub fn count_matters(conn: &mut dyn Connection) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM webhooks WHERE desligada_em IS NOT NULL OR desistida_em IS NOT NULL";
    Ok(conn.query(sql, &[])?.first().map_or(Ok(0), |row| row.int(0))?)
}

/// There is no such receiver.
pub const NOT_FOUND: Error = Error::NotFound("Assinatura não encontrada");
