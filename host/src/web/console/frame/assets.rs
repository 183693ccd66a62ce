//! Style sheet, script and icon: part of the program, kept by browsers for as long as their bytes are the same.

use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use sha2::{Digest, Sha256};

use super::visitor::Visitor;
use crate::web::app::state::Web;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/live.js");
const ICON: &str = include_str!("assets/icon.svg");

/// Their addresses.
pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/assets/style.css", get(|| async { asset("text/css; charset=utf-8", STYLE) }))
        .route("/assets/live.js", get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }))
        .route("/assets/icon.svg", get(|| async { asset("image/svg+xml", ICON) }))
}

/// Where the style sheet is.
pub(crate) fn style(visitor: &Visitor) -> String {
    address(visitor, "style.css", STYLE)
}

/// Where the script is.
pub(crate) fn script(visitor: &Visitor) -> String {
    address(visitor, "live.js", SCRIPT)
}

/// Where the icon is.
pub(crate) fn icon(visitor: &Visitor) -> String {
    address(visitor, "icon.svg", ICON)
}

/// Other bytes have another address.
fn address(visitor: &Visitor, name: &str, content: &str) -> String {
    let digest = Sha256::digest(content.as_bytes());
    format!(
        "{}/assets/{name}?{:02x}{:02x}{:02x}{:02x}",
        visitor.base, digest[0], digest[1], digest[2], digest[3]
    )
}

fn asset(kind: &'static str, content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (headers, content).into_response()
}
