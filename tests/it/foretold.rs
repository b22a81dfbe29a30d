//! Scenarios small enough to foretell their runs by hand: a text that a module's tests share, and what each adds to it.

use ratecast::engine::{Cell, Stop, simulate};
use ratecast::recorder::Record;
use ratecast::scenario::{Scenario, load_text};

/// The scenario of `base` with what `text` adds to it; a line of `text` that begins with `set` replaces a value.
pub fn scenario(base: &str, text: &str) -> Scenario {
    let (set, added): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.trim().starts_with("set "));
    let set: Vec<String> = set.iter().map(|line| line.trim().replacen("set ", "", 1)).collect();
    let text = format!("{base}{}", added.join("\n"));
    load_text("foretold", &text, &set).unwrap_or_else(|failure| panic!("{failure}")).scenario
}

/// One run of its first tier with its first strategy.
pub fn run(scenario: &Scenario) -> Record {
    let (tier, (_, strategy)) = (scenario.tier.find(&scenario.tiers[0]).unwrap(), &scenario.strategy[0]);
    let cell = Cell { scenario, tier, strategy };
    simulate(cell, 0, Stop::default()).unwrap_or_else(|error| panic!("{error}"))
}
