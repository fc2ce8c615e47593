//! `pedidos` and their `itens`, always read together: two queries for any number of orders.

use std::{collections::HashMap, ops::ControlFlow, sync::Arc};

use super::{
    connection::{Connection, Row, Value},
    eventos, inserir_linhas, itens, marcas,
    pagina::{Cursor, Pagina, cortar},
    senhas,
};
use crate::{
    domain::{
        data_hora::DataHora,
        dinheiro::Dinheiro,
        pedido::{Evento, Item, Meio, Pedido, StatusPagamento, StatusPedido},
    },
    error::{DbError, Error},
};

const COLUNAS: &str = "id, senha, cliente, status_pedido, datahora_recebido, datahora_preparacao, datahora_pronto, \
                       datahora_finalizado, status_pagamento, id_pagamento, qr_data, versao, meio_pagamento, datahora_expiracao, \
                       valor_reembolsado, qr_recusado, entregue_em";

/// Which orders, and in which order.
#[derive(Clone, Copy)]
pub enum Lista {
    /// The kitchen's: Pronto, Em preparação, Recebido; oldest first in each.
    EmAberto,
    /// Those of one state, oldest first.
    Estado(StatusPedido),
    /// A customer's, newest first.
    Cliente(i64),
}

impl Lista {
    /// Condition, order, and the values of the condition.
    fn sql(self) -> (&'static str, &'static str, Vec<Value>) {
        match self {
            Lista::EmAberto => {
                ("status_pedido IN (1, 2, 3)", "status_pedido DESC, datahora_recebido, id", vec![])
            }
            Lista::Estado(s) => ("status_pedido = ?", "datahora_recebido, id", vec![Value::Int(s as i64)]),
            Lista::Cliente(c) => {
                ("cliente = ? AND status_pedido <> 5", "datahora_recebido DESC, id DESC", vec![c.into()])
            }
        }
    }
}

pub struct Novo {
    pub cliente: Option<i64>,
    pub itens: Vec<Item>,
    pub id_pagamento: String,
    pub qr_data: Option<String>,
    pub datahora_expiracao: Option<DataHora>,
}

/// How many orders are looked for at a time.
pub const JUNTOS: usize = 256;

/// What tells one content of a list from every other: which orders are in it, each in which version. The time tells an
/// order from one of the same number before a backup was put back.
pub fn marca(conn: &mut dyn Connection, lista: Lista) -> Result<String, Error> {
    let (filtro, _, valores) = lista.sql();
    let sql = format!(
        "SELECT GROUP_CONCAT(CONCAT(id, ':', versao, ':', datahora_recebido) ORDER BY id) FROM pedidos WHERE {filtro}"
    );
    let linhas = conn.query(&sql, &valores)?;
    Ok(linhas.first().map(|l| l.string_or_null(0)).transpose()?.flatten().unwrap_or_default())
}

/// The mark of a list that holds these and no others, each given by id, version and the time of its receipt.
pub fn marca_de(mut pedidos: Vec<(i64, i64, DataHora)>) -> String {
    pedidos.sort_unstable();
    let um = |(id, versao, recebido): &(i64, i64, DataHora)| format!("{id}:{versao}:{}", recebido.sql());
    pedidos.iter().map(um).collect::<Vec<_>>().join(",")
}

/// Shows the orders of the page one by one, until one is the last that is wanted; the cursor is that of the page after it.
/// The orders come out of one query, as they are at one moment; their lines are in memory a slice at a time.
pub fn listar(
    conn: &mut dyn Connection,
    lista: Lista,
    pagina: &Pagina<3>,
    mostrar: &mut dyn FnMut(&Pedido) -> Result<ControlFlow<()>, Error>,
) -> Result<Option<Cursor<3>>, Error> {
    let em_aberto = matches!(lista, Lista::EmAberto);
    let (filtro, ordem, mut valores) = lista.sql();
    let depois = if matches!(lista, Lista::Cliente(_)) { '<' } else { '>' };
    let mut sql = format!("SELECT {COLUNAS} FROM pedidos WHERE {filtro}");
    if let Some(Cursor([status, segundos, id])) = pagina.apos {
        let momento = Value::from(DataHora::de_segundos(segundos));
        let seguinte = format!("(datahora_recebido {depois} ? OR (datahora_recebido = ? AND id {depois} ?))");
        if em_aberto {
            sql += &format!(" AND (status_pedido < ? OR (status_pedido = ? AND {seguinte}))");
            valores.extend([status.into(), status.into()]);
        } else {
            // This bound alone lets the index start at the right row.
            sql += &format!(" AND datahora_recebido {depois}= ? AND {seguinte}");
            valores.push(momento.clone());
        }
        valores.extend([momento.clone(), momento, id.into()]);
    }
    sql += &format!(" ORDER BY {ordem} LIMIT ?");
    valores.push(Value::Int(pagina.limite as i64 + 1));
    let mut pedidos: Vec<Pedido> =
        conn.query(&sql, &valores)?.iter().map(pedido).collect::<Result<_, _>>()?;
    let chave = |p: &Pedido| [p.status_pedido as i64, p.datahora_recebido.segundos(), p.id];
    let proxima = cortar(&mut pedidos, pagina.limite, chave);
    let (mut mostrados, mut juntos) = (0, itens::JUNTOS);
    while mostrados < pedidos.len() {
        let lidos = itens::juntar_primeiros(conn, &mut pedidos[mostrados..], &mut juntos)?;
        for _ in 0..lidos {
            let pedido = &mut pedidos[mostrados];
            let fim = mostrar(pedido)?;
            pedido.itens = Vec::new();
            mostrados += 1;
            if fim.is_break() && mostrados < pedidos.len() {
                return Ok(Some(Cursor(chave(&pedidos[mostrados - 1]))));
            }
        }
    }
    Ok(proxima)
}

/// All orders that are on a customer's name.
pub fn do_cliente(conn: &mut dyn Connection, cliente: i64) -> Result<Vec<i64>, Error> {
    let linhas = conn.query("SELECT id FROM pedidos WHERE cliente = ?", &[cliente.into()])?;
    Ok(linhas.iter().map(|l| l.int(0)).collect::<Result<_, DbError>>()?)
}

/// How many orders are in a list.
pub fn contar(conn: &mut dyn Connection, lista: Lista) -> Result<i64, Error> {
    let (filtro, _, valores) = lista.sql();
    let linhas = conn.query(&format!("SELECT COUNT(*) FROM pedidos WHERE {filtro}"), &valores)?;
    Ok(linhas.first().map(|l| l.int(0)).transpose()?.unwrap_or_default())
}

/// How many orders are open and not paid; no more than `max` are counted.
pub fn nao_pagos(conn: &mut dyn Connection, max: usize) -> Result<usize, Error> {
    let sql = "SELECT COUNT(*) FROM (SELECT id FROM pedidos WHERE status_pedido IN (1, 2, 3) \
               AND status_pagamento IN (1, 3) LIMIT ?) AS nao_pagos";
    let linhas = conn.query(sql, &[Value::Int(max as i64)])?;
    Ok(linhas.first().map(|l| l.int(0)).transpose()?.unwrap_or_default() as usize)
}

/// How many open orders there are, by state, and since when the oldest of them waits.
#[derive(Default)]
pub struct EmAberto {
    pub contagens: Vec<(StatusPedido, i64)>,
    pub mais_antigo: Option<DataHora>,
}

pub fn em_aberto(conn: &mut dyn Connection) -> Result<EmAberto, Error> {
    let sql = "SELECT status_pedido, COUNT(*), MIN(datahora_recebido) FROM pedidos WHERE status_pedido IN (1, 2, 3) \
               GROUP BY status_pedido";
    let linhas = conn.query(sql, &[])?;
    let mut abertos = EmAberto::default();
    for linha in linhas {
        abertos.contagens.push((linha.numbered(0)?, linha.int(1)?));
        let desde = linha.time_or_null(2)?;
        abertos.mais_antigo = abertos.mais_antigo.into_iter().chain(desde).min();
    }
    Ok(abertos)
}

pub fn buscar(conn: &mut dyn Connection, id: i64) -> Result<Pedido, Error> {
    um(conn, "id = ?", id.into())
}

/// Each of these orders, or that there is none.
pub fn buscar_varios(
    conn: &mut dyn Connection,
    ids: &[i64],
) -> Result<Vec<Result<Arc<Pedido>, Error>>, Error> {
    let (marcas, valores) = marcas(ids);
    let sql = format!("SELECT {COLUNAS} FROM pedidos WHERE id IN ({marcas})");
    let (mut pedidos, mut achados) = (Vec::new(), HashMap::new());
    for linha in conn.query(&sql, &valores)? {
        // One that cannot be read is nobody else's trouble.
        match pedido(&linha) {
            Ok(pedido) => pedidos.push(pedido),
            Err(erro) => drop(achados.insert(linha.int(0)?, Err(erro.into()))),
        }
    }
    itens::juntar(conn, &mut pedidos)?;
    achados.extend(pedidos.into_iter().map(|p| (p.id, Ok(Arc::new(p)))));
    Ok(ids.iter().map(|id| achados.get(id).cloned().unwrap_or(Err(NAO_ENCONTRADO))).collect())
}

pub fn status_de_varios(
    conn: &mut dyn Connection,
    ids: &[i64],
) -> Result<Vec<Result<StatusPagamento, Error>>, Error> {
    let (marcas, valores) = marcas(ids);
    let sql = format!("SELECT id, status_pagamento FROM pedidos WHERE id IN ({marcas})");
    let linhas = conn.query(&sql, &valores)?;
    let status: HashMap<i64, Result<StatusPagamento, Error>> = linhas
        .iter()
        .map(|l| Ok((l.int(0)?, l.numbered(1).map_err(Error::from))))
        .collect::<Result<_, DbError>>()?;
    Ok(ids.iter().map(|id| status.get(id).cloned().unwrap_or(Err(NAO_ENCONTRADO))).collect())
}

/// The newest, should an imported database hold several.
pub fn do_pagamento(conn: &mut dyn Connection, id_pagamento: &str) -> Result<Pedido, Error> {
    um(conn, "id_pagamento = ? ORDER BY id DESC LIMIT 1", id_pagamento.into())
}

/// Unpaid orders whose time was up before `agora` and that have no charge at a provider, the oldest first.
pub fn vencidos(conn: &mut dyn Connection, agora: DataHora, limite: i64) -> Result<Vec<i64>, Error> {
    let sql = "SELECT p.id FROM pedidos p LEFT JOIN cobrancas c ON c.pedido = p.id \
               WHERE p.status_pedido = 1 AND p.datahora_expiracao <= ? AND p.status_pagamento IN (1, 3) \
               AND p.entregue_em IS NULL AND c.pedido IS NULL ORDER BY p.datahora_recebido, p.id LIMIT ?";
    let linhas = conn.query(sql, &[agora.into(), limite.into()])?;
    Ok(linhas.iter().map(|l| l.int(0)).collect::<Result<_, DbError>>()?)
}

pub fn existe(conn: &mut dyn Connection, id: i64) -> Result<(), Error> {
    let linhas = conn.query("SELECT id FROM pedidos WHERE id = ?", &[id.into()])?;
    linhas.first().map(drop).ok_or(NAO_ENCONTRADO)
}

/// Writes the orders, each with its number, its lines and its first event, and gives them as `buscar` would.
pub fn inserir(conn: &mut dyn Connection, novos: Vec<Novo>, agora: DataHora) -> Result<Vec<Pedido>, Error> {
    let Some(ultima) = novos.len().checked_sub(1) else { return Ok(Vec::new()) };
    let dia = agora.dia();
    let primeira = senhas::proximas(conn, &dia, novos.len() as i64)?;
    let mut pedidos: Vec<Pedido> = (primeira..)
        .zip(novos)
        .map(|(senha, novo)| recebido(senha, novo, agora))
        .collect::<Result<_, _>>()?;
    let linha = |p: &Pedido| {
        [
            p.senha.into(),
            dia.as_str().into(),
            p.cliente.into(),
            Value::Int(p.status_pedido as i64),
            agora.into(),
            Value::Int(p.status_pagamento as i64),
            p.id_pagamento.clone().into(),
            p.qr_data.clone().into(),
            p.datahora_expiracao.into(),
        ]
    };
    let tabela = "pedidos (senha, dia, cliente, status_pedido, datahora_recebido, status_pagamento, id_pagamento, \
                  qr_data, datahora_expiracao)";
    inserir_linhas(conn, tabela, pedidos.iter().map(linha).collect())
        .map_err(sumiu("Cliente não encontrado"))?;
    // By what no two orders share: engines and clusters differ in how they number the rows of one statement.
    let sql = "SELECT senha, id FROM pedidos WHERE dia = ? AND senha BETWEEN ? AND ?";
    let linhas =
        conn.query(sql, &[dia.as_str().into(), primeira.into(), (primeira + ultima as i64).into()])?;
    let ids: HashMap<i64, i64> =
        linhas.iter().map(|l| Ok((l.int(0)?, l.int(1)?))).collect::<Result<_, DbError>>()?;
    for pedido in &mut pedidos {
        let id = pedido.senha.and_then(|senha| ids.get(&senha));
        pedido.id = *id.ok_or_else(|| Error::Internal("an order is gone in its own transaction".into()))?;
    }
    itens::inserir(conn, &pedidos)?;
    let evento = Evento::novo("recebido", agora).mudanca(None, Some(StatusPedido::Recebido as i64));
    eventos::registrar(conn, pedidos.iter().map(|p| (p.id, &evento)))?;
    Ok(pedidos)
}

/// As it is in its first moment, but for its id.
fn recebido(senha: i64, novo: Novo, agora: DataHora) -> Result<Pedido, Error> {
    let (status, pagamento) = (StatusPedido::Recebido, StatusPagamento::Enviado);
    let mut pedido = Pedido {
        id: 0,
        senha: Some(senha),
        status_pedido: status,
        status_pedido_descricao: status.descricao(),
        cliente: novo.cliente,
        valor_total: itens::total(&novo.itens)?,
        itens: novo.itens,
        datahora_recebido: agora,
        datahora_preparacao: None,
        datahora_pronto: None,
        datahora_finalizado: None,
        status_pagamento: pagamento,
        status_pagamento_descricao: pagamento.descricao(),
        id_pagamento: Some(novo.id_pagamento),
        meio_pagamento: None,
        qr_data: novo.qr_data,
        qr_situacao: None,
        datahora_expiracao: novo.datahora_expiracao,
        qr_recusado: false,
        entregue_em: None,
        valor_reembolsado: Dinheiro::default(),
        versao: 1,
    };
    pedido.qr_situacao = pedido.situacao_do_qr();
    Ok(pedido)
}

/// Saves what may change of an order, if nobody changed it since it was read; `false` if somebody did.
fn salvar(conn: &mut dyn Connection, pedido: &mut Pedido) -> Result<bool, Error> {
    let sql = "UPDATE pedidos SET cliente = ?, status_pedido = ?, datahora_preparacao = ?, datahora_pronto = ?, \
               datahora_finalizado = ?, status_pagamento = ?, meio_pagamento = ?, qr_data = ?, datahora_expiracao = ?, \
               valor_reembolsado = ?, qr_recusado = ?, entregue_em = ?, versao = versao + 1 WHERE id = ? AND versao = ?";
    let valores = [
        pedido.cliente.into(),
        Value::Int(pedido.status_pedido as i64),
        pedido.datahora_preparacao.into(),
        pedido.datahora_pronto.into(),
        pedido.datahora_finalizado.into(),
        Value::Int(pedido.status_pagamento as i64),
        pedido.meio_pagamento.map(Meio::nome).into(),
        pedido.qr_data.clone().into(),
        pedido.datahora_expiracao.into(),
        pedido.valor_reembolsado.into(),
        pedido.qr_recusado.into(),
        pedido.entregue_em.into(),
        pedido.id.into(),
        pedido.versao.into(),
    ];
    let salvo = conn.execute(sql, &valores).map_err(sumiu("Cliente não encontrado"))? == 1;
    if salvo {
        pedido.versao += 1;
    }
    Ok(salvo)
}

/// Reads an order, changes it and saves it, again if somebody was faster. The change says what to record. An order that
/// comes out as it went in keeps its version.
pub fn mudar(
    conn: &mut dyn Connection,
    id: i64,
    mut mudanca: impl FnMut(&mut dyn Connection, &mut Pedido) -> Result<Vec<Evento>, Error>,
) -> Result<Pedido, Error> {
    for _ in 0..TENTATIVAS {
        let antes = buscar(conn, id)?;
        let mut pedido = antes.clone();
        let eventos = mudanca(conn, &mut pedido)?;
        pedido.qr_situacao = pedido.situacao_do_qr();
        if pedido == antes || salvar(conn, &mut pedido)? {
            eventos::registrar(conn, eventos.iter().map(|evento| (id, evento)))?;
            return Ok(pedido);
        }
    }
    Err(Error::conflict("pedido_em_disputa", "Outras pessoas estão alterando este pedido; tente de novo"))
}

/// How often a change is tried on an order that others change at the same time.
const TENTATIVAS: u32 = 10;

const NAO_ENCONTRADO: Error = Error::NotFound("Pedido não encontrado");

/// What was found a moment ago and is gone at the write was deleted in between.
pub fn sumiu(detail: &'static str) -> impl Fn(DbError) -> Error {
    move |erro| match erro {
        DbError::ForeignKey(_) => Error::NotFound(detail),
        outro => outro.into(),
    }
}

fn um(conn: &mut dyn Connection, condicao: &str, valor: Value) -> Result<Pedido, Error> {
    let sql = format!("SELECT {COLUNAS} FROM pedidos WHERE {condicao}");
    let mut pedidos: Vec<Pedido> =
        conn.query(&sql, &[valor])?.iter().map(pedido).collect::<Result<_, _>>()?;
    itens::juntar(conn, &mut pedidos)?;
    pedidos.pop().ok_or(NAO_ENCONTRADO)
}

fn pedido(linha: &Row) -> Result<Pedido, DbError> {
    let status_pedido: StatusPedido = linha.numbered(3)?;
    let status_pagamento: StatusPagamento = linha.numbered(8)?;
    let mut pedido = Pedido {
        id: linha.int(0)?,
        senha: linha.int_or_null(1)?,
        cliente: linha.int_or_null(2)?,
        status_pedido,
        status_pedido_descricao: status_pedido.descricao(),
        itens: Vec::new(),
        datahora_recebido: linha.time(4)?,
        datahora_preparacao: linha.time_or_null(5)?,
        datahora_pronto: linha.time_or_null(6)?,
        datahora_finalizado: linha.time_or_null(7)?,
        status_pagamento,
        status_pagamento_descricao: status_pagamento.descricao(),
        id_pagamento: linha.string_or_null(9)?,
        qr_data: linha.string_or_null(10)?,
        meio_pagamento: linha.text_or_null(12)?.map(meio).transpose()?,
        qr_situacao: None,
        datahora_expiracao: linha.time_or_null(13)?,
        valor_total: Dinheiro::default(),
        valor_reembolsado: linha.money(14)?,
        qr_recusado: linha.int(15)? != 0,
        entregue_em: linha.time_or_null(16)?,
        versao: linha.int(11)?,
    };
    pedido.qr_situacao = pedido.situacao_do_qr();
    Ok(pedido)
}

fn meio(nome: &str) -> Result<Meio, DbError> {
    nome.try_into()
        .map_err(|_| DbError::Other(format!("meio_pagamento should be a way to pay and is {nome}")))
}
