//! Where in a record its time stamp and its token counts stand.

use super::error::{not_text, quote};
use super::records::Record;
use super::{Replay, TimeUnit, TraceFormat, azure_llm, azure_lmm, burstgpt, csv, vidur};
use crate::units::grammar::Misread;

/// The names in the first record of a file, in order.
pub(super) struct Header {
    pub(super) names: Vec<String>,
}

impl Header {
    pub(super) fn read(record: Record<'_>) -> Result<Self, Misread> {
        let name = |field: &[u8]| match not_text(field) {
            None => Ok(String::from_utf8_lossy(field).into_owned()),
            Some(misread) => Err(misread),
        };
        Ok(Header { names: record.fields().map(name).collect::<Result<_, _>>()? })
    }

    /// The names in backticks.
    pub(super) fn list(&self) -> String {
        let names: Vec<String> = self.names.iter().map(|name| quote(name.as_bytes())).collect();
        names.join(", ")
    }

    /// Whether this is one of the headers under which a layout was `published`.
    pub(super) fn published(&self, published: &[&[&str]]) -> Result<(), Misread> {
        if published.iter().any(|names| self.names == *names) {
            return Ok(());
        }
        let quoted = |names: &&[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let known: Vec<String> = published.iter().map(quoted).collect();
        let message = format!("the header is {}, not {}", self.list(), known.join(", nor "));
        Err(Misread::new(message, "set `format = \"csv\"` and name the columns, as in `time-column = \"created_at\"`"))
    }

    /// The columns with these names: the time as a date, the input tokens and the output tokens.
    pub(super) fn columns(&self, [time, input, output]: [&str; 3]) -> Layout {
        let column = |name: &str| {
            let index = self.names.iter().position(|known| known == name).unwrap_or_default();
            Column { index, name: name.to_owned() }
        };
        let (input, output) = (Some(column(input)), Some(column(output)));
        Layout { fields: self.names.len(), time: column(time), input, output, unit: None }
    }
}

/// One column of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Column {
    /// From 0.
    pub(super) index: usize,
    pub(super) name: String,
}

/// The columns that a replay reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Layout {
    /// How many fields each record has.
    pub(super) fields: usize,
    pub(super) time: Column,
    pub(super) input: Option<Column>,
    pub(super) output: Option<Column>,
    /// What its stamps count; absent where they are dates.
    pub(super) unit: Option<TimeUnit>,
}

impl Layout {
    /// The columns that `spec` means in a file with this header.
    pub(super) fn find(header: &Header, spec: &Replay) -> Result<Self, Misread> {
        match spec.format {
            TraceFormat::AzureLlm => azure_llm::layout(header),
            TraceFormat::AzureLmm => azure_lmm::layout(header),
            TraceFormat::BurstGpt => burstgpt::layout(header),
            TraceFormat::Vidur => vidur::layout(header),
            TraceFormat::Csv => csv::layout(header, spec),
        }
    }

    /// Whether each record is `stamp,count,count`.
    pub(super) fn is_stamp_and_two_counts(&self) -> bool {
        let is_at = |column: &Option<Column>, index| column.as_ref().is_some_and(|column| column.index == index);
        self.fields == 3 && self.time.index == 0 && is_at(&self.input, 1) && is_at(&self.output, 2)
    }
}
