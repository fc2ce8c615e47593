//! A provider has spoken of something: where to look, and never what to believe. What it is about is looked at by the
//! workers of `reconciliation`. A copy of a notification that was taken provokes nothing.

use super::{
    Context, Order,
    commands::{Commands, OrderAct},
};
use crate::{
    clock,
    domain::{
        cobranca::Operacao,
        data_hora::DataHora,
        evento::{Actor, Evento},
    },
    error::Error,
    payments::{About, Notice},
    server::{SHORT, foreign},
    store::{Connection, Store, assinaturas, cobrancas, notificacoes},
};

/// Seconds until a charge is looked at of which notifications without a signature speak too often.
const UNHURRIED_SECONDS: i64 = 30;

/// Takes a notice. What nobody here knows is looked up later, and is no error. `false` when it was a copy.
pub fn take(
    store: &Store,
    commands: &Commands,
    provider: &'static str,
    notice: &Notice,
) -> Result<bool, Error> {
    let (topic, id) = (notice.about.topic(), notice.about.id());
    let (copy, pedido) = store.read(|conn| {
        let copy = match &notice.copy_token {
            Some(token) => assinaturas::is_known(conn, token)?,
            None => false,
        };
        let pedido = match &notice.about {
            About::Reference(_) => cobrancas::of_reference(conn, id)?,
            About::External { .. } => cobrancas::of_external(conn, id)?,
        };
        Ok((copy, pedido))
    })?;
    if copy {
        return Ok(false);
    }
    let copy_token = notice.copy_token.clone();
    match (pedido, &notice.about) {
        (Some(pedido), _) => {
            let about = notice.about.clone();
            let act = Notified {
                about,
                copy_token,
                in_seconds: if notice.at_once { 0 } else { UNHURRIED_SECONDS },
            };
            commands.run(pedido, Actor::Provider(provider), act)?;
        }
        (None, About::External { .. }) => store.write(|conn| {
            let now = clock::now();
            remember(conn, copy_token.as_deref(), now)?;
            if !notificacoes::register(conn, topic, id, now)? {
                log::warn!(
                    "too many notifications wait: {topic} {} is dropped, and found by looking",
                    foreign(id, SHORT)
                );
            }
            Ok(())
        })?,
        (None, About::Reference(_)) => {}
    }
    Ok(true)
}

/// An order's charge was spoken of.
pub struct Notified {
    pub about: About,
    /// What the notification and its copies have in common.
    pub copy_token: Option<String>,
    /// When the charge is to be looked at.
    pub in_seconds: i64,
}

impl OrderAct for Notified {
    /// A charge that is due already is not noted again.
    fn decide(&self, order: &mut Order, context: Context) -> Result<Option<Operacao>, Error> {
        let Order { pedido, cobranca } = order;
        let Some(cobranca) = cobranca else { return Ok(None) };
        let (topic, id) = (self.about.topic(), self.about.id());
        if topic == "order" && cobranca.id_externo.as_ref().is_some_and(|known| known != id) {
            // There is another charge for it.
            cobranca.suspect_duplicates(context.now);
        }
        let due = context.now.mais(self.in_seconds);
        if cobranca.hasten(due) && self.in_seconds == 0 {
            pedido.note(Evento::Notificado(format!("{topic} {id}")));
        }
        Ok(None)
    }

    fn save(&self, conn: &mut dyn Connection, _: &Order, context: Context) -> Result<(), Error> {
        remember(conn, self.copy_token.as_deref(), context.now)
    }
}

fn remember(conn: &mut dyn Connection, copy_token: Option<&str>, now: DataHora) -> Result<(), Error> {
    match copy_token {
        Some(token) => assinaturas::register(conn, token, now),
        None => Ok(()),
    }
}
