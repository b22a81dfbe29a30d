//! The layout of Azure's public LLM inference traces (Patel et al., "Splitwise", ISCA 2024; Stojkovic et al.,
//! "DynamoLLM", HPCA 2025): one request a row, with its arrival in UTC.

use super::layout::{Header, Layout};
use crate::units::grammar::Misread;

const NAMES: [&str; 3] = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"];

pub(super) fn layout(header: &Header) -> Result<Layout, Misread> {
    header.published(&[&NAMES])?;
    Ok(header.columns(NAMES))
}
