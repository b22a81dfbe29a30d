//! Arrivals whose rate moves: a process in operational time, brought back to the time on the clock.

use super::Shape;
use super::curve::{Piece, Product};
use crate::rng::Stream;
use crate::traffic::arrivals::{ArrivalProcess, Clock};
use crate::units::{Civil, SimTime};

/// A process whose instants are taken as operational time.
pub(crate) struct Warped {
    process: Box<dyn ArrivalProcess>,
    product: Product,
    piece: Option<Piece>,
    passed: Clock, // operational time up to the piece
    last: SimTime, // given out
    end: SimTime,
}

impl Warped {
    /// `process` bent by `shape` up to `end`; what is random in `shape` is drawn from streams that `stream` makes.
    pub(crate) fn new(
        process: Box<dyn ArrivalProcess>,
        shape: &Shape,
        (start, end): (&Civil, SimTime),
        stream: impl Fn(&str) -> Stream,
    ) -> Self {
        let mut product = shape.product(start, |key| Some(stream(key)));
        let piece = product.next(end);
        Warped { process, product, piece, passed: Clock::default(), last: SimTime::ZERO, end }
    }

    /// The instant at which so much operational time has passed; never after the end.
    fn when(&mut self, operational: SimTime) -> SimTime {
        while let Some(piece) = &self.piece {
            let into = self.passed.until(operational);
            if into < piece.mass() {
                return piece.when(into);
            }
            self.passed.advance(piece.mass());
            self.piece = self.product.next(self.end);
        }
        SimTime::NEVER
    }
}

impl ArrivalProcess for Warped {
    fn fill(&mut self, out: &mut [SimTime]) {
        self.process.fill(out);
        for instant in out {
            // Two that are closer than the rounding of an inverse must not change places.
            self.last = self.last.max(self.when(*instant));
            *instant = self.last;
        }
    }
}
