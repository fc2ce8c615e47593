//! The screens: pages for the people of a restaurant. Rendered here, by templates that are compiled in (askama), with forms
//! that post and redirections (303); scripts make them live. Tested by `tests/screens`.
//!
//! - A screen is a file of handlers and a template beside it. What all have around them is `layout`; style, scripts and
//!   pictures are `files`.
//! - A page decides nothing: prices, states and rights are those of the endpoints that its scripts call, and of the acts that
//!   its forms lead to.
//! - No inline script or style, and nothing from elsewhere (`Content-Security-Policy`).
//! - A template escapes what it shows; nothing is marked as safe.

mod board;
mod chart;
mod choice;
mod codes;
mod counter;
mod counter_acts;
mod devices;
mod dishes;
mod enter;
mod files;
mod hand_over;
mod home;
mod hours;
mod house;
mod inputs;
mod keys;
mod kitchen;
mod layout;
mod management;
mod menu;
mod menu_editor;
mod order;
mod people;
mod place;
mod roll;
mod sales;
mod sold_out;
mod ticket;
mod trouble;
mod well_being;

pub use self::home::home;
use super::{App, call::Call, endpoint::Resource};
use crate::{
    error::{Denied, Error},
    server::{Request, Response},
};

/// The path of a request as the log shows it: that of an order's page ends with its secret.
pub fn logged_path<'a>(request: &Request<'a>) -> &'a str {
    match request.segments.first().map(|first| &**first) {
        Some("acompanhar") => "/acompanhar/-",
        _ => request.raw_path,
    }
}

/// Their endpoints.
pub fn resources() -> [Resource; 15] {
    [
        menu::resource(),
        order::resource(),
        people::resource(),
        board::resource(),
        codes::resource(),
        counter_acts::resource(),
        devices::resource(),
        enter::resource(),
        files::resource(),
        house::resource(),
        keys::resource(),
        kitchen::resource(),
        management::resource(),
        menu_editor::resource(),
        sales::resource(),
    ]
}

/// What a page gives in place of itself: the way in, where its caller may not see it, or else a page that says what is wrong.
pub fn instead(app: &App, call: &Call<'_>, path: &str, error: Error) -> Result<Response, Error> {
    use Denied::{ManagerOnly, NoCredential, NoManager, NoSession, PersonRole, Role, SessionOver, WrongKey};
    match error {
        Error::Denied(
            ManagerOnly | NoCredential | NoManager | NoSession | PersonRole(_) | Role(_) | SessionOver
            | WrongKey,
        ) => Ok(enter::way_in(path)),
        error => layout::shown(app, call, Err(error)),
    }
}
