//! Points and rectangles in CSS pixels; y grows downwards.

/// A position in CSS pixels from the frame's top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

impl Point {
    /// The point at `x`, `y`.
    pub const fn new(x: f64, y: f64) -> Point {
        Point { x, y }
    }
}

/// A rectangle in CSS pixels; a width or height of 0 is empty, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    /// The left edge.
    pub left: f64,
    /// The top edge.
    pub top: f64,
    /// To the right of `left`.
    pub width: f64,
    /// Downwards from `top`.
    pub height: f64,
}

impl Rect {
    /// The rectangle between two edges each; an inverted pair gives an empty side.
    pub fn between(left: f64, top: f64, right: f64, bottom: f64) -> Rect {
        Rect { left, top, width: (right - left).max(0.0), height: (bottom - top).max(0.0) }
    }

    /// The right edge.
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    /// The bottom edge.
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The middle.
    pub fn center(&self) -> Point {
        Point::new(self.left + self.width / 2.0, self.top + self.height / 2.0)
    }

    /// Whether `x`, `y` lies inside or on the edge.
    pub fn contains(&self, x: f64, y: f64) -> bool {
        x >= self.left && x <= self.right() && y >= self.top && y <= self.bottom()
    }

    /// The rectangle with each edge moved outwards by `by` (inwards when negative).
    pub fn grown(&self, by: f64) -> Rect {
        Rect::between(self.left - by, self.top - by, self.right() + by, self.bottom() + by)
    }
}
