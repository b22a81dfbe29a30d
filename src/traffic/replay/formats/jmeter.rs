//! CSV results of JMeter, stamped when a sample starts, as is the default; with a header, or with the seventeen columns that
//! it writes by default.

use super::{Format, Looks};
use crate::traffic::replay::digits::are_digits;
use crate::traffic::replay::outcome::Outcome;

pub(super) const FORMAT: Format = Format {
    looks: &[
        Looks::Keys { roots: &[""], has: &["timeStamp", "elapsed"], lacks: &[] },
        Looks::Lines { is: is_like, is_web: false, names: &COLUMNS },
    ],
    time: &["timeStamp"],
    notes: &["samples are stamped when they start, as is JMeter's default"],
    path: &["URL"],
    failed: Some((&["success"], Outcome::Success)),
    ..Format::NONE
};

const COLUMNS: [&str; 17] = [
    "timeStamp",
    "elapsed",
    "label",
    "responseCode",
    "responseMessage",
    "threadName",
    "dataType",
    "success",
    "failureMessage",
    "bytes",
    "sentBytes",
    "grpThreads",
    "allThreads",
    "URL",
    "Latency",
    "IdleTime",
    "Connect",
];

/// Whether `line` has as many fields as by default, with milliseconds since 1970, numbers and a truth value in their places.
fn is_like(line: &[u8]) -> bool {
    let fields: Vec<&[u8]> = line.split(|&byte| byte == b',').collect();
    let are_numbers = |places: &[usize]| places.iter().all(|&place| are_digits(fields[place]));
    fields.len() == COLUMNS.len()
        && fields[0].len() == 13
        && are_numbers(&[0, 1, 9, 10, 11, 12, 14, 15, 16])
        && matches!(fields[7], b"true" | b"false")
}
