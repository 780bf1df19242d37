//! What every element of TwiML can do, and the closed choices between elements.

use crate::attribute::Attributes;
use crate::check::Check;
use crate::error::ParseError;
use crate::xml::Node;

/// An element that can be written.
pub(crate) trait Element: Attributes {
    /// The name in the document.
    fn name(&self) -> &'static str;

    /// What stands between its tags.
    fn content(&self) -> Content<'_>;

    /// The rules that its types do not express.
    fn check(&self) -> Check;
}

/// What stands between the tags of an element: never text beside elements.
pub(crate) enum Content<'a> {
    Elements(Vec<&'a dyn Element>),
    Empty,
    Text(&'a str),
    /// A text between the tags of an element of its own.
    Wrapped {
        wrapper: &'a dyn Element,
        text: &'a str,
    },
}

/// An element that can be read.
pub(crate) trait ReadElement: Element + Sized {
    /// The element without its attributes, from what stands between its tags.
    fn read_content(node: &Node) -> Result<Self, ParseError>;

    /// The whole element.
    fn read(node: &Node) -> Result<Self, ParseError> {
        let mut element = Self::read_content(node)?;
        node.read_attributes(&mut element)?;
        match element.check() {
            Ok(()) => Ok(element),
            Err(invalid) => Err(node.invalid(invalid)),
        }
    }
}

/// A choice between elements.
pub(crate) trait Choice: Sized {
    /// The names of the elements to choose from.
    const NAMES: &'static [&'static str];

    /// The element that was chosen.
    fn element(&self) -> &dyn Element;

    /// The element called `node.name`, or none if it is not among the choices.
    fn read(node: &Node) -> Option<Result<Self, ParseError>>;

    /// Everything inside `parent`, which holds elements of this choice and nothing else.
    fn read_children(parent: &Node) -> Result<Vec<Self>, ParseError> {
        parent.expect_no_text()?;
        parent.elements().map(|child| Self::read_child(child, parent)).collect()
    }

    /// One element inside `parent`.
    fn read_child(child: &Node, parent: &Node) -> Result<Self, ParseError> {
        Self::read(child).unwrap_or_else(|| Err(parent.refuse(child)))
    }
}

/// The elements of a list of choices.
pub(crate) fn elements<T: Choice>(choices: &[T]) -> Content<'_> {
    Content::Elements(choices.iter().map(T::element).collect())
}

/// Declares a closed choice between elements. Each variant is named like its type and its element.
macro_rules! choice {
    ($(#[$meta:meta])* $choice:ident { $($(#[$doc:meta])* $element:ident,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $choice {
            $($(#[$doc])* $element($element),)+
        }

        $(
            impl From<$element> for $choice {
                fn from(element: $element) -> Self {
                    Self::$element(element)
                }
            }
        )+

        impl $crate::element::Choice for $choice {
            const NAMES: &'static [&'static str] = &[$(stringify!($element),)+];

            fn element(&self) -> &dyn $crate::element::Element {
                match self {
                    $(Self::$element(element) => element,)+
                }
            }

            fn read(
                node: &$crate::xml::Node,
            ) -> Option<Result<Self, $crate::error::ParseError>> {
                match node.name.as_str() {
                    $(
                        stringify!($element) => Some(
                            <$element as $crate::element::ReadElement>::read(node)
                                .map(Self::$element),
                        ),
                    )+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use choice;
