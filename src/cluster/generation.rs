//! Datasets that workers write: each its files, as ranks do.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::try_join_all;
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use super::error::ClusterError;
use super::roots::Roots;
use super::workers::Workers;
use crate::cancel::Cancel;
use crate::storage::with_causes;

/// Longest line that is taken, in bytes.
const MOST_OF_A_LINE: usize = 1 << 20;

/// Work of a worker that may write: a job in the words of its program, the roots that it may write
/// below, a request to stop, and what takes lines in the same words. The error is for the user.
pub type Generate =
    Arc<dyn Fn(&str, &Roots, &Cancel, &dyn Fn(&str)) -> Result<(), String> + Send + Sync>;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct GenerateRequest {
    pub(super) lease: u64,
    pub(super) job: String,
}

/// A line that comes of a job: one of its own, or the end.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum GenerateLine {
    Said(String),
    Failed(String),
    Done,
}

/// Does a job on a thread of its own, and returns its lines as they come. Dropping them stops it.
pub(super) fn generated(
    generate: Generate,
    roots: Roots,
    job: String,
) -> std::io::Result<mpsc::UnboundedReceiver<Bytes>> {
    let (lines, received) = mpsc::unbounded_channel();
    let cancel = Cancel::default();
    let (over, is_over) = oneshot::channel::<()>();
    let (listened, stop) = (lines.clone(), cancel.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = listened.closed() => {
                stop.cancel();
            }
            // The job is done.
            _ = is_over => {}
        }
    });
    let work = move || {
        let say = |line: &GenerateLine| {
            let mut text = serde_json::to_vec(line).unwrap_or_default();
            text.push(b'\n');
            // Nobody listens any more if the job was stopped.
            let _ = lines.send(Bytes::from(text));
        };
        let said = |text: &str| say(&GenerateLine::Said(text.to_owned()));
        say(&match generate(&job, &roots, &cancel, &said) {
            Ok(()) => GenerateLine::Done,
            Err(reason) => GenerateLine::Failed(reason),
        });
        drop(over);
    };
    std::thread::Builder::new()
        .name("generate".to_owned())
        .spawn(work)?;
    Ok(received)
}

impl Workers {
    /// Gives each worker its job, and passes on what they say with their numbers, until all are
    /// done.
    ///
    /// # Errors
    ///
    /// The first worker that is lost, may not write, or fails. The others stop.
    pub async fn generate(
        &self,
        jobs: &[String],
        said: &(dyn Fn(usize, &str) + Sync),
    ) -> Result<(), ClusterError> {
        let done = jobs.iter().enumerate().map(|(worker, job)| async move {
            let url = self.url(worker).clone();
            let request = GenerateRequest {
                lease: self.lease,
                job: job.clone(),
            };
            let mut body = self.send(worker, "/bench/generate", &request).await?;
            let lost = |reason: String| ClusterError::Lost {
                url: url.clone(),
                reason,
            };
            let mut rest = Vec::new();
            loop {
                let frame = body.frame().await;
                let frame = frame.ok_or_else(|| lost("its connection has ended".to_owned()))?;
                let frame = frame.map_err(|error| lost(with_causes(&error)))?;
                rest.extend(frame.data_ref().into_iter().flatten());
                if rest.len() > MOST_OF_A_LINE {
                    return Err(lost("it says more than a line can hold".to_owned()));
                }
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = rest.drain(..=end).collect();
                    match serde_json::from_slice(&line) {
                        Ok(GenerateLine::Said(text)) => said(worker, &text),
                        Ok(GenerateLine::Done) => return Ok(()),
                        Ok(GenerateLine::Failed(reason)) => {
                            return Err(ClusterError::Refused {
                                url,
                                reason,
                                usage: true,
                            });
                        }
                        Err(error) => return Err(lost(error.to_string())),
                    }
                }
            }
        });
        try_join_all(done).await.map(|_| ())
    }
}
