//! CSV results of JMeter, stamped when a sample starts, as is the default.

use super::{Format, Looks};

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys { roots: &[""], has: &["timeStamp", "elapsed"], lacks: &[] }],
    time: &["timeStamp"],
    notes: &["samples are stamped when they start, as is JMeter's default"],
    path: &["URL"],
    ..Format::NONE
};
