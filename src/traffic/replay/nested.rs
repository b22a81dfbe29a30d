//! Requests within a record: what a sub-agent asked for, in a list within the session of its parent.
//!
//! Times in such a list count from the start of the sub-agent, or from that of the session, as the publisher likes. A list
//! whose first request is not before the sub-agent itself counts from the session, any other from the sub-agent.

use super::error::quote;
use super::json;
use super::layout::Layout;
use super::paths::{self, Cells, Paths};
use super::plain::Reading;
use super::row::{Row, State, Wrong};
use super::stamp::Stamp;
use crate::units::grammar::Misread;
use std::collections::VecDeque;

/// How deep sub-agents may have sub-agents.
const MOST_DEEP: usize = 8;
/// The most requests of one record.
const MOST_REQUESTS: usize = 1 << 18;

/// A list that is still to be read, when what it belongs to began, and how many others it lies in.
struct List {
    json: Vec<u8>,
    start: Stamp,
    depth: usize,
}

/// Whether the record in `cells` has a list of requests; these come into `out`, those of lists within it behind the others.
pub(super) fn read(
    cells: &mut Cells,
    (layout, paths): (&Layout, &Paths),
    state: &mut State,
    out: &mut VecDeque<Reading>,
) -> Result<bool, Wrong> {
    let Some(slot) = layout.nested else { return Ok(false) };
    let Some(json) = cells.all(slot).next().map(<[u8]>::to_vec) else { return Ok(false) };
    let start = state.stamp(layout, cells)?;
    let mut lists = vec![List { json, start, depth: 1 }];
    while let Some(List { json, start, depth }) = lists.pop() {
        let (mut base, mut wrong) = (None, None);
        let each = |element: &str| {
            let read = paths.read(element.as_bytes(), cells).map_err(|error| (None, json::misread(&error)));
            let added = read.and_then(|()| {
                let stamp = state.stamp(layout, cells)?;
                let base = *base.get_or_insert(if stamp >= start { Stamp::at(0) } else { start });
                let shift = |stamp: Stamp| stamp.plus(base.nanos().unsigned_abs()).ok_or_else(|| too_late(layout));
                if let Some(json) = cells.all(slot).next() {
                    lists.push(List { json: json.to_vec(), start: shift(stamp)?, depth: depth + 1 });
                } else if let Row::Request(reading, _) = state.row(layout, cells, None)? {
                    out.push_back(Reading { stamp: shift(reading.stamp)?, ..reading });
                }
                Ok(())
            });
            wrong = added.err();
            wrong.is_none() && out.len() < MOST_REQUESTS
        };
        let is_list = paths::elements(&json, each).is_ok();
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        if !is_list || out.len() >= MOST_REQUESTS || lists.iter().any(|list| list.depth > MOST_DEEP) {
            return Err((Some(slot), unreadable(&json, is_list, out.len())));
        }
    }
    Ok(true)
}

fn too_late(layout: &Layout) -> Wrong {
    let message = "the request of a sub-agent lies past the year 2200";
    (Some(layout.time), Misread::new(message, "check the times of the sub-agent"))
}

fn unreadable(json: &[u8], is_list: bool, requests: usize) -> Misread {
    match () {
        _ if !is_list => {
            let message = format!("{} is not a list of requests", quote(json));
            Misread::new(message, "write the requests of the sub-agent as a list of objects")
        }
        _ if requests >= MOST_REQUESTS => {
            let message = format!("the sub-agent has {MOST_REQUESTS} requests or more");
            Misread::new(message, "split its session")
        }
        _ => {
            let message = format!("sub-agents lie more than {MOST_DEEP} deep in one another");
            Misread::new(message, "write them side by side")
        }
    }
}
