//! Money: `decimal(20,4)` in Avro, [`Decimal`] in Rust.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::de::Visitor;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Digits after the point.
pub const SCALE: u32 = 4;

/// Digits in all.
pub const PRECISION: u32 = 20;

/// An amount that `decimal(20,4)` cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} has more than 16 digits before the point: it does not fit decimal(20,4)")]
pub struct OutOfRange(pub Decimal);

/// The amount with exactly four digits after the point, rounded half to even.
///
/// # Errors
/// [`OutOfRange`] when it has more than 16 digits before the point.
pub fn rescale(amount: Decimal) -> Result<Decimal, OutOfRange> {
    let mut scaled = amount;
    // Most amounts have two digits, and those that were stored have four: rounding them is a division for nothing.
    if amount.scale() > SCALE {
        scaled = amount.round_dp_with_strategy(SCALE, RoundingStrategy::MidpointNearestEven);
    }
    if scaled.scale() != SCALE {
        scaled.rescale(SCALE);
    }
    if scaled.scale() == SCALE && scaled.mantissa().unsigned_abs() < 10_u128.pow(PRECISION) {
        Ok(scaled)
    } else {
        Err(OutOfRange(amount))
    }
}

/// Serde module for `Option<Decimal>`.
///
/// Text in formats for people (JSON) and for serde_avro_fast, which makes the decimal of it; the big-endian two's
/// complement of ten-thousandths in binary formats and for apache_avro, whose decimals are those bytes.
pub mod option {
    use super::{Amount, Decimal, Deserialize, Deserializer, Serializer};

    /// Writes an amount, rescaled to four digits.
    ///
    /// # Errors
    /// Those of the serializer, and an amount that does not fit `decimal(20,4)`.
    pub fn serialize<S: Serializer>(amount: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => serializer.serialize_some(&Amount(*amount)),
            None => serializer.serialize_none(),
        }
    }

    /// Reads an amount, rescaled to four digits.
    ///
    /// # Errors
    /// Those of the deserializer, and anything that is no amount of `decimal(20,4)`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
        Option::<Amount>::deserialize(deserializer).map(|amount| amount.map(|Amount(amount)| amount))
    }
}

/// Serde module for amounts by their currencies; each as [`option`] has one.
pub mod map {
    use super::{Amount, BTreeMap, Decimal, Deserialize, Deserializer, Serializer};

    /// Writes the amounts, rescaled to four digits.
    ///
    /// # Errors
    /// Those of the serializer, and an amount that does not fit `decimal(20,4)`.
    pub fn serialize<S: Serializer>(
        amounts: &BTreeMap<String, Decimal>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(amounts.iter().map(|(currency, amount)| (currency, Amount(*amount))))
    }

    /// Reads amounts, rescaled to four digits.
    ///
    /// # Errors
    /// Those of the deserializer, and anything that is no amount of `decimal(20,4)`.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, Decimal>, D::Error> {
        let amounts = BTreeMap::<String, Amount>::deserialize(deserializer)?;
        Ok(amounts.into_iter().map(|(currency, Amount(amount))| (currency, amount)).collect())
    }
}

struct Amount(Decimal);

// === impl Amount ===

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let amount = rescale(self.0).map_err(S::Error::custom)?;
        if serializer.is_human_readable() {
            serializer.collect_str(&amount)
        } else {
            serializer.serialize_bytes(&amount.mantissa().to_be_bytes())
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(AmountVisitor)
        } else {
            deserializer.deserialize_bytes(AmountVisitor)
        }
    }
}

struct AmountVisitor;

// === impl AmountVisitor ===

impl AmountVisitor {
    fn amount<E: serde::de::Error>(amount: Decimal) -> Result<Amount, E> {
        rescale(amount).map(Amount).map_err(E::custom)
    }
}

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an amount as decimal text or as the bytes of a decimal(20,4)")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
        Self::amount(Decimal::from_str_exact(text).map_err(E::custom)?)
    }

    fn visit_i64<E: serde::de::Error>(self, whole: i64) -> Result<Amount, E> {
        Self::amount(Decimal::from(whole))
    }

    fn visit_u64<E: serde::de::Error>(self, whole: u64) -> Result<Amount, E> {
        Self::amount(Decimal::from(whole))
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Amount, E> {
        let mut wide = match bytes.first() {
            Some(first) if first & 0x80 != 0 => [0xFF_u8; 16],
            _ => [0; 16],
        };
        let start = wide
            .len()
            .checked_sub(bytes.len())
            .ok_or_else(|| E::custom(format_args!("a decimal of {} bytes is out of range", bytes.len())))?;
        wide[start..].copy_from_slice(bytes);
        let amount =
            Decimal::try_from_i128_with_scale(i128::from_be_bytes(wide), SCALE).map_err(E::custom)?;
        Self::amount(amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Balance(#[serde(with = "option")] Option<Decimal>);

    #[test]
    fn amounts_are_rescaled_to_four_digits_half_to_even() {
        for (given, expected) in [
            ("12.5", Some("12.5000")),
            ("0", Some("0.0000")),
            ("-0.00005", Some("0.0000")),
            ("0.00015", Some("0.0002")),
            ("1.00025", Some("1.0002")),
            ("9999999999999999.9999", Some("9999999999999999.9999")),
            ("-9999999999999999.9999", Some("-9999999999999999.9999")),
            ("9999999999999999.99995", None),
            ("10000000000000000", None),
            ("79228162514264337593543950335", None),
        ] {
            let amount = Decimal::from_str_exact(given).unwrap();
            let got = rescale(amount).ok().map(|amount| amount.to_string().replace("-0.0000", "0.0000"));
            assert_eq!(got.as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn json_carries_text_and_also_takes_whole_numbers() {
        let balance = Balance(Some(Decimal::new(-125, 1)));
        assert_eq!(serde_json::to_string(&balance).unwrap(), r#""-12.5000""#);
        for (json, expected) in
            [("\"1.5\"", Some(Decimal::new(15, 1))), ("7", Some(Decimal::from(7))), ("null", None)]
        {
            assert_eq!(serde_json::from_str::<Balance>(json).unwrap(), Balance(expected), "{json}");
        }
        for json in ["\"\"", "\"1e400\"", "\"12,5\"", "true", "\"10000000000000000\"", "1.5"] {
            assert!(serde_json::from_str::<Balance>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn bytes_are_two_s_complement_ten_thousandths() {
        for (bytes, expected) in [
            (&[][..], "0.0000"),
            (&[0x01], "0.0001"),
            (&[0xFF], "-0.0001"),
            (&[0x00, 0xFF], "0.0255"),
            (&[0x80], "-0.0128"),
        ] {
            let amount = AmountVisitor.visit_bytes::<serde_json::Error>(bytes).unwrap();
            assert_eq!(amount.0.to_string(), expected);
        }
        assert!(AmountVisitor.visit_bytes::<serde_json::Error>(&[1; 17]).is_err());
        assert!(AmountVisitor.visit_bytes::<serde_json::Error>(&[0x7F; 16]).is_err());
    }
}
