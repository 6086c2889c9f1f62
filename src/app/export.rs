//! All stories as JSON lines, oldest first.

use std::io::Write;

use hyper::Method;

use super::{
    Choice,
    storage::{Holder, expect_store, open_or_ask},
};
use crate::render;

/// Writes one line a story.
pub async fn export(choice: &Choice, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let settings = choice.load_or_default()?;
    expect_store(&settings.daemon.data_dir)?;
    match open_or_ask(&settings)? {
        Holder::Us(store) => {
            for story in store.stories() {
                writeln!(out, "{}", render::export_line(&story?))?;
            }
        }
        Holder::Daemon(daemon) => out.write_all(daemon.ask(Method::GET, "/admin/export", String::new()).await?.as_bytes())?,
    }
    Ok(())
}
