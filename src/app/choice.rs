//! Which configuration and which data folder a command works with.

use std::path::{Path, PathBuf};

use crate::config::{self, ConfigError, Fault, Settings};

/// What the command line chose.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data-dir`, relative to where the command was started.
    pub data_dir: Option<PathBuf>,
    /// `--catchup`: what sources hold when they are first asked is no news.
    pub catch_up: bool,
}

impl Choice {
    /// The configuration that the daemon runs with. There must be one.
    pub(super) fn load(&self) -> Result<Settings, ConfigError> {
        let path = config::find(self.config.as_deref(), &environment)?;
        self.load_from(&path)
    }

    /// The configuration for commands that poll nobody: the daemon's secrets need not be in this shell. Where none is found, built-in
    /// defaults without sources: enough for a store that is named by `--data-dir`.
    pub(super) fn load_or_default(&self) -> Result<Settings, ConfigError> {
        match config::find(self.config.as_deref(), &environment) {
            Ok(path) => self.apply(config::load(&path, &environment_or_name)?),
            Err(_) if self.config.is_none() && self.data_dir.is_some() => self.apply(config::defaults(Path::new(""))),
            Err(error) => Err(error),
        }
    }

    /// Reads one file, for a start and for a reload alike.
    pub(super) fn load_from(&self, path: &Path) -> Result<Settings, ConfigError> {
        self.apply(config::load(path, &environment)?)
    }

    /// The same as if one of its files held another text.
    pub(super) fn load_as_if(&self, path: &Path, change: (&Path, &str)) -> Result<Settings, ConfigError> {
        self.apply(config::load_as_if(path, &environment_or_name, change)?)
    }

    fn apply(&self, mut settings: Settings) -> Result<Settings, ConfigError> {
        if let Some(dir) = &self.data_dir {
            settings.daemon.data_dir.clone_from(dir);
        }
        if self.catch_up {
            settings.poll.items.first_new_max = 0;
        }
        if settings.daemon.data_dir.is_file() {
            let key = if self.data_dir.is_some() { "--data-dir" } else { "daemon.data_dir" };
            let message = format!("is a file, `{key}` must be the folder of the store");
            return Err(ConfigError::Faults(vec![Fault { file: settings.daemon.data_dir, line: None, message }]));
        }
        Ok(settings)
    }
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A variable that is not set stands for its own name.
fn environment_or_name(name: &str) -> Option<String> {
    environment(name).or_else(|| Some(name.to_owned()))
}
