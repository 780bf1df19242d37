//! How attributes are declared once and both written and read from that.

use std::borrow::Cow;

use crate::error::WriteError;

/// Receives each attribute that is present, by name and value.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&'static str, &str) -> Result<(), WriteError>;

/// Something that has attributes: an element, or a group of attributes that elements share.
pub(crate) trait Attributes {
    /// Hands every attribute that is present to `visit`.
    fn visit(&self, visit: Visit<'_>) -> Result<(), WriteError>;

    /// Sets the attribute called `name`.
    fn set(&mut self, name: &str, value: &str) -> Result<(), SetError>;
}

/// Why an attribute could not be set.
pub(crate) enum SetError {
    /// There is no such attribute.
    Unknown,
    /// The value is not what is expected.
    Value { expected: String },
}

/// The type of an attribute's field, where absence is a value too.
pub(crate) trait AttributeValue: Sized {
    /// The attribute's value, or none when the attribute is absent.
    fn to_text(&self) -> Option<Cow<'_, str>>;
    /// The field for a value that is present.
    fn from_text(text: &str) -> Option<Self>;
    /// What the attribute takes, for people.
    fn expected() -> String;
}

/// The type of one value.
pub(crate) trait Scalar: Sized {
    fn to_text(&self) -> Cow<'_, str>;
    fn from_text(text: &str) -> Option<Self>;
    fn expected() -> String;
}

impl<T: Scalar> AttributeValue for Option<T> {
    fn to_text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().map(Scalar::to_text)
    }

    fn from_text(text: &str) -> Option<Self> {
        T::from_text(text).map(Some)
    }

    fn expected() -> String {
        T::expected()
    }
}

/// A list of words, which Twilio separates by spaces. The empty list is the absent attribute.
impl<T: Word> AttributeValue for Vec<T> {
    fn to_text(&self) -> Option<Cow<'_, str>> {
        let words: Vec<&str> = self.iter().map(Word::word).collect();
        (!words.is_empty()).then(|| words.join(" ").into())
    }

    fn from_text(text: &str) -> Option<Self> {
        let words: Option<Self> = text.split_ascii_whitespace().map(T::from_word).collect();
        words.filter(|words| !words.is_empty())
    }

    fn expected() -> String {
        format!("a space-separated list of {}", T::expected())
    }
}

/// A list of phrases separated by commas, kept as they stand, with the spaces around them.
impl AttributeValue for Vec<String> {
    fn to_text(&self) -> Option<Cow<'_, str>> {
        (!self.is_empty()).then(|| self.join(",").into())
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.split(',').map(str::to_owned).collect())
    }

    fn expected() -> String {
        "a comma-separated list".to_owned()
    }
}

impl Scalar for String {
    fn to_text(&self) -> Cow<'_, str> {
        self.into()
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn expected() -> String {
        "text".to_owned()
    }
}

impl Scalar for u32 {
    fn to_text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }

    fn from_text(text: &str) -> Option<Self> {
        // `u32::from_str` would also take a sign.
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
    }

    fn expected() -> String {
        format!("a whole number up to {}", u32::MAX)
    }
}

impl Scalar for bool {
    fn to_text(&self) -> Cow<'_, str> {
        if *self { "true" } else { "false" }.into()
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    fn expected() -> String {
        "true or false".to_owned()
    }
}

/// One of a closed set of words.
pub(crate) trait Word: Sized + Copy + 'static {
    const ALL: &'static [Self];
    fn word(&self) -> &'static str;

    fn from_word(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.word() == text)
    }

    fn expected() -> String {
        let words: Vec<&str> = Self::ALL.iter().map(Word::word).collect();
        words.join(" | ")
    }
}

/// Declares a closed set of words: the enum, its spelling and its reading.
macro_rules! words {
    ($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[$doc])* $variant,)+
        }

        impl $type {
            /// The word as TwiML spells it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::attribute::Word for $type {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            fn word(&self) -> &'static str {
                self.as_str()
            }
        }
    };
}

/// Lets words stand as the single value of an attribute.
macro_rules! single_words {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::attribute::Scalar for $type {
            fn to_text(&self) -> std::borrow::Cow<'_, str> {
                $crate::attribute::Word::word(self).into()
            }

            fn from_text(text: &str) -> Option<Self> {
                $crate::attribute::Word::from_word(text)
            }

            fn expected() -> String {
                <Self as $crate::attribute::Word>::expected()
            }
        }
    )+};
}

/// The attribute table of a type: each name with its field, then the groups it shares.
macro_rules! attributes {
    ($type:ty {
        $($name:literal => $field:ident,)*
        $(group $group:ident,)*
    }) => {
        impl $crate::attribute::Attributes for $type {
            #[allow(unused_variables, reason = "some elements have no attributes")]
            fn visit(
                &self,
                visit: $crate::attribute::Visit<'_>,
            ) -> Result<(), $crate::error::WriteError> {
                $(
                    if let Some(value) = $crate::attribute::AttributeValue::to_text(&self.$field) {
                        visit($name, &value)?;
                    }
                )*
                $($crate::attribute::Attributes::visit(&self.$group, &mut *visit)?;)*
                Ok(())
            }

            #[allow(unused_variables, reason = "some elements have no attributes")]
            fn set(&mut self, name: &str, value: &str) -> Result<(), $crate::attribute::SetError> {
                match name {
                    $($name => $crate::attribute::assign(&mut self.$field, value),)*
                    _ => {
                        $(
                            match $crate::attribute::Attributes::set(
                                &mut self.$group, name, value,
                            ) {
                                Err($crate::attribute::SetError::Unknown) => {}
                                done => return done,
                            }
                        )*
                        Err($crate::attribute::SetError::Unknown)
                    }
                }
            }
        }
    };
}

/// Sets `field` to what `value` says.
pub(crate) fn assign<T: AttributeValue>(field: &mut T, value: &str) -> Result<(), SetError> {
    match T::from_text(value) {
        Some(parsed) => {
            *field = parsed;
            Ok(())
        }
        None => Err(SetError::Value { expected: T::expected() }),
    }
}

pub(crate) use {attributes, single_words, words};
