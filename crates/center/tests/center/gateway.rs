//! What a running center refuses before any operation is looked at; the rules themselves are tested in `pop`.

use std::net::Ipv4Addr;

use center::{clock::SystemClock, server::Config};
use pop::{Limits, Rate};

use crate::harness::{Center, Key, config};

async fn limited(limits: Limits) -> Center {
    let directory = tempfile::tempdir().unwrap();
    let config = Config { limits, ..config(directory.path()) };
    Center::start_with(directory, config).await
}

#[tokio::test]
async fn a_request_signed_before_the_start_is_refused_except_by_an_emulator() {
    let before = SystemClock::unmoved().unix() - 60;
    let (real, emulator) = (Center::start().await, Center::start_emulator().await);
    let late = real.call_dated(&real.key, "ListAccessTokens", &[], before).await;
    assert_eq!(late.refused(), (400, "InvalidTimeStamp.Expired"));
    assert!(late.body["Message"].as_str().unwrap().contains("sign the request again"), "{}", late.body);
    real.call("ListAccessTokens", &[]).await.ok();
    emulator.call_dated(&emulator.key, "ListAccessTokens", &[], before).await.ok();
}

#[tokio::test]
async fn who_comes_too_often_is_told_how_long_to_wait() {
    let rate = |burst| Some(Rate { per_second: 1, burst });
    for (address_rate, key_rate, expected) in
        [(rate(2), None, "Throttling"), (None, rate(2), "Throttling.User")]
    {
        let center = limited(Limits { address_rate, key_rate, ..Limits::default() }).await;
        let mut passed = 0;
        let refused = loop {
            let answer = center.call("ListAccessTokens", &[]).await;
            if answer.status != 200 {
                break answer;
            }
            passed += 1;
            assert!(passed < 1_000, "nothing was refused");
        };
        assert!(passed >= 2, "{passed}");
        assert_eq!(refused.refused(), (400, expected));
        assert!(refused.retry_after.is_some_and(|wait| (1..=1_000).contains(&wait)), "{refused:?}");
    }
}

#[tokio::test]
async fn somebody_without_the_secret_does_not_keep_the_holder_of_a_key_out() {
    let center =
        limited(Limits { key_rate: Some(Rate { per_second: 1, burst: 2 }), ..Limits::default() }).await;
    let stranger = Key { id: center.key.id.clone(), secret: "guess".to_owned() };
    let mut codes = Vec::new();
    while codes.last().is_none_or(|code| code != "Throttling.User") {
        codes.push(center.call_as(&stranger, "ListAccessTokens", &[]).await.refused().1.to_owned());
        assert!(codes.len() < 1_000, "nothing was refused");
    }
    assert_eq!(codes[0], "SignatureDoesNotMatch");
    // Here both have one address; a second address shows that what the key itself may do is untouched.
    center.call_from(Ipv4Addr::new(127, 0, 0, 2), "ListAccessTokens").await.ok();
}
