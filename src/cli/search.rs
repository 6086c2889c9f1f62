//! `watchfire search`: stories by what they say.

use std::process::ExitCode;

use super::{
    block_on,
    progress::share,
    say,
    table::{clip, table, text},
};
use crate::{
    app::{self, Choice, FoundRow},
    model::{Inquiry, counted},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What to look for, as in a search box; one that begins with `-` needs `--` before it
    #[arg(value_name = "QUERY", required_unless_present = "rebuild")]
    query: Vec<String>,

    /// What fits best first, instead of the newest
    #[arg(long)]
    best: bool,

    /// Stories to show
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=Inquiry::LIMIT_MAX as u64))]
    limit: u64,

    /// Make the search index again first, of a store that no daemon uses
    #[arg(long)]
    rebuild: bool,
}

pub(super) fn run(choice: &Choice, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let bar = share("indexing");
    if arguments.rebuild {
        let stories = app::rebuild_search(choice, |share| bar.set_position((share * 1000.0) as u64))?;
        bar.finish_and_clear();
        if arguments.query.is_empty() {
            say(&format!("the search index knows {}\n", counted(stories, "story", "stories")))?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    let inquiry = Inquiry { text: arguments.query.join(" "), is_best_first: arguments.best, limit: arguments.limit as usize };
    let found = block_on(app::search(choice, &inquiry, |share| bar.set_position((share * 1000.0) as u64)))?;
    bar.finish_and_clear();
    for term in &found.misread {
        eprintln!("`{term}` is looked for as words: a day is written 2026-01-31, 2026-01 or 2026, a language zh");
    }
    say(&listing(&found))?;
    Ok(ExitCode::SUCCESS)
}

fn listing(found: &FoundRow) -> String {
    let FoundRow { total, is_all, is_loosened, stories, .. } = found;
    if stories.is_empty() {
        return "no story says so\n".to_owned();
    }
    let mut listing = table(&["published", "story", "sources", "title"]);
    for story in stories {
        let others = story.sources.len() - 1;
        let more = if others > 0 { format!(" +{others}") } else { String::new() };
        listing.add_row([
            story.published.chars().take(10).collect(),
            story.id.clone(),
            clip(&story.sources[0], 24) + &more,
            clip(&story.title, 90),
        ]);
    }
    let how = if *is_loosened { ": none says it in a row, these say its parts" } else { "" };
    let more = if *is_all { "" } else { "more than " };
    format!("{}{} of {more}{}{how}\n", text(&listing), stories.len(), counted(*total, "story", "stories"))
}
