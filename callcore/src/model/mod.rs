//! What a tenant configures: campaigns, buyers, numbers and the assignments between them. These are
//! documents: the same JSON in the HTTP API, in exports and in stores. `check()` on each finds all
//! problems of that one object; problems that span objects are found by [`crate::plan`].

mod assignment;
mod buyer;
mod campaign;
mod caps;
mod check;
mod geo;
mod number;
mod router;
mod settings;
mod stored;
mod target;

pub use assignment::{Assignment, TargetAssignment};
pub use buyer::{
    Availability, Buyer, BuyerStatus, Contact, DuplicateRule, DuplicateScope, RestrictAfter,
};
pub use campaign::Campaign;
pub use caps::Caps;
pub use geo::{GeoKind, GeoMatch, GeoRule, GeoVerdict, Place};
pub use number::{Capability, Number, NumberType};
pub use router::{Router, RouterAssignment};
pub use settings::{
    AuctionSettings, CallerIdPolicy, CallerIdRule, CampaignStatus, Conversion, HttpMethod, NoRoute,
    Parameter, Pixel, PixelEvent, Pricing, Recording, Reroute, RoutingType, Strategy, Webhook,
};
pub use stored::{Kind, Object, Stored, WrongKind};
pub use target::{
    BidContentType, ConfirmRequest, ResponseMapping, Target, TargetAuth, TargetStatus,
};
