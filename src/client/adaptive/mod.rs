//! A client that adapts: how fast it sends ([`rate`]), how many calls it keeps in flight ([`window`]), and when it stops
//! waiting for a slow one ([`hedge`]).
//!
//! All three learn from the answers alone, without knowing the limit. They are told the time and each answer; inside they
//! count in floats by plain arithmetic and `libm`, so that every machine decides alike, and say instants in whole
//! nanoseconds.

pub mod hedge;
mod latencies;
pub mod rate;
pub mod window;

use crate::params::Invalid;

/// Refuses a share of one that is not between 0 and 1.
fn check_factor(key: &'static str, factor: f64) -> Result<(), Invalid> {
    if factor > 0.0 && factor < 1.0 {
        return Ok(());
    }
    let message = format!("`{factor:?}` is not between 0 and 1");
    Err(Invalid::new(key, message, "write a number between 0 and 1, as in `0.7`"))
}
