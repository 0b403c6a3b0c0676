//! Percent-encoding, as paths, query strings and forms use it.

/// Decodes `%xx`; bytes that are no UTF-8 become U+FFFD, a broken escape stays as it is.
pub(crate) fn decode(text: &str) -> String {
    decode_bytes(text, false)
}

/// Splits `a=1&b=two+words` into decoded pairs, in order.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode_bytes(name, true), decode_bytes(value, true))
        })
        .collect()
}

fn decode_bytes(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let escape = bytes.get(index + 1..index + 3).and_then(|pair| {
            let digits = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        match (bytes[index], escape) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                index += 3;
            }
            (b'+', _) if plus_is_space => {
                decoded.push(b' ');
                index += 1;
            }
            (byte, _) => {
                decoded.push(byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        assert_eq!(decode("A_BusinessPartner(%27C-1%27)+x%"), "A_BusinessPartner('C-1')+x%");
        assert_eq!(pairs("q=a%3Db+c&flag&=x"), [("q", "a=b c"), ("flag", ""), ("", "x")].map(owned));
    }

    fn owned(pair: (&str, &str)) -> (String, String) {
        (pair.0.into(), pair.1.into())
    }
}
