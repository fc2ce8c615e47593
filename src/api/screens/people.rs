//! `/gerencia/pessoas`: the people of the staff, for the manager; what `/funcionarios` does, by forms.

use super::{
    inputs::{ANOTHER_PASSWORD, ANOTHER_PIN, Form, Input, NAME, NEW_PIN},
    roll::{self, Act, Entry, Shown, Texts, Um, the_one},
};
use crate::{
    api::{
        App,
        call::Call,
        endpoint::{Access::GerenteSempre, Resource},
        fields::{Errors, Id, NomeFuncionario, PapelDaEquipe, PinNovo, SenhaEnviada, body, read_form},
        operation::Operation,
    },
    domain::funcionario::{Change, Funcionario, NewFuncionario},
    error::Error,
    server::Response,
};

const PATH: &str = "/gerencia/pessoas";

static TEXTS: Texts = Texts {
    title: "Pessoas",
    intro: "Quem trabalha aqui. Num aparelho do restaurante cada pessoa entra com o seu nome e o seu PIN; gerentes entram em \
            qualquer lugar com o seu número e a senha.",
    path: PATH,
    add: "Pessoa nova",
    submit: "Pôr na equipe",
    gone: "Já não trabalham aqui",
};

static ACTS: [Act; 2] = [
    Act {
        path: "/gerencia/pessoas/sessoes",
        label: "Tirar de todos os aparelhos",
        about: "Encerra as sessões abertas da pessoa, que pode entrar de novo.",
        is_final: false,
    },
    Act {
        path: "/gerencia/pessoas/desligamento",
        label: "Desligar",
        about: "A pessoa já não trabalha aqui: em um segundo não entra mais em lugar nenhum. Não se desfaz; o que ela fez \
                continua no registro.",
        is_final: true,
    },
];

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::of_pages()
        .get(
            PATH,
            GerenteSempre,
            |app, call| show(app, call, Shown::asked(call)),
            |operation| {
                operation
                    .about("The people of the staff.")
                    .html()
            },
        )
        .post(
            PATH,
            GerenteSempre,
            |app, call| answer(app, call, save(app, call)),
            |operation| {
                let about = "Adds a person, or changes the one with this `id`, by the form of the page: a PIN or password \
                             that is left empty stays.";
                refuses(operation.about(about).form::<Pessoa>())
            },
        )
        .post(
            "/gerencia/pessoas/sessoes",
            GerenteSempre,
            |app, call| answer(app, call, end_sessions(app, call)),
            |operation| refuses(operation.about("Ends all sessions of a person.").form::<Um>()),
        )
        .post(
            "/gerencia/pessoas/desligamento",
            GerenteSempre,
            |app, call| answer(app, call, dismiss(app, call)),
            |operation| refuses(operation.about("The person works here no more.").form::<Um>()),
        )
}

fn refuses(operation: Operation) -> Operation {
    operation
        .see_other("To the page")
        .page_of(404, "There is no such person")
        .page_of(409, "Nobody would be left to manage")
}

body! {
    Pessoa {
        /// Of the person to change; without it one more.
        id: Id,
        #[schema(required)]
        nome: NomeFuncionario,
        #[schema(required)]
        papel: PapelDaEquipe,
        pin: PinNovo,
        /// A manager's only.
        senha: SenhaEnviada,
    }
}

fn answer(app: &App, call: &Call<'_>, done: Result<(), Error>) -> Result<Response, Error> {
    roll::answer(call, &TEXTS, done, |shown| show(app, call, shown))
}

fn show(app: &App, call: &Call<'_>, shown: Shown) -> Result<Response, Error> {
    let entry = |person: Funcionario| Entry {
        id: person.id,
        facts: facts(&person),
        gone: person.desligado_em,
        form: shown.form(call, form(Some(&person)), Some(person.id)),
        acts: &ACTS,
        name: person.nome,
    };
    let all = app.doors.list_people()?.into_iter().map(entry).collect();
    roll::show(app, call, &TEXTS, shown, form(None), all)
}

fn facts(person: &Funcionario) -> String {
    let role = person.papel.em_palavras();
    let password = if person.tem_senha { ", com senha" } else { "" };
    format!("{role}, número {}{password}", person.id)
}

/// Of this person, or for one more.
fn form(person: Option<&Funcionario>) -> Form {
    let is_new = person.is_none();
    let inputs = vec![
        Input {
            name: "nome",
            label: "Nome",
            hint: "Como os colegas dizem.",
            attributes: NAME,
            value: person.map(|person| person.nome.clone()).unwrap_or_default(),
            ..Input::default()
        },
        Input {
            name: "papel",
            label: "Faz o quê",
            choices: &[
                ("cozinha", "Cozinha: vê os pedidos e os move até Pronto"),
                ("balcao", "Caixa: também recebe, entrega e cancela"),
                ("gerente", "Gerência: tudo"),
            ],
            value: person.map_or("cozinha", |person| person.papel.nome()).to_owned(),
            ..Input::default()
        },
        Input {
            name: "pin",
            label: if is_new { "PIN" } else { "PIN novo" },
            hint: match is_new {
                true => {
                    "De 4 a 8 algarismos, sem repetir um só nem em sequência. A pessoa o troca quando quiser."
                }
                false => {
                    "Em branco fica o de antes. Outro PIN, senha ou função encerra as sessões da pessoa."
                }
            },
            attributes: match is_new {
                true => NEW_PIN,
                false => ANOTHER_PIN,
            },
            is_secret: true,
            ..Input::default()
        },
        Input {
            name: "senha",
            label: if is_new { "Senha" } else { "Senha nova" },
            hint: match is_new {
                true => "Só de gerentes, para entrar onde não há aparelho inscrito. Pelo menos 8 caracteres.",
                false => "Só de gerentes. Em branco fica a de antes.",
            },
            attributes: ANOTHER_PASSWORD,
            is_secret: true,
            ..Input::default()
        },
    ];
    let key = person.map(|person| format!("-{}", person.id)).unwrap_or_default();
    Form { key, inputs }
}

fn save(app: &App, call: &Call<'_>) -> Result<(), Error> {
    let body: Pessoa = read_form(call)?;
    let by = call.caller(app)?.name();
    let mut errors = Errors::default();
    let id = errors.optional("id", body.id).map(|Id(id)| id);
    let nome = errors.required("nome", body.nome).map(|nome| nome.0);
    let papel = errors.required("papel", body.papel).map(|papel| papel.0);
    let senha = errors.optional("senha", body.senha).map(|senha| senha.0);
    let Some(id) = id else {
        let pin = errors.required("pin", body.pin);
        let ((nome, papel), PinNovo(pin)) = errors.or(nome.zip(papel).zip(pin))?;
        return app.doors.create_person(NewFuncionario { nome, papel, pin, senha }, &by).map(drop);
    };
    let pin = errors.optional("pin", body.pin).map(|pin| pin.0);
    let change = errors.or(Some(Change { nome, papel, pin, senha: senha.map(Some) }))?;
    app.doors.change_person(id, change, &by).map(drop)
}

fn end_sessions(app: &App, call: &Call<'_>) -> Result<(), Error> {
    app.doors.end_sessions(the_one(call)?, &call.caller(app)?.name())
}

fn dismiss(app: &App, call: &Call<'_>) -> Result<(), Error> {
    app.doors.dismiss_person(the_one(call)?, &call.caller(app)?.name())
}
