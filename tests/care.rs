//! Care for the store with the real binary: beside a running daemon, and without one.

mod support;

use std::process::Output;

use support::daemon::Home;

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn store_is_checked_copied_and_compacted_beside_the_daemon_and_restored_elsewhere() {
    let home = Home::new("");
    let daemon = home.start();
    let stories = |home: &Home| said(&home.command(&["export"]));
    daemon.wait_for("the seeds", |_| stories(&home).lines().count() == 5);
    let before = stories(&home);
    assert!(said(&home.command(&["verify"])).contains("5 items in 5 stories"));
    assert!(said(&home.command(&["compact"])).starts_with("the index was copied without its garbage: "));
    assert!(said(&home.command(&["backup", "copy"])).contains("bytes copied to `copy`"));
    assert!(said(&home.command(&["backup", "copy"])).starts_with("0 bytes copied"));
    assert!(refused(&home.command(&["rebuild"])).contains("stop it first"));
    assert!(refused(&home.command(&["restore", "copy"])).contains("is not empty"));
    assert_eq!(stories(&home), before, "the daemon goes on");
    daemon.kill();

    assert!(said(&home.command(&["rebuild"])).contains("index rebuilt from"));
    assert!(said(&home.command(&["verify"])).contains("5 items in 5 stories"));
    assert!(said(&home.command(&["compact"])).starts_with("the index was copied"));
    assert!(said(&home.command(&["restore", "copy", "--data-dir", "elsewhere"])).contains("bytes copied to `elsewhere`"));
    assert_eq!(said(&home.command(&["export", "--data-dir", "elsewhere"])), before);
    assert!(refused(&home.command(&["verify", "--data-dir", "nowhere"])).contains("no store in `nowhere`"));
}
