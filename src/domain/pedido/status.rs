//! The numbered states of an order and of its payment, and the ways to pay, as they occur on the wire and in SQL.

use serde::{Serialize, Serializer};

/// Where an order is on its way through the kitchen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatusPedido {
    Recebido = 1,
    EmPreparacao = 2,
    Pronto = 3,
    Finalizado = 4,
    Cancelado = 5,
}

/// How the payment of an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusPagamento {
    Enviado = 1,
    Aprovado = 2,
    Recusado = 3,
    Reembolsado = 4,
}

/// How an order was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meio {
    Qr,
    Dinheiro,
    Maquininha,
}

impl StatusPedido {
    /// Whether an order in it is on the boards: neither handed over nor cancelled.
    pub fn is_open(self) -> bool {
        !matches!(self, StatusPedido::Finalizado | StatusPedido::Cancelado)
    }

    /// For people, in Portuguese.
    pub fn descricao(self) -> &'static str {
        match self {
            StatusPedido::Recebido => "Recebido",
            StatusPedido::EmPreparacao => "Em preparação",
            StatusPedido::Pronto => "Pronto",
            StatusPedido::Finalizado => "Finalizado",
            StatusPedido::Cancelado => "Cancelado",
        }
    }

    /// Whether a move is allowed: any number of steps forward, one step back to correct a slip, and nowhere from or to
    /// Cancelado.
    pub fn may_become(self, para: StatusPedido) -> bool {
        let kitchen = |s: StatusPedido| s != StatusPedido::Cancelado;
        kitchen(self) && kitchen(para) && (para > self || para as i64 == self as i64 - 1)
    }
}

impl StatusPagamento {
    /// For people, in Portuguese.
    pub fn descricao(self) -> &'static str {
        match self {
            StatusPagamento::Enviado => "Pagamento enviado",
            StatusPagamento::Aprovado => "Aprovado",
            StatusPagamento::Recusado => "Recusado",
            StatusPagamento::Reembolsado => "Reembolsado",
        }
    }

    /// The state after this news, which may come late, twice and in any order: the state only climbs. A refused attempt may
    /// still be followed by a good one; money that came is only undone by a refund.
    pub fn after(self, news: StatusPagamento) -> StatusPagamento {
        if news.rank() > self.rank() { news } else { self }
    }

    /// Whether money is still expected.
    pub fn is_unpaid(self) -> bool {
        matches!(self, StatusPagamento::Enviado | StatusPagamento::Recusado)
    }

    fn rank(self) -> u8 {
        match self {
            StatusPagamento::Enviado => 0,
            StatusPagamento::Recusado => 1,
            StatusPagamento::Aprovado => 2,
            StatusPagamento::Reembolsado => 3,
        }
    }
}

impl Meio {
    /// As on the wire and in SQL.
    pub fn nome(self) -> &'static str {
        match self {
            Meio::Qr => "qr",
            Meio::Dinheiro => "dinheiro",
            Meio::Maquininha => "maquininha",
        }
    }
}

impl TryFrom<i64> for StatusPedido {
    type Error = &'static str;

    fn try_from(numero: i64) -> Result<StatusPedido, Self::Error> {
        match numero {
            1 => Ok(StatusPedido::Recebido),
            2 => Ok(StatusPedido::EmPreparacao),
            3 => Ok(StatusPedido::Pronto),
            4 => Ok(StatusPedido::Finalizado),
            5 => Ok(StatusPedido::Cancelado),
            _ => Err("Status do pedido inválido"),
        }
    }
}

impl TryFrom<i64> for StatusPagamento {
    type Error = &'static str;

    fn try_from(numero: i64) -> Result<StatusPagamento, Self::Error> {
        match numero {
            1 => Ok(StatusPagamento::Enviado),
            2 => Ok(StatusPagamento::Aprovado),
            3 => Ok(StatusPagamento::Recusado),
            4 => Ok(StatusPagamento::Reembolsado),
            _ => Err("Status do pagamento inválido"),
        }
    }
}

impl TryFrom<&str> for Meio {
    type Error = &'static str;

    fn try_from(nome: &str) -> Result<Meio, Self::Error> {
        [Meio::Qr, Meio::Dinheiro, Meio::Maquininha]
            .into_iter()
            .find(|m| m.nome() == nome)
            .ok_or("Meio de pagamento inválido")
    }
}

impl Serialize for Meio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.nome())
    }
}

impl Serialize for StatusPedido {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(*self as i64)
    }
}

impl Serialize for StatusPagamento {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(*self as i64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn payment_news_in_any_order_ends_in_the_same_state(news in prop::collection::vec(1..=4i64, 0..20)) {
            let news: Vec<StatusPagamento> = news.into_iter().map(|n| n.try_into().unwrap()).collect();
            let end = |n: &mut dyn Iterator<Item = &StatusPagamento>| n.fold(StatusPagamento::Enviado, |s, n| s.after(*n));
            prop_assert_eq!(end(&mut news.iter()), end(&mut news.iter().rev()));
            if news.contains(&StatusPagamento::Aprovado) {
                prop_assert_ne!(end(&mut news.iter()), StatusPagamento::Recusado);
            }
        }
    }
}
