//! A restaurant with a stand-in for Mercado Pago behind it.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use crate::{
    Banco, Resposta, Restaurante,
    restaurant::ate,
    standin::{self, Faults, Order, Running, Settings},
};

pub const TOKEN: &str = "APP_USR-token-que-ninguem-pode-ver";
pub const SEGREDO: &str = "segredo-dos-avisos";

pub struct Caixa {
    pub r: Restaurante,
    pub mp: Running,
}

impl Caixa {
    pub fn nova(banco: Banco) -> Caixa {
        Caixa::com(banco, Faults::default(), &[])
    }

    /// Notifications find the restaurant; polling is as quick as it gets.
    pub fn com(banco: Banco, faults: Faults, ambiente: &[(&str, &str)]) -> Caixa {
        let mp = standin::start(Settings {
            address: "127.0.0.1:0".into(),
            webhook: "http://127.0.0.1:1/".into(),
            token: TOKEN.into(),
            secret: SEGREDO.into(),
            pos: "CAIXA01".into(),
            faults,
            seed: 7,
        })
        .unwrap();
        let url = mp.url();
        let mut tudo = vec![
            ("MERCADO_PAGO_URL", url.as_str()),
            ("MERCADO_PAGO_TOKEN", TOKEN),
            ("MERCADO_PAGO_POS", "CAIXA01"),
            ("MERCADO_PAGO_WEBHOOK_SECRET", SEGREDO),
            ("MERCADO_PAGO_POLL_SECONDS", "1"),
            ("MERCADO_PAGO_TIMEOUT_MS", "2000"),
            // All that these tests do comes from one address.
            ("CHECKOUTS_PER_MINUTE", "0"),
            ("WEBHOOKS_PER_SECOND", "0"),
        ];
        tudo.retain(|(nome, _)| ambiente.iter().all(|(n, _)| n != nome));
        tudo.extend_from_slice(ambiente);
        let r = Restaurante::com(banco, &tudo);
        mp.notify_to(format!("{}/pedidos/status_pagamento", r.url()));
        Caixa { r, mp }
    }

    /// The charge of an order, as the stand-in knows it.
    pub fn cobranca(&self, pedido: &Value) -> Order {
        self.mp.of_reference(pedido["id_pagamento"].as_str().unwrap()).expect("a charge")
    }

    pub fn pagar(&self, pedido: &Value) {
        assert!(self.mp.pay(&self.cobranca(pedido).id), "the QR code cannot be paid");
    }

    pub fn ver(&self, pedido: &Value) -> Value {
        self.r.get(&format!("/pedidos/{}", pedido["id"])).ok()
    }

    /// Kind and detail of what happened to an order.
    pub fn historia(&self, pedido: &Value) -> Vec<(String, String)> {
        let eventos = self.r.get(&format!("/pedidos/{}/eventos", pedido["id"])).ok();
        let texto = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        eventos.as_array().unwrap().iter().map(|e| (texto(&e["tipo"]), texto(&e["detalhe"]))).collect()
    }

    #[track_caller]
    pub fn ate_pagamento(&self, pedido: &Value, status: i64) -> Value {
        ate(&format!("payment status {status}"), || self.ver(pedido)["status_pagamento"] == status);
        self.ver(pedido)
    }

    #[track_caller]
    pub fn ate_cobranca(&self, pedido: &Value, status: &str) {
        ate(&format!("charge {status}"), || self.cobranca(pedido).status == status);
    }

    #[track_caller]
    pub fn ate_pendencia(&self, pedido: &Value) -> String {
        let minha = || {
            let todas = self.r.get("/pedidos/pendencias").ok();
            let minha = todas.as_array().unwrap().iter().find(|p| p["pedido"] == pedido["id"]).cloned();
            minha.map(|p| p["pendencia"].as_str().unwrap().to_owned())
        };
        ate("something for the staff", || minha().is_some());
        minha().unwrap()
    }

    /// Nobody paid in time.
    pub fn vencer(&self, pedido: &Value) {
        let id = &pedido["id"];
        self.r.sql(&format!("UPDATE pedidos SET datahora_expiracao = '2020-01-01 00:00:00' WHERE id = {id}"));
        self.r.sql(&format!("UPDATE cobrancas SET proxima_em = '2020-01-01 00:00:00' WHERE pedido = {id}"));
    }

    /// A notification as anyone could send it.
    pub fn avisar(&self, consulta: &str, cabecalhos: &[(&str, &str)], corpo: &Value) -> Resposta {
        let caminho = format!("/pedidos/status_pagamento{consulta}");
        self.r.pedir("POST", &caminho, cabecalhos, Some(&corpo.to_string()))
    }

    /// A notification with Mercado Pago's signature.
    pub fn aviso_assinado(&self, id: &str, consulta: &str, corpo: &Value) -> Resposta {
        let assinatura =
            standin::sign(SEGREDO, (!id.is_empty()).then_some(id), Some("chamada-1"), "1742505638683");
        self.avisar(consulta, &[("x-signature", &assinatura), ("x-request-id", "chamada-1")], corpo)
    }

    pub fn cancelar(&self, pedido: &Value, motivo: &str) -> Resposta {
        self.r.post(&format!("/pedidos/{}/cancelamento", pedido["id"]), json!({"motivo": motivo}))
    }

    pub fn receber(&self, pedido: &Value, meio: &str) -> Resposta {
        let corpo = json!({"meio": meio, "responsavel": "Ana"});
        self.r.post(&format!("/pedidos/{}/pagamento", pedido["id"]), corpo)
    }
}

impl Deref for Caixa {
    type Target = Restaurante;

    fn deref(&self) -> &Restaurante {
        &self.r
    }
}

impl DerefMut for Caixa {
    fn deref_mut(&mut self) -> &mut Restaurante {
        &mut self.r
    }
}
