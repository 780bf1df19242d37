//! What a tenant configures: campaigns, buyers, numbers and the assignments between them. These are
//! documents: the same JSON in the HTTP API, in exports and in stores. `check()` on each finds all
//! problems of that one object; problems that span objects are found by [`crate::plan`].

mod buyer;
mod campaign;
mod caps;
mod check;
mod geo;
mod number;
mod stored;

pub use buyer::{
    Availability, Buyer, BuyerStatus, Contact, DuplicateRule, DuplicateScope, RestrictAfter,
};
pub use campaign::{
    Assignment, AuctionSettings, CallerIdPolicy, CallerIdRule, Campaign, CampaignStatus,
    Conversion, HttpMethod, NoRoute, Parameter, Pixel, PixelEvent, Pricing, Recording, Reroute,
    RoutingType, Strategy, Webhook,
};
pub use caps::Caps;
pub use geo::{GeoKind, GeoMatch, GeoRule, GeoVerdict, Place};
pub use number::{Capability, Number, NumberType};
pub use stored::{Kind, Object, Stored, WrongKind};
