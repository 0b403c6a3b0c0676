//! Names and conditions that a mapping puts into questions: checked, because nothing in them is escaped there.

use trunkline_systems::QueryLanguage;

use crate::section::{Problem, Read, Value};
use crate::values::{string, text};

/// Relations that a path may follow, as SOQL allows from child to parent.
const MOST_RELATIONS: usize = 5;
/// Longest name of an object or a field; those of the vendors have at most 80 characters.
const LONGEST_NAME: usize = 128;

/// An object: what records are records of.
pub(crate) fn object(language: QueryLanguage) -> impl Fn(&Value<'_>) -> Read<String> {
    move |value| {
        let written = text(value)?;
        let (fits, form) = match language {
            QueryLanguage::Soql => (is_name(&written), "the API name of an object such as 'Account'"),
            QueryLanguage::Encoded => (is_name(&written), "the name of a table such as 'incident'"),
            QueryLanguage::OData => (
                is_entity_set(&written),
                "'SERVICE/ENTITY_SET' such as 'API_BUSINESS_PARTNER/A_BusinessPartner', \
                 or a path that begins with '/'",
            ),
        };
        if fits { Ok(written) } else { Err(Problem::new(format!("is '{written}', must be {form}"))) }
    }
}

/// A field of an object, by its API name.
pub(crate) fn field(language: QueryLanguage) -> impl Fn(&Value<'_>) -> Read<String> {
    move |value| {
        let written = text(value)?;
        let (fits, form) = match language {
            QueryLanguage::OData => (is_name(&written), "the name of a property"),
            QueryLanguage::Soql => {
                (is_path(&written), "the API name of a field, after dots one of a related record")
            }
            QueryLanguage::Encoded => {
                (is_path(&written), "the name of a field, after dots one of a referenced record")
            }
        };
        if fits { Ok(written) } else { Err(Problem::new(format!("is '{written}', must be {form}"))) }
    }
}

/// A field by which a record is searched: in OData also one of another entity set that names the record.
pub(crate) fn search_field(language: QueryLanguage) -> impl Fn(&Value<'_>) -> Read<String> {
    move |value| {
        let written = string(value)?;
        match written.split_once('/') {
            Some((set, property)) if language == QueryLanguage::OData => {
                match is_name(set) && is_name(property) {
                    true => Ok(written.to_owned()),
                    false => Err(Problem::new(format!(
                        "is '{written}', must be a property, or 'ENTITY_SET/PROPERTY'"
                    ))),
                }
            }
            _ => field(language)(value),
        }
    }
}

/// A condition in the system's own language: one expression, which stands between parentheses or carets in the
/// question and cannot leave its place.
pub(crate) fn filter(language: QueryLanguage) -> impl Fn(&Value<'_>) -> Read<String> {
    move |value| {
        let written = text(value)?;
        let wrong = match language {
            QueryLanguage::Soql => wrong_in_parentheses(&written, Escape::Backslash),
            QueryLanguage::OData => wrong_in_parentheses(&written, Escape::Doubling),
            QueryLanguage::Encoded => wrong_between_carets(&written),
        };
        match wrong {
            None => Ok(written),
            Some(wrong) => Err(Problem::new(format!("must be one condition, but {wrong}"))),
        }
    }
}

/// How a language writes a quote within a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    Backslash,
    Doubling,
}

/// Letters, digits and underscores, beginning with a letter.
fn is_name(written: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    written.len() <= LONGEST_NAME
        && written.starts_with(|first: char| first.is_ascii_alphabetic())
        && written.bytes().all(allowed)
}

fn is_path(written: &str) -> bool {
    written.split('.').all(is_name) && written.matches('.').count() <= MOST_RELATIONS
}

fn is_entity_set(written: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.;=".contains(&byte);
    let segment = |segment: &str| !segment.is_empty() && segment != ".." && segment.bytes().all(allowed);
    let segments: Vec<&str> = written.strip_prefix('/').unwrap_or(written).split('/').collect();
    segments.len() >= 2
        && segments.iter().all(|part| segment(part))
        && segments.last().is_some_and(|set| is_name(set))
}

/// What keeps a condition from being safe between parentheses.
fn wrong_in_parentheses(written: &str, escape: Escape) -> Option<&'static str> {
    if written.chars().any(char::is_control) {
        return Some("holds control characters");
    }
    let (mut depth, mut in_text) = (0_usize, false);
    let mut characters = written.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' if in_text && escape == Escape::Backslash => {
                characters.next();
            }
            // A doubled quote ends the text and begins it again.
            '\'' => in_text = !in_text,
            _ if in_text => {}
            '(' => depth += 1,
            ')' if depth == 0 => return Some("closes a parenthesis that it did not open"),
            ')' => depth -= 1,
            _ => {}
        }
    }
    match (in_text, depth) {
        (true, _) => Some("a text in it has no end"),
        (false, 0) => None,
        (false, _) => Some("a parenthesis in it has no end"),
    }
}

/// What keeps conditions from being safe before a further one.
fn wrong_between_carets(written: &str) -> Option<&'static str> {
    if written.chars().any(char::is_control) {
        return Some("holds control characters");
    }
    for (index, term) in written.split('^').enumerate() {
        match term {
            "" => return Some("has a caret with no condition behind or before it"),
            "EQ" => return Some("'EQ' ends the query, and with it what is asked for"),
            _ if term.starts_with("NQ") => {
                return Some("'^NQ' begins another query, which finds records of others");
            }
            _ if term.starts_with("ORDERBY") || term.starts_with("GROUPBY") => {
                return Some("an order or a group is no condition");
            }
            _ if index == 0 && term.starts_with("OR") => return Some("it begins with 'OR'"),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_paths_and_entity_sets() {
        for (written, name, path, set) in [
            ("Account", true, true, false),
            ("Account.Owner.Name", false, true, false),
            ("My_Tier__c", true, true, false),
            ("API_X/A_Y", false, false, true),
            ("/sap/opu/odata4/sap/api_x/srvd_a2x/sap/x/0001/Y", false, false, true),
            ("API_X;v=0002/A_Y", false, false, true),
            ("../A_Y", false, false, false),
            ("API_X/A_Y?$top=1", false, false, false),
            ("Name FROM Account", false, false, false),
            ("1st", false, false, false),
            ("a.b.c.d.e.f.g", false, false, false),
            ("a..b", false, false, false),
            ("", false, false, false),
        ] {
            assert_eq!(
                (is_name(written), is_path(written), is_entity_set(written)),
                (name, path, set),
                "{written}"
            );
        }
    }

    #[test]
    fn a_condition_stays_in_its_parentheses() {
        for (written, soql, odata) in [
            ("Active__c = true AND (Type = 'Customer' OR Type = 'x')", true, true),
            (r"Name != 'O\'Hara)'", true, false),
            ("Name ne 'O''Hara)'", true, true),
            ("a = 1) OR (b = 2", false, false),
            ("(a = 1", false, false),
            ("a = 'x", false, false),
            ("a = 1\nLIMIT 1", false, false),
        ] {
            let is_right = |escape| wrong_in_parentheses(written, escape).is_none();
            assert_eq!((is_right(Escape::Backslash), is_right(Escape::Doubling)), (soql, odata), "{written}");
        }
    }

    #[test]
    fn conditions_stay_between_their_carets() {
        for (written, right) in [
            ("active=true", true),
            ("active=true^state!=6^ORstate=8", true),
            ("active=true^NQactive=false", false),
            ("active=true^EQ", false),
            ("active=true^", false),
            ("^active=true", false),
            ("ORactive=true", false),
            ("active=true^ORDERBYnumber", false),
            ("active=true^GROUPBYstate", false),
        ] {
            assert_eq!(wrong_between_carets(written).is_none(), right, "{written}");
        }
    }
}
