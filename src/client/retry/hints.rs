//! What a client makes of a `Retry-After`, where it does not simply wait as long as it says.

use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;

crate::words! {
    /// What a client does with a hint that is longer than it believes.
    #[derive(Default)]
    pub enum LongHint {
        /// It takes its own delay.
        #[default]
        Ignore = "ignore",
        /// It waits as long as it believes, and tries too early.
        Clip = "clip",
        /// It gives up.
        GiveUp = "give-up",
    }
}

crate::words! {
    /// How a hint and the own delay make one.
    #[derive(Default)]
    pub enum HintUse {
        /// The hint replaces the own delay.
        #[default]
        Replace = "replace",
        /// The longer of both.
        Floor = "floor",
        /// The shorter of both.
        Ceiling = "ceiling",
    }
}

/// Departures from waiting exactly as long as a believed hint says; nothing where none is stated.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct HintRules {
    /// What becomes of a hint above `max-retry-after`; by default it is ignored.
    pub long: Option<LongHint>,
    /// How the hint and the own delay make one; by default the hint replaces it.
    pub usage: Option<HintUse>,
    /// Waits so much longer than the hint.
    pub extra: Option<SimDuration>,
    /// And, uniformly, up to so much longer again.
    pub jitter: Option<SimDuration>,
    /// As a floor the hint makes the own delay longer by at most this.
    pub stretch: Option<SimDuration>,
}

impl HintRules {
    /// None of them.
    pub const NONE: HintRules = HintRules { long: None, usage: None, extra: None, jitter: None, stretch: None };

    /// The delay where a believed `hint` meets the client's own delay, from the draw that made that.
    pub fn combine(&self, hint: SimDuration, own: SimDuration, draw: f64) -> SimDuration {
        let told = hint.saturating_add(self.extra.unwrap_or_default());
        let told = told.saturating_add(self.jitter.unwrap_or_default().scale(draw));
        match self.usage {
            None | Some(HintUse::Replace) => told,
            Some(HintUse::Ceiling) => told.min(own),
            Some(HintUse::Floor) => {
                let most = self.stretch.map_or(SimDuration::FOREVER, |stretch| own.saturating_add(stretch));
                told.min(most).max(own)
            }
        }
    }
}

impl Parameters for HintRules {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("long-retry-after", &mut self.long);
        visitor.optional("retry-after-as", &mut self.usage);
        visitor.optional("retry-after-extra", &mut self.extra);
        visitor.optional("retry-after-jitter", &mut self.jitter);
        visitor.optional("retry-after-stretch", &mut self.stretch);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.stretch.is_some() && self.usage != Some(HintUse::Floor) {
            let message = "it bounds a hint that is a floor, and this one is not";
            return Err(Invalid::new("retry-after-stretch", message, "add `retry-after-as = \"floor\"`"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_and_own_delays_make_one() {
        let secs = SimDuration::from_secs;
        let combine = |rules: HintRules, hint, own| rules.combine(secs(hint), secs(own), 0.5);
        let floor = HintRules { usage: Some(HintUse::Floor), ..HintRules::NONE };
        let stretched = HintRules { stretch: Some(secs(5)), ..floor };
        let later = HintRules { extra: Some(secs(1)), jitter: Some(secs(4)), ..HintRules::NONE };
        assert_eq!([combine(floor, 9, 2), combine(floor, 1, 2)], [secs(9), secs(2)]);
        assert_eq!([3, 9, 1].map(|hint| combine(stretched, hint, 2)), [3, 7, 2].map(secs));
        let ceiling = HintRules { usage: Some(HintUse::Ceiling), ..HintRules::NONE };
        assert_eq!([combine(ceiling, 9, 2), combine(ceiling, 1, 2)], [secs(2), secs(1)]);
        assert_eq!(combine(later, 10, 2), secs(13));
    }
}
