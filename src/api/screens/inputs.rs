//! Inputs of a form: what each is called and takes, what was typed, and what is wrong with it. `inputs.html` shows them, with
//! hint and fault bound to the input for screen readers.

use crate::error::FieldError;

/// Names and values of attributes.
pub type Attributes = &'static [(&'static str, &'static str)];

/// A password that somebody chooses.
pub const NEW_PASSWORD: Attributes = &[
    ("type", "password"),
    ("autocomplete", "new-password"),
    ("minlength", "8"),
    ("maxlength", "128"),
    ("required", ""),
];
/// A PIN that somebody chooses, and sees.
pub const NEW_PIN: Attributes = &[
    ("inputmode", "numeric"),
    ("autocomplete", "off"),
    ("pattern", "[0-9]{4,8}"),
    ("maxlength", "8"),
    ("title", "De 4 a 8 algarismos"),
    ("required", ""),
];

/// A name of somebody or something.
pub const NAME: Attributes = &[("autocomplete", "off"), ("maxlength", "80"), ("required", "")];
/// A PIN in place of another, or none.
pub const ANOTHER_PIN: Attributes =
    &[("inputmode", "numeric"), ("autocomplete", "off"), ("pattern", "[0-9]{4,8}"), ("maxlength", "8")];
/// A password in place of another, or none.
pub const ANOTHER_PASSWORD: Attributes =
    &[("type", "password"), ("autocomplete", "new-password"), ("minlength", "8"), ("maxlength", "128")];

/// An input.
#[derive(Default)]
pub struct Input {
    /// As it is sent.
    pub name: &'static str,
    /// As people call it.
    pub label: &'static str,
    /// What to type, and what for; may be empty.
    pub hint: &'static str,
    /// Of the element, beside those that every input has.
    pub attributes: Attributes,
    /// One of these is chosen, by value and name; with none it is typed.
    pub choices: &'static [(&'static str, &'static str)],
    /// Never shown again.
    pub is_secret: bool,
    /// What is stored, or was typed.
    pub value: String,
    /// What is wrong with it, in a sentence.
    pub fault: Option<String>,
    /// Where the page begins.
    pub has_focus: bool,
}

impl Input {
    /// What says more of it, by the ids of the page.
    pub fn described_by(&self, key: &str) -> String {
        let parts = [(!self.hint.is_empty(), "dica"), (self.fault.is_some(), "erro")];
        let ids = parts.into_iter().filter(|(there, _)| *there);
        ids.map(|(_, part)| format!("{}{key}-{part}", self.name)).collect::<Vec<_>>().join(" ")
    }
}

/// The inputs of a form.
#[derive(Default)]
pub struct Form {
    /// Behind the names of its inputs, for ids that the page has once.
    pub key: String,
    /// In their order.
    pub inputs: Vec<Input>,
}

impl Form {
    /// With what was sent, and what is wrong with it.
    pub fn sent(mut self, body: &[u8], errors: &[FieldError]) -> Form {
        for (name, value) in form_urlencoded::parse(body) {
            let named = self.inputs.iter_mut().filter(|input| input.name == name && !input.is_secret);
            named.for_each(|input| input.value = value.clone().into_owned());
        }
        for input in &mut self.inputs {
            let fault = errors.iter().find(|error| error.campo == input.name);
            input.fault = fault.map(|fault| sentence(input.label, &fault.mensagem));
        }
        if let Some(first) = self.inputs.iter_mut().find(|input| input.fault.is_some()) {
            first.has_focus = true;
        }
        self
    }

    /// Whether something is wrong with it.
    pub fn is_faulty(&self) -> bool {
        self.inputs.iter().any(|input| input.fault.is_some())
    }
}

/// A message that begins with a capital says it all; another goes on after the name of the field.
fn sentence(label: &str, message: &str) -> String {
    match message {
        "é obrigatório" => "Preencha este campo.".to_owned(),
        text if text.starts_with(char::is_uppercase) => format!("{text}."),
        text => format!("{label} {text}."),
    }
}
