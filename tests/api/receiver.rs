//! The harness for outgoing webhooks: a receiver on a real port that answers as a test wants, and a restaurant that tells it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{IpAddr, Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};

use crate::{Database, Restaurant, crew::Crew, restaurant::wait_until};

/// What was sent, once.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub id: String,
    pub timestamp: String,
    /// The header as it came.
    pub signature: String,
    pub content_type: String,
    pub body: String,
}

impl Delivery {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    pub fn sequencia(&self) -> i64 {
        self.json()["data"]["sequencia"].as_i64().unwrap()
    }

    /// Whether one of its signatures is by this secret, as the standard says.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        let expected = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        self.signature.split(' ').any(|signature| signature == expected)
    }
}

/// What a receiver does.
#[derive(Clone)]
pub enum Answer {
    Status(u16),
    Redirect(String),
    /// These bytes, and the end of the connection.
    Bytes(&'static [u8]),
    /// Nothing, until the sender hangs up.
    Silence,
}

type Answers = Arc<Mutex<Box<dyn FnMut(&Delivery) -> Answer + Send>>>;

/// A receiver; what it has received is kept.
pub struct Receiver {
    pub port: u16,
    received: Arc<Mutex<Vec<Delivery>>>,
    connections: Arc<AtomicUsize>,
    answers: Answers,
}

impl Receiver {
    pub fn new(answers: impl FnMut(&Delivery) -> Answer + Send + 'static) -> Receiver {
        Receiver::on(Ipv4Addr::LOCALHOST.into(), 0, answers)
    }

    /// That answers this always.
    pub fn always(answer: Answer) -> Receiver {
        Receiver::new(move |_| answer.clone())
    }

    pub fn on(
        address: IpAddr,
        port: u16,
        answers: impl FnMut(&Delivery) -> Answer + Send + 'static,
    ) -> Receiver {
        let listener = TcpListener::bind((address, port)).unwrap();
        let receiver = Receiver {
            port: listener.local_addr().unwrap().port(),
            received: Arc::default(),
            connections: Arc::default(),
            answers: Arc::new(Mutex::new(Box::new(answers))),
        };
        let (received, connections, answers) =
            (receiver.received.clone(), receiver.connections.clone(), receiver.answers.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (received, answers) = (received.clone(), answers.clone());
                thread::spawn(move || serve(&stream.unwrap(), &received, &answers));
            }
        });
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/avisos?chave=oculta", self.port)
    }

    /// It answers like this from now on.
    pub fn answer(&self, answers: impl FnMut(&Delivery) -> Answer + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answers);
    }

    pub fn received(&self) -> Vec<Delivery> {
        self.received.lock().unwrap().clone()
    }

    /// Connections that were made, whatever came over them.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits until it has received so much; gives all of it.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Delivery> {
        wait_until(&format!("{count} webhooks have come"), || self.received().len() >= count);
        self.received()
    }
}

fn serve(stream: &TcpStream, received: &Mutex<Vec<Delivery>>, answers: &Answers) {
    let mut reader = BufReader::new(stream);
    let (mut line, mut headers) = (String::new(), Vec::new());
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        headers.push(std::mem::take(&mut line).trim_end().to_owned());
    }
    let header = |name: &str| {
        let of = |line: &String| {
            line.split_once(": ").filter(|h| h.0.eq_ignore_ascii_case(name)).map(|h| h.1.to_owned())
        };
        headers.iter().find_map(of).unwrap_or_default()
    };
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    if headers.is_empty() || reader.read_exact(&mut body).is_err() {
        return;
    }
    let delivery = Delivery {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        content_type: header("content-type"),
        body: String::from_utf8(body).unwrap(),
    };
    let answer = (answers.lock().unwrap())(&delivery);
    received.lock().unwrap().push(delivery);
    let mut stream = stream;
    let head = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n");
    // The sender may have hung up.
    let _ = match answer {
        Answer::Status(status) => write!(stream, "{}\r\n", head(&format!("{status} x"))),
        Answer::Redirect(to) => write!(stream, "{}Location: {to}\r\n\r\n", head("307 x")),
        Answer::Bytes(bytes) => stream.write_all(bytes),
        Answer::Silence => stream.read(&mut [0]).map(drop),
    };
}

/// A restaurant that may tell receivers on this machine, with its manager.
pub fn crew(database: Database) -> Crew {
    Crew::new(Restaurant::with_environment(database, &[("WEBHOOKS_PRIVATE", "true")]))
}

impl Crew {
    /// A new subscription, as it is answered.
    #[track_caller]
    pub fn subscribe(&self, body: Value) -> Value {
        self.manage("POST", "/assinaturas", Some(&body)).ok()
    }

    /// A new subscription to everything; gives its id and its secret.
    #[track_caller]
    pub fn subscribe_to_all(&self, receiver: &Receiver) -> (i64, String) {
        let made = self.subscribe(json!({"url": receiver.url()}));
        (made["id"].as_i64().unwrap(), made["segredo"].as_str().unwrap().to_owned())
    }

    /// A subscription as it is now.
    #[track_caller]
    pub fn subscription(&self, id: i64) -> Value {
        self.manage("GET", &format!("/assinaturas/{id}"), None).ok()
    }

    /// Waits until a field of a subscription has this value.
    #[track_caller]
    pub fn wait_for_subscription(&self, id: i64, field: &str, value: Value) -> Value {
        wait_until(&format!("{field} is {value}"), || self.subscription(id)[field] == value);
        self.subscription(id)
    }

    /// Moves an order along the kitchen.
    #[track_caller]
    pub fn move_to(&self, pedido: &Value, status: i64) {
        self.manage("PUT", "/pedidos", Some(&json!({"id": pedido["id"], "status_pedido": status}))).ok();
    }

    /// What is put off is due now.
    pub fn hurry(&self) {
        self.r.sql("UPDATE webhook_repeticoes SET proxima_em = '2020-01-01 00:00:00'");
    }
}
