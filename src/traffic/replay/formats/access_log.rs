//! Access logs in the common or combined format of nginx, Apache and others. They have a clock of whole seconds and no tokens;
//! nginx stamps a request when it has been answered, Apache when it comes.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::outcome::Outcome;
use crate::traffic::replay::web::Fields;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Lines {
        is: is_like,
        is_web: true,
        names: &["host", "identity", "user", "time", "request", "status", "bytes", "referer", "agent"],
    }],
    time: &["time"],
    clock: Clocks::Dates,
    notes: &["every line is a request to the provider, stamped when it arrived: state `only-path` where some are not"],
    path: &["request"],
    failed: Some((&["status"], Outcome::Http)),
    ..Format::NONE
};

/// Whether `line` has a date in brackets as its fourth field, as in `[17/May/2015:10:05:03 +0000]`.
fn is_like(line: &[u8]) -> bool {
    let mut ends = Vec::new();
    let fields = Fields::of(line, &mut ends);
    let date = fields.get(3).unwrap_or_default();
    fields.opens_with(3, b'[') && date.get(2) == Some(&b'/') && date.get(6) == Some(&b'/')
}
