//! A charge: what a payment provider is asked to collect for an order, what is known of it, and what is to be done next.
//! Every answer of the provider goes through one function, `Cobranca::assentar`.

use super::{
    data_hora::DataHora,
    dinheiro::Dinheiro,
    pedido::{Evento, Meio, Pedido, StatusPagamento, StatusPedido},
    verdade::{Resultado, Verdade},
};

/// How far a charge has come; it only climbs. Money that came outranks an end without money, since a customer can pay
/// in the moment in which the charge is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Situacao {
    /// To be asked for; whether the provider knows of it is not known.
    Pedida = 0,
    Aberta = 1,
    Cancelada = 2,
    Expirada = 3,
    Paga = 4,
    Reembolsada = 5,
}

/// What the provider can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operacao {
    Criar = 1,
    Consultar = 2,
    Cancelar = 3,
    Reembolsar = 4,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cobranca {
    pub pedido: i64,
    pub valor: Dinheiro,
    /// Seconds for which the QR code can be paid, as asked for.
    pub validade: i64,
    pub situacao: Situacao,
    /// The provider's name for it, once it is known.
    pub id_externo: Option<String>,
    pub reembolsado: Dinheiro,
    /// What the staff want to give back of a payment that otherwise stands.
    pub reembolso_parcial: Option<Dinheiro>,
    /// What is being asked, and the key that makes asking again harmless.
    pub operacao: Option<Operacao>,
    pub chave: Option<String>,
    pub tentativas: i64,
    /// When the next step is due; `None` when there is none.
    pub proxima_em: Option<DataHora>,
    /// What a person has to look at.
    pub pendencia: Option<String>,
    pub pendente_desde: Option<DataHora>,
    pub versao: i64,
}

/// Between two questions, the longest, in seconds: while a customer may pay, and while the provider fails.
const PAUSA_MAXIMA: i64 = 60;
const PAUSA_MAXIMA_FALHA: i64 = 300;
/// Failures of the same step after which a person is told, and refusals after which only a person can go on.
const FALHAS_AVISO: i64 = 6;
const RECUSAS_FIM: i64 = 12;

impl Cobranca {
    pub fn nova(pedido: i64, valor: Dinheiro, validade: i64, chave: String) -> Cobranca {
        Cobranca {
            pedido,
            valor,
            validade,
            situacao: Situacao::Pedida,
            id_externo: None,
            reembolsado: Dinheiro::default(),
            reembolso_parcial: None,
            operacao: Some(Operacao::Criar),
            chave: Some(chave),
            tentativas: 0,
            proxima_em: None,
            pendencia: None,
            pendente_desde: None,
            versao: 1,
        }
    }

    /// What the order wants of its charge now.
    pub fn proxima(&self, pedido: &Pedido, agora: DataHora) -> Option<Operacao> {
        let viva = querida(pedido) && pedido.datahora_expiracao.is_none_or(|fim| agora < fim);
        match self.situacao {
            Situacao::Pedida if viva => Some(Operacao::Criar),
            Situacao::Aberta if viva => Some(Operacao::Consultar),
            Situacao::Pedida | Situacao::Aberta => Some(Operacao::Cancelar),
            Situacao::Paga if !querida(pedido) || self.reembolso_parcial.is_some() => {
                Some(Operacao::Reembolsar)
            }
            Situacao::Cancelada | Situacao::Expirada | Situacao::Paga | Situacao::Reembolsada => None,
        }
    }

    /// Takes in what came of an operation: charge and order move on, and what happened is told. `ritmo` is the first
    /// pause between two questions, in seconds.
    pub fn assentar(
        &mut self,
        pedido: &mut Pedido,
        operacao: Operacao,
        resultado: &Resultado,
        ritmo: i64,
        agora: DataHora,
    ) -> Vec<Evento> {
        let mut eventos = Vec::new();
        let mut parar = false;
        let mut espera = 0;
        match resultado {
            Resultado::Verdade(verdade) => {
                let conta = Evento::novo("respondido", agora).com(verdade.em_palavras(operacao));
                eventos.push(conta);
                match verdade.conferir(self, pedido) {
                    Ok(()) => self.acreditar(pedido, operacao, verdade, &mut eventos, agora),
                    Err(divergencia) => {
                        self.chamar(divergencia, &mut eventos, agora);
                        parar = true;
                    }
                }
            }
            Resultado::Inexistente if self.situacao == Situacao::Pedida => {
                let texto = format!("{}: não há cobrança no provedor", operacao.nome());
                eventos.push(Evento::novo("respondido", agora).com(texto));
                if operacao != Operacao::Criar {
                    self.situacao = Situacao::Cancelada;
                    self.concluir();
                    self.levar(pedido, &mut eventos, agora);
                }
            }
            Resultado::Inexistente | Resultado::Recusa(_) => {
                let codigo = match resultado {
                    Resultado::Recusa(codigo) => codigo,
                    _ => "não encontrada",
                };
                eventos.push(Evento::novo("recusado", agora).com(format!("{}: {codigo}", operacao.nome())));
                // A key that was refused would be refused again. For a creation it stays: two keys are two charges.
                if operacao != Operacao::Criar {
                    self.chave = None;
                }
                self.tentativas += 1;
                self.chamar(operacao.recusada(codigo), &mut eventos, agora);
                parar = self.tentativas >= RECUSAS_FIM && operacao != Operacao::Criar;
            }
            Resultado::SemResposta { causa, espera: pedida } => {
                let texto = format!("{}: {causa}", operacao.nome());
                eventos.push(Evento::novo("sem_resposta", agora).com(texto));
                self.tentativas += 1;
                espera = pedida.unwrap_or(0).min(PAUSA_MAXIMA_FALHA);
                if self.tentativas == FALHAS_AVISO && operacao != Operacao::Consultar {
                    self.chamar(operacao.sem_resposta(), &mut eventos, agora);
                }
            }
        }
        self.proxima_em = match self.proxima(pedido, agora) {
            Some(seguinte) if !parar => {
                let consulta = seguinte == Operacao::Consultar
                    && !matches!(resultado, Resultado::Recusa(_) | Resultado::SemResposta { .. });
                let pausa = match (consulta, seguinte == operacao) {
                    (true, _) => self.pausa(ritmo, PAUSA_MAXIMA),
                    (false, true) => self.pausa(ritmo, PAUSA_MAXIMA_FALHA).max(espera),
                    (false, false) => 0,
                };
                let quando = agora.mais(pausa);
                // When its time ends the charge is looked at, however long the pause.
                let fim = pedido.datahora_expiracao.filter(|fim| *fim > agora);
                Some(fim.map_or(quando, |fim| quando.min(fim)))
            }
            _ => None,
        };
        eventos
    }

    fn acreditar(
        &mut self,
        pedido: &mut Pedido,
        operacao: Operacao,
        verdade: &Verdade,
        eventos: &mut Vec<Evento>,
        agora: DataHora,
    ) {
        let antes = self.situacao;
        self.id_externo = Some(verdade.id_externo.clone());
        self.situacao = self.situacao.max(verdade.situacao.unwrap_or(Situacao::Pedida));
        let devolvido = verdade.reembolsado.menos(self.reembolsado);
        if devolvido > Dinheiro::default() {
            self.reembolsado = verdade.reembolsado;
            eventos.push(Evento::novo("reembolso", agora).com(format!("R$ {devolvido} devolvidos")));
        }
        if operacao == Operacao::Reembolsar
            && self.reembolso_parcial.is_some_and(|parcial| devolvido >= parcial)
        {
            self.reembolso_parcial = None;
        }
        if self.reembolsado > Dinheiro::default() && pedido.meio_pagamento.is_none_or(|m| m == Meio::Qr) {
            pedido.valor_reembolsado =
                [self.reembolsado, self.reembolso_parcial.unwrap_or_default()].into_iter().sum();
        }
        if pedido.qr_data.is_none() {
            pedido.qr_data = verdade.qr_data.clone();
        }
        if let (Operacao::Criar, Some(validade)) = (operacao, verdade.validade) {
            let fim = agora.mais(validade);
            pedido.datahora_expiracao = pedido.datahora_expiracao.map(|nosso| nosso.min(fim));
        }
        let andou = self.situacao != antes || devolvido > Dinheiro::default();
        self.tentativas = if andou { 0 } else { self.tentativas + 1 };
        if andou || operacao == Operacao::Consultar {
            self.concluir();
        } else if operacao == Operacao::Cancelar {
            // It was answered, and not done: the next time is another question. A refund may be under way: not so.
            self.chave = None;
        } else if operacao == Operacao::Reembolsar && self.tentativas == FALHAS_AVISO {
            self.chamar(operacao.sem_resposta(), eventos, agora);
        }
        self.levar(pedido, eventos, agora);
    }

    fn concluir(&mut self) {
        self.operacao = None;
        self.chave = None;
        self.pendencia = None;
        self.pendente_desde = None;
    }

    /// The order follows its charge.
    fn levar(&mut self, pedido: &mut Pedido, eventos: &mut Vec<Evento>, agora: DataHora) {
        if pedido.meio_pagamento.is_some_and(|meio| meio != Meio::Qr) {
            return;
        }
        match self.situacao {
            Situacao::Pedida | Situacao::Aberta => {}
            Situacao::Paga | Situacao::Reembolsada => {
                pedido.meio_pagamento = Some(Meio::Qr);
                let noticia = if self.situacao == Situacao::Paga {
                    StatusPagamento::Aprovado
                } else {
                    StatusPagamento::Reembolsado
                };
                eventos.extend(pedido.pagar(noticia, agora));
            }
            Situacao::Cancelada | Situacao::Expirada => {
                eventos.extend(pedido.pagar(StatusPagamento::Recusado, agora));
                match pedido.status_pedido {
                    StatusPedido::Cancelado => {}
                    StatusPedido::Recebido => {
                        let motivo = "não foi pago no prazo, ou a cobrança foi cancelada";
                        eventos.extend(pedido.cancelar(agora).map(|e| e.com(motivo)));
                    }
                    // It is being cooked, or eaten: the counter collects.
                    _ => self.chamar(
                        "O QR code expirou sem pagamento e o pedido já está em preparo: cobre no balcão"
                            .into(),
                        eventos,
                        agora,
                    ),
                }
            }
        }
    }

    /// Puts it before a person.
    fn chamar(&mut self, motivo: String, eventos: &mut Vec<Evento>, agora: DataHora) {
        if self.pendencia.as_ref() != Some(&motivo) {
            eventos.push(Evento::novo("pendencia", agora).com(motivo.clone()));
            self.pendencia = Some(motivo);
            self.pendente_desde = Some(agora);
        }
    }

    /// Doubles each time; the odd seconds keep orders of one moment apart.
    fn pausa(&self, ritmo: i64, maxima: i64) -> i64 {
        let dobrada = ritmo.saturating_mul(1 << self.tentativas.clamp(0, 20));
        dobrada.min(maxima) + if dobrada > 4 { self.pedido % 3 } else { 0 }
    }
}

/// Money by QR code is wanted for an order that stands and was not paid in another way.
fn querida(pedido: &Pedido) -> bool {
    pedido.status_pedido != StatusPedido::Cancelado
        && pedido.meio_pagamento.is_none_or(|meio| meio == Meio::Qr)
}

impl Operacao {
    pub fn nome(self) -> &'static str {
        match self {
            Operacao::Criar => "criar cobrança",
            Operacao::Consultar => "consultar",
            Operacao::Cancelar => "cancelar cobrança",
            Operacao::Reembolsar => "reembolsar",
        }
    }

    fn recusada(self, codigo: &str) -> String {
        match self {
            Operacao::Criar => format!("O Mercado Pago recusou criar o QR code ({codigo})"),
            Operacao::Consultar => format!("O Mercado Pago não mostra a cobrança ({codigo})"),
            Operacao::Cancelar => format!("O Mercado Pago recusou cancelar a cobrança ({codigo})"),
            Operacao::Reembolsar => {
                format!("O Mercado Pago recusou o reembolso ({codigo}): devolva o dinheiro ao cliente")
            }
        }
    }

    fn sem_resposta(self) -> String {
        let texto = match self {
            Operacao::Criar | Operacao::Consultar => {
                "O Mercado Pago não responde; o QR code ainda não chegou"
            }
            Operacao::Cancelar => "O Mercado Pago não responde; não se sabe se a cobrança foi cancelada",
            Operacao::Reembolsar => "O Mercado Pago não responde; o reembolso ainda não foi feito",
        };
        texto.to_owned()
    }
}

impl TryFrom<i64> for Situacao {
    type Error = &'static str;

    fn try_from(numero: i64) -> Result<Situacao, Self::Error> {
        use Situacao::{Aberta, Cancelada, Expirada, Paga, Pedida, Reembolsada};
        let todas = [Pedida, Aberta, Cancelada, Expirada, Paga, Reembolsada];
        todas.into_iter().find(|s| *s as i64 == numero).ok_or("Situação da cobrança inválida")
    }
}

impl TryFrom<i64> for Operacao {
    type Error = &'static str;

    fn try_from(numero: i64) -> Result<Operacao, Self::Error> {
        let todas = [Operacao::Criar, Operacao::Consultar, Operacao::Cancelar, Operacao::Reembolsar];
        todas.into_iter().find(|o| *o as i64 == numero).ok_or("Operação inválida")
    }
}
