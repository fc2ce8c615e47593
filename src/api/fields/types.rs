//! The types that a field of a body can have: how each is read, and how it is described. Those named in
//! Portuguese are schemas of the document.

use std::str::FromStr;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Object, ObjectBuilder, RefOr, Schema, SchemaFormat, Type,
        schema::{KnownFormat, SchemaType},
    },
};

use super::{Fault, FromJson};
use crate::{
    api::conversion,
    domain::{
        chave,
        cliente::{self, Cpf, Email, Telefone},
        data_hora::DataHora,
        dinheiro::Dinheiro,
        funcionario::{self, PIN_DIGITS, Proof, SENHA_CHARS},
        papel::Papel,
        pedido::{self, Local, Meio, StatusPagamento, StatusPedido},
        prazo,
        produto::{self, Categoria},
        texto,
        webhook::{self, Alvo},
    },
};

pub(super) fn read_text(json: &str) -> Result<String, Fault> {
    serde_json::from_str(json).map_err(|_| "deve ser um texto".into())
}

pub(super) fn read_whole(json: &str) -> Result<i64, Fault> {
    conversion::whole_number(json).ok_or_else(|| "deve ser um número inteiro".into())
}

pub(super) fn whole_within(json: &str, min: i64, max: i64) -> Result<i64, Fault> {
    let number = read_whole(json)?;
    let is_within = (min..=max).contains(&number);
    if is_within { Ok(number) } else { Err(format!("deve ser um número de {min} a {max}").into()) }
}

fn read_amount(json: &str) -> Result<Dinheiro, Fault> {
    Ok(conversion::decimal(json).unwrap_or_default().parse()?)
}

fn read_price(json: &str) -> Result<Dinheiro, Fault> {
    Ok(Dinheiro::preco(&conversion::decimal(json).unwrap_or_default())?)
}

fn read_refund(json: &str) -> Result<Dinheiro, Fault> {
    Ok(Dinheiro::devolucao(&conversion::decimal(json).unwrap_or_default())?)
}

fn read_boolean(json: &str) -> Result<bool, Fault> {
    conversion::boolean(json).ok_or_else(|| "deve ser sim ou não (true ou false)".into())
}

/// A text that is taken away by an empty one, such as an e-mail address.
pub(super) fn read_or_none<T: FromStr<Err: Into<Fault>>>(json: &str) -> Result<Option<T>, Fault> {
    let text = read_text(json)?;
    if text.trim().is_empty() { Ok(None) } else { text.parse().map(Some).map_err(Into::into) }
}

pub(super) fn text(min: usize, max: usize) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(min)).max_length(Some(max))
}

fn whole(min: i64, max: Option<i64>) -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
    ObjectBuilder::new().schema_type(Type::Integer).format(Some(format)).minimum(Some(min)).maximum(max)
}

/// As it is sent: a number, or the same as text.
fn or_text(object: ObjectBuilder, number: Type, pattern: &str, description: &str) -> ObjectBuilder {
    let types = SchemaType::from_iter([number, Type::String]);
    object
        .schema_type(types)
        .pattern(Some(pattern))
        .description(Some(format!("{description} Text is taken too.").trim()))
}

pub(super) fn whole_or_text(min: i64, max: Option<i64>, description: &str) -> ObjectBuilder {
    or_text(whole(min, max), Type::Integer, conversion::WHOLE_NUMBER, description)
}

/// Characters of a typed code of a terminal at most, with what people put between them.
const CODE_MAX: usize = 20;
/// Characters of an invitation at most: the whole link may be pasted.
const INVITATION_MAX: usize = 500;
/// Days for which a key may be valid at most.
const VALIDITY_DAYS_MAX: i64 = 3650;
pub(super) const EMPTY: &str = "An empty text is none.";
const REAIS: &str = "Reais, with at most two decimals; exact.";
const CATEGORIES: &str = "1 Lanche, 2 Acompanhamento, 3 Bebida, 4 Sobremesa.";
const STATES: &str = "1 Recebido, 2 Em preparação, 3 Pronto, 4 Finalizado, 5 Cancelado.";
const PAYMENTS: &str = "1 Pagamento enviado, 2 Aprovado, 3 Recusado, 4 Reembolsado.";

fn amount() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0)).examples([15.2])
}

/// Declares how types are read and described.
macro_rules! fields {
    ($($type:ty: $json:ident => $read:expr, $schema:expr;)*) => {$(
        impl FromJson for $type {
            fn from_json($json: &str) -> Result<Self, Fault> {
                $read
            }
        }
        described!($type: $schema);
    )*};
}

/// Declares how a type is described.
macro_rules! described {
    ($type:ty: $schema:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                let object: Object = ObjectBuilder::build($schema);
                object.into()
            }
        }

        impl ToSchema for $type {}
    };
}

pub(super) use {described, fields};

fields! {
    Id: json => id(json), whole_or_text(1, None, "").examples([1]);
    Quantidade: json => quantity(json), whole_or_text(1, Some(pedido::QUANTIDADE_MAX), "").examples([5]);
    NomeCliente: json => Ok(NomeCliente(texto::linha(&read_text(json)?, cliente::NOME_MAX)?)),
        text(1, cliente::NOME_MAX).examples(["Maria das Dores"]);
    NomeProduto: json => Ok(NomeProduto(texto::linha(&read_text(json)?, produto::NOME_MAX)?)),
        text(1, produto::NOME_MAX).examples(["X-Salada da Casa"]);
    DescricaoProduto: json =>
        Ok(DescricaoProduto(texto::opcional(&read_text(json)?, produto::DESCRICAO_MAX)?)),
        text(0, produto::DESCRICAO_MAX).examples(["Hambúrguer de 150 g, queijo, alface e tomate"]);
    Ordem: json => order(json),
        whole_or_text(0, Some(produto::ORDEM_MAX), "The place on the menu: products without one come last.").examples([10]);
    Observacao: json => Ok(Observacao(texto::opcional(&read_text(json)?, pedido::OBSERVACAO_MAX)?)),
        text(0, pedido::OBSERVACAO_MAX).examples(["sem tomate"]);
    Identificador: json => Ok(Identificador(texto::linha(&read_text(json)?, 255)?)),
        text(1, 255).examples(["b715bik7-2726-4d51-a729-749cc7bda703"]);
    Acao: json => Ok(Acao(read_text(json)?)), ObjectBuilder::new().schema_type(Type::String).examples(["state_FINISHED"]);
    Responsavel: json => Ok(Responsavel(texto::linha(&read_text(json)?, pedido::RESPONSAVEL_MAX)?)),
        text(1, pedido::RESPONSAVEL_MAX).examples(["Ana"]);
    NomeChave: json => Ok(NomeChave(texto::linha(&read_text(json)?, chave::NOME_MAX)?)),
        text(1, chave::NOME_MAX).examples(["Tablet da cozinha"]);
    PapelEnviado: json => Ok(PapelEnviado(Papel::try_from(read_text(json)?.as_str())?)),
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Papel::ALL.map(Papel::nome))).examples(["cozinha"]);
    NomeFuncionario: json => Ok(NomeFuncionario(texto::linha(&read_text(json)?, funcionario::NOME_MAX)?)),
        text(1, funcionario::NOME_MAX).examples(["Ana"]);
    NomeTerminal: json => Ok(NomeTerminal(texto::linha(&read_text(json)?, chave::NOME_MAX)?)),
        text(1, chave::NOME_MAX).examples(["Caixa 1"]);
    PapelDaEquipe: json => staff_role(json),
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Papel::STAFF.map(Papel::nome))).examples(["balcao"]);
    PinEnviado: json => Ok(PinEnviado(Proof::pin(read_text(json)?)?)),
        text(*PIN_DIGITS.start(), *PIN_DIGITS.end()).pattern(Some("^[0-9]+$")).examples(["4172"]);
    PinNovo: json => Ok(PinNovo(Proof::new_pin(read_text(json)?)?)),
        text(*PIN_DIGITS.start(), *PIN_DIGITS.end()).pattern(Some("^[0-9]+$")).examples(["4172"])
            .description(Some("Neither one digit only nor a run such as 1234 or 8765."));
    ConviteEnviado: json => invitation(json), text(1, INVITATION_MAX).examples(["amc_Zm9yIGV4YW1wbGU"]);
    SenhaEnviada: json => Ok(SenhaEnviada(Proof::senha(read_text(json)?)?)),
        text(*SENHA_CHARS.start(), *SENHA_CHARS.end()).examples(["cavalo bateria grampo"]);
    Codigo: json => Ok(Codigo(texto::linha(&read_text(json)?, CODE_MAX)?)),
        text(1, CODE_MAX).examples(["K7QM-2XPA"]);
    Validade: json => validity(json), whole_or_text(1, Some(VALIDITY_DAYS_MAX), "").examples([365]);
    AlvoEnviado: json => Ok(AlvoEnviado(read_text(json)?.parse::<Alvo>()?)),
        text(1, webhook::URL_MAX).description(Some("An http or https address, without user and password."))
            .examples(["https://erp.example/ambrosia"]);
    AteQuando: json => until_when(json),
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["amanha"])).examples(["amanha"])
            .description(Some("`amanha`: until the restaurant's next day begins."));
    Minutos: json => minutes(json), whole_or_text(1, Some(prazo::MINUTOS_MAX), "From now on.").examples([30]);
    Motivo: json => Ok(Motivo(texto::linha(&read_text(json)?, pedido::MOTIVO_MAX)?)),
        text(1, pedido::MOTIVO_MAX).examples(["o cliente desistiu"]);
    MeioNoBalcao: json => counter_means(json),
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["dinheiro", "maquininha"])).examples(["dinheiro"]);
    LocalEnviado: json => Ok(LocalEnviado(read_text(json)?.as_str().try_into()?)),
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["aqui", "levar"])).examples(["aqui"]);
    MesaEnviada: json => Ok(MesaEnviada(text_or_none(json, pedido::MESA_MAX)?)),
        text(0, pedido::MESA_MAX).description(Some(EMPTY)).examples(["varanda 2"]);
    Meio: json => Ok(read_text(json)?.as_str().try_into()?),
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["qr", "dinheiro", "maquininha"])).examples(["qr"]);
    Cpf: json => Ok(read_text(json)?.parse()?),
        text(11, 14).pattern(Some(r"^\s*([0-9]{11}|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2})\s*$"))
            .description(Some("With or without punctuation; the check digits must be right.")).examples(["529.982.247-25"]);
    EmailEnviado: json => Ok(EmailEnviado(read_or_none(json)?)),
        text(0, cliente::EMAIL_MAX).description(Some(EMPTY)).examples(["maria@exemplo.com.br"]);
    TelefoneEnviado: json => Ok(TelefoneEnviado(read_or_none(json)?)),
        text(0, cliente::TELEFONE_MAX).description(Some(EMPTY)).examples(["11 91234-5678"]);
    CategoriaEnviada: json => Ok(CategoriaEnviada(read_whole(json)?.try_into()?)),
        whole_or_text(1, Some(4), CATEGORIES).examples([1]);
    StatusPedidoEnviado: json => Ok(StatusPedidoEnviado(read_whole(json)?.try_into()?)),
        whole_or_text(1, Some(5), STATES).examples([1]);
    StatusPagamentoEnviado: json => Ok(StatusPagamentoEnviado(read_whole(json)?.try_into()?)),
        whole_or_text(1, Some(4), PAYMENTS).examples([1]);
    Logico: json => Ok(Logico(read_boolean(json)?)),
        ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Boolean, Type::Integer, Type::String]))
            .minimum(Some(0)).maximum(Some(1)).pattern(Some(conversion::boolean_pattern())).examples([true])
            .description(Some("0, 1 and texts such as \"true\", \"on\" and \"yes\" are taken too."));
    DataHora: json => Ok(read_text(json)?.parse()?),
        ObjectBuilder::new().schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).examples(["2026-11-24T02:48:36Z"]);
    ValorEnviado: json => Ok(ValorEnviado(read_amount(json)?)),
        or_text(amount(), Type::Number, conversion::DECIMAL, REAIS);
    Preco: json => Ok(Preco(read_price(json)?)),
        or_text(amount().minimum(Some(0.01)).maximum(Some(99999.99)),
            Type::Number, conversion::DECIMAL, REAIS);
    Devolucao: json => Ok(Devolucao(read_refund(json)?)),
        or_text(amount().minimum(Some(0.01)), Type::Number, conversion::DECIMAL, REAIS);
    Quantia: json => Ok(Quantia(Dinheiro::typed(&read_text(json)?)?)),
        ObjectBuilder::new().schema_type(Type::String).description(Some("Reais, as a person types them."))
            .examples(["R$ 1.234,50"]);
}

described!(Categoria: whole(1, Some(4)).description(Some(CATEGORIES)).examples([1]));
described!(StatusPedido: whole(1, Some(5)).description(Some(STATES)).examples([1]));
described!(StatusPagamento: whole(1, Some(4)).description(Some(PAYMENTS)).examples([1]));
described!(Dinheiro: amount().description(Some(REAIS)));

/// The key of a row, from 1.
pub struct Id(pub i64);
/// How many of a product, from 1.
pub struct Quantidade(pub i64);
/// A customer's name, on one line.
pub struct NomeCliente(pub String);
/// A product's name, on one line.
pub struct NomeProduto(pub String);
/// What a product is; may be empty.
pub struct DescricaoProduto(pub String);
/// A place in the order of the menu.
pub struct Ordem(pub i64);
/// A customer's note; may be empty.
pub struct Observacao(pub String);
/// An id of a payment, ours or the provider's.
pub struct Identificador(pub String);
/// An amount from 0.01 to 99999.99.
pub struct Preco(pub Dinheiro);
/// An amount to be given back, from 0.01.
pub struct Devolucao(pub Dinheiro);
/// An amount that a person has typed into a form.
pub struct Quantia(pub Dinheiro);
/// What a notification says happened.
pub struct Acao(pub String);
/// The person who took money.
pub struct Responsavel(pub String);
/// Here, or to take away.
pub struct LocalEnviado(pub Local);
/// The name of a table; `None` when the text is empty.
pub struct MesaEnviada(pub Option<String>);
/// Cash or card machine, and not a QR code.
pub struct MeioNoBalcao(pub Meio);
/// What a key is called.
pub struct NomeChave(pub String);
/// A role, by its name.
pub struct PapelEnviado(pub Papel);
/// What a person of the staff is called.
pub struct NomeFuncionario(pub String);
/// What a terminal is called.
pub struct NomeTerminal(pub String);
/// A role that people have, by its name.
pub struct PapelDaEquipe(pub Papel);
/// A PIN.
pub struct PinEnviado(pub Proof);
/// A PIN that somebody chooses.
pub struct PinNovo(pub Proof);
/// The token of an invitation.
pub struct ConviteEnviado(pub String);
/// A manager's password.
pub struct SenhaEnviada(pub Proof);
/// The code of a terminal, as it was typed.
pub struct Codigo(pub String);
/// Days for which a key is valid.
pub struct Validade(pub i64);
/// Where webhooks go.
pub struct AlvoEnviado(pub Alvo);
/// A moment that is not told by the clock.
#[derive(Clone, Copy)]
pub enum AteQuando {
    /// The beginning of the next day.
    Amanha,
}
/// So many minutes from now on.
pub struct Minutos(pub i64);
/// Why something is done, for the history.
pub struct Motivo(pub String);
/// A category, by its number.
pub struct CategoriaEnviada(pub Categoria);
/// A state of an order, by its number.
pub struct StatusPedidoEnviado(pub StatusPedido);
/// A state of a payment, by its number.
pub struct StatusPagamentoEnviado(pub StatusPagamento);
/// An amount, as it may be sent back.
pub struct ValorEnviado(pub Dinheiro);
/// True or false, in many spellings.
pub struct Logico(pub bool);
/// An e-mail address; `None` when the text is empty.
pub struct EmailEnviado(pub Option<Email>);
/// A telephone number; `None` when the text is empty.
pub struct TelefoneEnviado(pub Option<Telefone>);

/// The original's clients send more than is used; such a field may hold anything.
pub struct Ignorado;

impl FromJson for Ignorado {
    fn from_json(_: &str) -> Result<Self, Fault> {
        Ok(Ignorado)
    }
}

described!(Ignorado: ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some("Accepted and not used.")));

fn id(json: &str) -> Result<Id, Fault> {
    match read_whole(json)? {
        id if id > 0 => Ok(Id(id)),
        _ => Err("deve ser um número maior que zero".into()),
    }
}

pub(super) fn text_or_none(json: &str, max: usize) -> Result<Option<String>, Fault> {
    let text = texto::opcional(&read_text(json)?, max)?;
    Ok((!text.is_empty()).then_some(text))
}

fn counter_means(json: &str) -> Result<MeioNoBalcao, Fault> {
    match read_text(json)?.as_str().try_into() {
        Ok(meio @ (Meio::Dinheiro | Meio::Maquininha)) => Ok(MeioNoBalcao(meio)),
        _ => Err("deve ser «dinheiro» ou «maquininha»".into()),
    }
}

fn staff_role(json: &str) -> Result<PapelDaEquipe, Fault> {
    let papel =
        Papel::STAFF.into_iter().find(|papel| Ok(papel.nome()) == read_text(json).as_deref().map_err(|_| ()));
    papel.map(PapelDaEquipe).ok_or_else(|| {
        Fault::Here(format!("deve ser um destes: {}", Papel::STAFF.map(Papel::nome).join(", ")))
    })
}

/// The whole link may have been pasted.
fn invitation(json: &str) -> Result<ConviteEnviado, Fault> {
    let text = texto::linha(&read_text(json)?, INVITATION_MAX)?;
    Ok(ConviteEnviado(text.rsplit('#').next().unwrap_or(&text).to_owned()))
}

fn validity(json: &str) -> Result<Validade, Fault> {
    whole_within(json, 1, VALIDITY_DAYS_MAX).map(Validade)
}

fn order(json: &str) -> Result<Ordem, Fault> {
    whole_within(json, 0, produto::ORDEM_MAX).map(Ordem)
}

fn until_when(json: &str) -> Result<AteQuando, Fault> {
    match read_text(json)?.as_str() {
        "amanha" => Ok(AteQuando::Amanha),
        _ => Err("deve ser «amanha»".into()),
    }
}

fn minutes(json: &str) -> Result<Minutos, Fault> {
    whole_within(json, 1, prazo::MINUTOS_MAX).map(Minutos)
}

fn quantity(json: &str) -> Result<Quantidade, Fault> {
    whole_within(json, 1, pedido::QUANTIDADE_MAX).map(Quantidade)
}
