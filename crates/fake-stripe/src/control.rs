//! What a test can make happen.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::deliveries::{self, Attempt, Endpoint};
use crate::errors::ApiError;
use crate::payments::{self, Payment};
use crate::server::Shared;
use crate::state::State;
use crate::{disputes, refunds, sessions};

/// Something that a test makes happen. Amounts are in the smallest coins of the session's currency.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the crate's documentation has a row for each, with its fields")]
pub enum Command {
    Pay {
        session: String,
        #[serde(default)]
        method: Method,
        #[serde(default)]
        tax: i64,
        #[serde(default)]
        discount: i64,
        #[serde(default)]
        presentment: Option<Presentment>,
    },
    Settle {
        session: String,
    },
    Fail {
        session: String,
    },
    Refund {
        payment: String,
        #[serde(default)]
        amount: Option<i64>,
        #[serde(default)]
        is_pending: bool,
    },
    SettleRefund {
        refund: String,
    },
    FailRefund {
        refund: String,
    },
    Dispute {
        payment: String,
        #[serde(default)]
        amount: Option<i64>,
        #[serde(default)]
        is_inquiry: bool,
    },
    MoveDispute {
        dispute: String,
        to: DisputeMove,
    },
    AddEndpoint {
        url: String,
        secrets: Vec<String>,
    },
    Deliver {
        #[serde(default)]
        order: Option<Vec<usize>>,
        #[serde(default = "once")]
        times: u32,
        #[serde(default)]
        signed_ago_s: i64,
    },
    Drop {
        index: usize,
    },
    SetFailing {
        times: u32,
        status: u16,
    },
    Inject {
        fault: Fault,
        #[serde(default)]
        method: Option<String>,
        #[serde(default)]
        path: Option<String>,
    },
    Amend {
        session: String,
        #[serde(default)]
        subtotal: Option<i64>,
        #[serde(default)]
        currency: Option<String>,
    },
    Advance {
        seconds: i64,
    },
    ForgetKeys {},
    Queue {},
    Requests {},
}

fn once() -> u32 {
    1
}

impl Command {
    /// A card pays what the session says.
    pub fn pay(session: &str) -> Self {
        Self::Pay {
            session: session.to_owned(),
            method: Method::Card,
            tax: 0,
            discount: 0,
            presentment: None,
        }
    }
}

/// How a buyer pays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// At once.
    #[default]
    Card,
    /// In days, and perhaps not.
    BankDebit,
}

impl Method {
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Method::Card => "card",
            Method::BankDebit => "sepa_debit",
        }
    }
}

/// What the buyer saw in the buyer's own currency (Adaptive Pricing).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presentment {
    /// The buyer's currency.
    pub currency: String,
    /// In its smallest coins.
    pub amount: i64,
}

/// How a dispute goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeMove {
    /// Its money is taken.
    Withdraw,
    /// Its money comes back.
    Reinstate,
    /// The bank looks at it.
    Review,
    /// An inquiry becomes a dispute.
    Escalate,
    /// Won: what was taken comes back.
    Win,
    /// Lost.
    Lose,
    /// An inquiry ends.
    CloseInquiry,
    /// It was kept from becoming one.
    Prevent,
}

/// What goes wrong with the next request to the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It is answered with this status, and nothing is done.
    Status(u16),
    /// It is never answered, and nothing is done.
    Hang,
    /// It is done, and the connection closed without an answer.
    Close,
}

/// A fault that waits for a request with this method and to a path that begins so, or for any.
pub(crate) struct Injected {
    fault: Fault,
    method: Option<String>,
    path: Option<String>,
}

impl State {
    pub(crate) fn inject(&mut self, fault: Fault, method: Option<String>, path: Option<String>) {
        self.faults.push_back(Injected { fault, method, path });
    }

    /// What goes wrong with a request that has just come.
    pub(crate) fn next_fault(&mut self, method: &str, path: &str) -> Option<Fault> {
        let first = self.faults.front()?;
        let is_meant = first.method.as_ref().is_none_or(|wanted| wanted == method)
            && first.path.as_ref().is_none_or(|wanted| path.starts_with(wanted.as_str()));
        if is_meant { self.faults.pop_front().map(|injected| injected.fault) } else { None }
    }
}

impl Shared {
    pub(crate) async fn control(self: &std::sync::Arc<Self>, command: Command) -> Result<Value, ApiError> {
        if let Command::Deliver { order, times, signed_ago_s } = command {
            let attempts = deliveries::deliver(self, order.as_deref(), times, signed_ago_s).await;
            return Ok(json!({"attempts": attempts.iter().map(Attempt::to_json).collect::<Vec<_>>()}));
        }
        let answer = happen(&mut self.state(), command);
        self.deliver_what_is_new();
        answer
    }
}

fn happen(state: &mut State, command: Command) -> Result<Value, ApiError> {
    match command {
        Command::Pay { session, method, tax, discount, presentment } => {
            payments::pay(state, &session, &Payment { method, tax, discount, presentment })
        }
        Command::Settle { session } => payments::settle(state, &session),
        Command::Fail { session } => payments::fail(state, &session),
        Command::Refund { payment, amount, is_pending } => {
            let charge = payments::charge_of(state, &payment)?;
            let status = if is_pending { "pending" } else { "succeeded" };
            refunds::refund(state, &charge, amount, &json!({}), status)
        }
        Command::SettleRefund { refund } => refunds::settle(state, &refund),
        Command::FailRefund { refund } => refunds::fail(state, &refund),
        Command::Dispute { payment, amount, is_inquiry } => {
            disputes::open(state, &payment, amount, is_inquiry)
        }
        Command::MoveDispute { dispute, to } => disputes::go_on(state, &dispute, to),
        Command::AddEndpoint { url, secrets } => {
            state.endpoints.push(Endpoint { url, secrets });
            Ok(json!({"endpoints": state.endpoints.len()}))
        }
        Command::Drop { index } => match index < state.undelivered.len() {
            true => Ok(json!({"dropped": state.drop_event(index)})),
            false => Err(ApiError::invalid("The queue is shorter.").param("index")),
        },
        Command::SetFailing { times, status } => {
            state.failing = (times, status);
            Ok(json!({}))
        }
        Command::Inject { fault, method, path } => {
            state.inject(fault, method, path);
            Ok(json!({}))
        }
        Command::Amend { session, subtotal, currency } => {
            sessions::amend(state, &session, subtotal, currency.as_deref())
        }
        Command::Advance { seconds } => {
            state.advance(seconds);
            Ok(json!({"now": state.now_s()}))
        }
        Command::ForgetKeys {} => {
            state.answered.clear();
            Ok(json!({}))
        }
        Command::Queue {} => Ok(json!({"data": state.queue()})),
        Command::Requests {} => Ok(json!({"data": state.requests})),
        Command::Deliver { .. } => Err(ApiError::invalid("Deliveries are made elsewhere.")),
    }
}
