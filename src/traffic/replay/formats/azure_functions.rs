//! Azure's public functions trace of 2021 (Zhang et al., "Faster and Cheaper Serverless Computing on Harvested Resources",
//! SOSP 2021): seconds from the log's own zero to the end of each call.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::TimeUnit;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Headers(&[&["app", "func", "end_timestamp", "duration"]])],
    time: &["end_timestamp"],
    clock: Clocks::Since(TimeUnit::Seconds),
    is_completion: true,
    duration: (&[&["duration"]], TimeUnit::Seconds),
    ..Format::NONE
};
