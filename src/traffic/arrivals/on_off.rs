//! Bursts with silence between them.

use super::gamma::GammaGaps;
use super::modulated::{Modulated, State};
use super::{ArrivalModel, ArrivalProcess, check_rate, once_a_second};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{self, Stream};
use crate::units::{Civil, Rate, Share, SimDuration};

/// Arrivals while the source is on, none while it is off; both last exponential times.
///
/// While it is on, the rate is `rate / share`, where `share = on / (on + off)`. With exponential gaps counts in windows
/// of `w` have the variance-to-mean ratio `1 + A · (1 - (1 - e^(-rw)) / (rw))`, `r = 1/on + 1/off`,
/// `A = 2 (rate/share) (1 - share) / r` (Fischer and Meier-Hellstern, Perform. Eval. 18, 1993).
#[derive(Clone, Debug, PartialEq)]
pub struct OnOff {
    /// Mean arrivals per time, silence included. At most 10 million a second while on.
    pub rate: Rate,
    /// Mean time for which it is on, at least 1 ms.
    pub on: SimDuration,
    /// Mean time for which it is off, at least 1 ms; in its place `on-share`.
    pub off: Option<SimDuration>,
    /// Share of the time for which it is on, in 0.01%..100%; in its place `off`.
    pub on_share: Option<Share>,
    /// Coefficient of variation of the gaps while it is on (gamma), in 0.01..=10; 1 is a Poisson process.
    pub gap_cv: f64,
}

impl Default for OnOff {
    fn default() -> Self {
        OnOff { rate: once_a_second(), on: SimDuration::from_secs(60), off: None, on_share: None, gap_cv: 1.0 }
    }
}

const MILLISECOND: SimDuration = SimDuration::from_nanos(1_000_000);

impl Parameters for OnOff {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("rate", &mut self.rate);
        visitor.required("on", &mut self.on);
        visitor.optional("off", &mut self.off);
        visitor.optional("on-share", &mut self.on_share);
        visitor.optional("gap-cv", &mut self.gap_cv);
    }

    fn check(&self) -> Result<(), Invalid> {
        self.check_lengths()?;
        if !(0.01..=10.0).contains(&self.gap_cv) {
            let help = "write a number from 0.01 to 10, as in `1.0`";
            return Err(Invalid::new("gap-cv", format!("`{}` is outside 0.01 to 10", self.gap_cv), help));
        }
        let peak = self.rate.per_second() / self.share();
        if peak > 1e7 {
            let message = format!("`{}` makes {peak:.3e} a second while it is on, more than 10 million", self.rate);
            return Err(Invalid::new("rate", message, "write a lower rate, or a longer time on"));
        }
        super::mmpp::check_changes(self.rate, self.on.min(SimDuration::from_secs_f64(self.off_nanos() * 1e-9)), "on")?;
        check_rate(self.rate)
    }
}

impl OnOff {
    fn check_lengths(&self) -> Result<(), Invalid> {
        let too_short = |key, span| {
            Invalid::new(key, format!("`{span}` is shorter than 1ms"), "write a longer time, as in `\"2min\"`")
        };
        if self.on < MILLISECOND {
            return Err(too_short("on", self.on));
        }
        match (self.off, self.on_share) {
            (Some(_), Some(_)) => {
                Err(Invalid::new("on-share", "both `off` and `on-share` are stated", "keep one of them"))
            }
            (None, None) => Err(Invalid::new(
                "off",
                "nothing says how long it is off",
                "state `off`, as in `\"10min\"`, or `on-share`",
            )),
            (Some(off), None) if off < MILLISECOND => Err(too_short("off", off)),
            (None, Some(share)) if !(0.0001..1.0).contains(&share.as_f64()) => {
                let help = "write a share from 0.01% to below 100%, as in `\"20%\"`";
                Err(Invalid::new("on-share", format!("`{share}` is not between 0.01% and 100%"), help))
            }
            _ => Ok(()),
        }
    }

    fn off_nanos(&self) -> f64 {
        let on = self.on.as_nanos() as f64;
        match (self.off, self.on_share) {
            (_, Some(share)) => on * (1.0 - share.as_f64()) / share.as_f64(),
            (Some(off), None) => off.as_nanos() as f64,
            (None, None) => on,
        }
    }

    /// Of the time for which it is on.
    fn share(&self) -> f64 {
        let on = self.on.as_nanos() as f64;
        on / (on + self.off_nanos())
    }
}

impl ArrivalModel for OnOff {
    fn process(&self, stream: Stream, _start: &Civil) -> Box<dyn ArrivalProcess> {
        let share = self.share();
        let rate = self.rate.events() as f64 / self.rate.nanos() as f64 / share;
        let on = State { rate, mean_length: self.on.as_nanos() as f64, next: vec![(1, 1.0)] };
        let off = State { rate: 0.0, mean_length: self.off_nanos(), next: vec![(0, 1.0)] };
        let law = GammaGaps(rng::Gamma::new(1.0 / (self.gap_cv * self.gap_cv)));
        Modulated::process(vec![on, off], &[share, 1.0 - share], law, stream)
    }

    fn mean_rate(&self) -> Rate {
        self.rate
    }
}
