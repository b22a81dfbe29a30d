//! Results of vegeta: `vegeta encode -to csv`, which has no header, or `-to json`. Stamps are taken when a request starts.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::digits::are_digits;
use crate::traffic::replay::outcome::Outcome;

pub(super) const FORMAT: Format = Format {
    looks: &[
        Looks::Lines {
            is: is_like,
            is_web: false,
            names: &["timestamp", "code", "latency", "bytes_out", "bytes_in", "error", "body", "attack", "seq"],
        },
        Looks::Keys { roots: &[""], has: &["timestamp", "latency", "seq", "attack"], lacks: &[] },
    ],
    time: &["timestamp"],
    clock: Clocks::Told,
    path: &["url"],
    failed: Some((&["code"], Outcome::Http)),
    ..Format::NONE
};

/// Whether `line` begins with nanoseconds since 1970, a status and a latency, and has all the fields.
fn is_like(line: &[u8]) -> bool {
    let fields: Vec<&[u8]> = line.split(|&byte| byte == b',').collect();
    fields.len() >= 9 && fields[0].len() == 19 && fields[..5].iter().all(|field| are_digits(field))
}
