//! Lines that are no TOML: found, and taken out so that the rest can be read.

use std::borrow::Cow;

use toml::de::{DeTable, Error};

/// More lines than this are rarely broken one by one; then an opening quote or bracket lacks its end.
const BROKEN_LINES_MAX: usize = 8;

/// The text with every broken line blanked out, and what was wrong with each.
///
/// The parser ends at some errors, so that mistakes after them would go unseen. Blanking out a line keeps all
/// places as they are. Where that does not help, one error stands for all, and nothing can be read.
pub(crate) fn readable(text: &str) -> (Cow<'_, str>, Vec<Error>) {
    let mut blanked = Cow::Borrowed(text);
    let mut errors = Vec::new();
    while let Some(error) = first_error(&blanked) {
        let without = error.span().and_then(|span| without_line(&blanked, span.start));
        errors.push(error);
        match without {
            Some(without) if errors.len() <= BROKEN_LINES_MAX => blanked = Cow::Owned(without),
            _ => {
                errors.truncate(1);
                return (Cow::Borrowed(""), errors);
            }
        }
    }
    (blanked, errors)
}

fn first_error(text: &str) -> Option<Error> {
    let (_, errors) = DeTable::parse_recoverable(text);
    errors.into_iter().min_by_key(|error| error.span().map_or(0, |span| span.start))
}

/// The text with the line around a byte made of spaces, and all lines below it if it is the header of a
/// table: nobody knows whose they are. `None` when the line is fine by itself.
fn without_line(text: &str, byte: usize) -> Option<String> {
    let start = text.get(..byte)?.rfind('\n').map_or(0, |newline| newline + 1);
    let is_header = text[start..].trim_start().starts_with('[');
    let end_mark = if is_header { "\n[" } else { "\n" };
    let end = text[start..].find(end_mark).map_or(text.len(), |length| start + length);
    let broken = &text[start..end];
    let blank: String = broken.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    // A line that is fine by itself is not to blame: something above it lacks its end.
    let to_blame = broken.lines().next().is_some_and(|line| DeTable::parse(line).is_err());
    to_blame.then(|| format!("{}{blank}{}", &text[..start], &text[end..]))
}
