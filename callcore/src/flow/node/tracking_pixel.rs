//! `tracking_pixel`: tells other systems of the call, after the step is saved.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Behaviour, ExitRule, Mentions};
use crate::call::Payload;
use crate::flow::act::Act;
use crate::flow::desk::Desk;
use crate::flow::reader::{Reader, shape};
use crate::flow::text::{Text, noted};
use crate::model::HttpMethod;
use crate::vocabulary::limits;

#[derive(Debug)]
pub(super) struct TrackingPixel {
    pixels: Vec<Pixel>,
    method: HttpMethod,
    timeout_ms: u32,
    retries: u32,
}

#[derive(Debug)]
struct Pixel {
    name: String,
    url: Text,
    parameters: BTreeMap<String, Text>,
}

pub(super) fn read(reader: &Reader<'_>, mentions: &mut Mentions) -> Option<TrackingPixel> {
    let parameters = parameters(reader, mentions);
    let events = events(reader, mentions);
    let mut pixels = Vec::new();
    for key in ["events", "parameters"].into_iter().filter(|_| !reader.has("pixelUrl")) {
        if reader.has(key) {
            let message = format!("without `pixelUrl`, `{key}` are sent nowhere: give it");
            reader.report().warning("unused", reader.path(key), message);
        }
    }
    if let Some(url) = url(reader, "pixelUrl", mentions) {
        pixels.extend(fired(&url, &parameters, events));
    } else if !reader.has("customPixels") && !reader.has("pixelUrl") {
        reader.missing("pixelUrl", "the address of the pixel");
    }
    for entry in reader.objects("customPixels", limits::PIXELS) {
        let name = entry.required("name", "the name of the pixel").unwrap_or_default();
        if !entry.has("url") {
            entry.missing("url", "the address of the pixel");
        }
        let (url, parameters) = (url(&entry, "url", mentions), self::parameters(&entry, mentions));
        entry.finish();
        pixels.extend(url.map(|url| Pixel { name: name.to_owned(), url, parameters }));
    }
    let methods = [("GET", HttpMethod::Get), ("POST", HttpMethod::Post)];
    Some(TrackingPixel {
        pixels,
        method: reader.choice("method", &methods).unwrap_or(HttpMethod::Get),
        timeout_ms: reader.number("timeout", 1..=30, 3) * 1_000,
        retries: reader.number("retries", 0..=10, 2),
    })
}

fn url(reader: &Reader<'_>, key: &'static str, mentions: &mut Mentions) -> Option<Text> {
    let url = reader.url(key)?;
    Some(noted(Text::parse(url), &reader.path(key), &mut mentions.uses))
}

fn parameters(reader: &Reader<'_>, mentions: &mut Mentions) -> BTreeMap<String, Text> {
    let mut parameters = BTreeMap::new();
    for (name, value) in reader.entries("parameters", limits::PIXELS) {
        let name_in_path = name.replace('~', "~0").replace('/', "~1");
        let path = format!("{}/{name_in_path}", reader.path("parameters"));
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            other => {
                let message = format!("a text is expected instead of {}", shape(other));
                reader.report().error("wrong_type", path, message);
                continue;
            }
        };
        let text = noted(Text::parse(&text), &path, &mut mentions.uses);
        parameters.insert(name.to_owned(), text);
    }
    parameters
}

/// Custom events: what each adds to the pixel's parameters.
fn events(reader: &Reader<'_>, mentions: &mut Mentions) -> Vec<BTreeMap<&'static str, String>> {
    let mut events = Vec::new();
    for entry in reader.objects("events", limits::PIXELS) {
        let name = entry.required("name", "the name of the event").unwrap_or_default();
        let _ = noted(Text::parse(name), &entry.path("name"), &mut mentions.uses);
        let mut event = BTreeMap::from([("event", name.to_owned())]);
        let value = match entry.value("value") {
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => entry.text("value").map(str::to_owned),
        };
        if let Some(value) = value {
            if value.parse::<rust_decimal::Decimal>().is_err() {
                let message = format!("{value:?} is no decimal number, such as 12.50");
                entry.report().error("bad_value", entry.path("value"), message);
            }
            event.insert("value", value);
        }
        if let Some(currency) = entry.text("currency") {
            if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
                let message = format!("{currency:?} is no currency code, such as USD");
                entry.report().error("bad_currency", entry.path("currency"), message);
            }
            event.insert("currency", currency.to_owned());
        }
        entry.finish();
        events.push(event);
    }
    events
}

/// The pixel once for each event, or once where there is none.
fn fired(
    url: &Text,
    parameters: &BTreeMap<String, Text>,
    mut events: Vec<BTreeMap<&'static str, String>>,
) -> Vec<Pixel> {
    if events.is_empty() {
        events.push(BTreeMap::new());
    }
    let pixel = |event: BTreeMap<&'static str, String>| {
        let name = event.get("event").cloned().unwrap_or_else(|| "pixel".to_owned());
        let own = event.into_iter().map(|(key, value)| (key.to_owned(), Text::parse(&value)));
        let mut parameters = parameters.clone();
        parameters.extend(own);
        Pixel { name, url: url.clone(), parameters }
    };
    events.into_iter().map(pixel).collect()
}

impl Behaviour for TrackingPixel {
    fn exits(&self) -> Vec<ExitRule> {
        vec![ExitRule::required("next")]
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        for pixel in &self.pixels {
            let values = desk.values();
            let mut url = pixel.url.fill(&values, encoded);
            let pairs = pixel.parameters.iter();
            let pairs = pairs
                // Both are values: a space or an ampersand of the document's own is one as well.
                .map(|(name, value)| (encoded(name), encoded(&value.fill(&values, str::to_owned))))
                .map(|(name, value)| format!("{name}={value}"));
            let pairs = pairs.collect::<Vec<_>>().join("&");
            let (body, content_type) = match self.method {
                HttpMethod::Get => {
                    append_query(&mut url, &pairs);
                    (String::new(), None)
                }
                HttpMethod::Post => (pairs, Some("application/x-www-form-urlencoded".to_owned())),
            };
            let timeout_ms = self.timeout_ms;
            let payload =
                Payload::Http { method: self.method, url, body, content_type, timeout_ms };
            desk.deliver(pixel.name.clone(), self.retries, payload);
        }
        Act::exit("next")
    }
}

/// Puts pairs into the query of a URL, before its fragment.
fn append_query(url: &mut String, pairs: &str) {
    if pairs.is_empty() {
        return;
    }
    let end = url.find('#').unwrap_or(url.len());
    let separator = match url[..end].find('?') {
        None => "?",
        Some(at) if at + 1 == end || url[..end].ends_with('&') => "",
        Some(_) => "&",
    };
    url.insert_str(end, &format!("{separator}{pairs}"));
}

fn encoded(text: &str) -> String {
    crate::auction::percent_encoded(text)
}
