//! Randomness: one seed for a run, one named [`Stream`] for each purpose.
//!
//! A stream's generator is seeded by mixing the seed, the number of the replication and the stream's *name*. Adding a
//! source, a tier or a strategy therefore leaves every other stream as it was, and two cells of a scenario meet the same
//! traffic. All generators are named ones with stable values, and [`exp`] is plain arithmetic, so the same seed gives the
//! same numbers on every machine. A change here is value-changing and raises [`MODEL`].

mod exp;
mod gamma;
mod keyed;
mod lognormal;
mod wandering;
mod zipf;

pub use exp::exp;
pub use gamma::Gamma;
pub use keyed::Keyed;
pub use lognormal::{Lognormal, check_cv};
pub use wandering::Wandering;
pub use zipf::Zipf;

use rand::rngs::{ChaCha8Rng, Xoshiro256PlusPlus};
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal};

/// The number of the random model: results of the same scenario and seed are equal while it stays the same.
pub const MODEL: u32 = 1;

/// What makes a run repeatable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream called `name` in the given replication.
    ///
    /// The key of a ChaCha8 generator comes from the seed and its stream number from a hash of replication and name; its
    /// first 32 bytes seed the stream, so that related names give unrelated streams.
    pub fn stream(self, replication: u64, name: &str) -> Stream {
        let mut source = ChaCha8Rng::seed_from_u64(self.0);
        source.set_stream(fnv1a(name.as_bytes(), replication));
        let mut state = [0; 32];
        source.fill_bytes(&mut state);
        Stream { generator: Xoshiro256PlusPlus::from_seed(state) }
    }
}

/// FNV-1a over the replication's bytes and then the name's.
fn fnv1a(name: &[u8], replication: u64) -> u64 {
    let bytes = replication.to_le_bytes().into_iter().chain(name.iter().copied());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// A source of random numbers for one purpose.
#[derive(Clone, Debug)]
pub struct Stream {
    generator: Xoshiro256PlusPlus,
}

impl Stream {
    /// Uniform in [0, 1), in steps of 2⁻⁵³.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.generator.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Exponential with mean 1.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        Exp1.sample(&mut self.generator)
    }

    /// Normal with mean 0 and variance 1.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.generator)
    }

    /// Uniform among `0..below`, without bias (Lemire 2019). `below` must not be zero.
    pub fn index(&mut self, below: u64) -> u64 {
        let mut product = u128::from(self.generator.next_u64()) * u128::from(below);
        if (product as u64) < below {
            let threshold = below.wrapping_neg() % below;
            while (product as u64) < threshold {
                product = u128::from(self.generator.next_u64()) * u128::from(below);
            }
        }
        (product >> 64) as u64
    }
}

/// How many variates are drawn ahead: enough to make the call that draws them cost nothing, few enough to stay in cache.
pub const BLOCK: usize = 256;

/// Uniform variates, drawn a block at a time.
#[derive(Clone, Debug)]
pub struct Uniforms {
    stream: Stream,
    drawn: Box<[f64; BLOCK]>,
    next: usize,
}

impl Uniforms {
    /// The variates of `stream`, in its order.
    pub fn new(stream: Stream) -> Self {
        Uniforms { stream, drawn: Box::new([0.0; BLOCK]), next: BLOCK }
    }

    /// The next one, in [0, 1).
    #[inline]
    pub fn draw(&mut self) -> f64 {
        if self.next >= BLOCK {
            self.refill();
        }
        let drawn = self.drawn[self.next % BLOCK];
        self.next += 1;
        drawn
    }

    #[cold]
    #[inline(never)]
    fn refill(&mut self) {
        self.drawn.fill_with(|| self.stream.uniform());
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_name_replication_and_seed() {
        let first = |seed, replication, name| Seed(seed).stream(replication, name).generator.next_u64();
        let base = first(1, 0, "arrivals/chat");
        assert_eq!(base, first(1, 0, "arrivals/chat"));
        for other in [first(2, 0, "arrivals/chat"), first(1, 1, "arrivals/chat"), first(1, 0, "arrivals/chaT")] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn blocks_keep_the_order_of_their_stream() {
        let (mut one, mut blocks) = (Seed(7).stream(0, "x"), Uniforms::new(Seed(7).stream(0, "x")));
        for _ in 0..3 * BLOCK {
            assert_eq!(one.uniform(), blocks.draw());
        }
    }

    #[test]
    fn indices_cover_their_range_evenly() {
        let mut stream = Seed(3).stream(0, "index");
        let mut seen = [0u32; 7];
        for _ in 0..70_000 {
            seen[stream.index(7) as usize] += 1;
        }
        // Chi-square with 6 degrees of freedom: 22.46 is passed by chance once in a thousand seeds; this seed is fixed.
        let chi2: f64 = seen.iter().map(|&n| (f64::from(n) - 10_000.0).powi(2) / 10_000.0).sum();
        assert!(chi2 < 22.46, "{chi2}");
    }
}
