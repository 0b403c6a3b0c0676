//! The words that platforms write where they know nothing.

/// Whether a text is the word that all platforms write for nothing, in whatever case. It is no id, no word of a closed
/// set and no time: all that had it for an id would be one thing.
pub fn is_unknown(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("UNKNOWN")
}

/// The same, or one of a platform's own placeholders, in whatever case.
pub fn means_nothing(text: &str, placeholders: &[&str]) -> bool {
    is_unknown(text) || placeholders.iter().any(|word| word.eq_ignore_ascii_case(text.trim()))
}
