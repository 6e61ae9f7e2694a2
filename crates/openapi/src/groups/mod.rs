//! The routes, group by group. A new route is a description in the file of its group; a new group a file and a line here.

mod catalogue;
mod cloud_events;
mod compatibility;
mod corrections;
mod customers;
mod everybody;
mod figures;
mod holds;
mod keys;
mod metering;
mod rate_cards;
mod recommendations;
mod selling;
mod simulations;
mod wallets;
mod webhooks;

use crate::operation::Group;

/// All of them, in the order in which one meets them.
pub(crate) fn all() -> Vec<Group> {
    vec![
        metering::group(),
        holds::group(),
        wallets::group(),
        catalogue::group(),
        rate_cards::group(),
        selling::group(),
        figures::group(),
        customers::group(),
        recommendations::group(),
        simulations::group(),
        corrections::group(),
        webhooks::group(),
        keys::group(),
        cloud_events::group(),
        compatibility::group(),
        everybody::group(),
    ]
}
