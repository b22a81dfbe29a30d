//! HTTP archives, as browsers and proxies save them: each entry is stamped when its request starts.

use super::{Clocks, Format, Looks};

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys { roots: &["log.entries"], has: &["startedDateTime"], lacks: &[] }],
    time: &["startedDateTime"],
    clock: Clocks::Dates,
    ..Format::NONE
};
