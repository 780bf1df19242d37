//! What a webhook tells, as the carrier knows who sends it.

use callcore::call::Event;
use callcore::port::HttpRequest;
use callcore::vocabulary::TenantId;
use callcore_twiml::Form;
use callcore_twiml::webhook::{self, Webhook};

/// What a request tells.
pub(crate) fn event(request: &HttpRequest) -> Event {
    let path = request.url.split("/api/webhooks/").nth(1).expect("a webhook of ours");
    let attempt = |text: &str| text.parse().expect("the number of an attempt");
    let tenant = |text: &str| text.parse::<TenantId>().expect("a tenant");
    let parts: Vec<&str> = path.split('/').collect();
    let kind = match parts.as_slice() {
        ["voice"] => Webhook::Voice,
        ["status"] => Webhook::Status,
        ["dial", of, number] => {
            Webhook::DialResult { tenant: tenant(of), attempt: attempt(number) }
        }
        ["leg", of, number] => Webhook::Leg { tenant: tenant(of), attempt: attempt(number) },
        _ => panic!("the carrier must not need {path}"),
    };
    let form = Form::parse(&request.body).expect("a form");
    webhook::event(kind, &form).expect("the phone sends what it should")
}
