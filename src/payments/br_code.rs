//! The text of a Pix QR code ("BR Code", EMV merchant-presented mode): fields of tag, length and value, and a
//! checksum.

use crate::domain::dinheiro::Dinheiro;

/// The text of a QR code that can be read and not paid.
pub fn simulated(reference: &str, valor: Dinheiro) -> String {
    // A banking app that reads it shows the name; the reserved top-level domain leads nowhere.
    let url = format!("simulado.ambrosia.invalid/{reference}");
    br_code(&url, valor, "PAGAMENTO SIMULADO", "SAO PAULO")
}

/// A dynamic Pix code (EMV tag, length, value). `url` has at most 77 bytes, `name` 25, `city` 15; all ASCII.
fn br_code(url: &str, valor: Dinheiro, name: &str, city: &str) -> String {
    let tlv = |tag: &str, value: &str| format!("{tag}{:02}{value}", value.len());
    let account = tlv("00", "br.gov.bcb.pix") + &tlv("25", url);
    let mut code = tlv("00", "01")
        + &tlv("01", "12")
        + &tlv("26", &account)
        + &tlv("52", "0000")
        + &tlv("53", "986")
        + &tlv("54", &valor.to_string())
        + &tlv("58", "BR")
        + &tlv("59", name)
        + &tlv("60", city)
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
}
