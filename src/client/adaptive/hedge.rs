//! A second call for a request whose first takes long.

use super::latencies::Latencies;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Share, SimDuration};

/// Sends the same request again when it has no answer after a while, and takes whichever answer comes first (Dean and
/// Barroso, The Tail at Scale, 2013; gRPC A6). The other call runs on at the provider, and is paid for.
///
/// With one more call after d, and answers that take a time S of their own each, the request takes longer than t with
/// probability P(S > t) P(S > t - d) from d on, and needs 1 + P(S > d) calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Hedge {
    /// How long to wait before each further call; beside a `percentile`, until enough latencies were seen.
    pub delay: Option<SimDuration>,
    /// Waits for that percentile of the latencies of calls seen so far, above 0 and below 100.
    pub percentile: Option<f64>,
    /// Latencies that a percentile needs.
    pub samples: u64,
    /// Further calls of a request, at most.
    pub extra: u32,
    /// The greatest share of all calls that are further calls; without it there is no bound.
    pub share: Option<Share>,
}

/// A request that is in flight more often than that is no hedge.
const MOST_EXTRA: u32 = 16;

impl Default for Hedge {
    fn default() -> Self {
        Hedge { delay: None, percentile: None, samples: 100, extra: 1, share: None }
    }
}

impl Parameters for Hedge {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("delay", &mut self.delay);
        visitor.optional("percentile", &mut self.percentile);
        visitor.optional("samples", &mut self.samples);
        visitor.optional("extra", &mut self.extra);
        visitor.optional("share", &mut self.share);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.delay.is_none() && self.percentile.is_none() {
            let help = "write a time, as in `delay = \"2s\"`, or `percentile = 95`";
            return Err(Invalid::new("delay", "nothing says when to send again", help));
        }
        if let Some(percentile) = self.percentile
            && !(percentile > 0.0 && percentile < 100.0)
        {
            let message = format!("`{percentile:?}` is not above 0 and below 100");
            return Err(Invalid::new("percentile", message, "write a number as in `95`"));
        }
        if self.samples == 0 {
            return Err(Invalid::new("samples", "nothing has no percentile", "write at least 1"));
        }
        if !(1..=MOST_EXTRA).contains(&self.extra) {
            let message = format!("there are {} further calls", self.extra);
            return Err(Invalid::new("extra", message, format!("write 1 to {MOST_EXTRA}")));
        }
        if self.share.is_some_and(|share| share == Share::default() || share > Share::ONE) {
            let help = "write a share above 0 and at most `\"100%\"`, or leave it out";
            return Err(Invalid::new("share", "this is no share of calls", help));
        }
        Ok(())
    }
}

/// What a client knows about its calls, for its hedges.
#[derive(Clone, Debug)]
pub struct Hedging {
    model: Hedge,
    latencies: Option<Latencies>,
    calls: u64,   // of all kinds
    further: u64, // that were hedges
}

impl Hedging {
    /// Before the first call.
    pub fn new(model: &Hedge) -> Self {
        let latencies = model.percentile.map(|percentile| Latencies::new(percentile / 100.0));
        Hedging { model: model.clone(), latencies, calls: 0, further: 0 }
    }

    /// How long after a call the next one for the same request goes, if it has no answer by then; `None` where too little
    /// is known yet.
    pub fn delay(&self) -> Option<SimDuration> {
        match &self.latencies {
            Some(latencies) if latencies.count() >= self.model.samples => Some(latencies.percentile()),
            _ => self.model.delay,
        }
    }

    /// Further calls of a request, at most.
    pub fn most(&self) -> u32 {
        self.model.extra
    }

    /// Whether one more further call keeps their share of all calls.
    pub fn allows(&self) -> bool {
        self.model.share.is_none_or(|share| self.further < share.of(self.calls + 1))
    }

    /// A call goes, as a hedge or not.
    pub fn sent(&mut self, is_hedge: bool) {
        self.calls += 1;
        self.further += u64::from(is_hedge);
    }

    /// A call was served, and took so long.
    pub fn served(&mut self, took: SimDuration) {
        if let Some(latencies) = &mut self.latencies {
            latencies.record(took);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_as_stated_until_it_knows_better() {
        let delay = Some(SimDuration::from_secs(9));
        let mut hedging = Hedging::new(&Hedge { delay, percentile: Some(50.0), samples: 3, ..Hedge::default() });
        for secs in [1, 2, 4] {
            assert_eq!(hedging.delay(), delay);
            hedging.served(SimDuration::from_secs(secs));
        }
        let learnt = hedging.delay().unwrap().as_secs_f64();
        assert!((learnt / 2.0 - 1.0).abs() < 0.01, "{learnt}");
        assert_eq!(Hedging::new(&Hedge { percentile: Some(50.0), ..Hedge::default() }).delay(), None);
    }

    #[test]
    fn sends_no_more_than_its_share() {
        let share = Some(Share::from_hundred_millionths(10_000_000));
        let mut hedging = Hedging::new(&Hedge { share, ..Hedge::default() });
        let mut hedges = Vec::new();
        for call in 1..=40 {
            let hedges_now = hedging.allows();
            hedging.sent(hedges_now);
            hedges.extend(hedges_now.then_some(call));
        }
        assert_eq!(hedges, [10, 20, 30, 40]);
    }
}
