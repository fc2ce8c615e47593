//! Where a customer stands: before the own phone, or before a totem of the restaurant.

use crate::server::Request;

/// A place to order from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The customer's own phone.
    Phone,
    /// A touch screen that everybody uses, one after another.
    Kiosk,
}

/// The parameter of a page that is shown on a totem.
const ON_KIOSK: &str = "totem";

impl Place {
    /// Of the page that is asked for.
    pub fn of(request: &Request<'_>) -> Place {
        let is_its_own = request.segments.first().is_some_and(|first| first == ON_KIOSK);
        if is_its_own || request.parameter(ON_KIOSK).is_some() { Place::Kiosk } else { Place::Phone }
    }

    /// Whether it is a totem.
    pub fn is_kiosk(self) -> bool {
        self == Place::Kiosk
    }

    /// Its menu.
    pub fn path(self) -> &'static str {
        match self {
            Place::Phone => "/cardapio",
            Place::Kiosk => "/totem",
        }
    }

    /// Where one begins, and goes when nothing else is left.
    pub fn start(self) -> &'static str {
        match self {
            Place::Phone => "/",
            Place::Kiosk => "/totem",
        }
    }

    /// The address of a page as it is shown here.
    pub fn page(self, address: &str) -> String {
        match self {
            Place::Phone => address.to_owned(),
            Place::Kiosk => format!("{address}?{ON_KIOSK}=1"),
        }
    }
}
