//! Who is to be told what, as the follower sees it.

use chargly_ops::{Debits, Endpoint, EndpointNo};

use crate::types::{MessageType, TypeSet};

/// An endpoint that is enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subscriber {
    pub(crate) number: EndpointNo,
    pub(crate) types: TypeSet,
    pub(crate) wants_sums: bool,
    pub(crate) from_position: u64,
}

/// The endpoints that are enabled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subscribers(Vec<Subscriber>);

impl Subscribers {
    /// Those among all endpoints.
    pub(crate) fn of(endpoints: &[Endpoint]) -> Self {
        let enabled = endpoints.iter().filter(|endpoint| endpoint.disabled.is_none());
        let subscriber = |endpoint: &Endpoint| Subscriber {
            number: endpoint.number,
            types: endpoint.asked.types.iter().filter_map(|name| MessageType::from_name(name)).collect(),
            wants_sums: endpoint.asked.debits == Debits::PerSecond,
            from_position: endpoint.from_position,
        };
        Self(enabled.map(subscriber).collect())
    }

    /// Every type that somebody wants.
    pub(crate) fn wanted(&self) -> TypeSet {
        self.0.iter().fold(TypeSet::default(), |all, one| all.or(one.types))
    }

    /// Whether somebody wants to know of low balances.
    pub(crate) fn want_levels(&self) -> bool {
        let wanted = self.wanted();
        wanted.has(MessageType::WalletLowBalance) || wanted.has(MessageType::WalletEmpty)
    }

    /// The first position that anybody wants to know of; `None` where nobody wants anything.
    pub(crate) fn first_wanted(&self) -> Option<u64> {
        self.0.iter().map(|one| one.from_position).min()
    }

    /// Who is told of this type at this position: one by one, or in sums.
    pub(crate) fn of_type(&self, kind: MessageType, position: u64, in_sums: bool) -> Vec<EndpointNo> {
        let wants = |one: &&Subscriber| {
            one.types.has(kind)
                && one.from_position <= position
                && (one.wants_sums && kind.can_be_summed()) == in_sums
        };
        self.0.iter().filter(wants).map(|one| one.number).collect()
    }

    /// Whether somebody wants sums.
    pub(crate) fn want_sums(&self) -> bool {
        self.0.iter().any(|one| one.wants_sums)
    }
}
