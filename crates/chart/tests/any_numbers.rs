//! Whatever the numbers and the frame are, a chart is drawn or refused by name; nothing panics.

use chart::{
    Bar, BarChart, BarInput, CenterText, Completeness, DonutChart, DonutInput, Frame, Interaction,
    Legend, LineChart, LineInput, LinePoint, Slice, SliceColor, Sparkline, SparklineInput, Theme,
    ValueFormat, estimate_width,
};
use plotters::prelude::SVGBackend;
use proptest::prelude::*;
use query::{Date, Grain};

fn arb_values() -> impl Strategy<Value = Vec<Option<f64>>> {
    let wild = prop::option::weighted(0.9, prop::num::f64::ANY);
    let tame = prop::option::weighted(0.9, -1e6..1e6_f64);
    prop_oneof![prop::collection::vec(wild, 0..30), prop::collection::vec(tame, 0..30)]
}

fn arb_frame() -> impl Strategy<Value = Frame> {
    let side = || prop_oneof![0.0..60.0_f64, 0.0..1_200.0_f64];
    (side(), side()).prop_map(|(width_px, height_px)| Frame::svg(width_px, height_px))
}

proptest! {
    #[test]
    fn all_charts_are_drawn(
        values in arb_values(),
        frame in arb_frame(),
        first_day in any::<i32>(),
        hovered in prop::option::of(0_usize..40),
        selected in prop::collection::vec(0_usize..40, 0..3),
    ) {
        let theme = Theme::dark();
        let state = Interaction { hovered, selected: &selected, focused: hovered };
        let mut document = String::new();
        let mut backend = SVGBackend::with_string(&mut document, frame.backend_size());

        let completeness = |idx: usize| {
            if idx.is_multiple_of(5) { Completeness::Partial } else { Completeness::Complete }
        };
        let points = values.iter().enumerate().map(|(idx, value)| LinePoint {
            date: Date::from_days(first_day).plus_days(idx as i32),
            value: *value,
            completeness: completeness(idx),
        });
        let line = LineInput {
            points: points.collect(),
            comparison: values.iter().rev().copied().collect(),
            grain: Grain::Week,
            format: ValueFormat::default(),
        };
        let layout = LineChart::layout(&line, frame, &estimate_width);
        layout.draw(&mut backend, &theme, state).unwrap();

        let bars = values.iter().map(|value| Bar {
            value: value.unwrap_or(f64::NAN),
            label: "label".to_owned(),
            value_label: "1".to_owned(),
        });
        let layout = BarChart::layout(&BarInput { bars: bars.collect() }, frame, &estimate_width);
        layout.draw(&mut backend, &theme, state).unwrap();

        let slices = values.iter().enumerate().map(|(idx, value)| Slice {
            value: value.unwrap_or(0.0).abs(),
            label: "label".to_owned(),
            value_label: "1".to_owned(),
            share_label: String::new(),
            color: SliceColor::Palette(idx),
        });
        let donut = DonutInput {
            slices: slices.collect(),
            center: CenterText::default(),
            legend: Legend::Drawn,
        };
        match DonutChart::layout(&donut, frame, &estimate_width) {
            Ok(layout) => layout.draw(&mut backend, &theme, state).unwrap(),
            Err(_) => prop_assert!(donut.slices.iter().any(|slice| !slice.value.is_finite())),
        }

        let sparkline = SparklineInput { values, last: Completeness::Partial };
        Sparkline::layout(&sparkline, frame).draw(&mut backend, &theme).unwrap();

        drop(backend);
        prop_assert!(!document.contains("NaN") && !document.contains("inf"));
    }
}
