//! Workers that share a limit and a list of rules, both read from files.

use std::path::Path;
use std::thread::JoinHandle;

use ld_filewatch::{BoxError, DirectoryWatcher, Error, FileWatcher, Files, View};

/// The content of the settings file: `limit = 10` and `greeting = hello`.
#[derive(Debug, Default)]
pub struct Settings {
    limit: u32,
    greeting: String,
}

/// What a worker needs. It knows nothing of `Settings` or files.
pub struct Worker {
    limit: View<u32>,
    greeting: View<String>,
}

impl Worker {
    /// Answers the request with this number, or refuses it.
    pub fn answer(&self, request: u32) -> Result<Option<String>, Error> {
        if request > *self.limit.get()? {
            return Ok(None);
        }
        Ok(Some(self.greeting.get()?.clone()))
    }
}

/// The settings, from one file.
pub fn settings(path: &Path) -> Result<FileWatcher<Settings>, Error> {
    FileWatcher::builder(path).text(Default::default(), |text| {
        let mut settings = Settings::default();
        for line in text.lines() {
            let (name, value) = line.split_once('=').ok_or_else(|| format!("no '=' in {line:?}"))?;
            match name.trim() {
                "limit" => settings.limit = value.trim().parse()?,
                "greeting" => settings.greeting = value.trim().to_owned(),
                other => return Err(format!("unknown setting {other:?}").into()),
            }
        }
        Ok(settings)
    })
}

/// A worker with its parts of the settings.
pub fn worker(settings: &FileWatcher<Settings>) -> Worker {
    let limit = settings.map(|settings| settings.limit);
    let greeting = settings.map(|settings| format!("{}!", settings.greeting));
    Worker { limit, greeting }
}

/// All rules of a directory, one a line, in the order of the files' names.
pub fn rules(directory: &Path) -> Result<DirectoryWatcher<Vec<String>>, Error> {
    DirectoryWatcher::builder(directory).glob("*.rules").build(all_lines)
}

fn all_lines(files: Files<'_>) -> Result<Vec<String>, BoxError> {
    let mut rules = Vec::new();
    for file in files.iter() {
        rules.extend(file.text()?.lines().map(str::to_owned));
    }
    Ok(rules)
}

/// A thread that tells of each change of the limit until the settings are closed. Returns how many
/// changes it told of.
pub fn report(settings: &FileWatcher<Settings>) -> JoinHandle<usize> {
    let limit = settings.map(|settings| settings.limit);
    let mut changes = limit.subscribe().distinct().from_start();
    std::thread::spawn(move || {
        let mut told = 0;
        while let Some(change) = changes.recv() {
            println!("version {}: the limit is {}", change.version, change.data);
            told += 1;
        }
        told
    })
}
