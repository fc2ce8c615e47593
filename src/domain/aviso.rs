//! What a receiver of webhooks is told of an event of the log: a type, and a body of ids, states and amounts. No person
//! is in it; whoever needs more asks the API with the order's id. An event never changes, and nor does what is told of
//! it.

use serde::Serialize;

use super::{
    data_hora::DataHora,
    dinheiro::Dinheiro,
    pedido::{StatusPagamento, StatusPedido},
};

/// What happened, as it is named in the body and chosen by a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tipo {
    PedidoRecebido,
    PedidoEmPreparacao,
    PedidoPronto,
    PedidoFinalizado,
    /// One step back along the kitchen.
    PedidoCorrigido,
    PedidoCancelado,
    PagamentoAprovado,
    PagamentoRecusado,
    /// All of it went back.
    PagamentoReembolsado,
    /// Money is on its way back.
    ReembolsoIniciado,
}

/// An event of the log, as far as others are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aviso {
    pub sequencia: i64,
    /// `None`: of this event nobody is told.
    pub tipo: Option<Tipo>,
    pub datahora: DataHora,
    pub pedido: i64,
    pub senha: Option<i64>,
    pub valor_total: Option<Dinheiro>,
    pub de: Option<i64>,
    pub para: Option<i64>,
    pub meio_pagamento: Option<String>,
    pub valor_reembolsado: Option<Dinheiro>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    tipo: &'static str,
    timestamp: DataHora,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    sequencia: i64,
    pedido: i64,
    senha: Option<i64>,
    de: Option<i64>,
    para: Option<i64>,
    valor_total: Option<Dinheiro>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meio_pagamento: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valor_reembolsado: Option<Dinheiro>,
}

impl Tipo {
    /// All that there are.
    pub const ALL: [Tipo; 10] = [
        Tipo::PedidoRecebido,
        Tipo::PedidoEmPreparacao,
        Tipo::PedidoPronto,
        Tipo::PedidoFinalizado,
        Tipo::PedidoCorrigido,
        Tipo::PedidoCancelado,
        Tipo::PagamentoAprovado,
        Tipo::PagamentoRecusado,
        Tipo::PagamentoReembolsado,
        Tipo::ReembolsoIniciado,
    ];

    /// As on the wire and in SQL.
    pub fn nome(self) -> &'static str {
        match self {
            Tipo::PedidoRecebido => "pedido.recebido",
            Tipo::PedidoEmPreparacao => "pedido.em_preparacao",
            Tipo::PedidoPronto => "pedido.pronto",
            Tipo::PedidoFinalizado => "pedido.finalizado",
            Tipo::PedidoCorrigido => "pedido.corrigido",
            Tipo::PedidoCancelado => "pedido.cancelado",
            Tipo::PagamentoAprovado => "pagamento.aprovado",
            Tipo::PagamentoRecusado => "pagamento.recusado",
            Tipo::PagamentoReembolsado => "pagamento.reembolsado",
            Tipo::ReembolsoIniciado => "pagamento.reembolso_iniciado",
        }
    }

    /// The type with this name.
    pub fn of_name(nome: &str) -> Option<Tipo> {
        Tipo::ALL.into_iter().find(|tipo| tipo.nome() == nome)
    }

    /// Of an event as it is stored: its `tipo`, and the states before and after (`Evento::change`). `None` where it is of
    /// the house only: what was asked of a provider, QR codes, matters, and which customer an order names.
    pub fn of_event(tipo: &str, de: Option<i64>, para: Option<i64>) -> Option<Tipo> {
        match tipo {
            "recebido" => Some(Tipo::PedidoRecebido),
            "movimento" if para < de => Some(Tipo::PedidoCorrigido),
            "movimento" => match StatusPedido::try_from(para?).ok()? {
                StatusPedido::EmPreparacao => Some(Tipo::PedidoEmPreparacao),
                StatusPedido::Pronto => Some(Tipo::PedidoPronto),
                StatusPedido::Finalizado => Some(Tipo::PedidoFinalizado),
                StatusPedido::Recebido | StatusPedido::Cancelado => None,
            },
            "cancelamento" => Some(Tipo::PedidoCancelado),
            "pagamento" => match StatusPagamento::try_from(para?).ok()? {
                StatusPagamento::Aprovado => Some(Tipo::PagamentoAprovado),
                StatusPagamento::Recusado => Some(Tipo::PagamentoRecusado),
                StatusPagamento::Reembolsado => Some(Tipo::PagamentoReembolsado),
                StatusPagamento::Enviado => None,
            },
            "reembolso" => Some(Tipo::ReembolsoIniciado),
            _ => None,
        }
    }
}

impl Aviso {
    /// The id under which this receiver is told of it, however often: the time is in it, since after a backup was
    /// restored a place in the log may be taken by another event.
    pub fn id_for(&self, webhook: i64) -> String {
        format!("msg_{webhook}_{}_{:x}", self.sequencia, self.datahora.segundos())
    }

    /// The body as JSON, some 300 bytes; the same each time. `None` where nobody is told.
    pub fn body(&self) -> Option<String> {
        let body = Body {
            tipo: self.tipo?.nome(),
            timestamp: self.datahora,
            data: Data {
                sequencia: self.sequencia,
                pedido: self.pedido,
                senha: self.senha,
                de: self.de,
                para: self.para,
                valor_total: self.valor_total,
                meio_pagamento: self.meio_pagamento.as_deref(),
                valor_reembolsado: self.valor_reembolsado,
            },
        };
        serde_json::to_string(&body).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        evento::{Evento, Pagamento},
        pedido::{Destino, QrCode},
    };

    fn told(evento: &Evento) -> Option<&'static str> {
        let (de, para) = evento.change();
        Tipo::of_event(evento.tipo(), de, para).map(Tipo::nome)
    }

    fn payment(de: StatusPagamento, para: StatusPagamento) -> Evento {
        Evento::Pagamento(Pagamento { de, para, meio: None, reembolsado: None, detalhe: None })
    }

    #[test]
    fn the_types_are_those_of_the_events() {
        use StatusPagamento::{Aprovado, Enviado, Recusado, Reembolsado};
        use StatusPedido::{EmPreparacao, Finalizado, Pronto, Recebido};
        let text = String::new;
        let moved = |de, para| Evento::Movimento { de, para };
        let total = Dinheiro::default();
        for (evento, expected) in [
            (
                Evento::Recebido { cliente: Some(1), destino: Destino::default(), qr: QrCode::default() },
                Some("pedido.recebido"),
            ),
            (moved(Recebido, EmPreparacao), Some("pedido.em_preparacao")),
            (moved(Recebido, Pronto), Some("pedido.pronto")),
            (moved(Pronto, Finalizado), Some("pedido.finalizado")),
            (moved(Pronto, EmPreparacao), Some("pedido.corrigido")),
            (moved(EmPreparacao, Recebido), Some("pedido.corrigido")),
            (Evento::Cancelamento { de: Pronto, motivo: None }, Some("pedido.cancelado")),
            (payment(Enviado, Aprovado), Some("pagamento.aprovado")),
            (payment(Enviado, Recusado), Some("pagamento.recusado")),
            (payment(Aprovado, Reembolsado), Some("pagamento.reembolsado")),
            (Evento::Reembolso { total, detalhe: text() }, Some("pagamento.reembolso_iniciado")),
            (Evento::Cliente { de: Some(1), para: None }, None),
            (Evento::Qr(QrCode::default()), None),
            (Evento::Esquecimento, None),
            (Evento::Perguntado(text()), None),
            (Evento::Respondido(text()), None),
            (Evento::SemResposta(text()), None),
            (Evento::Recusado(text()), None),
            (Evento::Notificado(text()), None),
            (Evento::Pendencia(text()), None),
        ] {
            assert_eq!(told(&evento), expected, "{evento:?}");
        }
        for tipo in Tipo::ALL {
            assert_eq!(Tipo::of_name(tipo.nome()), Some(tipo));
        }
    }

    #[test]
    fn the_body_is_small_and_the_id_names_event_and_receiver() {
        let aviso = Aviso {
            sequencia: i64::MAX,
            tipo: Some(Tipo::ReembolsoIniciado),
            datahora: DataHora::LAST,
            pedido: i64::MAX,
            senha: Some(i64::MAX),
            valor_total: Some(Dinheiro::default()),
            de: Some(i64::MAX),
            para: Some(i64::MAX),
            meio_pagamento: Some("maquininha".to_owned()),
            valor_reembolsado: Some(Dinheiro::default()),
        };
        assert!(aviso.body().unwrap().len() < 512);
        let other = Aviso { datahora: DataHora::LAST.mais(-1), ..aviso.clone() };
        assert_ne!(aviso.id_for(1), other.id_for(1));
        assert_ne!(aviso.id_for(1), aviso.id_for(2));
        assert!(!aviso.id_for(1).contains('.'), "the signature separates its parts by points");
        assert_eq!(Aviso { tipo: None, ..aviso }.body(), None);
    }
}
