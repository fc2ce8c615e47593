//! A list of what may enter (people, devices, keys), with a form for one more, and for each what can be done with it. What
//! only this answer tells (a key, a code) is shown on the page that answers the form: no address and no history has it.

use askama::Template;

use super::{
    counter::Message,
    files,
    inputs::Form,
    layout::{Layout, page, profile, see_other},
};
use crate::{
    api::{
        App,
        call::Call,
        fields::{Errors, Id, body, read_form},
        problem,
    },
    domain::data_hora::{DataHora, SAO_PAULO},
    error::{Error, FieldError},
    server::Response,
};

/// What a list is called, and says.
pub struct Texts {
    /// Its heading.
    pub title: &'static str,
    /// What it is for.
    pub intro: &'static str,
    /// Its page, where the form for one more is sent to.
    pub path: &'static str,
    /// The heading of that form.
    pub add: &'static str,
    /// The button of that form.
    pub submit: &'static str,
    /// The heading of those that may enter no more.
    pub gone: &'static str,
}

/// One of the list.
#[derive(Default)]
pub struct Entry {
    pub id: i64,
    pub name: String,
    /// What there is to know.
    pub facts: String,
    /// Since when it may enter no more.
    pub gone: Option<DataHora>,
    /// By which it is changed; none where it has no inputs.
    pub form: Form,
    /// What else can be done with it.
    pub acts: &'static [Act],
}

/// Something that can be done with one of the list.
pub struct Act {
    /// Where its form is sent to.
    pub path: &'static str,
    /// Its button.
    pub label: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// It cannot be undone.
    pub is_final: bool,
}

/// Something that is told once.
pub struct Revealed {
    pub title: String,
    pub secret: String,
    /// What to do with it, in sentences.
    pub what_to_do: String,
}

body! {
    /// One of a list.
    Um {
        #[schema(required)]
        id: Id,
    }
}

/// The one that the form names.
pub fn the_one(call: &Call<'_>) -> Result<i64, Error> {
    let body: Um = read_form(call)?;
    let mut errors = Errors::default();
    let id = errors.required("id", body.id);
    errors.or(id).map(|Id(id)| id)
}

/// What a page says beside its list.
pub struct Shown {
    /// Of the answer.
    pub status: u16,
    pub message: Option<Message>,
    pub revealed: Option<Revealed>,
    /// Of the one whose form was refused; none where it was that for one more.
    of: Option<i64>,
    errors: Vec<FieldError>,
}

impl Shown {
    /// The page as it is asked for: behind a form it tells what was done.
    pub fn asked(call: &Call<'_>) -> Shown {
        let done = call.parameter("feito").map(|_| Message { text: "Feito.".into(), is_error: false });
        Shown { status: 200, message: done, revealed: None, of: None, errors: Vec::new() }
    }

    /// The page that tells something once.
    pub fn telling(call: &Call<'_>, revealed: Revealed) -> Shown {
        Shown { revealed: Some(revealed), ..Shown::asked(call) }
    }

    /// The page that answers a form that was refused, with what is wrong.
    pub fn refused(call: &Call<'_>, error: Error) -> Result<Shown, Error> {
        let of = form_urlencoded::parse(&call.body).find(|(name, _)| name == "id");
        let of = of.and_then(|(_, id)| id.parse().ok());
        match error {
            Error::Invalid(errors) => {
                let text =
                    "Nada foi gravado ainda. Corrija e envie de novo; senha e PIN se digitam outra vez.";
                let message = Some(Message { text: text.into(), is_error: true });
                Ok(Shown { status: 422, message, of, errors, ..Shown::asked(call) })
            }
            Error::NotFound(_) | Error::Conflict { .. } => {
                let refused = problem::of_error(error, &call.id);
                let text = format!("{}.", problem::detail(&refused));
                let message = Some(Message { text, is_error: true });
                Ok(Shown { status: refused.status(), message, ..Shown::asked(call) })
            }
            other => Err(other),
        }
    }

    /// This form, as it was sent where it is the one that was refused.
    pub fn form(&self, call: &Call<'_>, form: Form, of: Option<i64>) -> Form {
        if self.of == of && !self.errors.is_empty() { form.sent(&call.body, &self.errors) } else { form }
    }
}

/// Behind a form: back to the page, which says that it is done, or the page with what is wrong.
pub fn answer(
    call: &Call<'_>,
    texts: &Texts,
    done: Result<(), Error>,
    show: impl FnOnce(Shown) -> Result<Response, Error>,
) -> Result<Response, Error> {
    match done {
        Ok(()) => Ok(see_other(&format!("{}?feito", texts.path))),
        Err(error) => show(Shown::refused(call, error)?),
    }
}

#[derive(Template)]
#[template(path = "roll.html")]
struct Roll<'a> {
    layout: Layout,
    texts: &'a Texts,
    message: Option<Message>,
    revealed: Option<Revealed>,
    add: Form,
    entries: Vec<Entry>,
    gone: Vec<Entry>,
}

/// The page with these.
pub fn show(
    app: &App,
    call: &Call<'_>,
    texts: &Texts,
    shown: Shown,
    add: Form,
    all: Vec<Entry>,
) -> Result<Response, Error> {
    let (gone, entries) = all.into_iter().partition(|entry| entry.gone.is_some());
    let add = shown.form(call, add, None);
    let layout = Layout::of_staff(app, call, &profile(app)?)?;
    let Shown { status, message, revealed, .. } = shown;
    page(status, &Roll { layout, texts, message, revealed, add, entries, gone })
}

/// The day, as people write it.
pub fn day(at: &DataHora) -> String {
    at.civil(&SAO_PAULO).strftime("%d/%m/%Y").to_string()
}
