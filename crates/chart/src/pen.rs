//! Shapes in CSS pixels onto a plotters backend in its units.

use crate::error::ChartError;
use crate::frame::{Frame, Target};
use crate::geometry::{Point, Rect};
use crate::stroke;
use crate::theme::{Color, Theme};
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, FontStyle, RGBAColor, TextStyle};

/// Draws on `backend` with the colours of `theme`.
pub(crate) struct Pen<'a, DB> {
    backend: &'a mut DB,
    frame: Frame,
    pub(crate) theme: &'a Theme,
}

/// Which end of a text stands at its position; vertically the middle always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Center,
    Right,
}

/// How a text looks.
#[derive(Clone, Copy)]
pub(crate) struct Type {
    pub(crate) font_px: f64,
    pub(crate) weight: FontStyle,
    pub(crate) color: Color,
    pub(crate) align: Align,
}

impl Type {
    pub(crate) fn regular(font_px: f64, color: Color, align: Align) -> Type {
        Type { font_px, weight: FontStyle::Normal, color, align }
    }

    pub(crate) fn bold(font_px: f64, color: Color, align: Align) -> Type {
        Type { font_px, weight: FontStyle::Bold, color, align }
    }
}

impl<'a, DB: DrawingBackend> Pen<'a, DB>
where
    DB::ErrorType: 'static,
{
    /// Paints the surface over the whole of `frame` and gives the pen.
    pub(crate) fn on(
        backend: &'a mut DB,
        frame: Frame,
        theme: &'a Theme,
    ) -> Result<Pen<'a, DB>, ChartError> {
        backend.ensure_prepared().map_err(backend_error)?;
        let (width, height) = frame.backend_size();
        let surface = rgba(theme.surface);
        let far = (width as i32, height as i32);
        backend.draw_rect((0, 0), far, &surface, true).map_err(backend_error)?;
        Ok(Pen { backend, frame, theme })
    }

    fn units(&self, point: Point) -> (i32, i32) {
        let scale = self.frame.units_per_px();
        ((point.x * scale).round() as i32, (point.y * scale).round() as i32)
    }

    /// Fills a polygon by the non-zero rule.
    pub(crate) fn fill(&mut self, polygon: &[Point], color: Color) -> Result<(), ChartError> {
        if polygon.len() < 3 {
            return Ok(());
        }
        let mut path: Vec<(i32, i32)> = polygon.iter().map(|point| self.units(*point)).collect();
        path.dedup();
        self.backend.fill_polygon(path, &rgba(color)).map_err(backend_error)
    }

    /// Fills a rectangle, its edges moved to the nearest device pixels.
    pub(crate) fn fill_rect(&mut self, rect: Rect, color: Color) -> Result<(), ChartError> {
        let snapped = |x: f64, y: f64| Point::new(self.frame.snap(x), self.frame.snap(y));
        let near = self.units(snapped(rect.left, rect.top));
        let far = self.units(snapped(rect.right(), rect.bottom()));
        self.backend.draw_rect(near, far, &rgba(color), true).map_err(backend_error)
    }

    /// A hairline across `left` to `right`, whole device pixels thick.
    pub(crate) fn rule(
        &mut self,
        (left, right): (f64, f64),
        y: f64,
        color: Color,
    ) -> Result<(), ChartError> {
        let thickness = self.frame.hairline_px();
        let top = self.frame.snap(y - thickness / 2.0);
        self.fill_rect(Rect::between(left, top, right, top + thickness), color)
    }

    /// A hairline from `top` to `bottom`, whole device pixels thick.
    pub(crate) fn upright(
        &mut self,
        x: f64,
        (top, bottom): (f64, f64),
        color: Color,
    ) -> Result<(), ChartError> {
        let thickness = self.frame.hairline_px();
        let left = self.frame.snap(x - thickness / 2.0);
        self.fill_rect(Rect::between(left, top, left + thickness, bottom), color)
    }

    /// Fills a circle.
    pub(crate) fn disc(
        &mut self,
        center: Point,
        radius_px: f64,
        color: Color,
    ) -> Result<(), ChartError> {
        let radius = (radius_px * self.frame.units_per_px()).round() as u32;
        let center = self.units(center);
        self.backend.draw_circle(center, radius, &rgba(color), true).map_err(backend_error)
    }

    /// A line of any width with round joins and ends.
    pub(crate) fn stroke(
        &mut self,
        points: &[Point],
        width_px: f64,
        color: Color,
    ) -> Result<(), ChartError> {
        self.fill(&stroke::outline(points, width_px), color)
    }

    /// A line of dashes and gaps, in CSS pixels.
    pub(crate) fn dashed(
        &mut self,
        points: &[Point],
        width_px: f64,
        (on_px, off_px): (f64, f64),
        color: Color,
    ) -> Result<(), ChartError> {
        for dash in stroke::dashes(points, on_px, off_px) {
            self.stroke(&dash, width_px, color)?;
        }
        Ok(())
    }

    /// Writes one line of text; `at` is its vertical middle and the end that it is aligned to.
    pub(crate) fn write(&mut self, text: &str, at: Point, face: Type) -> Result<(), ChartError> {
        if text.is_empty() {
            return Ok(());
        }
        let factor = match self.frame.target {
            Target::Canvas => 1.0,
            Target::Svg => 1.24,
        };
        let size = face.font_px * self.frame.units_per_px() * factor;
        let h_pos = match face.align {
            Align::Left => HPos::Left,
            Align::Center => HPos::Center,
            Align::Right => HPos::Right,
        };
        let font = FontDesc::new(FontFamily::Name(&self.theme.font), size, face.weight);
        let color = rgba(face.color);
        let style = TextStyle::from(font).color(&color).pos(Pos::new(h_pos, VPos::Center));
        let at = self.units(at);
        self.backend.draw_text(text, &style, at).map_err(backend_error)
    }

    /// Says that the drawing is whole.
    pub(crate) fn finish(self) -> Result<(), ChartError> {
        self.backend.present().map_err(backend_error)
    }
}

fn rgba(color: Color) -> RGBAColor {
    RGBAColor(color.red, color.green, color.blue, color.alpha)
}

fn backend_error(source: impl std::error::Error + Send + Sync + 'static) -> ChartError {
    ChartError::Backend { source: Box::new(source) }
}
