//! The file as a whole: versions, keys, copies.

use std::path::Path;
use std::sync::Arc;

use chargly_ops::{Cursor, KeyError, NONCE_BYTES, NewEndpoint, OPS_FILE, Ops, OpsError, Vault, copy_ops};

pub(crate) fn vault(key: u8) -> Arc<Vault> {
    Arc::new(Vault::new(Box::new(move |_| Ok([key; 32]))))
}

pub(crate) fn open(dir: &Path) -> Ops {
    Ops::open(dir, vault(1)).expect("opens")
}

pub(crate) fn asked() -> NewEndpoint {
    NewEndpoint {
        url: "https://shop.example/hooks".to_owned(),
        description: String::new(),
        types: vec!["wallet.debited".to_owned()],
        debits: Default::default(),
    }
}

fn with_endpoint(dir: &Path) -> Ops {
    let ops = open(dir);
    ops.create_endpoint("whk_1", &asked(), (7, 1_000), (b"secret", [1; NONCE_BYTES])).expect("made");
    ops
}

#[test]
fn what_was_put_is_there_after_it_was_closed() {
    let dir = tempfile::tempdir().expect("a directory");
    let made = with_endpoint(dir.path()).endpoint("whk_1").expect("readable").expect("there");
    let ops = open(dir.path());
    assert_eq!(ops.endpoint("whk_1").expect("readable"), Some(made.clone()));
    assert_eq!((made.from_position, made.created_ms, made.asked.clone()), (7, 1_000, asked()));
    assert_eq!(ops.secrets(&made, 0).expect("opened"), [b"secret"]);
    assert_eq!(ops.cursor().expect("readable"), Cursor::default());
    let cursor = Cursor { next: u64::MAX >> 1, tag: Some(u32::MAX), alerts_to: 3, restored_ms: Some(4) };
    ops.set_cursor(cursor).expect("set");
    assert_eq!(open(dir.path()).cursor().expect("readable"), cursor);
}

#[test]
fn newer_file_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(open(dir.path()));
    let db = rusqlite::Connection::open(dir.path().join(OPS_FILE)).expect("opens");
    db.pragma_update(None, "user_version", 2).expect("set");
    drop(db);
    assert!(matches!(Ops::open(dir.path(), vault(1)), Err(OpsError::Newer { found: 2, known: 1 })));
}

#[test]
fn another_key_is_refused_once_something_is_sealed_and_a_lost_one_can_be_given_up() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(open(dir.path()));
    drop(Ops::open(dir.path(), vault(2)).expect("nothing is sealed yet"));
    drop(with_endpoint(dir.path()));
    assert!(matches!(Ops::open(dir.path(), vault(2)), Err(OpsError::Key(KeyError::WrongKey))));
    let missing = || Arc::new(Vault::new(Box::new(|_| Err("no such file".to_owned()))));
    assert!(matches!(Ops::open(dir.path(), missing()), Err(OpsError::Key(KeyError::Missing(_)))));
    let kept = open(dir.path()).endpoint("whk_1").expect("readable").expect("there");
    assert_eq!(kept.disabled, None, "a refusal changes nothing");
    let ops = Ops::open_accepting_lost_key(dir.path(), vault(2)).expect("given up");
    let lost = ops.endpoint("whk_1").expect("readable").expect("there");
    assert!(lost.disabled.as_deref().is_some_and(|why| why.contains("lost")));
    assert!(ops.secrets(&lost, 0).expect("readable").is_empty());
    ops.rotate_secret(&lost, (b"new", [2; NONCE_BYTES]), (0, 0)).expect("rotated");
    drop(ops);
    let ops = Ops::open_accepting_lost_key(dir.path(), vault(2)).expect("opens");
    assert_eq!(
        ops.secrets(&lost, 0).expect("opened"),
        [b"new"],
        "accepting a loss that is none loses nothing"
    );
}

#[test]
fn copy_has_what_was_there_beside_who_writes_and_nothing_that_was_deleted() {
    let dir = tempfile::tempdir().expect("a directory");
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    std::fs::create_dir_all(&from).and_then(|()| std::fs::create_dir_all(&to)).expect("made");
    assert!(!copy_ops(&from, &to).expect("nothing to copy"));
    let ops = with_endpoint(&from);
    assert!(copy_ops(&from, &to).expect("copied"));
    ops.create_endpoint("whk_2", &asked(), (0, 0), (b"other", [2; NONCE_BYTES])).expect("made");
    assert_eq!(open(&to).endpoints().expect("readable").len(), 1);
    let first = ops.endpoint("whk_1").expect("readable").expect("there");
    ops.delete_endpoint(first.number).expect("deleted");
    assert!(copy_ops(&from, &to).expect("copied again"));
    let bytes = std::fs::read(to.join(OPS_FILE)).expect("readable");
    assert!(!bytes.windows(5).any(|window| window == b"whk_1"));
    let copied: Vec<String> =
        open(&to).endpoints().expect("readable").into_iter().map(|one| one.id).collect();
    assert_eq!(copied, ["whk_2"]);
    assert!(!to.join("ops.db.new").exists());
}

#[test]
fn file_opens_without_the_key_for_what_needs_no_secret() {
    let dir = tempfile::tempdir().expect("a directory");
    assert!(Ops::open_without_key(dir.path()).expect("no file").is_none());
    assert!(!dir.path().join(OPS_FILE).exists());
    drop(with_endpoint(dir.path()));
    let ops = Ops::open_without_key(dir.path()).expect("opens").expect("there");
    let endpoint = ops.endpoint("whk_1").expect("readable").expect("there");
    assert!(matches!(ops.secrets(&endpoint, 0), Err(OpsError::Key(_))));
    assert_eq!(ops.forget_wallet(3).expect("nothing told"), 0);
}
