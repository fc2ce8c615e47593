//! What a person has to look at, one matter a charge. Each kind has a condition under which it stands; what is settled
//! leaves the list by `Cobranca::review`, whatever settled it. A matter of a webhook is no row of its own: it follows
//! from how the receiver is (`Webhook::matter`).

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    a_mais::AMais,
    cobranca::{Cobranca, Operacao, Situacao, is_wanted},
    data_hora::DataHora,
    dinheiro::Dinheiro,
    evento::Evento,
    pedido::{Meio, PaymentNews, Pedido, StatusPagamento, StatusPedido},
    webhook::Webhook,
};

/// The kind of a matter, as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motivo {
    /// The QR code is not made.
    Criacao = 1,
    /// The provider does not show the charge.
    Consulta = 2,
    /// The charge is not withdrawn.
    Cancelamento = 3,
    /// A refund that is asked for again.
    Reembolso = 4,
    /// A refund that was given up.
    ReembolsoNoBalcao = 5,
    /// What the provider shows does not fit the order.
    Divergencia = 6,
    /// Paid, and now in a state that says nothing here.
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
    /// The order's id.
    #[schema(minimum = 1, example = 7)]
    pub pedido: i64,
    /// The number that is called.
    pub senha: Option<i64>,
    /// How far the kitchen is.
    pub status_pedido: StatusPedido,
    /// What there is to do, in Portuguese.
    #[schema(example = "O QR code expirou sem pagamento e o pedido já está em preparo: cobre no balcão")]
    pub pendencia: String,
    /// Since when somebody is needed.
    pub desde: DataHora,
}

/// Something that a person has to look at, whatever it is about.
#[derive(Serialize, ToSchema)]
pub struct Assunto {
    /// `pedido` or `assinatura`.
    #[schema(example = "assinatura")]
    pub assunto: &'static str,
    /// Of that order or receiver.
    #[schema(minimum = 1, example = 3)]
    pub id: i64,
    /// What there is to do, in Portuguese.
    #[schema(example = "A assinatura 3 foi desligada: o destino respondeu que não quer mais avisos (410)")]
    pub pendencia: String,
    /// Since when somebody is needed.
    pub desde: DataHora,
}

impl Pendencia {
    /// The number that is called, or that of the row where the original gave none.
    pub fn number(&self) -> i64 {
        self.senha.unwrap_or(self.pedido)
    }
}

impl Assunto {
    /// The matter of an order.
    pub fn of_pedido(matter: Pendencia) -> Assunto {
        let Pendencia { pedido, pendencia, desde, .. } = matter;
        Assunto { assunto: "pedido", id: pedido, pendencia, desde }
    }

    /// The matter of a receiver of webhooks, if there is one.
    pub fn of_webhook(webhook: &Webhook) -> Option<Assunto> {
        let (pendencia, desde) = webhook.matter()?;
        Some(Assunto { assunto: "assinatura", id: webhook.id, pendencia, desde })
    }
}

/// The provider may still do the refund that somebody says was made by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundUnderWay;

impl Cobranca {
    /// Puts it before a person, once: the same matter is not brought up again after somebody saw to it.
    pub fn raise(&mut self, pedido: &mut Pedido, motivo: Motivo, text: String, now: DataHora) {
        if self.pendencia.as_ref() == Some(&text) {
            return;
        }
        pedido.note(Evento::Pendencia(text.clone()));
        let c = &mut self.fields;
        (c.pendencia, c.motivo, c.pendente_desde) = (Some(text), Some(motivo), Some(now));
    }

    /// Takes off the list what no longer stands; called after every command.
    pub fn review(&mut self, pedido: &Pedido) {
        if self.motivo.is_some_and(|motivo| !self.still_stands(motivo, pedido)) {
            self.close_matter();
        }
    }

    /// Takes the matter off the list.
    pub fn close_matter(&mut self) {
        let c = &mut self.fields;
        (c.pendencia, c.motivo, c.pendente_desde) = (None, None, None);
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
    pub fn resolve(&mut self, pedido: &mut Pedido, now: DataHora) -> Result<(), RefundUnderWay> {
        if self.pendente_desde.is_none() {
            return Ok(());
        }
        let in_the_air = |operacao| self.operacao == Some(operacao) && self.chave.is_some();
        let refunds = self.owes_refund(pedido) || self.manual;
        let overpaid = self.motivo == Some(Motivo::AMais);
        if (refunds && in_the_air(Operacao::Reembolsar)) || (overpaid && in_the_air(Operacao::Consultar)) {
            return Err(RefundUnderWay);
        }
        pedido.note(Evento::Pendencia("resolvida".to_owned()));
        if refunds {
            let c = &mut self.fields;
            (c.manual, c.reembolso_alvo, c.proxima_em) = (true, None, None);
            if pedido.status_pedido == StatusPedido::Cancelado && pedido.meio_pagamento == Some(Meio::Qr) {
                let news = PaymentNews {
                    refunded: Some(self.valor),
                    detail: Some("devolvido no balcão".to_owned()),
                    ..PaymentNews::of(StatusPagamento::Reembolsado)
                };
                pedido.pay(news, now);
            }
        }
        let paid = |c: &&mut AMais| overpaid && c.situacao == Some(Situacao::Paga);
        for duplicate in self.fields.a_mais.iter_mut().filter(paid) {
            duplicate.resolvida = true;
        }
        self.fields.pendente_desde = None;
        Ok(())
    }
}

impl RefundUnderWay {
    /// For people; `provider` is the name that they know.
    pub fn in_words(self, provider: &str) -> String {
        format!("O {provider} ainda pode fazer este reembolso; espere a resposta dele")
    }
}

/// Texts for people; `provider` is the name that they know.
impl Operacao {
    /// The matter that there is when it is not done.
    pub fn motivo(self) -> Motivo {
        match self {
            Operacao::Criar => Motivo::Criacao,
            Operacao::Consultar => Motivo::Consulta,
            Operacao::Cancelar => Motivo::Cancelamento,
            Operacao::Reembolsar => Motivo::Reembolso,
        }
    }

    /// It was refused; `reason` is Portuguese: why.
    pub fn refused(self, provider: &str, reason: &str) -> String {
        match self {
            Operacao::Criar => format!("O {provider} recusou criar o QR code ({reason}): receba no balcão"),
            Operacao::Consultar => format!("O {provider} não mostra a cobrança ({reason})"),
            Operacao::Cancelar => format!("O {provider} recusou cancelar a cobrança ({reason})"),
            Operacao::Reembolsar => {
                format!("O {provider} ainda não fez o reembolso ({reason}) e vai ser perguntado de novo")
            }
        }
    }

    /// It was tried again and again, and nobody knows whether it is done.
    pub fn unanswered(self, provider: &str) -> String {
        match self {
            Operacao::Criar | Operacao::Consultar => {
                format!("O {provider} não responde; o QR code ainda não chegou: receba no balcão")
            }
            Operacao::Cancelar => format!("O {provider} não confirma que a cobrança foi cancelada"),
            Operacao::Reembolsar => format!("O {provider} não confirma o reembolso; não devolva em dinheiro"),
        }
    }

    /// The token is not accepted. `None` where no order needs a person for that.
    pub fn unauthorized(self, provider: &str) -> Option<String> {
        let consequence = match self {
            Operacao::Criar => " e não faz QR codes: receba no balcão e avise o responsável",
            Operacao::Reembolsar => ", e o reembolso espera: avise o responsável",
            Operacao::Cancelar => {
                return Some(format!(
                    "O {provider} não aceita a credencial deste sistema, e o QR code deste pedido ainda pode ser pago: \
                     recolha o código, cancele a cobrança no {provider} e avise o responsável"
                ));
            }
            Operacao::Consultar => return None,
        };
        Some(format!("O {provider} não aceita a credencial deste sistema{consequence}"))
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
