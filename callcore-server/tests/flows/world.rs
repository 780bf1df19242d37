//! What is the same in every test: an account, a number, a tenant.

use callcore::vocabulary::TenantId;
use uuid::Uuid;

pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(crate) const TOKEN: &str = "the-token-of-the-flow-tests";
/// The URL that the carrier knows. Requests to it are led to wherever the server listens.
pub(crate) const PUBLIC_URL: &str = "https://calls.example.com";
pub(crate) const CALLED: &str = "+18005550199";
pub(crate) const CALLER: &str = "+13105550101";
pub(crate) const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(0xF1));
