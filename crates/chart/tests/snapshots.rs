//! Every chart as SVG, light and dark, narrow and wide, compared byte by byte.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p chart --test snapshots` writes `tests/snapshots/*.svg` anew;
//! look at them before committing, they open in any browser.

// A test reads and writes its snapshots; the crate itself does neither. The lints' leave for tests
// does not reach the functions that the tests share.
#![allow(clippy::disallowed_methods, clippy::panic, clippy::unwrap_used)]

use chart::{
    Bar, BarChart, BarInput, CenterText, Completeness, DonutChart, DonutInput, Frame, Interaction,
    Legend, LineChart, LineInput, LinePoint, Slice, SliceColor, Sparkline, SparklineInput, Theme,
    ValueFormat, estimate_width, grouped,
};
use plotters::prelude::SVGBackend;
use query::{Date, Grain};
use std::path::Path;

const NARROW_PX: f64 = 320.0;
const WIDE_PX: f64 = 960.0;

/// Draws on an SVG backend and gives the document at its CSS size.
fn svg(frame: Frame, draw: impl FnOnce(&mut SVGBackend<'_>)) -> String {
    let mut document = String::new();
    let (width, height) = frame.backend_size();
    draw(&mut SVGBackend::with_string(&mut document, (width, height)));
    document.replacen(
        &format!("width=\"{width}\" height=\"{height}\""),
        &format!("width=\"{}\" height=\"{}\"", frame.width_px, frame.height_px),
        1,
    )
}

fn check(name: &str, document: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, document).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{}: {e}; UPDATE_SNAPSHOTS=1 writes it", path.display()));
    // Not assert_eq, which would print both documents.
    assert!(document == expected, "{name} is drawn differently; UPDATE_SNAPSHOTS=1 writes it anew");
}

/// Checks `name` in both themes and widths.
fn check_all(
    name: &str,
    height_px: impl Fn(f64) -> f64,
    draw: impl Fn(&mut SVGBackend<'_>, Frame, &Theme),
) {
    for (theme_name, theme) in [("light", Theme::light()), ("dark", Theme::dark())] {
        for (width_name, width_px) in [("narrow", NARROW_PX), ("wide", WIDE_PX)] {
            let frame = Frame::svg(width_px, height_px(width_px));
            let document = svg(frame, |backend| draw(backend, frame, &theme));
            check(&format!("{name}_{width_name}_{theme_name}.svg"), &document);
        }
    }
}

fn days(first: &str, values: &[Option<f64>]) -> Vec<LinePoint> {
    let first: Date = first.parse().unwrap();
    values
        .iter()
        .enumerate()
        .map(|(idx, value)| LinePoint {
            date: first.plus_days(idx as i32),
            value: *value,
            completeness: Completeness::Complete,
        })
        .collect()
}

/// A trend with weekends and a busy Friday in November.
fn sales(n_days: usize, growth: f64) -> Vec<Option<f64>> {
    (0..n_days)
        .map(|day| {
            let weekly = [1.0, 1.06, 1.02, 0.98, 0.93, 0.71, 0.78][day % 7];
            let ripple = ((day * 37 % 23) as f64 - 11.0) / 90.0;
            let peak = if day == 53 { 2.3 } else { 1.0 };
            let value = 24_000.0 * (1.0 + growth * day as f64) * (weekly + ripple) * peak;
            Some((value * 100.0).round() / 100.0)
        })
        .collect()
}

fn money() -> ValueFormat {
    ValueFormat { prefix: "R$ ".to_owned(), suffix: String::new(), scale: 2 }
}

#[test]
fn lines() {
    let mut points = days("2017-10-02", &sales(91, 0.006));
    points.last_mut().unwrap().completeness = Completeness::Partial;
    points.last_mut().unwrap().value = Some(13_400.0);
    let input = LineInput {
        points,
        comparison: sales(53, 0.002).into_iter().chain(sales(38, 0.003)).collect(),
        grain: Grain::Day,
        format: money(),
    };
    check_all(
        "line",
        |_| 260.0,
        |backend, frame, theme| {
            let layout = LineChart::layout(&input, frame, &estimate_width);
            let state = Interaction { hovered: Some(38), ..Interaction::default() };
            layout.draw(backend, theme, state).unwrap();
        },
    );
}

#[test]
fn lines_with_gaps_below_zero_and_a_selection() {
    let mut values: Vec<Option<f64>> =
        (0..36).map(|idx| Some(((idx * 7 % 12) as f64 - 4.0) * 130.0)).collect();
    values[9] = None;
    values[10] = None;
    values[12] = None;
    values[20] = Some(f64::NAN);
    let input = LineInput {
        points: days("2017-12-12", &values),
        comparison: Vec::new(),
        grain: Grain::Day,
        format: ValueFormat::default(),
    };
    check_all(
        "line_odd",
        |_| 220.0,
        |backend, frame, theme| {
            let layout = LineChart::layout(&input, frame, &estimate_width);
            let state = Interaction {
                focused: Some(15),
                selected: &[14, 15, 16, 17],
                ..Interaction::default()
            };
            layout.draw(backend, theme, state).unwrap();
        },
    );
}

fn ranking() -> BarInput {
    let rows = [
        ("Health & beauty", 125_868_134_i128),
        ("Watches & gifts", 120_500_568),
        ("Bed, bath & table", 103_698_868),
        ("Sports & leisure", 98_804_897),
        ("Computers & accessories", 91_195_432),
        ("Furniture and decoration for the living room", 72_976_249),
        ("Housewares", 63_224_866),
        ("Toys", 9_512_345),
    ];
    let bars = rows.map(|(label, cents)| Bar {
        value: cents as f64,
        label: label.to_owned(),
        value_label: format!("R$ {}", grouped(cents, 2)),
    });
    BarInput { bars: bars.to_vec() }
}

#[test]
fn bars() {
    let input = ranking();
    let height_px = |width_px| BarChart::height_px(input.bars.len(), width_px);
    check_all("bar", height_px, |backend, frame, theme| {
        let layout = BarChart::layout(&input, frame, &estimate_width);
        let state = Interaction { hovered: Some(2), ..Interaction::default() };
        layout.draw(backend, theme, state).unwrap();
    });
}

#[test]
fn bars_with_a_selection() {
    let input = ranking();
    let height_px = |width_px| BarChart::height_px(input.bars.len(), width_px);
    check_all("bar_selected", height_px, |backend, frame, theme| {
        let layout = BarChart::layout(&input, frame, &estimate_width);
        let state = Interaction { hovered: Some(4), selected: &[1, 4], focused: Some(1) };
        layout.draw(backend, theme, state).unwrap();
    });
}

#[test]
fn bars_below_zero() {
    let rows =
        [("North", 4_200_i128), ("South", 1_180), ("East", 0), ("West", -950), ("Online", -2_740)];
    let input = BarInput {
        bars: rows
            .iter()
            .map(|(label, value)| Bar {
                value: *value as f64,
                label: (*label).to_owned(),
                value_label: grouped(*value, 0),
            })
            .collect(),
    };
    check_all(
        "bar_negative",
        |_| 200.0,
        |backend, frame, theme| {
            let layout = BarChart::layout(&input, frame, &estimate_width);
            layout.draw(backend, theme, Interaction::default()).unwrap();
        },
    );
}

fn status() -> DonutInput {
    let rows = [
        ("Delivered", 96_478_i128),
        ("Shipped", 1_107),
        ("Canceled", 625),
        ("Unavailable", 609),
        ("Invoiced", 314),
        ("Processing", 301),
        ("Created", 5),
        ("Approved", 2),
    ];
    DonutInput {
        slices: rows
            .iter()
            .enumerate()
            .map(|(idx, (label, count))| Slice {
                value: *count as f64,
                label: (*label).to_owned(),
                value_label: grouped(*count, 0),
                share_label: match *count as f64 / 99_441.0 * 100.0 {
                    share if share < 0.05 => "<0.1%".to_owned(),
                    share => format!("{share:.1}%"),
                },
                color: SliceColor::Palette(idx),
            })
            .collect(),
        center: CenterText { value_label: grouped(99_441, 0), caption: "orders".to_owned() },
        legend: Legend::Drawn,
    }
}

#[test]
fn donuts() {
    let input = status();
    let height_px = |width_px| DonutChart::height_px(input.slices.len(), width_px);
    check_all("donut", height_px, |backend, frame, theme| {
        let layout = DonutChart::layout(&input, frame, &estimate_width).unwrap();
        layout.draw(backend, theme, Interaction::default()).unwrap();
    });
}

#[test]
fn donuts_of_near_equals_with_a_selection() {
    let mut input = status();
    for (idx, slice) in input.slices.iter_mut().enumerate() {
        slice.value = 100.0 - 9.0 * idx as f64;
        slice.value_label = format!("{}", slice.value);
    }
    input.slices.last_mut().unwrap().color = SliceColor::Other;
    input.slices.last_mut().unwrap().label = "Other".to_owned();
    let height_px = |width_px| DonutChart::height_px(input.slices.len(), width_px);
    check_all("donut_selected", height_px, |backend, frame, theme| {
        let layout = DonutChart::layout(&input, frame, &estimate_width).unwrap();
        let state = Interaction { hovered: Some(2), selected: &[0, 2], focused: Some(4) };
        layout.draw(backend, theme, state).unwrap();
    });
}

#[test]
fn palettes() {
    let mut input = status();
    for slice in &mut input.slices {
        slice.value = 1.0;
    }
    check_all(
        "donut_palette",
        |width_px| DonutChart::height_px(8, width_px),
        |backend, frame, theme| {
            let layout = DonutChart::layout(&input, frame, &estimate_width).unwrap();
            layout.draw(backend, theme, Interaction::default()).unwrap();
        },
    );
}

#[test]
fn sparklines() {
    let input = SparklineInput { values: sales(31, 0.01), last: Completeness::Partial };
    for (theme_name, theme) in [("light", Theme::light()), ("dark", Theme::dark())] {
        for (width_name, frame) in
            [("narrow", Frame::svg(96.0, 32.0)), ("wide", Frame::svg(240.0, 56.0))]
        {
            let layout = Sparkline::layout(&input, frame);
            let document = svg(frame, |backend| layout.draw(backend, &theme).unwrap());
            check(&format!("sparkline_{width_name}_{theme_name}.svg"), &document);
        }
    }
}
