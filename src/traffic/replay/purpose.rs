//! What a log is read for.

/// What a log is read for: what it says beyond that takes time, and nobody looks at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    /// To be played: when requests come, who asks and how large they are.
    Play,
    /// To be described: how calls ended as well, wherever a column is known to say.
    Measure,
    /// For what requests ask, wherever a column is known to say.
    Keys,
}
