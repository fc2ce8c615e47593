//! An order: its lines, the way through the kitchen, and the state of its payment.
//!
//! State machine, driven by events. What may happen is decided by methods that read as what is asked (`advance`,
//! `cancel`, `pay`, …); each that agrees makes an `Evento`, and `Fields::apply` is the one transition by which an event
//! changes an order. Fields can be read by everybody and changed by nobody else.
//!
//! Nothing here reads a clock: `now` is given. Tested below, and by the replay (`domain/replay.rs`).

use std::{mem, ops::Deref};

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::{
    data_hora::DataHora,
    dinheiro::Dinheiro,
    evento::{Evento, Pagamento},
};

/// Lines of an order.
pub const LINHAS_MAX: usize = 100;
/// Pieces of one line.
pub const QUANTIDADE_MAX: i64 = 999;
/// Characters of the note of a line.
pub const OBSERVACAO_MAX: usize = 100;
/// Characters of the name of who took a payment at the counter.
pub const RESPONSAVEL_MAX: usize = 100;
/// Characters of a reason.
pub const MOTIVO_MAX: usize = 200;

mod destino;
mod status;
mod view;

pub use destino::{Destino, Local, MESA_MAX};
pub use status::{Meio, StatusPagamento, StatusPedido};
pub use view::PedidoView;

/// An order, and what has happened to it since it was loaded. Its fields are read through `Deref`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pedido {
    fields: Fields,
    /// Not in the log yet.
    events: Vec<Evento>,
    /// Whether one of these changed the order: then it is saved as its next version.
    changed: bool,
}

/// What is stored of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// 0 until the order is stored.
    pub id: i64,
    pub senha: Option<i64>,
    pub status_pedido: StatusPedido,
    pub cliente: Option<i64>,
    pub itens: Vec<Item>,
    pub destino: Destino,
    pub datahora_recebido: DataHora,
    pub datahora_preparacao: Option<DataHora>,
    pub datahora_pronto: Option<DataHora>,
    pub datahora_finalizado: Option<DataHora>,
    pub status_pagamento: StatusPagamento,
    pub id_pagamento: Option<String>,
    pub meio_pagamento: Option<Meio>,
    pub qr_data: Option<String>,
    pub datahora_expiracao: Option<DataHora>,
    /// The provider refused to make the QR code; it is asked again all the same.
    pub qr_recusado: bool,
    /// When an order that was taken back from Finalizado had been handed over.
    pub entregue_em: Option<DataHora>,
    pub valor_total: Dinheiro,
    pub valor_reembolsado: Dinheiro,
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

/// The code that the customer pays by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QrCode {
    /// Its text; there only while it can be paid.
    pub data: Option<String>,
    /// Until when it can be paid; `None` when it does not expire.
    pub expiry: Option<DataHora>,
    /// The provider refused to make it.
    pub refused: bool,
}

/// What a checkout gives an order.
pub struct NewPedido {
    pub cliente: Option<i64>,
    pub itens: Vec<Item>,
    pub destino: Destino,
    pub id_pagamento: String,
    pub qr: QrCode,
}

/// What is heard of a payment.
pub struct PaymentNews {
    pub status: StatusPagamento,
    /// How it was paid, if that is known by this.
    pub meio: Option<Meio>,
    /// What has gone back in all, if it changes by this.
    pub refunded: Option<Dinheiro>,
    /// In words, for the history.
    pub detail: Option<String>,
}

/// A move that the order of states does not allow.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidMove {
    pub de: StatusPedido,
    pub para: StatusPedido,
}

/// A total that no order can have.
#[derive(Debug, PartialEq, Eq)]
pub struct TotalOverflow;

impl Pedido {
    /// As it was stored.
    pub fn stored(fields: Fields) -> Pedido {
        Pedido { fields, events: Vec::new(), changed: false }
    }

    /// As it comes in; its numbers are given when it is stored.
    pub fn received(new: NewPedido, now: DataHora) -> Result<Pedido, TotalOverflow> {
        let NewPedido { cliente, itens, destino, id_pagamento, qr } = new;
        let valor_total = total(&itens)?;
        let fields = Fields {
            id: 0,
            senha: None,
            status_pedido: StatusPedido::Recebido,
            cliente: None,
            itens,
            destino: Destino::default(),
            datahora_recebido: now,
            datahora_preparacao: None,
            datahora_pronto: None,
            datahora_finalizado: None,
            status_pagamento: StatusPagamento::Enviado,
            id_pagamento: Some(id_pagamento),
            meio_pagamento: None,
            qr_data: None,
            datahora_expiracao: None,
            qr_recusado: false,
            entregue_em: None,
            valor_total,
            valor_reembolsado: Dinheiro::default(),
            versao: 1,
        };
        let mut pedido = Pedido::stored(fields);
        pedido.happen(Evento::Recebido { cliente, destino, qr }, now);
        Ok(pedido)
    }

    /// The number that is called, or that of the row where the original gave none.
    pub fn called_number(&self) -> i64 {
        self.senha.unwrap_or(self.id)
    }

    /// The numbers that the order is stored under.
    pub fn number(&mut self, id: i64, senha: i64) {
        (self.fields.id, self.fields.senha) = (id, Some(senha));
    }

    /// What has happened since the order was loaded; from here on it counts as stored, in the version that it has now.
    pub fn take_events(&mut self) -> Vec<Evento> {
        self.changed = false;
        mem::take(&mut self.events)
    }

    /// What has happened since the order was loaded.
    pub fn events(&self) -> &[Evento] {
        &self.events
    }

    /// Whether something has happened by which the order is another.
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// The version that a changed order is saved as.
    pub fn next_version(&mut self) {
        self.fields.versao += 1;
    }

    /// Moves along the kitchen. Being there already is no event.
    pub fn advance(&mut self, para: StatusPedido, now: DataHora) -> Result<(), InvalidMove> {
        let de = self.status_pedido;
        if de == para {
            return Ok(());
        }
        if !de.may_become(para) {
            return Err(InvalidMove { de, para });
        }
        self.happen(Evento::Movimento { de, para }, now);
        Ok(())
    }

    /// Takes the order out of every list; being out already is no event.
    pub fn cancel(&mut self, motivo: Option<&str>, now: DataHora) {
        let de = self.status_pedido;
        if de != StatusPedido::Cancelado {
            self.happen(Evento::Cancelamento { de, motivo: motivo.map(str::to_owned) }, now);
        }
    }

    /// The one way in which the state of a payment changes. `false` when the news changes nothing.
    pub fn pay(&mut self, news: PaymentNews, now: DataHora) -> bool {
        let PaymentNews { status, meio, refunded: reembolsado, detail: detalhe } = news;
        let (de, para) = (self.status_pagamento, self.status_pagamento.after(status));
        if para == de {
            return false;
        }
        self.happen(Evento::Pagamento(Pagamento { de, para, meio, reembolsado, detalhe }), now);
        true
    }

    /// Puts the order on a customer's name, or on nobody's.
    pub fn assign(&mut self, cliente: Option<i64>, now: DataHora) {
        if cliente != self.cliente {
            self.happen(Evento::Cliente { de: self.cliente, para: cliente }, now);
        }
    }

    /// Money goes back; `total` is what has gone or is on its way, in all. Where that is known already, the order stays as
    /// it is.
    pub fn refund(&mut self, total: Dinheiro, detalhe: String, now: DataHora) {
        let changed = self.changed || total != self.valor_reembolsado;
        self.happen(Evento::Reembolso { total, detalhe }, now);
        self.changed = changed;
    }

    /// The code to pay by is another.
    pub fn show_qr(&mut self, qr: QrCode, now: DataHora) {
        if qr != self.qr() {
            self.happen(Evento::Qr(qr), now);
        }
    }

    /// The customer was erased: so are the notes.
    pub fn forget_notes(&mut self, now: DataHora) {
        if self.itens.iter().any(|item| item.descricao.is_some()) {
            self.happen(Evento::Esquecimento, now);
        }
    }

    /// Something that is told of its charge, and leaves the order as it is.
    pub fn note(&mut self, evento: Evento) {
        self.events.push(evento);
    }

    /// The code to pay by, as it is now.
    pub fn qr(&self) -> QrCode {
        QrCode { data: self.qr_data.clone(), expiry: self.datahora_expiracao, refused: self.qr_recusado }
    }

    /// Whether the customer has it, or had it before somebody corrected the state.
    pub fn is_delivered(&self) -> bool {
        self.delivery().is_some()
    }

    /// The same in words. Of an order that was taken back from Finalizado it is not known whether the customer has it.
    pub fn delivery(&self) -> Option<&'static str> {
        match self.status_pedido {
            StatusPedido::Finalizado => Some("já foi entregue"),
            _ => self.entregue_em.map(|_| "já foi dado como entregue"),
        }
    }

    /// What `qr_situacao` has to say. `qr_data` is there only while the code can be paid: a charge that ends takes it
    /// away, and a refused payment of the simulator, which can be tried again, leaves it.
    pub fn qr_situacao(&self) -> Option<&'static str> {
        if self.status_pedido == StatusPedido::Cancelado || !self.status_pagamento.is_unpaid() {
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

    fn happen(&mut self, evento: Evento, now: DataHora) {
        self.fields.apply(&evento, now);
        self.changed = true;
        self.events.push(evento);
    }
}

impl Deref for Pedido {
    type Target = Fields;

    fn deref(&self) -> &Fields {
        &self.fields
    }
}

impl Fields {
    /// The transition: what an event, which happens at `now`, makes of an order. Events of its charge make nothing of it.
    pub fn apply(&mut self, evento: &Evento, now: DataHora) {
        match evento {
            Evento::Recebido { cliente, destino, qr } => {
                self.cliente = *cliente;
                self.destino = destino.clone();
                self.set_qr(qr);
            }
            Evento::Movimento { de, para } => self.move_from(*de, *para, now),
            Evento::Cancelamento { .. } => self.status_pedido = StatusPedido::Cancelado,
            Evento::Pagamento(Pagamento { para, meio, reembolsado, .. }) => {
                self.status_pagamento = *para;
                self.meio_pagamento = meio.or(self.meio_pagamento);
                self.valor_reembolsado = reembolsado.unwrap_or(self.valor_reembolsado);
            }
            Evento::Cliente { para, .. } => self.cliente = *para,
            Evento::Reembolso { total, .. } => self.valor_reembolsado = *total,
            Evento::Qr(qr) => self.set_qr(qr),
            Evento::Esquecimento => self.itens.iter_mut().for_each(|item| item.descricao = None),
            Evento::Perguntado(_)
            | Evento::Respondido(_)
            | Evento::SemResposta(_)
            | Evento::Recusado(_)
            | Evento::Notificado(_)
            | Evento::Pendencia(_) => {}
        }
    }

    /// Stamps the time of the state; a step back erases the times of the states that were not reached after all.
    fn move_from(&mut self, de: StatusPedido, para: StatusPedido, now: DataHora) {
        self.status_pedido = para;
        if de == StatusPedido::Finalizado {
            self.entregue_em = self.datahora_finalizado.or(Some(now));
        }
        let times = [
            (StatusPedido::EmPreparacao, &mut self.datahora_preparacao),
            (StatusPedido::Pronto, &mut self.datahora_pronto),
            (StatusPedido::Finalizado, &mut self.datahora_finalizado),
        ];
        for (state, time) in times {
            if state > para {
                *time = None;
            } else if state == para && (para > de || time.is_none()) {
                *time = Some(now);
            }
        }
    }

    fn set_qr(&mut self, qr: &QrCode) {
        (self.qr_data, self.datahora_expiracao, self.qr_recusado) = (qr.data.clone(), qr.expiry, qr.refused);
    }
}

impl PaymentNews {
    /// News of the state alone.
    pub fn of(status: StatusPagamento) -> PaymentNews {
        PaymentNews { status, meio: None, refunded: None, detail: None }
    }
}

/// What the lines come to.
pub fn total(itens: &[Item]) -> Result<Dinheiro, TotalOverflow> {
    let amounts: Option<Vec<Dinheiro>> = itens.iter().map(|i| i.valor.vezes(i.quantidade)).collect();
    Ok(amounts.ok_or(TotalOverflow)?.into_iter().sum())
}

impl Serialize for Pedido {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PedidoView::of(self).serialize(serializer)
    }
}

#[cfg(test)]
pub mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An order of nothing in this state, received at this moment.
    pub fn pedido_with(id: i64, status: StatusPedido, received: DataHora) -> Pedido {
        let mut pedido = pedido(status);
        (pedido.fields.id, pedido.fields.datahora_recebido) = (id, received);
        pedido
    }

    /// An order of nothing in this state.
    pub fn pedido(status: StatusPedido) -> Pedido {
        let new = NewPedido {
            cliente: None,
            itens: vec![],
            destino: Destino::default(),
            id_pagamento: "referencia".into(),
            qr: QrCode::default(),
        };
        let mut pedido = Pedido::received(new, at(0)).unwrap();
        pedido.number(1, 1);
        pedido.take_events();
        pedido.fields.status_pedido = status;
        pedido
    }

    fn at(seconds: i64) -> DataHora {
        DataHora::de_segundos(seconds).unwrap()
    }

    #[test]
    fn the_whole_table_of_moves() {
        // Rows: from; columns: to 1..5. '=' stays, '>' moves, '.' is refused.
        for (de, row) in (1..).zip(["=>>>.", ">=>>.", ".>=>.", "..>=.", "....="]) {
            for (para, expected) in (1..).zip(row.chars()) {
                let mut pedido = pedido(de.try_into().unwrap());
                let moved = pedido.advance(i64::from(para).try_into().unwrap(), at(9));
                let seen = match (moved, pedido.is_changed()) {
                    (Ok(()), false) => '=',
                    (Ok(()), true) => '>',
                    (Err(_), _) => '.',
                };
                assert_eq!(seen, expected, "{de} -> {para}");
                assert_eq!(pedido.status_pedido as i64, if seen == '>' { para as i64 } else { de });
            }
        }
    }

    #[test]
    fn each_move_stamps_its_time_and_a_step_back_erases_what_was_not_reached() {
        let mut p = pedido(StatusPedido::Recebido);
        p.advance(StatusPedido::EmPreparacao, at(10)).unwrap();
        p.advance(StatusPedido::Pronto, at(20)).unwrap();
        p.advance(StatusPedido::EmPreparacao, at(30)).unwrap();
        assert_eq!((p.datahora_preparacao, p.datahora_pronto), (Some(at(10)), None));
        p.advance(StatusPedido::Finalizado, at(40)).unwrap();
        assert_eq!((p.datahora_pronto, p.datahora_finalizado), (None, Some(at(40))));
        p.advance(StatusPedido::Pronto, at(50)).unwrap();
        assert!(p.is_delivered() && p.entregue_em == Some(at(40)));
    }

    /// Something that is asked of an order.
    #[derive(Clone, Debug)]
    pub enum Step {
        Advance(i64),
        Cancel,
        Pay(i64, Option<Meio>),
        Assign(Option<i64>),
        Refund(i64),
        Qr(Option<String>, bool),
        Forget,
        Note,
    }

    /// Any.
    pub fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (1..=5i64).prop_map(Step::Advance),
            1 => Just(Step::Cancel),
            3 => ((1..=4i64), prop::option::of(Just(Meio::Dinheiro))).prop_map(|(s, m)| Step::Pay(s, m)),
            1 => prop::option::of(1..3i64).prop_map(Step::Assign),
            1 => (0..900i64).prop_map(Step::Refund),
            1 => (prop::option::of("[a-z]{3}"), any::<bool>()).prop_map(|(d, r)| Step::Qr(d, r)),
            1 => Just(Step::Forget),
            1 => Just(Step::Note),
        ]
    }

    /// Asks it of the order, which may refuse.
    pub fn take(p: &mut Pedido, step: Step, now: DataHora) {
        match step {
            Step::Advance(para) => drop(p.advance(para.try_into().unwrap(), now)),
            Step::Cancel => p.cancel(Some("acabou"), now),
            Step::Pay(status, meio) => {
                let news = PaymentNews { meio, ..PaymentNews::of(status.try_into().unwrap()) };
                let _ = p.pay(news, now);
            }
            Step::Assign(cliente) => p.assign(cliente, now),
            Step::Refund(centavos) => {
                p.refund(
                    format!("{}.{:02}", centavos / 100, centavos % 100).parse().unwrap(),
                    String::new(),
                    now,
                );
            }
            Step::Qr(data, refused) => p.show_qr(QrCode { data, expiry: Some(now), refused }, now),
            Step::Forget => p.forget_notes(now),
            Step::Note => p.note(Evento::Notificado("order ORD1".into())),
        }
    }

    proptest! {
        #[test]
        fn an_order_is_what_its_events_make_of_it(steps in prop::collection::vec(step(), 0..40)) {
            let item = Item { produto: Some(1), nome: "X".into(), quantidade: 2, descricao: Some("sem sal".into()), valor: "1.50".parse().unwrap() };
            let new = NewPedido { cliente: Some(1), itens: vec![item], destino: Destino::default(), id_pagamento: "r".into(), qr: QrCode::default() };
            let mut p = Pedido::received(new, at(0)).unwrap();
            let mut replayed = p.fields.clone();
            p.take_events();
            for (i, step) in steps.into_iter().enumerate() {
                let now = at(i as i64 + 1);
                let (before, paid) = (p.clone(), p.status_pagamento);
                take(&mut p, step, now);
                prop_assert_eq!(p.is_changed(), p.fields != before.fields);
                for event in p.take_events() {
                    replayed.apply(&event, now);
                }
                prop_assert_eq!(&replayed, &p.fields);
                prop_assert_eq!(p.status_pagamento, paid.after(p.status_pagamento), "a payment went back");
                if before.status_pedido == StatusPedido::Cancelado {
                    prop_assert_eq!(p.status_pedido, StatusPedido::Cancelado);
                }
                let times = [p.datahora_preparacao, p.datahora_pronto, p.datahora_finalizado];
                for (state, time) in (2..).zip(times).filter(|_| p.status_pedido != StatusPedido::Cancelado) {
                    if state == p.status_pedido as i64 { prop_assert!(time.is_some()); }
                    if state > p.status_pedido as i64 { prop_assert!(time.is_none()); }
                }
            }
        }
    }
}
