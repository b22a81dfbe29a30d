//! Azure's public multimodal inference trace of 2025: as its LLM traces, with the number of images. What those weigh in
//! tokens is part of the input.

use super::{Clocks, Format, Looks};

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Headers(&[&["TIMESTAMP", "NumImages", "ContextTokens", "GeneratedTokens"]])],
    time: &["TIMESTAMP"],
    clock: Clocks::Dates,
    input: &[&["ContextTokens"]],
    output: &[&["GeneratedTokens"]],
    ..Format::NONE
};
