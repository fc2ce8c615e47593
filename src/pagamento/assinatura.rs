//! `x-signature`: proof that a notification comes from Mercado Pago and is about the id in its address.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Why a notification is not believed; for the log.
#[derive(Debug, PartialEq, Eq)]
pub enum Motivo {
    Ausente,
    Malformada,
    Errada,
}

/// A signature that was checked. A copy of a notification has the same, and another notification has not.
#[derive(Debug, PartialEq, Eq)]
pub struct Prova(Vec<u8>);

impl Prova {
    /// What tells this notification from all others, in hexadecimal: the signature, and what the notification is about,
    /// since that is not signed where the address does not have it.
    pub fn com(&self, assunto: &str) -> String {
        let soma = Sha256::new().chain_update(&self.0).chain_update(assunto).finalize();
        soma.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What names a call; only the separator must not be in it.
fn e_chamada(texto: &str) -> bool {
    (1..=CHAMADA_MAX).contains(&texto.len()) && texto.bytes().all(|b| b.is_ascii_graphic() && b != b';')
}

/// An id of the provider's.
pub fn e_id(texto: &str) -> bool {
    (1..=ID_MAX).contains(&texto.len())
        && texto.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// Characters of an id; real ones have about thirty.
const ID_MAX: usize = 64;
const CHAMADA_MAX: usize = 128;

/// The secrets that are in use: more than one while they are being changed.
#[derive(Clone, Default)]
pub struct Segredos(Vec<String>);

impl Segredos {
    pub fn novos(lista: &str) -> Segredos {
        Segredos(lista.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect())
    }

    pub fn vazio(&self) -> bool {
        self.0.is_empty()
    }

    /// `id` is `data.id` of the address, as it came; `request_id` the header `x-request-id`. What is missing is left out
    /// of what is signed. Sources differ on whether the id is signed in lower case: both are right.
    pub fn check(
        &self,
        assinatura: Option<&str>,
        id: Option<&str>,
        request_id: Option<&str>,
    ) -> Result<Prova, Motivo> {
        let (ts, mac) = partes(assinatura.ok_or(Motivo::Ausente)?).ok_or(Motivo::Malformada)?;
        // A separator inside a value would make it several.
        if !id.is_none_or(e_id) || !request_id.is_none_or(e_chamada) {
            return Err(Motivo::Malformada);
        }
        let minusculo = id.map(str::to_ascii_lowercase);
        let certo = [id, minusculo.as_deref()].into_iter().any(|id| {
            let manifesto = manifesto(id, request_id, ts);
            self.0.iter().any(|segredo| {
                Hmac::<Sha256>::new_from_slice(segredo.as_bytes())
                    .is_ok_and(|hmac| hmac.chain_update(&manifesto).verify_slice(&mac).is_ok())
            })
        });
        if certo { Ok(Prova(mac)) } else { Err(Motivo::Errada) }
    }
}

/// The time as it stands there, and the bytes of `v1`.
fn partes(assinatura: &str) -> Option<(&str, Vec<u8>)> {
    let campo = |nome: &str| {
        assinatura
            .split(',')
            .filter_map(|parte| parte.split_once('='))
            .find(|(chave, _)| chave.trim().eq_ignore_ascii_case(nome))
            .map(|(_, valor)| valor.trim())
    };
    let ts = campo("ts").filter(|ts| !ts.is_empty() && ts.bytes().all(|b| b.is_ascii_digit()))?;
    let hex = campo("v1")?.as_bytes();
    if hex.len() != 64 {
        return None;
    }
    let digito = |b: u8| char::from(b).to_digit(16);
    let mac = hex.chunks(2).map(|par| Some((digito(par[0])? * 16 + digito(par[1])?) as u8));
    Some((ts, mac.collect::<Option<_>>()?))
}

fn manifesto(id: Option<&str>, request_id: Option<&str>, ts: &str) -> String {
    let mut texto = String::new();
    for (chave, valor) in [("id", id), ("request-id", request_id), ("ts", Some(ts))] {
        if let Some(valor) = valor {
            texto += &format!("{chave}:{valor};");
        }
    }
    texto
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PEDIDO: &str = "2066ca19-c6f1-498a-be75-1923005edd06";
    const TS: &str = "1742505638683";
    const ID: &str = "ORD01JQ4S4KY8HWQ6NA5PXB65B3D3";
    const MINUSCULA: &str = "d568551a3929afe312cfd5771e3fe9365a9ee7fbccd97712645be11c30059a51";
    const MAIUSCULA: &str = "9b10a4de21055ae4ee2e980e25decd6ced40cb12432e3ad11c01e3d94a84716e";

    fn check(segredos: &str, assinatura: &str, id: Option<&str>, pedido: Option<&str>) -> Result<(), Motivo> {
        Segredos::novos(segredos).check(Some(assinatura), id, pedido).map(drop)
    }

    #[test]
    fn a_value_cannot_be_two() {
        // As the provider signs the id `ord1` with the call `r1`.
        let mac = Hmac::<Sha256>::new_from_slice(b"s").unwrap().chain_update("id:ord1;request-id:r1;ts:1;");
        let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
        let assinatura = format!("ts=1,v1={hex}");
        assert_eq!(check("s", &assinatura, Some("ord1"), Some("r1")), Ok(()));
        assert_eq!(check("s", &assinatura, Some("ord1;request-id:r1"), None), Err(Motivo::Malformada));
        assert_eq!(check("s", &assinatura, None, Some("r1;id:x")), Err(Motivo::Malformada));
        for torto in ["", "a;b", "a:b", "a b", "ç", &"a".repeat(65)] {
            assert_eq!(check("s", &assinatura, Some(torto), Some("r1")), Err(Motivo::Malformada), "{torto}");
        }
    }

    #[test]
    fn the_known_signatures_in_either_case() {
        for v1 in [MINUSCULA, MAIUSCULA] {
            let assinatura = format!("ts={TS},v1={v1}");
            assert_eq!(check("test-secret", &assinatura, Some(ID), Some(PEDIDO)), Ok(()));
        }
        let sem_pedido = "ts=1742505638,v1=a9c6cf20b9318bb5214022ff00c8c0b38fd21feabda7ee7f101d83af7f4e049e";
        assert_eq!(check("test-secret", sem_pedido, Some("999999999"), None), Ok(()));
    }

    #[test]
    fn spelling_does_not_matter_and_rotation_accepts_several() {
        let assinatura = format!(" V1 = {} , TS={TS}", MINUSCULA.to_uppercase());
        assert_eq!(check("novo, test-secret", &assinatura, Some(ID), Some(PEDIDO)), Ok(()));
    }

    #[test]
    fn anything_else_is_refused() {
        let boa = format!("ts={TS},v1={MINUSCULA}");
        assert_eq!(check("outro", &boa, Some(ID), Some(PEDIDO)), Err(Motivo::Errada));
        assert_eq!(check("test-secret", &boa, Some("ORD02"), Some(PEDIDO)), Err(Motivo::Errada));
        assert_eq!(check("test-secret", &boa, None, Some(PEDIDO)), Err(Motivo::Errada));
        assert_eq!(check("test-secret", &boa, Some(ID), Some("outro")), Err(Motivo::Errada));
        let outro_ts = format!("ts=1742505638684,v1={MINUSCULA}");
        assert_eq!(check("test-secret", &outro_ts, Some(ID), Some(PEDIDO)), Err(Motivo::Errada));
        assert_eq!(Segredos::novos("s").check(None, Some(ID), None), Err(Motivo::Ausente));
        for torta in ["", "ts=1", "v1=ab", "ts=,v1=ab", "ts=1,v1=é", &format!("ts=a,v1={MINUSCULA}")] {
            assert_eq!(check("test-secret", torta, Some(ID), Some(PEDIDO)), Err(Motivo::Malformada));
        }
        // Without a secret nothing is right.
        assert_eq!(check("", &boa, Some(ID), Some(PEDIDO)), Err(Motivo::Errada));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(assinatura in "\\PC{0,200}", id in "\\PC{0,40}") {
            let _ = check("s", &assinatura, Some(&id), Some(&id));
            let _ = check("s", &format!("ts=1,v1={assinatura:é<64}"), Some(&id), None);
        }
    }
}
