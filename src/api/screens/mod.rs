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
mod files;
mod home;
mod layout;

pub use self::home::home;
use super::endpoint::Resource;

/// Their endpoints.
pub fn resources() -> [Resource; 2] {
    [board::resource(), files::resource()]
}
