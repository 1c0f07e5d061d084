//! Workgroups by the operations of the contract: limits, names, members, idempotence.

use serde_json::Value;
use smc::{
    ImageId, JobId,
    job::{CheckKind, ImageCheck},
    ports::Clock,
    registry::keep_image_check,
};

use crate::harness::{World, call, on_both_engines};

async fn create(world: &World, params: &[(&str, &str)]) -> Result<String, String> {
    call(world, "CreateWorkgroup", params)
        .await
        .map(|reply| reply["WorkgroupId"].as_str().unwrap().to_owned())
}

async fn listed(world: &World, params: &[(&str, &str)]) -> Vec<Value> {
    let reply = call(world, "DescribeWorkgroups", params).await.unwrap();
    let items = reply["Workgroups"]["Workgroup"].as_array().unwrap().clone();
    assert_eq!(reply["TotalCount"], items.len());
    items
}

#[test]
fn a_group_is_created_filled_seen_emptied_and_deleted() {
    on_both_engines(|world| async move {
        let code = world.code(5, 9).await;
        let (one, two) = (world.source(&code, 1).await, world.source(&code, 2).await);
        let (one, two) = (one.as_str(), two.as_str());
        let id = create(&world, &[("Name", "rack.7"), ("Tag.1.Key", "env"), ("Tag.1.Value", "lab")])
            .await
            .unwrap();
        assert!(id.starts_with("w-"));
        let both = [("WorkgroupId", id.as_str()), ("SourceId.1", one), ("SourceId.2", two)];
        call(&world, "AssociateSourceServers", &both).await.unwrap();
        call(&world, "AssociateSourceServers", &both).await.unwrap();

        let group = listed(&world, &[("Tag.1.Key", "env"), ("Status", "NotStarted")]).await.remove(0);
        assert_eq!((&group["Name"], &group["Status"]), (&"rack.7".into(), &"NotStarted".into()));
        let warning = &group["Warnings"]["Warning"][0];
        assert_eq!(warning["WarningType"], "UnRelated");
        assert_eq!(warning["SourceIds"]["SourceId"].as_array().unwrap().len(), 2);
        assert!(listed(&world, &[("Status", "Completed")]).await.is_empty());
        assert!(listed(&world, &[("Name", "rack")]).await.is_empty());

        let by_group = [("WorkgroupId", id.as_str())];
        let sources = call(&world, "DescribeSourceServers", &by_group).await.unwrap();
        assert_eq!(sources["TotalCount"], 2);
        assert_eq!(sources["SourceServers"]["SourceServer"][0]["WorkgroupId"], id);
        assert_eq!(call(&world, "DeleteWorkgroup", &by_group).await.unwrap_err(), "Workgroup.NotEmpty");

        call(&world, "DisassociateSourceServers", &both[..2]).await.unwrap();
        call(&world, "DeleteSourceServer", &[("SourceId", two)]).await.unwrap();
        assert_eq!(call(&world, "DescribeSourceServers", &by_group).await.unwrap()["TotalCount"], 0);
        call(&world, "DeleteWorkgroup", &by_group).await.unwrap();
        assert!(listed(&world, &[]).await.is_empty());
        assert_eq!(
            call(&world, "DeleteWorkgroup", &by_group).await.unwrap_err(),
            "InvalidWorkgroupId.NotFound"
        );
    });
}

#[test]
fn a_source_is_in_one_group_and_a_name_on_one() {
    on_both_engines(|world| async move {
        let code = world.code(5, 9).await;
        let (one, two) = (world.source(&code, 1).await, world.source(&code, 2).await);
        let a = create(&world, &[("Name", "aa")]).await.unwrap();
        let b = create(&world, &[("Name", "bb"), ("Description", "second")]).await.unwrap();
        assert_eq!(create(&world, &[("Name", "aa")]).await.unwrap_err(), "WorkgroupName.Duplicate");
        create(&world, &[]).await.unwrap();
        create(&world, &[]).await.unwrap();
        let rename = [("WorkgroupId", b.as_str()), ("Name", "aa")];
        assert_eq!(
            call(&world, "ModifyWorkgroupAttribute", &rename).await.unwrap_err(),
            "WorkgroupName.Duplicate"
        );
        call(&world, "ModifyWorkgroupAttribute", &[("WorkgroupId", b.as_str()), ("Name", "cc")])
            .await
            .unwrap();
        assert_eq!(listed(&world, &[("WorkgroupId.1", b.as_str())]).await[0]["Description"], "second");

        let join = |group: &str, source: &str| {
            vec![("WorkgroupId".to_owned(), group.to_owned()), ("SourceId.1".to_owned(), source.to_owned())]
        };
        for (group, sources, code) in [
            (a.as_str(), vec![one.as_str()], None),
            (b.as_str(), vec![two.as_str(), one.as_str()], Some("SourceServer.InWorkgroup")),
            (b.as_str(), vec![two.as_str(), "s-00000000000000000000"], Some("InvalidSourceId.NotFound")),
            ("w-00000000000000000000", vec![two.as_str()], Some("InvalidWorkgroupId.NotFound")),
            (b.as_str(), vec![two.as_str()], None),
        ] {
            let mut params = join(group, sources[0]);
            params.extend(sources.get(1).map(|source| ("SourceId.2".to_owned(), (*source).to_owned())));
            let params: Vec<_> = params.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            let refused = call(&world, "AssociateSourceServers", &params).await.err();
            assert_eq!(refused.as_deref(), code, "{params:?}");
        }
        let others = World { caller: world.other.clone(), ..world };
        assert!(listed(&others, &[]).await.is_empty());
        let foreign = [("WorkgroupId", a.as_str())];
        assert_eq!(
            call(&others, "DeleteWorkgroup", &foreign).await.unwrap_err(),
            "InvalidWorkgroupId.NotFound"
        );
        assert_eq!(call(&others, "DescribeSourceServers", &foreign).await.unwrap()["TotalCount"], 0);
    });
}

#[test]
fn the_same_call_again_gives_the_same_group_and_the_quota_holds() {
    on_both_engines(|world| async move {
        let first = create(&world, &[("Name", "aa"), ("ClientToken", "t-1")]).await.unwrap();
        assert_eq!(create(&world, &[("Name", "aa"), ("ClientToken", "t-1")]).await.unwrap(), first);
        assert_eq!(
            create(&world, &[("Name", "bb"), ("ClientToken", "t-1")]).await.unwrap_err(),
            "IdempotentParameterMismatch"
        );
        for _ in 1..50 {
            create(&world, &[]).await.unwrap();
        }
        assert_eq!(create(&world, &[]).await.unwrap_err(), "QuotaExceeded.Workgroup");
        let last =
            call(&world, "DescribeWorkgroups", &[("PageNumber", "3"), ("PageSize", "20")]).await.unwrap();
        assert_eq!(last["TotalCount"], 50);
        assert_eq!(last["Workgroups"]["Workgroup"].as_array().unwrap().len(), 10);
    });
}

#[test]
fn a_group_holds_fifty_sources() {
    on_both_engines(|world| async move {
        let code = world.code(60, 9).await;
        let id = create(&world, &[]).await.unwrap();
        for number in 0..51 {
            let source = world.source(&code, number).await;
            let params = [("WorkgroupId", id.as_str()), ("SourceId.1", source.as_str())];
            let refused = call(&world, "AssociateSourceServers", &params).await.err();
            assert_eq!(refused.as_deref(), (number == 50).then_some("QuotaExceeded.WorkgroupSourceServer"));
        }
    });
}

#[test]
fn an_image_that_failed_its_test_is_a_warning_until_one_passes() {
    on_both_engines(|world| async move {
        let code = world.code(1, 9).await;
        let source = world.source(&code, 1).await;
        let group = create(&world, &[]).await.unwrap();
        call(&world, "AssociateSourceServers", &[("WorkgroupId", &group), ("SourceId.1", source.as_str())])
            .await
            .unwrap();
        let parameters = [("RegionId", "cn-hangzhou"), ("SourceId", source.as_str())];
        let job = call(&world, "CreateReplicationJob", &parameters).await.unwrap();
        let job = JobId::parse(job["JobId"].as_str().unwrap()).unwrap();
        world.registry.start_job(&world.caller, job.clone()).await.unwrap();
        let (image, _) = world.run_through(&job).await;

        let found = |kind, passed| {
            let check = ImageCheck::new(kind, world.registry.clock().now(), passed, "what was seen");
            let id = image.id.clone();
            world.database.write(move |tx| keep_image_check(tx, &id, &check))
        };
        let warned = || async {
            let warnings = listed(&world, &[]).await[0]["Warnings"]["Warning"].as_array().unwrap().clone();
            warnings.iter().any(|warning| {
                warning["WarningType"] == "NotPassed"
                    && warning["SourceIds"]["SourceId"] == serde_json::json!([source.as_str()])
            })
        };
        assert!(!warned().await);
        for (kind, passed, expected) in [
            (CheckKind::TestBoot, false, true),
            (CheckKind::Verification, true, true),
            (CheckKind::TestBoot, true, false),
            (CheckKind::Verification, false, true),
            (CheckKind::Verification, true, false),
        ] {
            assert!(found(kind, passed).await.unwrap());
            assert_eq!(warned().await, expected, "{kind:?} {passed}");
        }
        let images = call(&world, "DescribeImages", &[]).await.unwrap();
        let checks = images["Images"]["Image"][0]["Checks"]["Check"].as_array().unwrap().clone();
        assert_eq!(checks.len(), 2, "of each kind the latest: {checks:?}");
        assert_eq!((&checks[0]["Result"], &checks[0]["Detail"]), (&"Passed".into(), &"what was seen".into()));
        let unknown = ImageId::from_random(&[9; 32]);
        let check = ImageCheck::new(CheckKind::TestBoot, world.registry.clock().now(), true, "");
        let kept = world.database.write(move |tx| keep_image_check(tx, &unknown, &check)).await.unwrap();
        assert!(!kept, "there is no record to keep it with");
    });
}
