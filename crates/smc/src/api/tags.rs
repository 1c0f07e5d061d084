//! Tags in the words of the contract.

use smc_model::generated::{
    shared::ResourceType,
    tag::{
        ListTagResourcesRequest, ListTagResourcesResponse, TagResource, TagResourceList, TagResourcesRequest,
        TagResourcesResponse, UntagResourcesRequest, UntagResourcesResponse,
    },
};

use crate::{
    JobId, SourceId,
    account::Caller,
    ports::{Clock, Random, Store},
    registry::{Error, Registry, Resources},
    tag::{Tag, TagFilter},
};

/// What replies call the type of a source, other than requests.
const SOURCE_TYPE: &str = "ALIYUN::SMC::SOURCESERVER";
/// The same for a job, by analogy: no document shows it.
const JOB_TYPE: &str = "ALIYUN::SMC::REPLICATIONJOB";

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn tag_resources(
        &self,
        caller: &Caller,
        request: TagResourcesRequest,
    ) -> Result<TagResourcesResponse, Error> {
        let resources = resources(request.resource_type, &request.resource_id)?;
        let tags = request.tag.into_iter().map(|pair| Tag { key: pair.key, value: pair.value }).collect();
        self.tag(caller.account, resources, tags).await?;
        Ok(TagResourcesResponse {})
    }

    pub(super) async fn untag_resources(
        &self,
        caller: &Caller,
        request: UntagResourcesRequest,
    ) -> Result<UntagResourcesResponse, Error> {
        let resources = resources(request.resource_type, &request.resource_id)?;
        self.untag(caller.account, resources, request.tag_key, request.all).await?;
        Ok(UntagResourcesResponse {})
    }

    pub(super) async fn list_tag_resources(
        &self,
        caller: &Caller,
        request: ListTagResourcesRequest,
    ) -> Result<ListTagResourcesResponse, Error> {
        let kind = match request.resource_type {
            ResourceType::SourceServer => Kind { prefix: SourceId::PREFIX, word: SOURCE_TYPE },
            ResourceType::ReplicationJob => Kind { prefix: JobId::PREFIX, word: JOB_TYPE },
        };
        let among = resources(request.resource_type, &request.resource_id)?;
        let after = request.next_token.as_deref().map(|token| kind.position(token)).transpose()?;
        let filter =
            request.tag.into_iter().map(|tag| TagFilter { key: tag.key, value: tag.value }).collect();
        let page = self.list_tags(caller.account, among, filter, after).await?;
        let items = page.tags.into_iter().map(|on| TagResource {
            resource_id: on.resource,
            resource_type: kind.word.to_owned(),
            tag_key: on.tag.key,
            tag_value: on.tag.value,
        });
        Ok(ListTagResourcesResponse {
            tag_resources: TagResourceList { items: items.collect() },
            next_token: page.next.as_deref().map(|last| kind.token(last)).unwrap_or_default(),
        })
    }
}

/// Ids that are not in the form of an id of the kind name nothing.
fn resources(kind: ResourceType, ids: &[String]) -> Result<Resources, Error> {
    let missing = |id: &String| Error::NoResource(id.clone());
    Ok(match kind {
        ResourceType::SourceServer => {
            let parsed = ids.iter().map(|id| SourceId::parse(id).map_err(|_| missing(id)));
            Resources::Sources(parsed.collect::<Result<_, _>>()?)
        }
        ResourceType::ReplicationJob => {
            let parsed = ids.iter().map(|id| JobId::parse(id).map_err(|_| missing(id)));
            Resources::Jobs(parsed.collect::<Result<_, _>>()?)
        }
    })
}

/// A kind of resource: how its ids begin, and what replies call it.
#[derive(Clone, Copy)]
struct Kind {
    prefix: &'static str,
    word: &'static str,
}

impl Kind {
    /// A `NextToken` of 32 hexadecimal digits, as the official samples have: the last resource of the page,
    /// its 20 characters of `[a-z0-9]` read as a number.
    fn token(self, last: &str) -> String {
        let tail = last.strip_prefix(self.prefix).unwrap_or_default();
        format!("{:032x}", u128::from_str_radix(tail, 36).unwrap_or_default())
    }

    /// The resource that a `NextToken` stands for.
    fn position(self, token: &str) -> Result<String, Error> {
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
        if rest != 0 { Err(refused()) } else { Ok(format!("{}{tail}", self.prefix)) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, SOURCE_TYPE};
    use crate::SourceId;

    #[test]
    fn a_page_goes_on_where_the_last_ended() {
        let kind = Kind { prefix: SourceId::PREFIX, word: SOURCE_TYPE };
        for seed in [[0; 32], [255; 32], [77; 32], std::array::from_fn(|i| u8::try_from(i * 5).unwrap())] {
            let id = SourceId::from_random(&seed);
            let token = kind.token(id.as_str());
            assert_eq!(token.len(), 32);
            assert_eq!(kind.position(&token).unwrap(), id.as_str());
        }
        for text in ["", "0", &"f".repeat(32), &"g".repeat(32), "名"] {
            assert_eq!(kind.position(text).unwrap_err().code(), "InvalidParameter.NextToken", "{text}");
        }
    }
}
