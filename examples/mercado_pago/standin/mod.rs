//! A stand-in for Mercado Pago in this process: the Orders API as documented, signed notifications, and injected faults of
//! the network and the provider. Orders are kept in memory.

mod page;
mod wire;

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use hmac::{Hmac, Mac};
use serde_json::{Value, json};

use wire::{Call, read, write};

const JSON: &str = "application/json";

#[derive(Clone)]
pub struct Settings {
    /// `host:port` to listen on; port 0 takes a free one.
    pub address: String,
    /// The URL that notifications are sent to.
    pub webhook: String,
    /// The token that callers must send.
    pub token: String,
    /// The secret that signs notifications; empty for unsigned ones.
    pub secret: String,
    /// The only known point of sale.
    pub pos: String,
    pub faults: Faults,
    /// The seed of the random faults.
    pub seed: u64,
}

/// Faults to inject. Unless noted, a number is a probability in thousandths: first those of calls, then those of
/// notifications.
#[derive(Clone, Default, Debug)]
pub struct Faults {
    /// Every connection is closed at once.
    pub down: bool,
    pub cut_before: u32,
    /// The call is executed, and the response lost.
    pub cut_after: u32,
    pub error_500: u32,
    /// The call is executed, and answered 500.
    pub error_500_after: u32,
    pub too_many_429: u32,
    /// The response is 200 without JSON.
    pub garbage: u32,
    pub hang: u32,
    pub delay: u32,
    pub delay_ms: u64,
    /// Any reuse of an idempotency key is refused with 409, one reading of the documentation.
    pub strict_keys: bool,
    /// The customer pays during a cancellation, which is refused with 409.
    pub pay_on_cancel: bool,
    /// Refunds are refused with this code.
    pub refuse_refunds: Option<&'static str>,
    /// A reused idempotency key is forgotten.
    pub forget_keys: u32,
    /// Every call is refused with this status, 401 or 403; 0 for none.
    pub unauthorized: u16,
    /// Creations are refused with this code.
    pub refuse_creations: Option<&'static str>,
    /// A cancellation is refused because of a payment in progress, and the next so many lookups do not find the order.
    pub lock_and_hide: u32,
    /// Refunds are accepted, and executed when this ends.
    pub slow_refunds: bool,
    /// Orders per page of a search; 0 for all.
    pub page_size: usize,
    /// Amounts in responses are this many centavos too small.
    pub short_by: i64,
    pub lost: u32,
    pub doubled: u32,
    pub shuffled: u32,
}

#[derive(Clone, Debug)]
pub struct Order {
    pub id: String,
    pub payment: String,
    pub reference: String,
    pub description: String,
    pub centavos: i64,
    pub refunded: i64,
    pub status: &'static str,
    pub qr_data: String,
    pub version: u32,
    pub items: Value,
    duration: String,
    until: Instant,
    /// An accepted refund that is not executed yet, in centavos.
    taken: i64,
    /// The number of further lookups that do not find it.
    hidden: u32,
}

#[derive(Default)]
struct State {
    orders: Vec<Order>,
    keys: HashMap<String, Key>,
    calls: Vec<String>,
}

struct Key {
    body: u64,
    /// `None` while the call is executed.
    answer: Option<(u16, Value)>,
}

pub struct Standin {
    pub settings: Settings,
    port: u16,
    state: Mutex<State>,
    faults: Mutex<Faults>,
    random: Mutex<u64>,
    webhook: Mutex<String>,
    news: Mutex<mpsc::Sender<(String, &'static str, Value)>>,
    stopped: AtomicBool,
}

/// Stops the stand-in when dropped.
pub struct Running(pub Arc<Standin>);

impl std::ops::Deref for Running {
    type Target = Standin;

    fn deref(&self) -> &Standin {
        &self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.stopped.store(true, Ordering::Release);
        let _ = TcpStream::connect(("127.0.0.1", self.0.port));
    }
}

pub fn start(settings: Settings) -> io::Result<Running> {
    let listener = TcpListener::bind(&settings.address)?;
    let (news, due) = mpsc::channel();
    let standin = Arc::new(Standin {
        port: listener.local_addr()?.port(),
        faults: Mutex::new(settings.faults.clone()),
        random: Mutex::new(settings.seed),
        webhook: Mutex::new(settings.webhook.clone()),
        state: Mutex::default(),
        news: Mutex::new(news),
        stopped: AtomicBool::new(false),
        settings,
    });
    let notifier = standin.clone();
    thread::spawn(move || notifier.notify_all(&due));
    let server = standin.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            if server.stopped.load(Ordering::Acquire) {
                break;
            }
            if let Ok(stream) = stream {
                let server = server.clone();
                thread::spawn(move || server.serve(stream));
            }
        }
    });
    Ok(Running(standin))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The outcome of a call.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Well,
    CutBefore,
    CutAfter,
    Error,
    ErrorAfter,
    TooMany,
    Garbage,
    Hang,
}

impl Standin {
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut locked(&self.faults));
    }

    /// Sends notifications to this URL from now on.
    pub fn notify_to(&self, webhook: String) {
        *locked(&self.webhook) = webhook;
    }

    pub fn current_faults(&self) -> Faults {
        locked(&self.faults).clone()
    }

    /// All orders, after due expiries and accepted refunds are executed.
    pub fn orders(&self) -> Vec<Order> {
        let mut state = locked(&self.state);
        for order in state.orders.iter_mut().filter(|o| o.status == "created" && o.until <= Instant::now()) {
            self.settle(order, "expired");
        }
        let slow = self.current_faults().slow_refunds;
        for order in state.orders.iter_mut().filter(|o| o.taken > 0 && !slow) {
            let taken = std::mem::take(&mut order.taken);
            self.give_back(order, taken);
        }
        state.orders.clone()
    }

    /// All orders with this external reference.
    pub fn all_of(&self, reference: &str) -> Vec<Order> {
        self.orders().into_iter().filter(|o| o.reference == reference).collect()
    }

    /// The first order with this external reference.
    pub fn of_reference(&self, reference: &str) -> Option<Order> {
        self.orders().into_iter().find(|o| o.reference == reference)
    }

    /// Method and path of every call that arrived, executed or not.
    pub fn calls(&self) -> Vec<String> {
        locked(&self.state).calls.clone()
    }

    /// The customer pays by phone; `false` when the QR code can no longer be paid.
    pub fn pay(&self, id: &str) -> bool {
        self.orders();
        self.act(id, |standin, order| {
            let open = order.status == "created";
            if open {
                standin.settle(order, "processed");
            }
            open
        })
    }

    /// The order is paid although it has ended, which the documentation excludes.
    pub fn pay_late(&self, id: &str) -> bool {
        self.act(id, |standin, order| {
            standin.settle(order, "processed");
            true
        })
    }

    /// Executes a creation again with its key forgotten; returns the id of the duplicate order.
    pub fn make_again(&self, id: &str) -> Option<String> {
        let mut state = locked(&self.state);
        let number = state.orders.len() + 1;
        let first = state.orders.iter().find(|o| o.id == id)?.clone();
        let again = format!("ORD01JQ4S4KY8HWQ6NA5PXB{number:06}");
        let payment = format!("PAY01JQ4S4KY8HWQ6NA5PXB{number:06}");
        let qr_data = format!("{}/{number:06}", first.qr_data);
        let until = Instant::now() + Duration::from_secs(900);
        let second =
            Order { id: again.clone(), payment, qr_data, refunded: 0, status: "created", until, ..first };
        state.orders.push(second);
        Some(again)
    }

    /// The seller ends the order in Mercado Pago's own panel.
    pub fn end(&self, id: &str, status: &'static str) -> bool {
        self.act(id, |standin, order| {
            if status == "refunded" {
                order.refunded = order.centavos;
            }
            standin.settle(order, status);
            true
        })
    }

    fn act(&self, id: &str, act: impl FnOnce(&Standin, &mut Order) -> bool) -> bool {
        let mut state = locked(&self.state);
        state.orders.iter_mut().find(|o| o.id == id).is_some_and(|order| act(self, order))
    }

    fn settle(&self, order: &mut Order, status: &'static str) {
        order.status = status;
        order.version += 1;
        let action = match status {
            "processed" => "order.processed",
            "canceled" => "order.canceled",
            "refunded" => "order.refunded",
            _ => "order.expired",
        };
        let data = json!({"id": order.id, "external_reference": order.reference, "status": status,
            "total_amount": reais(order.centavos), "type": "qr", "version": order.version});
        let _ = locked(&self.news).send((order.id.clone(), action, data));
    }

    fn give_back(&self, order: &mut Order, centavos: i64) {
        order.refunded += centavos;
        let whole = order.refunded == order.centavos;
        self.settle(order, if whole { "refunded" } else { "processed" });
    }

    fn chance(&self, of_a_thousand: u32) -> bool {
        let mut random = locked(&self.random);
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((*random >> 33) % 1000) < u64::from(of_a_thousand)
    }

    fn fate(&self, faults: &Faults) -> Fate {
        if faults.down {
            return Fate::CutBefore;
        }
        let fates = [
            (faults.cut_before, Fate::CutBefore),
            (faults.cut_after, Fate::CutAfter),
            (faults.error_500, Fate::Error),
            (faults.error_500_after, Fate::ErrorAfter),
            (faults.too_many_429, Fate::TooMany),
            (faults.garbage, Fate::Garbage),
            (faults.hang, Fate::Hang),
        ];
        fates.into_iter().find(|(chance, _)| self.chance(*chance)).map_or(Fate::Well, |(_, fate)| fate)
    }

    fn serve(&self, stream: TcpStream) {
        let Ok(Some(call)) = read(&stream) else { return };
        if !call.path.starts_with("/v1/") && !call.path.starts_with("/merchant_orders/") {
            let (status, kind, body) = page::answer(self, &call.method, &call.path, &call.body);
            let _ = write(&stream, status, kind, &body);
            return;
        }
        let call_line = format!("{} {}", call.method, call.path);
        locked(&self.state).calls.push(call_line);
        let faults = self.current_faults();
        let fate = self.fate(&faults);
        match fate {
            Fate::CutBefore => return,
            Fate::Hang => return self.hang(&stream),
            Fate::Error => return drop(write(&stream, 500, JSON, "{\"error\":\"internal_error\"}")),
            Fate::TooMany => return drop(write(&stream, 429, JSON, "{\"message\":\"too many\"}")),
            _ => {}
        }
        let (status, answer) = self.once(&call, &faults);
        match fate {
            Fate::CutAfter => {}
            Fate::ErrorAfter => drop(write(&stream, 500, JSON, "{\"error\":\"internal_error\"}")),
            Fate::Garbage => drop(write(&stream, 200, JSON, "<html>não é JSON</html>")),
            _ => drop(write(&stream, status, JSON, &answer.to_string())),
        }
    }

    /// Sends nothing until the client closes the connection.
    fn hang(&self, mut stream: &TcpStream) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
        while !self.stopped.load(Ordering::Acquire) {
            match stream.read(&mut [0; 64]) {
                Ok(0) => return,
                Err(e) if e.kind() != io::ErrorKind::WouldBlock && e.kind() != io::ErrorKind::TimedOut => {
                    return;
                }
                _ => {}
            }
        }
    }

    /// Executes a call, once for each idempotency key.
    fn once(&self, call: &Call, faults: &Faults) -> (u16, Value) {
        if call.token != format!("Bearer {}", self.settings.token) {
            return error(401, "unauthorized");
        }
        if faults.unauthorized > 0 {
            return error(faults.unauthorized, "unauthorized");
        }
        let delayed = || {
            if self.chance(faults.delay) {
                thread::sleep(Duration::from_millis(faults.delay_ms));
            }
        };
        if call.method == "GET" {
            delayed();
            return self.get(call, faults);
        }
        let Some(key) = call.key.clone() else { return error(400, "empty_required_header") };
        let mut hasher = DefaultHasher::new();
        (&call.path, &call.body).hash(&mut hasher);
        let body = hasher.finish();
        {
            let keys = &mut locked(&self.state).keys;
            if keys.get(&key).is_some_and(|k| k.answer.is_some()) && self.chance(faults.forget_keys) {
                keys.remove(&key);
            }
            match keys.get(&key) {
                Some(Key { answer: None, .. }) => return error(423, "resource_locked"),
                Some(known) if faults.strict_keys || known.body != body => {
                    return error(409, "idempotency_key_already_used");
                }
                Some(Key { answer: Some(answer), .. }) => return answer.clone(),
                None => keys.insert(key.clone(), Key { body, answer: None }),
            };
        }
        delayed();
        let answer = self.post(call, faults);
        if let Some(known) = locked(&self.state).keys.get_mut(&key) {
            known.answer = Some(answer.clone());
        }
        answer
    }

    fn get(&self, call: &Call, faults: &Faults) -> (u16, Value) {
        let orders = self.orders();
        let shown = |order: &Order| shown(order, faults.short_by);
        let parts: Vec<&str> = call.path.trim_matches('/').split('/').collect();
        match parts[..] {
            ["v1", "orders"] => {
                let (Some(_), Some(_)) = (call.query.get("begin_date"), call.query.get("end_date")) else {
                    return error(400, "required_properties");
                };
                let wanted = call.query.get("external_reference");
                let found: Vec<Value> =
                    orders.iter().filter(|o| wanted.is_none_or(|w| *w == o.reference)).map(shown).collect();
                let total = found.len();
                let page: usize = call.query.get("page").and_then(|p| p.parse().ok()).unwrap_or(1);
                let size = if faults.page_size == 0 { total.max(1) } else { faults.page_size };
                let found: Vec<Value> =
                    found.into_iter().skip(page.saturating_sub(1) * size).take(size).collect();
                (200, json!({"data": found, "paging": {"total": total}}))
            }
            ["v1", "orders", id] if self.act(id, |_, order| hide(order)) => error(404, "order_not_found"),
            ["v1", "orders", id] => match orders.iter().find(|o| o.id == id) {
                Some(order) => (200, shown(order)),
                None => error(404, "order_not_found"),
            },
            // In the older APIs the number of a payment is the position of its order.
            ["v1", "payments", id] | ["merchant_orders", id] => {
                match id.parse::<usize>().ok().and_then(|n| orders.get(n.checked_sub(1)?)) {
                    Some(o) => (200, json!({"id": id, "external_reference": o.reference})),
                    None => error(404, "not_found"),
                }
            }
            _ => error(404, "not_found"),
        }
    }

    fn post(&self, call: &Call, faults: &Faults) -> (u16, Value) {
        self.orders();
        let parts: Vec<&str> = call.path.trim_matches('/').split('/').collect();
        match parts[..] {
            ["v1", "orders"] => self.create(&call.body, faults),
            ["v1", "orders", id, act] => {
                let mut state = locked(&self.state);
                let Some(order) = state.orders.iter_mut().find(|o| o.id == id) else {
                    return error(404, "order_not_found");
                };
                match (act, order.status) {
                    ("cancel", "created") if faults.lock_and_hide > 0 => {
                        order.hidden = faults.lock_and_hide;
                        return error(409, "instore_order_locked_error");
                    }
                    ("cancel", "created") if faults.pay_on_cancel => {
                        self.settle(order, "processed");
                        return error(409, "instore_order_locked_error");
                    }
                    ("cancel", "created") => self.settle(order, "canceled"),
                    ("cancel", "canceled") => return error(409, "order_already_canceled"),
                    ("cancel", _) => return error(400, "cannot_cancel_order"),
                    ("refund", "processed") => {
                        if let Some(code) = faults.refuse_refunds {
                            return error(if code == "user_not_authorized" { 401 } else { 400 }, code);
                        }
                        let part: Value = serde_json::from_str(&call.body).unwrap_or_default();
                        let centavos = match part["transactions"][0]["amount"].as_str() {
                            Some(amount) => centavos(amount).unwrap_or(0),
                            None => order.centavos - order.refunded,
                        };
                        if centavos <= 0 || order.refunded + order.taken + centavos > order.centavos {
                            return error(400, "refund_amount_exceeds");
                        }
                        if faults.slow_refunds {
                            order.taken += centavos;
                        } else {
                            self.give_back(order, centavos);
                        }
                        return (201, shown(order, 0));
                    }
                    ("refund", "refunded") => return error(409, "order_already_refunded"),
                    ("refund", _) => return error(409, "invalid_order_status"),
                    _ => return error(404, "not_found"),
                }
                (200, shown(order, 0))
            }
            _ => error(404, "not_found"),
        }
    }

    fn create(&self, body: &str, faults: &Faults) -> (u16, Value) {
        let Ok(asked) = serde_json::from_str::<Value>(body) else { return error(400, "json_syntax_error") };
        let known = [
            "type",
            "external_reference",
            "total_amount",
            "description",
            "expiration_time",
            "config",
            "transactions",
            "items",
        ];
        if asked.as_object().is_none_or(|o| o.keys().any(|k| !known.contains(&k.as_str()))) {
            return error(400, "unsupported_properties");
        }
        if let Some(code) = faults.refuse_creations {
            return error(400, code);
        }
        if asked["config"]["qr"]["external_pos_id"] != *self.settings.pos {
            return error(404, "pos_not_found");
        }
        let reference = asked["external_reference"].as_str().unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let payments = asked["transactions"]["payments"].as_array().map_or(0, Vec::len);
        let amount = asked["transactions"]["payments"][0]["amount"].as_str().and_then(centavos);
        let items = asked["items"].as_array().cloned().unwrap_or_default();
        let sum: Option<i64> =
            items.iter().map(|i| Some(centavos(i["unit_price"].as_str()?)? * i["quantity"].as_i64()?)).sum();
        let (Some(amount), 1) = (amount, payments) else { return error(400, "property_value") };
        if asked["type"] != "qr"
            || reference.is_empty()
            || reference.len() > 64
            || !reference.chars().all(plain)
        {
            return error(400, "property_value");
        }
        if items.len() > 10 {
            return error(400, "maximum_items");
        }
        if asked["total_amount"].as_str().and_then(centavos) != Some(amount) || sum != Some(amount) {
            return error(400, "invalid_total_amount");
        }
        let duration = asked["expiration_time"].as_str().unwrap_or("PT15M");
        let seconds: Option<u64> = duration.strip_prefix("PT").and_then(|d| {
            d.strip_suffix('S')
                .map_or_else(|| d.strip_suffix('M')?.parse::<u64>().ok().map(|m| m * 60), |s| s.parse().ok())
        });
        let Some(seconds) = seconds else { return error(400, "property_value") };
        let mut state = locked(&self.state);
        let number = state.orders.len() + 1;
        let order = Order {
            id: format!("ORD01JQ4S4KY8HWQ6NA5PXB{number:06}"),
            payment: format!("PAY01JQ4S4KY8HWQ6NA5PXB{number:06}"),
            reference: reference.to_owned(),
            description: asked["description"].as_str().unwrap_or_default().to_owned(),
            centavos: amount,
            refunded: 0,
            status: "created",
            qr_data: format!(
                "00020101021226940014br.gov.bcb.pix2579substituto.ambrosia.invalid/{reference}/{number:06}"
            ),
            version: 1,
            items: asked["items"].clone(),
            duration: duration.to_owned(),
            until: Instant::now() + Duration::from_secs(seconds),
            taken: 0,
            hidden: 0,
        };
        let answer = shown(&order, faults.short_by);
        state.orders.push(order);
        (201, answer)
    }

    /// Sends all notifications, with the current faults.
    fn notify_all(self: &Arc<Standin>, due: &mpsc::Receiver<(String, &'static str, Value)>) {
        for (sequence, (id, action, data)) in due.iter().enumerate() {
            if self.stopped.load(Ordering::Acquire) {
                return;
            }
            let faults = self.current_faults();
            if self.chance(faults.lost) {
                continue;
            }
            let copies = if self.chance(faults.doubled) { 2 } else { 1 };
            for _ in 0..copies {
                let (standin, id, data) = (self.clone(), id.clone(), data.clone());
                let late =
                    if self.chance(faults.shuffled) { Duration::from_millis(700) } else { Duration::ZERO };
                thread::spawn(move || {
                    thread::sleep(late);
                    standin.notify(&id, (action, sequence), data);
                });
            }
        }
    }

    /// A duplicate of a notification has the same sequence number, and so the same signature.
    fn notify(&self, id: &str, (action, sequence): (&str, usize), data: Value) {
        let body = json!({"action": action, "api_version": "v1", "application_id": "1", "user_id": "2",
            "live_mode": false, "type": "order", "date_created": "2026-01-01T00:00:00.000000000Z", "data": data});
        let address = format!("{}?data.id={id}&type=order", *locked(&self.webhook));
        let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
        // Retries when refused, as the real provider does, but sooner.
        for _ in 0..3 {
            let mut request = agent.post(&address).header("content-type", "application/json");
            if !self.settings.secret.is_empty() {
                let request_id = format!("req-{id}-{action}-{sequence}");
                // The provider signs the id in lower case or as it is.
                let signed = if self.chance(500) { id.to_lowercase() } else { id.to_owned() };
                let signature =
                    sign(&self.settings.secret, Some(&signed), Some(&request_id), "1742505638683");
                request = request.header("x-request-id", &request_id).header("x-signature", &signature);
            }
            let request = request.config().timeout_global(Some(Duration::from_secs(22))).build();
            if request.send(body.to_string().as_str()).is_ok() || self.stopped.load(Ordering::Acquire) {
                return;
            }
            thread::sleep(Duration::from_secs(1));
        }
    }
}

/// The header `x-signature`.
pub fn sign(secret: &str, id: Option<&str>, request_id: Option<&str>, ts: &str) -> String {
    let part = |name: &str, value: Option<&str>| value.map_or(String::new(), |v| format!("{name}:{v};"));
    let manifest = part("id", id) + &part("request-id", request_id) + &part("ts", Some(ts));
    let Ok(mac) = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    let mac = mac.chain_update(manifest).finalize().into_bytes();
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("ts={ts},v1={hex}")
}

fn shown(order: &Order, short_by: i64) -> Value {
    let amount = reais(order.centavos - short_by);
    let detail =
        if order.refunded > 0 && order.status == "processed" { "partially_refunded" } else { order.status };
    let mut payment = json!({"id": order.payment, "amount": amount, "status": order.status});
    if matches!(order.status, "processed" | "refunded") {
        payment["paid_amount"] = json!(amount);
        payment["refunded_amount"] = json!(reais(order.refunded));
        payment["reference_id"] = json!("1");
    }
    json!({"id": order.id, "type": "qr", "processing_mode": "automatic", "external_reference": order.reference,
        "description": order.description, "total_amount": amount, "expiration_time": order.duration,
        "country_code": "BRA", "currency": "BRL", "user_id": "2", "status": order.status, "status_detail": detail,
        "transactions": {"payments": [payment]}, "type_response": {"qr_data": order.qr_data}})
}

/// Whether this lookup does not find the order.
fn hide(order: &mut Order) -> bool {
    let hidden = order.hidden > 0;
    order.hidden = order.hidden.saturating_sub(1);
    hidden
}

fn error(status: u16, code: &str) -> (u16, Value) {
    (status, json!({"errors": [{"code": code, "message": code, "details": []}]}))
}

pub fn reais(centavos: i64) -> String {
    format!("{}.{:02}", centavos / 100, centavos % 100)
}

fn centavos(text: &str) -> Option<i64> {
    let (reais, cents) = text.split_once('.')?;
    (cents.len() == 2).then_some(reais.parse::<i64>().ok()? * 100 + cents.parse::<i64>().ok()?)
}
