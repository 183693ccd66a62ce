//! What comes after the head of a request: little, and soon.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::Response,
};

use super::answer::problem;

/// Forms are small, and nothing else is sent here.
const BYTES_MAX: usize = 16 * 1024;
/// The whole of it has to come within this.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the body before anybody works with it.
pub(crate) async fn limited(request: Request, next: Next) -> Response {
    let too_large =
        || problem(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "a request may have 16 KiB at most");
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if length.and_then(|length| length.parse::<u64>().ok()).is_some_and(|length| length > BYTES_MAX as u64) {
        return too_large();
    }
    let (head, body) = request.into_parts();
    match tokio::time::timeout(TIMEOUT, to_bytes(body, BYTES_MAX)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(head, Body::from(bytes))).await,
        Ok(Err(_)) => too_large(),
        Err(_) => problem(StatusCode::REQUEST_TIMEOUT, "too_slow", "the request did not come in time"),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    use axum::{Router, body::Bytes, middleware, routing::post};
    use hyper::{
        body::{Body as HttpBody, Frame},
        service::Service as _,
    };
    use hyper_util::service::TowerToHyperService;

    use super::*;

    /// A body whose end never comes.
    struct Endless;

    impl HttpBody for Endless {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_large_or_too_slow_reaches_nobody() {
        let router = Router::new()
            .route("/", post(async |bytes: Bytes| bytes.len().to_string()))
            .layer(middleware::from_fn(limited));
        let service = TowerToHyperService::new(router);
        let send = async |body: Body| {
            let request = Request::builder().method("POST").uri("/").body(body).unwrap();
            service.call(request).await.unwrap().status().as_u16()
        };
        assert_eq!(send(Body::from(vec![b'x'; BYTES_MAX])).await, 200);
        assert_eq!(send(Body::from(vec![b'x'; BYTES_MAX + 1])).await, 413);
        let began = tokio::time::Instant::now();
        assert_eq!(send(Body::new(Endless)).await, 408);
        assert!((TIMEOUT..TIMEOUT + Duration::from_secs(1)).contains(&began.elapsed()));
    }
}
