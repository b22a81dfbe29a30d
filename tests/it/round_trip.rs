//! What is printed reads back to what it was.

use crate::toy::{
    Arrivals, Backoff, Breaker, Cost, Gamma, Jitter, Limit, Never, Order, Poisson, Queue, Retry, Silent, Slots, Source,
    Strategy, Toy, Window, WindowLimit,
};
use ratecast::scenario::{read_text, resolved};
use ratecast::units::{
    Allowance, CalendarUnit, Civil, Money, MonthlyFee, Period, Rate, RequestPrice, Share, SimDuration, TokenPrice,
    Tokens,
};
use std::num::NonZeroU32;

/// SplitMix64: small, and the same everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Any magnitude is as likely as any other.
    fn number(&mut self) -> u64 {
        self.next() >> (self.next() % 64)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Dice) -> T) -> Option<T> {
        if self.coin() { Some(make(self)) } else { None }
    }

    fn several<T>(&mut self, mut make: impl FnMut(&mut Dice) -> T) -> Vec<T> {
        (0..self.below(4)).map(|_| make(self)).collect()
    }

    fn duration(&mut self) -> SimDuration {
        SimDuration::from_nanos(self.number() % (SimDuration::HORIZON.as_nanos() + 1))
    }

    fn rate(&mut self) -> Rate {
        let nanos = 1 + self.number() % SimDuration::HORIZON.as_nanos();
        Rate::new(1 + self.number() / 2, SimDuration::from_nanos(nanos)).expect("neither is zero")
    }

    fn allowance(&mut self) -> Allowance {
        let period = match self.below(4) {
            0 => Period::Calendar(CalendarUnit::Month),
            1 => Period::Calendar(CalendarUnit::Day),
            _ => Period::Fixed(SimDuration::from_nanos(1 + self.number() % SimDuration::HORIZON.as_nanos())),
        };
        Allowance { amount: 1 + self.number() / 2, is_money: self.below(4) == 0, period }
    }

    fn money(&mut self) -> Money {
        Money::from_picos(i128::from(self.number().min(1_000_000_000_000_000_000)))
    }

    fn float(&mut self) -> f64 {
        loop {
            let float = f64::from_bits(self.next());
            if float.is_finite() {
                return float;
            }
        }
    }

    fn text(&mut self) -> String {
        const ODD: &[char] =
            &['"', '\\', '\'', '\n', '\t', '\u{1b}', '\u{85}', '\u{202e}', 'é', '漢', '😀', '\u{e0041}', '`', '#'];
        (0..self.below(12))
            .map(|_| match self.coin() {
                true => ODD[self.below(ODD.len() as u64) as usize],
                false => char::from(b' ' + self.below(95) as u8),
            })
            .collect()
    }

    fn name(&mut self, index: usize) -> String {
        const TAIL: &[u8] = b"abcXYZ019 _.:/+-";
        let tail = (0..self.below(10)).map(|_| char::from(TAIL[self.below(TAIL.len() as u64) as usize]));
        format!("n{index}").chars().chain(tail.collect::<Vec<_>>()).collect()
    }

    fn named<T>(&mut self, mut make: impl FnMut(&mut Dice) -> T) -> Vec<(String, T)> {
        (0..self.below(4) as usize).rev().map(|index| (self.name(index), make(self))).collect()
    }

    fn civil(&mut self) -> Civil {
        const ZONES: [&str; 4] = ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"];
        let zone = ZONES[self.below(4) as usize];
        let (year, month, day) = (1971 + self.below(200), 1 + self.below(12), 1 + self.below(28));
        Civil::parse(&format!("{year}-{month:02}-{day:02}T{:02}:30:00[{zone}]", self.below(24))).expect("a valid time")
    }

    fn cost(&mut self) -> Cost {
        Cost {
            budget: self.money(),
            input: TokenPrice(self.money()),
            request: self.maybe(|dice| RequestPrice(dice.money())),
            fee: self.maybe(|dice| MonthlyFee(dice.money())),
        }
    }

    fn window(&mut self) -> Window {
        loop {
            let window = Window { from: self.duration(), until: self.duration() };
            if window.from < window.until {
                return window;
            }
        }
    }

    fn limit(&mut self) -> Limit {
        if self.coin() {
            return Limit::Slots(Slots { slots: self.number() as u32, largest: Tokens::new(self.number() as u32) });
        }
        let allowance =
            Allowance { period: Period::Fixed(SimDuration::from_nanos(1 + self.below(1 << 60))), ..self.allowance() };
        Limit::Window(WindowLimit { allowance })
    }

    fn source(&mut self) -> Source {
        let arrivals = match self.below(3) {
            0 => Arrivals::Poisson(Poisson {
                rate: self.rate(),
                batch: NonZeroU32::new(self.number() as u32).unwrap_or(NonZeroU32::MIN),
            }),
            1 => Arrivals::Gamma(Gamma { rate: self.rate(), cv: self.float().abs().max(f64::from_bits(1)) }),
            _ => Arrivals::Silent(Silent),
        };
        Source { arrivals, share: Share::from_hundred_millionths(self.number()) }
    }

    fn strategy(&mut self) -> Strategy {
        let retry = match self.coin() {
            true => Retry::Never(Never),
            false => {
                let (a, b) = (self.duration(), self.duration());
                let jitter =
                    Jitter { share: Share::from_hundred_millionths(self.number()), fixed: self.several(Dice::float) };
                Retry::Backoff(Backoff { base: a.min(b), cap: a.max(b), jitter })
            }
        };
        Strategy {
            retry,
            queue: Queue { capacity: self.number() as u32, deadline: self.maybe(Dice::duration) },
            breaker: self.maybe(|dice| Breaker { after: dice.number() as u32, pause: dice.duration() }),
        }
    }

    fn toy(&mut self) -> Toy {
        let tiers = self.several(Dice::text);
        Toy {
            name: self.maybe(Dice::text),
            duration: self.duration(),
            start: self.maybe(Dice::civil),
            seed: self.number(),
            verbose: self.coin(),
            order: if self.coin() { Order::Fifo } else { Order::Priority },
            weights: if self.coin() { tiers.iter().map(|_| self.number()).collect() } else { Vec::new() },
            tiers,
            limit: self.limit(),
            cost: self.maybe(Dice::cost),
            window: self.window(),
            traffic: self.named(Dice::source),
            strategy: self.named(Dice::strategy),
        }
    }
}

#[test]
fn what_is_printed_reads_back() {
    for seed in 0..2_000 {
        let mut toy = Dice::new(seed).toy();
        let text = resolved::print(&mut toy, None);
        let mut again = Toy::default();
        let loaded = read_text("printed", &text, &[], &mut again);
        let loaded = loaded.unwrap_or_else(|failure| panic!("seed {seed}\n{failure}\n{text}"));
        assert_eq!(toy, again, "seed {seed}\n{text}");
        let commented = resolved::print(&mut again, Some(&loaded));
        let mut once_more = Toy::default();
        read_text("commented", &commented, &[], &mut once_more)
            .unwrap_or_else(|failure| panic!("seed {seed}\n{failure}"));
        assert_eq!(toy, once_more, "seed {seed}\n{commented}");
    }
}

#[test]
fn every_value_is_found_by_its_path() {
    for seed in 0..50 {
        let mut toy = Dice::new(seed).toy();
        for (path, value) in resolved::paths(&mut toy) {
            assert_eq!(resolved::get(&mut toy, &path).as_ref(), Some(&value), "seed {seed}: {path}");
            // Saying again what is so already changes nothing, whatever the value.
            let mut again = Toy::default();
            let text = resolved::print(&mut toy, None);
            let set = [format!("{path}={value}")];
            let loaded = read_text("printed", &text, &set, &mut again).unwrap_or_else(|f| panic!("seed {seed}\n{f}"));
            assert_eq!(toy, again, "seed {seed}: {path}");
            assert_eq!(loaded.place(&path), "--set", "seed {seed}: {path}");
        }
    }
}
