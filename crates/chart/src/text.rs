//! Widths of texts, and cutting a text that is too wide.

/// Measures a text: the text and its font size in CSS pixels give its width in CSS pixels.
///
/// In the page this is `context.measureText` with the theme's font; [`estimate_width`] where
/// there is no font.
pub type Measure<'a> = &'a dyn Fn(&str, f64) -> f64;

/// Estimates the width in CSS pixels of `text` in a grotesque such as Inter.
pub fn estimate_width(text: &str, font_px: f64) -> f64 {
    let em: f64 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.26,
            'f' | 't' | 'r' | ' ' | '(' | ')' | '-' | '/' | 'I' => 0.36,
            'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.86,
            '0'..='9' => 0.62,
            'A'..='Z' => 0.69,
            c if c.is_ascii() => 0.57,
            // Ideographs are square; other scripts are near to latin letters.
            '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{ffef}' | '\u{1f000}'.. => 1.0,
            _ => 0.6,
        })
        .sum();
    em * font_px
}

/// Cuts `text` so that it is at most `max_px` wide, with an ellipsis in place of what is cut.
///
/// An empty text when not even the ellipsis fits. Cuts between characters, never inside one.
pub fn ellipsize(text: &str, font_px: f64, max_px: f64, measure: Measure<'_>) -> String {
    if measure(text, font_px) <= max_px {
        return text.to_owned();
    }
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let cut = |n_chars: usize| {
        let end = ends.get(n_chars).copied().unwrap_or(text.len());
        format!("{}…", text.get(..end).unwrap_or_default().trim_end())
    };
    // The widest prefix that fits, by bisection: widths grow with the number of characters.
    let (mut fits, mut too_wide) = (0, ends.len());
    while fits + 1 < too_wide {
        let middle = fits.midpoint(too_wide);
        if measure(&cut(middle), font_px) <= max_px { fits = middle } else { too_wide = middle }
    }
    if fits == 0 && measure("…", font_px) > max_px { String::new() } else { cut(fits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_its_width() {
        let monospace = |text: &str, font_px: f64| text.chars().count() as f64 * font_px;
        let check = |text: &str, n_chars: f64, expected: &str| {
            assert_eq!(ellipsize(text, 10.0, n_chars * 10.0, &monospace), expected, "{text}");
        };
        check("bed_bath_table", 14.0, "bed_bath_table");
        check("bed_bath_table", 13.0, "bed_bath_tab…");
        check("garden tools", 8.0, "garden…");
        check("informática", 8.0, "informá…");
        check("東京都港区", 3.0, "東京…");
        check("abc", 1.0, "…");
        check("abc", 0.5, "");
        check("", 0.0, "");
    }

    #[test]
    fn an_estimate_grows_with_text_and_size() {
        assert!(estimate_width("1,234", 12.0) > estimate_width("123", 12.0));
        assert!(estimate_width("abc", 24.0) > estimate_width("abc", 12.0));
        assert_eq!(estimate_width("", 12.0), 0.0);
    }
}
