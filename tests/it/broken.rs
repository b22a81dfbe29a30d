//! Whole scenarios as users break them, and the whole picture of what each is told.

use crate::golden;
use ratecast::scenario::{Failure, Paint, load};
use std::path::Path;

fn picture(path: &Path, set: &[String]) -> String {
    match load(path, set) {
        Ok(_) => "no error\n".into(),
        Err(Failure::Scenario(problems)) => problems.draw(Paint::Plain),
        Err(failure) => format!("{failure}\n"),
    }
}

/// A panic fails the test by itself, and no picture may call a broken scenario fine.
#[test]
fn every_broken_scenario_has_its_picture() {
    let accepted = std::cell::RefCell::new(Vec::new());
    let judged = golden::every("scenarios", |path, set| {
        let picture = picture(path, set);
        if !picture.starts_with("error: ") {
            accepted.borrow_mut().push(path.display().to_string());
        }
        picture
    });
    assert!(judged >= 250, "only {judged}");
    assert!(accepted.borrow().is_empty(), "accepted: {:#?}", accepted.borrow());
}
