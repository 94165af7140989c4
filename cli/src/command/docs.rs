//! `lakefront docs`: the project as a static page.

use anyhow::{Context, bail};
use pipeline::site::{self, SiteFile};
use pipeline::{Description, Project};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the page is written when it is not said, below the project.
const DEFAULT_OUT: &str = "site";

/// Writes a static page about a project: lineage, columns, expectations, last runs.
///
/// The page is index.html with a style sheet and a script. It opens from a disk, and any server of files can
/// serve it. Nothing is built; sources and the lake are only read.
#[derive(clap::Args)]
pub struct Args {
    /// The project: a folder with lakefront.yaml, models/ and catalog.yaml.
    #[arg(default_value = ".")]
    project: PathBuf,
    /// The environment whose settings are taken.
    #[arg(long, default_value = pipeline::DEFAULT_ENVIRONMENT, value_name = "NAME")]
    env: String,
    /// The folder of the page [default: PROJECT/site].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Writes the page.
///
/// # Errors
/// When the project does not fit together, or the folder holds somebody else's page.
pub fn run(args: Args) -> anyhow::Result<()> {
    let project = Project::open_in(&args.project, &args.env)?;
    let out = args.out.unwrap_or_else(|| args.project.join(DEFAULT_OUT));
    refuse_foreign(&out)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime did not start")?;
    let description = runtime.block_on(pipeline::describe(&project))?;
    write(&out, &site::render(&description, chrono::Utc::now()))?;
    println!("{}", summary(&description, &out));
    Ok(())
}

/// A folder that has a page which is not ours is not written to.
fn refuse_foreign(out: &Path) -> anyhow::Result<()> {
    let page = out.join(site::PAGE_NAME);
    match fs::read_to_string(&page) {
        Ok(text) if !text.contains(site::GENERATOR) => {
            bail!(
                "{} was not written by lakefront docs and stays as it is; name another folder with --out",
                page.display()
            )
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be read", page.display()))
        }
        _ => Ok(()),
    }
}

/// The page itself comes last, so that it never names a file that is not there. Each file is renamed into
/// its place.
fn write(out: &Path, files: &[SiteFile]) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    let (page, others): (Vec<_>, Vec<_>) =
        files.iter().partition(|file| file.name == site::PAGE_NAME);
    for file in others.into_iter().chain(page) {
        let path = out.join(file.name);
        let fresh = out.join(format!("{}.tmp", file.name));
        fs::write(&fresh, &file.text)
            .and_then(|()| fs::rename(&fresh, &path))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

fn summary(description: &Description, out: &Path) -> String {
    format!(
        "{}: {} sources, {} models, {} exposures\npage: {}",
        description.project,
        description.sources.len(),
        description.models.len(),
        description.exposures.len(),
        out.join(site::PAGE_NAME).display(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_ours_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("a/b");
        let page = |text: &str| [SiteFile { name: site::PAGE_NAME, text: text.to_owned() }];
        refuse_foreign(&out).unwrap();
        write(&out, &page(&format!("<meta content=\"{}\">", site::GENERATOR))).unwrap();
        refuse_foreign(&out).unwrap();
        write(&out, &page("mine")).unwrap();
        let refused = refuse_foreign(&out).unwrap_err().to_string();
        assert!(refused.contains("index.html was not written by"), "{refused}");
        assert_eq!(fs::read_dir(&out).unwrap().count(), 1, "nothing is left behind");
    }
}
