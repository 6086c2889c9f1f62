//! `watchfire default-config`: the shipped configuration, which is the documentation of every key.

use std::process::ExitCode;

use super::say;
use crate::config;

/// Lines that hold where the shipped file lies, in the folder `config` of the project, and what stands there wherever it is put.
const PLACES: [(&str, &str); 2] = [("data_dir = \"../data\"\n", ""), ("seeds = \"../seeds\"\n", "# seeds = \"seeds\"\n")];

pub(super) fn run() -> anyhow::Result<ExitCode> {
    say(&text())?;
    Ok(ExitCode::SUCCESS)
}

fn text() -> String {
    PLACES.iter().fold(config::DEFAULT.to_owned(), |text, (shipped, anywhere)| text.replacen(shipped, anywhere, 1))
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn what_is_printed_keeps_to_the_folder_that_it_is_put_in() {
        let text = text();
        assert!(!text.contains("\"../") && text.contains("\n# data_dir = \"data\"\n") && text.contains("\n# seeds = "), "{text}");
    }
}
