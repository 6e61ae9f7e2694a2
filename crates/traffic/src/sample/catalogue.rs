//! What the events are: the example catalogue's event types, with the token sizes of real traces.
#![expect(clippy::float_arithmetic, reason = "random draws of token counts; costs are integers")]

use rand::RngCore;

use super::draw::{below, normal};

/// Most tokens of one event: a tail that no real request in the traces reached (14,050) is cut here.
const MAX_TOKENS: u64 = 32_768;

/// Standard normal deviation that 99 % of draws stay below.
const P99_DEVIATIONS: f64 = 2.326_347_874_040_841;

/// Shares are thousandths.
const WHOLE: u32 = 1_000;

/// Median and 99th percentile of a token count.
#[derive(Debug, Clone, Copy)]
struct Spread {
    median: f64,
    p99: f64,
}

impl Spread {
    /// A draw of the log-normal distribution with this median and 99th percentile.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1 to MAX_TOKENS")]
    fn draw(self, draw: &mut impl RngCore) -> u64 {
        let sigma = libm::log(self.p99 / self.median) / P99_DEVIATIONS;
        let tokens = self.median * libm::exp(sigma * normal(draw));
        (libm::round(tokens) as u64).clamp(1, MAX_TOKENS)
    }
}

/// What one event costs, in nano-dollars. Example prices, nobody's list.
#[derive(Debug, Clone, Copy)]
enum Price {
    PerToken { input_nanos: i64, output_nanos: i64 },
    PerImage { nanos: i64 },
}

/// An event type as it is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventKind {
    pub(super) event: &'static str,
    pub(super) model: &'static str,
    /// Thousandths of all events.
    share: u32,
    /// Input and output; images have no tokens.
    tokens: Option<(Spread, Spread)>,
    price: Price,
}

/// Tokens of one event.
pub(super) struct Tokens {
    pub(super) input: u64,
    pub(super) output: u64,
}

const CONVERSATION_INPUT: Spread = Spread { median: 1_020.0, p99: 4_142.0 };
const CONVERSATION_OUTPUT: Spread = Spread { median: 129.0, p99: 601.0 };
const CODE_INPUT: Spread = Spread { median: 1_469.0, p99: 7_436.0 };
const REASONING_INPUT: Spread = Spread { median: 2_315.0, p99: 6_652.0 };
const REASONING_OUTPUT: Spread = Spread { median: 484.0, p99: 1_538.0 };
const SMALL_INPUT: Spread = Spread { median: 347.0, p99: 853.0 };
const SMALL_OUTPUT: Spread = Spread { median: 32.0, p99: 70.0 };

/// The event types; their shares make [`WHOLE`].
const KINDS: [EventKind; 5] = [
    EventKind {
        event: "chat.reply",
        model: "m-large",
        share: 480,
        tokens: Some((CONVERSATION_INPUT, CONVERSATION_OUTPUT)),
        price: Price::PerToken { input_nanos: 2_500, output_nanos: 10_000 },
    },
    EventKind {
        event: "ai.summary",
        model: "m-large",
        share: 180,
        tokens: Some((CODE_INPUT, CONVERSATION_OUTPUT)),
        price: Price::PerToken { input_nanos: 2_500, output_nanos: 10_000 },
    },
    EventKind {
        event: "workflow.step",
        model: "m-small",
        share: 160,
        tokens: Some((SMALL_INPUT, SMALL_OUTPUT)),
        price: Price::PerToken { input_nanos: 150, output_nanos: 600 },
    },
    EventKind {
        event: "image.generate",
        model: "mm-image",
        share: 100,
        tokens: None,
        price: Price::PerImage { nanos: 40_000_000 },
    },
    EventKind {
        event: "agent.run",
        model: "deepseek-r1",
        share: 80,
        tokens: Some((REASONING_INPUT, REASONING_OUTPUT)),
        price: Price::PerToken { input_nanos: 550, output_nanos: 2_190 },
    },
];

/// Draws an event type by its share.
pub(super) fn pick(draw: &mut impl RngCore) -> &'static EventKind {
    let mut point = below(WHOLE, draw);
    for kind in &KINDS {
        if point < kind.share {
            return kind;
        }
        point -= kind.share;
    }
    &KINDS[0]
}

impl EventKind {
    pub(super) fn tokens(&self, draw: &mut impl RngCore) -> Tokens {
        match self.tokens {
            None => Tokens { input: 0, output: 0 },
            Some((input, output)) => Tokens { input: input.draw(draw), output: output.draw(draw) },
        }
    }

    /// Nano-dollars, exact: tokens are at most [`MAX_TOKENS`] and prices small, so nothing can overflow.
    pub(super) fn cost_nanos(&self, tokens: &Tokens) -> i64 {
        match self.price {
            Price::PerImage { nanos } => nanos,
            Price::PerToken { input_nanos, output_nanos } => {
                count(tokens.input) * input_nanos + count(tokens.output) * output_nanos
            }
        }
    }
}

fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_make_a_whole() {
        assert_eq!(KINDS.iter().map(|kind| kind.share).sum::<u32>(), WHOLE);
    }

    #[test]
    fn costs_are_exact_products() {
        let chat = &KINDS[0];
        assert_eq!(chat.cost_nanos(&Tokens { input: 812, output: 164 }), 812 * 2_500 + 164 * 10_000);
        let image = &KINDS[3];
        assert_eq!(image.cost_nanos(&Tokens { input: 0, output: 0 }), 40_000_000);
    }
}
