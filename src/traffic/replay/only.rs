//! Which rows of a log are wanted, where the scenario wants some of them only.

use super::cells::Cells;
use super::error::quote;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::grammar::Misread;

/// The rows in which a column holds one value.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Only {
    /// The column, by its name in the header or its dotted path in JSON.
    pub column: String,
    /// What it holds; with a `*` at the end, what it begins with.
    pub value: String,
}

impl Parameters for Only {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("column", &mut self.column);
        visitor.required("value", &mut self.value);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.column.is_empty() {
            return Err(Invalid::new("column", "the name is empty", "write a name in the header, as in `\"model\"`"));
        }
        Ok(())
    }
}

/// What a cell must be for its row to be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    slot: usize,
    /// Whether the cell has a path in it, which is all that counts.
    is_path: bool,
    text: Vec<u8>,
    /// Whether more may follow.
    is_start: bool,
    /// What is said of the rows that are left out.
    pub(super) others: String,
}

impl Wanted {
    /// The path in `slot` is `wanted`.
    pub(super) fn path(slot: usize, wanted: &str) -> Wanted {
        Wanted::new(slot, true, wanted, format!("on another path than {}", quote(wanted.as_bytes())))
    }

    /// The cell in `slot`, as `only` says.
    pub(super) fn value(slot: usize, only: &Only) -> Wanted {
        let (column, value) = (quote(only.column.as_bytes()), quote(only.value.as_bytes()));
        Wanted::new(slot, false, &only.value, format!("with another {column} than {value}"))
    }

    fn new(slot: usize, is_path: bool, wanted: &str, others: String) -> Wanted {
        let (text, is_start) = wanted.strip_suffix('*').map_or((wanted, false), |start| (start, true));
        Wanted { slot, is_path, text: text.as_bytes().to_vec(), is_start, others }
    }

    /// Whether the record is one of those.
    ///
    /// # Errors
    ///
    /// Where it has several values, and nobody knows for which of them its counts are.
    pub(super) fn holds(&self, cells: &impl Cells) -> Result<bool, (Option<usize>, Misread)> {
        let count = cells.count(self.slot);
        if count > 1 {
            let message = format!("one record has {count} values, and its counts cannot be told apart");
            return Err((
                Some(self.slot),
                Misread::new(message, "export one record for each value, or leave `only` out"),
            ));
        }
        let cell = cells.get(self.slot, 0).unwrap_or_default().trim_ascii();
        let cell = if self.is_path { path(cell) } else { cell };
        Ok(if self.is_start { cell.starts_with(&self.text) } else { cell == self.text })
    }
}

/// The path in a request line such as `GET https://host:443/v1?x=y HTTP/1.1`, in an URL, or alone; without its query.
fn path(cell: &[u8]) -> &[u8] {
    let mut words = cell.split(|&byte| byte == b' ');
    let first = words.next().unwrap_or_default();
    let is_method = !first.is_empty() && first.iter().all(u8::is_ascii_uppercase);
    let target = words.next().filter(|_| is_method).unwrap_or(first);
    let target = target.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
    match target.windows(3).position(|window| window == b"://") {
        Some(scheme) => {
            let host = &target[scheme + 3..];
            host.iter().position(|&byte| byte == b'/').map_or(b"/", |slash| &host[slash..])
        }
        None => target,
    }
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn paths_stand_in_request_lines_and_addresses() {
        for cell in [
            "/v1/x",
            "/v1/x?key=/y",
            "GET /v1/x HTTP/1.1",
            "POST https://api.example.com:443/v1/x?a=b#c HTTP/2.0",
            "https://api.example.com/v1/x#c",
            "GET /v1/x",
            "/v1/x?to=https://example.com/y",
        ] {
            assert_eq!(path(cell.as_bytes()), b"/v1/x", "{cell}");
        }
        assert_eq!(path(b"https://api.example.com"), b"/");
        assert_eq!(path(b"-"), b"-");
        assert_eq!(path(b""), b"");
    }
}
