//! How a command ends, for whoever started it.

use std::process::ExitCode;

/// How a command ends. Whatever is not right with the command line itself is an error, and ends with 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All is well: 0.
    Well,
    /// A model failed, or the project is not right: 1.
    Failed,
    /// It warned, and warnings count: 3.
    Warned,
}

/// The code of a command line, a file or surroundings that are not right.
pub const USAGE: u8 = 2;

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> ExitCode {
        ExitCode::from(match ending {
            Ending::Well => 0,
            Ending::Failed => 1,
            Ending::Warned => 3,
        })
    }
}
