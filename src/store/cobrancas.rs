//! `cobrancas`: what the payment provider was asked to collect, and when to look at it next.

use super::{
    connection::{Connection, Row, Value},
    inserir_linhas,
};
use crate::{
    domain::{
        a_mais::AMais,
        cobranca::{Cobranca, Situacao},
        data_hora::DataHora,
        pendencia::Pendencia,
    },
    error::{DbError, Error},
};

const COLUNAS: &str = "pedido, valor, validade, situacao, id_externo, reembolsado, reembolso_alvo, operacao, chave, \
                       tentativas, proxima_em, pendencia, pendente_desde, versao, manual, chave_em, motivo, \
                       incerta_ate";

pub fn inserir(conn: &mut dyn Connection, cobrancas: &[Cobranca]) -> Result<(), Error> {
    let linha = |cobranca: &Cobranca| {
        [
            cobranca.pedido.into(),
            cobranca.valor.into(),
            cobranca.validade.into(),
            cobranca.operacao.map(|o| o as i64).into(),
            cobranca.chave.clone().into(),
            cobranca.chave_em.into(),
            cobranca.proxima_em.into(),
        ]
    };
    let tabela = "cobrancas (pedido, valor, validade, operacao, chave, chave_em, proxima_em)";
    Ok(inserir_linhas(conn, tabela, cobrancas.iter().map(linha).collect())?)
}

/// `None` when the order has no charge at a provider.
pub fn do_pedido(conn: &mut dyn Connection, pedido: i64) -> Result<Option<Cobranca>, Error> {
    let sql = format!("SELECT {COLUNAS} FROM cobrancas WHERE pedido = ?");
    let mut achada = conn.query(&sql, &[pedido.into()])?.first().map(cobranca).transpose()?;
    if let Some(cobranca) = achada.as_mut().filter(|c| c.incerta_ate.is_some()) {
        cobranca.a_mais = a_mais(conn, pedido)?;
    }
    Ok(achada)
}

/// Charges that the provider has beside the one that counts.
fn a_mais(conn: &mut dyn Connection, pedido: i64) -> Result<Vec<AMais>, Error> {
    let sql =
        "SELECT id_externo, situacao, valor, reembolsado, resolvida FROM cobrancas_a_mais WHERE pedido = ?";
    let linhas = conn.query(sql, &[pedido.into()])?;
    let uma = |l: &Row| {
        Ok(AMais {
            id_externo: l.text(0)?.to_owned(),
            // 0 is a state that says nothing.
            situacao: Some(l.numbered(1)?).filter(|s| *s != Situacao::Pedida),
            valor: l.money(2)?,
            reembolsado: l.money(3)?,
            resolvida: l.int(4)? != 0,
        })
    };
    Ok(linhas.iter().map(uma).collect::<Result<_, DbError>>()?)
}

/// Guarded by the version of the charge, which is saved first.
fn salvar_a_mais(conn: &mut dyn Connection, cobranca: &Cobranca) -> Result<(), Error> {
    if cobranca.a_mais.is_empty() {
        return Ok(());
    }
    conn.execute("DELETE FROM cobrancas_a_mais WHERE pedido = ?", &[cobranca.pedido.into()])?;
    let linha = |c: &AMais| {
        [
            Value::from(c.id_externo.as_str()),
            cobranca.pedido.into(),
            Value::Int(c.situacao.map_or(0, |s| s as i64)),
            c.valor.into(),
            c.reembolsado.into(),
            c.resolvida.into(),
        ]
    };
    let tabela = "cobrancas_a_mais (id_externo, pedido, situacao, valor, reembolsado, resolvida)";
    Ok(inserir_linhas(conn, tabela, cobranca.a_mais.iter().map(linha).collect())?)
}

/// The order behind the provider's id.
pub fn do_id_externo(conn: &mut dyn Connection, id: &str) -> Result<Option<i64>, Error> {
    let achado = um(conn, "SELECT pedido FROM cobrancas WHERE id_externo = ?", id)?;
    match achado {
        None => um(conn, "SELECT pedido FROM cobrancas_a_mais WHERE id_externo = ?", id),
        achado => Ok(achado),
    }
}

/// The order behind our own id, as the provider repeats it; only if it has a charge there.
pub fn da_referencia(conn: &mut dyn Connection, id_pagamento: &str) -> Result<Option<i64>, Error> {
    let sql = "SELECT c.pedido FROM pedidos p JOIN cobrancas c ON c.pedido = p.id WHERE p.id_pagamento = ?";
    um(conn, sql, id_pagamento)
}

/// The orders whose charge is to be looked at, the longest due first.
pub fn devidas(conn: &mut dyn Connection, agora: DataHora, limite: i64) -> Result<Vec<i64>, Error> {
    let sql = "SELECT pedido FROM cobrancas WHERE proxima_em <= ? ORDER BY proxima_em LIMIT ?";
    let linhas = conn.query(sql, &[agora.into(), limite.into()])?;
    Ok(linhas.iter().map(|l| l.int(0)).collect::<Result<_, DbError>>()?)
}

/// Makes the next step due now; gives whether it was not already. Who is at work on it finds out when he saves.
pub fn adiantar(conn: &mut dyn Connection, pedido: i64, agora: DataHora) -> Result<bool, Error> {
    let sql = "UPDATE cobrancas SET proxima_em = ?, versao = versao + 1 \
               WHERE pedido = ? AND (proxima_em IS NULL OR proxima_em > ?)";
    Ok(conn.execute(sql, &[agora.into(), pedido.into(), agora.into()])? == 1)
}

/// Saves what may change, if nobody changed it since it was read; `false` if somebody did.
pub fn salvar(conn: &mut dyn Connection, cobranca: &mut Cobranca) -> Result<bool, Error> {
    let sql = "UPDATE cobrancas SET situacao = ?, id_externo = ?, reembolsado = ?, reembolso_alvo = ?, manual = ?, \
               operacao = ?, chave = ?, tentativas = ?, proxima_em = ?, pendencia = ?, pendente_desde = ?, \
               chave_em = ?, motivo = ?, incerta_ate = ?, versao = versao + 1 WHERE pedido = ? AND versao = ?";
    let valores = [
        Value::Int(cobranca.situacao as i64),
        cobranca.id_externo.clone().into(),
        cobranca.reembolsado.into(),
        cobranca.reembolso_alvo.into(),
        cobranca.manual.into(),
        cobranca.operacao.map(|o| o as i64).into(),
        cobranca.chave.clone().into(),
        cobranca.tentativas.into(),
        cobranca.proxima_em.into(),
        cobranca.pendencia.clone().into(),
        cobranca.pendente_desde.into(),
        cobranca.chave_em.into(),
        cobranca.motivo.map(|m| m as i64).into(),
        cobranca.incerta_ate.into(),
        cobranca.pedido.into(),
        cobranca.versao.into(),
    ];
    let salva = conn.execute(sql, &valores)? == 1;
    if salva {
        cobranca.versao += 1;
        salvar_a_mais(conn, cobranca)?;
    }
    Ok(salva)
}

/// As `salvar`, where somebody who was faster is a reason to begin the transaction again.
pub fn salvar_ou_repetir(conn: &mut dyn Connection, cobranca: &mut Cobranca) -> Result<(), Error> {
    if salvar(conn, cobranca)? {
        Ok(())
    } else {
        Err(DbError::Retry(format!("the charge of order {} changed", cobranca.pedido)).into())
    }
}

/// Charges that somebody should look after: open ones, and money that is to go back.
pub fn vivas(conn: &mut dyn Connection) -> Result<i64, Error> {
    let linhas = conn.query("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL", &[])?;
    Ok(linhas.first().map_or(Ok(0), |l| l.int(0))?)
}

pub fn quantas_pendentes(conn: &mut dyn Connection) -> Result<i64, Error> {
    let linhas = conn.query("SELECT COUNT(*) FROM cobrancas WHERE pendente_desde IS NOT NULL", &[])?;
    Ok(linhas.first().map_or(Ok(0), |l| l.int(0))?)
}

/// Orders with something that a person has to look at, the oldest matter first.
pub fn pendentes(conn: &mut dyn Connection, limite: i64) -> Result<Vec<Pendencia>, Error> {
    let sql = "SELECT p.id, p.senha, p.status_pedido, c.pendencia, c.pendente_desde FROM cobrancas c \
               JOIN pedidos p ON p.id = c.pedido WHERE c.pendente_desde IS NOT NULL ORDER BY c.pendente_desde, p.id LIMIT ?";
    let linhas = conn.query(sql, &[limite.into()])?;
    let pendencias = linhas.iter().map(|l| {
        Ok(Pendencia {
            pedido: l.int(0)?,
            senha: l.int_or_null(1)?,
            status_pedido: l.numbered(2)?,
            pendencia: l.text(3)?.to_owned(),
            desde: l.time(4)?,
        })
    });
    Ok(pendencias.collect::<Result<_, DbError>>()?)
}

fn um(conn: &mut dyn Connection, sql: &str, valor: &str) -> Result<Option<i64>, Error> {
    Ok(conn.query(sql, &[valor.into()])?.first().map(|l| l.int(0)).transpose()?)
}

fn cobranca(linha: &Row) -> Result<Cobranca, DbError> {
    Ok(Cobranca {
        pedido: linha.int(0)?,
        valor: linha.money(1)?,
        validade: linha.int(2)?,
        situacao: linha.numbered(3)?,
        id_externo: linha.string_or_null(4)?,
        reembolsado: linha.money(5)?,
        reembolso_alvo: linha.text_or_null(6)?.map(|_| linha.money(6)).transpose()?,
        operacao: linha.int_or_null(7)?.map(|_| linha.numbered(7)).transpose()?,
        chave: linha.string_or_null(8)?,
        tentativas: linha.int(9)?,
        proxima_em: linha.time_or_null(10)?,
        pendencia: linha.string_or_null(11)?,
        pendente_desde: linha.time_or_null(12)?,
        versao: linha.int(13)?,
        manual: linha.int(14)? != 0,
        chave_em: linha.time_or_null(15)?,
        motivo: linha.int_or_null(16)?.map(|_| linha.numbered(16)).transpose()?,
        incerta_ate: linha.time_or_null(17)?,
        a_mais: Vec::new(),
    })
}
