//! Colours and the font of a chart. No colour is written anywhere else in this crate.

/// How many colours a [`Theme::palette`] has.
pub const PALETTE_LEN: usize = 8;

/// A colour with 8 bits a channel and an opacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Color {
    /// 0 to 255.
    pub red: u8,
    /// 0 to 255.
    pub green: u8,
    /// 0 to 255.
    pub blue: u8,
    /// 0.0 is invisible, 1.0 opaque.
    pub alpha: f64,
}

impl Color {
    /// The opaque colour `0xRRGGBB`.
    pub const fn rgb(rgb: u32) -> Color {
        Color { red: (rgb >> 16) as u8, green: (rgb >> 8) as u8, blue: rgb as u8, alpha: 1.0 }
    }

    /// Reads `#rgb`, `#rrggbb` or `#rrggbbaa`; `None` for any other text.
    pub fn from_hex(text: &str) -> Option<Color> {
        let digits = text.trim().strip_prefix('#')?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let number = u32::from_str_radix(digits, 16).ok()?;
        match digits.len() {
            3 => {
                let channel = |shift: u32| ((number >> shift) & 0xf) * 0x11;
                Some(Color::rgb(channel(8) << 16 | channel(4) << 8 | channel(0)))
            }
            6 => Some(Color::rgb(number)),
            8 => Some(Color::rgb(number >> 8).with_alpha(f64::from(number & 0xff) / 255.0)),
            _ => None,
        }
    }

    /// The same colour with another opacity.
    pub const fn with_alpha(self, alpha: f64) -> Color {
        Color { alpha, ..self }
    }

    /// The opaque colour that `share` (0.0 to 1.0) of this one over `under` looks like.
    pub fn over(self, under: Color, share: f64) -> Color {
        let channel = |top: u8, bottom: u8| {
            (f64::from(top) * share + f64::from(bottom) * (1.0 - share)).round() as u8
        };
        Color {
            red: channel(self.red, under.red),
            green: channel(self.green, under.green),
            blue: channel(self.blue, under.blue),
            alpha: 1.0,
        }
    }
}

/// The colours and the font that a chart is drawn with; the page fills it from its CSS variables.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// Texts that carry a value.
    pub ink: Color,
    /// Texts that explain: ticks, captions.
    pub muted: Color,
    /// The horizontal grid.
    pub grid: Color,
    /// The line at zero, the crosshair, the remaining part of a ring.
    pub axis: Color,
    /// What lies behind; drawn first over the whole frame. With an alpha of 0 nothing is drawn,
    /// the page clears the canvas itself, and the other channels still serve for blending.
    pub surface: Color,
    /// The one series of lines and bars, and the focus ring.
    pub accent: Color,
    /// Bars below zero.
    pub negative: Color,
    /// Categories, told apart also by colour-blind viewers.
    pub palette: [Color; PALETTE_LEN],
    /// A CSS `font-family` list.
    pub font: String,
}

impl Theme {
    /// Dark ink on white.
    pub fn light() -> Theme {
        Theme {
            ink: Color::rgb(0x18181b),
            muted: Color::rgb(0x6b6b76),
            grid: Color::rgb(0xeeeef1),
            axis: Color::rgb(0xd6d6dc),
            surface: Color::rgb(0xffffff),
            accent: Color::rgb(0x4f46e5),
            negative: Color::rgb(0xd1495b),
            palette: LIGHT_PALETTE.map(Color::rgb),
            font: FONT.to_owned(),
        }
    }

    /// Light ink on near black.
    pub fn dark() -> Theme {
        Theme {
            ink: Color::rgb(0xf4f4f5),
            muted: Color::rgb(0x9d9da8),
            grid: Color::rgb(0x26262b),
            axis: Color::rgb(0x3c3c44),
            surface: Color::rgb(0x131316),
            accent: Color::rgb(0x8b8cf9),
            negative: Color::rgb(0xf2778a),
            palette: DARK_PALETTE.map(Color::rgb),
            font: FONT.to_owned(),
        }
    }

    /// The colour of a category; indices beyond the palette start again.
    pub fn category(&self, idx: usize) -> Color {
        self.palette[idx % PALETTE_LEN]
    }

    /// `color` dimmed towards the surface, opaque: marks that others were chosen over.
    pub(crate) fn dimmed(&self, color: Color) -> Color {
        color.over(self.surface, 0.28)
    }
}

const FONT: &str = "Inter, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif";
// Found by a search over hues for the largest least distance, see the test below.
const LIGHT_PALETTE: [u32; PALETTE_LEN] =
    [0x4f46e5, 0x098777, 0xc48300, 0xd60c46, 0x0994de, 0x801e94, 0x53670e, 0x2d384a];
const DARK_PALETTE: [u32; PALETTE_LEN] =
    [0x8b8cf9, 0x4fc6a2, 0xe5ae00, 0xe5484d, 0x90d9ff, 0xda5ab6, 0xcbe391, 0x586478];

#[cfg(test)]
mod tests {
    use super::*;

    type Triple = [f64; 3];
    type Matrix = [Triple; 3];

    const NORMAL: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    // Source: Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color
    // Vision Deficiency", 2009, at full severity.
    const PROTANOPIA: Matrix = [
        [0.152_286, 1.052_583, -0.204_868],
        [0.114_503, 0.786_281, 0.099_216],
        [-0.003_882, -0.048_116, 1.051_998],
    ];
    const DEUTERANOPIA: Matrix = [
        [0.367_322, 0.860_646, -0.227_968],
        [0.280_085, 0.672_501, 0.047_413],
        [-0.011_820, 0.042_940, 0.968_881],
    ];
    const TRITANOPIA: Matrix = [
        [1.255_528, -0.076_749, -0.178_779],
        [-0.078_411, 0.930_809, 0.147_602],
        [0.004_733, 0.691_367, 0.303_900],
    ];

    fn times(matrix: &Matrix, v: Triple) -> Triple {
        matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
    }

    fn linear(color: Color) -> Triple {
        [color.red, color.green, color.blue].map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// Source: Björn Ottosson, "A perceptual color space for image processing".
    fn oklab(linear: Triple) -> Triple {
        const TO_CONES: Matrix = [
            [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
            [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
            [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
        ];
        const TO_LAB: Matrix = [
            [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
            [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
            [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
        ];
        times(&TO_LAB, times(&TO_CONES, linear.map(|c| c.clamp(0.0, 1.0))).map(f64::cbrt))
    }

    fn contrast(a: Color, b: Color) -> f64 {
        let luminance = |color: Color| {
            let [red, green, blue] = linear(color);
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn categories_stay_apart_for_every_eye() {
        // The Okabe-Ito palette, the usual measure for this, has a least distance of 0.076.
        const LEAST: f64 = 0.08;
        for theme in [Theme::light(), Theme::dark()] {
            for eye in [NORMAL, PROTANOPIA, DEUTERANOPIA, TRITANOPIA] {
                let seen = theme.palette.map(|color| oklab(times(&eye, linear(color))));
                for (idx, a) in seen.iter().enumerate() {
                    for (other, b) in seen.iter().enumerate().skip(idx + 1) {
                        let squares: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
                        assert!(squares.sqrt() > LEAST, "{idx} {other} {}", squares.sqrt());
                    }
                }
            }
        }
    }

    #[test]
    fn contrast_is_enough_to_read() {
        for theme in [Theme::light(), Theme::dark()] {
            // WCAG 2.2: 4.5 for text, 3 for graphics.
            assert!(contrast(theme.ink, theme.surface) > 7.0);
            assert!(contrast(theme.muted, theme.surface) > 4.5);
            for color in theme.palette.iter().chain([&theme.accent, &theme.negative]) {
                assert!(contrast(*color, theme.surface) >= 3.0, "{color:?}");
            }
        }
    }

    #[test]
    fn hex_colours_are_read() {
        let check = |text: &str, expected: Option<Color>| {
            assert_eq!(Color::from_hex(text), expected, "{text}");
        };
        check("#4f46e5", Some(Color::rgb(0x4f46e5)));
        check(" #FFF ", Some(Color::rgb(0xffffff)));
        check("#0000", None);
        check("#00000080", Some(Color::rgb(0).with_alpha(128.0 / 255.0)));
        check("4f46e5", None);
        check("#4f46eg", None);
        check("#+f46e5", None);
        check("", None);
    }

    #[test]
    fn blending_is_opaque() {
        let half = Color::rgb(0x000000).over(Color::rgb(0xffffff), 0.5);
        assert_eq!(half, Color::rgb(0x808080));
    }
}
