//! Wiring, signals, reload, and the services behind the verbs. Below this module nothing knows how it is put together.

mod archive;
mod ask;
mod backup;
mod care;
mod check;
mod choice;
mod daemon_file;
mod decide;
mod discover;
mod edit;
mod export;
mod export_list;
mod health;
mod hubs;
mod import;
mod import_list;
mod inspect;
mod logging;
mod notify;
mod once;
mod orders;
mod probe;
mod replace;
mod risk;
mod risk_folder;
mod rows;
mod run;
mod search;
mod service_manager;
mod signals;
mod sources;
mod storage;
mod trial;
mod watch;
mod why;
mod wiring;

pub use self::{
    archive::{export_archive, import_archive},
    backup::{back_up, restore},
    care::{compact, rebuild, verify},
    check::{CheckReport, check},
    choice::Choice,
    decide::decide,
    discover::Discovered,
    edit::{Added, Wish, add_source, remove_source},
    export::export,
    export_list::export_list,
    health::health,
    import::import,
    import_list::{Fate, ImportedList, ListWish, import_list},
    inspect::{Inspected, Inspector, inspect_line},
    logging::start as start_logging,
    notify::test_receiver,
    once::{once, release},
    rows::{DecisionRow, FoundRow, ImportRow, ItemRow, PollRow, RefusedRow, RelativeRow, SourceRow, StoryRow, WhyRow},
    run::run,
    search::{rebuild_search, search},
    sources::{now, sources},
    trial::{Examiner, Trial},
    why::why,
};
