//! The answer to one request.

use std::net::IpAddr;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderMap, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::http::uri::Authority;
use hyper::{Method, Request, Response, StatusCode};

use crate::metrics::{Format, Metrics};
use crate::pulse::Pulse;
use crate::report::Report;
use crate::status_view::StatusView;

/// Both pages begin with the same style and script.
const PAGE: &str = concat!(include_str!("pages/head.html"), include_str!("pages/status.html"));
const FLEET_PAGE: &str = concat!(include_str!("pages/head.html"), include_str!("pages/fleet.html"));

/// What the page may load: nothing but its own script and style, and the status.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                           connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What all answers are made of.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) view: StatusView,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) pulse: Pulse,
    /// It is served at a loopback address.
    pub(crate) is_local: bool,
}

/// Answers a request. Its body is not read.
pub(crate) async fn respond<B>(shown: &Shown, request: &Request<B>) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are served here\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    if shown.is_local && !is_local_name(request.headers()) {
        let reason = "this is served at a loopback address: name it by the address or as localhost\n";
        return text(StatusCode::MISDIRECTED_REQUEST, reason);
    }
    match request.uri().path() {
        "/" => page(PAGE),
        "/fleet" if shown.view.fleet.is_some() => page(FLEET_PAGE),
        "/fleet.json" if shown.view.fleet.is_some() => fleet(shown).await,
        "/fleet" | "/fleet.json" => {
            text(StatusCode::NOT_FOUND, "this watcher does not report: set fleet.report = true\n")
        }
        "/metrics" => metrics(shown, request.headers()),
        "/healthz" => health(shown),
        "/readyz" => readiness(shown),
        "/status" => status(shown),
        _ => text(StatusCode::NOT_FOUND, "not found; there are /, /status, /metrics, /healthz and /readyz\n"),
    }
}

/// Whether a request names the server by an address or as localhost. A web page can make another
/// name of its own lead to a loopback address, and read the status through the user's browser (DNS
/// rebinding).
fn is_local_name(headers: &HeaderMap) -> bool {
    // Browsers always name the host.
    let Some(host) = headers.get(HOST) else { return true };
    let Some(host) = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()) else { return false };
    let name = host.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

fn page(page: &'static str) -> Response<Full<Bytes>> {
    let mut response =
        answer(StatusCode::OK, "text/html; charset=utf-8", Bytes::from_static(page.as_bytes()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn metrics(shown: &Shown, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let format = Format::accepted_by(headers);
    match shown.metrics.encode(format) {
        Ok(body) => answer(StatusCode::OK, format.content_type(), body.into()),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n"),
    }
}

fn health(shown: &Shown) -> Response<Full<Bytes>> {
    if shown.pulse.is_healthy() {
        return text(StatusCode::OK, "the engine turns\n");
    }
    let seconds = shown.pulse.age().as_secs();
    text(StatusCode::SERVICE_UNAVAILABLE, format!("the engine has not turned for {seconds} s\n"))
}

fn readiness(shown: &Shown) -> Response<Full<Bytes>> {
    let waiting = |status: &ld_sync::Status| status.state == ld_sync::State::Waiting;
    match shown.view.engine.statuses().filter(waiting).count() {
        0 => text(StatusCode::OK, "every node had its first outcome\n"),
        count => text(StatusCode::SERVICE_UNAVAILABLE, format!("nodes without a first outcome: {count}\n")),
    }
}

fn status(shown: &Shown) -> Response<Full<Bytes>> {
    match serde_json::to_vec(&Report::of(&shown.view)) {
        Ok(body) => answer(StatusCode::OK, "application/json", body.into()),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the status cannot be written\n"),
    }
}

async fn fleet(shown: &Shown) -> Response<Full<Bytes>> {
    let Some(fleet) = &shown.view.fleet else { return text(StatusCode::NOT_FOUND, "not found\n") };
    match fleet.show().await {
        Ok(body) => answer(StatusCode::OK, "application/json", body),
        Err(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", shown.view.without_secrets(&why))),
    }
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    answer(status, "text/plain; charset=utf-8", text.into())
}

fn answer(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
