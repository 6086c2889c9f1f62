//! The body of an answer: streamed, decoded, counted.

use std::time::Duration;

use bytes::Bytes;

use super::{
    decode::{Coding, Decoder},
    failure,
    stage::Stage,
};
use crate::model::{Failure, FetchLimits};

/// Reads the body to its announced end. [`Failure::TooLarge`] as soon as the cap is known to be passed, before anything is read if the
/// length says so; [`Failure::BrokenBody`] if it ends early or its coding is broken; [`Failure::Empty`] if nothing is in it.
pub async fn read(mut response: reqwest::Response, limits: &FetchLimits) -> Result<Bytes, Failure> {
    let coding = Coding::of(response.headers())?;
    let bytes_max = limits.body_bytes_max;
    if response.content_length().is_some_and(|length| length > bytes_max) {
        return Err(Failure::TooLarge { bytes_max });
    }
    let mut decoder = Decoder::new(coding, bytes_max);
    let mut wire_bytes = 0_u64;
    while let Some(chunk) = next_chunk(&mut response, limits.idle).await? {
        wire_bytes += chunk.len() as u64;
        // A coding may also be used to send much and mean little.
        if wire_bytes > bytes_max {
            return Err(Failure::TooLarge { bytes_max });
        }
        decoder.push(&chunk)?;
    }
    let body = decoder.finish()?;
    if body.is_empty() { Err(Failure::Empty) } else { Ok(body.into()) }
}

async fn next_chunk(response: &mut reqwest::Response, idle: Duration) -> Result<Option<Bytes>, Failure> {
    match tokio::time::timeout(idle, response.chunk()).await {
        Ok(chunk) => chunk.map_err(|error| failure::in_body(&error)),
        Err(_) => Err(Stage::Reading.timeout(idle)),
    }
}
