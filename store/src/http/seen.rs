//! What a server told of the files that were read, to notice when one changes in the middle.

use super::transport::Reuse;
use crate::{Location, Validator};
use std::collections::{HashMap, VecDeque};

/// So many files are remembered; the longest known goes first.
const MAX_FILES: usize = 65_536;

/// Validators by file.
#[derive(Debug, Default)]
pub struct Seen {
    files: HashMap<Location, Known>,
    order: VecDeque<Location>,
}

#[derive(Debug, Clone)]
struct Known {
    validator: Validator,
    reuse: Reuse,
}

impl Seen {
    /// What is known of the file.
    pub fn validator(&self, location: &Location) -> Option<&Validator> {
        self.files.get(location).map(|known| &known.validator)
    }

    /// What caches on the way may answer for the file.
    pub fn reuse(&self, location: &Location) -> Reuse {
        self.files.get(location).map_or(Reuse::Fresh, |known| known.reuse)
    }

    /// Remembers what an answer tells of the file.
    ///
    /// # Errors
    /// The difference, when it was another content before. That is forgotten then, and caches on the
    /// way are passed by from then on: one of them may hold a part of the old content.
    pub fn agree(&mut self, location: &Location, validator: &Validator) -> Result<(), String> {
        match self.files.get_mut(location) {
            None => {
                self.remember(location, validator.clone(), Reuse::Fresh);
                Ok(())
            }
            Some(known) => match known.validator.difference(validator) {
                None => {
                    known.validator = std::mem::take(&mut known.validator).or(validator);
                    Ok(())
                }
                Some(difference) => {
                    *known = Known { validator: Validator::default(), reuse: Reuse::Never };
                    Err(difference)
                }
            },
        }
    }

    /// Passes caches on the way by for the file hereafter.
    pub fn pass_caches(&mut self, location: &Location) {
        match self.files.get_mut(location) {
            Some(known) => known.reuse = Reuse::Never,
            None => self.remember(location, Validator::default(), Reuse::Never),
        }
    }

    /// Remembers a file that was read whole, whatever it was before.
    pub fn replace(&mut self, location: &Location, validator: Validator) {
        match self.files.get_mut(location) {
            Some(known) => known.validator = validator,
            None => self.remember(location, validator, Reuse::Fresh),
        }
    }

    fn remember(&mut self, location: &Location, validator: Validator, reuse: Reuse) {
        if self.files.len() >= MAX_FILES
            && let Some(oldest) = self.order.pop_front()
        {
            self.files.remove(&oldest);
        }
        self.order.push_back(location.clone());
        self.files.insert(location.clone(), Known { validator, reuse });
    }
}
