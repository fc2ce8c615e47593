//! What a handler gives: a `Response`, or a `Deferred` one that a batch will know; both end in the same
//! place, which turns errors into problems and counts.

use std::{sync::Arc, time::Instant};

use super::problem;
use crate::{
    batch::Batch,
    error::Error,
    metrics::{METRICS, Route},
    server::{self, Responder, Response},
};

/// What a handler gives.
pub enum Answer {
    /// Known now.
    Ready(Response),
    /// Known later, on another thread perhaps.
    Deferred(Deferred),
}

impl From<Response> for Answer {
    fn from(response: Response) -> Answer {
        Answer::Ready(response)
    }
}

impl From<Deferred> for Answer {
    fn from(deferred: Deferred) -> Answer {
        Answer::Deferred(deferred)
    }
}

/// What asks for an answer that is not there yet.
pub struct Deferred(Box<dyn FnOnce(Completion)>);

impl Deferred {
    /// Asks the batch, and makes the response on the thread of the batch's leader; `respond` must not wait,
    /// since others wait behind it.
    pub fn ask<Q, A>(
        batch: &Arc<Batch<Q, A>>,
        question: Q,
        respond: impl FnOnce(Result<A, Error>) -> Result<Response, Error> + Send + 'static,
    ) -> Deferred
    where
        Q: Send + 'static,
        A: Send + 'static,
    {
        let batch = batch.clone();
        Deferred(Box::new(move |completion| {
            batch.ask(question, move |answer| completion.complete(respond(answer)));
        }))
    }
}

/// The answer of a route, once it is known.
struct Completion {
    route: Route,
    started: Instant,
    responder: Responder,
}

impl Completion {
    fn complete(self, result: Result<Response, Error>) {
        let response = result.unwrap_or_else(|error| problem::of_error(error, self.responder.id()));
        METRICS.request(self.route, response.status(), self.started.elapsed());
        self.responder.send(response);
    }
}

/// What goes to the server for a request of this route, that was begun at `started`.
pub fn finish(
    result: Result<Answer, Error>,
    route: Route,
    id: &server::RequestId,
    started: Instant,
) -> server::Answer {
    let response = match result {
        Ok(Answer::Deferred(Deferred(start))) => {
            return server::Deferred::new(move |responder| start(Completion { route, started, responder }))
                .into();
        }
        Ok(Answer::Ready(response)) => response,
        Err(error) => problem::of_error(error, id),
    };
    METRICS.request(route, response.status(), started.elapsed());
    response.into()
}
