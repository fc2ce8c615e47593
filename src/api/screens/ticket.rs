//! A ticket of the kitchen: what a cook has to know of an order, in words.

use std::collections::HashSet;

use crate::domain::{
    data_hora::DataHora,
    pedido::{Local, Pedido, StatusPedido},
};

/// When and by whom tickets are looked at.
#[derive(Clone, Copy)]
pub struct Look {
    pub now: DataHora,
    /// An order may be handed over here.
    pub at_counter: bool,
    /// Minutes after which an order is to be looked at, and after which it is late.
    pub limits: [i64; 2],
}

/// Tickets of one state.
pub struct Column {
    /// The state.
    pub state: StatusPedido,
    /// Oldest first.
    pub tickets: Vec<Ticket>,
    /// How many are not shown.
    pub more: i64,
}

impl Column {
    /// For the ids of the page.
    pub fn name(&self) -> &'static str {
        match self.state {
            StatusPedido::Recebido => "recebidos",
            StatusPedido::EmPreparacao => "preparando",
            _ => "prontos",
        }
    }
}

/// What is said of how long an order has waited.
#[derive(Clone, Copy)]
pub struct Age {
    /// Minutes since it came, or since it is ready.
    pub minutes: i64,
    /// Of the style sheet.
    pub class: &'static str,
    /// A sign that differs by its shape.
    pub sign: &'static str,
    /// The same in a word.
    pub word: &'static str,
}

/// A line of an order.
pub struct Line {
    /// How many.
    pub quantity: i64,
    /// What.
    pub name: String,
    /// The customer's note.
    pub note: Option<String>,
    /// Whether another station makes it.
    pub elsewhere: bool,
    product: Option<i64>,
}

/// A ticket.
pub struct Ticket {
    /// Of the order.
    pub id: i64,
    /// The number that is called.
    pub number: i64,
    /// As seen.
    pub version: i64,
    /// How long it has waited.
    pub age: Age,
    /// What was ordered.
    pub lines: Vec<Line>,
    /// Where it is going to be eaten.
    pub place: Option<String>,
    /// Whether money is still expected.
    pub unpaid: bool,
    /// The state that a tap leads to, and the word for it; none where the caller may do no more.
    pub next: Option<(i64, &'static str)>,
    /// One step back, likewise.
    pub back: Option<(i64, &'static str)>,
    /// The key that moves it.
    pub key: Option<usize>,
}

impl Ticket {
    /// Of this order.
    pub fn of(pedido: &Pedido, look: Look) -> Ticket {
        let Look { now, at_counter, limits } = look;
        let (next, back) = match pedido.status_pedido {
            StatusPedido::Recebido => (Some((2, "Começar")), None),
            StatusPedido::EmPreparacao => (Some((3, "Pronto")), Some((1, "Não começou"))),
            StatusPedido::Pronto => (at_counter.then_some((4, "Entregue")), Some((2, "Não está pronto"))),
            StatusPedido::Finalizado => (None, at_counter.then_some((3, "Não foi entregue"))),
            StatusPedido::Cancelado => (None, None),
        };
        let ready = pedido.datahora_pronto.filter(|_| pedido.status_pedido == StatusPedido::Pronto);
        let since = ready.unwrap_or(pedido.datahora_recebido).segundos();
        let lines = pedido.itens.iter().map(|item| Line {
            quantity: item.quantidade,
            name: item.nome.clone(),
            note: item.descricao.clone().filter(|note| !note.trim().is_empty()),
            elsewhere: false,
            product: item.produto,
        });
        Ticket {
            id: pedido.id,
            number: pedido.called_number(),
            version: pedido.versao,
            age: age((now.segundos() - since).max(0) / 60, ready.is_some(), limits),
            lines: lines.collect(),
            place: place(pedido),
            unpaid: pedido.status_pagamento.is_unpaid(),
            next,
            back,
            key: None,
        }
    }

    /// As the station sees it that makes only these products; `None` where it has nothing to do.
    pub fn of_station(mut self, only: Option<&HashSet<i64>>) -> Option<Ticket> {
        let Some(only) = only else { return Some(self) };
        for line in &mut self.lines {
            line.elsewhere = line.product.is_some_and(|product| !only.contains(&product));
        }
        self.lines.iter().any(|line| !line.elsewhere).then_some(self)
    }
}

/// Where an order is going to be eaten, as the staff says it.
pub fn place(pedido: &Pedido) -> Option<String> {
    let local = match pedido.destino.local {
        Some(Local::Levar) => Some("Para levar".to_owned()),
        Some(Local::Aqui) if pedido.destino.mesa.is_none() => Some("Comer aqui".to_owned()),
        _ => None,
    };
    let mesa = pedido.destino.mesa.as_ref().map(|mesa| format!("Mesa {mesa}"));
    match (local, mesa) {
        (Some(local), Some(mesa)) => Some(format!("{local} · {mesa}")),
        (local, mesa) => local.or(mesa),
    }
}

fn age(minutes: i64, is_ready: bool, [attention, late]: [i64; 2]) -> Age {
    let (class, sign, word) = match minutes {
        _ if is_ready => ("pronta", "✓", "pronto"),
        m if m >= late => ("atrasada", "■", "atrasado"),
        m if m >= attention => ("atencao", "▲", "atenção"),
        _ => ("no-tempo", "●", "no tempo"),
    };
    Age { minutes, class, sign, word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_late_from_the_second_limit_on() {
        let words = [0, 9, 10, 19, 20, 600].map(|minutes| age(minutes, false, [10, 20]).word);
        assert_eq!(words, ["no tempo", "no tempo", "atenção", "atenção", "atrasado", "atrasado"]);
        assert_eq!(age(600, true, [10, 20]).word, "pronto");
    }
}
