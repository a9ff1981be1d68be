//! What happens in a world, drawn from its seed before anything happens: a list that can be cut and played again.
//!
//! Each act carries its own chance, so that what it does hangs on nothing but itself and the state it meets.

use rand::RngExt;
use rand::rngs::StdRng;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Act {
    pub(super) kind: Kind,
    /// What chance it has: which order, which of several things, how long.
    pub(super) roll: u64,
}

/// What kind of thing happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A customer places an order.
    Place,
    /// Customer or merchant does something to an order.
    Shop,
    /// The merchant stops an order: cancels it, holds it, gives the payment's promise back, or refunds some of it.
    Stop,
    /// The merchant lets an order go: takes the money, or lets go of holds.
    Free,
    /// A packer goes on with an order.
    Pack,
    /// Somebody at the warehouse does what no packer does: holds, edits by hand, cancels, splits, merges.
    Interfere,
    /// Somebody enters an order at the warehouse by hand, or the warehouse's own integration does.
    Enter,
    /// The compliance service's own fulfilment house ships something; where there is a warehouse, a carrier scans a parcel of it.
    Ship,
    /// Time passes, webhooks that are due arrive, and whatever is due is worked on.
    Work,
    /// The next work is caught at one of its calls, and stays there until the work after it.
    Catch,
    /// While a call is caught, another worker takes what is due; the lease may have run out by then.
    Other,
    /// Time passes.
    Wait,
    /// A call to come is struck by a fault.
    Fault,
    /// Access tokens end, or another client uses the credits up.
    Access,
}

/// The likelier kinds more than once.
const KINDS: &[Kind] = &[
    Kind::Place,
    Kind::Shop,
    Kind::Shop,
    Kind::Shop,
    Kind::Stop,
    Kind::Free,
    Kind::Free,
    Kind::Pack,
    Kind::Pack,
    Kind::Pack,
    Kind::Pack,
    Kind::Interfere,
    Kind::Interfere,
    Kind::Interfere,
    Kind::Enter,
    Kind::Ship,
    Kind::Work,
    Kind::Work,
    Kind::Work,
    Kind::Work,
    Kind::Work,
    Kind::Catch,
    Kind::Catch,
    Kind::Other,
    Kind::Other,
    Kind::Wait,
    Kind::Fault,
    Kind::Fault,
    Kind::Fault,
    Kind::Access,
];

/// The acts of one life.
pub(super) fn draw(rng: &mut StdRng) -> Vec<Act> {
    let mut acts = vec![Act { kind: Kind::Place, roll: rng.random() }];
    for _ in 0..rng.random_range(8..28) {
        let kind = KINDS[rng.random_range(0..KINDS.len())];
        if kind != Kind::Catch {
            acts.push(Act { kind, roll: rng.random() });
            continue;
        }
        // A call that is caught with nothing happening meanwhile shows little: something is to be done, and before it is done
        // the shop changes its mind, and another worker comes by.
        let before = [Kind::Place, Kind::Place, Kind::Free, Kind::Shop][rng.random_range(0..4)];
        let meanwhile = [Kind::Stop, Kind::Stop, Kind::Shop, Kind::Pack][rng.random_range(0..4)];
        for kind in [before, Kind::Catch, Kind::Work, meanwhile, Kind::Other, Kind::Work] {
            acts.push(Act { kind, roll: rng.random() });
        }
    }
    acts
}
