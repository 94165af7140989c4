//! Colours, for those who look at a terminal and did not turn them off.

use std::io::IsTerminal;

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// It is plain.
    Plain,
    /// It is coloured.
    Coloured,
}

/// What a colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tint {
    /// It went well.
    Good,
    /// It is worth a look.
    Warn,
    /// It went wrong.
    Bad,
    /// It matters less.
    Dim,
    /// It matters more.
    Strong,
}

impl Paint {
    /// Coloured on a terminal, unless `NO_COLOR` is set.
    pub fn on(stream: &impl IsTerminal) -> Paint {
        let is_off = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if stream.is_terminal() && !is_off { Paint::Coloured } else { Paint::Plain }
    }

    /// `text` with the colour of `tint`.
    pub fn text(self, tint: Tint, text: &str) -> String {
        let code = match tint {
            Tint::Good => "32",
            Tint::Warn => "33",
            Tint::Bad => "31",
            Tint::Dim => "2",
            Tint::Strong => "1",
        };
        match self {
            Paint::Plain => text.to_owned(),
            Paint::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}
