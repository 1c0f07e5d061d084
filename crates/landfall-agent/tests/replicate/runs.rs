//! What a run promises.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall_agent::replicate::{
    Complete, NothingToFreeze, Options, Outcome, ReplicateError, Source, SourceDisk, Start, run,
};
use replication::{
    Range,
    frame::{Hello, Settings},
    progress::{Phase, Progress, Tracking},
};

use crate::center::{Center, WINDOW};
use crate::live::{Live, SIZE};

/// Bytes without a pattern that zstd could find.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

fn options() -> Options {
    Options {
        agent_version: "test".into(),
        run: "run-1".into(),
        streams: 2,
        freeze_budget: Duration::from_secs(2),
        audit: false,
        start: Start::Everything,
    }
}

async fn attempt(
    source: Arc<Source>,
    options: Options,
    center: &Arc<Center>,
) -> Result<Outcome, ReplicateError> {
    run(source, options, |hello: Hello| center.clone().connect(hello.stream), |_| (), std::future::pending())
        .await
}

async fn complete(source: Arc<Source>, options: Options, center: &Arc<Center>) -> Complete {
    match attempt(source, options, center).await.unwrap() {
        Outcome::Complete(complete) => complete,
        Outcome::Stopped => panic!("nobody stopped it"),
    }
}

fn image(content: &[u8]) -> (tempfile::TempDir, Arc<Source>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("disk.img");
    std::fs::write(&path, content).unwrap();
    let source = Source::images([(0, path.as_path())]).unwrap();
    (directory, Arc::new(source))
}

/// Two mebibytes and a half that do not compress, an odd end, and zeros between.
fn content() -> Vec<u8> {
    [noise(3, 5 << 19), vec![0; 1 << 20], noise(4, 70_000 / 512 * 512)].concat()
}

#[tokio::test]
async fn an_image_file_is_copied_and_proven_at_rest_by_a_second_scan() {
    let content = content();
    let (_directory, source) = image(&content);
    let center = Center::new(&[content.len()]);
    let reports = Mutex::new(Vec::<Progress>::new());
    let connect = |hello: Hello| center.clone().connect(hello.stream);
    let report = |progress| reports.lock().unwrap().push(progress);
    let outcome = run(source, options(), connect, report, std::future::pending()).await.unwrap();
    let Outcome::Complete(complete) = outcome else { panic!("{outcome:?}") };
    assert!(center.disks.lock().unwrap()[0] == content);
    let progress = complete.progress;
    assert_eq!(progress.tracking, Tracking::Rescan { reason: "image file".into() });
    assert_eq!((progress.pass, progress.phase), (2, Phase::Finishing));
    assert_eq!(progress.sent_bytes, center.content_bytes.load(SeqCst));
    assert_eq!(center.done.load(SeqCst), 2);
    assert_eq!(progress.percent(), 100);
    assert_eq!(reports.lock().unwrap().first().unwrap().phase, Phase::Starting);
}

#[tokio::test(start_paused = true)]
async fn after_breaks_at_most_the_windows_are_sent_again() {
    let content = noise(5, 12 << 20);
    let (_directory, source) = image(&content);
    let center = Center::new(&[content.len()]);
    // Taken from the end, two streams each: the first session breaks after 3 MB, and so on.
    *center.cuts.lock().unwrap() = vec![2 << 20, 100, 1 << 20, 5 << 20, 4 << 20, 3_000_000];
    complete(source, options(), &center).await;
    assert!(center.disks.lock().unwrap()[0] == content);
    assert!(center.sessions.load(SeqCst) > 1);
    let again = center.content_bytes.load(SeqCst) - content.len() as u64;
    let windows = (center.sessions.load(SeqCst) - 1) * 2 * WINDOW;
    assert!(again <= windows, "{again} bytes again, {windows} allowed");
}

/// A proxy may keep a connection up behind which nobody is.
#[tokio::test(start_paused = true)]
async fn a_center_that_falls_silent_is_called_again() {
    let content = noise(7, 4 << 20);
    let (_directory, source) = image(&content);
    let center = Center::new(&[content.len()]);
    // Of the first session nothing more arrives after this, and nothing ends.
    *center.stalls.lock().unwrap() = vec![1 << 20, 1 << 20];
    let begun = tokio::time::Instant::now();
    complete(source, options(), &center).await;
    assert!(center.disks.lock().unwrap()[0] == content);
    assert_eq!(center.sessions.load(SeqCst), 2);
    assert!(begun.elapsed() < Duration::from_mins(6), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn free_ranges_hold_no_garbage() {
    let content = content();
    let size = content.len() as u64;
    let (directory, _) = image(&content);
    let file = landfall_agent::replicate::ImageFile::open(&directory.path().join("disk.img")).unwrap();
    let used = Range::new(4096, 65_536, size).unwrap();
    let disk = SourceDisk { number: 0, content: Arc::new(file), allocated: Arc::new(move || Ok(vec![used])) };
    let source =
        Source { disks: vec![disk], tracker: Err("test".into()), freezer: Arc::new(NothingToFreeze) };
    let center = Center::with(vec![noise(8, content.len())], false);
    complete(Arc::new(source), options(), &center).await;
    let mut expected = vec![0; content.len()];
    expected[4096..4096 + 65_536].copy_from_slice(&content[4096..4096 + 65_536]);
    assert!(center.disks.lock().unwrap()[0] == expected);
}

/// Copies a disk that is written to at every read; gives whether the copy is the disk at its last freeze.
async fn copied_live(live: &Arc<Live>, center: &Arc<Center>, options: Options) -> (Complete, bool) {
    let complete = complete(live.source(true), options, center).await;
    assert!(!live.is_frozen());
    let equal = center.disks.lock().unwrap()[0] == live.snapshot();
    (complete, equal)
}

#[tokio::test]
async fn a_live_disk_is_copied_as_it_was_at_the_freeze() {
    for writes_at_once in [1, 7, 40] {
        let (live, center) = (Live::new(400, writes_at_once), Center::new(&[SIZE]));
        let (first, equal) = copied_live(&live, &center, options()).await;
        assert!(equal, "{writes_at_once}");
        assert_eq!((&first.progress.tracking, &first.progress.unproven), (&Tracking::Ebpf, &None));

        // The next run reads what changed, and sends the leaves that did.
        live.write_more(10);
        let before = center.content_bytes.load(SeqCst);
        let options = Options { start: Start::Changes, run: "run-2".into(), ..options() };
        let (second, equal) = copied_live(&live, &center, options).await;
        assert!(equal, "{writes_at_once}");
        let sent = center.content_bytes.load(SeqCst) - before;
        assert!(sent <= 2 * 15 * 4096, "{sent}");
        assert!(second.progress.read_bytes < 2_000_000, "{}", second.progress.read_bytes);
    }
}

#[tokio::test]
async fn a_tracker_that_loses_marks_and_says_so_costs_a_comparison() {
    let (live, center) = (Live::new(300, 5).losing(40, true), Center::new(&[SIZE]));
    let (complete, equal) = copied_live(&live, &center, options()).await;
    assert!(equal);
    assert_eq!(complete.progress.tracking, Tracking::Ebpf, "the new base holds");
    // Whoever asks after the run learns that it was not proven at first.
    assert!(
        complete.progress.unproven.as_ref().is_some_and(|reason| reason.ends_with(" marks lost")),
        "{:?}",
        complete.progress
    );
    // What the copy has already is compared and not sent again: the disk is half full.
    let sent = center.content_bytes.load(SeqCst);
    assert!(sent < SIZE as u64, "{sent}");
}

#[tokio::test]
async fn a_tracker_that_cannot_begin_anew_leaves_the_run_to_comparing() {
    let (live, center) = (Live::new(300, 5).losing(40, true).without_another_base(), Center::new(&[SIZE]));
    let complete = complete(live.source(true), options(), &center).await;
    assert!(center.disks.lock().unwrap()[0] == live.content());
    assert!(
        matches!(&complete.progress.tracking, Tracking::Rescan { reason } if reason.ends_with(" marks lost")),
        "{:?}",
        complete.progress
    );
}

/// What was sent before the break and became zeros since is not on a copy that is empty any more.
#[tokio::test(start_paused = true)]
async fn a_break_in_the_first_pass_loses_no_zeros() {
    for cut in [1 << 20, 3 << 20] {
        let (live, center) = (Live::new(600, 3), Center::new(&[SIZE]));
        *center.cuts.lock().unwrap() = vec![cut, cut];
        let (_, equal) = copied_live(&live, &center, options()).await;
        assert!(equal, "{cut}");
        assert!(center.sessions.load(SeqCst) > 1);
    }
}

/// The control of the tests above: with a tracker that lies, they would fail.
#[tokio::test]
async fn a_tracker_that_lies_is_seen_in_the_copy() {
    let live = Live::new(300, 5).losing(40, false);
    let (_, equal) = copied_live(&live, &Center::new(&[SIZE]), options()).await;
    assert!(!equal);
}

#[tokio::test]
async fn an_audit_heals_what_a_tracker_lost() {
    let live = Live::new(20, 5).losing(20, false);
    let options = Options { audit: true, ..options() };
    let (complete, equal) = copied_live(&live, &Center::new(&[SIZE]), options).await;
    assert!(equal);
    assert!(complete.healed_bytes.is_some_and(|bytes| bytes > 0), "{:?}", complete.healed_bytes);
}

#[tokio::test]
async fn without_a_tracker_a_live_disk_is_compared_in_a_freeze() {
    let (live, center) = (Live::new(u32::MAX, 1), Center::new(&[SIZE]));
    let options = Options { freeze_budget: Duration::from_mins(1), ..options() };
    complete(live.source(false), options, &center).await;
    assert!(center.disks.lock().unwrap()[0] == live.snapshot());
    assert!(!live.is_frozen());
}

/// Finding out what is in use takes a freeze, and that writes: a disk is at rest when nobody else writes.
#[tokio::test]
async fn a_disk_at_rest_is_known_to_be_without_a_tracker() {
    let (live, center) = (Live::new(0, 0), Center::new(&[SIZE]));
    let options = Options { freeze_budget: Duration::from_micros(1), ..options() };
    let complete = complete(live.source_that_settles(), options, &center).await;
    assert_eq!((complete.freeze, complete.progress.pass), (Duration::ZERO, 2));
    assert!(center.disks.lock().unwrap()[0] == live.content());
}

#[tokio::test]
async fn a_source_that_never_rests_is_named() {
    let live = Live::new(u32::MAX, 3_000);
    let options = Options { freeze_budget: Duration::from_micros(1), ..options() };
    for tracked in [true, false] {
        let refused =
            attempt(live.source(tracked), options.clone(), &Center::new(&[SIZE])).await.unwrap_err();
        assert_eq!(refused.code(), "Replication.NotConverging", "{refused}");
        assert!(refused.to_string().contains("allow a longer freeze"), "{refused}");
        assert!(!live.is_frozen());
    }
}

/// Other programs freeze too, and a busy moment may be too long; marks that were taken in vain are not lost.
#[tokio::test(start_paused = true)]
async fn a_freeze_that_comes_to_nothing_is_tried_again() {
    for (refused, cut_short) in [(3, 0), (0, 3), (1, 2)] {
        let live = Live::new(300, 7).freezing_badly(refused, cut_short);
        let (_, equal) = copied_live(&live, &Center::new(&[SIZE]), options()).await;
        assert!(equal, "{refused} refused, {cut_short} cut short");
    }
    for (refused, cut_short) in [(9, 0), (0, 9)] {
        let live = Live::new(300, 7).freezing_badly(refused, cut_short);
        let failed = attempt(live.source(true), options(), &Center::new(&[SIZE])).await.unwrap_err();
        assert_eq!(failed.code(), "Replication.Freeze");
        assert!(!live.is_frozen());
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_holds_for_all_streams_and_a_change_at_once() {
    let content = noise(6, 8 << 20);
    let (_directory, source) = image(&content);
    let center = Center::new(&[content.len()]);
    let limit = |bytes| Settings { bandwidth_bytes_per_second: bytes, ..Settings::default() };
    center.settings.send_replace(limit(Some(1_000_000)));
    let begun = tokio::time::Instant::now();
    let copying = complete(source, options(), &center);
    let freeing = async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        let sent = center.content_bytes.load(SeqCst);
        center.settings.send_replace(limit(None));
        sent
    };
    let (complete, sent) = tokio::join!(copying, freeing);
    // Up to two frames of a mebibyte each are still on their way.
    assert!((1_800_000..=5_200_000).contains(&sent), "{sent} bytes in four seconds");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(center.disks.lock().unwrap()[0] == content);
    assert_eq!(complete.progress.packed_bytes, content.len() as u64, "noise goes as it is");
}

#[tokio::test]
async fn a_run_stops_when_told() {
    let (live, center) = (Live::new(u32::MAX, 1), Center::new(&[SIZE]));
    let connect = |hello: Hello| center.clone().connect(hello.stream);
    let outcome = run(live.source(true), options(), connect, |_| (), std::future::ready(())).await.unwrap();
    assert_eq!(outcome, Outcome::Stopped);
    assert!(!live.is_frozen());
}
