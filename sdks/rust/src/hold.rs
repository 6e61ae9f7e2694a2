//! Credits that are set aside while work runs.
//!
//! A capture whose answer was lost may have been made, so the hold is not voided after it: work that was delivered must
//! not become free. It is left to the same capture, tried again under the same key, or to the hold's own end.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use crate::amount::Amount;
use crate::call::{Answer, Sealed, new_key};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::input::{Capture, PlaceHold};
use crate::ops;
use crate::output::{CaptureResult, HoldState};
use crate::raw::Raw;
use crate::usage::Cost;

/// Whoever ends a block does not wait longer for the hold to be given back.
const RELEASE_DEADLINE: Duration = Duration::from_secs(10);

/// A hold that was placed. Clones are the same hold.
#[derive(Clone)]
#[non_exhaustive]
pub struct Hold {
    /// Its id. Where the hold itself is not at hand any more, the client's methods take it.
    pub hold_id: String,
    /// The type of event it is for.
    pub event: String,
    /// Whose it is.
    pub customer_id: String,
    /// What was set aside when it was placed.
    pub credits: Amount,
    /// What the customer could spend beside it, when it was placed.
    pub remaining_balance: Amount,
    /// When it lapses by itself, unless that was changed since.
    pub expires_at: String,
    /// The key of the call that placed it.
    pub idempotency_key: String,
    /// What the server sent.
    pub raw: Raw,
    client: Client,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    ended: bool,
    captured: Amount,
    /// A capture of which nobody knows whether it was made, with its key.
    in_doubt: Option<(Capture, String)>,
}

impl Hold {
    /// Charges what was used, all that is held unless said otherwise, and releases the rest.
    ///
    /// # Errors
    /// As of [`Client::capture_hold`]. Where no answer came, the same capture once more has the same key.
    pub async fn capture(&self, capture: Capture) -> Result<CaptureResult> {
        let key = {
            let mut state = self.state();
            let known =
                state.in_doubt.as_ref().filter(|(before, _)| *before == capture).map(|(_, key)| key.clone());
            let key = capture.idempotency_key.clone().or(known).unwrap_or_else(new_key);
            // Before it is sent, since whoever waits for the answer may give up.
            state.in_doubt = Some((capture.clone(), key.clone()));
            key
        };
        let result = self.client.capture_hold(&self.hold_id, capture.idempotency_key(key)).await;
        let mut state = self.state();
        match &result {
            Ok(captured) => {
                state.in_doubt = None;
                state.ended = captured.ended;
                state.captured =
                    state.captured.checked_add(captured.deducted_credits).unwrap_or(state.captured);
            }
            // A refusal was received, so nothing was captured.
            Err(error) if !error.is_in_doubt() => state.in_doubt = None,
            Err(_) => {}
        }
        result
    }

    /// Sets so many credits more aside.
    ///
    /// # Errors
    /// As of [`Client::increase_hold`].
    pub async fn increase(&self, credits: impl Into<Amount>) -> Result<HoldState> {
        self.client.increase_hold(&self.hold_id, credits).await
    }

    /// Lets it lapse so many seconds from now.
    ///
    /// # Errors
    /// As of [`Client::extend_hold`].
    pub async fn extend(&self, expires_in_s: u32) -> Result<HoldState> {
        self.client.extend_hold(&self.hold_id, expires_in_s).await
    }

    /// Gives back what is still held. What was captured stays charged, and a hold that has ended already is left so.
    ///
    /// # Errors
    /// What can go wrong is in [`Error`].
    pub async fn void(&self) -> Result<()> {
        self.void_within(None).await
    }

    async fn void_within(&self, deadline: Option<Duration>) -> Result<()> {
        let mut call = ops::void(&self.hold_id)?;
        call.deadline = deadline;
        match self.client.write::<HoldState>(call).await {
            Ok(_) | Err(Error::HoldNotOpen { .. }) => {
                self.state().ended = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Whether it was captured for the last time, or voided, from here. It may have lapsed.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.state().ended
    }

    /// Credits captured so far.
    #[must_use]
    pub fn captured(&self) -> Amount {
        self.state().captured
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_to_be_voided(&self) -> bool {
        let state = self.state();
        !state.ended && state.in_doubt.is_none()
    }

    /// The end of a block. Where it cannot be said to the server soon, the hold lapses by itself.
    async fn release(&self) {
        if self.is_to_be_voided() {
            let _left_to_lapse = self.void_within(Some(RELEASE_DEADLINE)).await;
        }
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold")
            .field("hold_id", &self.hold_id)
            .field("customer_id", &self.customer_id)
            .field("credits", &self.credits)
            .field("ended", &self.ended())
            .finish_non_exhaustive()
    }
}

impl Sealed for Hold {
    const NAME: &'static str = "Hold";

    #[expect(private_interfaces, reason = "sealed: nobody else calls or writes it")]
    fn of(answer: &Answer, client: &Client) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Balance {
            available: Amount,
        }
        #[derive(Deserialize)]
        struct Wire {
            id: String,
            event: String,
            customer: String,
            credits: Amount,
            balance: Balance,
            expires_at: String,
        }
        let wire: Wire = serde_json::from_str(&answer.text)?;
        Ok(Self {
            hold_id: wire.id,
            event: wire.event,
            customer_id: wire.customer,
            credits: wire.credits,
            remaining_balance: wire.balance.available,
            expires_at: wire.expires_at,
            idempotency_key: answer.key.clone().unwrap_or_default(),
            raw: Raw::of_text(&answer.text),
            client: client.clone(),
            state: Arc::default(),
        })
    }
}

/// Gives a hold back also where its block is never polled to its end: a timeout, a panic, a request that was dropped.
struct Guard(Hold);

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.0.is_to_be_voided() {
            return;
        }
        // Without a runtime the hold lapses by itself.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let hold = self.0.clone();
            runtime.spawn(async move { hold.release().await });
        }
    }
}

impl Client {
    /// Holds credits while work runs. The work captures what it came to; what it has not captured by its end is given
    /// back, whether it ends well, fails, panics or is dropped halfway.
    ///
    /// ```no_run
    /// # use chargly_client::{Capture, Client, Error, PlaceHold};
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let steps = client
    ///     .with_hold(PlaceHold::new("agent.run", "user_42").credits(100), |hold| async move {
    ///         hold.capture(Capture::new().credits(30)).await?;
    ///         Ok::<_, Error>(1)
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What placing the hold answers, and what the work answers.
    pub async fn with_hold<T, E, W, F>(&self, hold: PlaceHold, work: W) -> Result<T, E>
    where
        W: FnOnce(Hold) -> F,
        F: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        let guard = Guard(self.place_hold(hold).await?);
        let result = work(guard.0.clone()).await;
        guard.0.release().await;
        result
    }

    /// Holds, runs the work, and captures what it came to, with its cost; gives the hold back where the work fails.
    ///
    /// ```no_run
    /// # use chargly_client::{Client, Error, MeteredError, PlaceHold};
    /// # use serde_json::{Value, json};
    /// # async fn ask_the_model() -> Result<Value, Error> { Ok(json!({})) }
    /// # async fn run(client: Client) -> Result<(), MeteredError<Value, Error>> {
    /// let run = client
    ///     .metered(PlaceHold::new("agent.run", "user_42").credits(100), |run| async move {
    ///         let answer = ask_the_model().await?;
    ///         run.cost(&answer); // as it came
    ///         run.credits(25); // less than was held
    ///         Ok(answer)
    ///     })
    ///     .await?;
    /// println!("{} for {}", run.capture.deducted_credits, run.output["id"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A [`MeteredError`] says which part failed; what was done already is not lost with it.
    pub async fn metered<T, E, W, F>(
        &self,
        hold: PlaceHold,
        work: W,
    ) -> Result<Metered<T>, MeteredError<T, E>>
    where
        W: FnOnce(Run) -> F,
        F: Future<Output = Result<T, E>>,
    {
        let guard = Guard(self.place_hold(hold).await.map_err(MeteredError::Refused)?);
        let run = Run { hold: guard.0.clone(), capture: Arc::default() };
        let output = match work(run.clone()).await {
            Ok(output) => output,
            Err(error) => {
                guard.0.release().await;
                return Err(MeteredError::Work(error));
            }
        };
        let capture = run.said().clone();
        match guard.0.capture(capture).await {
            Ok(capture) => Ok(Metered { output, capture }),
            Err(error) => {
                guard.0.release().await;
                Err(MeteredError::NotCaptured {
                    output,
                    error: Box::new(error),
                    hold: Box::new(guard.0.clone()),
                })
            }
        }
    }
}

/// What [`Client::metered`] work says of itself while it runs. Clones are the same run.
#[derive(Debug, Clone)]
pub struct Run {
    hold: Hold,
    capture: Arc<Mutex<Capture>>,
}

impl Run {
    /// The hold under it, to be increased or extended.
    #[must_use]
    pub fn hold(&self) -> &Hold {
        &self.hold
    }

    /// What it cost you: [`Money`](crate::Money), or what a provider answered, as it came.
    pub fn cost(&self, cost: impl Into<Cost>) {
        self.say(|capture| capture.cost(cost));
    }

    /// How many credits to charge, where that is not what was held.
    pub fn credits(&self, credits: impl Into<Amount>) {
        self.say(|capture| capture.credits(credits));
    }

    /// How much was used, where that is not what was held.
    pub fn quantity(&self, quantity: impl Into<Amount>) {
        self.say(|capture| capture.quantity(quantity));
    }

    /// One property more of the event.
    pub fn property(&self, name: impl Into<String>, value: impl Into<serde_json::Value>) {
        self.say(|capture| capture.property(name, value));
    }

    /// All else that can be said of a capture.
    pub fn say(&self, say: impl FnOnce(Capture) -> Capture) {
        let mut said = self.said();
        *said = say(said.clone());
    }

    fn said(&self) -> MutexGuard<'_, Capture> {
        self.capture.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Work that was done and charged.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Metered<T> {
    /// What the work returned.
    pub output: T,
    /// What was charged for it.
    pub capture: CaptureResult,
}

/// Which part of [`Client::metered`] failed.
#[non_exhaustive]
pub enum MeteredError<T, E> {
    /// The hold was not placed, and the work not begun.
    Refused(Error),
    /// The work failed, and its hold was given back.
    Work(E),
    /// The work was done, and is not charged, or nobody knows whether it is: `error` says it. The same capture of the
    /// `hold` once more has the same key.
    #[non_exhaustive]
    NotCaptured {
        /// What the work returned.
        output: T,
        /// Why it is not charged.
        error: Box<Error>,
        /// The hold, where it is still open.
        hold: Box<Hold>,
    },
}

impl<T, E> MeteredError<T, E> {
    /// The error of Chargly, where it is one.
    #[must_use]
    pub fn chargly(&self) -> Option<&Error> {
        match self {
            Self::Refused(error) => Some(error),
            Self::NotCaptured { error, .. } => Some(error),
            Self::Work(_) => None,
        }
    }
}

impl<T, E: fmt::Debug> fmt::Debug for MeteredError<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => f.debug_tuple("Refused").field(error).finish(),
            Self::Work(error) => f.debug_tuple("Work").field(error).finish(),
            Self::NotCaptured { error, .. } => {
                f.debug_struct("NotCaptured").field("error", error).finish_non_exhaustive()
            }
        }
    }
}

impl<T, E: fmt::Display> fmt::Display for MeteredError<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Work(error) => error.fmt(f),
            Self::NotCaptured { error, .. } => {
                write!(f, "the work was done, and could not be charged: {error}")
            }
        }
    }
}

impl<T, E: std::error::Error + 'static> std::error::Error for MeteredError<T, E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(error) => error.source(),
            Self::Work(error) => error.source(),
            Self::NotCaptured { error, .. } => Some(error.as_ref()),
        }
    }
}
