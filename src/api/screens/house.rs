//! `/gerencia/restaurante`: what the restaurant says of itself, when it takes orders, and pauses; what `/restaurante` does, by
//! forms. Each form carries a fingerprint of what it showed, as those of the menu.

use askama::Template;

use super::{
    counter::Message,
    files,
    hours::Hours,
    inputs::{Attributes, Form, Input},
    layout::{Layout, page, see_other},
};
use crate::{
    api::{
        App,
        call::Call,
        endpoint::{Access::Gerente, Resource},
        fields::{AteQuando, Errors, Logico, Minutos, body, read_form, read_json},
        json::{encode, fingerprint},
        operation::Operation,
        prazo, problem, restaurante,
        saved::Saved,
    },
    clock,
    domain::{prazo::Prazo, restaurante::Agora},
    error::{Error, FieldError},
    server::Response,
    store::perfil,
};

const PATH: &str = "/gerencia/restaurante";
const DONE: &str = "/gerencia/restaurante?feito";

const NOTHING: &str = "Nada foi gravado ainda. Corrija e envie de novo.";
const CHANGED: &str = "Alguém mudou os dados do restaurante em outra tela depois que você abriu a página, e nada do seu foi \
                       gravado. O que você digitou está aqui. Confira e grave de novo: fica o que estiver nos campos.";

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::of_pages()
        .get(
            PATH,
            Gerente,
            |app, call| show(app, call, Shown::asked(call)),
            |operation| {
                operation
                    .about("What the restaurant says of itself, and when it takes orders.")
                    .html()
            },
        )
        .post(PATH, Gerente, save_profile, |operation| {
            let about = "Changes the profile, by the form of the page: the fields of `PUT /restaurante` that it shows, of \
                         which an empty text takes one away, and `visto`, the fingerprint of what was shown.";
            refuses(operation.about(about))
        })
        .post("/gerencia/restaurante/horarios", Gerente, save_hours, |operation| {
            let about = "The service hours, by the form of the page: each `dia`, or `data` and `motivo`, stands before its \
                         pairs of `abre` and `fecha`.";
            refuses(operation.about(about))
        })
        .post("/gerencia/restaurante/pausa", Gerente, pause, |operation| {
            let about = "Pauses: until tomorrow, for some minutes, or with neither until somebody ends it by `fim`.";
            refuses(operation.about(about).form::<Pausa>())
        })
}

fn refuses(operation: Operation) -> Operation {
    operation
        .see_other("To the page")
        .page_of(412, "Somebody else has changed it since it was shown, and the page says how")
        .refuses_form()
}

body! {
    Pausa {
        ate: AteQuando,
        minutos: Minutos,
        /// Take orders again.
        fim: Logico,
    }
}

#[derive(Template)]
#[template(path = "house.html")]
struct House {
    layout: Layout,
    now: Agora,
    /// Of what is shown.
    seen: String,
    message: Option<Message>,
    /// What somebody else has written meanwhile: the field, and what is in it now.
    meanwhile: Vec<(&'static str, String)>,
    form: Form,
    hours: Hours,
}

/// What the page shows in place of what is stored.
struct Shown {
    status: u16,
    message: Option<Message>,
    /// What is wrong with the fields of the profile, which are as they were sent.
    profile: Option<Vec<FieldError>>,
    /// The hours, as they were sent.
    hours: Option<Hours>,
}

impl Shown {
    fn asked(call: &Call<'_>) -> Shown {
        let done = call.parameter("feito").map(|_| Message { text: "Gravado.".into(), is_error: false });
        Shown { status: 200, message: done, profile: None, hours: None }
    }

    fn refused(status: u16, text: String) -> Shown {
        Shown { status, message: Some(Message { text, is_error: true }), profile: None, hours: None }
    }
}

/// The fingerprint of all that the page's forms can change.
fn seen(now: &Agora) -> Result<String, Error> {
    Ok(fingerprint(&encode(&(&now.perfil, &now.horarios, &now.excecoes))?))
}

fn show(app: &App, call: &Call<'_>, shown: Shown) -> Result<Response, Error> {
    let now = app.store.read(|conn| perfil::at(conn, clock::now()))?;
    let Shown { status, message, profile, hours } = shown;
    let stored = form(&now);
    let form = match &profile {
        Some(errors) => form(&now).sent(&call.body, errors),
        None => form(&now),
    };
    let differing =
        form.inputs.iter().zip(stored.inputs).filter(|(typed, stored)| typed.value != stored.value);
    let meanwhile =
        differing.map(|(_, stored)| (stored.label, stored.value)).filter(|_| status == 412).collect();
    let layout = Layout::of_staff(app, call, &now.perfil)?;
    let hours = hours.map_or_else(|| Hours::of(&now), Hours::with_room);
    // What was wrong was seen as it was sent: so it still counts.
    let seen = match form_urlencoded::parse(&call.body).find(|(name, _)| name == "visto") {
        Some((_, sent)) if status == 422 => sent.into_owned(),
        _ => seen(&now)?,
    };
    page(status, &House { layout, seen, message, meanwhile, form, hours, now })
}

const MINUTES: Attributes =
    &[("inputmode", "numeric"), ("pattern", "[0-9]+"), ("maxlength", "3"), ("required", "")];

fn form(now: &Agora) -> Form {
    let stored = &now.perfil;
    let text = |name, label, hint, attributes, value: Option<&str>| Input {
        name,
        label,
        hint,
        attributes,
        value: value.unwrap_or_default().to_owned(),
        ..Input::default()
    };
    let [yellow, red] = [stored.minutos_amarelo, stored.minutos_vermelho].map(|minutes| minutes.to_string());
    let inputs = vec![
        text("nome", "Nome", "", &[("maxlength", "120"), ("required", "")], Some(&stored.nome)),
        text("cnpj", "CNPJ", "Sai nos comprovantes.", &[("maxlength", "18")], stored.cnpj.as_deref()),
        text("endereco", "Endereço", "", &[("maxlength", "200")], stored.endereco.as_deref()),
        text("cidade", "Cidade", "", &[("maxlength", "80"), ("required", "")], Some(&stored.cidade)),
        text("telefone", "Telefone", "", &[("type", "tel"), ("maxlength", "30")], stored.telefone.as_deref()),
        text(
            "cor_primaria",
            "Cor da casa",
            "A da barra e dos botões.",
            &[("type", "color")],
            Some(stored.cor_primaria.as_deref().unwrap_or("#8a2b1d")),
        ),
        text(
            "minutos_amarelo",
            "Atenção depois de (min)",
            "Comanda amarela na cozinha.",
            MINUTES,
            Some(&yellow),
        ),
        text(
            "minutos_vermelho",
            "Atrasado depois de (min)",
            "Comanda vermelha na cozinha.",
            MINUTES,
            Some(&red),
        ),
    ];
    Form { inputs, ..Form::default() }
}

fn save_profile(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    // Unlike that of other forms an empty field says something: that it is to be taken away.
    let names = form(&app.store.read(|conn| perfil::at(conn, clock::now()))?).inputs;
    let fields: serde_json::Map<String, serde_json::Value> = form_urlencoded::parse(&call.body)
        .filter(|(name, _)| names.iter().any(|input| input.name == name))
        .map(|(name, value)| (name.into_owned(), value.into()))
        .collect();
    let in_words = |error: FieldError| {
        let mensagem = error.mensagem.replace("«minutos_amarelo»", "o de atenção");
        FieldError { mensagem, ..error }
    };
    save(app, call, &serde_json::Value::Object(fields), |errors| Shown {
        profile: Some(errors.into_iter().map(in_words).collect()),
        ..Shown::refused(422, NOTHING.to_owned())
    })
}

fn save_hours(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let sent = Hours::sent(&call.body);
    save(app, call, &sent.body(), |errors| {
        let faults: Vec<String> = errors.iter().map(|error| sent.fault(error)).collect();
        let text =
            if faults.is_empty() { NOTHING.to_owned() } else { format!("{} {NOTHING}", faults.join(" ")) };
        Shown { hours: Some(sent.clone()), ..Shown::refused(422, text) }
    })
}

/// Writes these fields. `refused` is the page with what was sent and is wrong.
fn save(
    app: &App,
    call: &Call<'_>,
    fields: &serde_json::Value,
    refused: impl Fn(Vec<FieldError>) -> Shown,
) -> Result<Response, Error> {
    let visto = form_urlencoded::parse(&call.body).find(|(name, _)| name == "visto").map(|(_, value)| value);
    let visto = visto.unwrap_or_default();
    let body = read_json(&fields.to_string())?;
    match restaurante::change_seen(app, call, body, |now| seen(now).is_ok_and(|seen| seen == visto)) {
        Ok(Saved::Done(_)) => Ok(see_other(DONE)),
        Ok(Saved::ChangedMeanwhile(_)) => {
            let message = Some(Message { text: CHANGED.to_owned(), is_error: true });
            show(app, call, Shown { status: 412, message, ..refused(Vec::new()) })
        }
        Err(Error::Invalid(errors)) => show(app, call, refused(errors)),
        Err(error) => Err(error),
    }
}

fn pause(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let body: Pausa = read_form(call)?;
    let mut errors = Errors::default();
    let ate = errors.optional("ate", body.ate);
    let minutos = errors.optional("minutos", body.minutos);
    let ends = errors.optional("fim", body.fim).is_some_and(|Logico(ends)| ends);
    let paused = errors.or(Some(())).and_then(|()| {
        let pause = prazo::until(ate, minutos, clock::now()).unwrap_or(Prazo::WITHOUT_END);
        restaurante::set_pause(app, call, (!ends).then_some(pause))
    });
    match paused {
        Ok(_) => Ok(see_other(DONE)),
        Err(error @ Error::Invalid(_)) => {
            let refused = problem::of_error(error, &call.id);
            show(app, call, Shown::refused(422, format!("{}.", problem::detail(&refused))))
        }
        Err(error) => Err(error),
    }
}
