//! Every answer is true at some moment between its request and its arrival, whichever process gives it and whatever is
//! shared on the way. Orders are registers: each has one writer, who notes when he began and when he was told that it is
//! done; readers note when they asked and what they saw. Nothing that was done before they asked may be missing, nothing
//! may be seen that had not begun, and no later reader may see less than an earlier one.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Database, Response, Restaurant, on_both_databases,
    restaurant::{Process, wait_until},
    wire::{Wire, restaurant_over_wire},
};

on_both_databases!(reads_are_linearizable_across_processes);

const ESCRITORES: usize = 4;
const PEDIDOS_DE_CADA: usize = 40;
const LEITORES: usize = 8;
const RECEBIDO: i64 = 1;
const FINALIZADO: i64 = 4;
const APROVADO: i64 = 2;

/// A state that an order was brought to: from `de` on it may be seen, from `ate` on it must. Without `ate` nobody knows
/// whether it happened, unless a later one tells.
struct Escrita {
    pedido: i64,
    versao: i64,
    status: i64,
    pagamento: i64,
    de: Instant,
    ate: Option<Instant>,
}

enum Visto {
    /// The kitchen's list, or one of its states: orders and versions, in its order.
    Lista(Option<i64>, Vec<(i64, i64)>),
    Pedido(i64, i64),
    Pagamento(i64, i64),
}

struct Leitura {
    de: Instant,
    ate: Instant,
    de_que: String,
    visto: Visto,
}

struct Cena<'a> {
    filiais: &'a [Process],
    escritas: Mutex<Vec<Escrita>>,
    leituras: Mutex<Vec<Leitura>>,
    /// Orders that readers may ask for.
    conhecidos: Mutex<Vec<i64>>,
    /// Writers that have not finished.
    escrevendo: AtomicUsize,
    falhou: AtomicBool,
}

fn reads_are_linearizable_across_processes(banco: Database) {
    let r = Restaurant::new(banco);
    encenar(&r, |_| {});
}

#[test]
fn reads_are_linearizable_while_the_database_is_cut() {
    if !crate::database::mysql_is_available() {
        return;
    }
    let (fio, r) = restaurant_over_wire(false, &[("POOL_WAIT_MS", "300")]);
    encenar(&r, |cena| cortar_muitas_vezes(&fio, cena));
}

fn cortar_muitas_vezes(fio: &Wire, cena: &Cena<'_>) {
    let lidas = || cena.leituras.lock().unwrap().len();
    for vez in 0.. {
        let ja = lidas();
        wait_until("more reads", || lidas() >= ja + 150 || cena.escrevendo.load(Ordering::SeqCst) == 0);
        if cena.escrevendo.load(Ordering::SeqCst) == 0 {
            assert!(vez > 2, "it was hardly ever cut");
            return;
        }
        if vez % 2 == 0 {
            fio.drop_connections();
        } else {
            fio.cut();
            wait_until("somebody who notices", || cena.falhou.swap(false, Ordering::SeqCst));
            fio.restore();
        }
    }
}

fn encenar(r: &Restaurant, acontece: impl FnOnce(&Cena<'_>)) {
    r.sql("UPDATE pedidos SET status_pedido = 4, versao = versao + 1");
    let filiais: Vec<Process> = (0..3).map(|_| r.another_process()).collect();
    let cena = Cena {
        filiais: &filiais,
        escritas: Mutex::default(),
        leituras: Mutex::default(),
        conhecidos: Mutex::default(),
        escrevendo: AtomicUsize::new(ESCRITORES),
        falhou: AtomicBool::new(false),
    };
    thread::scope(|s| {
        for n in 0..ESCRITORES {
            let cena = &cena;
            s.spawn(move || {
                let _fim = Fim(&cena.escrevendo);
                (0..PEDIDOS_DE_CADA).for_each(|vez| escrever(cena, n, vez));
            });
        }
        for n in 0..LEITORES {
            let cena = &cena;
            s.spawn(move || {
                for vez in n.. {
                    if cena.escrevendo.load(Ordering::SeqCst) == 0 {
                        return;
                    }
                    ler(cena, vez);
                }
            });
        }
        acontece(&cena);
    });
    let Cena { escritas, leituras, .. } = cena;
    conferir(&escritas.into_inner().unwrap(), &leituras.into_inner().unwrap());
}

struct Fim<'a>(&'a AtomicUsize);

impl Drop for Fim<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One order, from its checkout to its end, each step at another process; steps that fail are taken again.
fn escrever(cena: &Cena<'_>, escritor: usize, vez: usize) {
    let filial = |passo: usize| &cena.filiais[(escritor + vez + passo) % cena.filiais.len()];
    let chave = format!("{escritor}-{vez}");
    let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
    let de = Instant::now();
    let criado = insistir(cena, || {
        filial(0).request("POST", "/pedidos/checkout", &[("Idempotency-Key", &chave)], Some(&body))
    });
    let pedido = criado["id"].as_i64().unwrap();
    let mut estado =
        Escrita { pedido, versao: 1, status: RECEBIDO, pagamento: 1, de, ate: Some(Instant::now()) };
    cena.escritas.lock().unwrap().push(Escrita { ..estado });
    cena.conhecidos.lock().unwrap().push(pedido);
    for passo in 1..=4 {
        estado.versao += 1;
        // Paid while it is being cooked.
        let mudanca = if passo == 2 {
            estado.pagamento = APROVADO;
            let id = criado["id_pagamento"].as_str().unwrap();
            (
                "POST",
                "/pedidos/status_pagamento",
                json!({"id": id, "action": "state_FINISHED", "type": "payment"}),
            )
        } else {
            estado.status += 1;
            ("PUT", "/pedidos", json!({"id": pedido, "status_pedido": estado.status}))
        };
        let (metodo, caminho, body) = (mudanca.0, mudanca.1, mudanca.2.to_string());
        let de = Instant::now();
        // It may be done without our knowing, and doing it again changes nothing.
        insistir(cena, || filial(passo).request(metodo, caminho, &[], Some(&body)));
        cena.escritas.lock().unwrap().push(Escrita { de, ate: Some(Instant::now()), ..estado });
    }
}

fn insistir(cena: &Cena<'_>, mut request: impl FnMut() -> Response) -> Value {
    loop {
        let resposta = request();
        match resposta.status {
            200 => return resposta.json(),
            409 | 503 => {
                cena.falhou.store(true, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(5));
            }
            status => panic!("{status}: {}", resposta.body),
        }
    }
}

fn ler(cena: &Cena<'_>, vez: usize) {
    let filial = &cena.filiais[vez % cena.filiais.len()];
    let conhecido = {
        let conhecidos = cena.conhecidos.lock().unwrap();
        // Of the last ones, which are still moving.
        conhecidos.len().checked_sub(1 + vez % 8).map(|i| conhecidos[i])
    };
    let (lista, caminho) = match (vez / 7 % 6, conhecido) {
        (3, Some(id)) => (None, format!("/pedidos/{id}")),
        (4, Some(id)) => (None, format!("/pedidos/{id}/status_pagamento")),
        (0, _) => (Some(Some(1)), "/pedidos/recebidos".to_owned()),
        (1, _) => (Some(Some(3)), "/pedidos/prontos".to_owned()),
        _ => (Some(None), "/pedidos".to_owned()),
    };
    let de = Instant::now();
    let resposta = filial.request("GET", &caminho, &[], None);
    let ate = Instant::now();
    if resposta.status == 503 {
        cena.falhou.store(true, Ordering::SeqCst);
        return;
    }
    let body = resposta.ok();
    let visto = match (lista, conhecido) {
        (Some(estado), _) => {
            let pedidos = body.as_array().unwrap().iter();
            let par = |p: &Value| (p["id"].as_i64().unwrap(), p["versao"].as_i64().unwrap());
            Visto::Lista(estado, pedidos.map(par).collect())
        }
        (None, Some(id)) if body.is_string() => Visto::Pagamento(id, body.as_str().unwrap().parse().unwrap()),
        (None, id) => Visto::Pedido(id.unwrap(), body["versao"].as_i64().unwrap()),
    };
    cena.leituras.lock().unwrap().push(Leitura { de, ate, de_que: caminho, visto });
}

fn conferir(escritas: &[Escrita], leituras: &[Leitura]) {
    let mut historias: HashMap<i64, Vec<&Escrita>> = HashMap::new();
    for escrita in escritas {
        historias.entry(escrita.pedido).or_default().push(escrita);
    }
    historias.values_mut().for_each(|h| h.sort_by_key(|e| e.versao));
    assert_eq!(historias.len(), ESCRITORES * PEDIDOS_DE_CADA);
    let mut observados: HashMap<i64, Vec<(Instant, Instant, i64)>> = HashMap::new();
    for leitura in leituras {
        // Of an order: what must have been seen of it, and the most that can have been.
        let devido =
            |id: &i64| historias[id].iter().rev().find(|e| e.ate.is_some_and(|ate| ate < leitura.de));
        let possivel = |id: &i64| historias[id].iter().rev().find(|e| e.de < leitura.ate);
        let mut viu = |id: i64, versao: i64| {
            let minimo = devido(&id).map_or(0, |e| e.versao);
            let maximo = possivel(&id).map_or(0, |e| e.versao);
            assert!(
                (minimo..=maximo).contains(&versao),
                "{}: order {id} was seen in version {versao}, and it was {minimo} to {maximo}",
                leitura.de_que
            );
            observados.entry(id).or_default().push((leitura.de, leitura.ate, versao));
        };
        match &leitura.visto {
            Visto::Pedido(id, versao) => viu(*id, *versao),
            Visto::Pagamento(id, pagamento) => {
                let minimo = devido(id).map_or(0, |e| e.pagamento);
                let maximo = possivel(id).map_or(0, |e| e.pagamento);
                assert!((minimo..=maximo).contains(pagamento), "payment of {id}: {pagamento}");
            }
            Visto::Lista(estado, pedidos) => {
                for (id, versao) in pedidos {
                    viu(*id, *versao);
                    let status = historias[id][*versao as usize - 1].status;
                    assert!(
                        status < FINALIZADO && estado.is_none_or(|e| e == status),
                        "order {id} is out of place"
                    );
                }
                for (id, history) in &historias {
                    let (minimo, maximo) =
                        (devido(id).map_or(0, |e| e.versao), possivel(id).map_or(0, |e| e.versao));
                    // In whichever of its possible states it was: if all belong to the list it must be there.
                    let possiveis = &history[(minimo.max(1) as usize - 1)..(maximo.max(0) as usize)];
                    let pertence =
                        |e: &&&Escrita| e.status < FINALIZADO && estado.is_none_or(|s| s == e.status);
                    let sempre = minimo > 0 && possiveis.iter().all(|e| pertence(&e));
                    let presente = pedidos.iter().any(|(p, _)| p == id);
                    assert!(presente || !sempre, "order {id} is missing from the list");
                }
            }
        }
    }
    for (id, mut vistas) in observados {
        vistas.sort_by_key(|(_, ate, _)| *ate);
        let mut inicio: Vec<_> = vistas.clone();
        inicio.sort_by_key(|(de, ..)| *de);
        let (mut terminadas, mut maior) = (vistas.iter().peekable(), 0);
        for (de, _, versao) in inicio {
            while let Some((_, _, outra)) = terminadas.next_if(|(_, ate, _)| *ate < de) {
                maior = maior.max(*outra);
            }
            assert!(versao >= maior, "order {id} was seen in version {versao} after version {maior}");
        }
    }
    println!("{} writes, {} reads", escritas.len(), leituras.len());
    assert!(leituras.len() > 1000, "only {} reads", leituras.len());
}
