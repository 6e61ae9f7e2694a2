//! A backup taken while the server works, and what is restored from it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Project, call, chargly, client, json_of, said, text};

#[test]
fn a_backup_taken_under_load_restores_to_a_sound_prefix() {
    let project = Project::begin();
    let server = project.serve();
    let (dest, restored) = (project.beside("backup"), project.beside("restored"));
    let stop = AtomicBool::new(false);
    let backup = std::thread::scope(|scope| {
        scope.spawn(|| {
            let client = client();
            let url = format!("{}/v1/events", server.url);
            for number in 0.. {
                let body = format!(
                    r#"{{"event":"workflow.step","customer":"c{}","idempotency_key":"b-{number}"}}"#,
                    number % 7
                );
                call(&client, "POST", &url, &project.test_key, Some(&body)).expect("an answer");
                if stop.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let backup = project.json(&["backup", text(&dest)]);
        stop.store(true, Ordering::Relaxed);
        backup
    });
    let output = chargly(&["restore", text(&dest), "--json", "--data", text(&restored)]);
    assert_eq!(json_of(&output)["facts"], backup["facts"]);
    let verified = chargly(&["verify", "--env", "test", "--json", "--data", text(&restored)]);
    assert_eq!(json_of(&verified)["facts"], backup["facts"]["test"]);

    // The restored project goes on: keys work, and what was answered before is answered again.
    drop(server);
    let server = crate::support::Server::start(&restored, &[]);
    let body = r#"{"event":"chat.reply","customer":"demo_user","idempotency_key":"after-restore"}"#;
    assert_eq!(server.call("POST", "/v1/events", &project.test_key, Some(body)).status, 200);
}

#[test]
fn a_backup_and_a_restore_refuse_a_directory_with_something_in_it() {
    let project = Project::begin();
    let dest = project.beside("backup");
    project.json(&["backup", text(&dest)]);
    for output in [project.run(&["backup", text(&dest)]), project.run(&["restore", text(&dest)])] {
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains("is not an empty directory"), "{}", said(&output));
    }
}

#[test]
fn a_backup_without_its_last_file_is_not_taken_for_one() {
    let project = Project::begin();
    let (dest, restored) = (project.beside("backup"), project.beside("restored"));
    project.json(&["backup", text(&dest)]);
    std::fs::remove_file(dest.join("project.json")).expect("removed");
    let output = chargly(&["restore", text(&dest), "--data", text(&restored)]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(!restored.exists());
}
