//! What a manager does with the receivers of webhooks (`/assinaturas`). Each change is on the trail, without path and
//! query of the address, which may hold a secret. Tested by `tests/api/subscriptions.rs`.

use crate::{
    clock,
    domain::{
        auditoria::Tipo as Trail,
        aviso::Tipo,
        webhook::{Alvo, Change, Segredo, Situacao, Webhook, WebhookView},
    },
    error::Error,
    outgoing::new_secret,
    store::{
        Connection, Store,
        auditoria::{self, New},
        outbox, webhooks,
    },
};

/// A new receiver.
pub struct Subscribe {
    pub url: Alvo,
    /// Empty is all.
    pub tipos: Vec<Tipo>,
    pub situacao: Situacao,
}

/// Adds a receiver, which is told of what happens from here on. Gives its secret, once. `by` is the actor in the trail,
/// here and below.
pub fn create(store: &Store, new: &Subscribe, by: &str) -> Result<(WebhookView, Segredo), Error> {
    let segredo = new_secret()?;
    let created = store.write(|conn| {
        let Subscribe { url, tipos, situacao } = new;
        let row = webhooks::New {
            url: url.as_str(),
            tipos,
            situacao: *situacao,
            segredo: &segredo,
            criada_por: by,
        };
        let id = webhooks::insert(conn, &row, clock::now())?;
        note(conn, Trail::AssinaturaCriada, by, id, url.to_string())?;
        let webhook = webhooks::find(conn, id)?;
        webhooks::view(conn, webhook)
    })?;
    Ok((created, segredo))
}

/// Changes a receiver, and gives it another chance: what waits for it is offered now.
pub fn change(store: &Store, id: i64, change: &Change, by: &str) -> Result<WebhookView, Error> {
    alter(store, id, by, &|conn, webhook| {
        webhook.change(change);
        outbox::hurry(conn, id, clock::now())?;
        Ok(webhook.url.to_string())
    })
}

/// Gives a receiver another secret; the one before signs too for a day.
pub fn rotate(store: &Store, id: i64, by: &str) -> Result<(WebhookView, Segredo), Error> {
    let segredo = new_secret()?;
    let changed = alter(store, id, by, &|_, webhook| {
        webhook.rotate(segredo.clone(), clock::now());
        Ok("segredo".to_owned())
    })?;
    Ok((changed, segredo))
}

/// Offers a receiver again what comes after this place in the log.
pub fn repeat(store: &Store, id: i64, after: i64, by: &str) -> Result<WebhookView, Error> {
    alter(store, id, by, &|conn, webhook| {
        let end = webhooks::end_of_log(conn)?;
        if after > end {
            return Err(Error::invalid(
                "desde",
                format!("deve ser um número de 0 a {end}, o fim do registro"),
            ));
        }
        webhook.repeat(after);
        outbox::rewind(conn, id, after)?;
        Ok(format!("repetir desde {after}"))
    })
}

/// Takes the matter of a receiver off the list; one that was switched off stays off.
pub fn resolve(store: &Store, id: i64, by: &str) -> Result<WebhookView, Error> {
    alter(store, id, by, &|_, webhook| {
        webhook.resolve();
        Ok("pendência resolvida".to_owned())
    })
}

/// Deletes a receiver.
pub fn delete(store: &Store, id: i64, by: &str) -> Result<(), Error> {
    store.write(|conn| {
        let url = webhooks::find(conn, id)?.url;
        webhooks::delete(conn, id)?;
        note(conn, Trail::AssinaturaApagada, by, id, url.to_string())
    })
}

/// What is done to a receiver in a transaction; gives what the trail says of it.
type Alteration<'a> = &'a dyn Fn(&mut dyn Connection, &mut Webhook) -> Result<String, Error>;

fn alter(store: &Store, id: i64, by: &str, alteration: Alteration<'_>) -> Result<WebhookView, Error> {
    store.write(|conn| {
        let mut webhook = webhooks::lock(conn, id)?;
        let detail = alteration(conn, &mut webhook)?;
        webhooks::save(conn, &webhook)?;
        note(conn, Trail::AssinaturaAlterada, by, id, detail)?;
        webhooks::view(conn, webhook)
    })
}

fn note(conn: &mut dyn Connection, tipo: Trail, by: &str, id: i64, detail: String) -> Result<(), Error> {
    let alvo = Some(format!("assinatura:{id}"));
    auditoria::append(conn, &New { tipo, ator: by.to_owned(), alvo, detalhe: Some(detail) }, clock::now())
}
