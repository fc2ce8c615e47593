//! What is sent to create an order. It is the same for each repetition of a creation, since all of it is
//! stored, but for the point of sale.

use serde::Serialize;

use super::client::NoAnswer;
use crate::domain::{
    cobranca::Cobranca,
    dinheiro::Dinheiro,
    pedido::{Item, Pedido},
};

const ITEMS_MAX: usize = 10;
const TITLE_CHARS_MAX: usize = 150;

/// The body of `POST /v1/orders`.
#[derive(Serialize)]
pub struct NewOrder<'a> {
    r#type: &'static str,
    external_reference: &'a str,
    total_amount: String,
    description: String,
    expiration_time: String,
    config: serde_json::Value,
    transactions: serde_json::Value,
    items: Vec<OrderItem>,
}

#[derive(Serialize)]
struct OrderItem {
    title: String,
    unit_price: String,
    quantity: i64,
    unit_measure: &'static str,
}

impl<'a> NewOrder<'a> {
    /// `point_of_sale` is the `external_id` of one that is set up there.
    pub fn new(charge: &Cobranca, pedido: &'a Pedido, point_of_sale: &str) -> NewOrder<'a> {
        let amount = charge.valor.to_string();
        NewOrder {
            r#type: "qr",
            external_reference: pedido.id_pagamento.as_deref().unwrap_or_default(),
            description: format!("Pedido {}", pedido.id),
            expiration_time: format!("PT{}S", charge.validade),
            config: serde_json::json!({"qr": {"external_pos_id": point_of_sale, "mode": "dynamic"}}),
            transactions: serde_json::json!({"payments": [{"amount": amount}]}),
            items: grouped(&pedido.itens, charge.valor),
            total_amount: amount,
        }
    }

    /// As it is sent.
    pub fn to_json(&self) -> Result<String, NoAnswer> {
        serde_json::to_string(self).map_err(|e| NoAnswer::of(&e.to_string()))
    }
}

impl OrderItem {
    fn new(name: &str, valor: Dinheiro, quantity: i64) -> OrderItem {
        OrderItem {
            title: name.chars().take(TITLE_CHARS_MAX).collect(),
            unit_price: valor.to_string(),
            quantity,
            unit_measure: "unit",
        }
    }
}

/// Lines of one name and price are one item; beyond what is allowed the rest goes under one name.
fn grouped(itens: &[Item], total: Dinheiro) -> Vec<OrderItem> {
    let mut groups: Vec<(&str, Dinheiro, i64)> = Vec::new();
    for item in itens {
        match groups.iter_mut().find(|(name, valor, _)| *name == item.nome && *valor == item.valor) {
            Some((.., quantity)) => *quantity += item.quantidade,
            None => groups.push((&item.nome, item.valor, item.quantidade)),
        }
    }
    let fitting = if groups.len() > ITEMS_MAX { ITEMS_MAX - 1 } else { groups.len() };
    let mut items: Vec<OrderItem> =
        groups[..fitting].iter().map(|(name, valor, n)| OrderItem::new(name, *valor, *n)).collect();
    if fitting < groups.len() {
        let shown: Dinheiro = groups[..fitting].iter().filter_map(|(_, v, n)| v.vezes(*n)).sum();
        items.push(OrderItem::new("Outros itens", total.menos(shown), 1));
    }
    items
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn grouped_items_are_at_most_ten_and_sum_to_the_total(
            lines in prop::collection::vec((0..30u8, 1..=999_999i64, 1..=999i64), 1..=100)
        ) {
            let itens: Vec<Item> = lines.iter().map(|(name, cents, quantidade)| Item {
                produto: None, nome: format!("P{name}"), quantidade: *quantidade, descricao: None,
                valor: Dinheiro::de_sql(&format!("{}.{:02}", cents / 100, cents % 100)).unwrap(),
            }).collect();
            let total: Dinheiro = itens.iter().map(|i| i.valor.vezes(i.quantidade).unwrap()).sum();
            let items = grouped(&itens, total);
            prop_assert!(items.len() <= ITEMS_MAX);
            let sum: Dinheiro = items.iter().map(|i| i.unit_price.parse::<Dinheiro>().unwrap().vezes(i.quantity).unwrap()).sum();
            prop_assert_eq!(sum, total);
        }
    }
}
