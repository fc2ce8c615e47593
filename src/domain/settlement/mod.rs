//! What a payment provider answers becomes the state of a charge, of its order, and a line of history. Every answer goes
//! through one function, `Cobranca::assentar`, in whatever order the answers come.

use super::{
    charge_report::{ChargeReport, Outcome},
    cobranca::{Cobranca, Operacao, Situacao, is_wanted},
    data_hora::DataHora,
    dinheiro::Dinheiro,
    pedido::{Evento, Meio, Pedido, StatusPagamento, StatusPedido},
    pendencia::Motivo,
};

/// Between two questions, the longest, in seconds: while a customer may pay, and when only the end is left to be done.
const PAUSA_MAXIMA: i64 = 60;
const PAUSA_MAXIMA_FIM: i64 = 3600;
/// Failures of the same step after which a person is told; refusals of a refund after which only a person can go on;
/// searches in vain after which there is nothing.
const FALHAS_AVISO: i64 = 6;
const RECUSAS_FIM: i64 = 12;
const BUSCAS_EM_VAO: i64 = 3;

impl Cobranca {
    /// Takes in what came of `passo`, this charge as it was when the question was asked: charge and order move on, and
    /// what happened is told. `ritmo` is the first pause between two questions, in seconds.
    pub fn settle(
        &mut self,
        pedido: &mut Pedido,
        (operacao, passo): (Operacao, &Cobranca),
        resultado: &Outcome,
        ritmo: i64,
        agora: DataHora,
    ) -> Vec<Evento> {
        let mut eventos = Vec::new();
        // Another question was begun meanwhile: the news counts, and that question stays as it is.
        let minha = self.operacao == Some(operacao) && self.chave == passo.chave;
        let mut espera = 0;
        match resultado {
            Outcome::Report(verdade) => {
                self.apply_report(pedido, (operacao, minha), verdade, &mut eventos, agora);
            }
            Outcome::All(todas) => {
                let escolhida = self.choose(pedido, todas);
                let id = escolhida.map(|v| v.id_externo.as_str()).or(self.id_externo.as_deref());
                let id = id.map(str::to_owned);
                self.note_others(todas, id.as_deref(), &mut eventos, agora);
                if self.id_externo.is_some() {
                    self.id_externo = id;
                }
                match escolhida {
                    Some(verdade) => {
                        self.apply_report(pedido, (operacao, minha), verdade, &mut eventos, agora)
                    }
                    None => self.not_found(pedido, (operacao, minha), &mut eventos, agora),
                }
                self.end_search(agora);
            }
            Outcome::NotFound => {
                self.not_found(pedido, (operacao, minha), &mut eventos, agora);
            }
            Outcome::Refused { code, reason } => {
                self.refuse(pedido, (operacao, minha), (code, reason), &mut eventos, agora);
            }
            Outcome::Unauthorized(codigo) => {
                let texto = format!("{}: sem acesso, {codigo}", operacao.name());
                eventos.push(Evento::novo("sem_resposta", agora).com(texto));
                self.count_attempt(minha);
                pedido.qr_recusado |= operacao == Operacao::Criar;
                if let Some(texto) = operacao.unauthorized() {
                    self.raise(operacao.motivo(), texto.to_owned(), &mut eventos, agora);
                }
            }
            Outcome::NoAnswer { cause, wait_seconds: pedida, sent } => {
                let texto = format!("{}: {cause}", operacao.name());
                eventos.push(Evento::novo("sem_resposta", agora).com(texto));
                self.count_attempt(minha);
                espera = pedida.unwrap_or(0);
                if operacao == Operacao::Criar && *sent {
                    self.suspect_duplicates(agora);
                }
                if self.tentativas >= FALHAS_AVISO && operacao != Operacao::Consultar {
                    let texto = operacao.unanswered().to_owned();
                    self.raise(operacao.motivo(), texto, &mut eventos, agora);
                }
            }
        }
        self.review(pedido);
        self.raise_overpaid(&mut eventos, agora);
        if minha {
            let falhou = matches!(resultado, Outcome::NoAnswer { .. } | Outcome::Unauthorized(_));
            self.schedule(pedido, operacao, falhou, (ritmo, espera), agora);
        }
        eventos
    }

    /// The provider speaks of the one charge that counts.
    fn apply_report(
        &mut self,
        pedido: &mut Pedido,
        (operacao, minha): (Operacao, bool),
        verdade: &ChargeReport,
        eventos: &mut Vec<Evento>,
        agora: DataHora,
    ) {
        eventos.push(Evento::novo("respondido", agora).com(verdade.describe(operacao)));
        if verdade.uncertain || self.id_externo.as_ref().is_some_and(|id| *id != verdade.id_externo) {
            self.suspect_duplicates(agora);
        }
        match verdade.check(self, pedido) {
            Ok(()) if self.id_externo.as_ref().is_none_or(|id| *id == verdade.id_externo) => {
                self.accept(pedido, (operacao, minha), verdade, eventos, agora);
            }
            // Which of the two counts is found out by looking at all.
            Ok(()) => self.count_attempt(minha),
            Err(divergencia) => {
                self.count_attempt(minha);
                self.raise(Motivo::Divergencia, divergencia, eventos, agora);
            }
        }
    }

    /// It knows no such charge.
    fn not_found(
        &mut self,
        pedido: &mut Pedido,
        (operacao, minha): (Operacao, bool),
        eventos: &mut Vec<Evento>,
        agora: DataHora,
    ) {
        self.count_attempt(minha);
        if self.situacao >= Situacao::Cancelada && operacao == Operacao::Consultar {
            return;
        }
        let texto = format!("{}: não há cobrança no provedor", operacao.name());
        eventos.push(Evento::novo("respondido", agora).com(texto));
        if self.situacao != Situacao::Pedida {
            // Just after it was made, or while a payment holds it, a charge may not be shown.
            if minha && self.tentativas >= FALHAS_AVISO {
                let texto = "O Mercado Pago não encontra a cobrança deste pedido; confira no painel dele";
                self.raise(operacao.motivo(), texto.into(), eventos, agora);
            }
        } else if minha && operacao == Operacao::Cancelar && self.tentativas >= BUSCAS_EM_VAO {
            self.situacao = Situacao::Cancelada;
            self.start_over();
            self.carry_to_order(pedido, (true, false), eventos, agora);
        }
    }

    /// When to go on, and that is never while anything is owed.
    fn schedule(
        &mut self,
        pedido: &Pedido,
        operacao: Operacao,
        falhou: bool,
        (ritmo, espera): (i64, i64),
        agora: DataHora,
    ) {
        let proxima = self.next_operation(pedido, agora);
        self.proxima_em = match proxima {
            // To look is never urgent; the rest is.
            Some(seguinte) if seguinte != operacao && seguinte != Operacao::Consultar => Some(agora),
            Some(Operacao::Criar | Operacao::Consultar) => {
                let atrasada = self.situacao >= Situacao::Cancelada && self.incerta_ate <= Some(agora);
                let maxima = if atrasada { PAUSA_MAXIMA_FIM } else { PAUSA_MAXIMA };
                let quando = agora.mais(self.backoff_seconds(ritmo, maxima).max(espera.min(maxima)));
                // When its time ends the charge is looked at, however long the pause.
                let fins = [pedido.datahora_expiracao, self.incerta_ate];
                fins.into_iter().flatten().filter(|fim| *fim > agora).chain([quando]).min()
            }
            Some(Operacao::Cancelar | Operacao::Reembolsar) => Some(
                agora.mais(self.backoff_seconds(ritmo, PAUSA_MAXIMA_FIM).max(espera.min(PAUSA_MAXIMA_FIM))),
            ),
            // There was news of it, and nobody could tell which.
            None if falhou && self.tentativas < RECUSAS_FIM => {
                Some(agora.mais(self.backoff_seconds(ritmo, PAUSA_MAXIMA_FIM)))
            }
            None => None,
        };
    }

    fn accept(
        &mut self,
        pedido: &mut Pedido,
        (operacao, minha): (Operacao, bool),
        verdade: &ChargeReport,
        eventos: &mut Vec<Evento>,
        agora: DataHora,
    ) {
        let antes = self.situacao;
        // It was given up because nobody knew it, and it is there after all.
        let achada = self.id_externo.is_none() && matches!(antes, Situacao::Cancelada | Situacao::Expirada);
        let chao = if achada { Situacao::Pedida } else { antes };
        // In a state that is not known it is there, all the same.
        self.situacao = verdade.situacao.unwrap_or(Situacao::Aberta).max(chao);
        self.id_externo = Some(verdade.id_externo.clone());
        pedido.qr_recusado = false;
        let devolvido = verdade.reembolsado.menos(self.reembolsado);
        if devolvido > Dinheiro::default() {
            self.reembolsado = verdade.reembolsado;
            let texto = format!("{} devolvidos", devolvido.em_reais());
            eventos.push(Evento::novo("reembolso", agora).com(texto));
            if pedido.meio_pagamento.is_none_or(|meio| meio == Meio::Qr) {
                pedido.valor_reembolsado = self.reembolsado.max(self.reembolso_alvo.unwrap_or_default());
            }
        }
        // The whole goes back because somebody here asked for it.
        let pedida = self.reembolso_alvo.is_some_and(|alvo| alvo >= self.valor);
        self.reembolso_alvo = self.reembolso_alvo.filter(|alvo| *alvo > self.reembolsado);
        if pedido.qr_data.is_none() && is_wanted(pedido) && self.situacao == Situacao::Aberta {
            pedido.qr_data = verdade.qr_data.clone();
        }
        if let (Operacao::Criar, Some(validade)) = (operacao, verdade.validade) {
            let fim = agora.mais(validade);
            pedido.datahora_expiracao = pedido.datahora_expiracao.map(|nosso| nosso.min(fim));
        }
        let andou = self.situacao != antes || devolvido > Dinheiro::default();
        let fica = match self.motivo {
            Some(Motivo::Divergencia | Motivo::Consulta) => false,
            Some(Motivo::EstadoDesconhecido) => verdade.situacao.is_none(),
            _ => true,
        };
        if !fica {
            self.close_matter();
        }
        if minha {
            self.count_attempt(minha);
            match operacao {
                _ if andou => self.start_over(),
                // It may be under way: the same question, until it is seen to be done.
                Operacao::Reembolsar => {}
                // Answered; the next time is another question.
                Operacao::Criar | Operacao::Consultar | Operacao::Cancelar => self.chave = None,
            }
            let parada = matches!(operacao, Operacao::Cancelar | Operacao::Reembolsar) && !andou;
            if parada && self.tentativas >= FALHAS_AVISO {
                self.raise(operacao.motivo(), operacao.unanswered().to_owned(), eventos, agora);
            }
        }
        if verdade.situacao.is_none() && self.situacao >= Situacao::Paga {
            let estado = verdade.state;
            let texto = format!("O Mercado Pago mostra o pagamento {estado}: confira no painel dele");
            self.raise(Motivo::EstadoDesconhecido, texto, eventos, agora);
        }
        self.carry_to_order(pedido, (self.situacao != antes, pedida), eventos, agora);
    }

    /// The provider understood, and will not.
    fn refuse(
        &mut self,
        pedido: &mut Pedido,
        (operacao, minha): (Operacao, bool),
        (codigo, razao): (&str, &str),
        eventos: &mut Vec<Evento>,
        agora: DataHora,
    ) {
        eventos.push(Evento::novo("recusado", agora).com(format!("{}: {codigo}", operacao.name())));
        if !minha {
            return;
        }
        self.count_attempt(minha);
        // A key that was refused would be refused again. For a creation it stays: two keys are two charges.
        if operacao != Operacao::Criar {
            self.chave = None;
        }
        pedido.qr_recusado |= operacao == Operacao::Criar;
        if operacao == Operacao::Reembolsar && self.tentativas >= RECUSAS_FIM {
            self.manual = true;
            self.reembolso_alvo = None;
            pedido.valor_reembolsado = self.reembolsado;
            let texto = format!("O Mercado Pago não faz o reembolso ({razao}): devolva o dinheiro no balcão");
            self.raise(Motivo::ReembolsoNoBalcao, texto, eventos, agora);
        } else if operacao != Operacao::Consultar || self.tentativas >= FALHAS_AVISO {
            // Just after it was made a charge may not be shown yet.
            self.raise(operacao.motivo(), operacao.refused(razao), eventos, agora);
        }
    }

    fn count_attempt(&mut self, minha: bool) {
        self.tentativas += i64::from(minha);
    }

    /// Things have moved: the next question is another one, and pauses are short again.
    fn start_over(&mut self) {
        (self.chave, self.tentativas) = (None, 0);
    }

    /// The order follows its charge. `mudou` is whether that has just come to its present state, `pedida` whether
    /// somebody here asked for the refund of the whole.
    fn carry_to_order(
        &mut self,
        pedido: &mut Pedido,
        (mudou, pedida): (bool, bool),
        eventos: &mut Vec<Evento>,
        agora: DataHora,
    ) {
        if pedido.meio_pagamento.is_some_and(|meio| meio != Meio::Qr) {
            return;
        }
        match self.situacao {
            Situacao::Pedida | Situacao::Aberta => {}
            Situacao::Paga => {
                pedido.meio_pagamento = Some(Meio::Qr);
                eventos.extend(pedido.pagar(StatusPagamento::Aprovado, agora));
            }
            Situacao::Reembolsada => {
                pedido.meio_pagamento = Some(Meio::Qr);
                eventos.extend(pedido.pagar(StatusPagamento::Reembolsado, agora));
                if mudou && !pedida && pedido.status_pedido != StatusPedido::Cancelado {
                    let texto = "O pagamento foi devolvido no Mercado Pago, e o pedido não está cancelado";
                    self.raise(Motivo::DevolvidoLa, texto.into(), eventos, agora);
                }
            }
            Situacao::Cancelada | Situacao::Expirada => {
                // Nobody shall pay it any more.
                pedido.qr_data = None;
                eventos.extend(pedido.pagar(StatusPagamento::Recusado, agora));
                match pedido.status_pedido {
                    StatusPedido::Cancelado => {}
                    StatusPedido::Recebido if !pedido.foi_entregue() => {
                        let motivo = "não foi pago no prazo, ou a cobrança foi cancelada";
                        eventos.extend(pedido.cancelar(agora).map(|e| e.com(motivo)));
                    }
                    // It is being cooked, or eaten: the counter collects.
                    _ if mudou => {
                        let texto =
                            "O QR code expirou sem pagamento e o pedido já está em preparo: cobre no balcão";
                        self.raise(Motivo::CobrarNoBalcao, texto.into(), eventos, agora);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Doubles each time; the odd seconds keep orders of one moment apart.
    fn backoff_seconds(&self, ritmo: i64, maxima: i64) -> i64 {
        let dobrada = ritmo.saturating_mul(1 << self.tentativas.clamp(0, 20));
        dobrada.min(maxima) + if dobrada > 4 { self.pedido % 3 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::pedido::tests::pedido as pedido_em;

    const RITMO: i64 = 5;

    fn reais(texto: &str) -> Dinheiro {
        texto.parse().unwrap()
    }

    fn momento(segundos: i64) -> DataHora {
        DataHora::de_segundos(segundos).unwrap()
    }

    fn inicio() -> (Pedido, Cobranca) {
        let mut pedido = pedido_em(StatusPedido::Recebido);
        pedido.id_pagamento = Some("referencia".into());
        pedido.datahora_expiracao = Some(momento(900));
        pedido.valor_total = reais("57.80");
        (pedido, Cobranca::new(1, reais("57.80"), 900, ("chave".into(), momento(0))))
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
            validade: Some(900),
            uncertain: false,
        }
    }

    /// Asks, and is answered at once.
    fn settle(p: &mut Pedido, c: &mut Cobranca, operacao: Operacao, resultado: Outcome, agora: i64) {
        c.begin(operacao, momento(agora), || format!("chave {agora}"));
        let passo = c.clone();
        c.settle(p, (operacao, &passo), &resultado, RITMO, momento(agora));
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
        assert!(pausas[..4].is_sorted() && pausas.iter().all(|p| *p <= PAUSA_MAXIMA + 2), "{pausas:?}");
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
            assert!(c.proxima_em.unwrap() <= momento(PAUSA_MAXIMA + 2));
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
        c.reembolso_alvo = Some(reais("7.80"));
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
        c.reembolso_alvo = Some(reais("7.80"));
        c.begin(Operacao::Reembolsar, momento(4), || "devolver".into());
        let devolver = c.clone();
        let feito = ChargeReport { reembolsado: reais("7.80"), ..verdade(Situacao::Paga) };
        c.settle(&mut p, (Operacao::Consultar, &olhar), &Outcome::Report(feito.clone()), RITMO, momento(5));
        assert_eq!(c.chave.as_deref(), Some("devolver"), "the open question is not closed by another answer");
        c.settle(&mut p, (Operacao::Reembolsar, &devolver), &Outcome::Report(feito), RITMO, momento(6));
        assert_eq!((c.next_operation(&p, momento(7)), c.proxima_em), (None, None));
        assert_eq!(p.valor_reembolsado, reais("7.80"));
    }

    #[test]
    fn the_whole_is_not_asked_for_with_the_key_of_a_part() {
        let (mut p, mut c) = paga();
        c.reembolso_alvo = Some(reais("7.80"));
        settle(
            &mut p,
            &mut c,
            Operacao::Reembolsar,
            Outcome::NoAnswer { cause: "x".into(), wait_seconds: None, sent: true },
            2,
        );
        assert_eq!(c.chave.as_deref(), Some("chave 2"));
        p.cancelar(momento(3));
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
        p.cancelar(momento(2));
        let recusa = || Outcome::Refused { code: "400 saldo".into(), reason: "erro".into() };
        settle(&mut p, &mut c, Operacao::Reembolsar, recusa(), 3);
        assert!(c.pendencia.as_ref().unwrap().contains("vai ser perguntado de novo"));
        // In doubt nobody may: it would go back twice.
        c.begin(Operacao::Reembolsar, momento(4), || "em dúvida".into());
        assert!(c.resolve(&mut p, momento(4)).is_err());
        for n in 0..RECUSAS_FIM {
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
        assert_eq!(c.resolve(&mut p, momento(93)).map(|e| e.len()), Ok(2));
        assert_eq!((p.status_pagamento, p.valor_reembolsado), (StatusPagamento::Reembolsado, reais("57.80")));
        assert_eq!((c.next_operation(&p, momento(94)), c.pendente_desde), (None, None));
    }

    #[test]
    fn a_charge_that_turns_up_after_it_was_given_up_is_withdrawn() {
        let (mut p, mut c) = inicio();
        let criando = c.clone();
        p.cancelar(momento(1));
        for n in 0..BUSCAS_EM_VAO {
            assert_eq!(c.situacao, Situacao::Pedida);
            settle(&mut p, &mut c, Operacao::Cancelar, Outcome::NotFound, 10 + n);
        }
        assert_eq!((c.situacao, c.proxima_em), (Situacao::Cancelada, None));
        let criada = Outcome::Report(verdade(Situacao::Aberta));
        c.settle(&mut p, (Operacao::Criar, &criando), &criada, RITMO, momento(20));
        assert_eq!(c.next_operation(&p, momento(20)), Some(Operacao::Cancelar));
        assert_eq!(p.qr_data, None, "nobody is shown it");
    }

    #[test]
    fn a_matter_that_somebody_saw_to_is_not_brought_up_again() {
        let (mut p, mut c) = inicio();
        let torta =
            || Outcome::Report(ChargeReport { valor: Some(reais("1.00")), ..verdade(Situacao::Aberta) });
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
                    Acontece::Cancelam => { p.cancelar(momento(agora)); }
                    Acontece::Dinheiro => {
                        if p.status_pedido != StatusPedido::Cancelado && p.pagar(StatusPagamento::Aprovado, momento(agora)).is_some() {
                            p.meio_pagamento = Some(Meio::Dinheiro);
                        }
                    }
                    Acontece::Cozinha(para) => { let _ = p.mover(para.try_into().unwrap(), momento(agora)); }
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
                prop_assert_eq!(p.status_pagamento_descricao, p.status_pagamento.descricao());
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
}
