//! Tags in the words of the contract.
//!
//! Jobs can be named in these calls, but there are none yet: every job id is an unknown resource.

use smc_model::generated::{
    shared::ResourceType,
    tag::{
        ListTagResourcesRequest, ListTagResourcesResponse, TagResource, TagResourceList, TagResourcesRequest,
        TagResourcesResponse, UntagResourcesRequest, UntagResourcesResponse,
    },
};

use crate::{
    SourceId,
    account::Caller,
    ports::{Clock, Random, Store},
    registry::{Error, Registry},
    tag::{Tag, TagFilter},
};

/// What replies call the type of a source, other than requests.
const SOURCE_TYPE: &str = "ALIYUN::SMC::SOURCESERVER";

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn tag_resources(
        &self,
        caller: &Caller,
        request: TagResourcesRequest,
    ) -> Result<TagResourcesResponse, Error> {
        let sources = sources(request.resource_type, &request.resource_id)?;
        let tags = request.tag.into_iter().map(|pair| Tag { key: pair.key, value: pair.value }).collect();
        self.tag(caller.account, sources, tags).await?;
        Ok(TagResourcesResponse {})
    }

    pub(super) async fn untag_resources(
        &self,
        caller: &Caller,
        request: UntagResourcesRequest,
    ) -> Result<UntagResourcesResponse, Error> {
        let sources = sources(request.resource_type, &request.resource_id)?;
        self.untag(caller.account, sources, request.tag_key, request.all).await?;
        Ok(UntagResourcesResponse {})
    }

    pub(super) async fn list_tag_resources(
        &self,
        caller: &Caller,
        request: ListTagResourcesRequest,
    ) -> Result<ListTagResourcesResponse, Error> {
        if request.resource_type != ResourceType::SourceServer && request.resource_id.is_empty() {
            return Ok(ListTagResourcesResponse::default());
        }
        let sources = sources(request.resource_type, &request.resource_id)?;
        let after = request.next_token.as_deref().map(position).transpose()?;
        let filter =
            request.tag.into_iter().map(|tag| TagFilter { key: tag.key, value: tag.value }).collect();
        let page = self.list_tags(caller.account, sources, filter, after).await?;
        let items = page.tags.into_iter().map(|on| TagResource {
            resource_id: on.source.to_string(),
            resource_type: SOURCE_TYPE.to_owned(),
            tag_key: on.tag.key,
            tag_value: on.tag.value,
        });
        Ok(ListTagResourcesResponse {
            tag_resources: TagResourceList { items: items.collect() },
            next_token: page.next.as_ref().map(token).unwrap_or_default(),
        })
    }
}

fn sources(kind: ResourceType, ids: &[String]) -> Result<Vec<SourceId>, Error> {
    let source = |id: &String| match kind {
        ResourceType::SourceServer => SourceId::parse(id).map_err(|_| Error::NoResource(id.clone())),
        ResourceType::ReplicationJob => Err(Error::NoResource(id.clone())),
    };
    ids.iter().map(source).collect()
}

/// A `NextToken` of 32 hexadecimal digits, as the official samples have: the last resource of the page,
/// its 20 characters of `[a-z0-9]` read as a number.
fn token(last: &SourceId) -> String {
    let tail = last.as_str().trim_start_matches(SourceId::PREFIX);
    format!("{:032x}", u128::from_str_radix(tail, 36).unwrap_or_default())
}

fn position(token: &str) -> Result<SourceId, Error> {
    let refused = || Error::Meaning {
        code: "InvalidParameter.NextToken",
        message: "the NextToken is not one that ListTagResources gave out".to_owned(),
    };
    if token.len() != 32 {
        return Err(refused());
    }
    let mut rest = u128::from_str_radix(token, 16).map_err(|_| refused())?;
    let mut tail = [b'0'; 20];
    for place in tail.iter_mut().rev() {
        let digit = u32::try_from(rest % 36).ok().and_then(|digit| char::from_digit(digit, 36));
        *place = u8::try_from(digit.ok_or_else(refused)?).map_err(|_| refused())?;
        rest /= 36;
    }
    let tail = std::str::from_utf8(&tail).map_err(|_| refused())?;
    if rest != 0 { Err(refused()) } else { SourceId::parse(&format!("s-{tail}")).map_err(|_| refused()) }
}

#[cfg(test)]
mod tests {
    use super::{position, token};
    use crate::SourceId;

    #[test]
    fn a_page_goes_on_where_the_last_ended() {
        for seed in [[0; 32], [255; 32], [77; 32], std::array::from_fn(|i| u8::try_from(i * 5).unwrap())] {
            let id = SourceId::from_random(&seed);
            assert_eq!(token(&id).len(), 32);
            assert_eq!(position(&token(&id)).unwrap(), id);
        }
        for text in ["", "0", &"f".repeat(32), &"g".repeat(32), "名"] {
            assert_eq!(position(text).unwrap_err().code(), "InvalidParameter.NextToken", "{text}");
        }
    }
}
