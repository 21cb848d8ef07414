//! Figures in files: stored by a measurement, and read to draw them again.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use ld_workspace::Failure;

/// Figures that can be stored and drawn.
pub(crate) trait Plot: Serialize + DeserializeOwned {
    /// The name of the file, without its extension.
    const NAME: &'static str;

    /// Draws the SVG files in a directory.
    fn draw(&self, directory: &Path) -> Result<(), Failure>;
}

/// Stores figures in a directory, and draws them there.
pub(crate) fn save<P: Plot>(directory: &Path, figures: &P) -> Result<(), Failure> {
    let file = directory.join(P::NAME).with_extension("json");
    let cannot = || format!("cannot write {}", file.display());
    fs::create_dir_all(directory).map_err(Failure::doing(cannot()))?;
    let mut text = serde_json::to_string(figures).map_err(Failure::doing(cannot()))?;
    text.push('\n');
    fs::write(&file, text).map_err(Failure::doing(cannot()))?;
    println!("\nStored the figures in {}.", file.display());
    figures.draw(directory)
}

/// Draws one kind of figures. Returns whether they are stored.
pub(super) fn redraw<P: Plot>(directory: &Path) -> Result<bool, Failure> {
    let file = directory.join(P::NAME).with_extension("json");
    if !file.exists() {
        return Ok(false);
    }
    let cannot = || format!("cannot read {}", file.display());
    let text = fs::read(&file).map_err(Failure::doing(cannot()))?;
    let figures: P = serde_json::from_slice(&text).map_err(Failure::doing(cannot()))?;
    figures.draw(directory)?;
    Ok(true)
}
