//! `watchfire why`: what joined an item to its story, and what kept its nearest neighbours out.

use std::process::ExitCode;

use super::{
    block_on, parse_handle,
    table::{clip, table, text},
};
use crate::{
    app::{self, Choice, RelativeRow, WhyRow},
    model::Handle,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Id of an item or a story, or a link
    #[arg(value_name = "ID|URL", value_parser = parse_handle)]
    item: Handle,
}

pub(super) fn run(choice: &Choice, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    app::start_logging(true);
    let rows = block_on(app::why(choice, &arguments.item))?;
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            println!();
        }
        print(row);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(row: &WhyRow) {
    let WhyRow { item, story, members, .. } = row;
    println!("item   {}  {}  {}", item.id, item.account.as_deref().unwrap_or(&item.source), item.dated);
    println!("       {}", item.title);
    if let Some(link) = &item.link {
        println!("       {link}");
    }
    println!("story  {story}  {members} {}", if *members == 1 { "copy" } else { "copies" });
    println!("why    {}", reason(row));
    list("copies in its story", "as they are now", &row.copies);
    list("nearest in other stories", "what keeps them apart", &row.others);
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

fn list(heading: &str, verdict: &str, relatives: &[RelativeRow]) {
    if relatives.is_empty() {
        return;
    }
    println!("\n{heading}");
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
    print!("{}", text(&listing));
}
