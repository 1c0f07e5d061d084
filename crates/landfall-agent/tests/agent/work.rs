//! What the agent does when its center asks for it.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use agent_api::{HEARTBEAT, INVENTORY, REPLICATE, REPORT, RunEvent};
use landfall_agent::state::WorkState;
use replication::{frame::Settings, progress::Tracking};
use tokio::time::{Instant, sleep};

use crate::{
    copies::Center,
    stand_in::{Call, healthy, refusal},
    working::Source,
};

/// Bytes without a pattern that zstd could find.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

#[tokio::test(start_paused = true)]
async fn runs_are_copied_as_the_center_asks_for_them() {
    let source = Source::new().await;
    let content = noise(1, 3 << 20);
    let disk = source.image("disk.img", &content);
    let copies = Center::new(&[content.len()]);
    source.copies_to(&copies);
    source.order(&disk, Some(("run-1", None)));
    let (run, end) = source.until_ended(1).await;
    let RunEvent::Complete { progress, freeze_ms: 0, healed_bytes: None } = end else { panic!("{end:?}") };
    assert_eq!(run, "run-1");
    assert_eq!(progress.tracking, Tracking::Rescan { reason: "image file".into() });
    assert!(copies.disks.lock().unwrap()[0] == content);
    let before = source.center.calls();
    let stream = before.iter().find(|call| call.path == REPLICATE).unwrap();
    assert_eq!((&stream.body["job"], &stream.body["run"]), (&"j-1".into(), &"run-1".into()));
    assert!(matches!(source.record().unwrap().work, WorkState::Complete { .. }));

    // Between runs nothing is sent; the next one brings what changed.
    source.order(&disk, None);
    sleep(Duration::from_hours(3)).await;
    assert_eq!(source.center.count(REPLICATE), 2);
    let mut content = content;
    content[1 << 20] ^= 1;
    source.image("disk.img", &content);
    let sent = copies.content_bytes.load(SeqCst);
    source.order(&disk, Some(("run-2", Some("run-1"))));
    assert_eq!(source.until_ended(2).await.0, "run-2");
    assert!(copies.disks.lock().unwrap()[0] == content);
    assert_eq!(copies.content_bytes.load(SeqCst) - sent, 4096);
    // A center that has just started may not know of its jobs yet: for a while the disks stay followed.
    source.center.order(None);
    for (minutes, followed) in [(1, true), (2, false)] {
        sleep(Duration::from_mins(minutes)).await;
        assert_eq!(source.record().unwrap().job_id.is_some(), followed);
    }
    source.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_replaced_between_two_runs_is_opened_anew() {
    let source = Source::new().await;
    let (first, second) = (noise(3, 1 << 20), noise(4, 1 << 20));
    let disk = source.image("disk.img", &first);
    let copies = Center::new(&[first.len()]);
    source.copies_to(&copies);
    source.order(&disk, Some(("run-1", None)));
    assert_eq!(source.until_ended(1).await.0, "run-1");
    source.order(&disk, None);
    // As a disk that was taken out and another one put in: the same name and size, and nothing else.
    source.image("other.img", &second);
    std::fs::rename(source.path("other.img"), source.path("disk.img")).unwrap();
    source.order(&disk, Some(("run-2", Some("run-1"))));
    assert_eq!(source.until_ended(2).await.0, "run-2");
    assert!(copies.disks.lock().unwrap()[0] == second);
    source.stop().await;
}

#[tokio::test(start_paused = true)]
async fn another_disk_than_the_jobs_is_refused_once_for_each_run() {
    let source = Source::new().await;
    let mut disk = source.image("disk.img", &noise(2, 1 << 20));
    disk.size_bytes += 512;
    source.copies_to(&Center::new(&[1 << 20]));
    for (count, run) in [(1, "run-1"), (2, "run-2")] {
        source.order(&disk, Some((run, None)));
        let (of, end) = source.until_ended(count).await;
        assert_eq!(of, run);
        let RunEvent::Failed { code, message } = end else { panic!("{end:?}") };
        assert_eq!(code, "Replication.DiskChanged");
        assert!(message.contains("1048576 bytes, and had 1049088"), "{message}");
        sleep(Duration::from_hours(1)).await;
        assert_eq!(source.ends().len(), count);
    }
    assert_eq!(source.center.count(REPLICATE), 0);
    source.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_until_it_is_heard() {
    let source = Source::new().await;
    let mut disk = source.image("disk.img", &noise(6, 1 << 20));
    disk.size_bytes += 512;
    let deaf = |call: &Call| match call.path.as_str() {
        REPORT => refusal(404, "Replication.NotAssigned", "this agent has no such run"),
        _ => healthy(call),
    };
    source.center.obey(deaf);
    source.order(&disk, Some(("run-1", None)));
    source.center.until(REPORT, 4).await;
    source.center.obey(healthy);
    let before = source.center.count(REPORT);
    source.center.until(REPORT, before + 1).await;
    sleep(Duration::from_hours(1)).await;
    assert_eq!(source.center.count(REPORT), before + 1);
    source.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_not_wanted_any_more_ends_at_once() {
    let source = Source::new().await;
    let disk = source.image("disk.img", &noise(3, 8 << 20));
    let copies = Center::new(&[8 << 20]);
    let slow = Settings { bandwidth_bytes_per_second: Some(1000), ..Settings::default() };
    copies.settings.send_replace(slow);
    source.copies_to(&copies);
    source.order(&disk, Some(("run-1", None)));
    let mut streams = source.streams.subscribe();
    streams.wait_for(|open| *open == 2).await.unwrap();
    let begun = Instant::now();
    source.order(&disk, None);
    streams.wait_for(|open| *open == 0).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    sleep(Duration::from_mins(10)).await;
    assert_eq!(source.ends(), []);
    source.stop().await;
}

#[tokio::test(start_paused = true)]
async fn how_a_run_ended_is_told_at_once() {
    let source = Source::new().await;
    let content = noise(6, 1 << 20);
    let disk = source.image("disk.img", &content);
    let copies = Center::new(&[content.len()]);
    source.copies_to(&copies);
    let begun = Instant::now();
    source.order(&disk, Some(("run-1", None)));
    assert!(matches!(source.until_ended(1).await.1, RunEvent::Complete { .. }));
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    source.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_outlives_its_center() {
    let source = Source::new().await;
    let content = noise(4, 8 << 20);
    let disk = source.image("disk.img", &content);
    let copies = Center::new(&[content.len()]);
    let limit = |bytes| Settings { bandwidth_bytes_per_second: bytes, ..Settings::default() };
    copies.settings.send_replace(limit(Some(1 << 20)));
    source.copies_to(&copies);
    source.order(&disk, Some(("run-1", None)));
    sleep(Duration::from_secs(4)).await;
    source.center.die();
    sleep(Duration::from_mins(5)).await;
    assert_eq!(*source.streams.borrow(), 0);
    let before = copies.content_bytes.load(SeqCst);
    assert!((1 << 20..content.len() as u64).contains(&before), "{before}");
    copies.settings.send_replace(limit(None));
    source.center.revive();
    assert!(matches!(source.until_ended(1).await.1, RunEvent::Complete { .. }));
    assert!(copies.disks.lock().unwrap()[0] == content);
    source.stop().await;
}

/// A center that starts anew names the run before it takes it in, and may not have heard that it was complete.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_not_taken_in_yet_is_tried_again() {
    let source = Source::new().await;
    let content = noise(5, 1 << 20);
    let disk = source.image("disk.img", &content);
    source.order(&disk, Some(("run-1", None)));
    sleep(Duration::from_mins(5)).await;
    assert_eq!(source.ends(), []);
    let refused = source.center.count(REPLICATE);
    assert!((8..20).contains(&refused), "{refused}");
    let copies = Center::new(&[content.len()]);
    source.copies_to(&copies);
    assert!(matches!(source.until_ended(1).await.1, RunEvent::Complete { .. }));
    assert!(copies.disks.lock().unwrap()[0] == content);
    let before = source.center.count(REPLICATE);
    source.until_ended(2).await;
    assert_eq!(source.center.count(REPLICATE), before + 2);
    source.stop().await;
}

#[tokio::test(start_paused = true)]
async fn answers_are_held_and_news_does_not_wait_for_them() {
    let source = Source::new().await;
    source.center.until(HEARTBEAT, 3).await;
    let inventories = source.center.count(INVENTORY);
    let (begun, before) = (Instant::now(), source.center.count(HEARTBEAT));
    source.center.until(HEARTBEAT, before + 100).await;
    // A hundred answers that were held back for 25 seconds each.
    let took = begun.elapsed().as_secs();
    assert!((2_300..=2_500).contains(&took), "{took} s");
    // The next look finds a new name, and the center has it in the same second.
    let looks = source.surveys.load(SeqCst);
    source.center.until(INVENTORY, inventories + 1).await;
    assert_eq!(source.surveys.load(SeqCst), looks + 1);
    let since_start = begun.elapsed().as_secs();
    assert!((3_500..=3_601).contains(&since_start), "{since_start} s");
    source.stop().await;
}
