//! `landfall api`.

use crate::bench::{Bench, assert_told};

#[test]
fn replies_are_printed_as_they_are() {
    let bench = Bench::new();
    let told = bench.session(&[
        "api CreateAccessToken --Name wave-1 --Count 5",
        "api ListAccessTokens --Name wave-1",
        "api --format xml ListAccessTokens --Name none",
        "api ListAccessTokens --Name=none --format=XML",
        "api ListTagResources --ResourceType sourceserver --Tag.1.Key env",
    ]);
    assert_told!(told, @r#"
    $ landfall api CreateAccessToken --Name wave-1 --Count 5
    {
      "AccessTokenCode": "CODE",
      "AccessTokenId": "at-ID",
      "RequestId": "REQUEST-ID"
    }

    $ landfall api ListAccessTokens --Name wave-1
    {
      "AccessTokens": {
        "AccessToken": [
          {
            "AccessTokenId": "at-ID",
            "Count": "5",
            "CreationTime": "TIME",
            "Description": "",
            "Name": "wave-1",
            "RegisteredCount": "0",
            "Status": "activated",
            "TimeToLiveInDays": "30"
          }
        ]
      },
      "PageNumber": 1,
      "PageSize": 1,
      "RequestId": "REQUEST-ID",
      "TotalCount": 1
    }

    $ landfall api --format xml ListAccessTokens --Name none
    <?xml version='1.0' encoding='UTF-8'?><ListAccessTokensResponse><RequestId>REQUEST-ID</RequestId><AccessTokens></AccessTokens><PageNumber>1</PageNumber><PageSize>0</PageSize><TotalCount>0</TotalCount></ListAccessTokensResponse>

    $ landfall api ListAccessTokens --Name=none --format=XML
    <?xml version='1.0' encoding='UTF-8'?><ListAccessTokensResponse><RequestId>REQUEST-ID</RequestId><AccessTokens></AccessTokens><PageNumber>1</PageNumber><PageSize>0</PageSize><TotalCount>0</TotalCount></ListAccessTokensResponse>

    $ landfall api ListTagResources --ResourceType sourceserver --Tag.1.Key env
    {
      "NextToken": "",
      "RequestId": "REQUEST-ID",
      "TagResources": {
        "TagResource": []
      }
    }
    "#);
}

#[test]
fn refusals_tell_code_request_and_remedy_in_both_formats() {
    let bench = Bench::new();
    let told = bench.session(&[
        "api CreateAccessToken --Count 1e2",
        "api CreateAccessToken --Count 1e2 --format xml",
        "api DisableAccessToken --AccessTokenId at-00000000000000000000",
        "api DisableAccessToken",
        "api CreateCrossZoneMigrationJob --RegionId x",
    ]);
    assert_told!(told, @r#"
    $ landfall api CreateAccessToken --Count 1e2
    | landfall: CreateAccessToken was refused (400 InvalidParameter.Count): Specified parameter Count is not valid: it must be a whole number from 1 to 1000, but was "1e2".
    |  what to do: Send a value within the rule; the operation reference lists it.
    |  request id: REQUEST-ID
    [exit 1]

    $ landfall api CreateAccessToken --Count 1e2 --format xml
    | landfall: CreateAccessToken was refused (400 InvalidParameter.Count): Specified parameter Count is not valid: it must be a whole number from 1 to 1000, but was "1e2".
    |  what to do: Send a value within the rule; the operation reference lists it.
    |  request id: REQUEST-ID
    [exit 1]

    $ landfall api DisableAccessToken --AccessTokenId at-ID
    | landfall: DisableAccessToken was refused (404 InvalidAccessTokenId.NotFound): the account has no activation code at-ID
    |  what to do: List the codes and use an id from there.
    |  request id: REQUEST-ID
    [exit 1]

    $ landfall api DisableAccessToken
    | landfall: DisableAccessToken was refused (400 MissingParameter.AccessTokenId): The input parameter "AccessTokenId" that is mandatory for processing this request is not supplied.
    |  what to do: Send the parameter.
    |  request id: REQUEST-ID
    [exit 1]

    $ landfall api CreateCrossZoneMigrationJob --RegionId x
    | landfall: CreateCrossZoneMigrationJob was refused (501 UnsupportedOperation): CreateCrossZoneMigrationJob is not available on this server yet.
    |  what to do: Use a newer version, or do without the operation.
    |  request id: REQUEST-ID
    [exit 1]
    "#);
}

#[test]
fn slips_are_told_before_anything_is_sent() {
    let mut bench = Bench::new();
    bench.stop();
    let told = bench.session(&[
        "api",
        "api CreateAccesToken",
        "api CreateAccessToken --Cuont 5",
        "api CreateAccessToken --Count",
        "api CreateAccessToken 5",
        "api CreateAccessToken --format yaml",
        "api --frobnicate",
    ]);
    assert_told!(told, @r"
    $ landfall api
    | landfall: landfall api needs an operation; landfall api --list shows them
    [exit 2]

    $ landfall api CreateAccesToken
    | landfall: there is no operation CreateAccesToken (did you mean CreateAccessToken or CreateAccessKey?); landfall api --list shows them
    [exit 2]

    $ landfall api CreateAccessToken --Cuont 5
    | landfall: CreateAccessToken has no parameter Cuont (did you mean --Count?); landfall api CreateAccessToken --help shows them
    [exit 2]

    $ landfall api CreateAccessToken --Count
    | landfall: --Count needs a value after it
    [exit 2]

    $ landfall api CreateAccessToken 5
    | landfall: what comes after CreateAccessToken is written --Name VALUE; this is not: 5
    [exit 2]

    $ landfall api CreateAccessToken --format yaml
    | landfall: invalid value 'yaml' for '--format <FORMAT>'
    [exit 2]

    $ landfall api --frobnicate
    | landfall: there is no operation --frobnicate; landfall api --list shows them
    [exit 2]
    ");
}

#[test]
fn the_reference_needs_neither_key_nor_center() {
    let home = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        let done = crate::bench::bare(home.path()).args(words).output().unwrap();
        crate::bench::Done::from(done)
    };
    assert_told!(run(&["api", "UntagResources", "--help"]).told(), @r"
    UntagResources (2019-06-01)
    Removes tags from resources.

    Removes the tags with the given keys, or all tags. A resource without such tags is left as it is. Keys are case-sensitive.

    Usage: landfall api UntagResources --ResourceId.1 VALUE --ResourceType VALUE [--Parameter VALUE]...

    Parameters
      --All true|false, by default false
          Whether all tags are removed. Counts only when no TagKey is given.
      --ResourceId.N TEXT of 1 to 64 characters, required, N from 1 to 50
          Ids of the resources, all of the kind ResourceType.
      --ResourceType sourceserver|replicationjob, required
          Kind of the resources.
      --TagKey.N TEXT of 1 to 64 characters, N from 1 to 20
          Keys of the tags to remove.

    Reply (beside RequestId)
      nothing

    Errors
      Duplicate.ResourceId  The same ResourceId appears twice in the request.
      Forbidden.Unauthorized  No policy of the caller allows the action on the resource, or one denies it. AccessDeniedDetail says which.
      InternalError  The center failed; nothing the caller sent was wrong.
      InvalidParameter.All  A parameter has a value its rule does not allow, or was sent twice. The code names the parameter, the message the rule and what was sent.
      InvalidParameter.ResourceId  A parameter has a value its rule does not allow, or was sent twice. The code names the parameter, the message the rule and what was sent.
      InvalidParameter.ResourceType  A parameter has a value its rule does not allow, or was sent twice. The code names the parameter, the message the rule and what was sent.
      InvalidParameter.TagKey  A parameter has a value its rule does not allow, or was sent twice. The code names the parameter, the message the rule and what was sent.
      InvalidResourceId.NotFound  The account has no resource of this id and kind.
      InvalidResourceType.NotFound  ResourceType has a value that names no kind of resource.
      MissingParameter.ResourceId  A required parameter is absent or empty.
      MissingParameter.ResourceType  A required parameter is absent or empty.
      NumberExceed.ResourceIds  Too many ResourceId parameters.
      NumberExceed.Tags  Too many tags in the request, or on the resource when these are added.
      ServiceUnavailable  The store of the center is full or cannot be reached.

    RAM action: smc:UntagResources
    ");
    let list = run(&["api", "--list"]).stdout;
    for operation in smc_model::operations() {
        assert!(list.contains(operation.name), "{}", operation.name);
        let help = run(&["api", operation.name, "--help"]);
        assert_eq!(help.code, 0, "{}", help.stderr);
        assert!(help.stdout.contains(operation.summary));
    }
}
