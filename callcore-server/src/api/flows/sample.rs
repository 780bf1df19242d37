//! The call that previews and simulations show a flow with, where nobody says another.

use callcore::call::Caller;

/// What is dialled.
pub(super) const CALLED: &str = "+18005550199";

/// Who calls.
pub(super) fn caller() -> Caller {
    caller_of("+12125550123")
}

/// A caller with this number, of whose place nothing is known.
pub(super) fn caller_of(number: &str) -> Caller {
    Caller { address: number.to_owned(), number: number.parse().ok(), ..Caller::default() }
}
