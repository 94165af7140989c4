//! What the page reads from the browser: its URL, theme, clock format, fonts and screen. Nothing
//! here waits; see `shell` for what does.

use coordinator::Place;
use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlMetaElement, Window};

/// The font of charts; the same family as in the style sheets.
pub(crate) const FONT: &str = "Inter, system-ui, sans-serif";

const THEME_KEY: &str = "lakefront-theme";

pub(crate) fn window() -> Option<Window> {
    web_sys::window()
}

/// The query of the page's URL, with its `?`.
pub(crate) fn url_query() -> String {
    window().and_then(|window| window.location().search().ok()).unwrap_or_default()
}

/// The path of the page's URL.
pub(crate) fn url_path() -> String {
    window().and_then(|window| window.location().pathname().ok()).unwrap_or_default()
}

/// Makes `place` and `query` the page's URL, as a new step of the history. A path that names that
/// place already stays as it is.
pub(crate) fn push_url(place: Place, query: &str) {
    let Some(window) = window() else { return };
    let path = match url_path() {
        path if Place::of_path(&path) == place => path,
        _ => place.path().to_owned(),
    };
    let url = if query.is_empty() { path } else { format!("{path}?{query}") };
    if let Ok(history) = window.history() {
        // A browser refuses when a page writes its URL too often; the page goes on without.
        let _refused = history.push_state_with_url(&JsValue::NULL, "", Some(&url));
    }
}

/// Puts `text` on the clipboard, if the browser lets it.
pub(crate) fn copy(text: &str) {
    if let Some(window) = window() {
        let _refused = window.navigator().clipboard().write_text(text);
    }
}

/// Whether the browser has a network; true where it does not say.
pub(crate) fn has_network() -> bool {
    let says = window().and_then(|window| {
        let navigator = Reflect::get(&window, &"navigator".into()).ok()?;
        Reflect::get(&navigator, &"onLine".into()).ok()?.as_bool()
    });
    says.unwrap_or(true)
}

/// The scheme, host and port of the page.
pub(crate) fn origin() -> String {
    window().and_then(|window| window.location().origin().ok()).unwrap_or_default()
}

/// The content of the `meta` element of that name.
pub(crate) fn meta(name: &str) -> Option<String> {
    let element = window()?.document()?.query_selector(&format!("meta[name={name}]")).ok()??;
    Some(element.dyn_into::<HtmlMetaElement>().ok()?.content())
}

/// What the browser calls the page.
pub(crate) fn set_title(title: &str) {
    if let Some(document) = window().and_then(|window| window.document()) {
        document.set_title(title);
    }
}

/// The theme that the viewer has chosen on this device, if any.
pub(crate) fn stored_theme() -> Option<String> {
    window()?.local_storage().ok()??.get_item(THEME_KEY).ok()?
}

/// Remembers the theme and applies it; `None` follows the system.
pub(crate) fn apply_theme(theme: Option<&str>) {
    let Some(window) = window() else { return };
    if let Some(root) = window.document().and_then(|document| document.document_element()) {
        let _ignored = match theme {
            Some(theme) => root.set_attribute("data-theme", theme),
            None => root.remove_attribute("data-theme"),
        };
    }
    // Storage may be forbidden; the theme then lasts as long as the page.
    if let Ok(Some(storage)) = window.local_storage() {
        let _ignored = match theme {
            Some(theme) => storage.set_item(THEME_KEY, theme),
            None => storage.remove_item(THEME_KEY),
        };
    }
}

/// The media query for a system in dark mode.
pub(crate) fn dark_query() -> Option<web_sys::MediaQueryList> {
    window()?.match_media("(prefers-color-scheme: dark)").ok()?
}

/// Device pixels per CSS pixel.
pub(crate) fn pixel_ratio() -> f64 {
    window().map_or(1.0, |window| window.device_pixel_ratio())
}

/// How much larger than 16 px the root's text is: charts grow with it.
pub(crate) fn zoom() -> f64 {
    let root_px = || {
        let window = window()?;
        let root = window.document()?.document_element()?;
        let style = window.get_computed_style(&root).ok()??;
        style.get_property_value("font-size").ok()?.trim_end_matches("px").parse::<f64>().ok()
    };
    root_px().map_or(1.0, |px| px / 16.0)
}

/// A mark on the browser's timeline, for measurements.
pub(crate) fn mark_time(name: &str) {
    if let Some(performance) = window().and_then(|window| window.performance()) {
        let _ignored = performance.mark(name);
    }
}

/// A moment in the viewer's zone: `17 Oct 2018, 14:30`.
pub(crate) fn moment(at_us: i64) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(at_us as f64 / 1_000.0));
    let options = Object::new();
    for (key, value) in [("dateStyle", "medium"), ("timeStyle", "short")] {
        let _ignored = Reflect::set(&options, &key.into(), &value.into());
    }
    date.to_locale_string("en-GB", &options).into()
}

/// The same moment in UTC: `2018-10-17T17:30:18.000Z`.
pub(crate) fn moment_utc(at_us: i64) -> String {
    js_sys::Date::new(&JsValue::from_f64(at_us as f64 / 1_000.0)).to_iso_string().into()
}

/// Measures texts in the font of charts.
pub(crate) struct Ruler {
    context: Option<CanvasRenderingContext2d>,
}

impl Ruler {
    pub(crate) fn new() -> Ruler {
        Ruler { context: new_context() }
    }

    /// The width in CSS pixels of `text` at that size.
    pub(crate) fn width_px(&self, text: &str, font_px: f64) -> f64 {
        let measured = self.context.as_ref().and_then(|context| {
            context.set_font(&format!("{font_px}px {FONT}"));
            context.measure_text(text).ok()
        });
        measured.map_or_else(|| chart::estimate_width(text, font_px), |metrics| metrics.width())
    }
}

fn new_context() -> Option<CanvasRenderingContext2d> {
    let canvas = window()?.document()?.create_element("canvas").ok()?;
    context_of(&canvas.dyn_into().ok()?)
}

/// The drawing context of a canvas.
pub(crate) fn context_of(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}
