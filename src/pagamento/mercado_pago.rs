//! Mercado Pago's Orders API: a charge is an order of type `qr` there. Made, looked at, cancelled, refunded; and found
//! again where an answer was lost.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::{
    assinatura::Segredos,
    client::{Answer, Call, Client, NoAnswer},
    ordem::{ComReferencia, NovaOrdem, Ordem, Recusa, lista},
};
use crate::{
    domain::{
        charge_report::{ChargeReport, Outcome},
        cobranca::{CHAVE_SEGUNDOS, Cobranca, Operacao, Situacao},
        data_hora::DataHora,
        pedido::Pedido,
    },
    token_bucket::{Rate, TokenBucket},
};

/// How to reach it, from the configuration.
pub struct Settings {
    pub url: String,
    /// PEM; `None` for the public certificates.
    pub ca: Option<Vec<u8>>,
    pub token: String,
    /// `external_id` of the point of sale.
    pub pos: String,
    pub segredos: Segredos,
    /// Seconds for which a QR code can be paid.
    pub validade: i64,
    /// How long a checkout waits for its QR code.
    pub checkout: Duration,
    /// How long an operation in the background takes, with its repetitions.
    pub timeout: Duration,
    pub connect: Duration,
    pub running_max: usize,
    /// Seconds between the first two looks at a charge that nobody has paid yet.
    pub ritmo: i64,
}

pub struct MercadoPago {
    client: Client,
    pub settings: Settings,
    /// Look-ups of what notifications name and nobody here knows.
    pub unknown: TokenBucket,
    /// Look-ups of our charges that notifications without a signature provoke.
    pub unsigned: TokenBucket,
}

/// Whom a notification is about, once its topic was looked up.
pub enum Assunto {
    /// Our own id of the payment.
    Referencia(String),
    /// Something that is not ours.
    Alheio,
    /// Not there, or not yet.
    Inexistente,
    SemResposta(String),
}

/// Pages of a search that are followed.
const PAGINAS_MAX: usize = 10;
/// Calls a second of one process because of notifications, and how many at once: those about what nobody here knows, and
/// those without a signature about what is ours.
const UNKNOWN: (u32, u32) = (2, 5);
const UNSIGNED: (u32, u32) = (5, 20);
/// How far the provider's clock may be from ours, in a search by date.
const FOLGA_SEGUNDOS: i64 = 24 * 60 * 60;

impl MercadoPago {
    /// The error is for whoever set it up.
    pub fn new(settings: Settings) -> Result<MercadoPago, String> {
        let bucket =
            |(per_second, burst)| TokenBucket::new(Rate::new(burst, Duration::from_secs(1) / per_second));
        let [unknown, unsigned] = [UNKNOWN, UNSIGNED].map(bucket);
        Ok(MercadoPago { client: Client::new(&settings)?, settings, unknown, unsigned })
    }

    /// Does one step of a charge, within `tempo`, and gives what the provider says of the charge afterwards.
    pub fn executar(
        &self,
        operacao: Operacao,
        cobranca: &Cobranca,
        pedido: &Pedido,
        tempo: Duration,
    ) -> Outcome {
        let ate = Instant::now() + tempo;
        let feito = match operacao {
            Operacao::Criar => self.criar(cobranca, pedido, ate),
            Operacao::Consultar if cobranca.incerta_ate.is_some() => self.olhar_todas(cobranca, pedido, ate),
            Operacao::Consultar => self.consultar(cobranca, pedido, ate),
            Operacao::Cancelar => self.cancelar(cobranca, pedido, ate),
            Operacao::Reembolsar => self.reembolsar(cobranca, pedido, ate),
        };
        feito.unwrap_or_else(|NoAnswer { cause, wait, sent, unauthorized }| {
            if unauthorized {
                Outcome::Unauthorized(cause)
            } else {
                Outcome::NoAnswer { cause: cause, wait_seconds: wait, sent: sent }
            }
        })
    }

    /// Which of our payments `topico` and `id` of a notification are about.
    pub fn assunto(&self, topico: &str, id: &str) -> Assunto {
        let recurso = match topico {
            "order" => "/v1/orders",
            "payment" => "/v1/payments",
            _ => "/merchant_orders",
        };
        let ate = Instant::now() + self.settings.timeout;
        match self.get::<ComReferencia>(&format!("{recurso}/{}", codificado(id)), ate) {
            Err(sem) => Assunto::SemResposta(sem.cause),
            Ok(Err(_)) => Assunto::Inexistente,
            Ok(Ok(achado)) => achado.external_reference.map_or(Assunto::Alheio, Assunto::Referencia),
        }
    }

    fn criar(&self, cobranca: &Cobranca, pedido: &Pedido, ate: Instant) -> Result<Outcome, NoAnswer> {
        let idade = DataHora::agora().segundos() - pedido.datahora_recebido.segundos();
        if idade > CHAVE_SEGUNDOS
            && let Some(verdade) = self.procurar(pedido, ate)?
        {
            return Ok(Outcome::Report(verdade));
        }
        let nova = NovaOrdem::nova(cobranca, pedido, &self.settings.pos);
        let corpo = serde_json::to_string(&nova).map_err(|e| NoAnswer::of(&e.to_string()))?;
        let call =
            Call { method: "POST", path: "/v1/orders", key: cobranca.chave.as_deref(), body: Some(&corpo) };
        let resposta = self.client.call(&call, ate)?;
        match ler::<Ordem>(&resposta)? {
            Ok(ordem) => {
                let verdade = ordem.verdade()?;
                Ok(Outcome::Report(ChargeReport { uncertain: resposta.repeated, ..verdade }))
            }
            // The key was used: what it made may be there all the same.
            Err(recusa) if recusa.status == 409 => match self.procurar(pedido, ate)? {
                Some(verdade) => Ok(Outcome::Report(verdade)),
                None => Err(NoAnswer::of(&recusa.codigo)),
            },
            Err(recusa) => Ok(recusa.resultado()),
        }
    }

    fn consultar(&self, cobranca: &Cobranca, pedido: &Pedido, ate: Instant) -> Result<Outcome, NoAnswer> {
        let Some(id) = &cobranca.id_externo else {
            return Ok(self.procurar(pedido, ate)?.map_or(Outcome::NotFound, Outcome::Report));
        };
        match self.get::<Ordem>(&format!("/v1/orders/{}", codificado(id)), ate)? {
            Ok(ordem) => ordem.verdade().map(Outcome::Report),
            Err(recusa) if recusa.status == 404 => Ok(Outcome::NotFound),
            Err(recusa) => Ok(recusa.resultado()),
        }
    }

    /// Without the provider's id nobody knows whether there is anything to cancel. A repetition looks first, since the
    /// provider may have forgotten its key.
    fn cancelar(&self, cobranca: &Cobranca, pedido: &Pedido, ate: Instant) -> Result<Outcome, NoAnswer> {
        if cobranca.id_externo.is_some() && cobranca.tentativas > 0 {
            let antes = self.consultar(cobranca, pedido, ate)?;
            if matches!(&antes, Outcome::Report(v) if v.situacao > Some(Situacao::Aberta)) {
                return Ok(antes);
            }
        }
        let achada;
        let id = match &cobranca.id_externo {
            Some(id) => id,
            None => match self.procurar(pedido, ate)? {
                Some(verdade) if verdade.situacao == Some(Situacao::Aberta) => {
                    achada = verdade.id_externo;
                    &achada
                }
                Some(verdade) => return Ok(Outcome::Report(verdade)),
                None => return Ok(Outcome::NotFound),
            },
        };
        self.post_e_ver(&format!("/v1/orders/{}/cancel", codificado(id)), id, cobranca, None, (pedido, ate))
    }

    /// Looks first: what went back already, by an answer that was lost or by somebody in Mercado Pago's panel, does not go
    /// back again, however old the key.
    fn reembolsar(&self, cobranca: &Cobranca, pedido: &Pedido, ate: Instant) -> Result<Outcome, NoAnswer> {
        let Some(id) = &cobranca.id_externo else { return self.consultar(cobranca, pedido, ate) };
        let caminho = format!("/v1/orders/{}", codificado(id));
        let ordem = match self.get::<Ordem>(&caminho, ate)? {
            Ok(ordem) => ordem,
            Err(recusa) => return Ok(recusa.resultado()),
        };
        let pagamento = ordem.pagamento().map(str::to_owned);
        let agora = ordem.verdade()?;
        if agora.situacao != Some(Situacao::Paga) || agora.reembolsado != cobranca.reembolsado {
            return Ok(Outcome::Report(agora));
        }
        let parte = cobranca.reembolso_alvo.filter(|alvo| *alvo < cobranca.valor);
        let corpo = parte.map(|alvo| {
            let valor = alvo.menos(cobranca.reembolsado).to_string();
            serde_json::json!({"transactions": [{"id": pagamento, "amount": valor}]}).to_string()
        });
        let caminho = format!("{caminho}/refund");
        self.post_e_ver(&caminho, id, cobranca, corpo.as_deref(), (pedido, ate))
    }

    /// Whatever the answer, what counts is how the charge stands afterwards: the refusal of something that is done
    /// already is no refusal.
    fn post_e_ver(
        &self,
        caminho: &str,
        id: &str,
        cobranca: &Cobranca,
        corpo: Option<&str>,
        (pedido, ate): (&Pedido, Instant),
    ) -> Result<Outcome, NoAnswer> {
        let call = Call { method: "POST", path: caminho, key: cobranca.chave.as_deref(), body: corpo };
        let resposta = self.client.call(&call, ate)?;
        let conhecida = Cobranca { id_externo: Some(id.to_owned()), ..cobranca.clone() };
        let depois = self.consultar(&conhecida, pedido, ate)?;
        match (resposta.status, &depois) {
            (200..=299 | 409, _) => Ok(depois),
            (_, Outcome::Report(v))
                if v.situacao > Some(cobranca.situacao) || v.reembolsado > cobranca.reembolsado =>
            {
                Ok(depois)
            }
            _ => Ok(Recusa::of(&resposta).resultado()),
        }
    }

    /// The charge that the provider has for our id of the payment: one with money before an open one before the others.
    fn procurar(&self, pedido: &Pedido, ate: Instant) -> Result<Option<ChargeReport>, NoAnswer> {
        let mut achadas = self.procurar_todas(pedido, ate)?;
        let valia = |v: &ChargeReport| match v.situacao {
            Some(Situacao::Paga) => 0,
            Some(Situacao::Reembolsada) => 1,
            Some(Situacao::Aberta) => 2,
            _ => 3,
        };
        achadas.sort_by_key(valia);
        let incerta = achadas.len() > 1;
        Ok(achadas.into_iter().next().map(|v| ChargeReport { uncertain: v.uncertain || incerta, ..v }))
    }

    /// All that the provider has for our id of the payment, each as it stands.
    fn procurar_todas(&self, pedido: &Pedido, ate: Instant) -> Result<Vec<ChargeReport>, NoAnswer> {
        let Some(referencia) = &pedido.id_pagamento else { return Ok(vec![]) };
        let mut achadas = Vec::new();
        for id in self.ids_da_referencia(referencia, pedido, ate)? {
            match self.get::<Ordem>(&format!("/v1/orders/{}", codificado(&id)), ate)? {
                Ok(ordem) if ordem.e_de(referencia) => achadas.push(ordem.verdade()?),
                Ok(_) => {}
                Err(recusa) => return Err(NoAnswer::of(&recusa.codigo)),
            }
        }
        Ok(achadas)
    }

    /// Follows the listing for as long as it brings something new; whether its pages begin at 0 or 1 is not known.
    fn ids_da_referencia(
        &self,
        referencia: &str,
        pedido: &Pedido,
        ate: Instant,
    ) -> Result<Vec<String>, NoAnswer> {
        let recebido = pedido.datahora_recebido;
        let inicio = recebido.mais(-FOLGA_SEGUNDOS);
        let fim = pedido.datahora_expiracao.unwrap_or(recebido).max(recebido).mais(2 * FOLGA_SEGUNDOS);
        let mut ids: Vec<String> = Vec::new();
        for pagina in 0..PAGINAS_MAX {
            let mut consulta = form_urlencoded::Serializer::new(String::new());
            consulta
                .append_pair("begin_date", &inicio.to_string())
                .append_pair("end_date", &fim.to_string())
                .append_pair("external_reference", referencia);
            if pagina > 0 {
                consulta.append_pair("page", &pagina.to_string());
            }
            let achados =
                match self.get::<serde_json::Value>(&format!("/v1/orders?{}", consulta.finish()), ate)? {
                    Err(Recusa { status: 404, .. }) => break,
                    Err(recusa) => return Err(NoAnswer::of(&recusa.codigo)),
                    Ok(achados) => achados,
                };
            let lista = lista(&achados).ok_or_else(|| NoAnswer::of("busca ilegível"))?;
            let antes = ids.len();
            // A search may show less of an order than the order itself.
            let talvez =
                |o: &&serde_json::Value| o["external_reference"].as_str().is_none_or(|r| r == referencia);
            for id in lista.iter().filter(talvez).filter_map(|o| o["id"].as_str()) {
                if !ids.iter().any(|visto| visto == id) {
                    ids.push(id.to_owned());
                }
            }
            let total = achados["paging"]["total"].as_u64().unwrap_or(lista.len() as u64);
            if ids.len() as u64 >= total || lista.is_empty() || (pagina > 1 && ids.len() == antes) {
                break;
            }
        }
        Ok(ids)
    }

    /// All charges of the order; those that are too many are cancelled or given back, and looked at again.
    fn olhar_todas(&self, cobranca: &Cobranca, pedido: &Pedido, ate: Instant) -> Result<Outcome, NoAnswer> {
        let mut todas = self.procurar_todas(pedido, ate)?;
        if let Some(id) = cobranca.id_externo.as_ref().filter(|id| todas.iter().all(|v| v.id_externo != **id))
            && let Outcome::Report(nossa) = self.consultar(cobranca, pedido, ate)?
            && nossa.id_externo == *id
        {
            todas.push(nossa);
        }
        let retirar: Vec<(String, Operacao)> = cobranca
            .to_withdraw(pedido, &todas)
            .into_iter()
            .map(|(v, o)| (v.id_externo.clone(), o))
            .collect();
        for (id, operacao) in retirar {
            let ato = if operacao == Operacao::Cancelar { "cancel" } else { "refund" };
            let recurso = format!("/v1/orders/{}", codificado(&id));
            // A refund of the whole cannot be done twice, and it was just seen not to be done: a new key each time.
            let chave = uuid::Uuid::new_v4().to_string();
            let caminho = format!("{recurso}/{ato}");
            let call = Call { method: "POST", path: &caminho, key: Some(&chave), body: None };
            // What is not done now is done after the next look.
            let feito = self.client.call(&call, ate).and_then(|_| self.get::<Ordem>(&recurso, ate));
            if let Ok(Ok(ordem)) = feito
                && let Ok(depois) = ordem.verdade()
                && let Some(verdade) = todas.iter_mut().find(|v| v.id_externo == id)
            {
                *verdade = depois;
            }
        }
        Ok(Outcome::All(todas))
    }

    fn get<T: DeserializeOwned>(&self, caminho: &str, ate: Instant) -> Result<Result<T, Recusa>, NoAnswer> {
        let call = Call { method: "GET", path: caminho, key: None, body: None };
        ler(&self.client.call(&call, ate)?)
    }
}

fn ler<T: DeserializeOwned>(resposta: &Answer) -> Result<Result<T, Recusa>, NoAnswer> {
    match resposta.status {
        200..=299 => {}
        // The fault is in the settings, and not in this charge.
        401 | 403 => {
            let codigo = Recusa::of(resposta).codigo;
            return Err(NoAnswer { sent: resposta.repeated, unauthorized: true, ..NoAnswer::of(&codigo) });
        }
        _ => return Ok(Err(Recusa::of(resposta))),
    }
    serde_json::from_slice(&resposta.body)
        .map(Ok)
        .map_err(|e| NoAnswer::of(&format!("resposta ilegível: {e}")))
}

fn codificado(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}
