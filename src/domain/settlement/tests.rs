//! A charge and its order under answers of every kind, one by one and in random order.

use proptest::prelude::*;

use super::{failure::SEARCHES_MAX, schedule::PAUSE_MAX, *};
use crate::domain::{
    cobranca::{Situacao, tests::cobranca},
    dinheiro::Dinheiro,
    pedido::{Meio, PaymentNews, QrCode, StatusPagamento, StatusPedido, tests::pedido as pedido_em},
};

fn terms(now: DataHora) -> Terms<'static> {
    Terms { provider: "Banco", first_poll_seconds: 5, now, quiet: false }
}

fn reais(texto: &str) -> Dinheiro {
    texto.parse().unwrap()
}

fn momento(segundos: i64) -> DataHora {
    DataHora::de_segundos(segundos).unwrap()
}

fn inicio() -> (Pedido, Cobranca) {
    let mut pedido = pedido_em(StatusPedido::Recebido);
    pedido.show_qr(QrCode { expiry: Some(momento(900)), ..QrCode::default() }, momento(0));
    let cobranca = cobranca(&mut pedido);
    (pedido, cobranca)
}

fn verdade(situacao: Situacao) -> ChargeReport {
    ChargeReport {
        id_externo: "ORD1".into(),
        situacao: Some(situacao),
        state: "em um estado desconhecido",
        reference: Some("referencia".into()),
        valor: Some(reais("57.80")),
        paid: (situacao >= Situacao::Paga).then(|| reais("57.80")),
        reembolsado: if situacao == Situacao::Reembolsada { reais("57.80") } else { Dinheiro::default() },
        currency: Some("BRL".into()),
        qr_data: Some("000201".into()),
        validity_seconds: Some(900),
        uncertain: false,
    }
}

/// Asks, and is answered at once.
fn settle(p: &mut Pedido, c: &mut Cobranca, operacao: Operacao, resultado: Outcome, agora: i64) {
    c.begin(operacao, momento(agora), || format!("chave {agora}"));
    let passo = c.clone();
    c.settle(p, &Question { operacao, charge: &passo }, &resultado, &terms(momento(agora)));
}

#[test]
fn anything_that_does_not_fit_pays_nothing_and_calls_a_person() {
    let fora: [fn(&mut ChargeReport); 7] = [
        |v| v.reference = Some("outra".into()),
        |v| v.reference = None,
        |v| v.valor = Some(reais("57.79")),
        |v| v.valor = Some(reais("57.81")),
        |v| v.paid = Some(reais("57.79")),
        |v| v.currency = Some("ARS".into()),
        |v| (v.valor, v.paid) = (None, None),
    ];
    for (n, estragar) in fora.into_iter().enumerate() {
        let (mut p, mut c) = inicio();
        settle(&mut p, &mut c, Operacao::Criar, Outcome::Report(verdade(Situacao::Aberta)), 0);
        let mut v = verdade(Situacao::Paga);
        estragar(&mut v);
        settle(&mut p, &mut c, Operacao::Consultar, Outcome::Report(v), 10);
        assert_eq!(p.status_pagamento, StatusPagamento::Enviado, "{n}");
        assert!(c.pendente_desde.is_some() && c.proxima_em.is_some(), "{n}");
        // When its time is up it is withdrawn all the same.
        assert_eq!(c.next_operation(&p, momento(900)), Some(Operacao::Cancelar));
    }
}

#[test]
fn what_is_missing_where_the_pages_differ_pays_all_the_same() {
    let sem: [fn(&mut ChargeReport); 3] = [|v| v.currency = None, |v| v.paid = None, |v| v.valor = None];
    for esquecer in sem {
        let (mut p, mut c) = inicio();
        let mut v = verdade(Situacao::Paga);
        esquecer(&mut v);
        settle(&mut p, &mut c, Operacao::Consultar, Outcome::Report(v), 10);
        assert_eq!((p.status_pagamento, p.meio_pagamento), (StatusPagamento::Aprovado, Some(Meio::Qr)));
    }
}

#[test]
fn the_pauses_grow_and_end_when_the_time_is_up() {
    let (mut p, mut c) = inicio();
    let aberta = || Outcome::Report(verdade(Situacao::Aberta));
    settle(&mut p, &mut c, Operacao::Criar, aberta(), 0);
    let mut agora = 0;
    let mut pausas = Vec::new();
    while c.next_operation(&p, momento(agora)) == Some(Operacao::Consultar) {
        let proxima = c.proxima_em.unwrap().segundos();
        pausas.push(proxima - agora);
        agora = proxima;
        let operacao = c.next_operation(&p, momento(agora)).unwrap();
        if operacao == Operacao::Consultar {
            settle(&mut p, &mut c, operacao, aberta(), agora);
        }
    }
    assert_eq!(agora, 900, "the end is looked at when it comes");
    assert!(pausas[..4].is_sorted() && pausas.iter().all(|p| *p <= PAUSE_MAX + 2), "{pausas:?}");
    assert_eq!(c.next_operation(&p, momento(900)), Some(Operacao::Cancelar));
}

#[test]
fn a_creation_keeps_its_key_whatever_is_answered() {
    let (mut p, mut c) = inicio();
    for resultado in [
        Outcome::Refused { code: "404 pos_not_found".into(), reason: "erro".into() },
        Outcome::NoAnswer { cause: "x".into(), wait_seconds: Some(100_000), sent: true },
        Outcome::NotFound,
    ] {
        settle(&mut p, &mut c, Operacao::Criar, resultado, 0);
        assert_eq!(c.chave.as_deref(), Some("chave"));
        assert!(c.proxima_em.unwrap() <= momento(PAUSE_MAX + 2));
    }
}

fn paga() -> (Pedido, Cobranca) {
    let (mut p, mut c) = inicio();
    settle(&mut p, &mut c, Operacao::Consultar, Outcome::Report(verdade(Situacao::Paga)), 1);
    (p, c)
}

#[test]
fn a_refund_under_way_is_asked_about_with_the_same_key() {
    let (mut p, mut c) = paga();
    c.fields.reembolso_alvo = Some(reais("7.80"));
    settle(&mut p, &mut c, Operacao::Reembolsar, Outcome::Report(verdade(Situacao::Paga)), 2);
    settle(
        &mut p,
        &mut c,
        Operacao::Reembolsar,
        Outcome::NoAnswer { cause: "x".into(), wait_seconds: None, sent: true },
        3,
    );
    assert_eq!((c.chave.as_deref(), c.reembolso_alvo), (Some("chave 2"), Some(reais("7.80"))));
    let feito = ChargeReport { reembolsado: reais("7.80"), ..verdade(Situacao::Paga) };
    settle(&mut p, &mut c, Operacao::Reembolsar, Outcome::Report(feito), 4);
    assert_eq!((c.chave.as_deref(), c.reembolso_alvo, c.proxima_em), (None, None, None));
    assert_eq!((p.valor_reembolsado, p.status_pagamento), (reais("7.80"), StatusPagamento::Aprovado));
}

#[test]
fn a_look_that_was_slow_does_not_make_a_refund_be_asked_twice() {
    let (mut p, mut c) = paga();
    c.begin(Operacao::Consultar, momento(4), || "olhar".into());
    let olhar = c.clone();
    c.fields.reembolso_alvo = Some(reais("7.80"));
    c.begin(Operacao::Reembolsar, momento(4), || "devolver".into());
    let devolver = c.clone();
    let feito = ChargeReport { reembolsado: reais("7.80"), ..verdade(Situacao::Paga) };
    c.settle(
        &mut p,
        &Question { operacao: Operacao::Consultar, charge: &olhar },
        &Outcome::Report(feito.clone()),
        &terms(momento(5)),
    );
    assert_eq!(c.chave.as_deref(), Some("devolver"), "the open question is not closed by another answer");
    c.settle(
        &mut p,
        &Question { operacao: Operacao::Reembolsar, charge: &devolver },
        &Outcome::Report(feito),
        &terms(momento(6)),
    );
    assert_eq!((c.next_operation(&p, momento(7)), c.proxima_em), (None, None));
    assert_eq!(p.valor_reembolsado, reais("7.80"));
}

#[test]
fn the_whole_is_not_asked_for_with_the_key_of_a_part() {
    let (mut p, mut c) = paga();
    c.fields.reembolso_alvo = Some(reais("7.80"));
    settle(
        &mut p,
        &mut c,
        Operacao::Reembolsar,
        Outcome::NoAnswer { cause: "x".into(), wait_seconds: None, sent: true },
        2,
    );
    assert_eq!(c.chave.as_deref(), Some("chave 2"));
    p.cancel(None, momento(3));
    c.refund_all(&p, momento(3));
    assert_eq!((c.reembolso_alvo, c.proxima_em), (None, Some(momento(3))));
    c.begin(Operacao::Reembolsar, momento(4), || "outra".into());
    assert_eq!(c.chave.as_deref(), Some("outra"), "another body under one key is refused");
    // To ask for the whole once more is the same question.
    c.refund_all(&p, momento(4));
    c.begin(Operacao::Reembolsar, momento(4), || "terceira".into());
    assert_eq!(c.chave.as_deref(), Some("outra"));
}

#[test]
fn a_person_gives_back_only_when_the_provider_will_not() {
    let (mut p, mut c) = paga();
    p.cancel(None, momento(2));
    let recusa = || Outcome::Refused { code: "400 saldo".into(), reason: "erro".into() };
    settle(&mut p, &mut c, Operacao::Reembolsar, recusa(), 3);
    assert!(c.pendencia.as_ref().unwrap().contains("vai ser perguntado de novo"));
    // In doubt nobody may: it would go back twice.
    c.begin(Operacao::Reembolsar, momento(4), || "em dúvida".into());
    assert!(c.resolve(&mut p, momento(4)).is_err());
    for n in 0..REFUSALS_MAX {
        settle(&mut p, &mut c, Operacao::Reembolsar, recusa(), 5 + n);
    }
    assert!(c.pendencia.as_ref().unwrap().contains("devolva o dinheiro no balcão"));
    assert_eq!((c.next_operation(&p, momento(90)), c.proxima_em), (None, None));
    // Late news of it asks for nothing either.
    settle(&mut p, &mut c, Operacao::Consultar, Outcome::Report(verdade(Situacao::Paga)), 91);
    assert_eq!(c.proxima_em, None);
    let mut outra = (p.clone(), c.clone());
    outra.1.refund_all(&outra.0, momento(92));
    assert_eq!(outra.1.next_operation(&outra.0, momento(92)), Some(Operacao::Reembolsar));
    p.take_events();
    assert_eq!(c.resolve(&mut p, momento(93)), Ok(()));
    assert_eq!(p.events().len(), 2);
    assert_eq!((p.status_pagamento, p.valor_reembolsado), (StatusPagamento::Reembolsado, reais("57.80")));
    assert_eq!((c.next_operation(&p, momento(94)), c.pendente_desde), (None, None));
}

#[test]
fn a_charge_that_turns_up_after_it_was_given_up_is_withdrawn() {
    let (mut p, mut c) = inicio();
    let criando = c.clone();
    p.cancel(None, momento(1));
    for n in 0..SEARCHES_MAX {
        assert_eq!(c.situacao, Situacao::Pedida);
        settle(&mut p, &mut c, Operacao::Cancelar, Outcome::NotFound, 10 + n);
    }
    assert_eq!((c.situacao, c.proxima_em), (Situacao::Cancelada, None));
    let criada = Outcome::Report(verdade(Situacao::Aberta));
    c.settle(&mut p, &Question { operacao: Operacao::Criar, charge: &criando }, &criada, &terms(momento(20)));
    assert_eq!(c.next_operation(&p, momento(20)), Some(Operacao::Cancelar));
    assert_eq!(p.qr_data, None, "nobody is shown it");
}

#[test]
fn a_matter_that_somebody_saw_to_is_not_brought_up_again() {
    let (mut p, mut c) = inicio();
    let torta = || Outcome::Report(ChargeReport { valor: Some(reais("1.00")), ..verdade(Situacao::Aberta) });
    settle(&mut p, &mut c, Operacao::Consultar, torta(), 1);
    assert!(c.resolve(&mut p, momento(2)).is_ok());
    settle(&mut p, &mut c, Operacao::Consultar, torta(), 3);
    assert_eq!(c.pendente_desde, None);
}

/// Anything that can happen to an order and its charge.
#[derive(Clone, Debug)]
enum Acontece {
    Resposta(Operacao, Outcome),
    Cancelam,
    Dinheiro,
    Cozinha(i64),
    Passa(i64),
    Resolvem,
}

fn acontece() -> impl Strategy<Value = Acontece> {
    let operacao = (1..=4i64).prop_map(|n| Operacao::try_from(n).unwrap());
    let resultado = prop_oneof![
        6 => (1..=5i64, any::<bool>()).prop_map(|(s, certa)| {
            let mut v = verdade(Situacao::try_from(s).unwrap());
            if !certa { v.paid = Some(reais("1.00")); }
            Outcome::Report(v)
        }),
        1 => Just(Outcome::Report(ChargeReport { situacao: None, ..verdade(Situacao::Aberta) })),
        1 => Just(Outcome::NotFound),
        1 => Just(Outcome::Refused { code: "400".into(), reason: "erro".into() }),
        2 => Just(Outcome::NoAnswer { cause: "x".into(), wait_seconds: None, sent: true }),
    ];
    prop_oneof![
        6 => (operacao, resultado).prop_map(|(o, r)| Acontece::Resposta(o, r)),
        1 => Just(Acontece::Cancelam),
        1 => Just(Acontece::Dinheiro),
        1 => Just(Acontece::Resolvem),
        1 => (2..=4i64).prop_map(Acontece::Cozinha),
        2 => (1..=600i64).prop_map(Acontece::Passa),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_happens_in_whatever_order(historia in prop::collection::vec(acontece(), 0..40)) {
        let (mut p, mut c) = inicio();
        let mut agora = 0;
        let mut paga = false;
        let grau = |s: StatusPagamento| [StatusPagamento::Enviado, StatusPagamento::Recusado, StatusPagamento::Aprovado,
            StatusPagamento::Reembolsado].iter().position(|x| *x == s);
        for fato in historia {
            let (antes, situacao, sem_id) = (grau(p.status_pagamento), c.situacao, c.id_externo.is_none());
            match fato {
                Acontece::Resposta(operacao, resultado) => {
                    if let Outcome::Report(v) = &resultado {
                        let dinheiro = v.situacao.is_some_and(|s| s >= Situacao::Paga);
                        paga |= dinheiro && v.check(&c, &p).is_ok();
                    }
                    settle(&mut p, &mut c, operacao, resultado, agora);
                    // What is open, owed or wanted is never left alone, unless a person was called.
                    let resta = c.next_operation(&p, momento(agora)).is_some();
                    prop_assert!(!resta || c.proxima_em.is_some());
                }
                Acontece::Cancelam => { p.cancel(None, momento(agora)); }
                Acontece::Dinheiro => {
                    if p.status_pedido != StatusPedido::Cancelado {
                        let news = PaymentNews { meio: Some(Meio::Dinheiro), ..PaymentNews::of(StatusPagamento::Aprovado) };
                        p.pay(news, momento(agora));
                    }
                }
                Acontece::Cozinha(para) => { let _ = p.advance(para.try_into().unwrap(), momento(agora)); }
                Acontece::Passa(segundos) => agora += segundos,
                Acontece::Resolvem => { let _ = c.resolve(&mut p, momento(agora)); }
            }
            prop_assert!(grau(p.status_pagamento) >= antes, "a payment went back");
            // One that was never seen there may turn up yet.
            prop_assert!(c.situacao >= situacao || sem_id, "a charge went back");
            if p.meio_pagamento == Some(Meio::Qr) {
                prop_assert!(paga, "paid without being paid");
            }
            if p.meio_pagamento == Some(Meio::Dinheiro) {
                prop_assert_eq!(p.status_pagamento, StatusPagamento::Aprovado);
            }
            // Money for an order that will not be, or for the second time, is on its way back.
            if c.situacao == Situacao::Paga && !c.manual && (p.status_pedido == StatusPedido::Cancelado || p.meio_pagamento == Some(Meio::Dinheiro)) {
                prop_assert_eq!(c.next_operation(&p, momento(agora)), Some(Operacao::Reembolsar));
            }
            // What is there once is not made twice.
            prop_assert!(c.id_externo.is_none() || c.next_operation(&p, momento(agora)) != Some(Operacao::Criar));
        }
    }

    #[test]
    fn the_same_news_in_another_order_ends_the_same(noticias in prop::collection::vec(1..=5i64, 1..12), mistura in any::<prop::sample::Index>()) {
        let fim = |noticias: &[i64]| {
            let (mut p, mut c) = inicio();
            for n in noticias {
                let v = verdade(Situacao::try_from(*n).unwrap());
                settle(&mut p, &mut c, Operacao::Consultar, Outcome::Report(v), 1);
            }
            (c.situacao, p.status_pagamento, p.meio_pagamento)
        };
        let mut outra = noticias.clone();
        outra.rotate_left(mistura.index(noticias.len()));
        prop_assert_eq!(fim(&noticias), fim(&outra));
        outra.reverse();
        prop_assert_eq!(fim(&noticias), fim(&outra));
    }
}
