//! An order is what its events make of it: they are read back from the log, applied one after the other to the order as it
//! came in, and the result is held against what is stored. By it a backup is proved (`store::backup::check`).
//!
//! Events of versions before 0.1.0, and of the system that Ambrosia replaced, do not tell everything: of an order that has
//! such events nothing is proved.

use serde_json::Value;

use super::{
    dinheiro::Dinheiro,
    evento::{Evento, EventoView, Pagamento},
    pedido::{Destino, Fields, Local, Meio, Pedido, QrCode, StatusPagamento, StatusPedido},
};

/// What a replay shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// The events make the order.
    Equal,
    /// These fields are not what the events make of them; `de` is a state before that an event names wrongly.
    Different(Vec<&'static str>),
    /// The log began after the order did.
    Untold,
    /// This event says something that no event says.
    Unreadable(String),
}

/// Replays the events of an order, which are in the order of the log.
pub fn replay(stored: &Pedido, events: &[EventoView]) -> Replay {
    if events.first().is_none_or(|e| e.tipo != "recebido") || events.iter().any(|e| e.ator.is_none()) {
        return Replay::Untold;
    }
    let mut replayed = as_it_came_in(stored, &events[0]);
    let mut differences = Vec::new();
    for view in events {
        let Some(event) = read(view) else {
            return Replay::Unreadable(format!("{} at {:?}", view.tipo, view.sequencia));
        };
        let Some(event) = event else { continue };
        if event.change().0 != before(&replayed, &event) {
            differences.push("de");
        }
        replayed.apply(&event, view.datahora);
    }
    differences.extend(differing(&replayed, stored));
    if differences.is_empty() { Replay::Equal } else { Replay::Different(differences) }
}

/// What the checkout stored that is in no event stays as it is stored.
fn as_it_came_in(stored: &Fields, first: &EventoView) -> Fields {
    Fields {
        status_pedido: StatusPedido::Recebido,
        cliente: None,
        destino: Destino::default(),
        datahora_recebido: first.datahora,
        datahora_preparacao: None,
        datahora_pronto: None,
        datahora_finalizado: None,
        status_pagamento: StatusPagamento::Enviado,
        meio_pagamento: None,
        qr_data: None,
        datahora_expiracao: None,
        qr_recusado: false,
        entregue_em: None,
        valor_reembolsado: Dinheiro::default(),
        ..stored.clone()
    }
}

/// The state that the event is to name as the one before it.
fn before(pedido: &Fields, event: &Evento) -> Option<i64> {
    match event {
        Evento::Movimento { .. } | Evento::Cancelamento { .. } => Some(pedido.status_pedido as i64),
        Evento::Pagamento(_) => Some(pedido.status_pagamento as i64),
        Evento::Cliente { .. } => pedido.cliente,
        _ => None,
    }
}

fn differing(replayed: &Fields, stored: &Fields) -> Vec<&'static str> {
    let fields = [
        ("status_pedido", replayed.status_pedido == stored.status_pedido),
        ("cliente", replayed.cliente == stored.cliente),
        ("itens", replayed.itens == stored.itens),
        ("local", replayed.destino.local == stored.destino.local),
        ("mesa", replayed.destino.mesa == stored.destino.mesa),
        ("datahora_recebido", replayed.datahora_recebido == stored.datahora_recebido),
        ("datahora_preparacao", replayed.datahora_preparacao == stored.datahora_preparacao),
        ("datahora_pronto", replayed.datahora_pronto == stored.datahora_pronto),
        ("datahora_finalizado", replayed.datahora_finalizado == stored.datahora_finalizado),
        ("status_pagamento", replayed.status_pagamento == stored.status_pagamento),
        ("meio_pagamento", replayed.meio_pagamento == stored.meio_pagamento),
        ("qr_data", replayed.qr_data == stored.qr_data),
        ("datahora_expiracao", replayed.datahora_expiracao == stored.datahora_expiracao),
        ("qr_recusado", replayed.qr_recusado == stored.qr_recusado),
        ("entregue_em", replayed.entregue_em == stored.entregue_em),
        ("valor_reembolsado", replayed.valor_reembolsado == stored.valor_reembolsado),
    ];
    fields.into_iter().filter(|(_, equal)| !equal).map(|(name, _)| name).collect()
}

/// An event as it was stored: `None` where no event reads like this, `Some(None)` for one that leaves the order as it is.
fn read(view: &EventoView) -> Option<Option<Evento>> {
    let data: Value = match &view.dados {
        Some(raw) => serde_json::from_str(raw.get()).ok()?,
        None => Value::Null,
    };
    let text = |name: &str| data[name].as_str();
    let detail = || view.detalhe.clone().unwrap_or_default();
    let event = match view.tipo.as_str() {
        "recebido" => {
            let local = text("local").map(Local::try_from).transpose().ok()?;
            let destino = Destino { local, mesa: text("mesa").map(str::to_owned) };
            Evento::Recebido { cliente: data["cliente"].as_i64(), destino, qr: qr(&data)? }
        }
        "movimento" => Evento::Movimento { de: numbered(view.de)?, para: numbered(view.para)? },
        "cancelamento" => Evento::Cancelamento { de: numbered(view.de)?, motivo: view.detalhe.clone() },
        "pagamento" => Evento::Pagamento(Pagamento {
            de: numbered(view.de)?,
            para: numbered(view.para)?,
            meio: text("meio_pagamento").map(Meio::try_from).transpose().ok()?,
            reembolsado: text("valor_reembolsado").map(str::parse).transpose().ok()?,
            detalhe: view.detalhe.clone(),
        }),
        "cliente" => Evento::Cliente { de: view.de, para: view.para },
        "reembolso" => {
            Evento::Reembolso { total: text("valor_reembolsado")?.parse().ok()?, detalhe: detail() }
        }
        "qr" => Evento::Qr(qr(&data)?),
        "esquecimento" => Evento::Esquecimento,
        "perguntado" | "respondido" | "sem_resposta" | "recusado" | "notificado" | "pendencia" => {
            return Some(None);
        }
        _ => return None,
    };
    Some(Some(event))
}

fn numbered<T: TryFrom<i64>>(number: Option<i64>) -> Option<T> {
    T::try_from(number?).ok()
}

fn qr(data: &Value) -> Option<QrCode> {
    let expiry = data["datahora_expiracao"].as_str().map(str::parse).transpose().ok()?;
    let refused = data["qr_recusado"].as_bool()?;
    Some(QrCode { data: data["qr_data"].as_str().map(str::to_owned), expiry, refused })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;
    use crate::domain::{
        data_hora::DataHora,
        evento::Actor,
        pedido::{
            Item, NewPedido,
            tests::{Step, step, take},
        },
    };

    fn at(seconds: i64) -> DataHora {
        DataHora::de_segundos(seconds).unwrap()
    }

    fn stored(event: &Evento, sequencia: i64, now: DataHora) -> EventoView {
        let (de, para) = event.change();
        EventoView {
            sequencia: Some(sequencia),
            tipo: event.tipo().into(),
            de,
            para,
            detalhe: event.detail(),
            ator: Some(Actor::Staff.name()),
            dados: event.data().map(|data| RawValue::from_string(data).unwrap()),
            datahora: now,
        }
    }

    /// An order, and its log, after these steps.
    fn lived(steps: Vec<Step>) -> (Pedido, Vec<EventoView>) {
        let item = Item {
            produto: Some(1),
            nome: "X".into(),
            quantidade: 2,
            descricao: Some("sem sal".into()),
            valor: "1.50".parse().unwrap(),
        };
        let qr = QrCode { data: Some("pix".into()), expiry: Some(at(900)), refused: false };
        let destino = Destino { local: Some(Local::Aqui), mesa: Some("varanda 2".into()) };
        let new = NewPedido { cliente: Some(1), itens: vec![item], destino, id_pagamento: "r".into(), qr };
        let mut pedido = Pedido::received(new, at(0)).unwrap();
        let mut log: Vec<EventoView> =
            pedido.take_events().iter().map(|event| stored(event, 1, at(0))).collect();
        for (second, step) in (1..).zip(steps) {
            take(&mut pedido, step, at(second));
            for event in pedido.take_events() {
                log.push(stored(&event, log.len() as i64 + 1, at(second)));
            }
        }
        (pedido, log)
    }

    proptest! {
        #[test]
        fn what_is_read_back_from_the_log_makes_the_order(steps in prop::collection::vec(step(), 0..40)) {
            let (pedido, log) = lived(steps);
            prop_assert_eq!(replay(&pedido, &log), Replay::Equal);
        }

        /// The log without one event that changed the order, and did not leave it as it was.
        #[test]
        fn an_event_that_is_missing_shows(steps in prop::collection::vec(step(), 1..40), which in 0..40usize) {
            let (pedido, mut log) = lived(steps);
            let moves: Vec<usize> = (1..log.len()).filter(|n| log[*n].para.is_some()).collect();
            prop_assume!(!moves.is_empty());
            log.remove(moves[which % moves.len()]);
            prop_assert!(matches!(replay(&pedido, &log), Replay::Different(_)));
        }
    }

    #[test]
    fn nothing_is_proved_of_what_older_versions_wrote() {
        let (pedido, mut log) = lived(vec![Step::Cancel]);
        log[1].ator = None;
        assert_eq!(replay(&pedido, &log), Replay::Untold);
        assert_eq!(replay(&pedido, &[]), Replay::Untold);
        assert_eq!(replay(&pedido, &log[1..]), Replay::Untold);
    }

    #[test]
    fn what_no_event_says_is_unreadable() {
        let (pedido, mut log) = lived(vec![Step::Cancel]);
        log[1].tipo = "sumiço".into();
        assert_eq!(replay(&pedido, &log), Replay::Unreadable("sumiço at Some(2)".into()));
    }
}
