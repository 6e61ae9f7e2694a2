//! Payments: orders of credit packs, from the checkout to the credits in the wallet and, perhaps, back again.
//!
//! What is sold and what a payment does to a wallet is the ledger's; who takes the money is behind [`PaymentProvider`].
//! Whatever a provider says, and however often and in whatever order, is asked for again as it stands now and handed to
//! the ledger as a target, so that it converges.

mod port;

pub use port::{
    About, CheckoutTerms, NewCheckout, NewRefund, Notice, NoticeError, OrderName, PaymentProvider,
    PaymentSeen, PaymentStanding, ProviderError, ReturnsStanding, Standing, StartedCheckout,
};
