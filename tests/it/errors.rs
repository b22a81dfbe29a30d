//! The whole picture of each mistake that a scenario can hold.

use crate::golden;
use crate::round_trip::Dice;
use crate::toy::Toy;
use ratecast::params::is_unprintable;
use ratecast::scenario::{Failure, Paint, read, read_text};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn picture(path: &Path, set: &[String]) -> String {
    match read(path, set, &mut Toy::default()) {
        Ok(_) => "no error\n".into(),
        Err(Failure::Scenario(problems)) => problems.draw(Paint::Plain),
        Err(failure) => format!("{failure}\n"),
    }
}

#[test]
fn every_mistake_has_its_picture() {
    assert!(golden::every("errors", picture) > 100);
}

/// A folder of its own for one test.
fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ratecast-errors-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("inside")).expect("a folder can be made");
    folder
}

/// What is said about `scenario`, with the folder's name taken out.
fn said(folder: &Path, scenario: &str) -> String {
    picture(&folder.join(scenario), &[]).replace(&folder.display().to_string(), "FOLDER")
}

#[test]
fn files_that_are_none_are_refused() {
    let folder = scratch("none");
    fs::write(folder.join("large.toml"), vec![b'#'; 2 << 20]).expect("a file can be written");
    let status = Command::new("mkfifo").arg(folder.join("pipe.toml")).status();
    assert!(status.is_ok_and(|status| status.success()), "a pipe can be made");
    let cases = [
        ("nowhere.toml", "there is no such file"),
        ("inside", "it is a folder, not a file"),
        ("pipe.toml", "it is not a regular file"),
        ("large.toml", "it is larger than 1 MiB"),
    ];
    for (name, cause) in cases {
        assert_eq!(said(&folder, name), format!("error: cannot read `FOLDER/{name}`: {cause}\n"));
        fs::write(folder.join("child.toml"), format!("extends = \"{name}\"")).expect("a file can be written");
        let said = said(&folder, "child.toml");
        assert!(
            said.starts_with(&format!("error: cannot read `{name}`: {cause}\n --> FOLDER/child.toml:1:11\n")),
            "{said}"
        );
    }
    assert!(matches!(read(Path::new("/dev/zero"), &[], &mut Toy::default()), Err(Failure::World { .. })));
    fs::remove_dir_all(folder).expect("the folder can be removed");
}

#[test]
fn the_most_that_is_read_is_read() {
    let folder = scratch("most");
    let mut text = b"duration = \"1h\"\n".to_vec();
    text.resize(1 << 20, b'#');
    fs::write(folder.join("most.toml"), &text).expect("a file can be written");
    assert_eq!(said(&folder, "most.toml"), "no error\n");
    let bases = ["\"most.toml\""; 8].join(", ");
    fs::write(folder.join("child.toml"), format!("extends = [{bases}]")).expect("a file can be written");
    let said = said(&folder, "child.toml");
    assert!(said.starts_with("error: the files of the scenario hold more than 8 MiB\n"), "{said}");
    fs::remove_dir_all(folder).expect("the folder can be removed");
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_outside() {
    let folder = scratch("links");
    let link = |to: &str, from: &str| std::os::unix::fs::symlink(to, folder.join(from)).expect("a link can be made");
    fs::write(folder.join("secret.toml"), "secret = \"duration = 3\"\nduration = ").expect("a file can be written");
    fs::write(folder.join("inside/base.toml"), "duration = \"1h\"").expect("a file can be written");
    link("../secret.toml", "inside/out.toml");
    link("..", "inside/up");
    link("base.toml", "inside/in.toml");
    link("round.toml", "inside/round.toml");
    let outside =
        ["out.toml", "up/secret.toml", "./up/inside/up/secret.toml", "../secret.toml", "../inside/../secret.toml"];
    for name in outside {
        fs::write(folder.join("inside/child.toml"), format!("extends = \"{name}\"")).expect("a file can be written");
        let said = said(&folder, "inside/child.toml");
        assert!(said.starts_with(&format!("error: `{name}` lies outside the folder of the scenario\n")), "{said}");
        assert!(!said.contains("secret ="), "{said}");
    }
    for name in ["in.toml", "base.toml", "../inside/base.toml", "up/inside/base.toml"] {
        fs::write(folder.join("inside/child.toml"), format!("extends = \"{name}\"")).expect("a file can be written");
        assert_eq!(said(&folder, "inside/child.toml"), "no error\n", "{name}");
    }
    fs::write(folder.join("inside/child.toml"), "extends = \"round.toml\"").expect("a file can be written");
    assert!(said(&folder, "inside/child.toml").starts_with("error: cannot read `round.toml`: "));
    fs::remove_dir_all(folder).expect("the folder can be removed");
}

fn said_of(text: &str) -> String {
    match read_text("text", text, &[], &mut Toy::default()) {
        Ok(_) => "no error\n".into(),
        Err(failure) => failure.to_string(),
    }
}

#[test]
fn deep_nesting_is_an_error_on_an_ordinary_stack() {
    let dotted = vec!["a"; 79].join(".");
    let bomb = format!("{}1{}", format!("{{{dotted}=").repeat(79), "}".repeat(79));
    let texts = [
        format!("seed = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("seed = {}", "{a=".repeat(100_000)),
        format!("{} = 1", vec!["a"; 50_000].join(".")),
        format!("[{dotted}.a.a.a.a.a]"),
        format!("seed = {bomb}\nseed = {bomb}\n[{dotted}]\nx = {bomb}"),
        format!("seed = {}1{}", "[".repeat(40), "]".repeat(40)),
    ];
    for text in texts {
        let said = said_of(&text);
        assert!(said.starts_with("error: ") && said.len() < 10_000, "{said}");
    }
    let set = format!("{}=1", vec!["a"; 100_000].join("."));
    assert!(read_text("text", "", &[set], &mut Toy::default()).is_err());
    let set = format!("seed={}", "[".repeat(100_000));
    assert!(read_text("text", "", &[set], &mut Toy::default()).is_err());
}

#[test]
fn many_mistakes_are_reported_quickly() {
    let clock = std::time::Instant::now();
    let twice = said_of(&"seed = 1\n".repeat(50_000));
    assert!(twice.ends_with("and 49979 more"), "{twice}");
    let unknown: String = (0..50_000).map(|at| format!("key-{at} = 1\n")).collect();
    assert!(said_of(&unknown).ends_with("and 49981 more"));
    let tables: String = (0..10_000).map(|at| format!("[traffic.n{at}]\nshare = \"1%\"\n")).collect();
    assert!(said_of(&tables).ends_with("more"));
    let names: String = (0..40_000).map(|at| format!("[traffic.n{at}]\n")).collect();
    assert!(said_of(&names).contains("there are more than 10000 names"));
    // Generous, because the machine may be busy: a quadratic step would take minutes.
    assert!(clock.elapsed().as_secs() < 30, "{:?}", clock.elapsed());
}

#[test]
fn nothing_of_the_users_text_reaches_the_terminal_as_it_is() {
    for entry in fs::read_dir(golden::folder("errors")).expect("the folder of goldens is there") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let text = fs::read_to_string(&path).expect("a golden can be read");
            assert!(text.chars().all(|c| c == '\n' || !is_unprintable(c)), "{}", path.display());
        }
    }
}

/// Texts near a good one: pieces of the goldens cut out, doubled, swapped and spoilt.
#[test]
fn no_text_makes_the_reader_panic() {
    let entries = fs::read_dir(golden::folder("errors")).expect("the folder of goldens is there");
    let mut inputs: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    inputs.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    inputs.sort();
    let texts: Vec<Vec<u8>> = inputs.iter().map(|path| fs::read(path).expect("a golden can be read")).collect();
    let mut dice = Dice::new(1);
    for _ in 0..3_000 {
        let mut text = texts[dice.below(texts.len() as u64) as usize].clone();
        let other = &texts[dice.below(texts.len() as u64) as usize];
        text.truncate(2_000);
        for _ in 0..1 + dice.below(4) {
            let (from, len) = (dice.below(text.len() as u64 + 1) as usize, dice.below(12) as usize);
            let to = (from + len).min(text.len());
            match dice.below(4) {
                0 => drop(text.drain(from..to)),
                1 => drop(text.splice(from..from, text[from..to].to_vec())),
                2 => drop(text.splice(from..to, other.iter().copied().skip(from).take(40).collect::<Vec<_>>())),
                _ => drop(text.splice(from..to, [b"[]{}\"'.=\n#,\\\t\r\x00\xc3"[dice.below(16) as usize]])),
            }
        }
        let text = String::from_utf8_lossy(&text);
        let set = [text.lines().next().unwrap_or_default().to_owned()];
        for set in [&[][..], &set[..]] {
            if let Err(Failure::Scenario(problems)) = read_text("text", &text, set, &mut Toy::default()) {
                let drawn = problems.draw(Paint::Plain);
                assert!(
                    drawn.starts_with("error: ") && drawn.chars().all(|c| c == '\n' || !is_unprintable(c)),
                    "{drawn}"
                );
                assert!(problems.draw(Paint::Coloured).starts_with('\u{1b}'));
            }
        }
    }
}
