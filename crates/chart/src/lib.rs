//! Numbers to marks: layouts of charts, and their drawing through any plotters `DrawingBackend`.
//!
//! Each chart has two steps. `XChart::layout` turns numbers into positions and is pure, so that
//! hit testing, tooltips and tests need no canvas; `XLayout::draw` paints a layout. All lengths
//! and positions are CSS pixels from the frame's top left corner; [`Frame`] says how they become
//! the integer coordinates of a backend.
//!
//! What is absent: the DOM, clocks, IO, and the meaning of the numbers. A value is an `f64` for
//! its geometry only; every text beside a mark is made by the caller from the exact decimal, see
//! [`grouped`] and [`compact`].

mod bar;
mod decimal;
mod donut;
mod downsample;
mod error;
mod frame;
mod geometry;
mod hit;
mod interaction;
mod line;
mod pen;
mod scale;
mod shape;
mod sparkline;
mod stroke;
mod text;
mod theme;
mod time;

pub use bar::{Bar, BarChart, BarInput, BarLayout, BarRow};
pub use decimal::{compact, grouped};
pub use donut::{
    CenterText, DonutChart, DonutInput, DonutLayout, Legend, LegendRow, Slice, SliceColor, Wedge,
};
pub use downsample::m4;
pub use error::ChartError;
pub use frame::{Frame, SUBPIXELS, Target};
pub use geometry::{Point, Rect};
pub use interaction::Interaction;
pub use line::{Completeness, LineChart, LineInput, LineLayout, LinePoint};
pub use scale::{Axis, LinearScale, Tick, ValueFormat};
pub use sparkline::{Sparkline, SparklineInput, SparklineLayout};
pub use text::{Measure, ellipsize, estimate_width};
pub use theme::{Color, PALETTE_LEN, Theme};
pub use time::{TimeTick, time_ticks};
