//! Codes in the words of the contract.

use smc_model::{
    OneTimeSecret,
    generated::{
        access_token::{
            AccessToken, AccessTokenList, CreateAccessTokenRequest, CreateAccessTokenResponse,
            DeleteAccessTokenRequest, DeleteAccessTokenResponse, DisableAccessTokenRequest,
            DisableAccessTokenResponse, ListAccessTokensRequest, ListAccessTokensResponse,
        },
        landfall::{DescribeAccessTokenRequest, DescribeAccessTokenResponse},
        shared::{ImportedSource, ImportedSourceList},
    },
};

use super::{page, total};
use crate::{
    AccessTokenId, Timestamp,
    access_token::{self, Description, OutOfRange, Status, TimeToLive, UseLimit},
    account::Caller,
    ports::{Clock, Random, Store, TokenFilter},
    registry::{Error, NewCode, Registry},
};

/// Rows of a page when only its number is asked for: the default that the contract describes.
const DEFAULT_PAGE: u32 = 20;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn create_access_token(
        &self,
        caller: &Caller,
        request: CreateAccessTokenRequest,
    ) -> Result<CreateAccessTokenResponse, Error> {
        let new = NewCode {
            name: request.name.unwrap_or_default(),
            description: description(request.description)?,
            use_limit: UseLimit::new(request.count).map_err(|why| meaning("InvalidParameter.Count", &why))?,
            time_to_live: TimeToLive::new(request.time_to_live_in_days)
                .map_err(|why| meaning("InvalidParameter.TimeToLiveInDays", &why))?,
        };
        let created = self.create_code(caller, new).await?;
        Ok(CreateAccessTokenResponse {
            access_token_code: OneTimeSecret::new(created.code.reveal().to_owned()),
            access_token_id: created.id.to_string(),
        })
    }

    pub(super) async fn list_access_tokens(
        &self,
        caller: &Caller,
        request: ListAccessTokensRequest,
    ) -> Result<ListAccessTokensResponse, Error> {
        let (number, size) = (request.page_number.unwrap_or(1), request.page_size.unwrap_or(DEFAULT_PAGE));
        let paged = request.page_number.is_some() || request.page_size.is_some();
        let asked = request.access_token_id.len();
        let ids: Vec<_> =
            request.access_token_id.iter().filter_map(|id| AccessTokenId::parse(id).ok()).collect();
        if asked > 0 && ids.is_empty() {
            return Ok(ListAccessTokensResponse {
                page_number: number,
                page_size: size,
                ..Default::default()
            });
        }
        let status = request.status.and_then(|status| Status::parse(status.as_str()));
        let filter = TokenFilter { ids, name: request.name, status };
        let (listing, now) =
            self.list_codes(caller.account, filter, paged.then(|| page(number, size))).await?;
        let items: Vec<_> = listing.rows.iter().map(|token| row(token, now)).collect();
        Ok(ListAccessTokensResponse {
            page_number: number,
            page_size: if paged { size } else { total(listing.total) },
            total_count: total(listing.total),
            access_tokens: AccessTokenList { items },
        })
    }

    pub(super) async fn disable_access_token(
        &self,
        caller: &Caller,
        request: DisableAccessTokenRequest,
    ) -> Result<DisableAccessTokenResponse, Error> {
        self.disable_code(caller, id(&request.access_token_id)?).await?;
        Ok(DisableAccessTokenResponse {})
    }

    pub(super) async fn delete_access_token(
        &self,
        caller: &Caller,
        request: DeleteAccessTokenRequest,
    ) -> Result<DeleteAccessTokenResponse, Error> {
        self.delete_code(caller, id(&request.access_token_id)?).await?;
        Ok(DeleteAccessTokenResponse {})
    }

    pub(super) async fn describe_access_token(
        &self,
        caller: &Caller,
        request: DescribeAccessTokenRequest,
    ) -> Result<DescribeAccessTokenResponse, Error> {
        let lineage = self.lineage(caller.account, id(&request.access_token_id)?).await?;
        let (token, now) = (&lineage.token, lineage.now);
        let shown = row(token, now);
        let sources = lineage.sources.iter().map(|(source, state)| ImportedSource {
            source_id: source.id.to_string(),
            name: source.name.clone(),
            state: state.as_str().to_owned(),
            import_time: source.imported.to_string(),
        });
        Ok(DescribeAccessTokenResponse {
            access_token_id: shown.access_token_id,
            name: shown.name,
            description: shown.description,
            count: shown.count,
            registered_count: shown.registered_count,
            time_to_live_in_days: shown.time_to_live_in_days,
            creation_time: shown.creation_time,
            status: shown.status,
            expiration_time: token.expires().to_string(),
            last_used_time: token.last_used.map(|at| at.to_string()),
            created_by: token.created_by.clone(),
            sources: ImportedSourceList { items: sources.collect() },
            source_count: total(lineage.source_count),
        })
    }
}

/// Numbers are strings here: the typed clients declare them so.
fn row(token: &access_token::AccessToken, now: Timestamp) -> AccessToken {
    AccessToken {
        access_token_id: token.id.to_string(),
        count: token.use_limit.to_string(),
        creation_time: token.created.to_string(),
        description: Some(token.description.clone()),
        name: Some(token.name.clone()),
        registered_count: token.registered.to_string(),
        status: token.status(now).as_str().to_owned(),
        time_to_live_in_days: token.time_to_live.to_string(),
    }
}

fn id(text: &str) -> Result<AccessTokenId, Error> {
    AccessTokenId::parse(text).map_err(|_| Error::NoToken(text.to_owned()))
}

pub(super) fn description(text: Option<String>) -> Result<Description, Error> {
    Description::new(&text.unwrap_or_default()).ok_or(Error::Meaning {
        code: "InvalidParameter.Description",
        message: "the description must have at most 256 characters and no control characters".to_owned(),
    })
}

fn meaning(code: &'static str, why: &OutOfRange) -> Error {
    Error::Meaning { code, message: why.to_string() }
}
