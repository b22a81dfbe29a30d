//! The cells of a record, whatever holds it.

use super::paths::Cells as Found;
use super::records::Record;
use super::web::Fields;

/// The cells of one record.
pub(super) trait Cells {
    /// How many values there are for `slot`.
    fn count(&self, slot: usize) -> usize;
    /// The value at `at` of `slot`, from 0.
    fn get(&self, slot: usize, at: usize) -> Option<&[u8]>;
    /// Tells all values for `slot`, in the order of the file.
    fn each(&self, slot: usize, tell: impl FnMut(&[u8]));
}

impl Cells for Found {
    fn count(&self, slot: usize) -> usize {
        self.all(slot).count()
    }

    fn get(&self, slot: usize, at: usize) -> Option<&[u8]> {
        self.all(slot).nth(at)
    }

    fn each(&self, slot: usize, tell: impl FnMut(&[u8])) {
        self.all(slot).for_each(tell);
    }
}

/// The fields of a record in a table.
pub(super) struct Columns<'r> {
    pub(super) record: Record<'r>,
    pub(super) columns: &'r [usize],
}

impl Cells for Columns<'_> {
    fn count(&self, _: usize) -> usize {
        1
    }

    #[inline]
    fn get(&self, slot: usize, at: usize) -> Option<&[u8]> {
        (at == 0).then(|| self.record.field(self.columns[slot]))
    }

    fn each(&self, slot: usize, mut tell: impl FnMut(&[u8])) {
        tell(self.record.field(self.columns[slot]));
    }
}

/// The fields of a line of an access log.
pub(super) struct WebColumns<'l> {
    pub(super) fields: Fields<'l>,
    pub(super) columns: &'l [usize],
}

impl Cells for WebColumns<'_> {
    fn count(&self, slot: usize) -> usize {
        usize::from(self.get(slot, 0).is_some())
    }

    fn get(&self, slot: usize, at: usize) -> Option<&[u8]> {
        if at == 0 { self.fields.get(self.columns[slot]) } else { None }
    }

    fn each(&self, slot: usize, tell: impl FnMut(&[u8])) {
        self.fields.get(self.columns[slot]).into_iter().for_each(tell);
    }
}
