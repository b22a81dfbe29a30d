//! Random numbers by place rather than by order.

use super::Stream;

/// Gives every place its number, whichever is asked for first and however often: the third attempt of the tenth request
/// meets the same luck whatever was tried before.
///
/// The number is a hash of the key and the place by the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
#[derive(Clone, Copy, Debug)]
pub struct Keyed(u64);

impl Keyed {
    /// The numbers of a key that comes from `stream`.
    pub fn new(mut stream: Stream) -> Self {
        Keyed(stream.index(u64::MAX))
    }

    /// Uniform in [0, 1), in steps of 2⁻⁵³.
    pub fn uniform(self, place: [u64; 3]) -> f64 {
        let hash = place.into_iter().fold(self.0, |hash, part| mixed(hash ^ mixed(part.wrapping_add(GOLDEN))));
        (hash >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }
}

/// 2⁶⁴ over the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn mixed(mut x: u64) -> u64 {
    x = x.wrapping_add(GOLDEN);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    /// Chi-square with 99 degrees of freedom: 161 is passed by chance once in ten thousand seeds; these are fixed.
    #[test]
    fn neighbouring_places_are_even_and_independent() {
        let keyed = Keyed::new(Seed(8).stream(0, "keyed"));
        let place = |n: u64, axis: usize| {
            let mut place = [1, 1, 1];
            place[axis] = n;
            keyed.uniform(place)
        };
        for axis in 0..3 {
            let mut pairs = [0u32; 100];
            for n in 0..100_000 {
                let (one, next) = (place(n, axis), place(n + 1, axis));
                pairs[(one * 10.0) as usize * 10 + (next * 10.0) as usize] += 1;
            }
            let chi2: f64 = pairs.iter().map(|&n| (f64::from(n) - 1_000.0).powi(2) / 1_000.0).sum();
            assert!(chi2 < 161.0, "axis {axis}: {chi2}");
        }
    }

    #[test]
    fn a_place_has_one_number_and_other_keys_others() {
        let keyed = |name| Keyed::new(Seed(8).stream(0, name));
        assert_eq!(keyed("a").uniform([3, 1, 0]), keyed("a").uniform([3, 1, 0]));
        assert_ne!(keyed("a").uniform([3, 1, 0]), keyed("b").uniform([3, 1, 0]));
        assert_ne!(keyed("a").uniform([3, 1, 0]), keyed("a").uniform([1, 3, 0]));
    }
}
