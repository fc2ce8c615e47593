//! An outgoing webhook (`assinatura` on the wire): a receiver that is told of events, how far it is, and what follows
//! from what it answers.
//!
//! ```text
//!   log:  … 340  341  342  343 │ 344 …        `sequencia` = 343: what is behind it was offered
//!                  │             └ offered next, unless the receiver is down
//!                  └ not taken: a `Repeticao`, offered again after 5 s, 30 s, 2 min, 10 min, 1 h … for three days
//! ```
//!
//! - A receiver that fails three times in a row is down: nothing new is begun, and only what waits is offered again. So a
//!   dead receiver costs a handful of tries an hour, and leaves a handful of rows, however many events there are.
//! - One event that is never taken holds up no other. After three days it is given up, and is a matter for the manager.
//! - A receiver that has taken nothing for three days is switched off, and so is one that answers 410. Switched on again,
//!   it is told of everything since.

use std::{fmt, str::FromStr};

use serde::Serialize;
use utoipa::ToSchema;

use super::{aviso::Tipo, data_hora::DataHora, texto::visible};

/// Characters of the address.
pub const URL_MAX: usize = 500;
/// For which what is not taken is offered again.
const GIVE_UP_SECONDS: i64 = 3 * 24 * 60 * 60;
/// For which the secret before still signs.
const OVERLAP_SECONDS: i64 = 24 * 60 * 60;
/// Failures in a row from which a receiver counts as down.
pub const DOWN_AFTER: i64 = 3;
/// Between a try and the next; the last of them from then on.
const PAUSES_SECONDS: [i64; 8] = [5, 30, 2 * 60, 10 * 60, 60 * 60, 2 * 60 * 60, 4 * 60 * 60, 6 * 60 * 60];
/// Characters of an error that are kept.
const ERRO_MAX: usize = 200;

/// Where to: an `http` or `https` address without user, password and fragment, in ASCII. It prints without path and
/// query, which may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Alvo(String);

/// What signs: `whsec_` and 32 random bytes in base64. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Segredo(String);

/// Whether a receiver is told, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Situacao {
    Ativa = 1,
    /// By the manager.
    Pausada = 2,
    /// It answered 410.
    Recusada = 3,
    /// It took nothing for three days.
    Desligada = 4,
}

/// A secret that was changed, and until when it signs.
#[derive(Clone, Debug)]
pub struct Anterior {
    pub segredo: Segredo,
    pub ate: DataHora,
}

/// Events that were given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Desistidas {
    pub quantas: i64,
    /// The first of them.
    pub sequencia: i64,
    /// When that was.
    pub desde: DataHora,
}

/// A receiver.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub id: i64,
    pub url: Alvo,
    /// What it is told of; empty is everything.
    pub tipos: Vec<Tipo>,
    pub situacao: Situacao,
    pub segredo: Segredo,
    pub anterior: Option<Anterior>,
    pub criada_em: DataHora,
    pub criada_por: String,
    /// The last event that it was offered, or that is not for it.
    pub sequencia: i64,
    /// In a row.
    pub falhas: i64,
    pub falhando_desde: Option<DataHora>,
    pub sucesso_em: Option<DataHora>,
    /// The last failure, in Portuguese.
    pub erro: Option<String>,
    pub erro_em: Option<DataHora>,
    pub desligada_em: Option<DataHora>,
    pub desistidas: Option<Desistidas>,
    /// Moves on with every change by a person.
    pub versao: i64,
}

/// An event that was not taken, and is offered again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeticao {
    pub sequencia: i64,
    pub tentativas: i64,
    pub primeira_em: DataHora,
    pub proxima_em: DataHora,
}

/// What a person sets; `None` leaves a field alone.
#[derive(Debug, Default)]
pub struct Change {
    pub url: Option<Alvo>,
    pub tipos: Option<Vec<Tipo>>,
    pub ativa: Option<bool>,
}

/// A receiver, as the manager sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Assinatura)]
pub struct WebhookView {
    #[schema(minimum = 1, example = 3)]
    pub id: i64,
    #[schema(example = "https://erp.example/ambrosia")]
    pub url: String,
    /// What it is told of; empty is everything.
    #[schema(example = json!(["pedido.pronto"]))]
    pub tipos: Vec<&'static str>,
    /// `ativa`, `pausada` by the manager, `recusada` (it answered 410), `desligada` (it took nothing for three days).
    #[schema(example = "ativa")]
    pub situacao: &'static str,
    /// The last event that it was offered, or that is not for it.
    #[schema(example = 341)]
    pub sequencia: i64,
    /// Events behind that one.
    #[schema(example = 0)]
    pub atraso: i64,
    /// Events that it did not take, and is offered again.
    #[schema(example = 0)]
    pub repeticoes: i64,
    /// When it is offered one of those again.
    pub proxima_tentativa: Option<DataHora>,
    /// Events that it did not take for three days, and is not offered any more.
    #[schema(example = 0)]
    pub desistidas: i64,
    /// `repetir` with this `desde` offers them again.
    pub desistidas_desde: Option<i64>,
    pub ultimo_sucesso: Option<DataHora>,
    #[schema(example = "HTTP 500")]
    pub ultimo_erro: Option<String>,
    pub ultimo_erro_em: Option<DataHora>,
    /// Since when it has taken nothing.
    pub falhando_desde: Option<DataHora>,
    /// Until when the secret before signs too.
    pub segredo_anterior_ate: Option<DataHora>,
    pub criada_em: DataHora,
    /// As the actor of an event.
    #[schema(example = "chave:1")]
    pub criada_por: String,
}

impl Webhook {
    /// Whether it is to be told of this.
    pub fn wants(&self, tipo: Tipo) -> bool {
        self.tipos.is_empty() || self.tipos.contains(&tipo)
    }

    /// Whether it is offered what is new; `waiting` is whether anything waits to be offered again.
    pub fn begins_new(&self, waiting: bool) -> bool {
        self.situacao == Situacao::Ativa && !(waiting && self.falhas >= DOWN_AFTER)
    }

    /// What signs now: one secret, or two while it is being changed.
    pub fn secrets(&self, now: DataHora) -> Vec<&Segredo> {
        let before = self.anterior.as_ref().filter(|anterior| now < anterior.ate);
        std::iter::once(&self.segredo).chain(before.map(|anterior| &anterior.segredo)).collect()
    }

    /// It took something.
    pub fn took(&mut self, now: DataHora) {
        (self.falhas, self.falhando_desde, self.sucesso_em) = (0, None, Some(now));
    }

    /// It did not take something, or could not be reached; `erro` is Portuguese.
    pub fn failed(&mut self, erro: &str, now: DataHora) {
        self.note(erro, now);
        self.falhas += 1;
        let since = *self.falhando_desde.get_or_insert(now);
        if since.mais(GIVE_UP_SECONDS) <= now {
            self.switch_off(Situacao::Desligada, now);
        }
    }

    /// It wants nothing any more.
    pub fn refused(&mut self, now: DataHora) {
        self.note("HTTP 410", now);
        self.switch_off(Situacao::Recusada, now);
    }

    /// This event is not offered any more.
    pub fn give_up(&mut self, sequencia: i64, now: DataHora) {
        let first = Desistidas { quantas: 0, sequencia, desde: now };
        let given_up = self.desistidas.get_or_insert(first);
        given_up.quantas += 1;
        given_up.sequencia = given_up.sequencia.min(sequencia);
    }

    /// What a person sets; the receiver is given another chance.
    pub fn change(&mut self, change: &Change) {
        let Change { url, tipos, ativa } = change;
        if let Some(url) = url {
            self.url = url.clone();
        }
        if let Some(tipos) = tipos {
            self.tipos.clone_from(tipos);
        }
        (self.falhas, self.falhando_desde) = (0, None);
        if let Some(ativa) = ativa {
            self.situacao = if *ativa { Situacao::Ativa } else { Situacao::Pausada };
            self.desligada_em = None;
        }
    }

    /// Another secret; the one before signs too for a day.
    pub fn rotate(&mut self, segredo: Segredo, now: DataHora) {
        let before = std::mem::replace(&mut self.segredo, segredo);
        self.anterior = Some(Anterior { segredo: before, ate: now.mais(OVERLAP_SECONDS) });
    }

    /// It is offered again what comes after this place in the log.
    pub fn repeat(&mut self, after: i64) {
        self.sequencia = after;
        self.desistidas = self.desistidas.filter(|given_up| given_up.sequencia <= after);
        (self.falhas, self.falhando_desde) = (0, None);
    }

    /// Somebody saw to the matter.
    pub fn resolve(&mut self) {
        self.desistidas = None;
        if self.desligada_em.take().is_some() {
            self.situacao = Situacao::Pausada;
        }
    }

    /// What a person has to look at, in Portuguese, and since when.
    pub fn matter(&self) -> Option<(String, DataHora)> {
        let id = self.id;
        let off = |text| Some((format!("A assinatura {id} {text}"), self.desligada_em?));
        match self.situacao {
            Situacao::Recusada => off("foi desligada: o destino respondeu que não quer mais avisos (410)"),
            Situacao::Desligada => off(
                "foi desligada: o destino não aceitou nenhum aviso em três dias; corrija o destino e ligue-a de novo",
            ),
            Situacao::Ativa | Situacao::Pausada => self.desistidas.map(|d| {
                let Desistidas { quantas, sequencia, desde } = d;
                let text = format!(
                    "A assinatura {id} não aceitou em três dias {quantas} aviso(s), o primeiro de sequência {sequencia}"
                );
                (text, desde)
            }),
        }
    }

    fn note(&mut self, erro: &str, now: DataHora) {
        self.erro = Some(erro.chars().take(ERRO_MAX).collect());
        self.erro_em = Some(now);
    }

    fn switch_off(&mut self, situacao: Situacao, now: DataHora) {
        (self.situacao, self.desligada_em) = (situacao, Some(now));
    }
}

impl Repeticao {
    /// Of an event that was offered for the first time.
    pub fn new(sequencia: i64, now: DataHora) -> Repeticao {
        Repeticao { sequencia, tentativas: 1, primeira_em: now, proxima_em: now }
    }

    /// Seconds until it is offered again, at least.
    pub fn pause_seconds(&self) -> i64 {
        let last = PAUSES_SECONDS.len() - 1;
        PAUSES_SECONDS[(self.tentativas - 1).clamp(0, last as i64) as usize]
    }

    /// It is offered again after so many seconds, and for the last time when three days are over. `false` when they are.
    pub fn put_off(&mut self, seconds: i64, now: DataHora) -> bool {
        let end = self.primeira_em.mais(GIVE_UP_SECONDS);
        self.proxima_em = now.mais(seconds).min(end);
        now < end
    }
}

impl Alvo {
    /// The whole, with what may be secret in it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Alvo {
    type Err = String;

    fn from_str(texto: &str) -> Result<Alvo, String> {
        let texto = visible(texto);
        if texto.chars().count() > URL_MAX {
            return Err(format!("deve ter no máximo {URL_MAX} caracteres"));
        }
        let is_clean = texto.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\^`{|}#".contains(&b));
        if is_clean && authority(&texto).is_some_and(is_host_and_port) {
            Ok(Alvo(texto))
        } else {
            Err("deve ser um endereço como https://erp.example/ambrosia, sem usuário e senha".to_owned())
        }
    }
}

/// Of an `http` or `https` address.
fn authority(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    rest.split(['/', '?']).next()
}

/// A name or an address, and perhaps a port; no user.
fn is_host_and_port(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((v6, port)) if v6.parse::<std::net::Ipv6Addr>().is_ok() => ("v6", port),
            _ => return false,
        },
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let is_port = |port: &str| port.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok_and(|p| p > 0));
    host.split('.').all(is_label) && (port.is_empty() || is_port(port))
}

impl fmt::Debug for Alvo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Alvo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.split("://").next().unwrap_or_default();
        write!(f, "{scheme}://{}", authority(&self.0).unwrap_or_default())
    }
}

impl Segredo {
    /// As it is stored and was shown.
    pub fn stored(text: String) -> Segredo {
        Segredo(text)
    }

    /// To be shown, once, and to sign with.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Segredo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whsec_…")
    }
}

impl Situacao {
    /// As on the wire.
    pub fn nome(self) -> &'static str {
        match self {
            Situacao::Ativa => "ativa",
            Situacao::Pausada => "pausada",
            Situacao::Recusada => "recusada",
            Situacao::Desligada => "desligada",
        }
    }
}

impl TryFrom<i64> for Situacao {
    type Error = &'static str;

    fn try_from(numero: i64) -> Result<Situacao, Self::Error> {
        let all = [Situacao::Ativa, Situacao::Pausada, Situacao::Recusada, Situacao::Desligada];
        all.into_iter().find(|s| *s as i64 == numero).ok_or("Situação inválida")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DataHora {
        DataHora::de_segundos(1_800_000_000 + seconds).unwrap()
    }

    fn webhook() -> Webhook {
        Webhook {
            id: 3,
            url: "https://erp.exemplo/x?token=segredo".parse().unwrap(),
            tipos: vec![],
            situacao: Situacao::Ativa,
            segredo: Segredo::stored("whsec_a".into()),
            anterior: None,
            criada_em: at(0),
            criada_por: "chave:1".into(),
            sequencia: 10,
            falhas: 0,
            falhando_desde: None,
            sucesso_em: None,
            erro: None,
            erro_em: None,
            desligada_em: None,
            desistidas: None,
            versao: 1,
        }
    }

    #[test]
    fn addresses_are_those_of_web_servers_and_hide_their_secrets() {
        for good in [
            "https://erp.example/ambrosia?chave=1",
            "http://10.0.0.7:8080",
            "https://[2001:db8::7]:8443/x",
            "https://xn--caf-dma.exemplo/",
            "http://a?x=http://b@c",
        ] {
            assert!(good.parse::<Alvo>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "erp.example",
            "ftp://a",
            "file:///etc/passwd",
            "HTTPS://a",
            "https://",
            "https:///x",
            "https://ana:senha@erp.exemplo",
            "https://ana@erp.exemplo",
            "https://a:0",
            "https://a:65536",
            "https://a:",
            "https://a..b",
            "https://[::1",
            "https://[x]/",
            "https://a/#b",
            "https://café.exemplo",
            "https://a\\@b",
            "https://a b",
            "https://a/\r\nHost: b",
        ] {
            assert!(bad.parse::<Alvo>().is_err(), "{bad}");
        }
        assert!(format!("https://a/{}", "x".repeat(URL_MAX)).parse::<Alvo>().is_err());
        let shown = format!("{:?}", webhook());
        assert!(
            shown.contains("https://erp.exemplo") && !shown.contains("segredo=") && !shown.contains("token")
        );
        assert!(!shown.contains("whsec_a"), "{shown}");
    }

    #[test]
    fn what_is_not_taken_is_offered_ever_less_often_for_three_days() {
        let mut now = at(0);
        let mut retry = Repeticao::new(11, now);
        let mut pauses = Vec::new();
        while retry.put_off(retry.pause_seconds(), now) {
            pauses.push(retry.proxima_em.segundos() - now.segundos());
            now = retry.proxima_em;
            retry.tentativas += 1;
        }
        assert_eq!(&pauses[..6], [5, 30, 120, 600, 3600, 7200]);
        assert_eq!(now, at(GIVE_UP_SECONDS), "the last try is when three days are over");
        assert!(pauses.len() < 20, "{pauses:?}");
    }

    #[test]
    fn three_failures_in_a_row_begin_nothing_new_and_three_days_of_them_switch_off() {
        let mut w = webhook();
        for n in 0..3 {
            assert!(w.begins_new(true));
            w.failed("HTTP 500", at(n));
        }
        assert!(!w.begins_new(true) && w.begins_new(false));
        w.failed("HTTP 500", at(GIVE_UP_SECONDS - 1));
        assert_eq!((w.situacao, w.matter()), (Situacao::Ativa, None));
        let mut saved = w.clone();
        saved.took(at(GIVE_UP_SECONDS - 1));
        saved.failed("HTTP 500", at(GIVE_UP_SECONDS));
        assert_eq!(saved.situacao, Situacao::Ativa);
        w.failed("HTTP 500", at(GIVE_UP_SECONDS));
        assert_eq!(w.situacao, Situacao::Desligada);
        assert!(!w.begins_new(false) && w.matter().is_some());
        w.change(&Change { ativa: Some(true), ..Change::default() });
        assert!(w.begins_new(true) && w.matter().is_none());
    }

    #[test]
    fn a_secret_that_was_changed_signs_for_a_day() {
        let mut w = webhook();
        w.rotate(Segredo::stored("whsec_b".into()), at(0));
        let signing =
            |w: &Webhook, now| w.secrets(now).iter().map(|s| s.reveal().to_owned()).collect::<Vec<_>>();
        assert_eq!(signing(&w, at(OVERLAP_SECONDS - 1)), ["whsec_b", "whsec_a"]);
        assert_eq!(signing(&w, at(OVERLAP_SECONDS)), ["whsec_b"]);
    }

    #[test]
    fn a_matter_stands_until_it_is_seen_to() {
        let mut w = webhook();
        w.give_up(8, at(1));
        w.give_up(5, at(2));
        assert_eq!(w.desistidas, Some(Desistidas { quantas: 2, sequencia: 5, desde: at(1) }));
        let mut repeated = w.clone();
        repeated.repeat(5);
        assert!(repeated.matter().is_some(), "the fifth is not offered again");
        repeated.repeat(4);
        assert!(repeated.matter().is_none());
        w.resolve();
        assert!(w.matter().is_none() && w.situacao == Situacao::Ativa);
        w.refused(at(3));
        assert!(w.matter().is_some());
        w.resolve();
        assert!(w.matter().is_none() && w.situacao == Situacao::Pausada);
    }
}
