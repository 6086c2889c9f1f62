//! The command line: one file a verb. Arguments in, tables, progress and exit codes out; the work is done in `app`.

#![deny(clippy::print_stdout)]

mod archive;
mod backup;
mod care;
mod check;
mod completions;
mod decide;
mod default_config;
mod export;
mod health;
mod import;
mod inspect;
mod manual;
mod notify;
mod once;
mod opml;
mod progress;
mod run;
mod search;
mod sources;
mod table;
mod why;

use std::{
    future::Future,
    io::{self, ErrorKind, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{CommandFactory, Parser, Subcommand};

use crate::{
    app::Choice,
    config::ConfigError,
    model::{Decision, Handle, SourceId},
};

/// What the process tells whoever started it.
const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 usage or configuration.";

/// How long threads that cannot be cancelled may hold the end of the process up.
const THREADS_GRACE: Duration = Duration::from_secs(2);

/// Polls security news feeds, tells each story once, and republishes them as one Atom feed.
///
/// Without a command it runs the daemon. The configuration is searched at `--config`, `$WATCHFIRE_CONFIG`,
/// `./config/watchfire.toml` and `/etc/watchfire/watchfire.toml`. `$WATCHFIRE_LOG` sets the levels of log lines: `debug`,
/// `watchfire::poll=trace`; `$WATCHFIRE_LOG_FORMAT=json` makes them JSON.
#[derive(Debug, Parser)]
#[command(name = "watchfire", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Arguments {
    /// Configuration file
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,

    /// Folder of the store, instead of the configured one
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,

    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the daemon: poll, deduplicate, serve. The default
    ///
    /// SIGINT and SIGTERM end it after the polls in flight. A changed configuration is read within seconds, or at once on SIGHUP: a
    /// faulty one is refused and the old one stays. While it runs, the other commands go through it.
    Run(run::Arguments),
    /// Check the configuration and the store, without network
    ///
    /// Names every fault of the configuration with its file and line (exit code 2), and compares the store's index with its archive
    /// (exit code 1 if they differ). A store that a daemon is using is left alone.
    Check,
    /// Print the configuration that Watchfire ships, with every key explained
    DefaultConfig,
    /// Poll everything that is due, print a table, and exit
    ///
    /// Exit code 1 if every poll failed.
    Once(once::Arguments),
    /// Show what we read in a feed or a document, as published
    ///
    /// Nothing is stored. A document that is no feed is an answer too; exit code 1 if an argument cannot be read at all.
    Inspect(inspect::Arguments),
    /// Import documents (.md, .txt) as items
    ///
    /// Oldest first. A file that has not changed since it was imported is passed over; one without title and text is refused.
    Import(import::Arguments),
    /// Print all stories, one JSON line each, oldest first
    ///
    /// A line has `id`, `title`, `published`, `updated` and `members`, which are the copies: `id`, `source`, `title`, `link`, `key`,
    /// `published`, `document` and why each `joined`.
    Export,
    /// Show every source: how it is, when it is asked next and why then, items. Add and remove sources
    Sources(sources::Arguments),
    /// Import lists of feeds, and export ours
    Opml(opml::Arguments),
    /// Find stories by what they say
    ///
    /// All words must occur; "a phrase" in a row; -word must not; one OR another; title:word, source:id, lang:zh, tag:CVE-2024-3094,
    /// after:2026-01-31, before:2026-03. Chinese needs no spaces between words.
    Search(search::Arguments),
    /// Say why an item is in its story, or what kept it apart from its nearest neighbours
    Why(why::Arguments),
    /// Let in what a source brought that is unlike it and was held back; the log and the page `/sources` say which and why
    Release {
        /// Id of the source
        #[arg(value_name = "ID", value_parser = parse_source_id)]
        source: SourceId,
    },
    /// Take a copy out of its story: it opens its own
    Split(decide::One),
    /// Keep two items apart for ever; if they share a story, the later one leaves it
    NeverMerge(decide::Two),
    /// Make one story of two; the older one keeps its id
    Merge(decide::Two),
    /// Carry what a store knows to another one by file, where no network leads
    Archive(archive::Arguments),
    /// Copy the store to a folder, also while the daemon runs
    ///
    /// The copy is that of one moment. Into a folder that holds an older backup only what is new is copied. A backup that was cut short
    /// is gone on with by the same command. With it go validators, outages, and who was told what: a daemon with a restored store goes on
    /// as if nothing had happened since. What is made again is not in it: the index, and that of the search. While one backup of a store
    /// is made, another is refused. Damaged bytes in an older backup are replaced once `rebuild` has mended them in the store.
    Backup(backup::Target),
    /// Make the store from a backup; its folder must be empty
    ///
    /// Every text is read once to make the index. A restore that was cut short is begun anew by the same command; one to which only the
    /// index was missing is whole, and whoever opens the store next makes it.
    Restore(backup::Source),
    /// Compare the store's index with its archive, also while the daemon runs; exit code 1 if they differ
    ///
    /// The index is made a second time from archive and journal and compared row by row. `rebuild` mends an index that differs; what the
    /// archive has lost comes back with its sources or from a backup.
    Verify,
    /// Make the store's index again from its archive, of a store that no daemon uses
    ///
    /// Damaged bytes of the journal are set aside into files of their own, `journal.damaged-N`, and it is said how many: what was committed
    /// there is lost, and comes back with its sources as far as they still have it. An earlier backup has it too.
    Rebuild,
    /// Copy the store's index without its garbage, also while the daemon runs
    ///
    /// The daemon does so by itself when most of the index is garbage, as after a large import or purge. It needs room for a second index.
    Compact,
    /// Try whether notifications arrive
    Notify(notify::Arguments),
    /// Say whether the daemon is well; exit code 1 if not, or if none runs
    Health(health::Arguments),
    /// Print what a shell needs to complete these commands
    Completions(completions::Arguments),
    /// Print the manual page, or write the pages of all commands
    Manual(manual::Arguments),
}

/// Runs the command that the process was started with.
///
/// Exit codes: 0 done, 1 failed, 2 usage or configuration.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let choice = Choice { config: arguments.config, data_dir: arguments.data_dir, catch_up: false };
    let done = match arguments.verb.unwrap_or(Verb::Run(run::Arguments::default())) {
        Verb::Run(arguments) => run::run(choice, &arguments),
        Verb::Check => check::run(&choice),
        Verb::DefaultConfig => default_config::run(),
        Verb::Once(arguments) => once::run(choice, arguments),
        Verb::Inspect(arguments) => inspect::run(&choice, &arguments),
        Verb::Import(arguments) => import::run(&choice, &arguments),
        Verb::Export => export::run(&choice),
        Verb::Sources(arguments) => sources::run(&choice, arguments),
        Verb::Opml(arguments) => opml::run(&choice, arguments),
        Verb::Search(arguments) => search::run(&choice, &arguments),
        Verb::Why(arguments) => why::run(&choice, &arguments),
        Verb::Split(decide::One { item }) => decide::run(&choice, &Decision::Split(item)),
        Verb::NeverMerge(decide::Two { one, other }) => decide::run(&choice, &Decision::KeepApart(one, other)),
        Verb::Merge(decide::Two { one, other }) => decide::run(&choice, &Decision::Merge(one, other)),
        Verb::Release { source } => once::release(&choice, &source),
        Verb::Archive(arguments) => archive::run(&choice, &arguments),
        Verb::Backup(target) => backup::back_up(&choice, &target),
        Verb::Restore(source) => backup::restore(&choice, &source),
        Verb::Verify => care::verify(&choice),
        Verb::Rebuild => care::rebuild(&choice),
        Verb::Compact => care::compact(&choice),
        Verb::Notify(arguments) => notify::run(&choice, &arguments),
        Verb::Health(arguments) => health::run(&choice, &arguments),
        Verb::Completions(arguments) => completions::run(&arguments),
        Verb::Manual(arguments) => manual::run(&arguments),
    };
    match done {
        Ok(code) => code,
        // Whoever read our output has seen enough: `watchfire export | head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("watchfire: {error:#}");
            if error.chain().any(|cause| cause.is::<ConfigError>()) { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// The definition of all commands.
fn command() -> clap::Command {
    Arguments::command()
}

/// Writes an answer to standard output. `print!` would panic where the reader has gone or the disk is full.
fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Runs async work to its end on as many threads as the machine has cores.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(THREADS_GRACE);
    done
}

/// Reads what an operator calls an item.
fn parse_handle(text: &str) -> Result<Handle, String> {
    Handle::parse(text).map_err(|error| error.to_string())
}

/// Reads the id of a source.
fn parse_source_id(text: &str) -> Result<SourceId, String> {
    SourceId::parse(text).map_err(|error| error.to_string())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_arguments_make_sense() {
        super::command().debug_assert();
    }
}
