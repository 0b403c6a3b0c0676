//! How a payload fits a schema: values of a type that the schema does not take are read as absent, and the rest as it
//! is.
//!
//! A platform that writes a text where its model says number has told a fact all the same. So such a value is drift,
//! and only what an event cannot be without (an object at all, what says its type, its body) refuses the payload:
//! the schema requires nothing else.

use serde_json::Value;

use crate::difference::Difference;
use crate::payload::Element;
use crate::reader::Reader;
use crate::removal::remove;
use crate::schema::Violation;

/// Most times that a payload is looked at again without what did not fit: each takes off at least a level of it, or a
/// value of a large one.
const ROUNDS: usize = 16;

/// Payloads of more bytes are large: what does not fit is left out one by one, and not all of it found first.
const LARGE: usize = 64 * 1_024;

/// A payload that fits a shape of a schema.
pub struct Fitting<'a> {
    /// The shape.
    pub shape: &'static str,
    /// The payload without its values of a wrong type; `None` where it has none.
    pub without: Option<Element<'a>>,
    /// What these values are, each kind once.
    pub wrong: Vec<Difference>,
}

/// Why a payload fits no shape of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// Nothing in it says what it is.
    Unnamed,
    /// It lacks what an event cannot be without, or has something else there.
    Refused(Difference),
}

/// Fits an element to what a reader takes.
///
/// # Errors
/// [`Misfit`] says why it cannot be an event.
pub fn fit<'a>(reader: &Reader<'_>, element: &Element<'a>) -> Result<Fitting<'a>, Misfit> {
    let mut left: Option<(Element<'a>, Value)> = None;
    let mut wrong: Vec<Difference> = Vec::new();
    for _ in 0..ROUNDS {
        let (current, typed) = match &left {
            Some((element, typed)) => (element, typed),
            None => (element, element.typed()),
        };
        let Some(shape) = reader.shape(current) else {
            return Err(wrong.into_iter().next().map_or(Misfit::Unnamed, Misfit::Refused));
        };
        let violations = reader.violations(shape, typed, element.text.len() > LARGE);
        let Some(first) = violations.first() else {
            return Ok(Fitting { shape, without: left.map(|(element, _)| element), wrong });
        };
        let missing = first.difference.clone();
        let (mut without, mut typed) = left.unwrap_or_else(|| (element.copied(), element.typed().clone()));
        if !leave_out(&violations, &mut without, &mut typed, &mut wrong) {
            return Err(Misfit::Refused(reason(missing, wrong)));
        }
        left = Some((without, typed));
    }
    Err(wrong.into_iter().next().map_or(Misfit::Unnamed, Misfit::Refused))
}

/// Leaves the values out that are of a wrong type; false where there are none.
fn leave_out(
    violations: &[Violation],
    element: &mut Element<'_>,
    typed: &mut Value,
    wrong: &mut Vec<Difference>,
) -> bool {
    let mut any = false;
    for violation in violations {
        let Some(pointer) = &violation.value else { continue };
        if !remove(typed, pointer) {
            continue;
        }
        any = true;
        element.leave_out(pointer);
        if !wrong.contains(&violation.difference) {
            wrong.push(violation.difference.clone());
        }
    }
    any
}

/// What is missing may be what was left out before, and then it is rather of a wrong type.
fn reason(missing: Difference, wrong: Vec<Difference>) -> Difference {
    wrong.into_iter().find(|wrong| wrong.pointer == missing.pointer).unwrap_or(missing)
}
