//! Every required parameter of every operation is required.

use insta::assert_snapshot;
use smc_model::{Presence, operations, validate};

use crate::sample;

#[test]
fn every_operation_refuses_a_call_without_each_required_parameter() {
    let mut seen = Vec::new();
    for operation in operations() {
        let call = sample::smallest(operation);
        validate(operation, &call).unwrap_or_else(|violation| panic!("{}: {violation}", operation.name));
        for parameter in operation.parameters.iter().filter(|p| p.presence == Presence::Required) {
            let is_it = |name: &str| name.split('.').next() == Some(parameter.name);
            let without: Vec<_> = call.iter().filter(|(name, _)| !is_it(name)).cloned().collect();
            let emptied: Vec<_> = call
                .iter()
                .map(|(name, value)| (name.clone(), if is_it(name) { String::new() } else { value.clone() }))
                .collect();
            for params in [without, emptied] {
                assert!(params != call);
                let violation = validate(operation, &params).unwrap_err();
                assert_eq!(
                    (violation.status, violation.code.as_str(), violation.parameter.as_str()),
                    (400, format!("MissingParameter.{}", parameter.code_name).as_str(), parameter.name),
                    "{}",
                    operation.name
                );
            }
            seen.push(format!("{}: {}", operation.name, parameter.path));
        }
    }
    // From the public contract, not from the table: a requirement that gets lost shows here.
    assert_snapshot!(seen.join("\n"), @r"
    AssociateSourceServers: SourceId.N
    AssociateSourceServers: WorkgroupId
    CreateCrossZoneMigrationJob: RegionId
    CreateReplicationJob: RegionId
    CreateReplicationJob: SourceId
    CutOverReplicationJob: JobId
    DeleteAccessToken: AccessTokenId
    DeleteReplicationJob: JobId
    DeleteSourceServer: SourceId
    DeleteWorkgroup: WorkgroupId
    DisableAccessToken: AccessTokenId
    DisassociateSourceServers: SourceId.N
    DisassociateSourceServers: WorkgroupId
    ListTagResources: ResourceType
    ModifyReplicationJobAttribute: JobId
    ModifySourceServerAttribute: SourceId
    ModifyWorkgroupAttribute: WorkgroupId
    StartReplicationJob: JobId
    StopReplicationJob: JobId
    TagResources: ResourceId.N
    TagResources: ResourceType
    TagResources: Tag.N
    UntagResources: ResourceId.N
    UntagResources: ResourceType
    AttachPolicyToUser: PolicyName
    AttachPolicyToUser: UserName
    CreatePolicy: PolicyDocument
    CreatePolicy: PolicyName
    CreateUser: UserName
    DeleteAccessKey: UserAccessKeyId
    DeletePolicy: PolicyName
    DeleteUser: UserName
    DescribeAccessToken: AccessTokenId
    DescribeSourceServer: SourceId
    DetachPolicyFromUser: PolicyName
    DetachPolicyFromUser: UserName
    GetPolicy: PolicyName
    ListPoliciesForUser: UserName
    SimulateAccess: ActionName
    UpdateAccessKey: UserAccessKeyId
    UpdateAccessKey: Status
    UpdatePolicy: PolicyDocument
    UpdatePolicy: PolicyName
    ");
}

#[test]
fn what_a_value_makes_necessary_is_required() {
    for (action, params, expected) in [
        ("CreateReplicationJob", &[("RunOnce", "False")][..], Some("MissingParameter.Frequency")),
        (
            "CreateReplicationJob",
            &[("RunOnce", "false"), ("Frequency", "1")],
            Some("MissingParameter.MaxNumberOfImageToKeep"),
        ),
        (
            "CreateReplicationJob",
            &[("RunOnce", "false"), ("Frequency", "1"), ("MaxNumberOfImageToKeep", "1")],
            None,
        ),
        ("CreateReplicationJob", &[("RunOnce", "true")], None),
        ("CreateReplicationJob", &[], None),
        ("CreateReplicationJob", &[("NetMode", "2")], Some("MissingParameter.VSwitchId")),
        ("CreateReplicationJob", &[("TargetType", "targetinstance")], Some("MissingParameter.InstanceId")),
        (
            "CreateReplicationJob",
            &[("SystemDiskPart.1.Device", "0_1")],
            Some("MissingParameter.SystemDiskPartSizeBytes"),
        ),
        (
            "CreateReplicationJob",
            &[("DataDisk.1.Part.3.SizeBytes", "1")],
            Some("MissingParameter.DataDiskPartDevice"),
        ),
        ("DescribeSourceServers", &[("Tag.1.Value", "v")], Some("InvalidParameter.TagValue")),
    ] {
        let operation = smc_model::operation("2019-06-01", action).unwrap();
        let mut call = sample::smallest(operation);
        call.extend(crate::pairs(params));
        let code = validate(operation, &call).err().map(|violation| violation.code);
        assert_eq!(code.as_deref(), expected, "{params:?}");
    }
}
