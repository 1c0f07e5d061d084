//! The audit trail in the words of Landfall's own contract.

use smc_model::generated::landfall::{
    AuditEvent, AuditEventList, ListAuditEventsRequest, ListAuditEventsResponse,
};

use crate::{
    Timestamp,
    account::Caller,
    audit::{Event, Filter, Recorded},
    ports::{Clock, Random, Store},
    registry::{Error, Registry},
};

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn list_audit_events(
        &self,
        caller: &Caller,
        request: ListAuditEventsRequest,
    ) -> Result<ListAuditEventsResponse, Error> {
        let event = match &request.event {
            None => None,
            Some(word) => Some(Event::parse(word).ok_or_else(|| unknown_event(word))?),
        };
        let before = match &request.next_token {
            None => None,
            Some(token) => Some(token.parse().map_err(|_| Error::Meaning {
                code: "InvalidParameter.NextToken",
                message: "the NextToken is not one that ListAuditEvents gave out".to_owned(),
            })?),
        };
        let moment = |text: &Option<String>| text.as_deref().and_then(Timestamp::parse);
        let filter = Filter {
            event,
            resource: request.resource_id,
            actor: request.actor,
            from: moment(&request.start_time),
            until: moment(&request.end_time),
            before,
        };
        let (rows, more) = self.audit(caller.account, filter, request.max_results).await?;
        let next_token = rows.last().filter(|_| more).map(|last| last.id.to_string());
        let items = rows.into_iter().map(row).collect();
        Ok(ListAuditEventsResponse {
            audit_events: AuditEventList { items },
            next_token: next_token.unwrap_or_default(),
        })
    }
}

fn row(recorded: Recorded) -> AuditEvent {
    let entry = recorded.entry;
    let present = |text: String| (!text.is_empty()).then_some(text);
    AuditEvent {
        event_id: recorded.id.to_string(),
        time: entry.at.to_string(),
        event: entry.event.as_str().to_owned(),
        resource_id: present(entry.resource),
        actor: entry.actor,
        source_ip: present(entry.address),
        detail: present(entry.detail),
    }
}

fn unknown_event(word: &str) -> Error {
    let known: Vec<_> = Event::ALL.iter().map(|event| event.as_str()).collect();
    let shown: String = word.chars().take(32).collect();
    Error::Meaning {
        code: "InvalidParameter.Event",
        message: format!("there is no event {shown:?}; there are {}", known.join(", ")),
    }
}
