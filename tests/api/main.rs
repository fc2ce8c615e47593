//! The wire contract, over HTTP, against the built binary on a free port with a fresh database for each test: every
//! test on SQLite and on MySQL.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in a test that is how to fail")]

mod acesso;
mod armazenamento;
mod avisos;
mod banco;
mod caixa;
mod cardapio;
mod checkout;
mod clientes;
mod concorrencia;
mod conversoes;
mod cozinha;
mod devolucoes;
mod disco;
mod dobradas;
mod documento;
mod endereco;
mod entregue;
mod erasure;
mod erros;
mod fio;
mod frescor;
mod full_disk;
mod large_lists;
mod limites;
mod limpeza;
mod mercado_pago;
mod notification_copies;
mod operacao;
mod origens;
mod original;
mod pagamentos;
mod paginas;
mod privacidade;
mod provider_access;
mod registro;
mod restaurante;
mod tempestade;
mod vencimento;

#[allow(dead_code, reason = "the page uses more of it")]
#[path = "../../examples/mercado_pago/standin/mod.rs"]
mod standin;

pub use banco::Banco;
pub use restaurante::{Resposta, Restaurante};

/// Makes two tests of each function: on SQLite and on MySQL. One that is not listed is dead code, which clippy refuses.
macro_rules! nos_dois {
    ($($teste:ident),* $(,)?) => {
        mod no_sqlite { $(#[test] fn $teste() { super::$teste($crate::Banco::Sqlite); })* }
        mod no_mysql { $(#[test] fn $teste() { if $crate::banco::tem_mysql() { super::$teste($crate::Banco::Mysql); } })* }
    };
}
pub(crate) use nos_dois;
