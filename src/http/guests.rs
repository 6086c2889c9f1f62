//! Who is connected, how many may be, and who has to go when somebody new comes to a full house.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio_util::sync::CancellationToken;

use super::socket::{Phase, SharedPhase};

/// The connections that are open.
#[derive(Clone)]
pub(super) struct Guests {
    max: usize,
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    next: u64,
    /// In the order of arrival.
    present: BTreeMap<u64, (SharedPhase, CancellationToken)>,
}

/// One connection's place; it is free again when this value is dropped.
pub(super) struct Guest {
    number: u64,
    guests: Guests,
    /// Where the connection stands.
    pub(super) phase: SharedPhase,
    /// Cancelled when the place is given to another.
    pub(super) evicted: CancellationToken,
}

impl Guests {
    /// A house with `max` places.
    pub(super) fn new(max: usize) -> Self {
        Self { max, table: Arc::default() }
    }

    /// Takes a place. In a full house the one goes who came first among those whose request has not arrived in full: clients that
    /// send a byte a second cannot shut out one that sends its request at once. `None` if all are being answered.
    pub(super) fn admit(&self) -> Option<Guest> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.present.len() >= self.max {
            let waiting = table.present.iter().find(|(_, (phase, _))| !phase.is(Phase::Busy)).map(|(number, _)| *number)?;
            if let Some((_, evicted)) = table.present.remove(&waiting) {
                evicted.cancel();
            }
        }
        let number = table.next;
        table.next += 1;
        let (phase, evicted) = (SharedPhase::new(), CancellationToken::new());
        table.present.insert(number, (phase.clone(), evicted.clone()));
        Some(Guest { number, guests: self.clone(), phase, evicted })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut table = self.guests.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.present.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::{Guests, Phase};

    #[test]
    fn who_waits_longest_makes_room_and_who_is_served_does_not() {
        let guests = Guests::new(2);
        let (busy, waiting) = (guests.admit().expect("room"), guests.admit().expect("room"));
        busy.phase.set(Phase::Busy);
        let third = guests.admit().expect("the waiting one goes");
        assert!(waiting.evicted.is_cancelled() && !busy.evicted.is_cancelled());
        third.phase.set(Phase::Busy);
        assert!(guests.admit().is_none(), "everybody is being served");
        drop(waiting);
        assert!(guests.admit().is_none(), "an evicted guest gives no place back");
        drop(busy);
        assert!(guests.admit().is_some());
    }
}
