//! HTTP archives, as browsers and proxies save them: each entry is stamped when its request starts.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::outcome::Outcome;

pub(super) const FORMAT: Format = Format {
    looks: &[
        Looks::Keys { roots: &["log.entries"], has: &["startedDateTime"], lacks: &[] },
        // The answer in the first entry may be longer than what is looked at.
        Looks::Keys { roots: &["log.entries"], has: &["/log.version", "/log.creator.name"], lacks: &[] },
    ],
    time: &["startedDateTime"],
    clock: Clocks::Dates,
    path: &["request.url"],
    failed: Some((&["response.status"], Outcome::Http)),
    ..Format::NONE
};
