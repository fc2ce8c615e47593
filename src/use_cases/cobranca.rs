//! One step of a charge: taken by one process of many, asked of the provider with no connection held, and its outcome
//! written to charge, order and history together.

use std::time::Duration;

use crate::{
    domain::{
        charge_report::Outcome,
        cobranca::{Cobranca, Operacao},
        data_hora::DataHora,
        pedido::{Evento, Pedido},
        settlement::{Question, Terms},
    },
    error::{DbError, Error},
    metrics::METRICS,
    payments::{self, Provider},
    store::{Connection, Store, cobrancas, eventos, pedidos},
};

/// A step that is ours until its time is up; then anybody's.
pub struct Passo {
    pub pedido: Pedido,
    pub cobranca: Cobranca,
    pub operacao: Operacao,
}

/// Beyond the time of the operation itself, for the database.
const FOLGA_SEGUNDOS: i64 = 5;

/// Whether the charges that are stored are this provider's to look after.
pub fn serves(provider: &dyn Provider) -> bool {
    provider.name() == payments::OF_UNNAMED_CHARGES
}

/// How long a step is kept from others that may take `tempo`.
pub fn reserva(tempo: Duration) -> i64 {
    tempo.as_secs() as i64 + FOLGA_SEGUNDOS
}

/// Takes the step of an order's charge that is due; `None` when there is none or somebody else took it.
pub fn tomar(
    conn: &mut dyn Connection,
    pedido: i64,
    tempo: Duration,
    agora: DataHora,
) -> Result<Option<Passo>, Error> {
    let Some(mut cobranca) = cobrancas::do_pedido(conn, pedido)? else { return Ok(None) };
    if cobranca.proxima_em.is_none_or(|quando| quando > agora) {
        return Ok(None);
    }
    let pedido = pedidos::buscar(conn, pedido)?;
    // Of a charge that wants nothing more somebody says that there is news.
    let operacao = cobranca.next_operation(&pedido, agora).unwrap_or(Operacao::Consultar);
    cobranca.proxima_em = Some(agora.mais(reserva(tempo)));
    if cobranca.operacao == Some(Operacao::Criar) && cobranca.chave.is_some() {
        // What became of a creation that was sent is not known, or it was refused; it may still arrive, and its key may
        // be forgotten.
        cobranca.suspect_duplicates(agora);
    }
    let outra = cobranca.begin(operacao, agora, nova_chave);
    if !cobrancas::salvar(conn, &mut cobranca)? {
        return Ok(None);
    }
    if outra {
        perguntado(conn, std::slice::from_ref(&cobranca), operacao, agora)?;
    }
    Ok(Some(Passo { pedido, cobranca, operacao }))
}

/// Asks the provider, for `tempo` at most, and writes down what came of it. Gives the order as it is then.
pub fn dar(store: &Store, provider: &dyn Provider, passo: &Passo, tempo: Duration) -> Result<Pedido, Error> {
    let resultado = provider.execute(passo.operacao, &passo.cobranca, &passo.pedido, tempo);
    let terms = Terms {
        provider: provider.display_name(),
        first_poll_seconds: provider.policy().first_poll_seconds,
        now: DataHora::agora(),
    };
    let pedido = store.write(|conn| settle(conn, passo, &resultado, &terms))?;
    METRICS.payment(resultado.name());
    Ok(pedido)
}

fn settle(
    conn: &mut dyn Connection,
    passo: &Passo,
    resultado: &Outcome,
    terms: &Terms<'_>,
) -> Result<Pedido, Error> {
    let id = passo.pedido.id;
    let question = Question { operacao: passo.operacao, charge: &passo.cobranca };
    let mut depois = None;
    let pedido = pedidos::mudar(conn, id, |conn, pedido| {
        let mut cobranca = cobrancas::do_pedido(conn, id)?
            .ok_or_else(|| Error::Internal(format!("the charge of order {id} is gone")))?;
        // Somebody wants it looked at once more, after what we have seen.
        let adiantada = (cobranca.versao != passo.cobranca.versao).then_some(cobranca.proxima_em).flatten();
        let eventos = cobranca.settle(pedido, &question, resultado, terms);
        if let Some(quando) = adiantada {
            cobranca.proxima_em = Some(cobranca.proxima_em.map_or(quando, |nossa| nossa.min(quando)));
        }
        depois = Some(cobranca);
        Ok(eventos)
    })?;
    match depois {
        Some(mut cobranca) => cobrancas::salvar_ou_repetir(conn, &mut cobranca)?,
        None => return Err(DbError::Retry(format!("order {id} was not read")).into()),
    }
    Ok(pedido)
}

pub fn perguntado(
    conn: &mut dyn Connection,
    cobrancas: &[Cobranca],
    operacao: Operacao,
    agora: DataHora,
) -> Result<(), Error> {
    // Looking is no event until there is an answer.
    if operacao == Operacao::Consultar {
        return Ok(());
    }
    let evento = |cobranca: &Cobranca| {
        let valor = cobranca.reembolso_alvo.unwrap_or(cobranca.valor).menos(cobranca.reembolsado);
        (
            cobranca.pedido,
            Evento::novo("perguntado", agora).com(format!("{}: {}", operacao.name(), valor.em_reais())),
        )
    };
    let novos: Vec<(i64, Evento)> = cobrancas.iter().map(evento).collect();
    eventos::registrar(conn, novos.iter().map(|(pedido, evento)| (*pedido, evento)))
}

/// Random, as the provider wants it; the same for all repetitions of one question.
pub fn nova_chave() -> String {
    uuid::Uuid::new_v4().to_string()
}
