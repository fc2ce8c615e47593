//! Finds the orders of a reference, where the provider's id of a charge was lost with an answer, or there may
//! be more than one.

use super::{
    MercadoPago,
    charges::Step,
    client::NoAnswer,
    failure::{CallError, Refusal},
};
use crate::domain::{charge_report::ChargeReport, cobranca::Situacao};

/// Pages of a search that are followed.
const PAGES_MAX: usize = 10;
/// How far the provider's clock may be from ours, in a search by date.
const MARGIN_SECONDS: i64 = 24 * 60 * 60;

impl MercadoPago {
    /// The charge that the provider has for our id of the payment: one with money before an open one before
    /// the others.
    pub(super) fn find(&self, step: &Step<'_>) -> Result<Option<ChargeReport>, CallError> {
        let mut found = self.find_all(step)?;
        let rank = |r: &ChargeReport| match r.situacao {
            Some(Situacao::Paga) => 0,
            Some(Situacao::Reembolsada) => 1,
            Some(Situacao::Aberta) => 2,
            _ => 3,
        };
        found.sort_by_key(rank);
        let uncertain = found.len() > 1;
        Ok(found.into_iter().next().map(|r| ChargeReport { uncertain: r.uncertain || uncertain, ..r }))
    }

    /// All that the provider has for our id of the payment, each as it stands.
    pub(super) fn find_all(&self, step: &Step<'_>) -> Result<Vec<ChargeReport>, CallError> {
        let Some(reference) = &step.pedido.id_pagamento else { return Ok(vec![]) };
        let mut found = Vec::new();
        for id in self.ids_of(reference, step)? {
            let order = self.order(&id, step.deadline).map_err(CallError::of_search)?;
            if order.is_of(reference) {
                found.push(order.into_report()?);
            }
        }
        Ok(found)
    }

    /// Follows the listing for as long as it brings something new; whether its pages begin at 0 or 1 is not
    /// known.
    fn ids_of(&self, reference: &str, step: &Step<'_>) -> Result<Vec<String>, CallError> {
        let mut ids: Vec<String> = Vec::new();
        for page in 0..PAGES_MAX {
            let found: serde_json::Value = match self.get(&query(reference, step, page), step.deadline) {
                Err(CallError::Refused(Refusal { status: 404, .. })) => break,
                found => found.map_err(CallError::of_search)?,
            };
            let list = list(&found).ok_or_else(|| NoAnswer::of("busca ilegível"))?;
            let before = ids.len();
            // A search may show less of an order than the order itself.
            let maybe =
                |o: &&serde_json::Value| o["external_reference"].as_str().is_none_or(|r| r == reference);
            for id in list.iter().filter(maybe).filter_map(|o| o["id"].as_str()) {
                if !ids.iter().any(|seen| seen == id) {
                    ids.push(id.to_owned());
                }
            }
            let total = found["paging"]["total"].as_u64().unwrap_or(list.len() as u64);
            if ids.len() as u64 >= total || list.is_empty() || (page > 1 && ids.len() == before) {
                break;
            }
        }
        Ok(ids)
    }
}

/// Path and query of one page of the search.
fn query(reference: &str, step: &Step<'_>, page: usize) -> String {
    let received = step.pedido.datahora_recebido;
    let begin = received.mais(-MARGIN_SECONDS);
    let end = step.pedido.datahora_expiracao.unwrap_or(received).max(received).mais(2 * MARGIN_SECONDS);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("begin_date", &begin.to_string())
        .append_pair("end_date", &end.to_string())
        .append_pair("external_reference", reference);
    if page > 0 {
        query.append_pair("page", &page.to_string());
    }
    format!("/v1/orders?{}", query.finish())
}

/// The list in an answer to a search, by any of the names that it may have; `None` when there is none.
fn list(found: &serde_json::Value) -> Option<&Vec<serde_json::Value>> {
    let names = ["data", "results", "elements", "orders"];
    found.as_array().or_else(|| names.iter().find_map(|name| found.get(name)?.as_array()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_read_whatever_its_list_is_called() {
        for body in [
            r#"[{"id":1}]"#,
            r#"{"data":[{"id":1}],"paging":{}}"#,
            r#"{"paging":{"x":1},"results":[{"id":1}]}"#,
        ] {
            let body = serde_json::from_str(body).unwrap();
            assert_eq!(list(&body).map(Vec::len), Some(1), "{body}");
        }
        assert!(list(&serde_json::json!({"total": 0})).is_none());
    }
}
