//! A stand-in for Stripe that tests run against.
