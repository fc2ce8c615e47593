//! The harness for payments: a restaurant whose provider is a stand-in for Mercado Pago.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use crate::{
    Database, Response, Restaurant,
    restaurant::wait_until,
    standin::{self, Faults, Order, Running, Settings},
};

pub const TOKEN: &str = "APP_USR-token-que-ninguem-pode-ver";
pub const SECRET: &str = "segredo-dos-avisos";

/// A restaurant with the stand-in; derefs to the restaurant. Tests call it `till`.
pub struct Till {
    pub r: Restaurant,
    /// The stand-in for Mercado Pago.
    pub mp: Running,
}

impl Till {
    pub fn new(database: Database) -> Till {
        Till::with_faults(database, Faults::default(), &[])
    }

    /// With these faults of the stand-in and these settings; otherwise polling every second, and no rate limits.
    pub fn with_faults(database: Database, faults: Faults, environment: &[(&str, &str)]) -> Till {
        Till::over(faults, environment, |all| Restaurant::with_environment(database, all))
    }

    /// Over the restaurant that is started with these settings.
    pub fn over(
        faults: Faults,
        environment: &[(&str, &str)],
        start: impl FnOnce(&[(&str, &str)]) -> Restaurant,
    ) -> Till {
        let mp = standin::start(Settings {
            address: "127.0.0.1:0".into(),
            webhook: "http://127.0.0.1:1/".into(),
            token: TOKEN.into(),
            secret: SECRET.into(),
            pos: "CAIXA01".into(),
            faults,
            seed: 7,
        })
        .unwrap();
        let url = mp.url();
        let mut all = vec![
            ("MERCADO_PAGO_URL", url.as_str()),
            ("ACCESS", "open"),
            ("MERCADO_PAGO_TOKEN", TOKEN),
            ("MERCADO_PAGO_POS", "CAIXA01"),
            ("MERCADO_PAGO_WEBHOOK_SECRET", SECRET),
            ("MERCADO_PAGO_POLL_SECONDS", "1"),
            ("MERCADO_PAGO_TIMEOUT_MS", "2000"),
            // All requests of these tests come from one address.
            ("CHECKOUTS_PER_MINUTE", "0"),
            ("WEBHOOKS_PER_SECOND", "0"),
        ];
        all.retain(|(name, _)| environment.iter().all(|(n, _)| n != name));
        all.extend_from_slice(environment);
        let r = start(&all);
        mp.notify_to(format!("{}/pedidos/status_pagamento", r.url()));
        Till { r, mp }
    }

    /// The charge of the order at the provider.
    pub fn cobranca(&self, pedido: &Value) -> Order {
        self.mp.of_reference(pedido["id_pagamento"].as_str().unwrap()).expect("the order has no charge")
    }

    /// Pays the charge at the provider, as the customer does.
    pub fn pay(&self, pedido: &Value) {
        assert!(self.mp.pay(&self.cobranca(pedido).id), "the QR code cannot be paid");
    }

    /// The order as it is now.
    pub fn reload(&self, pedido: &Value) -> Value {
        self.r.get(&format!("/pedidos/{}", pedido["id"])).ok()
    }

    /// `tipo` and `detalhe` of the events of the order.
    pub fn history(&self, pedido: &Value) -> Vec<(String, String)> {
        let eventos = self.r.get(&format!("/pedidos/{}/eventos", pedido["id"])).ok();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        eventos.as_array().unwrap().iter().map(|e| (text(&e["tipo"]), text(&e["detalhe"]))).collect()
    }

    #[track_caller]
    pub fn wait_for_pagamento(&self, pedido: &Value, status: i64) -> Value {
        wait_until(&format!("status_pagamento is {status}"), || {
            self.reload(pedido)["status_pagamento"] == status
        });
        self.reload(pedido)
    }

    #[track_caller]
    pub fn wait_for_cobranca(&self, pedido: &Value, status: &str) {
        wait_until(&format!("the charge is {status}"), || self.cobranca(pedido).status == status);
    }

    #[track_caller]
    pub fn wait_for_pendencia(&self, pedido: &Value) -> String {
        let own = || {
            let all = self.r.get("/pedidos/pendencias").ok();
            let own = all.as_array().unwrap().iter().find(|p| p["pedido"] == pedido["id"]).cloned();
            own.map(|p| p["pendencia"].as_str().unwrap().to_owned())
        };
        wait_until("the order has a pendencia", || own().is_some());
        own().unwrap()
    }

    /// Makes the order expire now.
    pub fn expire(&self, pedido: &Value) {
        let id = &pedido["id"];
        self.r.sql(&format!("UPDATE pedidos SET datahora_expiracao = '2020-01-01 00:00:00' WHERE id = {id}"));
        self.r.sql(&format!("UPDATE cobrancas SET proxima_em = '2020-01-01 00:00:00' WHERE pedido = {id}"));
    }

    /// Sends a notification with these headers, unsigned unless they have a signature.
    pub fn notify(&self, query: &str, headers: &[(&str, &str)], body: &Value) -> Response {
        let path = format!("/pedidos/status_pagamento{query}");
        self.r.request("POST", &path, headers, Some(&body.to_string()))
    }

    /// Sends a notification with Mercado Pago's signature.
    pub fn notify_signed(&self, id: &str, query: &str, body: &Value) -> Response {
        let signature =
            standin::sign(SECRET, (!id.is_empty()).then_some(id), Some("chamada-1"), "1742505638683");
        self.notify(query, &[("x-signature", &signature), ("x-request-id", "chamada-1")], body)
    }

    pub fn cancel(&self, pedido: &Value, motivo: &str) -> Response {
        self.r.post(&format!("/pedidos/{}/cancelamento", pedido["id"]), json!({"motivo": motivo}))
    }

    pub fn pay_at_counter(&self, pedido: &Value, meio: &str) -> Response {
        let body = json!({"meio": meio, "responsavel": "Ana"});
        self.r.post(&format!("/pedidos/{}/pagamento", pedido["id"]), body)
    }
}

impl Deref for Till {
    type Target = Restaurant;

    fn deref(&self) -> &Restaurant {
        &self.r
    }
}

impl DerefMut for Till {
    fn deref_mut(&mut self) -> &mut Restaurant {
        &mut self.r
    }
}
