//! Texts that the program must produce, kept in `tests/golden`. `RATECAST_BLESS=1 cargo test` rewrites them.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder `tests/golden/FOLDER`, relative to the package, so that pictures name files alike on every machine.
pub fn folder(folder: &str) -> PathBuf {
    Path::new("tests/golden").join(folder)
}

/// Compares `picture` of every `*.toml` in `tests/golden/FOLDER` with the `*.txt` beside it; says how many there are.
///
/// A comment `#! --set KEY=VALUE` in the file is a setting of the command line, handed to `picture`.
pub fn every(name: &str, picture: impl Fn(&Path, &[String]) -> String) -> usize {
    let entries = fs::read_dir(folder(name)).expect("the folder of goldens is there");
    let mut inputs: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    inputs.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    inputs.sort();
    let differing: Vec<String> = inputs
        .iter()
        .filter_map(|input| difference(&input.with_extension("txt"), &picture(input, &settings(input))))
        .collect();
    assert!(differing.is_empty(), "{}\nRATECAST_BLESS=1 rewrites them", differing.join("\n"));
    inputs.len()
}

/// Compares `actual` with `tests/golden/FOLDER/NAME`.
pub fn one(folder_name: &str, name: &str, actual: &str) {
    same(&folder(folder_name).join(name), actual);
}

/// Compares `actual` with the file at `golden`.
pub fn same(golden: &Path, actual: &str) {
    if let Some(difference) = difference(golden, actual) {
        panic!("{difference}\nRATECAST_BLESS=1 rewrites it");
    }
}

fn settings(input: &Path) -> Vec<String> {
    let bytes = fs::read(input).expect("a golden can be read");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.lines().filter_map(|line| line.strip_prefix("#! --set ")).map(str::to_owned).collect()
}

fn difference(golden: &Path, actual: &str) -> Option<String> {
    let expected = fs::read_to_string(golden).unwrap_or_default();
    if expected == actual {
        return None;
    }
    if std::env::var_os("RATECAST_BLESS").is_some() {
        fs::write(golden, actual).expect("a golden can be written");
        return None;
    }
    Some(format!("{} differs\n--- expected\n{expected}\n--- actual\n{actual}", golden.display()))
}
