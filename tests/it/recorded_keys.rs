//! What requests of recorded logs ask for, by logs whose repeats are known.

use crate::foretold;
use crate::traces::Scratch;
use ratecast::recorder::{ClassRecord, Record, Spared};
use ratecast::scenario::load_text;

/// A call takes 100 ms, and answers are kept for ever.
const BASE: &str = r#"
    name = "keys"
    start = "2025-01-01T00:00:00Z"
    duration = "20s"
    tiers = ["open"]
    tier.open.max-output = 1000
    provider.time-to-first-token.constant = "100ms"
    provider.time-per-output-token.constant = "0s"
    strategy.s = { retry.none = {}, cache.shared = {} }
"#;

/// One request a second: `a` is asked three times, `b` twice, `c` once, and two ask for something of their own.
const KEYS: [&str; 8] = ["a", "b", "a", "", "a", "b", "c", ""];

fn csv(order: impl Iterator<Item = usize>) -> Scratch {
    let row = |at: usize| format!("2025-01-01 00:00:0{at},{},u{}\n", KEYS[at], at % 2);
    let rows: String = order.map(row).collect();
    Scratch::new("keys.csv", format!("timestamp,prompt_sha,user\n{rows}").as_bytes())
}

fn source(name: &str, log: &Scratch, more: &str) -> String {
    format!("traffic.{name}.replay = {{ file = \"{}\"{more} }}\n", log.0.display())
}

fn run(text: &str) -> Record {
    foretold::run(&foretold::scenario(BASE, text))
}

fn hits(class: &ClassRecord) -> (u64, u64) {
    (class.offered, class.spared[Spared::Cache as usize])
}

const BY_COLUMN: &str = ", key-column = \"prompt_sha\"";

#[test]
fn who_asks_what_was_asked_before_is_answered_from_the_cache() {
    let (sorted, shuffled) = (csv(0..8), csv([3, 7, 0, 5, 1, 2, 6, 4].into_iter()));
    for log in [&sorted, &shuffled] {
        assert_eq!(hits(&run(&source("app", log, BY_COLUMN)).total()), (8, 3));
    }
    // The log knows better than a law of popularity, and two sources share nothing.
    let stated = format!("traffic.app.cache-keys.count = 1\n{}", source("app", &sorted, BY_COLUMN));
    let record = run(&format!("{stated}{}", source("beside", &shuffled, BY_COLUMN)));
    assert_eq!([hits(&record.classes[0]), hits(&record.classes[1])], [(8, 3), (8, 3)]);
    // Without the column the law holds: all ask for the same.
    let by_law = format!("traffic.app.cache-keys.count = 1\n{}", source("app", &sorted, ""));
    assert_eq!(hits(&run(&by_law).total()), (8, 7));
}

/// What is played of a log brings its keys along: a window, laps, copies and thinned rows.
#[test]
fn keys_stay_with_their_requests() {
    let log = csv(0..8);
    let play = |how: &str| hits(&run(&source("app", &log, &format!("{BY_COLUMN}, {how}"))).total());
    // From the third second on `a` is asked twice, and `b` and `c` once.
    assert_eq!(play("from = \"2s\""), (6, 1));
    // In the second lap, from 8 s on, all but the two that are like no other are known; four of the third come before 20 s.
    assert_eq!(play("loop = true, lap = \"8s\""), (20, 3 + 6 + 3));
    // Half as many rows, by chance: the keys are those of the rows that are left, whatever these are.
    let text = source("app", &log, &format!("{BY_COLUMN}, loop = true, lap = \"8s\", thin = \"50%\""));
    let record = run(&format!("set duration=1000s\n{text}"));
    let (offered, known) = hits(&record.total());
    // A quarter have no key; of the others all but the first three are known.
    let without = record.total().admitted - 3;
    assert_eq!(offered, known + record.total().admitted);
    assert!((420..=580).contains(&offered) && (80..=170).contains(&without), "{offered} {without}");
}

/// Mooncake's lists of blocks say what the whole prompt is. Two come at one instant, and one waits for the other.
#[test]
fn lists_of_blocks_are_keys_by_themselves() {
    let row = |(at, blocks): (u32, &str)| {
        format!("{{\"timestamp\": {at}, \"input_length\": 9, \"output_length\": 9, \"hash_ids\": {blocks}}}\n")
    };
    let rows = [(0, "[46, 47]"), (0, "[46,47]"), (1000, "[46, 48]"), (2000, "[46, 47]"), (3000, "[46]"), (4000, "[]")];
    let log = Scratch::new("mooncake.jsonl", rows.map(row).concat().as_bytes());
    assert_eq!(hits(&run(&source("app", &log, "")).total()), (6, 1));
    let record = run(&format!("set strategy.s.coalesce={{}}\n{}", source("app", &log, ""))).total();
    assert_eq!((hits(&record), record.spared[Spared::Coalesced as usize], record.admitted), ((6, 1), 1, 4));
    // As Bailian writes them, in seconds.
    let text = rows.map(row).concat().replace("000,", ",").replace("{\"time", "{\"chat_id\": 1, \"time");
    let log = Scratch::new("bailian.jsonl", text.as_bytes());
    assert_eq!(hits(&run(&source("app", &log, "")).total()), (6, 1));
    // A column of one's own comes before them.
    let log = Scratch::new("named.jsonl", text.replace("\"chat_id\": 1", "\"chat_id\": 7, \"q\": \"same\"").as_bytes());
    assert_eq!(hits(&run(&source("app", &log, ", key-column = \"q\"")).total()), (6, 4));
}

#[test]
fn complaints_name_the_column() {
    let log = csv(0..8);
    let complaint = |more: &str| {
        let text = format!("{BASE}{}", source("app", &log, more));
        let failure = load_text("keys", &text, &[]).map(drop).expect_err(more);
        failure.to_string()
    };
    let said = complaint(", key-column = \"prompt_sh\"");
    assert!(said.contains("there is no column `prompt_sh`") && said.contains("`key-column`"), "{said}");
    let said = complaint(", key-column = \"user\", client-column = \"user\"");
    assert!(said.contains("name the same column"), "{said}");
    let said = complaint("");
    assert!(said.contains("no two requests ask for the same") && said.contains("`key-column` of its log"), "{said}");
}
