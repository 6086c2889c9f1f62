//! `watchfire opml`: lists of feeds in, the list of our sources out.

use std::process::ExitCode;

use super::{block_on, progress::bar, say};
use crate::{
    app::{self, Choice, Fate, ImportedList, ListWish},
    model::counted,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Take the feeds of a list over into a file of `sources.d/`
    ///
    /// Each is asked once, one after the other at each host with a second between. Those that are sources already, in whatever
    /// spelling, and those that are dead are left out and listed; those in trouble are taken over with a comment. A running daemon notices
    /// by itself.
    Import {
        /// The list: a file, an address, or - for standard input
        #[arg(value_name = "FILE|URL")]
        list: String,
        /// Name of the file in `sources.d/`; else that of the list
        #[arg(long)]
        name: Option<String>,
        /// A tag for all of them, beside the names of their folders; may be given again
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
        /// Ask nobody: take over whatever is not there already
        #[arg(long)]
        unchecked: bool,
        /// Take over addresses of private networks, too
        #[arg(long)]
        allow_private: bool,
        /// Ask and report, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Print the sources as a list that other readers import
    ///
    /// The addresses are whole, so that it can be imported again.
    Export {
        /// Private sources, too, with the keys that their addresses hold
        #[arg(long)]
        private: bool,
    },
}

pub(super) fn run(choice: &Choice, arguments: Arguments) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    match arguments.action {
        Action::Import { list, name, tags, unchecked, allow_private, dry_run } => {
            import(choice, &ListWish { list, name, tags, unchecked, allow_private, dry_run })
        }
        Action::Export { private } => {
            say(&app::export_list(choice, private)?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn import(choice: &Choice, wish: &ListWish) -> anyhow::Result<ExitCode> {
    let bar = bar("asking");
    let done = block_on(app::import_list(choice, wish, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    }))?;
    bar.finish_and_clear();
    say(&report(&done, wish.dry_run))?;
    Ok(ExitCode::SUCCESS)
}

/// What became of the feeds, the good news first, each of the bad ones by name.
fn report(done: &ImportedList, is_dry: bool) -> String {
    let of = |kind: fn(&Fate) -> Option<String>| -> Vec<(&str, String)> {
        done.feeds.iter().filter_map(|(address, fate)| Some((address.as_str(), kind(fate)?))).collect()
    };
    let added = of(|fate| matches!(fate, Fate::Added(_)).then(String::new));
    let in_trouble = of(|fate| if let Fate::AddedWith(_, note) = fate { Some(note.clone()) } else { None });
    let known = of(|fate| if let Fate::Known(id) = fate { Some(format!("`{id}`")) } else { None });
    let repeated = of(|fate| matches!(fate, Fate::Repeated).then(String::new));
    let dead = of(|fate| if let Fate::Dead(why) = fate { Some(why.clone()) } else { None });
    let unfit = of(|fate| if let Fate::Unfit(why) = fate { Some(why.clone()) } else { None });
    let written = if is_dry { "would be added to" } else { "added to" };
    let mut lines = vec![format!("{} in the list", counted(done.feeds.len(), "feed", "feeds"))];
    lines.push(format!("  {:>6} {written} {}", added.len() + in_trouble.len(), done.file.display()));
    for (feeds, what, are_named) in [
        (&in_trouble, "of them with something to know:", true),
        (&known, "known as a source already", false),
        (&repeated, "repeated from further up in the list", false),
        (&dead, "left out, without a feed:", true),
        (&unfit, "left out, unfit as a source:", true),
    ] {
        if !feeds.is_empty() {
            lines.push(format!("  {:>6} {what}", feeds.len()));
        }
        lines.extend(feeds.iter().filter(|_| are_named).map(|(address, why)| format!("           {address}  {why}")));
    }
    lines.join("\n") + "\n"
}
