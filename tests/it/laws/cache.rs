//! Every cache gives the answers that a list would give which is read from end to end.

use crate::generate::{Dice, OnPanic};
use ratecast::client::Key;
use ratecast::client::cache::{Cache, CacheSpec, Evict, LayerSpec};
use ratecast::units::{SimDuration, SimTime};

/// One layer, as a list for each owner.
struct Twin {
    spec: LayerSpec,
    kept: Vec<(u32, Vec<Answer>)>,
    steps: u64,
}

#[derive(Clone, Copy)]
struct Answer {
    key: Key,
    kept_at: u64,
    asked_at: u64,
    uses: u64,
    ends: SimTime,
}

impl Twin {
    fn new(spec: &LayerSpec) -> Self {
        Twin { spec: spec.clone(), kept: Vec::new(), steps: 0 }
    }

    fn end(&self, now: SimTime) -> SimTime {
        self.spec.ttl.map_or(SimTime::NEVER, |ttl| now + ttl)
    }

    fn of(&mut self, owner: u32) -> &mut Vec<Answer> {
        let at = self.kept.iter().position(|(who, _)| *who == owner).unwrap_or_else(|| {
            self.kept.push((owner, Vec::new()));
            self.kept.len() - 1
        });
        &mut self.kept[at].1
    }

    /// Where one goes, the last one of the list takes its place; for all but chance the order of the list is of no account.
    fn drop_old(&mut self, now: SimTime) {
        for (_, answers) in &mut self.kept {
            let oldest = |answers: &Vec<Answer>| {
                let old = answers.iter().enumerate().filter(|(_, answer)| answer.ends <= now);
                old.min_by_key(|(_, answer)| (answer.ends, answer.key)).map(|(at, _)| at)
            };
            while let Some(at) = oldest(answers) {
                answers.swap_remove(at);
            }
        }
    }

    fn look_up(&mut self, now: SimTime, owner: u32, key: Key) -> Option<SimDuration> {
        self.drop_old(now);
        self.steps += 1;
        let (steps, end, refresh, taken) = (self.steps, self.end(now), self.spec.refresh, self.spec.hit_latency);
        let answer = self.of(owner).iter_mut().find(|answer| answer.key == key)?;
        (answer.asked_at, answer.uses) = (steps, answer.uses + 1);
        if refresh {
            answer.ends = end;
        }
        Some(taken)
    }

    fn store(&mut self, now: SimTime, owner: u32, key: Key, draw: f64) {
        self.drop_old(now);
        self.steps += 1;
        let (steps, ends, evict, capacity) = (self.steps, self.end(now), self.spec.evict, self.spec.capacity);
        let answers = self.of(owner);
        if answers.iter().any(|answer| answer.key == key) {
            return;
        }
        if capacity == Some(answers.len() as u64) {
            let first = |rank: &dyn Fn(&Answer) -> (u64, u64)| (0..answers.len()).min_by_key(|&at| rank(&answers[at]));
            let at = match evict {
                Evict::Lru => first(&|answer| (answer.asked_at, 0)),
                Evict::Lfu => first(&|answer| (answer.uses, answer.asked_at)),
                Evict::Fifo => first(&|answer| (answer.kept_at, 0)),
                Evict::Random => Some((draw * answers.len() as f64) as usize),
            };
            answers.swap_remove(at.unwrap());
        }
        answers.push(Answer { key, kept_at: steps, asked_at: steps, uses: 1, ends });
    }

    fn most_kept(&self) -> u64 {
        self.kept.iter().map(|(_, answers)| answers.len() as u64).max().unwrap_or(0)
    }
}

fn layer(dice: &mut Dice, evict: Evict) -> LayerSpec {
    let ttl = dice.perhaps(60, |dice| SimDuration::from_secs(dice.pick(1..=40)));
    LayerSpec {
        ttl,
        capacity: dice.perhaps(90, |dice| dice.pick(1..=6)),
        evict,
        refresh: ttl.is_some() && dice.percent(50),
        hit_latency: SimDuration::from_nanos(dice.pick(0..=9)),
    }
}

/// Hits, and answers that made room.
#[derive(Default)]
struct Judged {
    hits: u64,
    full: u64,
}

fn judge(spec: &CacheSpec, dice: &mut Dice, judged: &mut Judged) {
    let mut cache = Cache::new(spec);
    let (mut local, mut shared) = (spec.local.as_ref().map(Twin::new), spec.shared.as_ref().map(Twin::new));
    let mut now = SimTime::ZERO;
    for step in 0..120 {
        now += SimDuration::from_secs(dice.pick(0..=3));
        let (client, draw) = (dice.pick(0..=2) as u32, dice.uniform());
        let key = Key { class: dice.pick(0..=1) as u16, question: dice.pick(1..=6) };
        let own = local.as_mut().and_then(|local| local.look_up(now, client, key));
        let others = if own.is_none() { shared.as_mut().and_then(|s| s.look_up(now, 0, key)) } else { None };
        if others.is_some()
            && let Some(local) = &mut local
        {
            local.store(now, client, key, draw);
        }
        let found = cache.look_up(now, client, key, || draw);
        assert_eq!(found, own.or(others), "step {step}: {key:?} of {client} at {now:?}");
        judged.hits += u64::from(found.is_some());
        // Answers come in any order, and more than once.
        if dice.percent(60) {
            cache.store(now, client, key, || draw);
            for (twin, owner) in [(&mut local, client), (&mut shared, 0)] {
                if let Some(twin) = twin {
                    twin.store(now, owner, key, draw);
                    judged.full += u64::from(twin.spec.capacity == Some(twin.most_kept()));
                }
            }
        }
    }
}

#[test]
fn caches_are_as_good_as_lists() {
    for evict in Evict::ALL {
        let mut judged = Judged::default();
        for case in 0..1_500 {
            let mut dice = Dice::new(evict.word(), case);
            let layers = dice.pick(1..=3);
            let spec = CacheSpec {
                local: (layers != 2).then(|| layer(&mut dice, evict)),
                shared: (layers != 1).then(|| layer(&mut dice, evict)),
            };
            let _tried = OnPanic(|| format!("case {case} of the dice `{}`: {spec:?}", evict.word()));
            judge(&spec, &mut dice, &mut judged);
        }
        assert!(judged.hits > 10_000 && judged.full > 10_000, "{}: {} {}", evict.word(), judged.hits, judged.full);
    }
}
