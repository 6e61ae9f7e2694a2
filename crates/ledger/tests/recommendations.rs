//! Recommendations: when one may be made, applied, turned down, taken back and graded, and what becomes of it by itself.
//!
//! Each table is a story, a step a line: what is done, and how it came out. Times are days after the first.

use chargly_ledger::{
    Action, AdviceKind, AdviceSettings, AdviceStatus, AdvisedPrice, Because, Blackout, Call, Credits,
    Currency, Driver, EntryId, EventTypeNo, EventTypeRequest, Evidence, Fact, Grid, Guardrail, GuardrailRule,
    KeyNo, Millis, Need, Needed, Outcome, PayloadOf, Position, PriceNo, PriceRequest, Recommendation,
    Recorder as _, RejectAdviceRequest, Rejection, Rounding, Rule, Settings, Span, State, Stop, Verdict,
    execute,
};
use chargly_testkit::ledger::VecRecorder;

const NOON: i64 = 1_800_000_000_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What a step does.
#[derive(Clone, Debug)]
enum Step {
    /// Advice to raise `chat.reply` to so many credits; applied later as it is named here.
    Recommend(&'static str, i64),
    /// The same of another kind, or changed before it is recorded.
    RecommendAs(&'static str, i64, fn(&mut Recommendation)),
    Apply(&'static str, Option<u32>),
    /// From so many days after the first on.
    ApplyFrom(&'static str, i64),
    /// Another price than the one that was proposed.
    ApplyOther(&'static str, i64),
    Reject(&'static str),
    RollBack(&'static str),
    /// As final or as provisional.
    Grade(&'static str, bool),
    /// Somebody publishes a price by hand.
    Publish(i64),
    /// Prices stay from one day to another.
    Blackout(i64, i64),
    Notice(u32),
    /// So many days pass.
    Wait(i64),
    Is(&'static str, AdviceStatus),
    /// What `chat.reply` costs now.
    Costs(i64),
}

use AdviceStatus::{Accepted, Applied, Expired, Pending, Rejected};
use Step::{
    Apply, ApplyFrom, ApplyOther, Blackout as BlackOut, Costs, Grade, Is, Notice, Publish, Recommend,
    RecommendAs, Reject, RollBack, Wait,
};

const CHAT: EventTypeNo = EventTypeNo(0);

struct World {
    state: State,
    recorder: VecRecorder,
    now: Millis,
    named: Vec<(&'static str, EntryId)>,
    settings: Settings,
}

fn credits(whole: i64) -> Credits {
    Credits::whole(whole).expect("in range")
}

fn flat(whole: i64) -> Rule {
    Rule::Flat { credits: credits(whole) }
}

impl World {
    fn new() -> Self {
        let (mut state, mut recorder) = (State::new(), VecRecorder::default());
        let fact = Fact::EnvironmentCreated { name: "test".into(), salt: [7; 32], currency: Currency::USD };
        let recorded = recorder.record(&fact, PayloadOf::Nothing).expect("room");
        state.apply(recorded, &fact, None);
        let mut world =
            Self { state, recorder, now: Millis(NOON), named: Vec::new(), settings: Settings::default() };
        for (name, price) in [("chat.reply", 10), ("image", 40)] {
            let request = EventTypeRequest {
                name: name.into(),
                label: name.into(),
                description: "".into(),
                caller_set_credits: false,
                dimensions: Vec::new(),
                archived: false,
                estimated_cost_nano: None,
                first_price: Some(credits(price)),
            };
            world.act(Action::DefineEventType(request)).expect("defined");
        }
        world
    }

    fn act(&mut self, action: Action) -> Result<(EntryId, Fact), Rejection> {
        self.recorder.now = self.now;
        let call = Call { actor: KeyNo(1), key: None, action };
        match execute(&mut self.state, &call, self.now, &mut self.recorder) {
            Ok((recorded, fact)) => Ok((recorded.id, fact)),
            Err(Stop::Rejected(rejection)) => Err(rejection),
            Err(Stop::Full(full)) => panic!("{full}"),
        }
    }

    fn id(&self, name: &str) -> EntryId {
        self.named.iter().find(|(known, _)| *known == name).expect("named before").1
    }

    fn newest(&self) -> PriceNo {
        let event_type = self.state.catalogue().event_type_no(CHAT).expect("defined");
        *event_type.prices.last().expect("priced")
    }

    fn advice(&self, whole: i64) -> Recommendation {
        Recommendation {
            kind: AdviceKind::UnderTarget,
            event_type: CHAT,
            base: Some(self.newest()),
            proposal: Some(AdvisedPrice {
                rule: flat(whole),
                grid: Grid::MicroCredit,
                rounding: Rounding::HalfUp,
            }),
            current: Some(credits(10)),
            recommended: Some(credits(whole)),
            driver: Driver::Cost,
            probability_bp: 9_000,
            uncapped_bp: 9_200,
            is_exact: false,
            caps: Vec::new(),
            needs: Vec::new(),
            guardrails: Vec::new(),
            lift: Span::exactly(1),
            if_left: Span::exactly(1),
            evidence: Evidence::default(),
            backtest: None,
            window_from: Millis(NOON - 28 * DAY_MS),
            window_to: Millis(NOON),
            cut_off: Position(3),
            method: 1,
            seed: 7,
        }
    }

    fn recommend(&mut self, name: &'static str, made: Recommendation) -> Result<(), Rejection> {
        let (id, _) = self.act(Action::Recommend(Box::new(made)))?;
        self.named.retain(|(known, _)| *known != name);
        self.named.push((name, id));
        Ok(())
    }

    fn publish(&mut self, request: PriceRequest) -> Result<(), String> {
        match self.act(Action::PublishPrice(request)) {
            Ok((_, Fact::Catalogue(fact))) => match fact.change {
                chargly_ledger::CatalogueChange::PriceRefused { refusal, .. } => {
                    Err(refusal.code().to_owned())
                }
                _ => Ok(()),
            },
            Ok(_) => panic!("a fact about the catalogue"),
            Err(rejection) => Err(word(&rejection)),
        }
    }

    fn apply(&self, name: &str, whole: i64, notice_days: Option<u32>) -> PriceRequest {
        let id = self.id(name);
        let advised = self.state.catalogue().recommendation(id.position).expect("made");
        PriceRequest {
            event_type: CHAT,
            rule: flat(whole),
            grid: Grid::MicroCredit,
            rounding: Rounding::HalfUp,
            effective_at: None,
            note: "why".into(),
            replaces: advised.recommendation.base,
            because: Some(Because::Approves { id, notice_days }),
        }
    }

    fn proposed(&self, name: &str) -> i64 {
        let advised = self.state.catalogue().recommendation(self.id(name).position).expect("made");
        advised.recommendation.recommended.expect("proposed").micro() / 1_000_000
    }

    /// Does a step and says how it came out.
    fn step(&mut self, step: &Step) -> Result<(), String> {
        let rejected = |rejection: Rejection| word(&rejection);
        match step.clone() {
            Recommend(name, whole) => {
                let made = self.advice(whole);
                self.recommend(name, made).map_err(rejected)
            }
            RecommendAs(name, whole, change) => {
                let mut made = self.advice(whole);
                change(&mut made);
                self.recommend(name, made).map_err(rejected)
            }
            Apply(name, notice_days) => self.publish(self.apply(name, self.proposed(name), notice_days)),
            ApplyFrom(name, day) => {
                let effective_at = Some(Millis(NOON + day * DAY_MS));
                self.publish(PriceRequest { effective_at, ..self.apply(name, self.proposed(name), None) })
            }
            ApplyOther(name, whole) => self.publish(self.apply(name, whole, None)),
            Reject(name) => {
                let request = RejectAdviceRequest { recommendation: self.id(name), reason: "no".into() };
                self.act(Action::RejectRecommendation(request)).map(|_| ()).map_err(rejected)
            }
            RollBack(name) => {
                let id = self.id(name);
                let advised = self.state.catalogue().recommendation(id.position).expect("made").clone();
                let chargly_ledger::Decision::Applied { price, .. } = advised.decision else {
                    return Err("not applied".to_owned());
                };
                let because = Some(Because::RollsBack { id });
                self.publish(PriceRequest { replaces: Some(price), because, ..self.apply(name, 10, None) })
            }
            Grade(name, is_provisional) => {
                let outcome = Box::new(Outcome {
                    verdict: Verdict::True,
                    is_provisional,
                    days: 28,
                    predicted: Span::exactly(1),
                    realised: None,
                    cost_per_unit_nano: None,
                    margin_bp: None,
                });
                let recommendation = self.id(name).position;
                let action = Action::GradeRecommendation { recommendation, outcome };
                self.act(action).map(|_| ()).map_err(rejected)
            }
            Publish(whole) => {
                let by_hand = PriceRequest {
                    event_type: CHAT,
                    rule: flat(whole),
                    grid: Grid::MicroCredit,
                    rounding: Rounding::HalfUp,
                    effective_at: None,
                    note: "by hand".into(),
                    replaces: None,
                    because: None,
                };
                self.publish(by_hand)
            }
            BlackOut(from, to) => {
                let day = |day: i64| Millis(NOON + day * DAY_MS);
                self.change(|advice| advice.blackouts = vec![Blackout { from: day(from), to: day(to) }])
            }
            Notice(days) => self.change(|advice| advice.notice_days = days),
            Wait(days) => {
                self.now = self.now.plus(days * DAY_MS);
                Ok(())
            }
            Is(name, expected) => {
                let advised = self.state.catalogue().recommendation(self.id(name).position).expect("made");
                let status = advised.status(self.now);
                if status == expected { Ok(()) } else { Err(format!("is {}", status.as_str())) }
            }
            Costs(whole) => {
                let price = self.state.catalogue().price_in_force(CHAT, self.now).expect("priced");
                if price.rule == flat(whole) { Ok(()) } else { Err(format!("costs {:?}", price.rule)) }
            }
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut AdviceSettings)) -> Result<(), String> {
        change(&mut self.settings.advice);
        let settings = self.settings.clone();
        self.act(Action::ChangeSettings(settings)).map(|_| ()).map_err(|rejection| word(&rejection))
    }
}

fn word(rejection: &Rejection) -> String {
    match rejection {
        Rejection::Invalid { field, .. } => format!("invalid {field}"),
        Rejection::NotFound { kind } => format!("no {kind}"),
        Rejection::RecommendationNotOpen { status } => format!("is {}", status.as_str()),
        Rejection::RecommendationNotApplicable => "not applicable".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Runs a story; a step that is to fail says how.
#[track_caller]
fn check(story: &[(Step, &str)]) {
    let mut world = World::new();
    for (line, (step, expected)) in story.iter().enumerate() {
        let came = world.step(step).err().unwrap_or_default();
        assert_eq!(&came, expected, "line {}: {step:?}", line + 1);
    }
}

#[test]
fn a_pending_recommendation_is_applied_once() {
    check(&[
        (Recommend("a", 12), ""),
        (Is("a", Pending), ""),
        (Costs(10), ""),
        (Apply("a", None), ""),
        (Is("a", Applied), ""),
        (Costs(12), ""),
        (Apply("a", None), "is applied"),
        (Reject("a"), "is applied"),
    ]);
}

#[test]
fn notice_makes_it_accepted_until_its_time_has_come() {
    check(&[
        (Recommend("a", 12), ""),
        (Apply("a", Some(366)), "invalid notice_days"),
        (Apply("a", Some(14)), ""),
        (Is("a", Accepted), ""),
        (Costs(10), ""),
        (Apply("a", Some(14)), "is accepted"),
        (Wait(13), ""),
        (Is("a", Accepted), ""),
        (Wait(1), ""),
        (Is("a", Applied), ""),
        (Costs(12), ""),
    ]);
    check(&[
        (Notice(30), ""),
        (Recommend("a", 12), ""),
        (Apply("a", None), ""),
        (Is("a", Accepted), ""),
        (Wait(30), ""),
        (Is("a", Applied), ""),
    ]);
    check(&[
        (Recommend("a", 12), ""),
        (Wait(2), ""),
        (ApplyFrom("a", 1), "invalid effective_at"),
        (ApplyFrom("a", 3), ""),
        (Is("a", Accepted), ""),
        (Wait(1), ""),
        (Is("a", Applied), ""),
    ]);
}

#[test]
fn what_is_not_decided_expires_after_fourteen_days() {
    check(&[
        (Recommend("a", 12), ""),
        (Wait(13), ""),
        (Is("a", Pending), ""),
        (Wait(1), ""),
        (Is("a", Expired), ""),
        (Apply("a", None), "is expired"),
        (Reject("a"), "is expired"),
    ]);
}

#[test]
fn what_was_turned_down_stays_so() {
    check(&[
        (Recommend("a", 12), ""),
        (Reject("a"), ""),
        (Is("a", Rejected), ""),
        (Apply("a", None), "is rejected"),
        (Reject("a"), "is rejected"),
        (Wait(20), ""),
        (Is("a", Rejected), ""),
    ]);
}

#[test]
fn another_version_overtakes_what_was_advised_of_the_one_before() {
    check(&[
        (Recommend("a", 12), ""),
        (
            RecommendAs("data", 12, |made| {
                (made.kind, made.proposal) = (AdviceKind::DataQuality, None);
            }),
            "",
        ),
        (Publish(11), ""),
        (Is("a", Expired), ""),
        (Apply("a", None), "is expired"),
        // It proposes no price, and what is missing is missing still.
        (Is("data", Pending), ""),
        (Apply("data", None), "not applicable"),
    ]);
    check(&[
        (RecommendAs("late", 12, |made| made.base = Some(PriceNo(1))), "invalid base"),
        (RecommendAs("none", 12, |made| made.base = None), "invalid base"),
        (RecommendAs("what", 12, |made| made.event_type = EventTypeNo(9)), "UnknownEventType"),
    ]);
}

#[test]
fn a_later_one_of_the_same_kind_takes_the_place_and_others_stay() {
    check(&[
        (Recommend("a", 12), ""),
        (RecommendAs("split", 12, |made| made.kind = AdviceKind::Split), ""),
        (
            RecommendAs("image", 12, |made| {
                (made.event_type, made.base) = (EventTypeNo(1), Some(PriceNo(1)))
            }),
            "",
        ),
        (Recommend("b", 13), ""),
        (Is("a", Expired), ""),
        (Is("split", Pending), ""),
        (Is("image", Pending), ""),
        (Is("b", Pending), ""),
        (Apply("a", None), "is expired"),
        (Apply("b", None), ""),
        // They were advised of the version before, but of another event type.
        (Is("split", Expired), ""),
        (Is("image", Pending), ""),
    ]);
}

#[test]
fn exactly_what_was_proposed_is_applied() {
    check(&[
        (Recommend("a", 12), ""),
        (ApplyOther("a", 13), "invalid recommendation"),
        (Is("a", Pending), ""),
        (Costs(10), ""),
    ]);
}

#[test]
fn what_is_only_watched_cannot_be_applied() {
    let needing = |made: &mut Recommendation| {
        made.needs = vec![Need { what: Needed::Events, have: 3, need: 200 }];
    };
    check(&[
        (RecommendAs("unsure", 12, |made| made.probability_bp = 6_999), ""),
        (Apply("unsure", None), "not applicable"),
        (RecommendAs("needing", 12, needing), ""),
        (Apply("needing", None), "not applicable"),
        (RecommendAs("likely", 12, |made| made.probability_bp = 7_000), ""),
        (Apply("likely", None), ""),
    ]);
}

#[test]
fn where_bills_rise_much_a_notice_must_be_chosen() {
    fn shocking(made: &mut Recommendation) {
        let shock = GuardrailRule::BillShock;
        made.guardrails = vec![Guardrail { rule: shock, is_kept: false, value: 4_000, limit: 2_500 }];
    }
    check(&[
        (Notice(14), ""),
        (RecommendAs("a", 12, shocking), ""),
        // What the settings say is no choice of whoever approves.
        (Apply("a", None), "invalid notice_days"),
        (Is("a", Pending), ""),
        (Apply("a", Some(0)), ""),
        (Is("a", Applied), ""),
    ]);
    check(&[(RecommendAs("a", 12, shocking), ""), (ApplyFrom("a", 30), ""), (Is("a", Accepted), "")]);
}

#[test]
fn no_recommended_price_begins_within_a_blackout() {
    check(&[
        (BlackOut(10, 20), ""),
        (Recommend("a", 12), ""),
        (Apply("a", Some(10)), "invalid notice_days"),
        (ApplyFrom("a", 19), "invalid notice_days"),
        (Is("a", Pending), ""),
        (Apply("a", Some(20)), ""),
        (Is("a", Accepted), ""),
    ]);
    check(&[
        (BlackOut(0, 20), ""),
        (Recommend("a", 12), ""),
        (Apply("a", None), "invalid notice_days"),
        // Prices by hand are nobody's advice.
        (Publish(11), ""),
    ]);
}

#[test]
fn what_was_applied_is_taken_back_while_its_version_is_the_newest() {
    check(&[
        (Recommend("a", 12), ""),
        (RollBack("a"), "not applied"),
        (Apply("a", None), ""),
        (RollBack("a"), ""),
        (Costs(10), ""),
        (Is("a", Applied), ""),
        (RollBack("a"), "version_superseded"),
    ]);
    check(&[
        (Recommend("a", 12), ""),
        (Apply("a", None), ""),
        (Publish(13), ""),
        (RollBack("a"), "version_superseded"),
        (Costs(13), ""),
    ]);
}

#[test]
fn what_was_applied_is_graded_when_its_review_is_due_and_again_while_provisional() {
    check(&[
        (Recommend("a", 12), ""),
        (Grade("a", false), "invalid recommendation"),
        (Apply("a", Some(10)), ""),
        (Wait(40), ""),
        (Grade("a", true), "invalid recommendation"),
        (Wait(1), ""),
        (Grade("a", true), ""),
        (Grade("a", true), "invalid recommendation"),
        (Grade("a", false), ""),
        (Grade("a", false), "invalid recommendation"),
    ]);
}

#[test]
fn a_recommendation_is_found_by_its_sealed_id_alone() {
    let mut world = World::new();
    world.step(&Recommend("a", 12)).expect("made");
    let id = world.id("a");
    let forged = EntryId { tag: id.tag ^ 1, ..id };
    world.named = vec![("a", forged)];
    assert_eq!(world.step(&Apply("a", None)), Err("no recommendation".to_owned()));
    assert_eq!(world.step(&Reject("a")), Err("no recommendation".to_owned()));
}
