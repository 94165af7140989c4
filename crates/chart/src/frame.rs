//! The size of a chart and how CSS pixels become the integer coordinates of a backend.
//!
//! Plotters backends take whole numbers, which makes slopes and arcs lumpy and line widths coarse.
//! So every device pixel is divided into [`SUBPIXELS`] units, and the surface scales them back:
//! a canvas by its transform, an SVG by its `viewBox`.

/// Backend units per device pixel.
pub const SUBPIXELS: u32 = 8;

/// What the backend draws on; backends differ in how they read a font size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// plotters-canvas: a font size is its size in pixels.
    Canvas,
    /// plotters-svg: it writes a font size divided by 1.24.
    Svg,
}

/// The size of a chart in CSS pixels, and the density of what it is drawn on.
///
/// For a canvas of plotters-canvas, before each draw:
/// set `canvas.width` and `canvas.height` to [`Frame::device_size`] (only when they differ, since
/// setting them clears the canvas), its CSS size to the frame's, and call
/// `context.setTransform(s, 0, 0, s, 0, 0)` with [`Frame::context_scale`].
///
/// For an SVG, make the backend with the size [`Frame::backend_size`]; its `viewBox` then scales.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Width in CSS pixels.
    pub width_px: f64,
    /// Height in CSS pixels.
    pub height_px: f64,
    /// Device pixels per CSS pixel, `devicePixelRatio` in a browser.
    pub pixel_ratio: f64,
    /// What the backend draws on.
    pub target: Target,
}

impl Frame {
    /// A canvas of `width_px` by `height_px` CSS pixels on a screen of `pixel_ratio`.
    ///
    /// Sizes that are no positive numbers become 0, a ratio that is none becomes 1.
    pub fn canvas(width_px: f64, height_px: f64, pixel_ratio: f64) -> Frame {
        Frame { width_px, height_px, pixel_ratio, target: Target::Canvas }.sane()
    }

    /// An SVG document of `width_px` by `height_px`.
    pub fn svg(width_px: f64, height_px: f64) -> Frame {
        Frame { width_px, height_px, pixel_ratio: 1.0, target: Target::Svg }.sane()
    }

    /// Width and height in device pixels: what `canvas.width` and `canvas.height` must be.
    pub fn device_size(&self) -> (u32, u32) {
        let device = |px: f64| (px * self.pixel_ratio).round() as u32;
        (device(self.width_px), device(self.height_px))
    }

    /// Width and height in backend units.
    pub fn backend_size(&self) -> (u32, u32) {
        let (width, height) = self.device_size();
        (width.saturating_mul(SUBPIXELS), height.saturating_mul(SUBPIXELS))
    }

    /// The scale of the canvas context's transform: device pixels per backend unit.
    pub fn context_scale(&self) -> f64 {
        1.0 / f64::from(SUBPIXELS)
    }

    /// Backend units per CSS pixel.
    pub(crate) fn units_per_px(&self) -> f64 {
        self.pixel_ratio * f64::from(SUBPIXELS)
    }

    /// Moves a coordinate to the nearest edge between device pixels, so that edges are sharp.
    pub(crate) fn snap(&self, px: f64) -> f64 {
        (px * self.pixel_ratio).round() / self.pixel_ratio
    }

    /// The thickness of a hairline: about one CSS pixel, and whole device pixels.
    pub(crate) fn hairline_px(&self) -> f64 {
        self.pixel_ratio.floor().max(1.0) / self.pixel_ratio
    }

    /// The frame with numbers that can be drawn with: at most 32,768 CSS pixels a side.
    pub(crate) fn sane(self) -> Frame {
        let side = |px: f64| if px.is_finite() { px.clamp(0.0, 32_768.0) } else { 0.0 };
        let ratio = self.pixel_ratio;
        Frame {
            width_px: side(self.width_px),
            height_px: side(self.height_px),
            pixel_ratio: if ratio.is_finite() && ratio > 0.0 { ratio.min(16.0) } else { 1.0 },
            target: self.target,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_device_pixels_and_units() {
        let check = |frame: Frame, device: (u32, u32), backend: (u32, u32)| {
            assert_eq!(frame.device_size(), device, "{frame:?}");
            assert_eq!(frame.backend_size(), backend, "{frame:?}");
        };
        check(Frame::canvas(320.0, 200.0, 1.0), (320, 200), (2_560, 1_600));
        check(Frame::canvas(320.0, 200.0, 2.0), (640, 400), (5_120, 3_200));
        check(Frame::canvas(321.5, 200.0, 1.25), (402, 250), (3_216, 2_000));
        check(Frame::svg(320.0, 200.0), (320, 200), (2_560, 1_600));
        check(Frame::canvas(f64::NAN, -3.0, 0.0), (0, 0), (0, 0));
        check(Frame::canvas(f64::INFINITY, 1e9, f64::NAN), (0, 32_768), (0, 262_144));
    }

    #[test]
    fn hairlines_are_whole_device_pixels() {
        let check = |ratio: f64, device_px: f64| {
            let hairline = Frame::canvas(10.0, 10.0, ratio).hairline_px();
            assert!((hairline * ratio - device_px).abs() < 1e-9, "{ratio}");
        };
        check(1.0, 1.0);
        check(1.5, 1.0);
        check(2.0, 2.0);
        check(3.0, 3.0);
        check(0.5, 1.0);
    }
}
