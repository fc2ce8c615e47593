//! The events of the log: everything that happens to an order, typed. An order is what its events make of it
//! (`Fields::apply`); those that tell of its charge (`perguntado` to `pendencia`) leave the order as it is.
//!
//! An event never changes. Its place in the log is `sequencia`: gapless, in the order of the commits.

use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use utoipa::ToSchema;

use super::{
    data_hora::DataHora,
    dinheiro::Dinheiro,
    pedido::{Destino, Meio, QrCode, StatusPagamento, StatusPedido},
};

/// Characters of a detail that are kept.
const DETALHE_MAX: usize = 500;

/// Events that tell of the charge only, and leave the order as it is; as stored in `tipo`.
pub const OF_CHARGE: [&str; 6] =
    ["perguntado", "respondido", "sem_resposta", "recusado", "notificado", "pendencia"];

/// Who causes an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who orders, on a device of their own or at a totem.
    Customer,
    /// Kitchen, counter or manager, where doors are open and nobody says who.
    Staff,
    /// The holder of the key with this id.
    Key(i64),
    /// A person with a session, and the manager who let that one request through.
    Person {
        /// Of the person.
        id: i64,
        /// Of the manager.
        approved_by: Option<i64>,
    },
    /// An enrolled terminal on which nobody has a session.
    Terminal(i64),
    /// A payment provider, by its name.
    Provider(&'static str),
    /// Time that ran out.
    Clock,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evento {
    /// The order came in, with the QR code if the provider knows it at once.
    Recebido {
        cliente: Option<i64>,
        destino: Destino,
        qr: QrCode,
    },
    /// Along the kitchen.
    Movimento {
        de: StatusPedido,
        para: StatusPedido,
    },
    Cancelamento {
        de: StatusPedido,
        motivo: Option<String>,
    },
    Pagamento(Pagamento),
    /// Another customer's name was put on the order.
    Cliente {
        de: Option<i64>,
        para: Option<i64>,
    },
    /// Money goes back; `total` is what has gone or is on its way, in all.
    Reembolso {
        total: Dinheiro,
        detalhe: String,
    },
    /// The code to pay by came, was refused, or is gone.
    Qr(QrCode),
    /// The customer was erased, and the notes of the lines with the person.
    Esquecimento,
    Perguntado(String),
    Respondido(String),
    SemResposta(String),
    Recusado(String),
    Notificado(String),
    /// Something was put before a person, or taken from the list.
    Pendencia(String),
}

/// The state of the payment changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pagamento {
    pub de: StatusPagamento,
    pub para: StatusPagamento,
    /// How it was paid, where that was not known before.
    pub meio: Option<Meio>,
    /// What has gone back, where that changes too.
    pub reembolsado: Option<Dinheiro>,
    pub detalhe: Option<String>,
}

/// An event as its history shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Evento)]
pub struct EventoView {
    /// The place in the log: without gaps over all orders, in the order of the commits.
    #[schema(minimum = 1, example = 341)]
    pub sequencia: Option<i64>,
    /// `recebido`, `movimento`, `cancelamento`, `pagamento`, `cliente`, `reembolso`, `qr`, `esquecimento`, `pendencia`; and
    /// of the payment provider: `perguntado`, `respondido`, `sem_resposta`, `recusado`, `notificado`.
    #[schema(example = "movimento")]
    pub tipo: String,
    /// The state before: a `status_pedido`, or for `pagamento` a `status_pagamento`, or for `cliente` its id.
    #[schema(example = 1)]
    pub de: Option<i64>,
    /// The state after.
    #[schema(example = 2)]
    pub para: Option<i64>,
    /// What there is to say about it, in words.
    #[schema(example = "dinheiro, recebido por Ana")]
    pub detalhe: Option<String>,
    /// Who caused it: `cliente`, `equipe`, `chave:1`, `funcionario:7`, `funcionario:7 aprovado por funcionario:1`,
    /// `terminal:3`, `provedor:mercado_pago`, `provedor:simulado`, `relogio`. Null for events older than this field.
    #[schema(example = "equipe")]
    pub ator: Option<String>,
    /// What else changed with it, by the names of the order's fields.
    #[schema(value_type = Option<Object>)]
    pub dados: Option<Box<RawValue>>,
    pub datahora: DataHora,
}

/// An event in the log of all orders.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventoDoLog<'a> {
    /// The order that it is of.
    #[schema(minimum = 1, example = 12)]
    pub pedido: i64,
    #[serde(flatten)]
    pub evento: &'a EventoView,
}

impl EventoView {
    /// Whether it tells of the charge only, and leaves the order as it is.
    pub fn is_of_charge(&self) -> bool {
        OF_CHARGE.contains(&self.tipo.as_str())
    }

    /// Whether it adds an order to a board, moves it or takes it away.
    pub fn is_of_board(&self) -> bool {
        ["recebido", "movimento", "cancelamento"].contains(&self.tipo.as_str())
    }
}

impl Actor {
    /// As stored and shown.
    pub fn name(self) -> String {
        match self {
            Actor::Customer => "cliente".into(),
            Actor::Staff => "equipe".into(),
            Actor::Key(id) => format!("chave:{id}"),
            Actor::Person { id, approved_by: None } => format!("funcionario:{id}"),
            Actor::Person { id, approved_by: Some(manager) } => {
                format!("funcionario:{id} aprovado por funcionario:{manager}")
            }
            Actor::Terminal(id) => format!("terminal:{id}"),
            Actor::Provider(name) => format!("provedor:{name}"),
            Actor::Clock => "relogio".into(),
        }
    }
}

impl Evento {
    /// As stored in `tipo`.
    pub fn tipo(&self) -> &'static str {
        match self {
            Evento::Recebido { .. } => "recebido",
            Evento::Movimento { .. } => "movimento",
            Evento::Cancelamento { .. } => "cancelamento",
            Evento::Pagamento(_) => "pagamento",
            Evento::Cliente { .. } => "cliente",
            Evento::Reembolso { .. } => "reembolso",
            Evento::Qr(_) => "qr",
            Evento::Esquecimento => "esquecimento",
            Evento::Perguntado(_) => "perguntado",
            Evento::Respondido(_) => "respondido",
            Evento::SemResposta(_) => "sem_resposta",
            Evento::Recusado(_) => "recusado",
            Evento::Notificado(_) => "notificado",
            Evento::Pendencia(_) => "pendencia",
        }
    }

    /// The state before and after, as stored in `de` and `para`.
    pub fn change(&self) -> (Option<i64>, Option<i64>) {
        match self {
            Evento::Recebido { .. } => (None, Some(StatusPedido::Recebido as i64)),
            Evento::Movimento { de, para } => (Some(*de as i64), Some(*para as i64)),
            Evento::Cancelamento { de, .. } => (Some(*de as i64), Some(StatusPedido::Cancelado as i64)),
            Evento::Pagamento(p) => (Some(p.de as i64), Some(p.para as i64)),
            Evento::Cliente { de, para } => (*de, *para),
            _ => (None, None),
        }
    }

    /// In words, as stored in `detalhe`; cut after 500 characters.
    pub fn detail(&self) -> Option<String> {
        let text = match self {
            Evento::Cancelamento { motivo, .. } => motivo.as_ref()?,
            Evento::Pagamento(p) => p.detalhe.as_ref()?,
            Evento::Reembolso { detalhe, .. } => detalhe,
            Evento::Perguntado(text)
            | Evento::Respondido(text)
            | Evento::SemResposta(text)
            | Evento::Recusado(text)
            | Evento::Notificado(text)
            | Evento::Pendencia(text) => text,
            Evento::Recebido { .. }
            | Evento::Movimento { .. }
            | Evento::Cliente { .. }
            | Evento::Qr(_)
            | Evento::Esquecimento => return None,
        };
        Some(text.chars().take(DETALHE_MAX).collect())
    }

    /// What else changes, as stored in `dados`: by the names of the order's fields. The lines are in `itens`, where their
    /// notes can be erased.
    pub fn data(&self) -> Option<String> {
        let qr = |qr: &QrCode| json!({"qr_data": qr.data, "datahora_expiracao": qr.expiry, "qr_recusado": qr.refused});
        let data = match self {
            Evento::Recebido { cliente, destino: Destino { local, mesa }, qr: code } => {
                let mut data = qr(code);
                data["cliente"] = json!(cliente);
                if let Some(local) = local {
                    data["local"] = json!(local);
                }
                if let Some(mesa) = mesa {
                    data["mesa"] = json!(mesa);
                }
                data
            }
            Evento::Pagamento(p) if p.meio.is_some() || p.reembolsado.is_some() => {
                let mut data = Value::Object(Default::default());
                if let Some(meio) = p.meio {
                    data["meio_pagamento"] = json!(meio.nome());
                }
                if let Some(reembolsado) = p.reembolsado {
                    data["valor_reembolsado"] = json!(reembolsado.to_string());
                }
                data
            }
            Evento::Reembolso { total, .. } => json!({"valor_reembolsado": total.to_string()}),
            Evento::Qr(code) => qr(code),
            _ => return None,
        };
        Some(data.to_string())
    }
}
