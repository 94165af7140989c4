//! Debian's packages, where there is apt; what to type by hand, where there is not.

use crate::child;
use anyhow::{Context, bail};
use std::process::Command;

/// One thing that the system's package manager has.
pub struct Package {
    /// What it is, for the person at the terminal.
    pub what: &'static str,
    /// Why it is needed.
    pub why: &'static str,
    /// Its packages in Debian.
    pub debian: &'static [&'static str],
    /// Its packages in Ubuntu.
    pub ubuntu: &'static [&'static str],
    /// How it comes to macOS.
    pub homebrew: &'static str,
}

/// Installs `package` with apt, as root or by sudo.
///
/// # Errors
/// When there is no apt or it fails; names the command for a person.
pub fn install(package: &Package) -> anyhow::Result<()> {
    super::announce(package.what, package.why);
    if cfg!(target_os = "macos") {
        bail!("{} is missing; install it: {}", package.what, package.homebrew);
    }
    let names = if is_ubuntu() { package.ubuntu } else { package.debian };
    let by_hand = format!("install it by hand: apt-get install {}", names.join(" "));
    if super::on_path(&["apt-get"]).is_none() {
        bail!(
            "{} is missing and there is no apt-get here; install what Debian calls {}",
            package.what,
            names.join(", ")
        );
    }
    child::run("apt", &mut apt(&["update", "-q"])).with_context(|| by_hand.clone())?;
    let mut words = vec!["install", "-q", "-y", "--no-install-recommends"];
    words.extend_from_slice(names);
    child::run("apt", &mut apt(&words)).with_context(|| by_hand)
}

fn apt(words: &[&str]) -> Command {
    let is_root = child::answer(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    let mut command = if is_root {
        Command::new("env")
    } else {
        let mut command = Command::new("sudo");
        command.arg("env");
        command
    };
    command.arg("DEBIAN_FRONTEND=noninteractive").arg("apt-get").args(words);
    command
}

/// Ubuntu has some packages under other names. Derivatives of Ubuntu say so in `ID_LIKE`.
fn is_ubuntu() -> bool {
    std::fs::read_to_string("/etc/os-release").is_ok_and(|text| {
        text.lines().any(|line| {
            (line.starts_with("ID=") || line.starts_with("ID_LIKE=")) && line.contains("ubuntu")
        })
    })
}
