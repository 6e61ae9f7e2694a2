//! A ledger that is given advice: what steps do, and how they come out.

use chargly_ledger::{
    Action, AdviceKind, AdviceSettings, AdviceStatus, AdvisedPrice, Because, Blackout, Call, Credits,
    Currency, Driver, EntryId, EventTypeNo, EventTypeRequest, Evidence, Fact, Grid, KeyNo, Millis, Outcome,
    PayloadOf, Position, PriceNo, PriceRequest, Recommendation, Recorder as _, RejectAdviceRequest,
    Rejection, Rounding, Rule, Settings, Span, State, Stop, Verdict, execute,
};
use chargly_testkit::ledger::VecRecorder;

const NOON: i64 = 1_800_000_000_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

use self::Step::{
    Apply, ApplyFrom, ApplyOther, Blackout as BlackOut, Costs, Grade, Is, Notice, Publish, Recommend,
    RecommendAs, Reject, RollBack, Wait,
};

/// What a step does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
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

const CHAT: EventTypeNo = EventTypeNo(0);

pub(crate) struct World {
    state: State,
    recorder: VecRecorder,
    now: Millis,
    pub(crate) named: Vec<(&'static str, EntryId)>,
    settings: Settings,
}

fn credits(whole: i64) -> Credits {
    Credits::whole(whole).expect("in range")
}

fn flat(whole: i64) -> Rule {
    Rule::Flat { credits: credits(whole) }
}

impl World {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn id(&self, name: &str) -> EntryId {
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
    pub(crate) fn step(&mut self, step: &Step) -> Result<(), String> {
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
