//! Processes that are killed in the middle of their work, -9: children of a test program, and the real binary.

use std::{
    env,
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Begins the lines by which a child says how far it is.
const WORD: &str = "child: ";

/// What a child says to the one who will kill it.
pub fn say(word: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "\n{WORD}{word}").and_then(|()| out.flush()).expect("the parent listens");
}

/// Starts the test `child` of this program with variables in its environment and kills it after so many words. All that it has said.
pub fn run_and_kill(child: &str, variables: &[(&str, &OsStr)], words: usize) -> Vec<String> {
    let mut process = Command::new(env::current_exe().expect("this program"))
        .args([child, "--exact", "--nocapture"])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let lines = BufReader::new(process.stdout.take().expect("piped")).lines().map_while(Result::ok);
    let mut heard = lines.filter_map(|line| line.strip_prefix(WORD).map(str::to_owned));
    let mut said: Vec<String> = heard.by_ref().take(words).collect();
    process.kill().expect("killed");
    // What it said before it died counts as well.
    said.extend(heard);
    process.wait().expect("ended");
    said
}

/// When a process is killed.
#[derive(Clone, Copy)]
pub enum Moment<'a> {
    /// So long after it has begun.
    After(Duration),
    /// As soon as something holds.
    When(&'a dyn Fn() -> bool),
}

/// Kills a process at a moment of its life, or lets it end before. Says whether it was killed.
pub fn kill_at(mut process: Child, moment: Moment<'_>) -> bool {
    let begun = Instant::now();
    loop {
        let is_over = process.try_wait().expect("a child").is_some();
        let is_time = match moment {
            Moment::After(span) => begun.elapsed() >= span,
            Moment::When(holds) => holds(),
        };
        if is_over || is_time {
            // One that has just ended cannot be killed any more.
            let _ = process.kill();
            let status = process.wait().expect("ended");
            return status.code().is_none();
        }
        thread::sleep(Duration::from_micros(200));
    }
}
