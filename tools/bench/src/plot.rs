//! Plots as SVG text: pure functions of what they show.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const LABELS: f64 = 190.0;
const VALUES: f64 = 110.0;
const ROW: f64 = 34.0;
const BAR: f64 = 22.0;
const TOP: f64 = 46.0;
/// The first bar is ours; the others are what it is compared with.
const COLOURS: [&str; 2] = ["#0b6e99", "#a9b4bd"];

/// Horizontal bars from zero, each with its label and its value, the first one in another colour.
pub fn bars(title: &str, unit: &str, rows: &[(String, f64)]) -> String {
    let height = TOP + ROW * rows.len() as f64 + 10.0;
    let most = rows.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"12\" y=\"26\" font-size=\"16\" font-weight=\"bold\">{}</text>\n",
        escaped(title)
    );
    for (index, (label, value)) in rows.iter().enumerate() {
        let top = TOP + ROW * index as f64;
        let length = if most > 0.0 { (WIDTH - LABELS - VALUES) * value / most } else { 0.0 };
        let colour = COLOURS[usize::from(index > 0)];
        // Writing to a String cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n\
             <rect x=\"{LABELS}\" y=\"{top}\" width=\"{length:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>\n\
             <text x=\"{:.1}\" y=\"{}\">{} {}</text>",
            LABELS - 8.0,
            top + 16.0,
            escaped(label),
            LABELS + length + 6.0,
            top + 16.0,
            readable(*value),
            escaped(unit)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// A number with as many digits as a reader wants: 14,429; 183; 24.3; 0.82.
pub fn readable(value: f64) -> String {
    if value.abs() < 10.0 {
        return format!("{value:.2}");
    }
    if value.abs() < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_values_say() {
        let svg = bars("a < b", "MiB", &[("ours".to_owned(), 50.0), ("theirs & co".to_owned(), 200.0)]);
        assert!(svg.contains("width=\"105.0\"") && svg.contains("width=\"420.0\""), "{svg}");
        assert!(svg.contains("a &lt; b") && svg.contains("theirs &amp; co") && svg.contains("200 MiB"));
        assert!(bars("nothing", "s", &[("none".to_owned(), 0.0)]).contains("width=\"0.0\""));
    }

    #[test]
    fn numbers_are_readable() {
        for (value, text) in [
            (0.8249, "0.82"),
            (24.26, "24.3"),
            (183.3, "183"),
            (1_234_567.0, "1,234,567"),
            (-1_000.0, "-1,000"),
        ] {
            assert_eq!(readable(value), text);
        }
    }
}
