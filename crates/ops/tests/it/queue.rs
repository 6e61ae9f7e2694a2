//! Messages, lanes and attempts.

use chargly_ops::{
    Alert, AlertKind, Attempted, Cursor, DeliveryFilter, DeliveryState, EndpointNo, NONCE_BYTES, NewMessage,
    Next, Ops, OpsError, Window,
};

use crate::file::{asked, open};

struct World {
    ops: Ops,
    to: EndpointNo,
    _dir: tempfile::TempDir,
}

fn world() -> World {
    let dir = tempfile::tempdir().expect("a directory");
    let ops = open(dir.path());
    let made = ops.create_endpoint("whk_1", &asked(), (0, 0), (b"secret", [1; NONCE_BYTES])).expect("made");
    World { ops, to: made.number, _dir: dir }
}

fn message(id: &str, wallet: Option<u32>, due_ms: i64) -> NewMessage<'_> {
    NewMessage { id, kind: "wallet.debited", wallet, at_ms: due_ms, body: "{}", window: None, due_ms }
}

impl World {
    fn put(&self, id: &str, wallet: Option<u32>, due_ms: i64) {
        self.ops.derive(|tx| tx.put(&message(id, wallet, due_ms), &[self.to])).expect("put");
    }

    fn due(&self, now_ms: i64) -> Vec<i64> {
        let due = self.ops.due_lanes(self.to, now_ms, 100).expect("readable");
        due.into_iter().map(|due| due.lane).collect()
    }

    fn head(&self, lane: i64) -> Option<String> {
        self.ops.head(self.to, lane).expect("readable").map(|pending| pending.id)
    }

    fn attempt(&self, lane: i64, next: Next) {
        let pending = self.ops.head(self.to, lane).expect("readable").expect("something waits");
        let attempt = Attempted {
            delivery: pending.delivery,
            lane,
            at_ms: 50,
            took_ms: 1,
            status: None,
            result: "timeout",
            answer: None,
            next,
        };
        self.ops.record_attempts(self.to, &[attempt]).expect("recorded");
    }
}

#[test]
fn lane_gives_its_messages_one_after_the_other_and_is_due_when_its_first_is() {
    let world = world();
    world.put("a1", Some(1), 10);
    world.put("b1", Some(2), 20);
    world.put("a2", Some(1), 30);
    world.put("n1", None, 15);
    assert_eq!(world.due(9), Vec::<i64>::new());
    assert_eq!(world.due(20), [1, -1, 2]);
    world.attempt(1, Next::Again(500));
    assert_eq!((world.due(499), world.due(500)), (vec![-1, 2], vec![-1, 2, 1]));
    assert_eq!(world.head(1).as_deref(), Some("a1"), "the next waits for the one before");
    world.attempt(1, Next::Delivered);
    assert_eq!((world.head(1).as_deref(), world.due(30)), (Some("a2"), vec![-1, 2, 1]));
    world.attempt(1, Next::GiveUp);
    assert_eq!((world.head(1), world.due(i64::MAX)), (None, vec![-1, 2]));
    assert_eq!(world.ops.count_pending(world.to, 100).expect("counted"), 2);
    assert_eq!(world.ops.count_pending(world.to, 1).expect("counted"), 1);
}

#[test]
fn message_that_is_derived_again_is_there_once_and_its_delivery_stays_as_it_is() {
    let world = world();
    world.put("a1", Some(1), 10);
    world.attempt(1, Next::Delivered);
    world.put("a1", Some(1), 10);
    assert_eq!((world.head(1), world.due(i64::MAX)), (None, vec![]));
    let log = world.ops.deliveries(world.to, &DeliveryFilter::default(), (10, 10)).expect("a log");
    assert_eq!((log.len(), log[0].state), (1, DeliveryState::Delivered));
}

#[test]
fn what_is_derived_is_written_together_or_not_at_all() {
    let world = world();
    let failed: Result<(), OpsError> = world.ops.derive(|tx| {
        tx.put(&message("a1", Some(1), 10), &[world.to])?;
        tx.set_alert(AlertKind::Level, 1, Alert { fired: 1, value: 2 })?;
        tx.set_cursor(Cursor { next: 9, ..Cursor::default() })?;
        Err(OpsError::Damaged("on purpose"))
    });
    assert!(failed.is_err());
    assert_eq!((world.head(1), world.ops.cursor().expect("readable").next), (None, 0));
    let told = world.ops.derive(|tx| tx.alert(AlertKind::Level, 1)).expect("readable");
    assert_eq!(told, None);
}

#[test]
fn resent_message_goes_before_what_waits_in_its_lane() {
    let world = world();
    world.put("a1", Some(1), 10);
    world.put("a2", Some(1), 10);
    world.attempt(1, Next::GiveUp);
    world.attempt(1, Next::Again(1_000));
    assert!(world.ops.resend(world.to, "a1", 60).expect("known"));
    assert_eq!((world.head(1).as_deref(), world.due(60)), (Some("a1"), vec![1]));
    assert!(!world.ops.resend(world.to, "a3", 60).expect("unknown"));
    world.attempt(1, Next::Delivered);
    assert_eq!((world.due(999), world.due(1_000)), (vec![], vec![1]), "the other keeps its time");
}

#[test]
fn what_came_to_its_end_is_deleted_with_its_message_when_it_is_old_and_what_waits_is_not() {
    let world = world();
    world.put("a1", Some(1), 10);
    world.put("b1", Some(2), 10);
    world.attempt(1, Next::Delivered);
    world.attempt(2, Next::Again(99));
    assert_eq!(world.ops.prune(51, 10).expect("pruned"), 0, "not older than that");
    assert_eq!(world.ops.prune(52, 10).expect("pruned"), 1);
    assert_eq!(world.ops.wallets_told_of(-2, 10).expect("readable"), [2]);
    assert_eq!(world.head(2).as_deref(), Some("b1"));
}

#[test]
fn forgotten_wallet_has_nothing_left_and_an_attempt_that_ends_later_brings_nothing_back() {
    let world = world();
    world.put("a1", Some(1), 10);
    let flying = world.ops.head(world.to, 1).expect("readable").expect("waits");
    assert_eq!(world.ops.forget_wallet(1).expect("forgotten"), 1);
    // The newest was deleted; this one must not get its number.
    world.put("b1", Some(2), 10);
    let attempt = Attempted {
        delivery: flying.delivery,
        lane: 1,
        at_ms: 1,
        took_ms: 1,
        status: Some(200),
        result: "delivered",
        answer: Some("dear a".to_owned()),
        next: Next::Delivered,
    };
    world.ops.record_attempts(world.to, &[attempt]).expect("recorded");
    let log = world.ops.deliveries(world.to, &DeliveryFilter::default(), (10, 10)).expect("a log");
    assert_eq!(log.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["b1"]);
    assert_eq!(world.due(i64::MAX), [2]);
}

#[test]
fn log_is_filtered_and_goes_on_behind_a_number() {
    let world = world();
    for (id, wallet) in [("a1", 1), ("b1", 2), ("a2", 1)] {
        world.put(id, Some(wallet), 10);
    }
    world.attempt(1, Next::Delivered);
    let ids = |filter: DeliveryFilter, limit| {
        let log = world.ops.deliveries(world.to, &filter, (limit, 10)).expect("a log");
        log.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    let all = DeliveryFilter::default;
    assert_eq!(ids(all(), 10), ["a2", "b1", "a1"]);
    assert_eq!(ids(DeliveryFilter { wallet: Some(1), ..all() }, 10), ["a2", "a1"]);
    assert_eq!(ids(DeliveryFilter { state: Some(DeliveryState::Delivered), ..all() }, 10), ["a1"]);
    assert_eq!(ids(DeliveryFilter { kind: Some("wallet.empty".into()), ..all() }, 10), Vec::<String>::new());
    let first = &world.ops.deliveries(world.to, &all(), (1, 0)).expect("a log")[0];
    assert_eq!(ids(DeliveryFilter { before: Some(first.number), ..all() }, 10), ["b1", "a1"]);
}

#[test]
fn sum_is_added_to_until_its_time_is_over_or_it_was_sent() {
    let world = world();
    let window = Window { start_ms: 0, open_until_ms: 1_200, micro: 5, facts: 1 };
    let sum = |id| NewMessage { window: Some(window), ..message(id, Some(1), 1_200) };
    world.ops.derive(|tx| tx.put(&sum("a1"), &[world.to])).expect("put");
    let open = |now_ms| {
        let found = world.ops.derive(|tx| tx.open_window(1, "wallet.debited", now_ms)).expect("readable");
        found.map(|found| (found.id, found.window.micro))
    };
    assert_eq!(open(1_199), Some(("a1".to_owned(), 5)));
    assert_eq!(open(1_200), None);
    let found =
        world.ops.derive(|tx| tx.open_window(1, "wallet.debited", 0)).expect("readable").expect("open");
    world.ops.derive(|tx| tx.extend(found.number, (9, 2), "{9}")).expect("added");
    assert_eq!(
        world.ops.head(world.to, 1).expect("readable").map(|pending| pending.body).as_deref(),
        Some("{9}")
    );
    world.attempt(1, Next::Again(2_000));
    assert_eq!(open(0), None, "it was sent, although a clock says that its time is not over");
    world.ops.derive(|tx| tx.put(&sum("a2"), &[world.to])).expect("put");
    world.ops.derive(|tx| tx.close_windows(1)).expect("closed");
    assert_eq!(open(0), None);
}
