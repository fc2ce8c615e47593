//! What a person has to look at, one matter a charge. Each kind has a condition under which it stands; what is settled
//! leaves the list by `Cobranca::rever`, whatever settled it.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    cobranca::{Cobranca, Operacao, Situacao, is_wanted},
    data_hora::DataHora,
    dinheiro::Dinheiro,
    pedido::{Evento, Meio, Pedido, StatusPagamento, StatusPedido},
};

/// The kind of a matter, as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motivo {
    /// The QR code is not made.
    Criacao = 1,
    Consulta = 2,
    Cancelamento = 3,
    /// A refund that is asked for again.
    Reembolso = 4,
    /// A refund that was given up.
    ReembolsoNoBalcao = 5,
    /// What the provider shows does not fit the order.
    Divergencia = 6,
    EstadoDesconhecido = 7,
    /// Given back at the provider by somebody else.
    DevolvidoLa = 8,
    /// Begun, and not paid in time.
    CobrarNoBalcao = 9,
    /// More than one payment for the order.
    AMais = 10,
}

/// Something about an order's money that a person has to look at.
#[derive(Serialize, ToSchema)]
pub struct Pendencia {
    #[schema(minimum = 1, example = 7)]
    pub pedido: i64,
    pub senha: Option<i64>,
    pub status_pedido: StatusPedido,
    #[schema(example = "O QR code expirou sem pagamento e o pedido já está em preparo: cobre no balcão")]
    pub pendencia: String,
    pub desde: DataHora,
}

impl Cobranca {
    /// Puts it before a person, once: the same matter is not brought up again after somebody saw to it.
    pub fn raise(&mut self, motivo: Motivo, texto: String, eventos: &mut Vec<Evento>, agora: DataHora) {
        if self.pendencia.as_ref() != Some(&texto) {
            eventos.push(Evento::novo("pendencia", agora).com(texto.clone()));
            self.pendencia = Some(texto);
            self.motivo = Some(motivo);
            self.pendente_desde = Some(agora);
        }
    }

    /// Takes off the list what no longer stands; to be called after every change of order or charge.
    pub fn review(&mut self, pedido: &Pedido) {
        if self.motivo.is_some_and(|motivo| !self.still_stands(motivo, pedido)) {
            self.close_matter();
        }
    }

    pub fn close_matter(&mut self) {
        (self.pendencia, self.motivo, self.pendente_desde) = (None, None, None);
    }

    fn still_stands(&self, motivo: Motivo, pedido: &Pedido) -> bool {
        let cancelado = pedido.status_pedido == StatusPedido::Cancelado;
        match motivo {
            Motivo::Criacao => self.situacao == Situacao::Pedida && is_wanted(pedido),
            Motivo::Consulta | Motivo::Cancelamento => self.situacao < Situacao::Cancelada,
            Motivo::Reembolso => self.owes_refund(pedido) && !self.manual,
            Motivo::ReembolsoNoBalcao => self.manual && self.situacao == Situacao::Paga,
            // An answer that fits ends these.
            Motivo::Divergencia | Motivo::EstadoDesconhecido => true,
            Motivo::DevolvidoLa => !cancelado,
            Motivo::CobrarNoBalcao => {
                !cancelado
                    && !matches!(
                        pedido.status_pagamento,
                        StatusPagamento::Aprovado | StatusPagamento::Reembolsado
                    )
            }
            Motivo::AMais => self.overpaid() > Dinheiro::default(),
        }
    }

    /// A person saw to it. Was it a refund, then the money was given back by hand, and the provider is not asked any
    /// more; refused while the provider may still do it.
    pub fn resolve(&mut self, pedido: &mut Pedido, agora: DataHora) -> Result<Vec<Evento>, &'static str> {
        if self.pendente_desde.is_none() {
            return Ok(vec![]);
        }
        let no_ar = |operacao| self.operacao == Some(operacao) && self.chave.is_some();
        let devolve = self.owes_refund(pedido) || self.manual;
        let a_mais = self.motivo == Some(Motivo::AMais);
        if (devolve && no_ar(Operacao::Reembolsar)) || (a_mais && no_ar(Operacao::Consultar)) {
            return Err("O Mercado Pago ainda pode fazer este reembolso; espere a resposta dele");
        }
        let mut eventos = vec![Evento::novo("pendencia", agora).com("resolvida")];
        if devolve {
            self.manual = true;
            self.reembolso_alvo = None;
            self.proxima_em = None;
            if pedido.status_pedido == StatusPedido::Cancelado && pedido.meio_pagamento == Some(Meio::Qr) {
                pedido.valor_reembolsado = self.valor;
                let evento = pedido.pagar(StatusPagamento::Reembolsado, agora);
                eventos.extend(evento.map(|e| e.com("devolvido no balcão")));
            }
        }
        for paga in self.a_mais.iter_mut().filter(|c| a_mais && c.situacao == Some(Situacao::Paga)) {
            paga.resolvida = true;
        }
        self.pendente_desde = None;
        Ok(eventos)
    }
}

impl Operacao {
    pub fn motivo(self) -> Motivo {
        match self {
            Operacao::Criar => Motivo::Criacao,
            Operacao::Consultar => Motivo::Consulta,
            Operacao::Cancelar => Motivo::Cancelamento,
            Operacao::Reembolsar => Motivo::Reembolso,
        }
    }

    /// `razao` is Portuguese: why the provider refused.
    pub fn refused(self, razao: &str) -> String {
        match self {
            Operacao::Criar => {
                format!("O Mercado Pago recusou criar o QR code ({razao}): receba no balcão")
            }
            Operacao::Consultar => format!("O Mercado Pago não mostra a cobrança ({razao})"),
            Operacao::Cancelar => format!("O Mercado Pago recusou cancelar a cobrança ({razao})"),
            Operacao::Reembolsar => {
                format!("O Mercado Pago ainda não fez o reembolso ({razao}) e vai ser perguntado de novo")
            }
        }
    }

    pub fn unanswered(self) -> &'static str {
        match self {
            Operacao::Criar | Operacao::Consultar => {
                "O Mercado Pago não responde; o QR code ainda não chegou: receba no balcão"
            }
            Operacao::Cancelar => "O Mercado Pago não confirma que a cobrança foi cancelada",
            Operacao::Reembolsar => "O Mercado Pago não confirma o reembolso; não devolva em dinheiro",
        }
    }

    /// The token is not accepted. `None` where no order needs a person for that.
    pub fn unauthorized(self) -> Option<&'static str> {
        match self {
            Operacao::Criar => Some(
                "O Mercado Pago não aceita a credencial deste sistema e não faz QR codes: receba no balcão e avise o responsável",
            ),
            Operacao::Reembolsar => Some(
                "O Mercado Pago não aceita a credencial deste sistema, e o reembolso espera: avise o responsável",
            ),
            Operacao::Consultar | Operacao::Cancelar => None,
        }
    }
}

impl TryFrom<i64> for Motivo {
    type Error = &'static str;

    fn try_from(numero: i64) -> Result<Motivo, Self::Error> {
        use Motivo::{
            AMais, Cancelamento, CobrarNoBalcao, Consulta, Criacao, DevolvidoLa, Divergencia,
            EstadoDesconhecido, Reembolso, ReembolsoNoBalcao,
        };
        let todos = [
            Criacao,
            Consulta,
            Cancelamento,
            Reembolso,
            ReembolsoNoBalcao,
            Divergencia,
            EstadoDesconhecido,
            DevolvidoLa,
            CobrarNoBalcao,
            AMais,
        ];
        todos.into_iter().find(|m| *m as i64 == numero).ok_or("Motivo inválido")
    }
}
