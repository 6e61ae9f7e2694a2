//! The sentences that go with an answer: templates, so that nothing is said that the answer does not hold.

use super::answer::{Basis, Cap, Status, Why};

impl Status {
    /// What a person must know before believing the figures: one or two sentences.
    pub fn words(&self) -> String {
        match self {
            Self::TooEarly { have_days, need_days, why } => {
                format!("Too early to say what the price caused: {}", why.words(*have_days, *need_days))
            }
            Self::NoControls(_) => "No other event type kept its price over these days, so there is nothing to \
                compare with: the estimate assumes that the type's own trend would have gone on. Whatever else \
                changed in those days looks like an effect of the price. Confidence is capped at 65 %."
                .to_owned(),
            Self::Estimated(estimate) => {
                let prior = match estimate.basis {
                    Basis::Comparison => "",
                    Basis::ComparisonAndPrior => {
                        " There is little history to compare with, so the range also rests on what is usual elsewhere."
                    }
                };
                format!(
                    "Compared with event types whose price stayed. The range comes from the same comparison on dates \
                     without a price change.{prior}"
                )
            }
        }
    }
}

impl Why {
    /// The second half of the sentence.
    fn words(self, have_days: u32, need_days: u32) -> String {
        match self {
            Self::DaysAfter => {
                format!("{have_days} whole days since the change settled, {need_days} are needed.")
            }
            Self::ChangedAgain => format!(
                "the price changed again after {have_days} whole days, {need_days} are needed. Waiting will not help."
            ),
            Self::DaysBefore { have, need } => {
                format!("{have} days at the price before, {need} are needed. Waiting will not help.")
            }
            Self::Customers { have, need } => {
                format!("{have} customers in the days before, {need} are needed.")
            }
            Self::Events { have, need } => format!("{have} events on one side, {need} are needed."),
            Self::DaysWithoutUse => "on too many days nobody used it.".to_owned(),
            Self::NoPlaceboDates => format!(
                "the history is too short to see how much these figures move by themselves. {need_days} days after \
                 the change are enough, as long as no price changes."
            ),
        }
    }
}

impl Cap {
    /// Why the probability is not higher.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoControls => "capped at 65 %: nothing to compare with",
            Self::PriorsDisagree => "capped at 90 %: one change is not enough to settle how customers react",
        }
    }
}
