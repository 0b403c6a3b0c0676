//! The numbers of kinds in format 7: one list for each enumeration.

/// The numbers of an enumeration's variants, and the two functions between them. A variant without a number, a number
/// that takes more than three bits, and one that two variants have do not compile. One more variant needs a new number
/// of the format: to earlier builds the value would be malformed, and not newer than they are.
macro_rules! numbered {
    ($number:ident, $read:ident: $kind:ident { $($variant:ident = $value:literal,)+ }) => {
        const fn $number(kind: $kind) -> u8 {
            match kind {
                $($kind::$variant => $value,)+
            }
        }

        fn $read(number: u8) -> Result<$kind, $crate::state::StateError> {
            Ok(match number {
                $($value => $kind::$variant,)+
                _ => return Err($crate::state::packed::malformed()),
            })
        }

        const _: () = assert!($($value < $crate::conversation::packed::NUMBER + 1)&&+, "three bits");
    };
}
