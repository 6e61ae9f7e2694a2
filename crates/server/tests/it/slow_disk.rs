//! A disk whose flushes do not come back for a while: what waits is bounded, the rest is told to come again later, what
//! ends a hold still gets in line, and nothing is lost or done twice.
//!
//! The disk is slowed down from outside: a small library, compiled by the test, stands before the system's flush and
//! waits there as long as a file exists.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

use crate::support::{Project, Server, client, text};

/// Waits for as long as the file of `CHARGLY_TEST_STUCK` is there, then lets the flush pass.
const LIBRARY: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static void wait_while_stuck(void) {
    const char *stuck = getenv("CHARGLY_TEST_STUCK");
    while (stuck && access(stuck, F_OK) == 0) usleep(10000);
}
int fsync(int fd) {
    wait_while_stuck();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int fdatasync(int fd) {
    wait_while_stuck();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
"#;

/// Batches sent while nothing is flushed: more than fit into the queue of 64 MiB, fewer than the room for large bodies.
const BATCHES: usize = 8;
/// Events of a batch, each with properties of almost the most bytes: some 12 MB.
const EVENTS: usize = 3_000;
const NOISE_BYTES: usize = 4_000;
/// What `image.generate` costs in a new project, and what is granted.
const PRICE: usize = 40;
const GRANTED: usize = 100_000_000;

/// The compiled library, or nothing with a line saying so.
fn library(dir: &Path) -> Option<PathBuf> {
    let (source, library) = (dir.join("slow.c"), dir.join("slow.so"));
    fs::write(&source, LIBRARY).expect("written");
    let compiled =
        Command::new("cc").args(["-shared", "-fPIC", "-o", text(&library), text(&source), "-ldl"]).status();
    if cfg!(target_os = "linux") && compiled.is_ok_and(|status| status.success()) {
        return Some(library);
    }
    eprintln!("SKIPPED: no library can be put before the system's flush here (needs Linux and cc)");
    None
}

/// Status, whether it says when to come again, and the body.
fn post(server: &Server, key: &str, path: &str, body: String) -> (u16, bool, serde_json::Value) {
    let request = client().post(format!("{}{path}", server.url)).bearer_auth(key).body(body);
    let response = request.send().expect("an answer");
    let says_when = response.headers().contains_key("retry-after");
    let status = response.status().as_u16();
    (status, says_when, serde_json::from_slice(&response.bytes().expect("a body")).unwrap_or_default())
}

fn batch(number: usize) -> String {
    let noise = "n".repeat(NOISE_BYTES);
    let event = |n| {
        format!(
            r#"{{"event":"image.generate","customer":"user_42","idempotency_key":"{number}-{n}","properties":{{"n":"{noise}"}}}}"#
        )
    };
    format!("[{}]", (0..EVENTS).map(event).collect::<Vec<_>>().join(","))
}

#[test]
fn stuck_flush_bounds_what_waits_and_loses_nothing() {
    let project = Project::begin();
    let library_dir = tempfile::tempdir().expect("a directory");
    let Some(library) = library(library_dir.path()) else { return };
    let stuck = library_dir.path().join("stuck");
    let variables = [("LD_PRELOAD", text(&library)), ("CHARGLY_TEST_STUCK", text(&stuck))];
    let server = &Server::start(&project.data(), &variables);
    let key = &project.test_key;
    let lot = format!(r#"{{"credits":{GRANTED},"kind":"promotional"}}"#);
    assert_eq!(post(server, key, "/v1/customers/user_42/grants", lot).0, 200);
    let asked = r#"{"event":"image.generate","customer":"user_42"}"#.to_owned();
    let (_, _, hold) = post(server, key, "/v1/holds", asked.clone());
    let void = format!("/v1/holds/{}/void", hold["id"].as_str().expect("a hold"));

    fs::write(&stuck, "").expect("written");
    let refused = std::thread::scope(|scope| {
        // One that the writer takes up, and does not come back from.
        let first = scope.spawn(move || post(server, key, "/v1/events", asked));
        let (told, answers) = mpsc::channel();
        for number in 0..BATCHES {
            let told = told.clone();
            scope.spawn(move || {
                let answer = post(server, key, "/v1/events/batch", batch(number));
                told.send((number, answer)).expect("heard");
            });
        }
        drop(told);
        // Nothing can be flushed, so whoever is answered at all is one there was no room for.
        let (number, (status, says_when, problem)) = answers.recv().expect("an answer");
        assert_eq!((status, says_when), (429, true), "{problem}");
        assert_eq!(problem["code"], "overloaded");
        assert_eq!(server.call("GET", "/healthz", "", None).status, 200);
        let ending = scope.spawn(move || post(server, key, &void, "{}".to_owned()));

        fs::remove_file(&stuck).expect("removed");
        assert_eq!(first.join().expect("answered").0, 200);
        let (status, _, body) = ending.join().expect("answered");
        assert_eq!(status, 200, "what ends a hold has a reserve: {body}");
        let mut refused = vec![number];
        for (number, (status, _, body)) in answers {
            match status {
                200 => assert_eq!(body["accepted"], EVENTS),
                429 => refused.push(number),
                other => panic!("{other}: {body}"),
            }
        }
        refused
    });

    let posted = || server.call("GET", "/v1/customers/user_42/wallet", key, None).json()["posted"].clone();
    let left = |batches: usize| GRANTED - PRICE * (1 + batches * EVENTS);
    assert_eq!(posted(), left(BATCHES - refused.len()), "a refused batch took nothing");
    for number in &refused {
        let (status, _, body) = post(server, key, "/v1/events/batch", batch(*number));
        assert_eq!((status, &body["accepted"], &body["replayed"]), (200, &EVENTS.into(), &0.into()));
    }
    assert_eq!(posted(), left(BATCHES));
}
