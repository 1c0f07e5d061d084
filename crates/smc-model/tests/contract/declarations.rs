//! What must hold of every declaration.

use insta::assert_snapshot;
use smc_model::{ErrorEntry, Kind, Operation, Parameter, error, operation, operations, validate, versions};

use crate::sample;

#[test]
fn both_versions_have_all_their_operations() {
    assert_eq!(versions(), ["2019-06-01", "2026-11-24"]);
    let count = |version| operations().iter().filter(|operation| operation.version == version).count();
    assert_eq!((count("2019-06-01"), count("2026-11-24")), (24, 23));
    for declared in operations() {
        assert!(std::ptr::eq(operation(declared.version, declared.name).unwrap(), *declared));
    }
}

#[test]
fn operations_are_found_by_their_exact_name_in_their_own_version() {
    for (version, action) in [
        ("2019-06-01", "createaccesstoken"),
        ("2019-06-01", "CreateAccessToken "),
        ("2019-06-01", "DescribeAccessToken"),
        ("2026-11-24", "CreateAccessToken"),
        ("2019-06-02", "CreateAccessToken"),
        ("", ""),
    ] {
        assert!(operation(version, action).is_none(), "{version} {action}");
    }
}

#[test]
fn what_is_built_is_a_visible_list() {
    let built = |built| {
        let names: Vec<_> = operations().iter().filter(|o| o.built == built).map(|o| o.name).collect();
        names.join(" ")
    };
    assert_snapshot!(built(true), @"AssociateSourceServers CreateAccessToken CreateReplicationJob CreateWorkgroup CutOverReplicationJob DeleteAccessToken DeleteReplicationJob DeleteSourceServer DeleteWorkgroup DescribeReplicationJobs DescribeSourceServers DescribeWorkgroups DisableAccessToken DisassociateSourceServers ListAccessTokens ListTagResources ModifyReplicationJobAttribute ModifySourceServerAttribute ModifyWorkgroupAttribute StartReplicationJob StopReplicationJob TagResources UntagResources AttachPolicyToUser CreateAccessKey CreatePolicy CreateSignInLink CreateUser DeleteAccessKey DeletePolicy DeleteUser DescribeAccessToken DescribeImages DescribeSourceServer DetachPolicyFromUser FollowReplicationJobs GetAgentEndpoint GetPolicy ListAccessKeys ListAuditEvents ListPolicies ListPoliciesForUser ListUsers SimulateAccess UpdateAccessKey UpdatePolicy");
    assert_snapshot!(built(false), @"CreateCrossZoneMigrationJob");
}

#[test]
fn every_default_and_example_obeys_the_rule_it_illustrates() {
    for operation in operations() {
        for parameter in all_parameters(operation) {
            for value in
                [parameter.default, parameter.example].into_iter().flatten().filter(|v| !v.is_empty())
            {
                let name = parameter.path.replace(".N", ".1");
                // Whatever else is missing is not the question; only this value must not be what is refused.
                if let Err(violation) = validate(operation, &[(name.clone(), value.to_owned())]) {
                    assert!(
                        violation.message.contains("not supplied") && violation.parameter != name,
                        "{} of {}: {violation}",
                        parameter.path,
                        operation.name
                    );
                }
            }
        }
    }
}

#[test]
fn every_code_an_operation_lists_is_explained() {
    for operation in operations() {
        for code in operation.errors {
            let entry = error(code).unwrap_or_else(|| panic!("{code} of {} has no entry", operation.name));
            assert!((400..=599).contains(&entry.status));
            assert!(
                !entry.cause.is_empty() && !entry.remedy.is_empty() && !entry.message.is_empty(),
                "{code}"
            );
        }
    }
}

#[test]
fn codes_of_jobs_are_explained() {
    let entry = smc_model::job_error("Staging.NoSpace").unwrap();
    assert!(entry.remedy.contains("start the job again"), "{entry:?}");
    assert_eq!(smc_model::job_error("Staging"), None);
}

#[test]
fn codes_are_found_exactly_or_by_family() {
    let found = |code| error(code).map(|entry: &ErrorEntry| (entry.code, entry.status));
    for (code, expected) in [
        ("InternalError", Some(("InternalError", 500))),
        ("InvalidParameter.Count", Some(("InvalidParameter.{Parameter}", 400))),
        ("MissingParameter.ResourceType", Some(("MissingParameter.{Parameter}", 400))),
        ("InvalidAccessTokenId.NotFound", Some(("InvalidAccessTokenId.NotFound", 404))),
        ("UnsupportedFeature.JobType", Some(("UnsupportedFeature.{Feature}", 400))),
        ("InvalidParameter.", None),
        ("InvalidParameter", None),
        ("InvalidParameter.a.b", None),
        ("", None),
    ] {
        assert_eq!(found(code), expected, "{code}");
    }
}

#[test]
fn messages_are_rendered_with_their_values() {
    let entry = error("SourceServerState.Invalid").unwrap();
    assert_snapshot!(
        entry.render(&[("current", "Unavailable"), ("allowed", "Available")]),
        @"The migration source is in the state Unavailable; the operation needs Available."
    );
}

#[test]
fn policies_are_asked_about_what_a_call_names() {
    for (action, params, expected) in [
        ("CreateAccessToken", &[][..], &["*"][..]),
        ("DisableAccessToken", &[("AccessTokenId", "at-1")], &["*"]),
        ("DescribeSourceServers", &[("SourceId.1", "s-1")], &["sourceServer/*"]),
        ("DeleteSourceServer", &[("SourceId", "s-1")], &["sourceServer/s-1"]),
        (
            "CreateReplicationJob",
            &[("SourceId", "s-1"), ("RegionId", "r")],
            &["sourceServer/s-1", "replicationJob/*"],
        ),
        (
            "UntagResources",
            &[("ResourceType", "sourceserver"), ("ResourceId.1", "s-1"), ("ResourceId.4", "s-2")],
            &["sourceServer/s-1", "sourceServer/s-2"],
        ),
        (
            "UntagResources",
            &[("ResourceType", "replicationjob"), ("ResourceId.1", "j-1")],
            &["replicationJob/j-1"],
        ),
        ("ListTagResources", &[("ResourceType", "sourceserver")], &["sourceServer/*"]),
    ] {
        let operation = operation("2019-06-01", action).unwrap();
        let object = validate(operation, &crate::pairs(params)).unwrap();
        let names = operation.resource_names("cn-hangzhou", "1234567890123456", &object);
        let expected: Vec<_> = expected
            .iter()
            .map(|relative| format!("acs:smc:cn-hangzhou:1234567890123456:{relative}"))
            .collect();
        assert_eq!(names, expected, "{action}");
    }
}

#[test]
fn every_operation_asks_a_policy_about_something() {
    for operation in operations() {
        let object = validate(operation, &sample::smallest(operation)).unwrap();
        assert!(!operation.resource_names("r", "1", &object).is_empty(), "{}", operation.name);
    }
}

fn all_parameters(operation: &Operation) -> Vec<&'static Parameter> {
    let mut found: Vec<&'static Parameter> = operation.parameters.iter().collect();
    let mut next = 0;
    while let Some(parameter) = found.get(next) {
        if let Kind::Object(members) = parameter.kind {
            found.extend(members);
        }
        next += 1;
    }
    found
}
