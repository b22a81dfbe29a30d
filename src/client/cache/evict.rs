//! Which answer makes room for a new one.

crate::words! {
    /// Which answer makes room for a new one.
    #[derive(Default)]
    pub enum Evict {
        /// The one that was asked for longest ago.
        #[default]
        Lru = "lru",
        /// The one that was asked for least often since it is kept; of several, the one that was asked for longest ago.
        Lfu = "lfu",
        /// The one that is kept longest.
        Fifo = "fifo",
        /// Any, by chance.
        Random = "random",
    }
}

impl Evict {
    /// All of them.
    pub const ALL: [Evict; 4] = [Evict::Lru, Evict::Lfu, Evict::Fifo, Evict::Random];

    /// The place in line of an answer that has just been kept (`uses` is 1) or asked for again, and was at `place` before;
    /// the first in line goes first. `step` counts what happened.
    pub(super) fn place(self, place: (u64, u64), uses: u64, step: u64) -> (u64, u64) {
        match self {
            Evict::Lru => (0, step),
            Evict::Lfu => (uses, step),
            Evict::Fifo if uses == 1 => (0, step),
            Evict::Fifo | Evict::Random => place,
        }
    }
}
