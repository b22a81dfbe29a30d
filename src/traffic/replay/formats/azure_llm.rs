//! Azure's public LLM inference traces (Patel et al., "Splitwise", ISCA 2024; Stojkovic et al., "DynamoLLM", HPCA 2025): one
//! request a row, with its arrival in UTC.

use super::{Clocks, Format, Looks};

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Headers(&[&["TIMESTAMP", "ContextTokens", "GeneratedTokens"]])],
    time: &["TIMESTAMP"],
    clock: Clocks::Dates,
    input: &[&["ContextTokens"]],
    output: &[&["GeneratedTokens"]],
    ..Format::NONE
};
