//! `tracking_pixel`: tells other systems of the call, after the step is saved.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Behaviour, ExitRule, Mentions};
use crate::call::Payload;
use crate::flow::act::{Act, Unsent};
use crate::flow::desk::Desk;
use crate::flow::reader::{Reader, shape};
use crate::flow::text::{Text, Values, noted};
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
    /// Where its address stands in the document.
    path: String,
    url: Text,
    /// Shared by all events of a pixel.
    parameters: Arc<BTreeMap<String, Text>>,
    /// What an event adds to them, or has instead.
    event: BTreeMap<String, Text>,
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
        pixels.extend(fired(&url, &reader.path("pixelUrl"), &Arc::new(parameters), events));
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
        let (path, parameters) = (entry.path("url"), Arc::new(parameters));
        let event = BTreeMap::new();
        pixels.extend(url.map(|url| Pixel { name: name.to_owned(), path, url, parameters, event }));
    }
    let methods = [("GET", HttpMethod::Get), ("POST", HttpMethod::Post)];
    let method = reader.choice("method", &methods).unwrap_or(HttpMethod::Get);
    check_sizes(reader, &pixels, method);
    Some(TrackingPixel {
        pixels,
        method,
        timeout_ms: reader.number("timeout", 1..=30, 3) * 1_000,
        retries: reader.number("retries", 0..=10, 2),
    })
}

/// Reports pixels that can never be sent, whatever callers enter. Those of several events share one
/// address, which is told once.
fn check_sizes(reader: &Reader<'_>, pixels: &[Pixel], method: HttpMethod) {
    let mut told = None;
    for pixel in pixels {
        let Err(reason) = pixel.check_size(method) else { continue };
        if told != Some(&pixel.path) {
            let message = format!(
                "this can never be sent, since {reason} with its parameters: shorten some, or remove them"
            );
            reader.report().error("too_long", pixel.path.as_str(), message);
            told = Some(&pixel.path);
        }
    }
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
        let most = limits::PARAMETER_NAME_BYTES;
        if name.is_empty() || name.len() > most {
            let message = format!("the name is empty or too long: give one of 1 to {most} bytes");
            reader.report().error("bad_name", path, message);
            continue;
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            other => {
                let message = format!("a text is expected instead of {}: replace it", shape(other));
                reader.report().error("wrong_type", path, message);
                continue;
            }
        };
        let (most, characters) = (limits::TEXT_CHARACTERS, text.chars().count());
        if characters > most {
            let message = format!(
                "at most {most} characters are allowed, there are {characters}: shorten it"
            );
            reader.report().error("too_long", path, message);
            continue;
        }
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
                let message = format!("{value:?} is no decimal number: give one such as 12.50");
                entry.report().error("bad_value", entry.path("value"), message);
            }
            event.insert("value", value);
        }
        if let Some(currency) = entry.text("currency") {
            if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
                let message = format!("{currency:?} is no currency code: give one such as USD");
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
    path: &str,
    parameters: &Arc<BTreeMap<String, Text>>,
    mut events: Vec<BTreeMap<&'static str, String>>,
) -> Vec<Pixel> {
    if events.is_empty() {
        events.push(BTreeMap::new());
    }
    let pixel = |event: BTreeMap<&'static str, String>| {
        let name = event.get("event").cloned().unwrap_or_else(|| "pixel".to_owned());
        let own = event.into_iter().map(|(key, value)| (key.to_owned(), Text::parse(&value)));
        let parameters = Arc::clone(parameters);
        Pixel { name, path: path.to_owned(), url: url.clone(), parameters, event: own.collect() }
    };
    events.into_iter().map(pixel).collect()
}

impl Pixel {
    /// Its parameters by name; those of its event stand for others of the same name.
    fn parameters(&self) -> BTreeMap<&str, &Text> {
        let all = self.parameters.iter().chain(&self.event);
        all.map(|(name, value)| (name.as_str(), value)).collect()
    }

    /// What it sends, unless that is larger than a receiver takes.
    fn filled(
        &self,
        method: HttpMethod,
        timeout_ms: u32,
        values: &Values<'_>,
    ) -> Result<Payload, Unsent> {
        let (most_bytes, too_long) = most(method);
        let mut url = self.url.fill_url(values)?;
        let mut pairs = String::new();
        for (name, value) in self.parameters() {
            // Both are values: a space or an ampersand of the document's own is one as well.
            let value = value.fill_within(most_bytes, values, str::to_owned).ok_or(too_long)?;
            let separator = if pairs.is_empty() { "" } else { "&" };
            pairs.push_str(&format!("{separator}{}={}", encoded(name), encoded(&value)));
            if pairs.len() > most_bytes {
                return Err(too_long);
            }
        }
        let (body, content_type) = match method {
            HttpMethod::Get => {
                append_query(&mut url, &pairs);
                (String::new(), None)
            }
            HttpMethod::Post => (pairs, Some("application/x-www-form-urlencoded".to_owned())),
        };
        if url.len() > limits::PIXEL_URL_BYTES {
            return Err(Unsent::UrlTooLong);
        }
        Ok(Payload::Http { method, url, body, content_type, timeout_ms })
    }

    /// Whether it is not too large for a caller of whom nothing is known.
    fn check_size(&self, method: HttpMethod) -> Result<(), Unsent> {
        let (most_bytes, too_long) = most(method);
        let words = |text: &Text| text.words().map(|words| encoded(words).len()).sum::<usize>();
        let parameters = self.parameters().into_iter();
        let parameters = parameters.map(|(name, value)| encoded(name).len() + words(value) + 2);
        let url: usize = self.url.words().map(str::len).sum();
        let least = parameters.sum::<usize>() + if method == HttpMethod::Get { url } else { 0 };
        // Of the separators there may be one less.
        if least > most_bytes + 1 { Err(too_long) } else { Ok(()) }
    }
}

/// How large what holds the parameters may be, and what is wrong where it is larger.
const fn most(method: HttpMethod) -> (usize, Unsent) {
    match method {
        HttpMethod::Get => (limits::PIXEL_URL_BYTES, Unsent::UrlTooLong),
        HttpMethod::Post => (limits::PIXEL_BODY_BYTES, Unsent::BodyTooLong),
    }
}

impl Behaviour for TrackingPixel {
    fn exits(&self) -> Vec<ExitRule> {
        vec![ExitRule::required("next")]
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        let mut unsent = Vec::new();
        for pixel in &self.pixels {
            let payload = pixel.filled(self.method, self.timeout_ms, &desk.values());
            let sent = payload.and_then(|payload| desk.send(&pixel.name, self.retries, payload));
            unsent.extend(sent.err().map(|reason| (pixel.name.as_str(), reason)));
        }
        if let Some((name, reason)) = unsent.first() {
            let name: String = name.chars().take(limits::NAME_CHARACTERS).collect();
            let who = match unsent.len() - 1 {
                0 => format!("{name} was"),
                more => format!("{name} and {more} more were"),
            };
            desk.note = Some(format!("{who} not sent: {reason}"));
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
