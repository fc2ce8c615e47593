//! Notifications, in every shape that Mercado Pago sends: webhooks of orders, payments and merchant orders,
//! IPN of old, and the contract of the original system. They only say where to look.
//!
//! The id in the address is the one that is signed; so the one in the body counts only where the address has
//! none. Tested in `tests/api/notifications.rs`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    super::{About, Notice, Webhook, WebhookRequest},
    signature::{Proof, Secrets, Signed, is_id},
};
use crate::{
    clock,
    error::Error,
    metrics::METRICS,
    server::{SHORT, foreign},
    token_bucket::TokenBucket,
};

/// Bytes of a text of a notification that counts, at most: an id, a word or a URL.
const TEXT_MAX: usize = 1024;
/// Seconds after which the log tells the age of a notification.
const OLD_SECONDS: i64 = 60 * 60;
/// Bytes of a reference of ours, at most.
const REFERENCE_MAX: usize = 255;

/// What counts of a notification, as it stands in the body; the rest is skipped, and nothing is copied.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    topic: Option<&'a RawValue>,
    #[serde(borrow)]
    action: Option<&'a RawValue>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
}

/// Checks the signature, if there are secrets, and finds out what the notification is about. `unsigned` paces
/// what notifications without a signature provoke.
pub fn read(
    request: &dyn WebhookRequest,
    secrets: &Secrets,
    unsigned: &TokenBucket,
) -> Result<Webhook, Error> {
    let id = request.parameter("data.id");
    let proof = if secrets.is_empty() { None } else { Some(verified(request, secrets, id.as_deref())?) };
    let body = parse(request.body())?;
    let Some(about) = about(request, id, &body) else { return Ok(Webhook::Irrelevant) };
    // The provider repeats for days, so an old one is as good as a new one, and a copy is a copy at any age.
    let age = proof.as_ref().and_then(|proof| proof.age_seconds(clock::now().segundos()));
    if let Some(age) = age.filter(|age| *age > OLD_SECONDS) {
        let id = foreign(about.id(), SHORT);
        log::info!("a notification signed {age} s ago: {} {id}", about.topic());
    }
    let copy_token = proof.map(|proof| proof.token(&format!("{} {}", about.topic(), about.id())));
    let at_once = copy_token.is_some() || unsigned.take();
    Ok(Webhook::Notice(Notice { about, copy_token, at_once }))
}

fn verified(request: &dyn WebhookRequest, secrets: &Secrets, id: Option<&str>) -> Result<Proof, Error> {
    let (signature, request_id) = (request.header("x-signature")?, request.header("x-request-id")?);
    secrets.verify(&Signed { signature, id, request_id }).map_err(|reason| {
        METRICS.notification("unsigned");
        Error::Unsigned(format!("{reason:?}, data.id {}", foreign(id.unwrap_or_default(), SHORT)))
    })
}

/// Any JSON will do, and none; what is no object says nothing.
fn parse(body: &[u8]) -> Result<Body<'_>, Error> {
    let body = body.trim_ascii();
    if body.is_empty() {
        return Ok(Body::default());
    }
    let malformed = |e: serde_json::Error| Error::Malformed(format!("JSON inválido na linha {}", e.line()));
    let json: &RawValue = serde_json::from_slice(body).map_err(malformed)?;
    if json.get().starts_with('{') {
        serde_json::from_str(json.get()).map_err(malformed)
    } else {
        Ok(Body::default())
    }
}

/// The text of a JSON string or number.
fn text(value: Option<&RawValue>) -> Option<String> {
    let json = value?.get();
    match json.as_bytes().first()? {
        _ if json.len() > TEXT_MAX => None,
        b'"' => serde_json::from_str(json).ok(),
        b'-' | b'0'..=b'9' => Some(json.to_owned()),
        _ => None,
    }
}

/// What a notification is about, in any of the shapes that there are.
fn about(request: &dyn WebhookRequest, id: Option<Cow<'_, str>>, body: &Body<'_>) -> Option<About> {
    // IPN of old: `?topic=payment&id=1`, or a resource as a URL that ends in the id.
    let resource = || text(body.resource)?.rsplit('/').next().map(str::to_owned);
    let inside = || {
        let data = body.data.map(RawValue::get).filter(|json| json.starts_with('{'))?;
        text(serde_json::from_str::<Body<'_>>(data).ok()?.id)
    };
    let id = id
        .map(Cow::into_owned)
        .or_else(inside)
        .or_else(|| request.parameter("id").map(Cow::into_owned))
        .or_else(resource);
    let Some(id) = id.filter(|id| is_id(id)) else {
        // The original's, by our own id.
        return text(body.id).filter(|id| id.len() <= REFERENCE_MAX).map(About::Reference);
    };
    let kind = request
        .parameter("type")
        .or_else(|| request.parameter("topic"))
        .map(Cow::into_owned)
        .or_else(|| text(body.kind))
        .or_else(|| text(body.topic))
        .or_else(|| text(body.action))
        .unwrap_or_default();
    let topic = if id.starts_with("ORD") || kind == "order" || kind.starts_with("order.") {
        "order"
    } else if kind.contains("merchant_order") {
        "merchant_order"
    } else if kind.starts_with("payment") {
        "payment"
    } else {
        return None;
    };
    Some(About::External { topic, id })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{payments::OwnNotification, token_bucket::Rate};

    /// A request with a query and a body.
    struct Parts(&'static [(&'static str, &'static str)], &'static str);

    impl WebhookRequest for Parts {
        fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
            self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| Cow::Borrowed(*value))
        }

        fn header(&self, _: &str) -> Result<Option<&str>, Error> {
            Ok(None)
        }

        fn body(&self) -> &[u8] {
            self.1.as_bytes()
        }

        fn own_notification(&self) -> Result<OwnNotification, Error> {
            unreachable!("only the simulator asks for it")
        }
    }

    fn external(topic: &'static str, id: &str) -> Option<About> {
        Some(About::External { topic, id: id.to_owned() })
    }

    #[test]
    fn every_shape_says_what_it_is_about() {
        let reference = Some(About::Reference("b715".to_owned()));
        for (parts, expected) in [
            (Parts(&[("data.id", "ORD1"), ("type", "order")], ""), external("order", "ORD1")),
            (Parts(&[("data.id", "7"), ("type", "payment")], "{}"), external("payment", "7")),
            (Parts(&[("topic", "merchant_order"), ("id", "9")], ""), external("merchant_order", "9")),
            (
                Parts(&[], r#"{"resource":"https://a/b/9","topic":"merchant_order"}"#),
                external("merchant_order", "9"),
            ),
            (Parts(&[], r#"{"action":"order.processed","data":{"id":"X1"}}"#), external("order", "X1")),
            (Parts(&[], r#"{"id":"b715","action":"state_FINISHED"}"#), reference),
            (Parts(&[("data.id", "7"), ("type", "plan")], ""), None),
            (Parts(&[], "[1]"), None),
        ] {
            let unsigned = TokenBucket::new(Rate::new(1, Duration::from_secs(1)));
            let webhook = read(&parts, &Secrets::default(), &unsigned).ok().unwrap();
            let notice = |about| Webhook::Notice(Notice { about, copy_token: None, at_once: true });
            assert_eq!(webhook, expected.map_or(Webhook::Irrelevant, notice), "{}", parts.1);
        }
    }

    #[test]
    fn what_is_not_signed_is_refused_where_there_is_a_secret_and_paced_where_there_is_none() {
        let parts = Parts(&[("data.id", "ORD1"), ("type", "order")], "");
        let unsigned = TokenBucket::new(Rate::new(1, Duration::from_secs(1000)));
        let refused = read(&parts, &Secrets::new("s"), &unsigned);
        assert!(matches!(refused, Err(Error::Unsigned(_))));
        let hurried = [(); 2].map(|()| match read(&parts, &Secrets::default(), &unsigned) {
            Ok(Webhook::Notice(notice)) => notice.at_once,
            _ => panic!("no notice"),
        });
        assert_eq!(hurried, [true, false]);
    }
}
