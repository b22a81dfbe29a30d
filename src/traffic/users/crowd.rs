//! Threads of work, each of which asks, waits, pauses, and asks again.

use super::{Context, FanOut, Script};
use crate::rng::{BLOCK, Stream};
use crate::traffic::arrivals::ArrivalProcess;
use crate::traffic::sizes::Sizes;
use crate::traffic::{Population, Setting, Size, Streams};
use crate::traffic::{SizeStreams, Sizing};
use crate::units::{SimDuration, SimTime, Tokens};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A request that a thread sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// When.
    pub at: SimTime,
    /// Who waits for the answer: to be named when it comes. Used again once a thread is over.
    pub thread: u32,
    /// The thread's own number, unlike that of any other thread.
    pub id: u64,
    /// How many requests of the thread came before.
    pub turn: u64,
    /// How large it is.
    pub size: Size,
    /// Whose it is.
    pub client: u32,
}

/// All threads of one source in one replication.
pub struct Crowd {
    script: Script,
    sizing: Sizing,
    clients: Option<Population>,
    starts: Entrance,
    threads: Vec<Thread>,
    free: Vec<u32>,
    /// When threads ask next; at one instant in the order in which that was settled.
    due: BinaryHeap<Reverse<(SimTime, u64, u32)>>,
    settled: u64,
    streams: Streams,
}

/// Where threads come from.
struct Entrance {
    process: Option<Box<dyn ArrivalProcess>>,
    instants: Vec<SimTime>,
    next: usize,
    started: u64,
}

/// The thread in its slot. What it draws comes from streams of its own.
struct Thread {
    id: u64,
    client: u32,
    sizes: SizeStreams,
    course: Stream,
    pauses: Stream,
    turn: u64,
    turns: u64, // u64::MAX without end
    asked: Size,
    context: u64, // tokens said so far
    answered: SimTime,
    depth: u8,
    parent: u32,      // NOBODY for a thread that came by itself
    waits_for: u32,   // threads that it has started and that are not over
    over_at: SimTime, // when the last of them was over
    children: u64,
}

const NOBODY: u32 = u32::MAX;
/// The most threads that one answer starts.
const MOST_STARTED: u32 = 1_000;

impl Crowd {
    /// The threads of the source called `source`, of which one comes at each arrival of `starts`.
    pub fn new(
        script: Script,
        starts: Option<Box<dyn ArrivalProcess>>,
        (sizing, clients): (Sizing, Option<Population>),
        source: &str,
        setting: &Setting,
    ) -> Self {
        let at_once = script.at_once;
        let mut crowd = Crowd {
            script,
            sizing,
            clients,
            starts: Entrance::new(starts),
            threads: Vec::new(),
            free: Vec::new(),
            due: BinaryHeap::new(),
            settled: 0,
            streams: setting.streams(source),
        };
        for id in 0..at_once {
            let slot = crowd.begin(u64::from(id), NOBODY, 0);
            crowd.pause(slot, SimTime::ZERO);
        }
        crowd
    }

    /// When the next request is sent; [`SimTime::NEVER`] while all wait.
    pub fn next_at(&self) -> SimTime {
        let due = self.due.peek().map_or(SimTime::NEVER, |Reverse((at, ..))| *at);
        due.min(self.starts.next_at())
    }

    /// The next request; only when there is one.
    pub fn take(&mut self) -> Prompt {
        let start = self.starts.next_at();
        match self.due.peek() {
            Some(&Reverse((at, _, slot))) if at <= start => {
                self.due.pop();
                self.ask(slot, at)
            }
            _ => {
                let id = self.starts.pass();
                let slot = self.begin(id, NOBODY, 0);
                self.ask(slot, start)
            }
        }
    }

    /// The request of `thread` has its outcome at `at`, which may lie ahead.
    pub fn answered(&mut self, slot: u32, at: SimTime, is_served: bool) {
        let leaves = self.script.leaves && !is_served;
        let thread = &mut self.threads[slot as usize];
        thread.turn += 1;
        if is_served {
            thread.context = thread.said();
            thread.answered = at;
        }
        if leaves || thread.turn >= thread.turns {
            self.end(slot, at);
            return;
        }
        let started = if is_served { self.draw_started(slot) } else { 0 };
        if started == 0 {
            self.pause(slot, at);
        } else {
            self.fan_out(slot, at, started);
        }
    }

    /// How many threads the one in `slot` starts now.
    fn draw_started(&mut self, slot: u32) -> u32 {
        let Some(FanOut { share, count, depth, .. }) = &self.script.fan_out else { return 0 };
        let thread = &mut self.threads[slot as usize];
        if thread.depth >= *depth || thread.course.uniform() >= *share {
            return 0;
        }
        draw(count, &mut thread.course).min(MOST_STARTED)
    }

    fn fan_out(&mut self, parent: u32, at: SimTime, started: u32) {
        let thread = &mut self.threads[parent as usize];
        let (id, depth, first) = (thread.id, thread.depth + 1, thread.children);
        (thread.waits_for, thread.over_at) = (started, at);
        thread.children += u64::from(started);
        for child in 0..u64::from(started) {
            let slot = self.begin(child_id(id, first + child), parent, depth);
            self.schedule(slot, at);
        }
    }

    /// A thread begins, and draws how many turns it has.
    fn begin(&mut self, id: u64, parent: u32, depth: u8) -> u32 {
        let stream = |purpose: &str| self.streams.of_thread(purpose, id);
        let mut course = stream("course");
        let law = match &self.script.fan_out {
            Some(fan_out) if depth > 0 => Some(&fan_out.turns),
            _ => self.script.turns.as_ref(),
        };
        let turns = law.map_or(u64::MAX, |law| u64::from(draw(law, &mut course).max(1)));
        let client = match &self.clients {
            _ if parent != NOBODY => self.threads[parent as usize].client,
            Some(population) => population.draw(&mut stream("clients")),
            None if self.script.at_once > 0 => id as u32,
            None => 0,
        };
        let thread = Thread {
            id,
            client,
            turns,
            sizes: SizeStreams::new(stream),
            course,
            pauses: stream("pauses"),
            turn: 0,
            asked: Size::default(),
            context: self.script.context.as_ref().map_or(0, |context| context.prefix.into()),
            answered: SimTime::ZERO,
            depth,
            parent,
            waits_for: 0,
            over_at: SimTime::ZERO,
            children: 0,
        };
        match self.free.pop() {
            Some(slot) => {
                self.threads[slot as usize] = thread;
                slot
            }
            None => {
                self.threads.push(thread);
                (self.threads.len() - 1) as u32
            }
        }
    }

    /// A thread is over; who waits for it may go on.
    fn end(&mut self, slot: u32, at: SimTime) {
        self.free.push(slot);
        let parent = self.threads[slot as usize].parent;
        if parent == NOBODY {
            return;
        }
        let waiting = &mut self.threads[parent as usize];
        waiting.waits_for -= 1;
        // Outcomes are told as they are settled, which need not be their order in time.
        waiting.over_at = waiting.over_at.max(at);
        if waiting.waits_for == 0 {
            let at = waiting.over_at;
            self.pause(parent, at);
        }
    }

    fn pause(&mut self, slot: u32, from: SimTime) {
        let mut nanos = [0.0];
        self.script.pause.model().fill(&mut self.threads[slot as usize].pauses, &mut nanos);
        self.schedule(slot, from.saturating_add(SimDuration::from_nanos_f64(nanos[0])));
    }

    fn schedule(&mut self, slot: u32, at: SimTime) {
        self.due.push(Reverse((at, self.settled, slot)));
        self.settled += 1;
    }

    fn ask(&mut self, slot: u32, at: SimTime) -> Prompt {
        let thread = &mut self.threads[slot as usize];
        thread.asked = self.sizing.draw(&mut thread.sizes);
        let size = match &self.script.context {
            Some(context) => thread.with_context(context, at),
            None => thread.asked,
        };
        Prompt { at, thread: slot, id: thread.id, turn: thread.turn, size, client: thread.client }
    }
}

impl Thread {
    /// What is asked together with all that was said.
    fn with_context(&mut self, context: &Context, at: SimTime) -> Size {
        let most = u64::from(context.window.map_or(u32::MAX, Tokens::get));
        let asked = u64::from(self.asked.input);
        let mut is_warm = self.turn > 0 && at <= self.answered.saturating_add(context.cached_for);
        if self.context + asked > most {
            // Without its beginning no prefix of it has been sent before.
            self.context = self.context.min(most / 2);
            is_warm = false;
        }
        let tokens = |count: u64| Tokens::new(count.min(most) as u32);
        let cached = if is_warm { tokens(self.context) } else { Tokens::new(0) };
        Size { input: tokens(self.context + asked), cached, ..self.asked }
    }

    /// Tokens said once the request is answered.
    fn said(&self) -> u64 {
        self.context + u64::from(self.asked.input) + u64::from(self.asked.output)
    }
}

impl Entrance {
    fn new(process: Option<Box<dyn ArrivalProcess>>) -> Self {
        let mut entrance = Entrance { process, instants: vec![SimTime::NEVER], next: 0, started: 0 };
        entrance.refill();
        entrance
    }

    fn refill(&mut self) {
        if let Some(process) = &mut self.process {
            self.instants.resize(BLOCK, SimTime::NEVER);
            process.fill(&mut self.instants);
        }
        self.next = 0;
    }

    /// When the next thread comes by itself.
    fn next_at(&self) -> SimTime {
        self.instants[self.next]
    }

    /// The number of the next thread, which has come.
    fn pass(&mut self) -> u64 {
        self.next += 1;
        if self.next == self.instants.len() {
            self.refill();
        }
        self.started += 1;
        self.started - 1
    }
}

fn draw(law: &Sizes, stream: &mut Stream) -> u32 {
    let mut count = [Tokens::new(0)];
    law.model().fill(stream, &mut count);
    count[0].get()
}

/// The number of the `child`-th thread that thread `parent` starts: a hash (SplitMix64's finaliser; Steele, Lea and Flood,
/// OOPSLA 2014), so that it depends on nothing else. Two of a run are equal by chance once in 2⁶⁴ pairs.
fn child_id(parent: u64, child: u64) -> u64 {
    let mut z = parent ^ (child + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
