//! Server-sent events by axum, from a broadcast channel of tokio: each change of an order is told to all who listen. Nothing is
//! stored: what a commit costs is not compared.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{
    Json, Router,
    extract::State,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
    routing::{get, post, put},
};
use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::broadcast};
use tokio_stream::wrappers::BroadcastStream;

/// Events that a slow listener may be behind.
const BEHIND: usize = 4096;

struct Log {
    next: AtomicI64,
    told: broadcast::Sender<(i64, Arc<str>)>,
}

#[tokio::main]
async fn main() {
    let log = Arc::new(Log { next: AtomicI64::new(1), told: broadcast::channel(BEHIND).0 });
    let routes = Router::new()
        .route("/eventos", get(listen))
        .route("/pedidos/checkout", post(change))
        .route("/pedidos", put(change))
        .with_state(log);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("axum listening on http://{}", listener.local_addr().expect("an address"));
    axum::serve(listener, routes).await.expect("serves");
}

/// An event as long as Ambrosia's.
async fn change(State(log): State<Arc<Log>>, Json(body): Json<Value>) -> Json<Value> {
    let sequencia = log.next.fetch_add(1, Ordering::Relaxed);
    let data = json!({
        "pedido": 1, "sequencia": sequencia, "tipo": "cliente", "de": null, "para": null, "detalhe": null,
        "ator": "equipe", "dados": {"cliente": body.get("cliente")}, "datahora": "2026-11-29T20:19:10Z"
    });
    // Nobody may be listening.
    let _ = log.told.send((sequencia, data.to_string().into()));
    Json(json!({"id": 1}))
}

async fn listen(State(log): State<Arc<Log>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = BroadcastStream::new(log.told.subscribe()).filter_map(|told| async {
        let (sequencia, data) = told.ok()?;
        Some(Ok(Event::default().event("cliente").id(sequencia.to_string()).data(&*data)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
