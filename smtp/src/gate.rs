//! Who may come in at all: connections at a time and per minute by address, and who is offered no STARTTLS for a while.
//! Pure: time is given, sockets are elsewhere. Every peer counts alike, loopback and private addresses too.

use crate::config::Limits;
use crate::limits::ADDRESSES_REMEMBERED_MAX;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// What counts as one peer: an IPv4 address, or an IPv6 /64 (one host may use all of it).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Block(u128);

fn block(ip: IpAddr) -> Block {
    match ip.to_canonical() {
        IpAddr::V4(v4) => Block(u128::from(v4.to_bits())),
        IpAddr::V6(v6) => Block(v6.to_bits() >> 64 << 64 | 1),
    }
}

#[derive(Debug)]
struct Known {
    open: u32,
    minute_began: Instant,
    connects: u32,
}

#[derive(Default, Debug)]
struct Book {
    open: usize,
    known: HashMap<Block, Known>,
    /// Networks where a handshake failed, and until when they are offered none: an IPv4 /24 or an IPv6 /64, as the addresses
    /// of one sender change within it.
    shy: HashMap<Block, Instant>,
}

fn network(ip: IpAddr) -> Block {
    match ip.to_canonical() {
        IpAddr::V4(v4) => Block(u128::from(v4.to_bits() >> 8 << 8)),
        IpAddr::V6(_) => block(ip),
    }
}

/// The book of one listener.
#[derive(Default, Debug)]
pub(crate) struct Gate(Mutex<Book>);

/// Why somebody stays outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Closed {
    Full,
    TooManyFromThere,
}

/// A place inside; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    gate: Arc<Gate>,
    block: Block,
    /// False where a handshake failed lately.
    pub(crate) offer_tls: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut book = self.gate.book();
        book.open = book.open.saturating_sub(1);
        if let Some(known) = book.known.get_mut(&self.block) {
            known.open = known.open.saturating_sub(1);
        }
    }
}

impl Gate {
    /// A poisoned lock still holds a usable book: counters only.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn enter(
        self: &Arc<Self>,
        ip: IpAddr,
        limits: &Limits,
        now: Instant,
    ) -> Result<Place, Closed> {
        let mut book = self.book();
        if book.open >= limits.connections_max {
            return Err(Closed::Full);
        }
        let block = block(ip);
        forget_some(&mut book, now);
        let offer_tls = book.shy.get(&network(ip)).is_none_or(|until| *until <= now);
        let fresh = Known {
            open: 0,
            minute_began: now,
            connects: 0,
        };
        let known = book.known.entry(block).or_insert(fresh);
        if now.duration_since(known.minute_began) >= Duration::from_secs(60) {
            known.minute_began = now;
            known.connects = 0;
        }
        known.connects = known.connects.saturating_add(1);
        if known.open >= limits.connections_per_address_max
            || known.connects > limits.connects_per_minute_max
        {
            return Err(Closed::TooManyFromThere);
        }
        known.open += 1;
        book.open += 1;
        Ok(Place {
            gate: self.clone(),
            block,
            offer_tls,
        })
    }

    /// A handshake with this sender failed: it gets no STARTTLS for a while (rather clear text than no letter).
    pub(crate) fn handshake_failed(&self, ip: IpAddr, limits: &Limits, now: Instant) {
        let mut book = self.book();
        if book.shy.len() >= ADDRESSES_REMEMBERED_MAX {
            book.shy.retain(|_, until| *until > now);
        }
        if book.shy.len() < ADDRESSES_REMEMBERED_MAX {
            book.shy.insert(network(ip), now + limits.no_starttls_time);
        }
        metrics::gauge!("smtp_no_starttls_senders").set(book.shy.len() as f64);
    }
}

/// Keeps the book bounded: what is not open and says nothing new goes first, then anything not open.
fn forget_some(book: &mut Book, now: Instant) {
    if book.known.len() < ADDRESSES_REMEMBERED_MAX {
        return;
    }
    let telling = |known: &Known| {
        known.open > 0 || now.duration_since(known.minute_began) < Duration::from_secs(60)
    };
    book.known.retain(|_, known| telling(known));
    if book.known.len() >= ADDRESSES_REMEMBERED_MAX {
        book.known.retain(|_, known| known.open > 0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_address_and_in_all() {
        let gate = Arc::new(Gate::default());
        let now = Instant::now();
        let limits = Limits {
            connections_max: 3,
            connections_per_address_max: 2,
            connects_per_minute_max: 4,
            ..Limits::default()
        };
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let enter = |text: &str, now| gate.enter(ip(text), &limits, now);
        let first = enter("127.0.0.1", now).unwrap();
        let second = enter("::ffff:127.0.0.1", now).unwrap();
        assert_eq!(
            enter("127.0.0.1", now).unwrap_err(),
            Closed::TooManyFromThere
        );
        let third = enter("2001:db8::1", now).unwrap();
        assert_eq!(enter("2001:db8:1::1", now).unwrap_err(), Closed::Full);
        drop((first, second));
        drop(enter("127.0.0.1", now).unwrap());
        assert_eq!(
            enter("127.0.0.1", now).unwrap_err(),
            Closed::TooManyFromThere
        );
        let later = now + Duration::from_secs(61);
        drop(enter("127.0.0.1", later).unwrap());
        let same_block = enter("2001:db8::2", now).unwrap();
        assert_eq!(
            enter("2001:db8::3", now).unwrap_err(),
            Closed::TooManyFromThere
        );
        drop((third, same_block));
    }

    #[test]
    fn no_starttls_for_a_while_after_a_failed_handshake() {
        let gate = Arc::new(Gate::default());
        let (ip, now, limits) = (
            IpAddr::from([192, 0, 2, 1]),
            Instant::now(),
            Limits::default(),
        );
        assert!(gate.enter(ip, &limits, now).unwrap().offer_tls);
        gate.handshake_failed(ip, &limits, now);
        let offered = |ip: [u8; 4], now| {
            let place = gate.enter(IpAddr::from(ip), &limits, now).unwrap();
            place.offer_tls
        };
        assert!(!offered([192, 0, 2, 1], now));
        // The next try comes from the sender's next address.
        assert!(!offered([192, 0, 2, 200], now) && offered([192, 0, 3, 1], now));
        assert!(offered([192, 0, 2, 1], now + limits.no_starttls_time));
        let six = |text: &str| text.parse::<IpAddr>().unwrap();
        gate.handshake_failed(six("2001:db8::1"), &limits, now);
        let place = gate.enter(six("2001:db8::2"), &limits, now).unwrap();
        assert!(!place.offer_tls);
        let place = gate.enter(six("2001:db8:0:1::2"), &limits, now).unwrap();
        assert!(place.offer_tls);
    }
}
