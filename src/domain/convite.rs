//! Invitations: one-time links with which a person makes itself a manager.

/// Seconds for which an invitation counts.
pub const VALID_SECONDS: i64 = 24 * 60 * 60;

/// An invitation that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Convite {
    /// Of its row.
    pub id: i64,
    /// The person that it was made for, by whoever made it.
    pub nome: Option<String>,
}
