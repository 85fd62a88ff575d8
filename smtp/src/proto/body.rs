//! A message body in the making: its bytes, its bound, its share of the memory all bodies may use together. Once a body is
//! at fault its memory is given back and the rest is only counted. Never interprets the dots of DATA (`data` does).

use crate::limits::BODY_STEP_BYTES;
use bytes::{Bytes, BytesMut};
use memchr::memchr2;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Why a body is refused. The first fault found stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyFault {
    /// CR without LF (RFC 5321 §2.3.8): half of every smuggling trick.
    BareCr,
    /// LF without CR: the other half.
    BareLf,
    TooLarge,
    /// All bodies together would need more memory than there may be.
    NoRoom,
}

/// Memory for message bodies, shared by all sessions of a program.
#[derive(Debug)]
pub struct Budget {
    used: AtomicUsize,
    max: usize,
}

impl Budget {
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicUsize::new(0),
            max,
        })
    }
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
    fn take(&self, bytes: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.max);
        self.used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more)
            .is_ok()
    }
    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
    }
}

/// What a body holds of the budget; given back when dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    held: usize,
}

impl Share {
    fn grow_to(&mut self, bytes: usize) -> bool {
        if bytes <= self.held {
            return true;
        }
        let step = (bytes - self.held).next_multiple_of(BODY_STEP_BYTES);
        let got = self.budget.take(step);
        if got {
            self.held += step;
        }
        got
    }
    fn empty(&mut self) {
        self.budget.give_back(self.held);
        self.held = 0;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.empty();
    }
}

/// The body under way.
#[derive(Debug)]
pub struct Body {
    bytes: BytesMut,
    max: usize,
    fault: Option<BodyFault>,
    after_cr: bool,
    share: Share,
}

/// A finished body with its share of the budget; hold both until the message is on disk.
#[derive(Debug)]
pub struct Whole {
    pub bytes: Bytes,
    _share: Share,
}

impl Body {
    /// `expected` is the SIZE the sender announced (RFC 1870), 0 when it did not.
    pub fn new(budget: &Arc<Budget>, max: usize, expected: usize) -> Self {
        let mut share = Share {
            budget: budget.clone(),
            held: 0,
        };
        let first = expected.clamp(4 * 1024, BODY_STEP_BYTES).min(max.max(1));
        let fault = if share.grow_to(first) {
            None
        } else {
            Some(BodyFault::NoRoom)
        };
        let bytes = if fault.is_none() {
            BytesMut::with_capacity(first)
        } else {
            BytesMut::new()
        };
        Self {
            bytes,
            max,
            fault,
            after_cr: false,
            share,
        }
    }
    pub fn len(&self) -> usize {
        self.bytes.len()
    }
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
    pub fn fault(&self) -> Option<BodyFault> {
        self.fault
    }
    /// Marks the body as refused and gives its memory back.
    pub fn fail(&mut self, fault: BodyFault) {
        if self.fault.is_none() {
            self.fault = Some(fault);
            self.bytes = BytesMut::new();
            self.share.empty();
        }
    }
    /// Appends bytes as they are.
    pub fn push(&mut self, piece: &[u8]) {
        if self.fault.is_some() || piece.is_empty() {
            return;
        }
        let len = self.bytes.len().saturating_add(piece.len());
        if len > self.max {
            self.fail(BodyFault::TooLarge);
        } else if !self.share.grow_to(len) {
            self.fail(BodyFault::NoRoom);
        } else {
            self.bytes.extend_from_slice(piece);
        }
    }
    /// Appends bytes of a chunk whose lines must end with CRLF (RFC 3030 §2 without BINARYMIME).
    pub fn push_lines(&mut self, piece: &[u8]) {
        if let Some(fault) = self.line_fault(piece) {
            self.fail(fault);
        }
        self.push(piece);
    }
    fn line_fault(&mut self, piece: &[u8]) -> Option<BodyFault> {
        let mut rest = piece;
        loop {
            if self.after_cr {
                let first = rest.first()?;
                if *first != b'\n' {
                    return Some(BodyFault::BareCr);
                }
                self.after_cr = false;
                rest = rest.get(1..).unwrap_or_default();
            }
            let found = memchr2(b'\r', b'\n', rest)?;
            if rest.get(found) == Some(&b'\n') {
                return Some(BodyFault::BareLf);
            }
            self.after_cr = true;
            rest = rest.get(found + 1..).unwrap_or_default();
        }
    }
    /// The finished body, or why it is refused.
    pub fn finish(mut self) -> Result<Whole, BodyFault> {
        if self.after_cr {
            self.fail(BodyFault::BareCr);
        }
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(Whole {
                bytes: self.bytes.freeze(),
                _share: self.share,
            }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn chunks_keep_their_lines() {
        let rows: &[(&[u8], Option<BodyFault>)] = &[
            (b"a\r\nb\r\n", None),
            (b"no line end", None),
            (b"a\0\xff\r\n", None),
            (b"a\nb\r\n", Some(BodyFault::BareLf)),
            (b"a\r\r\n", Some(BodyFault::BareCr)),
            (b"a\rb\r\n", Some(BodyFault::BareCr)),
            (b"a\r", Some(BodyFault::BareCr)),
            (
                b"0123456789012345678901234567890123456789",
                Some(BodyFault::TooLarge),
            ),
        ];
        for (bytes, fault) in rows {
            for step in [1, 2, 100] {
                let budget = Budget::new(1 << 20);
                let mut body = Body::new(&budget, 32, 0);
                bytes.chunks(step).for_each(|piece| body.push_lines(piece));
                assert_eq!(body.finish().err(), *fault, "{bytes:?}");
                assert_eq!(budget.used(), 0);
            }
        }
    }

    #[test]
    fn the_budget_bounds_all_bodies_together() {
        let budget = Budget::new(3 * BODY_STEP_BYTES);
        let mut bodies: Vec<_> = (0..4).map(|_| Body::new(&budget, 1 << 30, 0)).collect();
        bodies.iter_mut().for_each(|body| body.push(b"x"));
        let faults: Vec<_> = bodies.iter().map(Body::fault).collect();
        assert_eq!(faults, [None, None, None, Some(BodyFault::NoRoom)]);
        drop(bodies.swap_remove(0));
        assert_eq!(budget.used(), 2 * BODY_STEP_BYTES);
        assert_eq!(Body::new(&budget, 1 << 30, 0).fault(), None);
    }
}
