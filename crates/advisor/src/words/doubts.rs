//! What could make the advice wrong: what its figures do not hold.

use chargly_ledger::{AdviceKind, Detail};

use super::confidence::is_about_demand;
use super::numbers::{count, percent};
use super::says::Says;

/// From these shares on, in basis points, something is named as a risk.
const LARGEST_CUSTOMER_BP: u32 = 2_500;
/// See [`LARGEST_CUSTOMER_BP`].
const DEAREST_BP: u32 = 2_000;
/// What is less than this part of the cost is not worth a sentence.
const WORTH_SAYING: i128 = 100;
/// Basis points of a whole.
const WHOLE_BP: i128 = 10_000;

/// Reasons for doubt, the strongest first.
pub(super) fn doubts(says: &Says<'_>) -> Vec<String> {
    let (record, evidence) = (says.record, says.evidence());
    let mut text = Vec::new();
    if is_about_demand(says) {
        text.push(
            "Customers may answer otherwise than most do. Usage answers within days, purchases in weeks, and who leaves \
             is only seen when their credits run out."
                .to_owned(),
        );
    }
    text.extend(of_kind(says));
    if record.kind == AdviceKind::DataQuality {
        // The rest is about margins, of which nothing is claimed.
        return text;
    }
    if evidence.largest_customer_bp >= LARGEST_CUSTOMER_BP {
        text.push(format!(
            "One customer alone makes {} of the cost. What that customer does next month moves everything here.",
            percent(evidence.largest_customer_bp)
        ));
    }
    if let Some(tail) = evidence.tail.filter(|tail| tail.dearest_bp >= DEAREST_BP) {
        text.push(format!(
            "The dearest event in a hundred makes {} of the cost. A few more or fewer of those move the mean; half of \
             the events cost {} or less.",
            percent(tail.dearest_bp),
            says.each(tail.p50_nano)
        ));
    }
    if evidence.cost_missing > 0 {
        text.push(format!(
            "{} of {} events have no cost. They count as if they cost nothing, so the true margin is lower.",
            count(evidence.cost_missing),
            count(evidence.events)
        ));
    }
    if evidence.estimated_nano > 0 && evidence.cost_nano > 0 {
        let share = evidence.estimated_nano.saturating_mul(WHOLE_BP) / evidence.cost_nano;
        text.push(format!(
            "{} of the cost is estimated: the provider's bill may say otherwise.",
            percent(share)
        ));
    }
    if evidence.unbilled_nano > 0 && evidence.unbilled_nano.saturating_mul(WORTH_SAYING) >= evidence.cost_nano
    {
        text.push(format!(
            "Refused events cost you {} more, which no price of this one earns back.",
            says.sum(evidence.unbilled_nano)
        ));
    }
    if record.proposal.is_some() {
        if evidence.paid_micro > 0 {
            text.push(
                "Other packs or discounts change what a credit is worth, and every margin here with it."
                    .to_owned(),
            );
        }
        text.push(
            "People who never bought are not in these figures: nobody knows what they would have paid."
                .to_owned(),
        );
    }
    text
}

fn of_kind(says: &Says<'_>) -> Option<String> {
    let text = match (says.record.kind, &says.evidence().detail) {
        (AdviceKind::LossMaking, _) if says.evidence().cost_is_exact => {
            "The cost of each is exact. It is wrong only if the provider changes it, or if you sell at a loss on purpose."
        }
        (AdviceKind::LossMaking, _) => {
            "You may sell this at a loss on purpose, to win customers for something else."
        }
        (AdviceKind::OverTarget, _) => {
            "If use does not grow, a lower price only earns less. Treat it as a test, and look after a month."
        }
        (AdviceKind::Split, _) => {
            "People may move to the cheap ones once these cost less. That is no harm to your margin, but it changes the mix."
        }
        (AdviceKind::Minimum, _) => "People may put small pieces of work together into fewer, larger events.",
        (AdviceKind::CostDrift, Detail::Rate { is_declared: true, .. }) => {
            "The rate card may be wrong, or the provider may change its rates again."
        }
        (AdviceKind::CostDrift, _) => {
            "A promotion or a wrong cost in your events looks the same as a new rate. The provider may also go back."
        }
        (AdviceKind::MixDrift, _) => "The mix may swing back: a launch or one large customer can do that.",
        (AdviceKind::DataQuality, _) => {
            "These events may cost nothing on purpose, such as tries and demos. Then reject this with that reason."
        }
        (AdviceKind::UnderTarget, _) => return None,
    };
    Some(text.to_owned())
}
