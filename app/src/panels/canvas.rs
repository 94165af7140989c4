//! A chart on a canvas that follows its size, the screen's density, the theme and the pointer.

use super::plot::{Input, Layout};
use crate::browser::{self, Ruler};
use crate::state::use_desk;
use chart::{Frame, Interaction, Theme};
use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use plotters_canvas::CanvasBackend;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{HtmlCanvasElement, PointerEvent, ResizeObserver};

/// A layout and how many CSS pixels one of its pixels is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) layout: Arc<Layout>,
    pub(super) zoom: f64,
}

/// What happens to the marks of a chart; shared by its canvas, its buttons and its tooltip.
#[derive(Clone, Copy)]
pub(super) struct Marked {
    /// Under the pointer.
    pub(super) hovered: RwSignal<Option<usize>>,
    /// Reached with the keyboard.
    pub(super) focused: RwSignal<Option<usize>>,
    /// Chosen as a filter.
    pub(super) selected: Signal<Vec<usize>>,
    /// Where the marks stand; written by the canvas.
    pub(super) placed: RwSignal<Option<Placed>>,
}

impl Marked {
    pub(super) fn new(selected: Signal<Vec<usize>>) -> Marked {
        Marked {
            hovered: RwSignal::new(None),
            focused: RwSignal::new(None),
            selected,
            placed: RwSignal::new(None),
        }
    }

    /// Marks that are only looked at.
    pub(super) fn unselected() -> Marked {
        Marked::new(Signal::derive(Vec::new))
    }

    /// The mark that is pointed at, or else reached with the keyboard; tracked.
    pub(super) fn active(&self) -> Option<usize> {
        self.hovered.get().or_else(|| self.focused.get())
    }
}

/// Width and height in CSS pixels, device pixels per CSS pixel, and how much larger than usual the
/// page's text is.
type Size = (f64, f64, f64, f64);

/// Draws `input`; `children` lie over the canvas.
#[component]
pub(super) fn Chart(
    #[prop(into)] input: Signal<Option<Input>>,
    marked: Marked,
    on_pick: Callback<usize>,
    on_painted: Callback<()>,
    children: Children,
) -> impl IntoView {
    let desk = use_desk();
    let wrapper: NodeRef<Div> = NodeRef::new();
    let canvas: NodeRef<Canvas> = NodeRef::new();
    let size = follow_size(wrapper);
    let ruler = StoredValue::new_local(Ruler::new());

    let height_px = move || {
        let (width_px, _, _, zoom) = size.get()?;
        input.with(|input| Some(input.as_ref()?.height_px(width_px / zoom)? * zoom))
    };
    Effect::new(move |_| {
        desk.n_fonts.track();
        let Some((width_px, height_px, ratio, zoom)) = size.get() else { return };
        let frame = Frame::canvas(width_px / zoom, height_px / zoom, ratio * zoom);
        // A donut of values below zero has no layout: its panel says so instead.
        let layout =
            input.with(|input| ruler.with_value(|ruler| input.as_ref()?.layout(frame, ruler).ok()));
        let placed = layout.map(|layout| Placed { layout: Arc::new(layout), zoom });
        if marked.placed.with_untracked(|old| *old != placed) {
            marked.placed.set(placed);
        }
    });
    Effect::new(move |_| {
        let theme = Theme {
            font: browser::FONT.to_owned(),
            ..if desk.is_dark() { Theme::dark() } else { Theme::light() }
        };
        let selected = marked.selected.get();
        let state = Interaction {
            hovered: marked.hovered.get(),
            selected: &selected,
            focused: marked.focused.get(),
        };
        let Some(canvas) = canvas.get() else { return };
        let is_painted = marked.placed.with(|placed| {
            placed.as_ref().is_some_and(|placed| paint(&canvas, &placed.layout, &theme, state))
        });
        if is_painted {
            on_painted.run(());
        }
    });

    let hit = move |event: &PointerEvent| {
        let bounds = canvas.get_untracked()?.get_bounding_client_rect();
        let (x, y) = (
            f64::from(event.client_x()) - bounds.left(),
            f64::from(event.client_y()) - bounds.top(),
        );
        marked.placed.with_untracked(|placed| {
            let placed = placed.as_ref()?;
            placed.layout.hit(x / placed.zoom, y / placed.zoom)
        })
    };
    let hover = move |event: PointerEvent| {
        let idx = hit(&event);
        if marked.hovered.get_untracked() != idx {
            marked.hovered.set(idx);
        }
    };
    let pick = move |event: PointerEvent| {
        if let Some(idx) = hit(&event) {
            on_pick.run(idx);
        }
    };
    view! {
        <div
            class="chart"
            node_ref=wrapper
            style:height=move || height_px().map(|px| format!("{px}px"))
            on:pointermove=hover
            on:pointerdown=hover
            on:pointerleave=move |_| marked.hovered.set(None)
        >
            <canvas
                node_ref=canvas
                aria-hidden="true"
                class:pickable=move || marked.hovered.get().is_some()
                on:click=move |event| {
                    if let Some(event) = event.dyn_ref::<PointerEvent>() {
                        pick(event.clone());
                    }
                }
            ></canvas>
            {children()}
        </div>
    }
}

/// Whether the chart was drawn; it is not on a canvas without area.
fn paint(
    canvas: &HtmlCanvasElement,
    layout: &Layout,
    theme: &Theme,
    state: Interaction<'_>,
) -> bool {
    let frame = layout.frame();
    let (width, height) = frame.device_size();
    if width == 0 || height == 0 {
        return false;
    }
    if (canvas.width(), canvas.height()) != (width, height) {
        canvas.set_width(width);
        canvas.set_height(height);
    }
    let Some(context) = browser::context_of(canvas) else { return false };
    let scale = frame.context_scale();
    let is_scaled = context.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0).is_ok();
    let Some(mut backend) = CanvasBackend::with_canvas_object(canvas.clone()) else { return false };
    is_scaled && layout.draw(&mut backend, theme, state).is_ok()
}

/// An observer and what it calls.
type Observer = (ResizeObserver, Closure<dyn FnMut()>);

/// The size of an element's content, from when it is in the document.
fn follow_size(element: NodeRef<Div>) -> RwSignal<Option<Size>> {
    let size = RwSignal::new(None);
    let observer: StoredValue<Option<Observer>, LocalStorage> = StoredValue::new_local(None);
    Effect::new(move |_| {
        let Some(element) = element.get() else { return };
        let watched = element.clone();
        let measure = move || {
            let bounds = watched.get_bounding_client_rect();
            let (ratio, zoom) = (browser::pixel_ratio(), browser::zoom());
            let now = (bounds.width(), bounds.height(), ratio, zoom);
            if now.0 > 0.0 && size.get_untracked() != Some(now) {
                size.set(Some(now));
            }
        };
        measure();
        let changed = Closure::<dyn FnMut()>::new(measure);
        if let Ok(made) = ResizeObserver::new(changed.as_ref().unchecked_ref()) {
            made.observe(&element);
            observer.set_value(Some((made, changed)));
        }
    });
    on_cleanup(move || {
        observer.update_value(|observer| {
            if let Some((observer, _)) = observer.take() {
                observer.disconnect();
            }
        });
    });
    size
}
