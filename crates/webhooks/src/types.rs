//! What messages there are.

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// An order was paid and its credits are in the wallet.
    CheckoutCompleted,
    /// An order was paid and something about it does not fit: a person has to look.
    CheckoutHeld,
    /// Credits came into a wallet.
    WalletCredited,
    /// Credits left a wallet.
    WalletDebited,
    /// What a wallet can spend changed.
    BalanceUpdated,
    /// What a wallet has is low: below a part of its last top-up, or gone in a few days.
    WalletLowBalance,
    /// A wallet has nothing left.
    WalletEmpty,
    /// Credits will lapse soon.
    CreditsExpiring,
    /// A hold lapsed.
    HoldExpired,
    /// A price version was published.
    PricePublished,
    /// There is advice on a price.
    RecommendationCreated,
    /// Somebody asked for a test message.
    Ping,
}

impl MessageType {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::CheckoutCompleted,
        Self::CheckoutHeld,
        Self::WalletCredited,
        Self::WalletDebited,
        Self::BalanceUpdated,
        Self::WalletLowBalance,
        Self::WalletEmpty,
        Self::CreditsExpiring,
        Self::HoldExpired,
        Self::PricePublished,
        Self::RecommendationCreated,
        Self::Ping,
    ];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CheckoutCompleted => "checkout.completed",
            Self::CheckoutHeld => "checkout.held",
            Self::WalletCredited => "wallet.credited",
            Self::WalletDebited => "wallet.debited",
            Self::BalanceUpdated => "balance.updated",
            Self::WalletLowBalance => "wallet.low_balance",
            Self::WalletEmpty => "wallet.empty",
            Self::CreditsExpiring => "credits.expiring",
            Self::HoldExpired => "hold.expired",
            Self::PricePublished => "price.published",
            Self::RecommendationCreated => "recommendation.created",
            Self::Ping => "webhook.ping",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether endpoints can ask for it. A ping is sent to whom it is asked for.
    pub const fn can_be_subscribed(self) -> bool {
        !matches!(self, Self::Ping)
    }

    /// Whether those of a wallet within a second may be told together.
    pub const fn can_be_summed(self) -> bool {
        matches!(self, Self::WalletDebited | Self::BalanceUpdated)
    }

    /// Its place among the messages that one fact makes. Part of message ids: never changed.
    pub(crate) const fn line(self) -> u16 {
        match self {
            Self::WalletCredited => 0,
            Self::WalletDebited => 1,
            Self::BalanceUpdated => 2,
            Self::WalletLowBalance => 3,
            Self::WalletEmpty => 4,
            Self::CreditsExpiring => 5,
            Self::HoldExpired => 6,
            Self::PricePublished => 7,
            Self::RecommendationCreated => 8,
            Self::CheckoutCompleted => 9,
            Self::CheckoutHeld => 10,
            Self::Ping => 11,
        }
    }

    const fn bit(self) -> u32 {
        1 << self.line()
    }
}

/// Some types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypeSet(u32);

impl TypeSet {
    /// Whether it has a type.
    pub const fn has(self, kind: MessageType) -> bool {
        self.0 & kind.bit() != 0
    }

    /// With a type.
    #[must_use]
    pub const fn with(self, kind: MessageType) -> Self {
        Self(self.0 | kind.bit())
    }

    /// All that either has.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl FromIterator<MessageType> for TypeSet {
    fn from_iter<I: IntoIterator<Item = MessageType>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::default(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_lines_are_each_given_once() {
        for kind in MessageType::ALL {
            assert_eq!(MessageType::from_name(kind.as_str()), Some(kind));
            let same = MessageType::ALL.into_iter().filter(|other| other.line() == kind.line());
            assert_eq!(same.count(), 1, "{kind:?}");
        }
    }

    #[test]
    fn set_has_what_was_put_into_it_and_no_more() {
        let set: TypeSet = [MessageType::WalletEmpty, MessageType::HoldExpired].into_iter().collect();
        let has: Vec<_> = MessageType::ALL.into_iter().filter(|kind| set.has(*kind)).collect();
        assert_eq!(has, [MessageType::WalletEmpty, MessageType::HoldExpired]);
    }
}
