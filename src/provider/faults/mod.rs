//! How the service breaks, whatever the limits say.

mod outage;
mod overload;

use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::Fault;
use crate::rng::{Keyed, Stream};
use crate::units::{Civil, Share, SimDuration, SimTime};

pub use outage::{Outage, Says, Spells};
pub use overload::Overload;

/// What goes wrong at the provider. A call that is turned away (503, 529) is so before any limit is asked, and charged to
/// none; one that fails in its course was admitted, and stays charged.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Faults {
    /// The share of admitted calls that break off with 500, after a part of their time that is uniform.
    pub errors: Share,
    /// The share of admitted calls whose answer ends half-way, at a part of it that is uniform; that part is paid for.
    pub drops: Share,
    /// The share of admitted calls that are never answered: the client waits until `timeout`.
    pub hangs: Share,
    /// A call that is not answered by then ends with 504; the time in the provider's queue counts.
    pub timeout: Option<SimDuration>,
    /// Refusals that grow with what is in flight.
    pub overload: Option<Overload>,
    /// Bad times, by name.
    pub outage: Vec<(String, Outage)>,
}

impl Parameters for Faults {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("errors", &mut self.errors);
        visitor.optional("drops", &mut self.drops);
        visitor.optional("hangs", &mut self.hangs);
        visitor.optional("timeout", &mut self.timeout);
        visitor.optional_section("overload", &mut self.overload);
        visitor.named("outage", &mut self.outage);
    }

    fn check(&self) -> Result<(), Invalid> {
        let shares = [("errors", self.errors), ("drops", self.drops), ("hangs", self.hangs)];
        shares.into_iter().try_for_each(|(key, share)| check_share(key, share))?;
        if shares.iter().map(|(_, share)| share.as_f64()).sum::<f64>() > 1.0 {
            let message = "`errors`, `drops` and `hangs` are more than all calls together";
            return Err(Invalid::new("errors", message, "write smaller shares, as in `\"0.1%\"`"));
        }
        if self.hangs != Share::default() && self.timeout.is_none() {
            let help = "add `timeout`, as in `timeout = \"10min\"`";
            return Err(Invalid::new("hangs", "nothing says how long a client waits for these", help));
        }
        if self.timeout.is_some_and(SimDuration::is_zero) {
            return Err(Invalid::new("timeout", "every call would time out at once", "write a time above zero"));
        }
        if self.outage.len() > MOST_OUTAGES {
            let message = format!("there are {} outages, more than {MOST_OUTAGES}", self.outage.len());
            return Err(Invalid::new("outage", message, "leave some out, or let them come at random by `every`"));
        }
        Ok(())
    }
}

impl Faults {
    /// Whether it takes more than bad times to say what becomes of a call: its course, or what else is in flight.
    pub fn change_the_course(&self) -> bool {
        let shares = [self.errors, self.drops, self.hangs];
        shares.iter().any(|share| *share != Share::default()) || self.timeout.is_some() || self.overload.is_some()
    }
}

/// Each is asked at every call.
const MOST_OUTAGES: usize = 1_000;

/// Refuses a share of more than all.
fn check_share(key: &'static str, share: Share) -> Result<(), Invalid> {
    if share > Share::ONE {
        let message = format!("`{share}` is more than all calls");
        return Err(Invalid::new(key, message, "write a share of at most `100%`, as in `\"5%\"`"));
    }
    Ok(())
}

/// Which call of which request: what its luck hangs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Call {
    /// The class of its request.
    pub class: u16,
    /// Which request of its class it is, by arrival.
    pub number: u64,
    /// Which attempt, from 1.
    pub attempt: u32,
}

/// How an admitted call goes wrong in its course.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mishap {
    /// 500 after this part of its time.
    Error(f64),
    /// The answer ends after this part of it.
    Drop(f64),
    /// No answer at all.
    Hang,
}

/// The faults of one run. Bad times depend on time alone, the luck of a call on which one it is.
#[derive(Clone, Debug)]
pub struct FaultState {
    shares: [f64; 3], // up to which a uniform number means an error, a drop, a hang
    overload: Option<Overload>,
    outages: Vec<(Spells, f64, Fault)>,
    hints: Vec<Option<SimDuration>>, // of the outages
    /// The `Retry-After` of the last call that was turned away.
    told: Option<SimDuration>,
    keys: Vec<Keyed>, // by class
}

/// What a call's numbers are drawn for; outages follow.
const COURSE: u64 = 0;
const PART: u64 = 1;
const OVERLOAD: u64 = 2;
const OUTAGES: u64 = 3;

impl FaultState {
    /// The faults of a run in which `classes` call, by name. `stream` gives the stream of a name.
    pub fn new(faults: &Faults, classes: &[String], start: &Civil, stream: &dyn Fn(&str) -> Stream) -> Self {
        let [errors, drops, hangs] = [faults.errors, faults.drops, faults.hangs].map(Share::as_f64);
        let outage = |(name, outage): &(String, Outage)| {
            let spells = Spells::new(outage, start, stream(&format!("outage/{name}")));
            (spells, outage.share.as_f64(), outage.says.fault())
        };
        FaultState {
            shares: [errors, errors + drops, errors + drops + hangs],
            overload: faults.overload.clone(),
            outages: faults.outage.iter().map(outage).collect(),
            hints: faults.outage.iter().map(|(_, outage)| outage.retry_after).collect(),
            told: None,
            keys: classes.iter().map(|class| Keyed::new(stream(&format!("faults/{class}")))).collect(),
        }
    }

    fn uniform(&self, call: Call, purpose: u64) -> f64 {
        self.keys[usize::from(call.class)].uniform([call.number, u64::from(call.attempt), purpose])
    }

    /// How `call` is turned away at `now`, with so many calls in flight; times must not run backwards.
    pub fn turns_away(&mut self, now: SimTime, call: Call, in_flight: u64) -> Option<Fault> {
        for at in 0..self.outages.len() {
            let (spells, share, fault) = &mut self.outages[at];
            let (is_on, share, fault) = (spells.are_on(now), *share, *fault);
            if is_on && self.uniform(call, OUTAGES + at as u64) < share {
                self.told = self.hints[at];
                return Some(fault);
            }
        }
        let overload = self.overload.as_ref()?;
        if self.uniform(call, OVERLOAD) >= overload.share(in_flight) {
            return None;
        }
        self.told = overload.retry_after;
        Some(Fault::Overloaded)
    }

    /// The `Retry-After` that the last call which was turned away was told, if any.
    pub fn told(&self) -> Option<SimDuration> {
        self.told
    }

    /// How `call`, which was admitted, goes wrong.
    pub fn mishap(&self, call: Call) -> Option<Mishap> {
        if self.shares[2] == 0.0 {
            return None;
        }
        let draw = self.uniform(call, COURSE);
        match self.shares.iter().position(|&up_to| draw < up_to)? {
            0 => Some(Mishap::Error(self.uniform(call, PART))),
            1 => Some(Mishap::Drop(self.uniform(call, PART))),
            _ => Some(Mishap::Hang),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    fn state(faults: &Faults) -> FaultState {
        let classes = ["one".to_owned(), "two".to_owned()];
        FaultState::new(faults, &classes, &Civil::default(), &|name| Seed(3).stream(0, name))
    }

    fn percent(share: u64) -> Share {
        Share::from_hundred_millionths(share * 1_000_000)
    }

    /// 100,000 calls: a share of 10 % has the standard error 0.00095, and five are allowed.
    #[test]
    fn calls_go_wrong_as_often_as_stated() {
        let faults = Faults { errors: percent(10), drops: percent(20), hangs: percent(5), ..Faults::default() };
        let state = state(&faults);
        let mut seen = [0u32; 4];
        let mut parts = 0.0;
        for number in 0..100_000 {
            match state.mishap(Call { class: 0, number, attempt: 1 }) {
                Some(Mishap::Error(_)) => seen[0] += 1,
                Some(Mishap::Drop(part)) => (seen[1], parts) = (seen[1] + 1, parts + part),
                Some(Mishap::Hang) => seen[2] += 1,
                None => seen[3] += 1,
            }
        }
        let shares = seen.map(|n| f64::from(n) / 100_000.0);
        let wanted = [0.10, 0.20, 0.05, 0.65];
        assert!(shares.iter().zip(wanted).all(|(is, want)| (is - want).abs() < 0.0076), "{shares:?}");
        assert!((parts / f64::from(seen[1]) - 0.5).abs() < 0.011, "{}", parts / f64::from(seen[1]));
    }

    #[test]
    fn the_luck_of_a_call_depends_on_nothing_but_which_it_is() {
        let faults = Faults { errors: percent(50), ..Faults::default() };
        let luck = |class, number, attempt| state(&faults).mishap(Call { class, number, attempt });
        let fates: Vec<_> = (1..40).map(|n| [luck(0, n, 1), luck(1, n, 1), luck(0, 7, n as u32)]).collect();
        for column in 0..3 {
            assert!(fates.iter().any(|row| row[column].is_some()) && fates.iter().any(|row| row[column].is_none()));
        }
        assert!(fates.iter().any(|row| row[0] != row[1]) && fates.iter().any(|row| row[0] != row[2]));
    }

    #[test]
    fn an_outage_turns_its_share_away_while_it_lasts() {
        let hour = SimDuration::from_secs(3_600);
        let outage = Outage {
            at: Some(crate::units::Moment::After(hour)),
            length: hour,
            share: percent(30),
            says: Says::Overloaded,
            ..Outage::default()
        };
        let mut state = state(&Faults { outage: vec![("x".to_owned(), outage)], ..Faults::default() });
        let mut away = [0; 3];
        for second in 0..3 * 3_600u64 {
            let call = Call { class: 1, number: second, attempt: 1 };
            let told = state.turns_away(SimTime::from_nanos(second * 1_000_000_000), call, 0);
            assert!(told.is_none_or(|fault| fault == Fault::Overloaded));
            away[second as usize / 3_600] += u32::from(told.is_some());
        }
        // 1,080 expected, with the deviation 27.5; five are allowed.
        assert!(away[0] == 0 && away[2] == 0 && away[1].abs_diff(1_080) < 138, "{away:?}");
    }
}
