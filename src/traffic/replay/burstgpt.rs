//! The layouts of BurstGPT (Wang et al., "BurstGPT", KDD 2025), with sessions and without: seconds from midnight of the
//! first day. A row of `0,0,0` is a call that failed; it met the limiter all the same, so it counts.

use super::TimeUnit;
use super::layout::{Header, Layout};
use crate::units::grammar::Misread;

const FIRST: [&str; 6] = ["Timestamp", "Model", "Request tokens", "Response tokens", "Total tokens", "Log Type"];
const THIRD: [&str; 8] = [
    "Timestamp",
    "Session ID",
    "Elapsed time",
    "Model",
    "Request tokens",
    "Response tokens",
    "Total tokens",
    "Log Type",
];

pub(super) fn layout(header: &Header) -> Result<Layout, Misread> {
    header.published(&[&FIRST, &THIRD])?;
    let unit = Some(TimeUnit::Seconds);
    Ok(Layout { unit, ..header.columns(["Timestamp", "Request tokens", "Response tokens"]) })
}
