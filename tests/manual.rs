//! What the program says of itself: manual pages and completions come out of the binary, whole.

use std::{fs, process::Command};

fn watchfire(arguments: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_watchfire")).args(arguments).output().expect("the program starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).expect("UTF-8")
}

#[test]
fn every_command_has_a_page_that_the_main_page_names() {
    let folder = tempfile::tempdir().expect("a folder");
    watchfire(&["manual", folder.path().to_str().expect("UTF-8")]);
    let main = fs::read_to_string(folder.path().join("watchfire.1")).expect("the main page");
    assert_eq!(main, watchfire(&["manual"]));
    assert!(main.contains(".SH SIGNALS") && main.contains(".SH FILES"));
    let help = watchfire(&["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<_> = commands
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let page = fs::read_to_string(folder.path().join(format!("watchfire-{name}.1"))).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(page.contains(".SH NAME"), "{name}");
        assert!(main.contains(&format!("watchfire\\-{}(1)", name.replace('-', "\\-"))), "{name} in {main}");
    }
}

#[test]
fn the_page_of_the_configuration_holds_the_reference_and_not_the_sources() {
    let folder = tempfile::tempdir().expect("a folder");
    watchfire(&["manual", folder.path().to_str().expect("UTF-8")]);
    let page = fs::read_to_string(folder.path().join("watchfire.toml.5")).expect("the page");
    assert!(page.contains("# host_gap = ") && page.contains("# priority = 50") && !page.contains("krebs"));
}

#[test]
fn shells_learn_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = watchfire(&["completions", shell]);
        assert!(script.contains("never-merge") && script.contains("sources"), "{shell}");
    }
}
