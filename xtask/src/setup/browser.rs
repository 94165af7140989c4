//! Chromium and the chromedriver that drives it, for tests.

use super::{apt, major, on_path, version_of};
use anyhow::{Context, bail};
use std::path::PathBuf;

/// What tests in a browser start.
#[derive(Debug, Clone)]
pub struct Browser {
    /// The browser.
    pub chromium: PathBuf,
    /// Its driver, of the same major version.
    pub chromedriver: PathBuf,
}

const CHROMIUM_NAMES: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const CHROMEDRIVER_NAMES: [&str; 2] = ["chromedriver", "chromium.chromedriver"];

/// Where they are when they are not on PATH.
const ELSEWHERE: [&str; 4] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/usr/lib/chromium-browser/chromedriver",
    "/usr/lib/chromium/chromedriver",
];

const CHROMIUM: apt::Package = apt::Package {
    what: "Chromium",
    why: "the tests read the page in it",
    debian: &["chromium"],
    ubuntu: &["chromium-browser"],
    homebrew: "brew install --cask chromium",
};

const CHROMEDRIVER: apt::Package = apt::Package {
    what: "chromedriver",
    why: "the tests click and type through it",
    debian: &["chromium-driver"],
    ubuntu: &["chromium-chromedriver"],
    homebrew: "brew install --cask chromedriver",
};

/// Finds or installs both.
///
/// # Errors
/// When one cannot be installed, or their versions do not fit.
pub fn ensure() -> anyhow::Result<Browser> {
    let browser = Browser {
        chromium: ensure_one(&CHROMIUM, &CHROMIUM_NAMES)?,
        chromedriver: ensure_one(&CHROMEDRIVER, &CHROMEDRIVER_NAMES)?,
    };
    let version = |path: &PathBuf| {
        version_of(path).with_context(|| format!("{} does not say its version", path.display()))
    };
    let (chromium, driver) = (version(&browser.chromium)?, version(&browser.chromedriver)?);
    if major(&chromium) != major(&driver) {
        bail!(
            "Chromium is {chromium} and chromedriver {driver}; they need the same major version: \
             update both"
        );
    }
    Ok(browser)
}

fn ensure_one(package: &apt::Package, names: &[&str]) -> anyhow::Result<PathBuf> {
    if let Some(found) = find(names) {
        return Ok(found);
    }
    apt::install(package)?;
    find(names).with_context(|| format!("{} was installed but is not on PATH", package.what))
}

fn find(names: &[&str]) -> Option<PathBuf> {
    on_path(names).or_else(|| {
        ELSEWHERE.iter().map(PathBuf::from).find(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let name = name.to_lowercase().replace(' ', "-");
            path.is_file() && names.contains(&name.as_str())
        })
    })
}
