//! What kind of build a demo was measured on.

/// In a word, for the report as JSON.
pub const KIND: &str = if cfg!(debug_assertions) { "debug" } else { "release" };

/// In words, for people. What is said of the development build is what `profile.dev` of the root `Cargo.toml` sets.
pub fn in_words() -> &'static str {
    if cfg!(debug_assertions) {
        "Measured on a development build: debug assertions are on, and only what every record passes in the processor is \
         optimised as in production. docs/performance.md has the figures of a release build."
    } else {
        "Measured on a release build, optimised as in production."
    }
}
