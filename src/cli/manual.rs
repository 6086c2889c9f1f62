//! `watchfire manual`: the manual pages, made of the definitions behind `--help`, of `manual.roff` for what help does not say, and of
//! the shipped configuration.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, ensure};
use clap_mangen::Man;

use super::{command, say};
use crate::config;

/// What stands at the foot of each page.
const SOURCE: &str = concat!("watchfire ", env!("CARGO_PKG_VERSION"));

/// What `watchfire(1)` says after the commands and options.
const SECTIONS: &str = include_str!("manual.roff");

/// What stands before the shipped configuration in `watchfire.toml(5)`.
const CONFIG_HEAD: &str = r#".TH watchfire.toml 5
.SH NAME
watchfire.toml \- the configuration of watchfire(1)
.SH DESCRIPTION
This is the file as it is shipped, which explains every key; a line that begins with # and a key shows its default.
\fBwatchfire default\-config\fR prints it, \fBwatchfire check\fR says what is wrong with yours.
.PP
.nf
"#;

const CONFIG_TAIL: &str = ".fi\n.SH SEE ALSO\nwatchfire(1)\n";

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Write the pages of all commands and of the configuration into this folder
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut root = command().disable_help_subcommand(true);
    root.build();
    match &arguments.folder {
        None => say(&main_page(root)?)?,
        Some(folder) => {
            ensure!(!folder.is_file(), "`{}` is a file, must be a folder", folder.display());
            fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
            write_commands(&root, folder)?;
            write(&folder.join("watchfire.1"), &main_page(root)?)?;
            write(&folder.join("watchfire.toml.5"), &config_page())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The page of the program.
fn main_page(root: clap::Command) -> anyhow::Result<String> {
    let (man, mut page) = (Man::new(root).source(SOURCE), Vec::new());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    Ok(String::from_utf8(page)? + SECTIONS)
}

/// A page for each command below `parent`.
fn write_commands(parent: &clap::Command, folder: &Path) -> anyhow::Result<()> {
    for command in parent.get_subcommands() {
        let (man, mut page) = (Man::new(command.clone()).source(SOURCE), Vec::new());
        man.render(&mut page)?;
        write(&folder.join(man.get_filename()), &String::from_utf8(page)?)?;
        write_commands(command, folder)?;
    }
    Ok(())
}

/// The page of the configuration: the shipped file up to its sources.
fn config_page() -> String {
    let file = config::DEFAULT;
    let reference = &file[..file.find("\n# --- ").unwrap_or(file.len())];
    let lines = reference.lines().map(|line| {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        // A line that begins with a dot or a quote would be a request.
        if line.starts_with(['.', '\'']) { format!("\\&{line}\n") } else { line + "\n" }
    });
    format!("{CONFIG_HEAD}{}{CONFIG_TAIL}", lines.collect::<String>())
}

fn write(path: &Path, page: &str) -> anyhow::Result<()> {
    fs::write(path, page).with_context(|| format!("cannot write `{}`", path.display()))
}
