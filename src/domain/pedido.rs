//! An order: its lines, the way through the kitchen, and the state of its payment.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::{data_hora::DataHora, dinheiro::Dinheiro};

pub const LINHAS_MAX: usize = 100;
pub const QUANTIDADE_MAX: i64 = 999;
pub const OBSERVACAO_MAX: usize = 100;
pub const RESPONSAVEL_MAX: usize = 100;
pub const MOTIVO_MAX: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatusPedido {
    Recebido = 1,
    EmPreparacao = 2,
    Pronto = 3,
    Finalizado = 4,
    Cancelado = 5,
}

/// How an order was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meio {
    Qr,
    Dinheiro,
    Maquininha,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusPagamento {
    Enviado = 1,
    Aprovado = 2,
    Recusado = 3,
    Reembolsado = 4,
}

/// An order as stored and as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pedido {
    #[schema(minimum = 1, example = 2)]
    pub id: i64,
    /// The number called at the counter: unique on its business day in São Paulo. Null for orders of the original system.
    #[schema(minimum = 1, example = 17)]
    pub senha: Option<i64>,
    pub status_pedido: StatusPedido,
    #[schema(example = "Recebido")]
    pub status_pedido_descricao: &'static str,
    /// Null when the order is anonymous.
    #[schema(example = 1)]
    pub cliente: Option<i64>,
    pub itens: Vec<Item>,
    pub datahora_recebido: DataHora,
    pub datahora_preparacao: Option<DataHora>,
    pub datahora_pronto: Option<DataHora>,
    pub datahora_finalizado: Option<DataHora>,
    pub status_pagamento: StatusPagamento,
    #[schema(example = "Pagamento enviado")]
    pub status_pagamento_descricao: &'static str,
    #[schema(example = "b715bik7-2726-4d51-a729-749cc7bda703")]
    pub id_pagamento: Option<String>,
    /// `qr`, `dinheiro` or `maquininha`; null until it is paid.
    #[schema(value_type = Option<String>, example = "qr")]
    pub meio_pagamento: Option<Meio>,
    /// The text behind the QR code that the customer pays (Pix copia e cola).
    pub qr_data: Option<String>,
    /// `pronto` when the QR code is there to be paid, `a_caminho` when it is still being asked for: look again in a moment,
    /// `recusado` when the provider refused to make it: the payment is taken at the counter.
    #[schema(example = "pronto")]
    pub qr_situacao: Option<&'static str>,
    /// Until when the QR code can be paid. Null when it does not expire.
    pub datahora_expiracao: Option<DataHora>,
    /// The provider refused to make the QR code; it is asked again all the same.
    #[serde(skip)]
    pub qr_recusado: bool,
    /// When an order that was taken back from Finalizado had been handed over.
    #[serde(skip)]
    pub entregue_em: Option<DataHora>,
    pub valor_total: Dinheiro,
    /// What went back to the customer, or is on its way.
    pub valor_reembolsado: Dinheiro,
    /// Grows by one at every change; also the `ETag`.
    #[schema(minimum = 1, example = 1)]
    pub versao: i64,
}

/// A line of an order. Name and price are those of the moment of the order, whatever the menu says later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Item {
    #[schema(minimum = 1, example = 3)]
    pub produto: Option<i64>,
    #[schema(example = "X-Salada da Casa")]
    pub nome: String,
    #[schema(minimum = 1, maximum = 999, example = 5)]
    pub quantidade: i64,
    /// The customer's note.
    #[schema(example = "sem tomate")]
    pub descricao: Option<String>,
    /// Unit price charged.
    pub valor: Dinheiro,
}

/// Something that happened to an order; never changed afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Evento {
    /// `recebido`, `movimento`, `cancelamento`, `pagamento`, `cliente`, `reembolso`, `pendencia`; and of the payment
    /// provider: `perguntado`, `respondido`, `sem_resposta`, `recusado`, `notificado`.
    #[schema(value_type = String, example = "movimento")]
    pub tipo: Cow<'static, str>,
    /// The state before: a `status_pedido`, or for `pagamento` a `status_pagamento`, or for `cliente` its id.
    #[schema(example = 1)]
    pub de: Option<i64>,
    /// The state after.
    #[schema(example = 2)]
    pub para: Option<i64>,
    /// What there is to say about it, in words.
    #[schema(example = "dinheiro, recebido por Ana")]
    pub detalhe: Option<String>,
    pub datahora: DataHora,
}

/// A move that the order of states does not allow.
#[derive(Debug, PartialEq, Eq)]
pub struct MovimentoInvalido {
    pub de: StatusPedido,
    pub para: StatusPedido,
}

impl Evento {
    pub fn novo(tipo: &'static str, datahora: DataHora) -> Evento {
        Evento { tipo: Cow::Borrowed(tipo), de: None, para: None, detalhe: None, datahora }
    }

    pub fn mudanca(self, de: Option<i64>, para: Option<i64>) -> Evento {
        Evento { de, para, ..self }
    }

    pub fn com(self, detalhe: impl Into<String>) -> Evento {
        Evento { detalhe: Some(detalhe.into()), ..self }
    }
}

impl Meio {
    pub fn nome(self) -> &'static str {
        match self {
            Meio::Qr => "qr",
            Meio::Dinheiro => "dinheiro",
            Meio::Maquininha => "maquininha",
        }
    }
}

impl StatusPedido {
    pub fn descricao(self) -> &'static str {
        match self {
            StatusPedido::Recebido => "Recebido",
            StatusPedido::EmPreparacao => "Em preparação",
            StatusPedido::Pronto => "Pronto",
            StatusPedido::Finalizado => "Finalizado",
            StatusPedido::Cancelado => "Cancelado",
        }
    }

    /// Forward as far as one likes, one step back to correct a slip, and nowhere from or to Cancelado.
    fn pode_ir(self, para: StatusPedido) -> bool {
        let cozinha = |s: StatusPedido| s != StatusPedido::Cancelado;
        cozinha(self) && cozinha(para) && (para > self || para as i64 == self as i64 - 1)
    }
}

impl StatusPagamento {
    pub fn descricao(self) -> &'static str {
        match self {
            StatusPagamento::Enviado => "Pagamento enviado",
            StatusPagamento::Aprovado => "Aprovado",
            StatusPagamento::Recusado => "Recusado",
            StatusPagamento::Reembolsado => "Reembolsado",
        }
    }

    /// News may come late, twice and in any order; the state only climbs. A refused attempt may still be followed
    /// by a good one, money that came is only undone by a refund.
    pub fn apos(self, noticia: StatusPagamento) -> StatusPagamento {
        if noticia.grau() > self.grau() { noticia } else { self }
    }

    fn grau(self) -> u8 {
        match self {
            StatusPagamento::Enviado => 0,
            StatusPagamento::Recusado => 1,
            StatusPagamento::Aprovado => 2,
            StatusPagamento::Reembolsado => 3,
        }
    }
}

impl Pedido {
    /// The one way in which the state of a payment changes. `None` when the news changes nothing.
    pub fn pagar(&mut self, noticia: StatusPagamento, agora: DataHora) -> Option<Evento> {
        let (de, para) = (self.status_pagamento, self.status_pagamento.apos(noticia));
        if para == de {
            return None;
        }
        self.status_pagamento = para;
        self.status_pagamento_descricao = para.descricao();
        Some(Evento::novo("pagamento", agora).mudanca(Some(de as i64), Some(para as i64)))
    }

    /// Takes the order out of every list; `None` when it is out already.
    pub fn cancelar(&mut self, agora: DataHora) -> Option<Evento> {
        let de = self.status_pedido;
        if de == StatusPedido::Cancelado {
            return None;
        }
        self.status_pedido = StatusPedido::Cancelado;
        self.status_pedido_descricao = StatusPedido::Cancelado.descricao();
        let para = StatusPedido::Cancelado as i64;
        Some(Evento::novo("cancelamento", agora).mudanca(Some(de as i64), Some(para)))
    }

    /// What `qr_situacao` has to say. `qr_data` is there only while the code can be paid: a charge that ends takes it
    /// away, and a refused payment of the simulator, which can be tried again, leaves it.
    pub fn situacao_do_qr(&self) -> Option<&'static str> {
        let pagavel = matches!(self.status_pagamento, StatusPagamento::Enviado | StatusPagamento::Recusado);
        if self.status_pedido == StatusPedido::Cancelado || !pagavel {
            None
        } else if self.qr_data.is_some() {
            Some("pronto")
        } else if self.datahora_expiracao.is_none() || self.status_pagamento == StatusPagamento::Recusado {
            None
        } else if self.qr_recusado {
            Some("recusado")
        } else {
            Some("a_caminho")
        }
    }

    /// Whether the customer has it, or had it before somebody corrected the state.
    pub fn foi_entregue(&self) -> bool {
        self.status_pedido == StatusPedido::Finalizado || self.entregue_em.is_some()
    }

    /// Whether it is unpaid when its time is up, and nobody has begun to cook it.
    pub fn venceu(&self, agora: DataHora) -> bool {
        self.status_pedido == StatusPedido::Recebido
            && !self.foi_entregue()
            && matches!(self.status_pagamento, StatusPagamento::Enviado | StatusPagamento::Recusado)
            && self.datahora_expiracao.is_some_and(|fim| fim <= agora)
    }

    /// Moves along the kitchen and stamps the time; `Ok(false)` when it is there already.
    /// A step back erases the times of the states that were not reached after all.
    pub fn mover(&mut self, para: StatusPedido, agora: DataHora) -> Result<bool, MovimentoInvalido> {
        let de = self.status_pedido;
        if de == para {
            return Ok(false);
        }
        if !de.pode_ir(para) {
            return Err(MovimentoInvalido { de, para });
        }
        self.status_pedido = para;
        self.status_pedido_descricao = para.descricao();
        if de == StatusPedido::Finalizado {
            self.entregue_em = self.datahora_finalizado.or(Some(agora));
        }
        let avanca = para > de;
        let marcos = [
            (StatusPedido::EmPreparacao, &mut self.datahora_preparacao),
            (StatusPedido::Pronto, &mut self.datahora_pronto),
            (StatusPedido::Finalizado, &mut self.datahora_finalizado),
        ];
        for (estado, datahora) in marcos {
            if estado > para {
                *datahora = None;
            } else if estado == para && (avanca || datahora.is_none()) {
                *datahora = Some(agora);
            }
        }
        Ok(true)
    }
}

impl TryFrom<i64> for StatusPedido {
    type Error = &'static str;

    fn try_from(numero: i64) -> Result<StatusPedido, Self::Error> {
        match numero {
            1 => Ok(StatusPedido::Recebido),
            2 => Ok(StatusPedido::EmPreparacao),
            3 => Ok(StatusPedido::Pronto),
            4 => Ok(StatusPedido::Finalizado),
            5 => Ok(StatusPedido::Cancelado),
            _ => Err("Status do pedido inválido"),
        }
    }
}

impl TryFrom<i64> for StatusPagamento {
    type Error = &'static str;

    fn try_from(numero: i64) -> Result<StatusPagamento, Self::Error> {
        match numero {
            1 => Ok(StatusPagamento::Enviado),
            2 => Ok(StatusPagamento::Aprovado),
            3 => Ok(StatusPagamento::Recusado),
            4 => Ok(StatusPagamento::Reembolsado),
            _ => Err("Status do pagamento inválido"),
        }
    }
}

impl TryFrom<&str> for Meio {
    type Error = &'static str;

    fn try_from(nome: &str) -> Result<Meio, Self::Error> {
        [Meio::Qr, Meio::Dinheiro, Meio::Maquininha]
            .into_iter()
            .find(|m| m.nome() == nome)
            .ok_or("Meio de pagamento inválido")
    }
}

impl Serialize for Meio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.nome())
    }
}

impl Serialize for StatusPedido {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(*self as i64)
    }
}

impl Serialize for StatusPagamento {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(*self as i64)
    }
}

#[cfg(test)]
pub mod tests {
    use proptest::prelude::*;

    use super::*;

    pub fn pedido(status: StatusPedido) -> Pedido {
        Pedido {
            id: 1,
            senha: Some(1),
            status_pedido: status,
            status_pedido_descricao: status.descricao(),
            cliente: None,
            itens: vec![],
            datahora_recebido: instante(0),
            datahora_preparacao: None,
            datahora_pronto: None,
            datahora_finalizado: None,
            status_pagamento: StatusPagamento::Enviado,
            status_pagamento_descricao: StatusPagamento::Enviado.descricao(),
            id_pagamento: None,
            meio_pagamento: None,
            qr_data: None,
            qr_situacao: None,
            datahora_expiracao: None,
            qr_recusado: false,
            entregue_em: None,
            valor_total: Dinheiro::default(),
            valor_reembolsado: Dinheiro::default(),
            versao: 1,
        }
    }

    fn instante(segundos: i64) -> DataHora {
        DataHora::de_segundos(segundos).unwrap()
    }

    #[test]
    fn the_whole_table_of_moves() {
        // Rows: from; columns: to 1..5. '=' stays, '>' moves, '.' is refused.
        for (de, linha) in (1..).zip(["=>>>.", ">=>>.", ".>=>.", "..>=.", "....="]) {
            for (para, esperado) in (1..).zip(linha.chars()) {
                let mut pedido = pedido(de.try_into().unwrap());
                let movimento = pedido.mover(i64::from(para).try_into().unwrap(), instante(9));
                let visto = match movimento {
                    Ok(false) => '=',
                    Ok(true) => '>',
                    Err(_) => '.',
                };
                assert_eq!(visto, esperado, "{de} -> {para}");
                assert_eq!(pedido.status_pedido as i64, if visto == '>' { para as i64 } else { de });
            }
        }
    }

    #[test]
    fn each_move_stamps_its_time_and_a_step_back_erases_what_was_not_reached() {
        let mut p = pedido(StatusPedido::Recebido);
        p.mover(StatusPedido::EmPreparacao, instante(10)).unwrap();
        p.mover(StatusPedido::Pronto, instante(20)).unwrap();
        p.mover(StatusPedido::EmPreparacao, instante(30)).unwrap();
        assert_eq!((p.datahora_preparacao, p.datahora_pronto), (Some(instante(10)), None));
        p.mover(StatusPedido::Finalizado, instante(40)).unwrap();
        assert_eq!((p.datahora_pronto, p.datahora_finalizado), (None, Some(instante(40))));
    }

    #[test]
    fn what_was_handed_over_stays_so_when_the_state_is_corrected() {
        let mut p = pedido(StatusPedido::Recebido);
        assert!(!p.foi_entregue());
        for (n, para) in [4, 3, 2, 1].into_iter().enumerate() {
            p.mover(para.try_into().unwrap(), instante(n as i64)).unwrap();
            assert!(p.foi_entregue(), "{para}");
        }
        assert_eq!((p.entregue_em, p.datahora_finalizado), (Some(instante(0)), None));
    }

    fn status() -> impl Strategy<Value = StatusPedido> {
        (1..=5i64).prop_map(|n| n.try_into().unwrap())
    }

    proptest! {
        #[test]
        fn after_any_walk_the_times_agree_with_the_state(passos in prop::collection::vec(status(), 0..40)) {
            let mut p = pedido(StatusPedido::Recebido);
            for (i, para) in passos.into_iter().enumerate() {
                let _ = p.mover(para, instante(i as i64 + 1));
                let tempos = [p.datahora_preparacao, p.datahora_pronto, p.datahora_finalizado];
                for (estado, tempo) in (2..).zip(tempos) {
                    if estado == p.status_pedido as i64 { prop_assert!(tempo.is_some()); }
                    if estado > p.status_pedido as i64 { prop_assert!(tempo.is_none()); }
                }
                prop_assert!(p.status_pedido != StatusPedido::Cancelado);
                prop_assert_eq!(p.status_pedido_descricao, p.status_pedido.descricao());
            }
        }

        #[test]
        fn payment_news_in_any_order_ends_in_the_same_state(noticias in prop::collection::vec(1..=4i64, 0..20)) {
            let noticias: Vec<StatusPagamento> = noticias.into_iter().map(|n| n.try_into().unwrap()).collect();
            let fim = |n: &mut dyn Iterator<Item = &StatusPagamento>| n.fold(StatusPagamento::Enviado, |s, n| s.apos(*n));
            prop_assert_eq!(fim(&mut noticias.iter()), fim(&mut noticias.iter().rev()));
            if noticias.contains(&StatusPagamento::Aprovado) {
                prop_assert_ne!(fim(&mut noticias.iter()), StatusPagamento::Recusado);
            }
        }
    }
}
