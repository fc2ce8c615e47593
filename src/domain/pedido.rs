//! An order: its lines, the way through the kitchen, and the state of its payment.

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::{data_hora::DataHora, dinheiro::Dinheiro};

pub const LINHAS_MAX: usize = 100;
pub const QUANTIDADE_MAX: i64 = 999;
pub const OBSERVACAO_MAX: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatusPedido {
    Recebido = 1,
    EmPreparacao = 2,
    Pronto = 3,
    Finalizado = 4,
    Cancelado = 5,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusPagamento {
    Enviado = 1,
    Aprovado = 2,
    Recusado = 3,
    Reembolsado = 4,
}

/// An order as stored and as shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
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
    /// The text behind the QR code that the customer pays (Pix copia e cola).
    pub qr_data: Option<String>,
    pub valor_total: Dinheiro,
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
#[derive(Debug, Serialize, ToSchema)]
pub struct Evento {
    /// `recebido`, `movimento`, `cancelamento`, `pagamento` or `cliente`.
    #[schema(example = "movimento")]
    pub tipo: String,
    /// The state before: a `status_pedido`, or for `pagamento` a `status_pagamento`, or for `cliente` its id.
    #[schema(example = 1)]
    pub de: Option<i64>,
    /// The state after.
    #[schema(example = 2)]
    pub para: Option<i64>,
    pub datahora: DataHora,
}

/// A move that the order of states does not allow.
#[derive(Debug, PartialEq, Eq)]
pub struct MovimentoInvalido {
    pub de: StatusPedido,
    pub para: StatusPedido,
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pedido(status: StatusPedido) -> Pedido {
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
            qr_data: None,
            valor_total: Dinheiro::default(),
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
