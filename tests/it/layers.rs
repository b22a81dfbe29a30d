//! The layers of `CONTRIBUTING.md`: which module may use which. Rust does not check this inside one crate.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module with those that it may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("params", &["units"]),
    ("rng", &["units", "params"]),
    ("protocol", &["units", "params"]),
    ("durations", &["units", "params", "rng"]),
    ("traffic", &["units", "params", "rng", "protocol", "durations"]),
    ("limiter", &["units", "params", "rng", "protocol"]),
    ("provider", &["units", "params", "rng", "protocol", "durations", "limiter"]),
    ("client", &["units", "params", "rng", "protocol", "durations", "limiter"]),
    ("recorder", &["units", "params", "protocol"]),
    ("scenario", &["units", "params", "rng", "protocol", "traffic", "limiter", "provider", "client"]),
    (
        "engine",
        &["units", "params", "rng", "protocol", "traffic", "limiter", "provider", "client", "recorder", "scenario"],
    ),
    ("metrics", &["units", "protocol", "recorder"]),
    (
        "plan",
        &[
            "units", "params", "rng", "protocol", "traffic", "limiter", "provider", "client", "recorder", "scenario",
            "engine", "metrics",
        ],
    ),
    (
        "report",
        &["units", "params", "rng", "protocol", "traffic", "limiter", "recorder", "scenario", "metrics", "plan"],
    ),
];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The modules of ours that a line names, in code that is not a test.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or("");
    code.split("crate::").skip(1).filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next())
}

#[test]
fn no_module_uses_one_above_it() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let (mut breaches, mut judged) = (Vec::new(), 0);
    for file in files {
        let module = file.components().nth(1).unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else { continue };
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (number, line) in code.lines().enumerate() {
            for used in named(line).filter(|used| LAYERS.iter().any(|(name, _)| name == used)) {
                judged += 1;
                if used != module && !allowed.contains(&used) {
                    breaches.push(format!("{}:{}: {module} uses {used}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(judged > 100, "only {judged} imports were found");
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn every_module_has_its_layer() {
    let declared = fs::read_to_string("src/lib.rs").unwrap();
    let modules = declared.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in modules.filter(|module| *module != "cli") {
        assert!(LAYERS.iter().any(|(name, _)| *name == module), "`{module}` is in no layer");
    }
}
