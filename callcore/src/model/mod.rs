//! What a tenant configures: campaigns, buyers, numbers and the assignments between them. These are
//! documents: the same JSON in the HTTP API, in exports and in stores. `check()` on each finds all
//! problems of that one object; problems that span objects are found by [`crate::plan`].

mod assignment;
mod auction;
mod buyer;
mod campaign;
mod caps;
mod check;
mod flow;
mod geo;
mod modifier;
mod number;
mod quantity;
mod router;
mod settings;
mod stored;
mod target;

pub use assignment::{Assignment, TargetAssignment};
pub use auction::{AuctionSettings, ResaleSettings};
pub use buyer::{
    Availability, Buyer, BuyerStatus, Contact, DuplicateRule, DuplicateScope, RestrictAfter,
};
pub use campaign::Campaign;
pub use caps::Caps;
pub(crate) use check::url as check_url;
pub use flow::{FlowConnection, FlowDefinition, FlowNode, FlowReferences};
pub use geo::{GeoKind, GeoMatch, GeoRule, GeoVerdict, Place};
pub use modifier::BidModifier;
pub use number::{Capability, Number, NumberType};
pub use quantity::{InvalidQuantity, Quantity};
pub use router::{Router, RouterAssignment};
pub use settings::{
    BidRanking, CallerIdPolicy, CallerIdRule, CampaignStatus, Conversion, HttpMethod,
    ModifierAction, ModifierTest, NoRoute, Parameter, Pixel, PixelEvent, Pricing, Recording,
    Reroute, RoutingType, Strategy, Webhook,
};
pub use stored::{Kind, Object, Stored, WrongKind};
pub use target::{
    BidContentType, ConfirmRequest, ResponseMapping, Target, TargetAuth, TargetStatus,
};
