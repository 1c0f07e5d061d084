//! The emulator's controls.

use center::{
    clock::SystemClock,
    server::{Config, Running, StartError},
};

use crate::harness::{Center, config, identities_by};

#[tokio::test]
async fn a_reset_leaves_nothing_to_see() {
    let center = Center::start_emulator().await;
    center.code(&[]).await;
    center.advance(40 * 86_400).await;
    center.post("/_landfall/reset", "").await.ok();
    for action in ["ListAccessTokens", "DescribeSourceServers"] {
        assert_eq!(center.call(action, &[]).await.ok()["TotalCount"], 0, "{action}");
    }
    let events = center.call("ListAuditEvents", &[]).await.ok();
    assert!(events["AuditEvents"]["AuditEvent"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn moving_the_clock_expires_codes() {
    let center = Center::start_emulator().await;
    center.code(&[("TimeToLiveInDays", "30")]).await;
    center.advance(30 * 86_400).await;
    let listed = center.call("ListAccessTokens", &[("Status", "expired")]).await.ok();
    assert_eq!(listed["TotalCount"], 1);
}

#[tokio::test]
async fn an_emulator_whose_clock_was_moved_starts_again_with_the_right_time() {
    let center = Center::start_emulator().await;
    center.advance(40 * 86_400).await;
    let (ahead, _) = center.code(&[("TimeToLiveInDays", "30")]).await;
    let Center { running, directory, key } = center;
    running.stop().await;
    let again = Config { emulator: true, ..config(directory.path()) };
    let center = Center::again(Running::start(again).await.unwrap(), directory, key);
    let code = center.call("ListAccessTokens", &[("AccessTokenId.1", &ahead)]).await.ok();
    assert_eq!(code["TotalCount"], 1);
    let now = center.post("/_landfall/clock", r#"{"advance":"0s"}"#).await.ok()["now"].to_string();
    let created = code["AccessTokens"]["AccessToken"][0]["CreationTime"].to_string();
    assert!(now < created, "{now} {created}");
}

#[tokio::test]
async fn a_clock_that_was_set_back_stops_a_real_center() {
    let Center { running, directory, .. } = Center::start().await;
    running.stop().await;
    let ahead = SystemClock::default();
    ahead.advance(3_600);
    let identities = identities_by(&config(directory.path()), ahead).await;
    let account = identities.accounts().await.unwrap()[0].id;
    identities.create_key(account, None).await.unwrap();
    drop(identities);
    let refused = Running::start(config(directory.path())).await.err().unwrap();
    assert!(matches!(refused, StartError::ClockSetBack { .. }), "{refused}");
}

#[tokio::test]
async fn faults_strike_as_asked() {
    let center = Center::start_emulator().await;
    let fault = r#"{"operation":"CreateAccessToken","status":503,"code":"ServiceUnavailable","times":1}"#;
    center.post("/_landfall/faults", fault).await.ok();
    assert_eq!(center.call("CreateAccessToken", &[]).await.refused(), (503, "ServiceUnavailable"));
    center.call("CreateAccessToken", &[]).await.ok();
    for bad in ["", "{}", r#"{"operation":"Nothing"}"#] {
        assert_eq!(center.post("/_landfall/faults", bad).await.status, 400, "{bad}");
    }
    assert_eq!(center.post("/_landfall/clock", r#"{"advance":"soon"}"#).await.status, 400);
}

#[tokio::test]
async fn an_ordinary_center_has_no_controls() {
    let center = Center::start().await;
    for control in ["reset", "clock", "faults"] {
        assert_eq!(center.post(&format!("/_landfall/{control}"), "{}").await.status, 404, "{control}");
    }
}

#[tokio::test]
async fn the_key_that_everybody_knows_stays_out_of_real_databases() {
    let Center { running, directory, .. } = Center::start().await;
    running.stop().await;
    let emulator = |directory: &std::path::Path| Config { emulator: true, ..config(directory) };
    let refused = Running::start(emulator(directory.path())).await.err().unwrap();
    assert!(matches!(refused, StartError::EmulatorOnRealData), "{refused}");
    Running::start(config(directory.path())).await.unwrap().stop().await;

    let Center { running, directory, .. } = Center::start_emulator().await;
    running.stop().await;
    let refused = Running::start(config(directory.path())).await.err().unwrap();
    assert!(matches!(refused, StartError::RealOnEmulatorData), "{refused}");
    Running::start(emulator(directory.path())).await.unwrap().stop().await;
}
