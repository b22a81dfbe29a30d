//! What a request asks for.

/// Two requests with the same key are answered by the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The class, by number: classes never ask for the same.
    pub class: u16,
    /// Which of its questions.
    pub question: u64,
}
