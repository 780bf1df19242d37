//! The body of a webhook.

use std::fmt;

use form_urlencoded::Serializer;

/// The longest body that is read, in bytes.
pub const MAX_FORM_BYTES: usize = 64 * 1024;

/// The most parameters that are read.
pub const MAX_FORM_PAIRS: usize = 1000;

/// The parameters of a webhook, in their order, decoded once.
///
/// Repeated names and empty values are kept, since Twilio's signature covers them. `Debug` shows
/// the names only: the values are phone numbers and what callers said.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form {
    pairs: Vec<(String, String)>,
}

/// Why a body was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// The body is longer than [`MAX_FORM_BYTES`].
    #[error("the body has {bytes} bytes, more than {MAX_FORM_BYTES}")]
    TooLarge {
        /// The length of the body.
        bytes: usize,
    },
    /// The body has more parameters than [`MAX_FORM_PAIRS`].
    #[error("the body has more than {MAX_FORM_PAIRS} parameters")]
    TooManyPairs,
}

impl Form {
    /// A form without parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes an `application/x-www-form-urlencoded` body or a query string. Bytes that are not
    /// UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// [`FormError`] when the body is beyond the limits; nothing else can be wrong with one.
    pub fn parse(body: &[u8]) -> Result<Self, FormError> {
        if body.len() > MAX_FORM_BYTES {
            return Err(FormError::TooLarge { bytes: body.len() });
        }
        let mut parser = form_urlencoded::parse(body);
        let pairs = parser
            .by_ref()
            .take(MAX_FORM_PAIRS)
            .map(|(name, value)| (name.into_owned(), value.into_owned()));
        let pairs = pairs.collect();
        match parser.next() {
            Some(_) => Err(FormError::TooManyPairs),
            None => Ok(Self { pairs }),
        }
    }

    /// The first value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find_map(|(candidate, value)| (candidate == name).then_some(value))
    }

    /// Every parameter, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many parameters there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are no parameters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Appends a parameter.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.pairs.push((name.into(), value.into()));
    }

    /// Encodes the parameters as an `application/x-www-form-urlencoded` body.
    #[must_use]
    pub fn encode(&self) -> String {
        Serializer::new(String::new()).extend_pairs(self.iter()).finish()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Form {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self { pairs: pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form ")?;
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn order_duplicates_and_empty_values_are_kept() {
        let form = Form::parse(b"b=2&a=1&b=1&c=&d&&e=a+b%2Bc%C3%A9&=x").unwrap();
        let pairs: Vec<_> = form.iter().collect();
        let expected =
            [("b", "2"), ("a", "1"), ("b", "1"), ("c", ""), ("d", ""), ("e", "a b+cé"), ("", "x")];
        assert_eq!(pairs, expected);
        assert_eq!(form.get("b"), Some("2"));
        assert_eq!(form.get("B"), None);
        assert_eq!(form.len(), 7);
    }

    #[test]
    fn there_are_limits() {
        assert_eq!(Form::parse(&vec![b'a'; MAX_FORM_BYTES]).unwrap().len(), 1);
        let bytes = MAX_FORM_BYTES + 1;
        assert_eq!(Form::parse(&vec![b'a'; bytes]), Err(FormError::TooLarge { bytes }));
        assert_eq!(Form::parse("a&".repeat(1000).as_bytes()).unwrap().len(), 1000);
        let many = "a&".repeat(1001);
        assert_eq!(Form::parse(many.as_bytes()), Err(FormError::TooManyPairs));
    }

    #[test]
    fn values_are_not_printed() {
        let form = Form::from_iter([("From", "+15550100")]);
        assert_eq!(format!("{form:?}"), r#"Form ["From"]"#);
    }

    proptest! {
        #[test]
        fn encoding_reads_back(pairs in prop::collection::vec((".*", ".*"), 0..8)) {
            let form = Form::from_iter(pairs);
            prop_assert_eq!(Form::parse(form.encode().as_bytes()), Ok(form));
        }

        #[test]
        fn any_bytes_are_a_form(body in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Form::parse(&body).is_ok());
        }
    }
}
