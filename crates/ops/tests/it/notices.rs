//! What payment providers told us.

use chargly_ops::{NewNotice, NoticeState};

use crate::file::open;

fn notice(id: &str) -> NewNotice<'_> {
    NewNotice {
        id,
        provider: "stripe",
        kind: "checkout.session.completed",
        created_ms: 900,
        is_live: false,
        order: Some("ord_1"),
        body: "{}",
    }
}

#[test]
fn notice_is_new_once_for_each_provider_also_after_it_was_closed() {
    let dir = tempfile::tempdir().expect("a directory");
    let ops = open(dir.path());
    assert!(ops.put_notice(&notice("evt_1"), 1_000).expect("put"));
    assert!(!ops.put_notice(&notice("evt_1"), 2_000).expect("known"));
    drop(ops);
    let ops = open(dir.path());
    assert!(!ops.put_notice(&notice("evt_1"), 3_000).expect("known"));
    assert!(ops.put_notice(&NewNotice { provider: "sandbox", ..notice("evt_1") }, 3_000).expect("put"));
    let kept = ops.notice("stripe", "evt_1").expect("readable").expect("there");
    assert_eq!((kept.received_ms, kept.state, kept.tries), (1_000, NoticeState::Received, 0));
    assert_eq!((kept.order.as_deref(), kept.is_live, kept.body.as_str()), (Some("ord_1"), false, "{}"));
}

#[test]
fn notice_is_tried_when_it_is_due_until_it_comes_to_an_end() {
    let dir = tempfile::tempdir().expect("a directory");
    let ops = open(dir.path());
    for (id, at) in [("late", 2_000), ("early", 1_000)] {
        ops.put_notice(&notice(id), at).expect("put");
    }
    let due = |now_ms, limit| {
        let due = ops.notices_to_retry(now_ms, limit).expect("readable");
        due.into_iter().map(|notice| notice.id).collect::<Vec<_>>()
    };
    assert_eq!(due(999, 10), Vec::<String>::new());
    assert_eq!(due(2_000, 10), ["early", "late"]);
    assert_eq!(due(2_000, 1), ["early"]);
    ops.postpone_notice("stripe", "early", 5_000, "the provider cannot be reached").expect("postponed");
    assert_eq!(due(4_999, 10), ["late"]);
    assert_eq!(due(5_000, 10), ["late", "early"]);
    for (id, state) in [("late", NoticeState::Done), ("early", NoticeState::Parked)] {
        ops.mark_notice("stripe", id, state, "a note").expect("marked");
    }
    assert_eq!(due(i64::MAX, 10), Vec::<String>::new());
    let parked = ops.list_notices(Some(NoticeState::Parked), 10, None).expect("readable");
    assert_eq!((parked.len(), parked[0].tries, parked[0].note.as_str()), (1, 2, "a note"));
}

#[test]
fn list_goes_on_behind_the_last_of_the_page_before() {
    let dir = tempfile::tempdir().expect("a directory");
    let ops = open(dir.path());
    for number in 0..5 {
        ops.put_notice(&notice(&format!("evt_{number}")), number).expect("put");
    }
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = ops.list_notices(None, 2, before).expect("readable");
        let Some(last) = page.last() else { break };
        before = Some(last.number);
        found.extend(page.into_iter().map(|notice| notice.id));
    }
    assert_eq!(found, ["evt_4", "evt_3", "evt_2", "evt_1", "evt_0"]);
}
