//! What a restaurant is made of. Pure: no I/O, no clock, no environment. What is invalid cannot be built.

pub mod a_mais;
pub mod auditoria;
pub mod aviso;
pub mod charge_report;
pub mod chave;
pub mod cliente;
pub mod cobranca;
pub mod convite;
pub mod data_hora;
pub mod dinheiro;
pub mod evento;
pub mod funcionario;
pub mod papel;
pub mod pedido;
pub mod pendencia;
pub mod prazo;
pub mod produto;
pub mod replay;
pub mod restaurante;
pub mod sessao;
pub mod settlement;
pub mod tentativa;
pub mod terminal;
pub mod texto;
pub mod webhook;
