//! Small plots in a page: bars of SVG, with their numbers in words for who does not see them.

use super::Html;

/// Width of a bar and of the room that it stands in, and the height of a plot: units of its own.
const BAR: usize = 8;
const STEP: usize = 10;
const HEIGHT: usize = 24;

/// One bar.
pub(super) struct Bar {
    /// Its height as a share of the whole height, from 0 to 1.
    pub(super) share: f64,
    /// A class of the style sheet that gives it its colour.
    pub(super) class: &'static str,
}

/// A plot of bars from left to right. `words` say what they show.
pub(super) fn write_bars(html: &mut Html, words: &str, bars: &[Bar]) {
    let view = format!("0 0 {} {HEIGHT}", STEP * bars.len());
    html.wrap("svg", &[("class", "plot"), ("viewBox", &view), ("role", "img"), ("aria-label", words)], |html| {
        for (place, Bar { share, class }) in bars.iter().enumerate() {
            // Where nothing was, a line shows that there could have been something.
            let height = ((share.clamp(0.0, 1.0) * HEIGHT as f64).ceil() as usize).max(1);
            let [x, y, width, height] = [STEP * place, HEIGHT - height, BAR, height].map(|number| number.to_string());
            html.element("rect", &[("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height)], "");
        }
    });
}
