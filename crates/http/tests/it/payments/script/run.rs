//! One story as it goes on: at Stripe, with us, and in the model.

use std::collections::BTreeSet;

use chargly_fake_stripe::Command;
use chargly_stripe::EVENT_TYPES;
use serde_json::Value;

use super::Step;
use super::at_stripe::AtStripe;
use super::seen::Seen;
use crate::payments::model::{Model, Policy, Status};
use crate::payments::shop::{Ordered, Shop, id_of};

/// Hours that a story lasts at most, but for its end.
const HOURS_MAX: u32 = 20;
const CUSTOMER: &str = "user_7";

pub(super) struct Run {
    shop: Shop,
    order: Ordered,
    model: Model,
    stripe: AtStripe,
    /// Notices that were followed.
    followed: BTreeSet<String>,
    /// Notices that were told, as they are.
    told: Vec<Value>,
    hours: u32,
    keys: u32,
    seen: Seen,
}

type Wrong = String;

impl Run {
    pub(super) async fn begin(refunds: Policy, disputes: Policy) -> Self {
        let shop = Shop::open().await;
        let settings = format!(
            r#"{{"refund_shortfall":"{}","dispute_shortfall":"{}"}}"#,
            refunds.name(),
            disputes.name()
        );
        shop.world.put("/v1/settings", &settings).await.expect(200);
        let order = shop.order(CUSTOMER, "k").await;
        Self {
            shop,
            order,
            model: Model::new(refunds, disputes),
            stripe: AtStripe::default(),
            followed: BTreeSet::new(),
            told: Vec::new(),
            hours: 0,
            keys: 0,
            seen: Seen::default(),
        }
    }

    pub(super) async fn take(mut self, step: Step) -> Result<Self, Wrong> {
        match step {
            Step::Tell(which, times) => self.tell(which, times).await?,
            Step::TellAll(is_newest_first) => {
                while !self.shop.fake.queue().is_empty() {
                    let last = self.shop.fake.queue().len() - 1;
                    self.tell(if is_newest_first { last } else { 0 }, 1).await?;
                }
            }
            Step::TellAgain(which) => {
                if let Some(event) = pick(&self.told, which).cloned() {
                    let got = self.shop.world.send(self.shop.delivery(&event)).await;
                    same("told again", &got.status.as_u16(), &200)?;
                }
            }
            Step::Drop(which) => {
                let queue = self.shop.fake.queue();
                if !queue.is_empty() {
                    self.shop
                        .fake
                        .control(Command::Drop { index: which % queue.len() })
                        .await
                        .expect("there");
                    self.seen.dropped += 1;
                }
            }
            Step::Return => {
                self.shop.return_to(&self.order).await.expect(200);
                if self.is_open() {
                    self.model.is_told(self.stripe.money);
                }
            }
            Step::Sweep => self.sweep().await,
            Step::Meter(events) => self.meter(events).await?,
            Step::RefundOurs(credits) => self.refund_ours(credits.into()).await?,
            Step::Restart => {
                self.shop = self.shop.restart().await;
                self.seen.restarts += 1;
            }
            step => self.stripe.happen(step, &self.shop, &self.order).await,
        }
        self.check().await?;
        Ok(self)
    }

    /// Everything is told at last, and everything agrees.
    pub(super) async fn end(mut self) -> Result<Seen, Wrong> {
        self.hours = 0;
        self.sweep().await;
        self.check().await.map_err(|what| format!("at the end: {what}"))?;
        same("what is known at the end", &self.model.told, &self.stripe.money)?;
        if self.stripe.money.status == Status::Paid {
            self.check_books().await?;
        }
        *(if self.stripe.money.status == Status::Paid {
            &mut self.seen.paid
        } else {
            &mut self.seen.never_paid
        }) += 1;
        Ok(self.seen)
    }

    async fn check_books(&self) -> Result<(), Wrong> {
        let path = format!("/v1/revenue?interval=total&min_position={}", self.shop.position());
        let revenue = self.shop.world.get(&path).await.expect(200).json();
        let (deferred, booked) = (&revenue["deferred"], &revenue["data"][0]);
        same("agrees", &deferred["agrees"], &true.into())?;
        same("deferred", &nano(&deferred["by_books"]), &self.model.deferred())?;
        same("sold", &nano(&booked["cash_sales"]), &self.model.sold())?;
        same("refunded", &nano(&booked["refunds"]), &self.model.refunded())?;
        same("recognised", &nano(&booked["recognised_booked"]), &self.model.revenue())?;
        // What cohorts of lots have left by the facts is what the lots have left by the state.
        let path = format!("/v1/burn-down?interval=month&min_position={}", self.shop.position());
        let cohorts = self.shop.world.get(&path).await.expect(200).json();
        let rows = cohorts["data"].as_array().cloned().unwrap_or_default();
        let left: f64 =
            rows.iter().filter(|row| row["unfinished"] == true).filter_map(|row| row["left"].as_f64()).sum();
        same("left by cohort", &left, &revenue["liability"]["paid"].as_f64().unwrap_or_default())
    }

    fn is_open(&self) -> bool {
        matches!(self.model.told.status, Status::Created | Status::Pending)
    }

    async fn tell(&mut self, which: usize, times: u32) -> Result<(), Wrong> {
        let queue = self.shop.fake.queue();
        let Some(event) = pick(&queue, which) else { return Ok(()) };
        for attempt in self.shop.fake.deliver_as(Some(vec![which % queue.len()]), times, 0).await {
            same("a notice", &attempt.status, &200)?;
        }
        self.told.push(event.clone());
        if self.is_followed(event) {
            self.model.is_told(self.stripe.money);
        }
        Ok(())
    }

    /// Whether a notice is one that makes us ask, for the first time.
    fn is_followed(&mut self, event: &Value) -> bool {
        let kind = event["type"].as_str().unwrap_or_default();
        EVENT_TYPES.contains(&kind) && self.followed.insert(id_of(event))
    }

    /// Whoever waits is asked about, and whatever was missed is found.
    async fn sweep(&mut self) {
        // Longer, and a session would end by itself.
        if self.hours == HOURS_MAX {
            return;
        }
        self.hours += 1;
        self.shop.sweep().await;
        self.shop.pass(61);
        self.shop.sweep().await;
        let mut events = Vec::new();
        for count in 1.. {
            let Some(event) = self.shop.fake.object(&format!("evt_{count:06}")) else { break };
            events.push(event);
        }
        let missed = events.iter().filter(|event| self.is_followed(event)).count();
        if missed > 0 || self.is_open() {
            self.model.is_told(self.stripe.money);
        }
    }

    async fn meter(&mut self, events: u32) -> Result<(), Wrong> {
        for _ in 0..events {
            self.keys += 1;
            let got = self.shop.world.meter(CUSTOMER, &format!("e{}", self.keys)).await;
            let pays = self.model.meters();
            same("an event is paid", &(got.status.as_u16() == 200), &pays)?;
            self.seen.refused_events += u32::from(!pays);
        }
        Ok(())
    }

    async fn refund_ours(&mut self, credits: i128) -> Result<(), Wrong> {
        self.keys += 1;
        let body = format!(r#"{{"credits":{credits},"idempotency_key":"r{}"}}"#, self.keys);
        let got = self.shop.refund(&self.order, &body).await.status.as_u16();
        let left = self.stripe.money.total - self.stripe.money.refunded;
        let expected = match self.model.refundable_cents(credits) {
            None => 409,
            // All went back in Stripe's dashboard: there is nothing left to do.
            Some(_) if left == 0 => 200,
            Some(cents) if cents > left => 502,
            Some(cents) => {
                let is_made = |number: &u32| self.shop.fake.object(&format!("re_{number:06}")).is_some();
                let newest = (1..).take_while(is_made).last().unwrap_or(0);
                self.stripe.is_refunded(format!("re_{newest:06}"), cents);
                self.seen.refunded_by_us += 1;
                200
            }
        };
        if expected == 200 {
            self.model.is_told(self.stripe.money);
        }
        same("our refund", &got, &expected)
    }

    /// Everything that the door shows, beside the model.
    async fn check(&mut self) -> Result<(), Wrong> {
        let wallet =
            self.shop.world.get(&format!("/v1/customers/{CUSTOMER}/wallet")).await.expect(200).json();
        let order = self.shop.order_now(&self.order).await;
        let sums = &order["reclaimed"];
        let model = &self.model;
        same("status", &order["status"], &model.told.status.name().into())?;
        for (name, got, expected) in [
            ("posted", &wallet["posted"], model.posted()),
            ("held", &wallet["held"], model.aside),
            ("available", &wallet["available"], model.available()),
            ("taken back", &sums["credits_taken_back"], model.taken),
            ("owed", &sums["credits_owed"], model.owed),
            ("uncollectable", &sums["credits_uncollectable"], model.uncollectable),
            ("set aside", &sums["credits_set_aside"], model.aside),
        ] {
            same(name, &micro(got), &expected)?;
        }
        same("frozen", &wallet["frozen"], &model.is_frozen.into())?;
        self.seen.owed += u32::from(model.owed > 0);
        self.seen.uncollectable += u32::from(model.uncollectable > 0);
        self.seen.frozen += u32::from(model.is_frozen);
        self.seen.set_aside += u32::from(model.aside > 0);
        self.seen.given_back += u32::from(model.taken > 0);
        Ok(())
    }
}

pub(super) fn pick<T>(from: &[T], which: usize) -> Option<&T> {
    from.get(which.checked_rem(from.len())?)
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, expected: &T) -> Result<(), Wrong> {
    if got == expected { Ok(()) } else { Err(format!("{what}: {got:?}, and {expected:?} was expected")) }
}

/// A number in an answer, in millionths.
fn micro(number: &Value) -> i128 {
    decimal(&format!("{:.6}", number.as_f64().expect("a number")), 6)
}

/// An amount in an answer, in nano-units.
fn nano(amount: &Value) -> i128 {
    decimal(amount.as_str().expect("an amount"), 9)
}

fn decimal(text: &str, places: usize) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<places$}").parse().expect("a number")
}
