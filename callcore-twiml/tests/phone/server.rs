//! A webhook server without a network: answers by URL, and a memory of what was requested.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use callcore::model::HttpMethod;
use callcore::port::{Http, HttpError, HttpRequest, HttpResponse};
use callcore_twiml::phone::{Phone, Report, Script};
use callcore_twiml::signature::{Body, verify};
use callcore_twiml::{Form, Password};

pub(crate) const TOKEN: &str = "a token";

/// Answers by URL without its query, in order; the last one stays. The rest is 404.
#[derive(Debug, Default)]
pub(crate) struct Server {
    replies: Mutex<BTreeMap<String, VecDeque<Reply>>>,
    seen: Mutex<Vec<Seen>>,
    /// The answers by idempotency token, on a server that honours it.
    honoured: Option<Mutex<BTreeMap<String, Reply>>>,
}

pub(crate) type Reply = Result<HttpResponse, HttpError>;

/// A request that came in, with its signature verified.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) url: String,
    /// The method and the URL without its query.
    pub(crate) line: String,
    /// The parameters, from wherever they were.
    pub(crate) form: Form,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) timeout_ms: u128,
}

impl Seen {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.form.get(name)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// An answer with TwiML between the tags of the root.
pub(crate) fn twiml(inner: &str) -> Reply {
    answer(200, "text/xml", &format!("<Response>{inner}</Response>"))
}

pub(crate) fn answer(status: u16, content_type: &str, body: &str) -> Reply {
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    Ok(HttpResponse { status, headers, body: body.as_bytes().to_vec() })
}

pub(crate) fn with_header(reply: Reply, name: &str, value: &str) -> Reply {
    reply.map(|mut reply| {
        reply.headers.push((name.to_owned(), value.to_owned()));
        reply
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A server that answers a repeated request as it did the first time.
    pub(crate) fn honouring_tokens() -> Self {
        Self { honoured: Some(Mutex::default()), ..Self::default() }
    }

    pub(crate) fn on(self, url: &str, reply: Reply) -> Self {
        lock(&self.replies).entry(url.to_owned()).or_default().push_back(reply);
        self
    }

    /// The requests, such as `POST https://h/a`.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }

    /// The requests of a method and URL without its query.
    pub(crate) fn seen_at(&self, line: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.line == line).collect()
    }

    pub(crate) fn last(&self, line: &str) -> Seen {
        self.seen_at(line).pop().unwrap_or_else(|| panic!("no {line} in {:?}", self.lines()))
    }

    fn reply(&self, path: &str) -> Reply {
        let mut replies = lock(&self.replies);
        let Some(replies) = replies.get_mut(path) else { return answer(404, "text/plain", "?") };
        match replies.len() {
            1 => replies[0].clone(),
            _ => replies.pop_front().expect("there are several"),
        }
    }
}

#[async_trait]
impl Http for Server {
    async fn send(&self, request: HttpRequest) -> Reply {
        assert!(!request.url.contains('#'), "{}", request.url);
        let form = Form::parse(&request.body).expect("the body is a form");
        let signature = header(&request.headers, "X-Twilio-Signature").expect("it is signed");
        let (word, body) = match request.method {
            HttpMethod::Get => ("GET", Body::None),
            HttpMethod::Post => ("POST", Body::Form(&form)),
        };
        assert_eq!(verify(TOKEN, &request.url, body, signature), Ok(()), "{}", request.url);
        assert_eq!(header(&request.headers, "User-Agent"), Some("TwilioProxy/1.1"));
        let (path, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
        let form = match request.method {
            HttpMethod::Get => Form::parse(query.as_bytes()).expect("the query is a form"),
            HttpMethod::Post => form,
        };
        let token = header(&request.headers, "I-Twilio-Idempotency-Token")
            .expect("it has a token")
            .to_owned();
        lock(&self.seen).push(Seen {
            url: request.url.clone(),
            line: format!("{word} {path}"),
            form,
            headers: request.headers.clone(),
            timeout_ms: request.timeout.as_millis(),
        });
        match &self.honoured {
            None => self.reply(path),
            Some(honoured) => {
                lock(honoured).entry(token).or_insert_with(|| self.reply(path)).clone()
            }
        }
    }
}

/// A phone whose voice URL is `https://h/a`.
pub(crate) fn phone(server: &Arc<Server>) -> Phone {
    Phone::new(Arc::clone(server) as Arc<dyn Http>, Password::new(TOKEN), "https://h/a")
}

pub(crate) fn call(phone: &Phone, script: &str) -> Report {
    let script: Script = script.parse().expect("the script is well written");
    pollster::block_on(phone.call(&script))
}

/// Plays one call to a server.
pub(crate) fn play(server: Server, script: &str) -> (Arc<Server>, Report) {
    let server = Arc::new(server);
    let report = call(&phone(&server), script);
    (server, report)
}

/// Plays one call to a server that has one document.
pub(crate) fn play_one(document: &str, script: &str) -> (Arc<Server>, Report) {
    play(Server::new().on("https://h/a", twiml(document)), script)
}

pub(crate) fn heard(report: &Report) -> Vec<&str> {
    report.heard().collect()
}
