//! What the viewer points at, has chosen, and has reached with the keyboard.

/// The state of the marks; indices are those of the input.
///
/// An index that the chart does not have is ignored, so a state may outlive a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interaction<'a> {
    /// Under the pointer.
    pub hovered: Option<usize>,
    /// Chosen as a filter; when there are any, all other marks are dimmed.
    pub selected: &'a [usize],
    /// Reached with the keyboard: it wears a ring.
    pub focused: Option<usize>,
}

impl Interaction<'_> {
    /// Whether the mark is to be drawn dimmed: others are selected and it is not.
    pub(crate) fn dims(&self, idx: usize) -> bool {
        !self.selected.is_empty() && !self.selected.contains(&idx)
    }
}
