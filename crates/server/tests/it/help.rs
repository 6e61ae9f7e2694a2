//! What `--help` says, word for word: a change to a flag shows itself in review.

/// Every command, as typed.
const COMMANDS: [&[&str]; 33] = [
    &[],
    &["serve"],
    &["init"],
    &["replay"],
    &["verify"],
    &["rebuild"],
    &["reset"],
    &["backup"],
    &["restore"],
    &["resume-effects"],
    &["export"],
    &["simulate"],
    &["simulate", "product"],
    &["advise"],
    &["advise", "apply"],
    &["bench"],
    &["keys"],
    &["keys", "list"],
    &["keys", "create"],
    &["keys", "rotate"],
    &["keys", "budget"],
    &["keys", "revoke"],
    &["rate-cards"],
    &["rate-cards", "import"],
    &["rate-cards", "list"],
    &["rate-cards", "show"],
    &["customers"],
    &["customers", "erase"],
    &["customers", "list"],
    &["usage"],
    &["revenue"],
    &["margin"],
    &["brief"],
];

#[test]
fn help_of_every_command() {
    for command in COMMANDS {
        let output = crate::support::chargly(&[command, &["--help"]].concat());
        assert!(output.status.success());
        let name = if command.is_empty() { "chargly".to_owned() } else { command.join("_") };
        insta::assert_snapshot!(format!("help_{name}"), String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn help_never_prints_a_key_of_the_settings_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("chargly.toml");
    let commands: [&[&str]; 13] = [
        &["simulate"],
        &["advise"],
        &["advise", "apply"],
        &["replay"],
        &["keys", "list"],
        &["keys", "create"],
        &["keys", "rotate"],
        &["keys", "revoke"],
        &["rate-cards", "import"],
        &["customers", "erase"],
        &["customers", "list"],
        &["usage"],
        &["brief"],
    ];
    for command in commands {
        for table in [String::new(), format!("[{}]\n", command.join(".")), format!("[{}]\n", command[0])] {
            std::fs::write(&file, format!("{table}key = \"sk_test_of_the_settings_file\"\n"))
                .expect("written");
            let config = ["--help", "--config", crate::support::text(&file)];
            let said = crate::support::said(&crate::support::chargly(&[command, &config].concat()));
            assert!(!said.contains("sk_test_of"), "{command:?}: {said}");
        }
    }
}

#[test]
fn what_is_not_understood_ends_with_2() {
    for command in [
        &["sreve"][..],
        &["verify", "--no-such-flag"],
        &["replay"],
        &["replay", "--sample", "1", "--price", "x"],
        &["export", "nothing"],
        &["--config", "no-such-file.toml"],
        &["keys", "create"],
        &["rate-cards", "import", "list.json"],
        &["rate-cards", "show", "gpt-4o"],
    ] {
        let output = crate::support::chargly(command);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {}", crate::support::said(&output));
        assert!(output.stdout.is_empty(), "{command:?}");
    }
}
