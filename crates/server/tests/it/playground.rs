//! The playground of a real server: made where it is missing, in no backup, and never in the way.

use std::fs;

use crate::support::{Project, Server, json_of, text};

fn serve(project: &Project) -> Server {
    Server::start(&project.data(), &[("CHARGLY_NO_PLAYGROUND", "false")])
}

/// Status and text of `/try`.
fn look(server: &Server) -> (u16, String) {
    let page = server.call("GET", "/try", "", None);
    (page.status, String::from_utf8_lossy(&page.bytes).into_owned())
}

#[test]
fn playground_is_made_at_the_next_start_and_played_in_without_a_key() {
    let project = Project::begin();
    assert!(!project.data().join("playground").exists(), "init makes none");
    let server = serve(&project);
    let (status, page) = look(&server);
    assert_eq!(status, 200, "{page}");
    for words in
        ["Generate an image", "12 credits", "100 credits", "Top up: Starter", "500 credits for $10.00"]
    {
        assert!(page.contains(words), "{words} in {page}");
    }
    let ready = server.call("GET", "/readyz", "", None).json();
    assert_eq!(ready["environments"].as_object().expect("environments").len(), 2, "{ready}");
    drop(server);
    let verified = project.json(&["verify", "--env", "playground"]);
    assert_eq!(verified["environment"], "playground");
    assert_eq!(look(&serve(&project)).0, 200, "a second start");
}

#[test]
fn playground_is_in_no_backup_and_can_be_reset_and_removed() {
    let project = Project::begin();
    drop(serve(&project));
    let dest = project.beside("backup");
    let backup = project.json(&["backup", text(&dest)]);
    assert_eq!(backup["facts"].as_object().expect("facts").len(), 2, "{backup}");
    assert!(!dest.join("playground").exists());
    assert_eq!(json_of(&project.run(&["reset", "playground", "--json"]))["environment"], "playground");
    assert!(look(&serve(&project)).1.contains("Generate an image"), "filled again");
    fs::remove_dir_all(project.data().join("playground")).expect("removed");
    assert_eq!(look(&serve(&project)).0, 200, "made again");
}

#[test]
fn playground_that_is_off_or_damaged_keeps_nothing_from_being_served() {
    let project = Project::begin();
    let server = project.serve();
    let (status, page) = look(&server);
    assert!(status == 404 && page.contains("There is no playground here"), "{page}");
    drop(server);
    assert!(!project.data().join("playground").exists(), "nothing is made for it");
    let damaged = project.data().join("playground");
    fs::create_dir(&damaged).expect("made");
    fs::write(damaged.join("journal.db"), "no journal").expect("written");
    let server = serve(&project);
    assert_eq!(look(&server).0, 404);
    let event = r#"{"event":"image.generate","customer":"demo_user"}"#;
    assert_eq!(server.call("POST", "/v1/events", &project.test_key, Some(event)).status, 200);
}
