//! Logs played otherwise than as they stand.

use ratecast::rng::Seed;
use ratecast::scenario::{Ready, load};
use ratecast::traffic::replay::{Player, TraceRow};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of its own with a log of rows at the given seconds, numbered by their input tokens.
struct Log(PathBuf);

impl Log {
    fn new(name: &str, seconds: impl IntoIterator<Item = u64>) -> Self {
        let folder = std::env::temp_dir().join(format!("ratecast-play-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let rows = seconds.into_iter().enumerate().map(|(at, second)| format!("{second},{at},0\n"));
        fs::write(folder.join("log.csv"), format!("t,in,out\n{}", rows.collect::<String>())).unwrap();
        Log(folder)
    }

    fn scenario(&self, keys: &str) -> Result<Ready, String> {
        let columns =
            r#"format = "csv", time-column = "t", time-unit = "s", input-column = "in", output-column = "out""#;
        let text = format!(
            "tiers = [\"claude-paid\"]\nduration = \"1h\"\n[traffic.log]\nreplay = {{ file = \"log.csv\", {columns}{keys} }}\n"
        );
        let path = self.0.join("scenario.toml");
        fs::write(&path, text).unwrap();
        load(&path, &[]).map_err(|failure| match failure {
            ratecast::scenario::Failure::Scenario(problems) => problems.draw(ratecast::scenario::Paint::Plain),
            other => other.to_string(),
        })
    }

    /// Of each row its instant in milliseconds and its number.
    fn millis(&self, keys: &str) -> Vec<(u64, u32)> {
        let row = |row: &TraceRow| (row.at.as_nanos() / 1_000_000, row.input.unwrap().get());
        self.rows(keys, 1, 1_000).iter().map(row).collect()
    }

    fn rows(&self, keys: &str, seed: u64, most: usize) -> Vec<TraceRow> {
        let ready = self.scenario(keys).unwrap_or_else(|problem| panic!("{problem}"));
        let replay = ready.scenario.traffic[0].1.replay.clone().unwrap();
        let mut player =
            Player::open(&self.0.join("log.csv"), &replay, |purpose| Seed(seed).stream(0, purpose)).unwrap();
        let mut rows = Vec::new();
        while rows.len() < most {
            let left = (most - rows.len()).min(7);
            if player.read(&mut rows, left).unwrap() == 0 {
                break;
            }
        }
        rows
    }

    /// Of each row its second and its number.
    fn told(&self, keys: &str, most: usize) -> Vec<(u64, u32)> {
        let row = |row: &TraceRow| (row.at.as_nanos() / 1_000_000_000, row.input.unwrap().get());
        self.rows(keys, 1, most).iter().map(row).collect()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all::<&Path>(&self.0);
    }
}

#[test]
fn a_window_begins_at_its_own_zero() {
    let log = Log::new("window", [0, 10, 20, 30, 40]);
    assert_eq!(log.told(", from = \"10s\", to = \"40s\"", 99), [(0, 1), (10, 2), (20, 3)]);
    assert_eq!(log.told(", from = \"5s\"", 99), [(5, 1), (15, 2), (25, 3), (35, 4)]);
    // The window is that of the log; what is played in it, is played twice as fast.
    assert_eq!(log.told(", from = \"10s\", to = \"40s\", speed = 2", 99), [(0, 1), (5, 2), (10, 3)]);
}

#[test]
fn laps_follow_each_other_after_a_mean_gap() {
    let log = Log::new("loop", [0, 10, 40]);
    // A span of 40 s and two gaps of 20 on average: 60.
    assert_eq!(log.told(", loop = true", 7), [(0, 0), (10, 1), (40, 2), (60, 0), (70, 1), (100, 2), (120, 0)]);
    assert_eq!(log.told(", loop = true, lap = \"100s\"", 5), [(0, 0), (10, 1), (40, 2), (100, 0), (110, 1)]);
    assert_eq!(log.told(", loop = true, from = \"5s\", to = \"15s\"", 3), [(5, 1), (15, 1), (25, 1)]);
}

#[test]
fn copies_are_the_log_turned_round() {
    let mut seconds: Vec<u64> = (0..100u64).map(|n| n * n % 977).collect();
    seconds.sort_unstable();
    let sorted = Log::new("copies", seconds);
    let once = sorted.rows("", 1, 9_999);
    let thrice = sorted.rows(", multiply = 3", 1, 9_999);
    assert_eq!(thrice.len(), 3 * once.len());
    assert!(thrice.windows(2).all(|pair| pair[0].at <= pair[1].at), "order");
    for number in 0..100 {
        let count = thrice.iter().filter(|row| row.input.unwrap().get() == number).count();
        assert_eq!(count, 3, "row {number}");
    }
    // The first copy stands as it is, the others depend on the seed.
    assert!(once.iter().all(|row| thrice.contains(row)));
    assert_eq!(thrice, sorted.rows(", multiply = 3", 1, 9_999));
    assert_ne!(thrice, sorted.rows(", multiply = 3", 2, 9_999));
    // And so they go on.
    let laps = sorted.rows(", multiply = 3, loop = true", 1, 600);
    assert_eq!(laps[..200], thrice[..200]);
}

#[test]
fn thinning_keeps_its_share_and_the_order() {
    let log = Log::new("thin", 0..20_000);
    let kept = log.told(", thin = \"25%\"", 99_999);
    // Five standard deviations of a binomial count.
    assert!(kept.len().abs_diff(5_000) < 307, "{}", kept.len());
    assert!(kept.iter().all(|(second, number)| *second == u64::from(*number)));
    assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn what_cannot_be_played_is_refused_at_its_key() {
    let log = Log::new("refused", [0, 10, 20]);
    let one = Log::new("refused-one", [5]);
    for (log, keys, said) in [
        (&log, ", from = \"10s\", to = \"10s\"", "the window ends at 10s, not after it begins, at 10s"),
        (&log, ", from = \"21s\"", "the window begins at 21s, after the last row of the log at 20s"),
        (&log, ", lap = \"1h\"", "a log that plays once has no laps"),
        (&log, ", loop = true, lap = \"1us\"", "a lap of 1us plays in less than a millisecond"),
        (&log, ", multiply = 0", "0 copies are outside 1 to 1000"),
        (&log, ", multiply = 1001", "1001 copies are outside 1 to 1000"),
        (&log, ", thin = \"0%\"", "`0%` is outside above 0% to 100%"),
        (&one, ", loop = true", "what is played of the log lasts 0s, too short to say how long a lap is"),
        (&log, ", thin = \"101%\"", "`101%` is outside above 0% to 100%"),
    ] {
        let problem = log.scenario(keys).map(|_| ()).unwrap_err();
        assert!(problem.contains(said) && problem.contains("scenario.toml:4:"), "{keys}: {problem}");
    }
}

#[test]
fn ties_are_spread_over_the_step_of_the_clock() {
    // A clock of two seconds, and a silence that is longer.
    let log = Log::new("ties", [10, 10, 10, 12, 12, 30, 32, 32, 32, 32]);
    let even = [0, 666, 1_333, 2_000, 3_000, 20_000, 22_000, 22_500, 23_000, 23_500];
    let told = |at: &[u64]| at.iter().copied().zip(0..).collect::<Vec<_>>();
    assert_eq!(log.millis(""), told(&[0, 0, 0, 2_000, 2_000, 20_000, 22_000, 22_000, 22_000, 22_000]));
    assert_eq!(log.millis(", ties = \"keep\""), log.millis(""));
    assert_eq!(log.millis(", ties = \"even\""), told(&even));
    assert_eq!(log.millis(", ties = \"even\", order = \"file\""), told(&even));
    let stated = [0, 333, 666, 2_000, 2_500, 20_000, 22_000, 22_250, 22_500, 22_750];
    assert_eq!(log.millis(", ties = \"even\", tie-step = \"1s\""), told(&stated));
    let faster: Vec<(u64, u32)> = log.millis(", ties = \"even\", speed = 2");
    assert!(faster.iter().zip(even).all(|(found, at)| found.0.abs_diff(at / 2) <= 1), "{faster:?}");
    // A row that is out of order keeps its number: those of one stamp stay as they stand in the file.
    let shuffled = Log::new("shuffled-ties", [12, 10, 12, 10, 14]);
    assert_eq!(shuffled.millis(", ties = \"even\""), [(0, 1), (1_000, 3), (2_000, 0), (3_000, 2), (4_000, 4)]);
}

#[test]
fn random_ties_repeat_with_their_seed_and_every_lap() {
    let log = Log::new("random-ties", (0..400).map(|row| row / 4));
    let keys = |seed: u64| format!(", ties = \"random\", spread-seed = {seed}");
    let first = log.millis(&keys(1));
    assert_eq!(first, log.millis(&keys(1)));
    assert_ne!(first, log.millis(&keys(2)));
    assert!(first.is_sorted() && first.iter().map(|row| row.1).eq(0..400));
    let recorded = log.millis("");
    // The first row is the start of the log, wherever in its step it lies.
    assert!(first.iter().zip(&recorded).all(|(found, at)| found.0 + 1_000 > at.0 && found.0 < at.0 + 1_000));
    let laps = log.millis(&format!("{}, loop = true, lap = \"200s\"", keys(1)));
    assert!(laps[400..800].iter().zip(&first).all(|(lap, first)| *lap == (first.0 + 200_000, first.1)));
}

#[test]
fn spreading_asks_for_what_the_log_does_not_show() {
    let log = Log::new("one-stamp", [5, 5, 5]);
    let complaint = |keys: &str| log.scenario(keys).err().unwrap_or_default();
    let asked = complaint(", ties = \"even\"");
    assert!(asked.contains("all rows have one stamp") && asked.contains("`tie-step = \"1s\"`"), "{asked}");
    assert_eq!(log.millis(", ties = \"even\", tie-step = \"3s\""), [(0, 0), (1_000, 1), (2_000, 2)]);
    let unused = complaint(", tie-step = \"3s\"");
    assert!(unused.contains("they are kept") && unused.contains("`ties = \"even\"`"), "{unused}");
    assert!(complaint(", ties = \"even\", tie-step = \"0s\"").contains("over no time"));
}
