//! Times when the service turns calls away.

use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::Fault;
use crate::rng::Stream;
use crate::units::{Civil, Moment, Share, SimDuration, SimTime};

crate::words! {
    /// What a call that is turned away is told.
    #[derive(Default)]
    pub enum Says {
        /// The service is unavailable.
        #[default]
        Unavailable = "503",
        /// The service is overloaded.
        Overloaded = "529",
    }
}

impl Says {
    /// The same as a fault.
    pub fn fault(self) -> Fault {
        match self {
            Says::Unavailable => Fault::Unavailable,
            Says::Overloaded => Fault::Overloaded,
        }
    }
}

/// Bad times: an outage (`share` is all), or an overload that a part of the calls is sacrificed to.
///
/// Either once, `at` an instant and exactly so long, or at random: then exponential times with the mean `every` pass from
/// the start, and from the end of one to the beginning of the next, and each lasts an exponential time with the mean
/// `length` (a Markov-modulated process of two states). When they are depends on no call, so every tier and every strategy
/// meets the same ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Outage {
    /// When it begins. In its place `every`.
    pub at: Option<Moment>,
    /// Mean time between the end of one and the beginning of the next, at least 1 min. In its place `at`.
    pub every: Option<SimDuration>,
    /// How long it lasts, or on average where it comes at random. Above zero.
    pub length: SimDuration,
    /// The share of calls that are turned away while it lasts, in 0..=1.
    pub share: Share,
    /// What they are told.
    pub says: Says,
    /// The `Retry-After` of what they are told: always the same, as an edge prints it that does not know the end. Without it
    /// there is none.
    pub retry_after: Option<SimDuration>,
}

impl Default for Outage {
    fn default() -> Self {
        let length = SimDuration::from_secs(3_600);
        Outage { at: None, every: None, length, share: Share::ONE, says: Says::default(), retry_after: None }
    }
}

impl Parameters for Outage {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("at", &mut self.at);
        visitor.optional("every", &mut self.every);
        visitor.required("length", &mut self.length);
        visitor.optional("share", &mut self.share);
        visitor.optional("says", &mut self.says);
        visitor.optional("retry-after", &mut self.retry_after);
    }

    fn check(&self) -> Result<(), Invalid> {
        match (&self.at, self.every) {
            (Some(_), Some(_)) => {
                return Err(Invalid::new("every", "both `at` and `every` are stated", "keep one of them"));
            }
            (None, None) => {
                let help = "state `at`, as in `\"3d9h\"`, or `every`, as in `\"30d\"`, for outages at random";
                return Err(Invalid::new("at", "nothing says when the outage comes", help));
            }
            (None, Some(every)) if every < SimDuration::from_secs(60) => {
                let message = format!("`{every}` is shorter than 1min");
                return Err(Invalid::new("every", message, "write a longer time, as in `\"30d\"`"));
            }
            _ => {}
        }
        if self.length.is_zero() {
            return Err(Invalid::new("length", "an outage of no time", "write how long it lasts, as in `\"20min\"`"));
        }
        super::check_share("share", self.share)
    }
}

/// When the bad times are: from one to the next, told the time.
#[derive(Clone, Debug)]
pub struct Spells {
    from: u64,  // the present or next one, in nanoseconds
    until: u64, // its end
    /// What the later ones are drawn from; none where there is only one.
    random: Option<Random>,
}

#[derive(Clone, Debug)]
struct Random {
    every: f64,  // nanoseconds
    length: f64, // nanoseconds
    stream: Stream,
}

impl Spells {
    /// Those of `outage` in a scenario that starts at `start`.
    pub fn new(outage: &Outage, start: &Civil, stream: Stream) -> Self {
        if let Some(at) = &outage.at {
            let begins = at.nanos_after(start);
            let ends = begins.saturating_add_unsigned(outage.length.as_nanos());
            return Spells { from: begins.max(0) as u64, until: ends.max(0) as u64, random: None };
        }
        let nanos = |span: SimDuration| span.as_nanos() as f64;
        let every = nanos(outage.every.unwrap_or(SimDuration::HORIZON));
        let mut spells =
            Spells { from: 0, until: 0, random: Some(Random { every, length: nanos(outage.length), stream }) };
        spells.go_on();
        spells
    }

    /// Whether `now`, which must not be earlier than in the call before, is within a spell.
    pub fn are_on(&mut self, now: SimTime) -> bool {
        while now.as_nanos() >= self.until && self.go_on() {}
        (self.from..self.until).contains(&now.as_nanos())
    }

    /// On to the next one, if there is one.
    fn go_on(&mut self) -> bool {
        let Some(random) = &mut self.random else { return false };
        let mut draw = |mean: f64| SimDuration::from_nanos_f64(mean * random.stream.exponential()).as_nanos();
        self.from = self.until.saturating_add(draw(random.every));
        self.until = self.from.saturating_add(draw(random.length));
        self.until < u64::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    fn stream() -> Stream {
        Seed(5).stream(0, "outage")
    }

    fn at(secs: u64) -> SimTime {
        SimTime::from_nanos(secs * 1_000_000_000)
    }

    #[test]
    fn a_planned_one_is_exactly_where_it_is_stated() {
        let planned = |at: &str| Outage {
            at: Some(Moment::parse(at).unwrap()),
            length: SimDuration::from_secs(60),
            ..Outage::default()
        };
        let mut spells = Spells::new(&planned("1h"), &Civil::default(), stream());
        let on = [0, 3_599, 3_600, 3_659, 3_660, 7_200].map(|second| spells.are_on(at(second)));
        assert_eq!(on, [false, false, true, true, false, false]);
        let before = Civil::parse("2025-03-03T00:00:30[UTC]").unwrap();
        let mut spells = Spells::new(&planned("2025-03-03T00:00"), &before, stream());
        assert_eq!([0, 29, 30].map(|second| spells.are_on(at(second))), [true, true, false]);
    }

    /// 20,000 spells of 60 s on average, 540 s apart: on a tenth of the time, with the standard error
    /// `√(2 / 20,000) * 0.9 * 0.1`, under 0.001; five are allowed. Of the spells a share `e^-1` lasts longer than the mean.
    #[test]
    fn random_ones_take_their_share_of_time() {
        let outage = Outage {
            every: Some(SimDuration::from_secs(540)),
            length: SimDuration::from_secs(60),
            ..Outage::default()
        };
        let mut spells = Spells::new(&outage, &Civil::default(), stream());
        let (mut on, mut lengths, mut since) = (0u64, Vec::new(), None);
        let seconds = 600 * 20_000;
        for second in 0..seconds {
            let is_on = spells.are_on(at(second));
            on += u64::from(is_on);
            match (since, is_on) {
                (None, true) => since = Some(second),
                (Some(begun), false) => (since, _) = (None, lengths.push(second - begun)),
                _ => {}
            }
        }
        let share = on as f64 / seconds as f64;
        assert!((share - 0.1).abs() < 0.005, "{share}");
        let long = lengths.iter().filter(|&&length| length > 60).count() as f64 / lengths.len() as f64;
        assert!((long - 0.3679).abs() < 0.02, "{long} of {}", lengths.len());
    }
}
