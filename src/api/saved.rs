//! A change that counts only where what it changes is still as it was seen (optimistic concurrency).

/// What became of a change of something that somebody had seen.
pub enum Saved<T> {
    /// It is made.
    Done(T),
    /// It is not: what was seen is no more as it was, but like this.
    ChangedMeanwhile(T),
}
