//! The layout of vidur's processed traces (Agrawal et al., "Vidur", MLSys 2024): seconds from the log's own zero.

use super::TimeUnit;
use super::layout::{Header, Layout};
use crate::units::grammar::Misread;

const NAMES: [&str; 3] = ["arrived_at", "num_prefill_tokens", "num_decode_tokens"];

pub(super) fn layout(header: &Header) -> Result<Layout, Misread> {
    let unit = Some(TimeUnit::Seconds);
    header.published(&[&NAMES]).map(|_| Layout { unit, ..header.columns(NAMES) })
}
