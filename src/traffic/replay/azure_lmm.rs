//! The layout of Azure's public multimodal inference trace of 2025: the images of a request are counted in a column of
//! their own, and how many tokens they weigh is not told.

use super::layout::{Header, Layout};
use crate::units::grammar::Misread;

const NAMES: [&str; 4] = ["TIMESTAMP", "NumImages", "ContextTokens", "GeneratedTokens"];

pub(super) fn layout(header: &Header) -> Result<Layout, Misread> {
    header.published(&[&NAMES])?;
    Ok(header.columns(["TIMESTAMP", "ContextTokens", "GeneratedTokens"]))
}
