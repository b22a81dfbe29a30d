//! The layout of Azure's public LLM inference traces (Patel et al., "Splitwise", ISCA 2024; Stojkovic et al.,
//! "DynamoLLM", HPCA 2025): one request a row, with its arrival in UTC.

use super::layout::{Column, Header, Layout};
use crate::units::grammar::Misread;

const NAMES: [&str; 3] = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"];

pub(super) fn layout(header: &Header) -> Result<Layout, Misread> {
    if header.names != NAMES {
        let message = format!("the header is {}, not `TIMESTAMP`, `ContextTokens`, `GeneratedTokens`", header.list());
        return Err(Misread::new(message, remedy(header)));
    }
    let column = |index: usize| Column { index, name: NAMES[index].into() };
    Ok(Layout { fields: NAMES.len(), time: column(0), input: Some(column(1)), output: Some(column(2)) })
}

fn remedy(header: &Header) -> &'static str {
    match header.names.as_slice() {
        [only] if only.contains([';', '\t']) => "separate the fields by commas",
        _ => "set `format = \"csv\"` and name the columns, as in `time-column = \"created_at\"`",
    }
}
