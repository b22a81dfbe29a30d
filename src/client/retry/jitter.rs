//! How a draw changes a delay, as one word: `none`, `full`, `-25%`, `+-10%`, `+1s` and so on.

use crate::params::{Literal, Parameter, quoted};
use crate::units::grammar::{self, Misread};
use crate::units::{Share, SimDuration};

/// What a uniform draw makes of the step of a growth.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Jitter {
    /// The step itself: clients that were refused together come back together.
    #[default]
    None,
    /// Uniform between zero and the step.
    Full,
    /// Uniform between the least delay and the step.
    AboveLeast,
    /// Half the step and, uniformly, up to the other half.
    Equal,
    /// The step times a uniform factor: shorter by at most `below`, in 0..=1, and longer by at most `above`.
    Factor {
        /// The most that is taken away.
        below: Share,
        /// The most that is added.
        above: Share,
    },
    /// The step plus a uniform time up to this.
    Added(SimDuration),
    /// Exponential, with the step as its mean: without memory, as the theory of retrials assumes.
    Exponential,
    /// Uniform between the first delay and three times the delay before.
    Decorrelated,
    /// Polly's smooth growth by a random exponent.
    DecorrelatedV2,
}

const HELP: &str = "write `\"none\"`, `\"full\"`, `\"above-least\"`, `\"equal\"`, `\"exponential\"`, `\"decorrelated\"`, \
                    `\"decorrelated-v2\"`, a share as in `\"-25%\"`, `\"+50%\"` or `\"+-10%\"`, or a time as in `\"+1s\"`";

impl Jitter {
    fn parse(text: &str) -> Result<Jitter, Misread> {
        let misread = || Misread::new(format!("found the text `{text}`"), HELP);
        let share = |text: &str| grammar::share(text).map_err(|_| misread());
        let none = Share::default();
        Ok(match text {
            "none" => Jitter::None,
            "full" => Jitter::Full,
            "above-least" => Jitter::AboveLeast,
            "equal" => Jitter::Equal,
            "exponential" => Jitter::Exponential,
            "decorrelated" => Jitter::Decorrelated,
            "decorrelated-v2" => Jitter::DecorrelatedV2,
            _ => {
                let jitter = if let Some(both) = text.strip_prefix("+-") {
                    Jitter::Factor { below: share(both)?, above: share(both)? }
                } else if let Some(below) = text.strip_prefix('-') {
                    Jitter::Factor { below: share(below)?, above: none }
                } else if let Some(above) = text.strip_prefix('+') {
                    match above.ends_with('%') {
                        true => Jitter::Factor { below: none, above: share(above)? },
                        false => Jitter::Added(grammar::duration(above).map_err(|_| misread())?),
                    }
                } else {
                    return Err(misread());
                };
                if matches!(jitter, Jitter::Factor { below, .. } if below > Share::ONE) {
                    return Err(Misread::new(format!("`{text}` takes away more than there is"), HELP));
                }
                jitter
            }
        })
    }
}

impl Parameter for Jitter {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let Literal::Text(text) = literal else {
            return Err(Misread::new(format!("found {}", literal.describe()), HELP));
        };
        *self = Jitter::parse(text)?;
        Ok(())
    }

    fn write(&self) -> Option<String> {
        let none = Share::default();
        Some(quoted(&match *self {
            Jitter::None => "none".to_owned(),
            Jitter::Full => "full".to_owned(),
            Jitter::AboveLeast => "above-least".to_owned(),
            Jitter::Equal => "equal".to_owned(),
            Jitter::Factor { below, above } if below == above => format!("+-{below}"),
            Jitter::Factor { below, above } if above == none => format!("-{below}"),
            // No text states two shares that differ.
            Jitter::Factor { above, .. } => format!("+{above}"),
            Jitter::Added(most) => format!("+{most}"),
            Jitter::Exponential => "exponential".to_owned(),
            Jitter::Decorrelated => "decorrelated".to_owned(),
            Jitter::DecorrelatedV2 => "decorrelated-v2".to_owned(),
        }))
    }
}

/// An exponential variate with mean 1, by inversion: 0 at a draw of 0, and 36.7 at the greatest.
pub(super) fn exponential_factor(draw: f64) -> f64 {
    -libm::log1p(-draw)
}

/// Polly's `f(t) = 2^t tanh(sqrt(4t))`, over which a delay is a difference (Polly 8, `DecorrelatedJitterBackoffV2`).
fn smooth(t: f64) -> f64 {
    libm::exp2(t) * libm::tanh((4.0 * t).sqrt())
}

/// The factor of the delay before retry `at` + 1, from one draw.
///
/// Polly draws one exponent for each retry and takes the difference of two that follow one another. Here both come from
/// the halves of one draw, so that the delay needs no memory: each has its exact distribution, but a long one is not
/// followed by a shorter one. The factor is least at a draw of 0 and greatest near 1.
pub(super) fn smooth_factor(at: u32, draw: f64) -> f64 {
    const HALF: f64 = (1u64 << 26) as f64;
    let high = (draw * HALF).floor();
    let (now, before) = (high / HALF, 1.0 - (draw * HALF - high));
    let last = if at == 0 { 0.0 } else { smooth(f64::from(at) - 1.0 + before) };
    (smooth(f64::from(at) + now) - last) / 1.4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_as_written() {
        for text in [
            "none",
            "full",
            "above-least",
            "equal",
            "exponential",
            "-25%",
            "+99%",
            "+-12.5%",
            "+750ms",
            "decorrelated",
            "decorrelated-v2",
        ] {
            let jitter = Jitter::parse(text).unwrap();
            assert_eq!(jitter.write().unwrap(), quoted(text));
        }
    }

    #[test]
    fn other_words_are_refused() {
        for text in ["", "half", "25%", "-25", "+-1s", "+", "-", "-1s", "+1", "-100.5%", "+-200%"] {
            assert!(Jitter::parse(text).is_err(), "{text}");
        }
    }
}
