//! The provider that needs no account: every QR code is well formed and worth nothing, and whoever sends the
//! webhook of the wire contract decides whether the customer has paid.

use crate::domain::{dinheiro::Dinheiro, pedido::StatusPagamento};

/// The text of a QR code.
pub fn qr_data(id_pagamento: &str, valor: Dinheiro) -> String {
    // A banking app that reads it shows the name; the reserved top-level domain leads nowhere.
    let url = format!("simulado.ambrosia.invalid/{id_pagamento}");
    br_code(&url, valor, "PAGAMENTO SIMULADO", "SAO PAULO")
}

/// What a notification's `action` says of the payment; `None` when it changes nothing.
pub fn noticia(action: &str) -> Option<StatusPagamento> {
    match action {
        "state_FINISHED" => Some(StatusPagamento::Aprovado),
        "state_CANCELED" => Some(StatusPagamento::Recusado),
        _ => None,
    }
}

/// A dynamic Pix code (EMV tag, length, value). `url` has at most 77 bytes, `nome` 25, `cidade` 15; all ASCII.
fn br_code(url: &str, valor: Dinheiro, nome: &str, cidade: &str) -> String {
    let tlv = |tag: &str, value: &str| format!("{tag}{:02}{value}", value.len());
    let conta = tlv("00", "br.gov.bcb.pix") + &tlv("25", url);
    let mut code = tlv("00", "01")
        + &tlv("01", "12")
        + &tlv("26", &conta)
        + &tlv("52", "0000")
        + &tlv("53", "986")
        + &tlv("54", &valor.to_string())
        + &tlv("58", "BR")
        + &tlv("59", nome)
        + &tlv("60", cidade)
        + &tlv("62", &tlv("05", "***"))
        + "6304";
    code += &format!("{:04X}", crc16(code.as_bytes()));
    code
}

/// CRC-16/CCITT-FALSE.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc: u16, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_standard() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
    }

    #[test]
    fn a_known_code() {
        let url = "pix-qr.mercadopago.com/instore/o/v2/3f2b8a10-5c41-4d7e-9a6b-0c1d2e3f4a5b";
        assert_eq!(
            br_code(url, "57.80".parse().unwrap(), "RESTAURANTE TESTE", "SAO PAULO"),
            "00020101021226940014br.gov.bcb.pix2572pix-qr.mercadopago.com/instore/o/v2/3f2b8a10-5c41-4d7e-9a6b-0c1d2e3f4a5b\
             520400005303986540557.805802BR5917RESTAURANTE TESTE6009SAO PAULO62070503***6304E84A"
        );
    }

    #[test]
    fn only_the_two_words_of_the_contract_decide() {
        assert_eq!(noticia("state_FINISHED"), Some(StatusPagamento::Aprovado));
        assert_eq!(noticia("state_CANCELED"), Some(StatusPagamento::Recusado));
        assert_eq!(noticia("state_ERROR"), None);
    }
}
