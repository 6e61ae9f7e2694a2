//! Orders of packs from end to end: the doors on one side, on the other Stripe's stand-in, which tells what happens by
//! webhooks to the real route.

mod checkouts;
mod connection;
mod faults;
mod fulfilment;
mod model;
mod notices;
mod refunds;
mod script;
mod shop;
