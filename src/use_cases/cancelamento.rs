//! An order that will not be: it leaves every list and stays on record, and money that came for it goes back.

use super::{
    Vista,
    cobranca::{self, Passo},
    conferir_vista,
};
use crate::{
    domain::{
        cobranca::{Cobranca, Situacao},
        data_hora::DataHora,
        dinheiro::Dinheiro,
        pedido::{Evento, Meio, Pedido, StatusPagamento, StatusPedido},
    },
    error::Error,
    payments::{self, Provider},
    store::{Connection, Store, cobrancas, pedidos},
};

/// How a cancellation is meant.
pub enum Pedida<'a> {
    /// `DELETE`: refused when there is money to give back.
    SemReembolso,
    /// With a reason; money is given back. Refused once the customer has the order.
    ComReembolso { motivo: &'a str },
}

/// Cancels; again is the same. The refund of a payment by QR code is asked for at once, and otherwise done later.
pub fn cancelar(
    store: &Store,
    provider: &dyn Provider,
    id: i64,
    pedida: &Pedida<'_>,
    vista: &Vista,
    agora: DataHora,
) -> Result<Pedido, Error> {
    let (pedido, passo) = store.write(|conn| {
        let cobranca = cobrancas::do_pedido(conn, id)?;
        let pedido = pedidos::mudar(conn, id, |_, pedido| {
            if pedido.status_pedido == StatusPedido::Cancelado {
                return Ok(vec![]);
            }
            conferir_vista(pedido, vista)?;
            if pedido.foi_entregue() {
                return Err(entregue(pedido));
            }
            let pago = pedido.status_pagamento == StatusPagamento::Aprovado;
            let motivo = match pedida {
                Pedida::SemReembolso if pago => {
                    let detail = "Pedido já pago: para cancelar é preciso reembolsar o cliente";
                    return Err(Error::conflict("pedido_pago", detail));
                }
                Pedida::SemReembolso => None,
                Pedida::ComReembolso { motivo } => Some(*motivo),
            };
            let mut eventos: Vec<Evento> = pedido.cancelar(agora).into_iter().collect();
            if let (Some(evento), Some(motivo)) = (eventos.first_mut(), motivo) {
                evento.detalhe = Some(motivo.to_owned());
            }
            let no_provedor = cobranca.is_some() && pedido.meio_pagamento == Some(Meio::Qr);
            if pago && no_provedor && !cobranca::serves(provider) {
                let detail =
                    format!("O pagamento está no {}, e este sistema está sem acesso a ele", of_charge());
                return Err(Error::conflict("cobranca_real", detail));
            }
            if pago && !no_provedor {
                pedido.valor_reembolsado = pedido.valor_total;
                eventos.extend(pedido.pagar(StatusPagamento::Reembolsado, agora).map(|e| {
                    let meio = pedido.meio_pagamento.map_or("pagamento", Meio::nome);
                    e.com(format!("{meio}: devolvido no balcão"))
                }));
            }
            Ok(eventos)
        })?;
        if let Some(mut cobranca) = cobranca {
            cobranca.refund_all(&pedido, agora);
            cobranca.review(&pedido);
            cobrancas::salvar_ou_repetir(conn, &mut cobranca)?;
        }
        Ok((pedido, reservar(conn, provider, id, agora)?))
    })?;
    Ok(acompanhar(store, provider, pedido, passo))
}

/// What was handed over is not undone: what there is to do instead.
fn entregue(pedido: &Pedido) -> Error {
    let em_vez = match (pedido.status_pagamento, pedido.meio_pagamento) {
        (StatusPagamento::Enviado | StatusPagamento::Recusado, _) => "receba o pagamento no balcão",
        (StatusPagamento::Aprovado, Some(Meio::Qr)) => "para devolver dinheiro, use o reembolso",
        (StatusPagamento::Aprovado, _) => "o que for devido ao cliente volta no balcão",
        (StatusPagamento::Reembolsado, _) => "o dinheiro já voltou ao cliente",
    };
    let detail = format!("O pedido já foi entregue e não pode mais ser cancelado; {em_vez}");
    Error::conflict("pedido_finalizado", detail)
}

/// Gives back a part of what was paid by QR code, or the whole; the order stands.
pub fn reembolsar(
    store: &Store,
    provider: &dyn Provider,
    id: i64,
    (valor, motivo): (Dinheiro, &str),
    vista: &Vista,
    agora: DataHora,
) -> Result<Pedido, Error> {
    olhar_o_que_esta_em_andamento(store, provider, id, agora)?;
    let (pedido, passo) = store.write(|conn| {
        let cobranca = cobrancas::do_pedido(conn, id)?;
        let pedido = pedidos::mudar(conn, id, |_, pedido| {
            conferir_vista(pedido, vista)?;
            reembolsavel(provider, pedido, cobranca.as_ref(), valor)?;
            let devolvido = cobranca.as_ref().map(|c| c.reembolsado).unwrap_or_default();
            pedido.valor_reembolsado = [devolvido, valor].into_iter().sum();
            let texto = format!("{} a devolver: {motivo}", valor.em_reais());
            Ok(vec![Evento::novo("reembolso", agora).com(texto)])
        })?;
        if let Some(mut cobranca) = cobranca {
            cobranca.reembolso_alvo = Some([cobranca.reembolsado, valor].into_iter().sum());
            (cobranca.operacao, cobranca.manual) = (None, false);
            cobranca.proxima_em = Some(agora);
            cobrancas::salvar_ou_repetir(conn, &mut cobranca)?;
        }
        Ok((pedido, reservar(conn, provider, id, agora)?))
    })?;
    Ok(acompanhar(store, provider, pedido, passo))
}

fn reembolsavel(
    provider: &dyn Provider,
    pedido: &Pedido,
    cobranca: Option<&Cobranca>,
    valor: Dinheiro,
) -> Result<(), Error> {
    let paga = |c: &&Cobranca| c.situacao == Situacao::Paga && pedido.meio_pagamento == Some(Meio::Qr);
    let Some(cobranca) = cobranca.filter(paga) else {
        if pedido.status_pagamento == StatusPagamento::Reembolsado && pedido.meio_pagamento == Some(Meio::Qr)
        {
            return Err(Error::conflict(
                "pedido_reembolsado",
                "O pagamento deste pedido já foi todo devolvido",
            ));
        }
        let name = provider.display_name();
        let detail = format!("Só um pagamento por QR code no {name} pode ser devolvido aqui");
        return Err(Error::conflict("sem_pagamento_no_provedor", detail));
    };
    if pedido.status_pedido == StatusPedido::Cancelado || cobranca.reembolso_alvo.is_some() {
        let detail = "Já há um reembolso em andamento; veja os eventos do pedido";
        return Err(Error::conflict("reembolso_em_andamento", detail));
    }
    let resta = cobranca.valor.menos(cobranca.reembolsado);
    if valor > resta {
        let detail = format!("O reembolso não pode ser maior que {}, que é o que resta", resta.em_reais());
        return Err(Error::conflict("reembolso_grande", detail));
    }
    Ok(())
}

/// A refund that was asked for may be done by now: the provider is looked at before another one is refused for it.
fn olhar_o_que_esta_em_andamento(
    store: &Store,
    provider: &dyn Provider,
    id: i64,
    agora: DataHora,
) -> Result<(), Error> {
    let andamento = |c: Cobranca| c.situacao == Situacao::Paga && c.reembolso_alvo.is_some();
    if !store.read(|conn| cobrancas::do_pedido(conn, id))?.is_some_and(andamento) {
        return Ok(());
    }
    let (pedido, passo) = store.write(|conn| {
        cobrancas::adiantar(conn, id, agora)?;
        Ok((pedidos::buscar(conn, id)?, reservar(conn, provider, id, agora)?))
    })?;
    acompanhar(store, provider, pedido, passo);
    Ok(())
}

/// A person saw to what there was to see to.
pub fn resolve(store: &Store, id: i64, agora: DataHora) -> Result<Pedido, Error> {
    store.write(|conn| {
        let mut cobranca = None;
        let pedido = pedidos::mudar(conn, id, |conn, pedido| {
            cobranca = cobrancas::do_pedido(conn, id)?;
            let Some(cobranca) = &mut cobranca else { return Ok(vec![]) };
            cobranca
                .resolve(pedido, agora)
                .map_err(|e| Error::conflict("reembolso_em_andamento", e.in_words(of_charge())))
        })?;
        if let Some(mut cobranca) = cobranca {
            cobrancas::salvar_ou_repetir(conn, &mut cobranca)?;
        }
        Ok(pedido)
    })
}

/// The name of the provider of a charge, for people.
fn of_charge() -> &'static str {
    payments::display_name(payments::OF_UNNAMED_CHARGES)
}

/// The step at the provider that this has made due; kept from others while the client waits for it.
fn reservar(
    conn: &mut dyn Connection,
    provider: &dyn Provider,
    id: i64,
    agora: DataHora,
) -> Result<Option<Passo>, Error> {
    if !cobranca::serves(provider) {
        return Ok(None);
    }
    cobranca::tomar(conn, id, provider.policy().checkout_wait, agora)
}

/// Does it while the client waits. That it fails is no failure of what was asked: it is written down, and done later.
fn acompanhar(store: &Store, provider: &dyn Provider, pedido: Pedido, passo: Option<Passo>) -> Pedido {
    let Some(passo) = passo else { return pedido };
    cobranca::dar(store, provider, &passo, provider.policy().checkout_wait).unwrap_or_else(|error| {
        log::warn!("order {}: the provider is asked later: {error:?}", pedido.id);
        pedido
    })
}
