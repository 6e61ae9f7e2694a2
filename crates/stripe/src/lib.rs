//! The only code that knows Stripe.
