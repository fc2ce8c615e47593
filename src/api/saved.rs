//! A change that counts only where what it changes is still as it was seen (optimistic concurrency).

/// The outcome of such a change.
pub enum Saved<T> {
    /// It is made.
    Done(T),
    /// It is not made: what is stored now differs from what was seen.
    ChangedMeanwhile(T),
}
