//! What one record of a log says.

use super::cells::{Cells, Columns, WebColumns};
use super::clients::Clients;
use super::count;
use super::error::{nul_byte, quote};
use super::json;
use super::key;
use super::layout::{Layout, Place, Simple, Test};
use super::outcome::Outcome;
use super::paths::{Cells as Found, Paths};
use super::periods::Periods;
use super::plain::Reading;
use super::records::Record;
use super::stamp::{self, Clock, Stamp, Zone};
use super::web::Fields;
use super::{Replay, RowOrder, Thousands};
use crate::units::grammar::Misread;
use crate::units::{SimDuration, Tokens};
use std::hash::{DefaultHasher, Hash, Hasher};

/// One record.
pub(super) enum Row {
    /// A request, and what tells it from others where a request has several records.
    Request(Reading, Option<u128>),
    /// No request.
    Skipped,
}

/// What a cell of a record is called in messages, and what is wrong with it.
pub(super) type Wrong = (Option<usize>, Misread);

/// What is needed to understand a record.
pub(super) struct State {
    pub(super) clock: Clock,
    thousands: Option<Thousands>,
    session_every: Option<SimDuration>,
    /// The session of the last record, and how many came before it.
    session: Option<(Vec<u8>, u64)>,
    pub(super) clients: Clients,
    /// For each test the cell of the record before.
    before: Vec<Vec<u8>>,
    /// How many records each test took away.
    pub(super) skipped: Vec<u64>,
    /// How many requests were not wanted, by reason.
    pub(super) left_out: Vec<u64>,
    pub(super) without_duration: u64,
    /// For the JSON in a column.
    found: Found,
}

impl Simple {
    #[inline]
    pub(super) fn read(self, record: Record<'_>, state: &mut State) -> Result<Reading, Wrong> {
        if record.len() != self.fields {
            return Err((None, wrong_number_of_fields(record, self.fields)));
        }
        let (slot, column) = self.time;
        let stamp = state.clock.read(record.field(column)).map_err(|misread| (Some(slot), misread))?;
        let tokens = |at: Option<(usize, usize)>| match at {
            None => Ok(None),
            Some((slot, column)) => {
                count::read(record.field(column), state.thousands).map_err(|misread| (Some(slot), misread))
            }
        };
        let failed = self.failed.is_some_and(|(column, outcome)| outcome.is_failure(record.field(column)));
        let (input, output) = (tokens(self.input)?, tokens(self.output)?);
        Ok(Reading { stamp, input, cached: None, output, client: None, key: None, failed })
    }
}

impl State {
    /// Before the first record of a log that `spec` reads as `layout`.
    pub(super) fn new(layout: &Layout, spec: &Replay) -> Self {
        let (tests, wants) = (layout.keep.len(), layout.only.len());
        let zone = spec.zone.as_deref().and_then(|zone| Zone::new(zone, spec.order == RowOrder::File));
        State {
            clock: Clock::new(layout.writing).in_zone(zone),
            thousands: spec.thousands,
            session_every: spec.session_every,
            session: None,
            clients: Clients::default(),
            before: vec![Vec::new(); tests],
            skipped: vec![0; tests],
            left_out: vec![0; wants],
            without_duration: 0,
            found: Found::default(),
        }
    }

    pub(super) fn table(
        &mut self,
        layout: &Layout,
        record: Record<'_>,
        periods: Option<&mut Periods>,
    ) -> Result<Row, Wrong> {
        let Place::Table { fields, columns, inner, .. } = &layout.place else { return Ok(Row::Skipped) };
        if record.len() != *fields {
            return Err((None, wrong_number_of_fields(record, *fields)));
        }
        if inner.iter().all(Option::is_none) {
            return self.row(layout, &Columns { record, columns }, periods);
        }
        let mut found = std::mem::take(&mut self.found);
        let read = within_cells(&mut found, record, columns, inner);
        let row = read.and_then(|()| self.row(layout, &found, periods));
        self.found = found;
        row
    }

    pub(super) fn web(
        &mut self,
        layout: &Layout,
        fields: Fields<'_>,
        periods: Option<&mut Periods>,
    ) -> Result<Row, Wrong> {
        let Place::Web { least, columns } = &layout.place else { return Ok(Row::Skipped) };
        if fields.len() < *least {
            return Err((None, too_few_fields(fields, *least)));
        }
        self.row(layout, &WebColumns { fields, columns }, periods)
    }

    #[inline]
    pub(super) fn row(
        &mut self,
        layout: &Layout,
        cells: &impl Cells,
        periods: Option<&mut Periods>,
    ) -> Result<Row, Wrong> {
        if !layout.keep.is_empty() && !self.is_kept(layout, cells) {
            return Ok(Row::Skipped);
        }
        for (wanted, left_out) in layout.only.iter().zip(&mut self.left_out) {
            if !wanted.holds(cells)? {
                *left_out += 1;
                return Ok(Row::Skipped);
            }
        }
        if let Some(periods) = periods {
            periods.add(layout, cells, &mut self.clock, self.thousands)?;
            return Ok(Row::Skipped);
        }
        let stamp = self.stamp(layout, cells)?;
        let input = self.tokens(layout, cells, &layout.input)?;
        let cached = self.tokens(layout, cells, &layout.cached)?;
        let cached = input.and_then(|input| cached.map(|cached| cached.min(input)));
        let output = self.tokens(layout, cells, &layout.output)?;
        let client = match layout.client {
            None => None,
            Some(slot) => {
                let name = one(layout, cells, slot)?.unwrap_or_default().trim_ascii();
                Some(self.clients.number(name).map_err(|misread| (Some(slot), misread))?)
            }
        };
        let key = layout.key.and_then(|slot| key::key(cells, slot));
        let has_failed = |(slot, outcome): (usize, Outcome)| outcome.is_failure(cells.get(slot, 0).unwrap_or_default());
        let failed = layout.failed.is_some_and(has_failed);
        let id = if layout.once.is_empty() { None } else { identity(layout, cells) };
        Ok(Row::Request(Reading { stamp, input, cached, output, client, key, failed }, id))
    }

    fn is_kept(&mut self, layout: &Layout, cells: &impl Cells) -> bool {
        for (at, &(slot, test, _)) in layout.keep.iter().enumerate() {
            let cell = cells.get(slot, 0).unwrap_or_default().trim_ascii();
            let is_in = |words: &[&str]| words.iter().any(|word| cell.eq_ignore_ascii_case(word.as_bytes()));
            let is_kept = match test {
                Test::Is(words) => is_in(words),
                Test::IsNot(words) => !is_in(words),
                Test::Present => !cell.is_empty(),
                Test::Changes => {
                    let changes = self.before[at] != cell || cell.is_empty();
                    self.before[at] = cell.to_vec();
                    changes
                }
            };
            if !is_kept {
                self.skipped[at] += 1;
                return false;
            }
        }
        true
    }

    /// When the request arrived.
    #[inline]
    pub(super) fn stamp(&mut self, layout: &Layout, cells: &impl Cells) -> Result<Stamp, Wrong> {
        let slot = layout.time;
        let in_time = |misread| (Some(slot), misread);
        let cell = one(layout, cells, slot)?;
        let mut stamp = self.clock.read(cell.unwrap_or_default()).map_err(in_time)?;
        if layout.is_completion {
            stamp = self.arrival(layout, cells, stamp)?;
        }
        match layout.session {
            None => Ok(stamp),
            Some(session) => {
                let start = self.session_start(cells.get(session, 0).unwrap_or_default()).map_err(in_time)?;
                stamp.plus(start).ok_or_else(|| (Some(slot), too_late(stamp)))
            }
        }
    }

    /// The arrival of a request that was answered at `stamp`.
    fn arrival(&mut self, layout: &Layout, cells: &impl Cells, stamp: Stamp) -> Result<Stamp, Wrong> {
        let (mut nanos, mut is_known) = (0u64, false);
        for &slot in &layout.duration {
            let cell = one(layout, cells, slot)?.unwrap_or_default();
            let part = stamp::duration(cell, layout.duration_unit).map_err(|misread| (Some(slot), misread))?;
            is_known |= part.is_some();
            nanos = nanos.saturating_add(part.unwrap_or_default());
        }
        self.without_duration += u64::from(!is_known);
        stamp.minus(nanos).ok_or_else(|| {
            let message = "the request would have arrived centuries before its answer";
            (layout.duration.first().copied(), Misread::new(message, "check `duration-unit`"))
        })
    }

    /// Nanoseconds from the log's zero to the start of the session called `name`.
    fn session_start(&mut self, name: &[u8]) -> Result<u64, Misread> {
        let Some(every) = self.session_every else {
            let message = "each session has its own zero, and nothing says when sessions start";
            return Err(Misread::new(message, "say how far apart, as in `session-every = \"10min\"`"));
        };
        match &mut self.session {
            Some((known, _)) if known == name => {}
            Some((known, number)) => (*known, *number) = (name.to_vec(), *number + 1),
            none => *none = Some((name.to_vec(), 0)),
        }
        let number = self.session.as_ref().map_or(0, |(_, number)| *number);
        Ok(every.as_nanos().saturating_mul(number))
    }

    /// The sum of the counts in `slots`; `None` where none of them was recorded.
    #[inline]
    fn tokens(&self, layout: &Layout, cells: &impl Cells, slots: &[usize]) -> Result<Option<Tokens>, Wrong> {
        let read = |slot: usize| {
            let Some(cell) = one(layout, cells, slot)? else { return Ok(None) };
            count::read(cell, self.thousands).map_err(|misread| (Some(slot), misread))
        };
        if let [slot] = slots {
            return read(*slot);
        }
        let mut sum: Option<u64> = None;
        for &slot in slots {
            if let Some(count) = read(slot)? {
                sum = Some(sum.unwrap_or_default() + u64::from(count));
            }
        }
        let narrow = |sum: u64| {
            count::narrow(sum, sum.to_string().as_bytes()).map_err(|misread| (slots.first().copied(), misread))
        };
        sum.map(narrow).transpose()
    }
}

/// The value of `slot`, of which a record has at most one.
#[inline]
fn one<'c>(layout: &Layout, cells: &'c impl Cells, slot: usize) -> Result<Option<&'c [u8]>, Wrong> {
    let cell = cells.get(slot, 0);
    if cell.is_some() && !layout.slots[slot].may_repeat && cells.count(slot) > 1 {
        let message = format!("there are {} values instead of one", cells.count(slot));
        return Err((Some(slot), Misread::new(message, "give every key once, and one value")));
    }
    Ok(cell)
}

fn too_late(stamp: Stamp) -> Misread {
    let message = format!(
        "with `session-every`, {} seconds into its session lie past the year 2200",
        stamp.nanos() / 1_000_000_000
    );
    Misread::new(message, "state a shorter `session-every`")
}

/// What tells a request from others; `None` where it has no ids at all.
fn identity(layout: &Layout, cells: &impl Cells) -> Option<u128> {
    let ids = layout.once.iter().map(|&slot| cells.get(slot, 0));
    if ids.clone().all(|id| id.is_none()) {
        return None;
    }
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        ids.clone().for_each(|id| id.hash(&mut hasher));
        u128::from(hasher.finish())
    };
    Some(half(0) << 64 | half(1))
}

/// Takes the cells of `record` into `found`, from within their JSON where that is wanted.
fn within_cells(
    found: &mut Found,
    record: Record<'_>,
    columns: &[usize],
    inner: &[Option<Paths>],
) -> Result<(), Wrong> {
    let mut deep = Found::default();
    found.clear();
    for (slot, (&column, paths)) in columns.iter().zip(inner).enumerate() {
        let cell = record.field(column);
        match paths {
            None => found.push(slot, cell),
            Some(_) if cell.trim_ascii().is_empty() => {}
            Some(paths) => {
                paths.read(cell, &mut deep).map_err(|error| (Some(slot), json::misread(&error)))?;
                deep.all(0).for_each(|value| found.push(slot, value));
            }
        }
    }
    Ok(())
}

fn too_few_fields(fields: Fields<'_>, expected: usize) -> Misread {
    if fields.text().contains(&0) {
        return nul_byte();
    }
    let found = fields.len();
    let noun = if found == 1 { "field" } else { "fields" };
    let message = format!("found {found} {noun} instead of {expected} or more: {}", quote(fields.text()));
    Misread::new(message, "complete the line or delete it: the file may have been cut off here")
}

fn wrong_number_of_fields(record: Record<'_>, expected: usize) -> Misread {
    if record.text().contains(&0) {
        return nul_byte();
    }
    let found = record.len();
    let noun = if found == 1 { "field" } else { "fields" };
    let start = quote(&record.fields().collect::<Vec<_>>().join(&b','));
    let message = format!("found {found} {noun} instead of {expected}: {start}");
    let help = match () {
        _ if record.spans_lines => "look for a quote `\"` that is not closed: the record goes over several lines",
        _ if found < expected => "complete the row or delete it: the file may have been cut off here",
        _ => "quote text that has a comma in it, and write counts without commas",
    };
    Misread::new(message, help)
}
