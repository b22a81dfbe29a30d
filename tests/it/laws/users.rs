//! Users ask one thing at a time, in order, and what they draw is theirs whatever the answers.

use crate::generate::{self, Dice};
use ratecast::params::Choice;
use ratecast::traffic::sizes::{self, Sizes};
use ratecast::traffic::users::{Prompt, Users};
use ratecast::traffic::{self, Setting, Traffic};
use ratecast::units::{Civil, SimDuration, SimTime, Tokens};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::Path;

fn source(users: &Users) -> Traffic {
    let law = |mean| Sizes::Lognormal(sizes::Lognormal { mean: Tokens::new(mean), cv: 1.0, max: None });
    Traffic { users: Some(users.clone()), input_tokens: law(300), output_tokens: law(200), ..Traffic::default() }
}

/// The first `count` requests if answers come after exponential times of mean `mean`, one in ten of them a failure where
/// `fails`; each with the instant of its answer.
fn play(users: &Users, seed: u64, mean: f64, fails: bool, count: usize) -> Vec<(Prompt, SimTime)> {
    let start = Civil::default();
    let setting = Setting {
        folder: Path::new(""),
        start: &start,
        end: SimTime::NEVER,
        seed: ratecast::rng::Seed(3),
        replication: 1,
    };
    let mut crowd = traffic::crowd(&source(users), "team", &setting).expect("no file").expect("users");
    let (mut dice, mut answers, mut asked) = (Dice::new("answers", seed), BinaryHeap::new(), Vec::new());
    while asked.len() < count {
        match answers.peek() {
            Some(&Reverse((at, thread))) if at <= crowd.next_at() => {
                answers.pop();
                crowd.answered(thread, at, !(fails && dice.percent(10)));
            }
            _ if crowd.next_at() == SimTime::NEVER => break,
            _ => {
                let prompt = crowd.take();
                let secs = -mean * libm::log(1.0 - dice.uniform());
                let at = prompt.at.saturating_add(SimDuration::from_secs_f64(secs));
                answers.push(Reverse((at, prompt.thread)));
                asked.push((prompt, at));
            }
        }
    }
    asked
}

fn registered() -> Vec<Users> {
    generate::completed(Users::registered())
}

#[test]
fn users_ask_in_order_and_never_before_their_answer() {
    for users in registered() {
        for (seed, mean) in [(1, 0.001), (2, 2.0), (3, 300.0)] {
            let asked = play(&users, seed, mean, true, 5_000);
            assert_eq!(asked.len(), 5_000, "{users:?} ceased");
            assert!(asked.windows(2).all(|pair| pair[0].0.at <= pair[1].0.at), "{users:?}: order");
            let mut last: BTreeMap<u64, (u64, SimTime)> = BTreeMap::new();
            for (prompt, answer) in asked {
                let expected = match last.get(&prompt.id) {
                    None => 0,
                    Some(&(turn, answered)) => {
                        assert!(prompt.at >= answered, "{users:?}: {prompt:?} before the answer at {answered:?}");
                        turn + 1
                    }
                };
                assert_eq!(prompt.turn, expected, "{users:?}: {prompt:?}");
                assert!(prompt.size.cached <= prompt.size.input, "{users:?}: {prompt:?}");
                last.insert(prompt.id, (prompt.turn, answer));
            }
        }
    }
}

#[test]
fn what_users_draw_depends_on_no_answer() {
    for users in registered() {
        assert_eq!(play(&users, 1, 2.0, true, 2_000), play(&users, 1, 2.0, true, 2_000), "{users:?}");
        let sizes = |mean| -> BTreeMap<_, _> {
            let asked = play(&users, 7, mean, false, 4_000).into_iter();
            asked.map(|(prompt, _)| ((prompt.id, prompt.turn), (prompt.size.input, prompt.size.output))).collect()
        };
        let (fast, slow) = (sizes(0.01), sizes(20.0));
        let common: Vec<_> = fast.iter().filter(|(key, _)| slow.contains_key(key)).collect();
        assert!(common.len() > 500, "{users:?}: {} requests are common", common.len());
        for (key, size) in common {
            assert_eq!(slow[key], *size, "{}: {key:?}", users.kind());
        }
    }
}
