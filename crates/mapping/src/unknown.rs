//! The word that platforms write where they know nothing.

/// Whether a text is the word that all platforms write for nothing, in whatever case. It is no id, no word of a closed
/// set and no time: all that had it for an id would be one thing.
pub fn is_unknown(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("UNKNOWN")
}
