//! What a project's generators deliver before its sources are read.

use super::{BuildError, Event, panic};
use crate::project::Project;

/// Has the generators deliver what is not there yet.
pub(super) async fn deliver(
    project: &Project,
    progress: &mut impl FnMut(Event),
) -> Result<(), BuildError> {
    for generator in project.generators.clone() {
        let folder = project.folder.clone();
        let (told, mut telling) = tokio::sync::mpsc::unbounded_channel();
        let delivering = tokio::task::spawn_blocking(move || {
            generator.deliver(&folder, &|n_done, n_steps| {
                let _ = told.send((n_done, n_steps));
            })
        });
        while let Some((n_done, n_steps)) = telling.recv().await {
            progress(Event::Delivering { n_done, n_steps });
        }
        delivering.await.map_err(|error| panic::ended("a generator of the project", error))??;
    }
    Ok(())
}
