//! Who sends the requests of a log, and who of them in a way of his own.

use crate::traffic::Clients;
use crate::traffic::replay::TraceRow;
use crate::units::Tokens;

const MINUTE: u64 = 60_000_000_000;

/// The share of all rows from which on a client is large.
const LARGE: f64 = 0.1;
/// The most clients that are taken apart, the largest first.
const MOST_APART: usize = 3;
/// Fewer rows, of the client or of the others, or fewer minutes say too little.
const LEAST_ROWS: u64 = 100;
const LEAST_MINUTES: u64 = 20;

/// Counts the rows of each client, and how their numbers vary from minute to minute. A log has at most 100,000 clients, which
/// bounds the memory.
#[derive(Clone, Debug, Default)]
pub struct Census {
    first: Option<u64>,
    last: u64,
    whole: Tally,
    clients: Vec<Tally>,
}

/// The rows of one client, or of all.
#[derive(Clone, Debug, Default)]
struct Tally {
    rows: u64,
    minute: u64, // the one that is open
    open: u64,   // rows in it
    squares: u128,
    input: (u64, u64), // rows that have a count, and the sum
    output: (u64, u64),
}

/// A client that deserves a source of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Apart {
    /// Its number in the log.
    pub client: u32,
    /// Its rows.
    pub rows: u64,
    /// Their share of all.
    pub share: f64,
    /// What tells it from the others.
    pub why: Why,
}

/// What tells a client from the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Why {
    /// When its requests come.
    Arrivals {
        /// Variance over mean of its counts in a minute.
        seen: f64,
        /// What that would be if its rows were any of all.
        expected: f64,
    },
    /// How large they are.
    Sizes,
}

impl Census {
    /// Counts a row, not before the last one.
    pub fn add(&mut self, row: &TraceRow) {
        let Some(client) = row.client else { return };
        let at = row.at.as_nanos();
        self.last = at.saturating_sub(*self.first.get_or_insert(at));
        let minute = self.last / MINUTE;
        if client as usize >= self.clients.len() {
            self.clients.resize(client as usize + 1, Tally::default());
        }
        self.whole.add(row, minute);
        self.clients[client as usize].add(row, minute);
    }

    /// The large clients, at most three, that come in a way of their own: their counts in a minute do not vary as those of
    /// rows taken from all by chance; or, where the rate of all does not move, so that nothing is lost when a part of it is
    /// made apart from the rest, their sizes are not half as large as those of the others, or more than twice as large.
    pub fn apart(&self) -> Vec<Apart> {
        let minutes = self.last / MINUTE;
        if minutes < LEAST_MINUTES {
            return Vec::new();
        }
        let mut large: Vec<(u32, &Tally)> =
            (0..).zip(&self.clients).filter(|(_, tally)| self.is_large(tally)).collect();
        large.sort_by_key(|(client, tally)| (std::cmp::Reverse(tally.rows), *client));
        let apart = |(client, tally): (u32, &Tally)| {
            let why = self.why(tally, minutes)?;
            Some(Apart { client, rows: tally.rows, share: self.share(tally), why })
        };
        let mut left = self.whole.rows;
        let leaves_enough = |apart: &Apart| {
            left -= apart.rows;
            left >= LEAST_ROWS
        };
        large.into_iter().filter_map(apart).take_while(leaves_enough).take(MOST_APART).collect()
    }

    fn share(&self, tally: &Tally) -> f64 {
        tally.rows as f64 / self.whole.rows as f64
    }

    fn is_large(&self, tally: &Tally) -> bool {
        tally.rows >= LEAST_ROWS && self.share(tally) >= LARGE
    }

    /// What tells a client from the others.
    ///
    /// Of `n` rows in a minute `k` are binomial if each is the client's with the chance `p`. Then its I(w) is in the mean
    /// `1 + p (I - 1)`, and, given the counts of all, with the standard error `√((4 p (1 - p) I + 2 (1 - p)²) / (minutes - 1))`.
    fn why(&self, tally: &Tally, minutes: u64) -> Option<Why> {
        let (whole, seen) = (self.whole.dispersion(minutes)?, tally.dispersion(minutes)?);
        let (p, n) = (self.share(tally), minutes as f64 - 1.0);
        let expected = 1.0 + p * (whole - 1.0);
        let error = ((4.0 * p * (1.0 - p) * whole + 2.0 * (1.0 - p) * (1.0 - p)) / n).sqrt();
        let off = (seen - expected).abs();
        // What is off by so little that a seventh is not passed bears on no peak.
        if off > 4.0 * error && off > 0.15 * expected {
            return Some(Why::Arrivals { seen, expected });
        }
        let is_level = whole < 1.15 + 4.0 * (2.0 / n).sqrt();
        (is_level && self.has_other_sizes(tally)).then_some(Why::Sizes)
    }

    fn has_other_sizes(&self, tally: &Tally) -> bool {
        let differ = |all: (u64, u64), own: (u64, u64)| {
            let others = (all.0 - own.0, all.1 - own.1);
            let mean = |(rows, sum): (u64, u64)| (rows >= LEAST_ROWS && sum > 0).then(|| sum as f64 / rows as f64);
            mean(own).zip(mean(others)).is_some_and(|(own, others)| !(0.5..=2.0).contains(&(own / others)))
        };
        differ(self.whole.input, tally.input) || differ(self.whole.output, tally.output)
    }

    /// The clients but those `apart`, as a scenario has them; `None` of fewer than two.
    pub fn others(&self, apart: &[Apart]) -> Option<Clients> {
        let is_other = |client: u32| apart.iter().all(|apart| apart.client != client);
        let rows = (0..).zip(&self.clients).filter(|(client, _)| is_other(*client)).map(|(_, tally)| tally.rows);
        let mut rows: Vec<u64> = rows.filter(|&rows| rows > 0).collect();
        rows.sort_unstable_by(|a, b| b.cmp(a));
        (rows.len() > 1).then(|| Clients { count: rows.len() as u32, exponent: exponent(&rows), first: 0 })
    }
}

impl Tally {
    fn add(&mut self, row: &TraceRow, minute: u64) {
        if minute != self.minute {
            self.squares += u128::from(self.open) * u128::from(self.open);
            (self.minute, self.open) = (minute, 0);
        }
        self.rows += 1;
        self.open += 1;
        if !row.failed {
            count(&mut self.input, row.input);
            count(&mut self.output, row.output);
        }
    }

    /// I(60 s) of the first `minutes`, which are whole: any later one is cut.
    fn dispersion(&self, minutes: u64) -> Option<f64> {
        let is_cut = self.minute >= minutes;
        let open = if is_cut { 0 } else { u128::from(self.open) };
        let rows = self.rows - if is_cut { self.open } else { 0 };
        let (n, sum) = (minutes as f64, rows as f64);
        let spread = (self.squares + open * open) as f64 - sum * sum / n;
        (rows > 0).then(|| spread / (n - 1.0) / (sum / n))
    }
}

fn count((rows, sum): &mut (u64, u64), tokens: Option<Tokens>) {
    if let Some(tokens) = tokens {
        *rows += 1;
        *sum += u64::from(tokens);
    }
}

/// The most likely exponent of Zipf's law for so many `rows` of each client, the largest first, in 0..=10: that with which the
/// mean logarithm of a row's rank is the one seen. It is to two decimals, and somewhat too large where clients have few rows
/// each, as chance alone gives these ranks.
fn exponent(rows: &[u64]) -> f64 {
    let logs: Vec<f64> = (1..=rows.len()).map(|rank| libm::log(rank as f64)).collect();
    let mean = |weights: &dyn Fn(usize) -> f64| {
        let (mut sum, mut total) = (0.0, 0.0);
        for (at, log) in logs.iter().enumerate() {
            let weight = weights(at);
            (sum, total) = (sum + weight * log, total + weight);
        }
        sum / total
    };
    let seen = mean(&|at| rows[at] as f64);
    let (mut low, mut high) = (0.0, 10.0);
    for _ in 0..30 {
        let middle = 0.5 * (low + high);
        // The steeper, the lower the ranks.
        match mean(&|at| libm::exp(-middle * logs[at])) > seen {
            true => low = middle,
            false => high = middle,
        }
    }
    (low * 1e2).round() / 1e2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;
    use crate::units::SimTime;

    /// The census of an hour of 6 rows a second, of which `client` says whose the one in so many is at this second.
    fn census(mut client: impl FnMut(u64, f64) -> (u32, u32)) -> Census {
        let (mut census, mut stream) = (Census::default(), Seed(5).stream(0, "census"));
        let mut at = 0.0;
        while at < 3_600.0 {
            at += stream.exponential() / 6.0;
            let (client, tokens) = client(at as u64, stream.uniform());
            let tokens = Some(Tokens::new(tokens));
            let at = SimTime::from_nanos((at * 1e9) as u64);
            let (input, output) = (tokens, tokens);
            census.add(&TraceRow { at, input, cached: None, output, client: Some(client), key: None, failed: false });
        }
        census
    }

    #[test]
    fn any_third_of_the_rows_is_no_client_of_its_own() {
        let census = census(|_, drawn| ((drawn * 3.0) as u32, 10));
        assert_eq!(census.apart(), []);
        let others = census.others(&[]).unwrap();
        assert_eq!((others.count, others.first), (3, 0));
        assert!(others.exponent < 0.05, "{others:?}");
    }

    #[test]
    fn who_comes_in_stretches_does() {
        // All minutes have as many rows, every fourth of them those of client 9 alone.
        let census = census(|second, drawn| (if second / 60 % 4 == 0 { 9 } else { (drawn * 9.0) as u32 }, 10));
        let [Apart { client: 9, share, why: Why::Arrivals { seen, expected }, .. }] = census.apart()[..] else {
            panic!("{:?}", census.apart())
        };
        assert!((0.2..0.3).contains(&share) && seen > 100.0 && expected < 1.5, "{share} {seen} {expected}");
        assert_eq!(census.others(&census.apart()).unwrap().count, 9);
    }

    #[test]
    fn so_does_who_asks_for_more() {
        let census = census(|_, drawn| if drawn < 0.3 { (1, 25) } else { (0, 10) });
        let apart = census.apart();
        // The two are each other's others; the larger comes first and leaves the other.
        assert_eq!(apart.iter().map(|apart| (apart.client, apart.why)).next(), Some((0, Why::Sizes)));
        assert_eq!(census.others(&apart), None);
    }

    #[test]
    fn exponents_are_those_of_the_law() {
        for law in [0.0, 0.7, 1.3, 3.0] {
            let rows: Vec<u64> = (1..=50).map(|rank| (1e6 * libm::pow(f64::from(rank), -law)) as u64).collect();
            assert!((exponent(&rows) - law).abs() < 0.02, "{law}: {}", exponent(&rows));
        }
    }
}
