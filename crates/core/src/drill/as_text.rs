// SPDX-License-Identifier: Apache-2.0
//! Types that go by the text that can be typed for them, also in JSON.

/// Has serde (`into` and `try_from` of `String`) write a type by a function and
/// read it as [`std::str::FromStr`] does.
macro_rules! as_text {
    ($type:ty, $write:expr) => {
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                let write: fn($type) -> Self = $write;
                write(value)
            }
        }

        impl TryFrom<String> for $type {
            type Error = <$type as std::str::FromStr>::Err;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    };
}

pub(super) use as_text;
