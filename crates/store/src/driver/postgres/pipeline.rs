//! Several statements in one round trip.

use std::{future::poll_fn, pin::Pin, task::Poll};

/// The server's answer to one statement.
pub(super) type Answer<'a> = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + 'a>>;

/// Sends all statements in their order, without waiting for an answer in between, then takes the answers; the first
/// error is the one that caused the others.
pub(super) async fn in_order(answers: Vec<Answer<'_>>) -> Result<(), tokio_postgres::Error> {
    let mut answers: Vec<_> = answers.into_iter().map(Some).collect();
    let mut outcomes: Vec<Option<tokio_postgres::Error>> = answers.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut waiting = false;
        for (answer, outcome) in answers.iter_mut().zip(&mut outcomes) {
            // A statement is sent when it is first asked for its answer.
            match answer.as_mut().map(|answer| answer.as_mut().poll(context)) {
                Some(Poll::Pending) => waiting = true,
                Some(Poll::Ready(done)) => {
                    *outcome = done.err();
                    *answer = None;
                }
                None => {}
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    outcomes.into_iter().flatten().next().map_or(Ok(()), Err)
}
