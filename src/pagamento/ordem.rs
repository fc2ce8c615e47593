//! The words of Mercado Pago's Orders API. What it answers is read with patience, since its pages contradict each other in
//! places: an amount may be a text or a number, a field may be missing.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::client::{Answer, NoAnswer};
use crate::domain::{
    charge_report::{ChargeReport, Outcome},
    cobranca::{Cobranca, Situacao},
    dinheiro::Dinheiro,
    pedido::{Item, Pedido},
};

const ITENS_MAX: usize = 10;
const TITULO_MAX: usize = 150;
const DESCONHECIDO: &str = "em um estado desconhecido";

/// The list in an answer to a search, by any of the names that it may have; `None` when there is none.
pub fn lista(achados: &serde_json::Value) -> Option<&Vec<serde_json::Value>> {
    let nomes = ["data", "results", "elements", "orders"];
    achados.as_array().or_else(|| nomes.iter().find_map(|nome| achados.get(nome)?.as_array()))
}

/// Lines of one name and price are one item; beyond what is allowed the rest goes under one name.
fn agrupados(itens: &[Item], total: Dinheiro) -> Vec<ItemOrdem> {
    let mut grupos: Vec<(&str, Dinheiro, i64)> = Vec::new();
    for item in itens {
        match grupos.iter_mut().find(|(nome, valor, _)| *nome == item.nome && *valor == item.valor) {
            Some((.., quantidade)) => *quantidade += item.quantidade,
            None => grupos.push((&item.nome, item.valor, item.quantidade)),
        }
    }
    let cabem = if grupos.len() > ITENS_MAX { ITENS_MAX - 1 } else { grupos.len() };
    let mut ordem: Vec<ItemOrdem> =
        grupos[..cabem].iter().map(|(nome, valor, n)| ItemOrdem::novo(nome, *valor, *n)).collect();
    if cabem < grupos.len() {
        let mostrado: Dinheiro = grupos[..cabem].iter().filter_map(|(_, v, n)| v.vezes(*n)).sum();
        ordem.push(ItemOrdem::novo("Outros itens", total.menos(mostrado), 1));
    }
    ordem
}

/// What is sent to make one.
#[derive(Serialize)]
pub struct NovaOrdem<'a> {
    r#type: &'static str,
    external_reference: &'a str,
    total_amount: String,
    description: String,
    expiration_time: String,
    config: serde_json::Value,
    transactions: serde_json::Value,
    items: Vec<ItemOrdem>,
}

impl<'a> NovaOrdem<'a> {
    /// The same for each repetition: all of it is stored, but for the point of sale.
    pub fn nova(cobranca: &Cobranca, pedido: &'a Pedido, pos: &str) -> NovaOrdem<'a> {
        let valor = cobranca.valor.to_string();
        NovaOrdem {
            r#type: "qr",
            external_reference: pedido.id_pagamento.as_deref().unwrap_or_default(),
            description: format!("Pedido {}", pedido.id),
            expiration_time: format!("PT{}S", cobranca.validade),
            config: serde_json::json!({"qr": {"external_pos_id": pos, "mode": "dynamic"}}),
            transactions: serde_json::json!({"payments": [{"amount": valor}]}),
            items: agrupados(&pedido.itens, cobranca.valor),
            total_amount: valor,
        }
    }
}

#[derive(Serialize)]
struct ItemOrdem {
    title: String,
    unit_price: String,
    quantity: i64,
    unit_measure: &'static str,
}

impl ItemOrdem {
    fn novo(nome: &str, valor: Dinheiro, quantidade: i64) -> ItemOrdem {
        ItemOrdem {
            title: nome.chars().take(TITULO_MAX).collect(),
            unit_price: valor.to_string(),
            quantity: quantidade,
            unit_measure: "unit",
        }
    }
}

/// Anything of the older APIs that leads to one of our payments.
#[derive(Deserialize)]
pub struct ComReferencia {
    pub external_reference: Option<String>,
}

#[derive(Deserialize)]
pub struct Ordem {
    id: String,
    status: Option<String>,
    external_reference: Option<String>,
    total_amount: Option<Valor>,
    currency: Option<String>,
    expiration_time: Option<String>,
    transactions: Option<Transacoes>,
    type_response: Option<Resposta>,
}

#[derive(Deserialize)]
struct Transacoes {
    #[serde(default)]
    payments: Vec<Pagamento>,
}

#[derive(Deserialize)]
struct Pagamento {
    id: Option<String>,
    amount: Option<Valor>,
    paid_amount: Option<Valor>,
    refunded_amount: Option<Valor>,
}

#[derive(Deserialize)]
struct Resposta {
    qr_data: Option<String>,
}

/// `"57.80"` or `57.8`, read digit by digit either way.
struct Valor(Option<Dinheiro>);

impl<'de> Deserialize<'de> for Valor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Valor, D::Error> {
        let texto = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Valor(texto.get().trim_matches('"').parse().ok()))
    }
}

impl Ordem {
    fn pagamentos(&self) -> impl Iterator<Item = &Pagamento> {
        self.transactions.iter().flat_map(|t| &t.payments)
    }

    pub fn e_de(&self, referencia: &str) -> bool {
        self.external_reference.as_deref() == Some(referencia)
    }

    /// The provider's id of the payment that a refund names.
    pub fn pagamento(&self) -> Option<&str> {
        self.pagamentos().next()?.id.as_deref()
    }

    pub fn verdade(self) -> Result<ChargeReport, NoAnswer> {
        if self.id.is_empty() || self.id.len() > 64 || !self.id.is_ascii() {
            return Err(NoAnswer::of("resposta sem um id que sirva"));
        }
        let soma = |campo: fn(&Pagamento) -> Option<&Valor>| {
            let valores: Vec<Dinheiro> = self.pagamentos().filter_map(|p| campo(p)?.0).collect();
            (!valores.is_empty()).then(|| valores.into_iter().sum::<Dinheiro>())
        };
        let situacao = match self.status.as_deref() {
            Some("created") => Some(Situacao::Aberta),
            Some("canceled" | "cancelled") => Some(Situacao::Cancelada),
            Some("expired") => Some(Situacao::Expirada),
            Some("processed") => Some(Situacao::Paga),
            Some("refunded") => Some(Situacao::Reembolsada),
            _ => None,
        };
        let reembolsado = match situacao {
            Some(Situacao::Reembolsada) => {
                soma(|p| p.refunded_amount.as_ref()).or(soma(|p| p.amount.as_ref()))
            }
            _ => soma(|p| p.refunded_amount.as_ref()),
        };
        let total = self.total_amount.as_ref().and_then(|v| v.0);
        Ok(ChargeReport {
            valor: total.or_else(|| soma(|p| p.amount.as_ref())),
            paid: soma(|p| p.paid_amount.as_ref()),
            reembolsado: reembolsado.unwrap_or_default(),
            situacao,
            state: self.status.as_deref().map_or(DESCONHECIDO, em_portugues),
            uncertain: false,
            validade: self.expiration_time.as_deref().and_then(segundos),
            qr_data: self.type_response.and_then(|r| r.qr_data).filter(|qr| !qr.is_empty()),
            reference: self.external_reference,
            currency: self.currency,
            id_externo: self.id,
        })
    }
}

/// A state that says nothing of the money, for people.
fn em_portugues(estado: &str) -> &'static str {
    match estado {
        "failed" => "em falha",
        "at_terminal" | "action_required" | "in_process" | "pending" => "em andamento",
        _ => DESCONHECIDO,
    }
}

/// The seconds of an ISO 8601 duration such as `PT15M`.
fn segundos(duracao: &str) -> Option<i64> {
    duracao.parse::<jiff::SignedDuration>().ok().map(|d| d.as_secs()).filter(|s| *s > 0)
}

/// An answer that says no.
pub struct Recusa {
    pub status: u16,
    pub codigo: String,
    /// For people, in Portuguese.
    pub razao: String,
}

impl Recusa {
    /// The code in the body, in either of the shapes that Mercado Pago's APIs have; else the status.
    pub fn of(resposta: &Answer) -> Recusa {
        let corpo: serde_json::Value = serde_json::from_slice(&resposta.body).unwrap_or_default();
        let texto = |v: &serde_json::Value| v.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
        let codigo = texto(&corpo["errors"][0]["code"])
            .or_else(|| texto(&corpo["cause"][0]["code"]))
            .or_else(|| texto(&corpo["error"]))
            .or_else(|| texto(&corpo["code"]))
            .unwrap_or_default();
        let razao = match codigo.as_str() {
            "pos_not_found" => "o ponto de venda não foi encontrado".to_owned(),
            "instore_order_locked_error" => "há um pagamento em andamento".to_owned(),
            _ => format!("erro {}", resposta.status),
        };
        let codigo: String = codigo.chars().filter(|c| !c.is_control()).take(80).collect();
        let codigo = format!("{} {codigo}", resposta.status).trim().to_owned();
        Recusa { status: resposta.status, codigo, razao }
    }

    pub fn resultado(self) -> Outcome {
        Outcome::Refused { code: self.codigo, reason: self.razao }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ordem(json: &str) -> ChargeReport {
        serde_json::from_str::<Ordem>(json).unwrap().verdade().ok().unwrap()
    }

    #[test]
    fn amounts_are_read_as_texts_and_as_numbers_and_never_as_floats() {
        for total in ["\"57.80\"", "57.8", "57.80"] {
            let verdade = ordem(&format!(
                r#"{{"id":"ORD1","status":"processed","external_reference":"r","total_amount":{total},
                "transactions":{{"payments":[{{"id":"PAY1","amount":{total},"paid_amount":{total},"novo":[]}}]}},"outro":{{}}}}"#
            ));
            assert_eq!(verdade.valor.map(Dinheiro::centavos), Some(5780));
            assert_eq!(verdade.paid.map(Dinheiro::centavos), Some(5780));
            assert_eq!(verdade.situacao, Some(Situacao::Paga));
        }
        // What cannot be read exactly is as good as absent.
        assert_eq!(ordem(r#"{"id":"ORD1","total_amount":5.78e1}"#).valor, None);
    }

    #[test]
    fn an_order_in_its_shortest_form() {
        let verdade = ordem(r#"{"id":"ORD1","status":"at_terminal"}"#);
        assert_eq!((verdade.situacao, verdade.valor, verdade.qr_data), (None, None, None));
    }

    #[test]
    fn people_read_no_word_of_the_providers() {
        let estado = |status: &str| ordem(&format!(r#"{{"id":"ORD1","status":"{status}"}}"#)).state_name();
        assert_eq!(estado("processed"), "paga");
        assert_eq!(estado("at_terminal"), "em andamento");
        assert_eq!(estado("charged_back_partially"), "em um estado desconhecido");
        assert_eq!(ordem(r#"{"id":"ORD1"}"#).state_name(), "em um estado desconhecido");
    }

    #[test]
    fn durations() {
        assert_eq!(segundos("PT15M"), Some(900));
        assert_eq!(segundos("PT30S"), Some(30));
        assert_eq!(segundos("PT3600H"), Some(12_960_000));
        assert_eq!(segundos("tomorrow"), None);
    }

    #[test]
    fn refusals_in_either_shape_and_in_none() {
        for (corpo, codigo) in [
            (r#"{"errors":[{"code":"pos_not_found","message":"m"}]}"#, "404 pos_not_found"),
            (r#"{"message":"m","error":"not_found","status":404,"cause":[]}"#, "404 not_found"),
            ("<html>", "404"),
        ] {
            assert_eq!(
                Recusa::of(&Answer { status: 404, body: corpo.into(), repeated: false }).codigo,
                codigo
            );
        }
    }

    #[test]
    fn a_search_is_read_whatever_its_list_is_called() {
        for corpo in [
            r#"[{"id":1}]"#,
            r#"{"data":[{"id":1}],"paging":{}}"#,
            r#"{"paging":{"x":1},"results":[{"id":1}]}"#,
        ] {
            let corpo = serde_json::from_str(corpo).unwrap();
            assert_eq!(lista(&corpo).map(Vec::len), Some(1), "{corpo}");
        }
        assert!(lista(&serde_json::json!({"total": 0})).is_none());
    }

    proptest! {
        #[test]
        fn grouped_items_are_at_most_ten_and_sum_to_the_total(
            linhas in prop::collection::vec((0..30u8, 1..=999_999i64, 1..=999i64), 1..=100)
        ) {
            let itens: Vec<Item> = linhas.iter().map(|(nome, centavos, quantidade)| Item {
                produto: None, nome: format!("P{nome}"), quantidade: *quantidade, descricao: None,
                valor: Dinheiro::de_sql(&format!("{}.{:02}", centavos / 100, centavos % 100)).unwrap(),
            }).collect();
            let total: Dinheiro = itens.iter().map(|i| i.valor.vezes(i.quantidade).unwrap()).sum();
            let ordem = agrupados(&itens, total);
            prop_assert!(ordem.len() <= ITENS_MAX);
            let soma: Dinheiro = ordem.iter().map(|i| i.unit_price.parse::<Dinheiro>().unwrap().vezes(i.quantity).unwrap()).sum();
            prop_assert_eq!(soma, total);
        }
    }
}
