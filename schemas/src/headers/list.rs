//! The headers of one record.

use std::fmt;

/// The headers of a record, in order; a name may occur more than once. They lie in two pieces of memory however many
/// there are: a record on its way through the processor has eight or nine.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers {
    names: String,
    values: Vec<u8>,
    /// Where each name and each value ends.
    ends: Vec<(usize, usize)>,
}

// === impl Headers ===

impl Headers {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// None yet, with room for so many of usual size.
    pub fn with_capacity(count: usize) -> Self {
        Self {
            names: String::with_capacity(count * 16),
            values: Vec::with_capacity(count * 48),
            ends: Vec::with_capacity(count),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all names and values.
    pub fn bytes(&self) -> usize {
        self.names.len() + self.values.len()
    }

    /// Adds one behind the others.
    pub fn push(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.names.push_str(name);
        self.values.extend_from_slice(value.as_ref());
        self.ends.push((self.names.len(), self.values.len()));
    }

    /// Makes this the only header of its name. One that is so already stays where it is, else it goes behind
    /// the others.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) {
        let value = value.as_ref();
        if self.bytes_of(name).eq([(name.as_bytes(), value)]) {
            return;
        }
        let of_name = |(candidate, _): &(&str, &[u8])| candidate.eq_ignore_ascii_case(name);
        let mut others = Self::with_capacity(self.len() + 1);
        others.extend(self.iter().filter(|header| !of_name(header)));
        others.push(name, value);
        *self = others;
    }

    /// The first of this name, where it is UTF-8 text; names are compared without regard to case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.bytes_of(name).next()?;
        std::str::from_utf8(value).ok()
    }

    /// Whether these are its first ones.
    pub fn starts_with(&self, first: &Self) -> bool {
        self.len() >= first.len() && self.iter().zip(first.iter()).all(|(one, other)| one == other)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut from = (0, 0);
        self.ends.iter().map(move |to| {
            let (name, value) = (&self.names[from.0..to.0], &self.values[from.1..to.1]);
            from = *to;
            (name, value)
        })
    }

    /// Those of a name, compared without regard to case, as bytes: a record is asked for one of eight a few times.
    fn bytes_of(&self, name: &str) -> impl Iterator<Item = (&[u8], &[u8])> {
        let names = self.names.as_bytes();
        let mut from = (0, 0);
        self.ends.iter().filter_map(move |to| {
            let (candidate, start) = (&names[from.0..to.0], from.1);
            from = *to;
            candidate.eq_ignore_ascii_case(name.as_bytes()).then(|| (candidate, &self.values[start..to.1]))
        })
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        let mut collected = Self::new();
        collected.extend(headers);
        collected
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Extend<(N, V)> for Headers {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, headers: I) {
        for (name, value) in headers {
            self.push(name.as_ref(), value);
        }
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.iter().map(|(name, value)| (name, String::from_utf8_lossy(value)));
        formatter.debug_list().entries(texts).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        pairs.iter().copied().collect()
    }

    #[test]
    fn they_keep_their_order_and_may_repeat() {
        let headers = headers(&[("a", "1"), ("", ""), ("a", "2"), ("b", "")]);
        let pairs: Vec<(&str, &[u8])> = headers.iter().collect();
        assert_eq!(pairs, [("a", &b"1"[..]), ("", b""), ("a", b"2"), ("b", b"")]);
        assert_eq!((headers.get("A"), headers.get("b"), headers.get("c")), (Some("1"), Some(""), None));
        assert_eq!((headers.len(), headers.bytes()), (4, 5));
        let first = |count| headers.iter().take(count).collect::<Headers>();
        assert!((0..=4).all(|count| headers.starts_with(&first(count))));
        assert!(!first(3).starts_with(&headers) && !headers.starts_with(&headers.iter().skip(1).collect()));
    }

    #[test]
    fn what_is_set_is_the_only_one_of_its_name() {
        for (before, after) in [
            (&[("t", "new"), ("x", "1")][..], &[("t", "new"), ("x", "1")][..]),
            (&[("T", "old"), ("x", "1"), ("t", "new")], &[("x", "1"), ("t", "new")]),
            (&[("x", "1")], &[("x", "1"), ("t", "new")]),
        ] {
            let mut headers = headers(before);
            headers.set("t", "new");
            assert_eq!(headers, after.iter().copied().collect());
        }
    }
}
