//! Wiring, signals, reload, and the services behind the verbs. Below this module nothing knows how it is put together.

mod ask;
mod check;
mod choice;
mod daemon_file;
mod decide;
mod discover;
mod edit;
mod export;
mod import;
mod inspect;
mod logging;
mod once;
mod orders;
mod rows;
mod run;
mod service_manager;
mod signals;
mod sources;
mod storage;
mod watch;
mod why;
mod wiring;

pub use self::{
    check::{CheckReport, check},
    choice::Choice,
    decide::decide,
    discover::Discovered,
    edit::{Added, Wish, add_source, remove_source},
    export::export,
    import::import,
    inspect::{Inspected, Inspector, inspect_line},
    logging::start as start_logging,
    once::once,
    rows::{DecisionRow, ImportRow, ItemRow, PollRow, RefusedRow, RelativeRow, SourceRow, WhyRow},
    run::run,
    sources::{now, sources},
    why::why,
};
