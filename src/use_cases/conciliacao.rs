//! What is pending at the provider is looked at until it is settled, whatever became of its notifications. Any number of
//! processes may do this on one database: each step is taken by one.

use std::{
    hash::{BuildHasher, RandomState},
    panic::{self, AssertUnwindSafe},
    sync::{Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use super::cobranca;
use crate::{
    domain::{data_hora::DataHora, pedido::Evento},
    error::Error,
    payments::{Provider, Subject},
    store::{Connection, Store, cobrancas, eventos, notificacoes},
};

/// Between two looks at what is due, when nobody rings.
const ESPERA: Duration = Duration::from_secs(1);
/// Charges that a worker looks at before it asks again what is due.
const LOTE: i64 = 50;
/// How often a notification about something unknown is looked into, and the first pause in seconds; it doubles. A
/// provider may tell of a payment before it shows it.
const TENTATIVAS: i64 = 6;
const PAUSA: i64 = 2;
/// The same when the provider does not answer.
const TENTATIVAS_FALHA: i64 = 12;

/// Wakes the workers of this process when there is something to do; those of others find it when they look.
#[derive(Default)]
pub struct Sino {
    tocou: Mutex<bool>,
    ouvido: Condvar,
}

impl Sino {
    pub fn tocar(&self) {
        *self.tocou.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ouvido.notify_one();
    }

    pub fn esperar(&self, tempo: Duration) {
        let tocou = self.tocou.lock().unwrap_or_else(PoisonError::into_inner);
        let espera = self.ouvido.wait_timeout_while(tocou, tempo, |tocou| !*tocou);
        *espera.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

/// Looks after what is pending, for ever. Any number of threads may do this.
pub fn trabalhar(store: &Store, provider: &dyn Provider, sino: &Sino) -> ! {
    loop {
        // A panic is the matter of one charge, and not the end of all.
        match panic::catch_unwind(AssertUnwindSafe(|| rodada(store, provider))) {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => sino.esperar(ESPERA),
            // Without a database there is nothing to do but wait, and others say that it is away.
            Ok(Err(Error::Unavailable(_))) | Err(_) => thread::sleep(ESPERA),
            Ok(Err(error)) => {
                log::warn!("reconciliation goes on in a moment: {error:?}");
                thread::sleep(ESPERA);
            }
        }
    }
}

/// Does what is due. Gives whether there was anything.
fn rodada(store: &Store, provider: &dyn Provider) -> Result<bool, Error> {
    let mut havia = false;
    let agora = DataHora::agora();
    let mut devidas = store.read(|conn| cobrancas::devidas(conn, agora, LOTE))?;
    // Each begins somewhere else, so that they do not all run after the same charge.
    let inicio = RandomState::new().hash_one(0) as usize % devidas.len().max(1);
    devidas.rotate_left(inicio);
    for pedido in devidas {
        match passo(store, provider, pedido) {
            Ok(dado) => havia |= dado,
            // The others can be looked after all the same.
            Err(error) => log::warn!("the charge of order {pedido} is left for later: {error:?}"),
        }
    }
    // What is ours goes first.
    Ok(notificacao(store, provider)? || havia)
}

fn passo(store: &Store, provider: &dyn Provider, pedido: i64) -> Result<bool, Error> {
    let (agora, timeout) = (DataHora::agora(), provider.policy().step_timeout);
    let tomado = store.write(|conn| cobranca::tomar(conn, pedido, timeout, agora))?;
    let Some(passo) = tomado else { return Ok(false) };
    cobranca::dar(store, provider, &passo, timeout)?;
    Ok(true)
}

/// Finds out which order a notification is about, and makes its charge due.
fn notificacao(store: &Store, provider: &dyn Provider) -> Result<bool, Error> {
    let agora = DataHora::agora();
    let ate = agora.mais(cobranca::reserva(provider.policy().step_timeout));
    // Most of the time there is none, and a read costs nobody anything.
    if !store.read(|conn| notificacoes::ha_devidas(conn, agora))? || !provider.admits_subject() {
        return Ok(false);
    }
    let Some(aviso) = store.write(|conn| notificacoes::tomar(conn, agora, ate))? else { return Ok(false) };
    let assunto = provider.subject(&aviso.topico, &aviso.id_externo);
    let agora = DataHora::agora();
    let mais_tarde = Some(agora.mais(PAUSA << aviso.tentativas.clamp(0, 10)));
    store.write(|conn| {
        let (veredito, proxima) = match &assunto {
            Subject::Reference(referencia) => match cobrancas::da_referencia(conn, referencia)? {
                Some(pedido) => {
                    notificado(conn, pedido, &aviso.topico, &aviso.id_externo, agora)?;
                    (format!("pedido {pedido}"), None)
                }
                None => ("de outro sistema".to_owned(), None),
            },
            Subject::Foreign => ("sem referência".to_owned(), None),
            Subject::NotFound if aviso.tentativas < TENTATIVAS => ("desconhecida".to_owned(), mais_tarde),
            Subject::NotFound => ("desconhecida".to_owned(), None),
            Subject::NoAnswer(causa) if aviso.tentativas < TENTATIVAS_FALHA => (causa.clone(), mais_tarde),
            Subject::NoAnswer(causa) => (causa.clone(), None),
        };
        notificacoes::concluir(conn, &aviso, &veredito, proxima)
    })?;
    Ok(true)
}

/// Notes on the order that it was spoken of, and has its charge looked at. One that is due already is not noted again.
pub fn notificado(
    conn: &mut dyn Connection,
    pedido: i64,
    topico: &str,
    id: &str,
    agora: DataHora,
) -> Result<(), Error> {
    if topico == "order"
        && let Some(mut cobranca) = cobrancas::do_pedido(conn, pedido)?
        && cobranca.id_externo.as_ref().is_some_and(|conhecida| conhecida != id)
    {
        // There is another charge for it.
        cobranca.suspect_duplicates(agora);
        cobrancas::salvar_ou_repetir(conn, &mut cobranca)?;
    }
    if cobrancas::adiantar(conn, pedido, agora)? {
        let evento = Evento::novo("notificado", agora).com(format!("{topico} {id}"));
        eventos::registrar(conn, [(pedido, &evento)])?;
    }
    Ok(())
}
