//! An order as JSON shows it: its fields, and what is derived from them.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Item, Local, Meio, Pedido, StatusPagamento, StatusPedido};
use crate::domain::{data_hora::DataHora, dinheiro::Dinheiro};

/// An order.
#[derive(Serialize, ToSchema)]
#[schema(as = Pedido)]
pub struct PedidoView<'a> {
    #[schema(minimum = 1, example = 2)]
    id: i64,
    /// The number called at the counter: unique on its business day in São Paulo. Null for orders of the original system.
    #[schema(minimum = 1, example = 17)]
    senha: Option<i64>,
    status_pedido: StatusPedido,
    #[schema(example = "Recebido")]
    status_pedido_descricao: &'static str,
    /// Null when the order is anonymous.
    #[schema(example = 1)]
    cliente: Option<i64>,
    itens: &'a [Item],
    /// `aqui` or `levar`: whether it is eaten here. Left out where nobody has said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "aqui")]
    local: Option<Local>,
    /// The table that it is brought to. Left out where nobody has said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "varanda 2")]
    mesa: Option<&'a str>,
    datahora_recebido: DataHora,
    datahora_preparacao: Option<DataHora>,
    datahora_pronto: Option<DataHora>,
    datahora_finalizado: Option<DataHora>,
    status_pagamento: StatusPagamento,
    #[schema(example = "Pagamento enviado")]
    status_pagamento_descricao: &'static str,
    #[schema(example = "b715bik7-2726-4d51-a729-749cc7bda703")]
    id_pagamento: Option<&'a str>,
    /// `qr`, `dinheiro` or `maquininha`; null until it is paid.
    #[schema(value_type = Option<String>, example = "qr")]
    meio_pagamento: Option<Meio>,
    /// The text behind the QR code that the customer pays (Pix copia e cola).
    qr_data: Option<&'a str>,
    /// `pronto` when the QR code is there to be paid, `a_caminho` when it is still being asked for: look again in a moment,
    /// `recusado` when the provider refused to make it: the payment is taken at the counter.
    #[schema(example = "pronto")]
    qr_situacao: Option<&'static str>,
    /// Until when the QR code can be paid. Null when it does not expire.
    datahora_expiracao: Option<DataHora>,
    valor_total: Dinheiro,
    /// What went back to the customer, or is on its way.
    valor_reembolsado: Dinheiro,
    /// Grows by one at every change; also the `ETag`.
    #[schema(minimum = 1, example = 1)]
    versao: i64,
}

impl PedidoView<'_> {
    /// The order as it is now.
    pub fn of(pedido: &Pedido) -> PedidoView<'_> {
        PedidoView {
            id: pedido.id,
            senha: pedido.senha,
            status_pedido: pedido.status_pedido,
            status_pedido_descricao: pedido.status_pedido.descricao(),
            cliente: pedido.cliente,
            itens: &pedido.itens,
            local: pedido.destino.local,
            mesa: pedido.destino.mesa.as_deref(),
            datahora_recebido: pedido.datahora_recebido,
            datahora_preparacao: pedido.datahora_preparacao,
            datahora_pronto: pedido.datahora_pronto,
            datahora_finalizado: pedido.datahora_finalizado,
            status_pagamento: pedido.status_pagamento,
            status_pagamento_descricao: pedido.status_pagamento.descricao(),
            id_pagamento: pedido.id_pagamento.as_deref(),
            meio_pagamento: pedido.meio_pagamento,
            qr_data: pedido.qr_data.as_deref(),
            qr_situacao: pedido.qr_situacao(),
            datahora_expiracao: pedido.datahora_expiracao,
            valor_total: pedido.valor_total,
            valor_reembolsado: pedido.valor_reembolsado,
            versao: pedido.versao,
        }
    }
}
