//! Any document as a table of two columns, for spreadsheets.

use super::table::inert;
use serde::Serialize;
use serde_json::Value;

/// One row for each value of `document`: `figure,value`, where a figure is a path such as `gaps.cv`. Members of a list go
/// by their `window_s` or `name`, where they have one, else by their place.
pub fn csv(document: &impl Serialize) -> String {
    let mut rows = vec![("figure".to_owned(), "value".to_owned())];
    // What cannot be made into a value has no rows.
    flatten("", &serde_json::to_value(document).unwrap_or_default(), &mut rows);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written: Result<(), csv::Error> =
        rows.iter().try_for_each(|(figure, value)| writer.write_record([figure.as_str(), value.as_str()]));
    let bytes = written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn flatten(path: &str, value: &Value, rows: &mut Vec<(String, String)>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| flatten(&below(key), value, rows)),
        Value::Array(members) => members.iter().enumerate().for_each(|(at, value)| {
            let name = ["window_s", "name"].iter().find_map(|key| value.get(key));
            let name =
                name.map_or_else(|| at.to_string(), |name| name.as_str().map_or(name.to_string(), str::to_owned));
            flatten(&below(&name), value, rows);
        }),
        Value::Null => rows.push((path.to_owned(), String::new())),
        Value::Number(number) => rows.push((path.to_owned(), number.to_string())),
        Value::String(text) => rows.push((path.to_owned(), inert(text))),
        Value::Bool(value) => rows.push((path.to_owned(), value.to_string())),
    }
}
