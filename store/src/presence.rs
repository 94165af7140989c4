//! Whether a file is there, on servers that do not say so.
//!
//! A bucket that may not be listed answers 403 for a file that is not there. That means absent only
//! as long as a file that is known to be there is still served: else the right to read is gone.

use crate::{ByteStore, Location, Part, StoreError};
use bytes::Bytes;

/// The whole of a small file, or `None` when it is not there: status 404 or 410, or 403 while
/// `known`, a file that is known to be there, still answers.
///
/// # Errors
/// Any other; [`StoreError::Forbidden`] also when there is no known file to ask for.
pub async fn get_if_present(
    store: &dyn ByteStore,
    location: &Location,
    known: Option<&Location>,
) -> Result<Option<Bytes>, StoreError> {
    match store.get(location).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absent(store, &error, known).await? => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether `error` means that its file is not there, as for a data file that was vacuumed.
///
/// # Errors
/// What asking for the first byte of `known` ends in, if that is not a refusal as well.
pub async fn is_absent(
    store: &dyn ByteStore,
    error: &StoreError,
    known: Option<&Location>,
) -> Result<bool, StoreError> {
    match (error, known) {
        (StoreError::Absent { .. }, _) => Ok(true),
        (StoreError::Forbidden { .. }, Some(known)) => {
            match store.read(known, Part::Range(0..1)).await {
                Ok(_) => Ok(true),
                Err(
                    StoreError::Forbidden { .. }
                    | StoreError::Absent { .. }
                    | StoreError::Unauthorized { .. },
                ) => Ok(false),
                Err(error) => Err(error),
            }
        }
        _ => Ok(false),
    }
}
