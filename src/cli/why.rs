//! `watchfire why`: what joined an item to its story, and what kept its nearest neighbours out.

use std::process::ExitCode;

use super::{
    block_on, parse_handle, say,
    table::{clip, table, text},
};
use crate::{
    app::{self, Choice, RelativeRow, WhyRow},
    model::{Handle, counted},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Id of an item or a story, or a link
    #[arg(value_name = "ID|URL", value_parser = parse_handle)]
    item: Handle,
}

pub(super) fn run(choice: &Choice, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let rows = block_on(app::why(choice, &arguments.item))?;
    say(&rows.iter().map(explain).collect::<Vec<_>>().join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn explain(row: &WhyRow) -> String {
    let WhyRow { item, story, members, .. } = row;
    let who = item.account.as_deref().unwrap_or(&item.source);
    let mut lines = vec![format!("item   {}  {}  {who}", item.id, item.dated), format!("       {}", item.title)];
    lines.extend(item.link.as_ref().map(|link| format!("       {link}")));
    lines.push(format!("story  {story}  {}", counted(*members, "copy", "copies")));
    lines.push(format!("why    {}\n", reason(row)));
    lines.join("\n")
        + &list("copies in its story", "as they are now", &row.copies)
        + &list("nearest in other stories", "what keeps them apart", &row.others)
}

/// What put the item where it is, in a sentence.
fn reason(row: &WhyRow) -> String {
    let WhyRow { rule, joined_at, text_score, title_score, .. } = row;
    let (Some(rule), Some(at)) = (rule, joined_at) else { return "it opened the story".to_owned() };
    let scores = [("texts", text_score), ("titles", title_score)];
    scores
        .iter()
        .filter_map(|(what, score)| score.map(|score| format!(", {what} {score:.2}")))
        .fold(format!("{rule} at {at}"), |all, score| all + &score)
}

fn list(heading: &str, verdict: &str, relatives: &[RelativeRow]) -> String {
    if relatives.is_empty() {
        return String::new();
    }
    let mut listing = table(&["item", "source", verdict, "texts", "contained", "titles", "days", "title"]);
    let score = |score: Option<f32>| score.map_or("-".to_owned(), |score| format!("{score:.2}"));
    for relative in relatives {
        let rule = relative.rule.as_ref().map(|rule| format!("alike: {rule}"));
        listing.add_row([
            relative.item.id.clone(),
            clip(relative.item.account.as_deref().unwrap_or(&relative.item.source), 24),
            rule.or_else(|| relative.obstacle.clone()).unwrap_or_default(),
            score(relative.text),
            score(relative.contained),
            score(Some(relative.title)),
            format!("{:.1}", relative.days),
            clip(&relative.item.title, 60),
        ]);
    }
    format!("\n{heading}\n{}", text(&listing))
}
