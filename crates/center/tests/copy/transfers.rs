//! What arrives is what was there, and little more is sent than what changed.

use std::time::Duration;

use center::receivers::{Ended, receive};
use replication::frame::Settings;

use crate::bench::{Bench, How, MIB, link_of, noise};

/// Text that compresses, noise that does not, zeros that were written, and holes; the last leaf is a short one.
fn filled() -> Bench {
    let bench = Bench::new(24 * MIB + 512);
    bench.write(0, &noise(1, 3 * MIB));
    bench.write(5 * MIB + 8192, "all work and no play ".repeat(100_000).as_bytes());
    bench.write(12 * MIB, &vec![0; 1 << 20]);
    bench.write(24 * MIB, &[7; 512]);
    bench
}

#[tokio::test]
async fn a_disk_is_copied_and_nothing_is_sent_for_holes() {
    let bench = filled();
    let (sent, received) = bench.run(How::Outright).await;
    let (sent, received) = (sent.unwrap(), received.unwrap());
    bench.assert_equal();
    // Three MiB of noise, two of text and the zeros around it in its first and last piece, and half a KiB.
    assert!(sent.sent_bytes <= 3 * MIB + 2_100_000 + 2 * 4096 + 512, "{sent:?}");
    assert!(sent.packed_bytes < 3 * MIB + 20_000, "{sent:?}");
    assert_eq!(sent.zero_bytes, 0, "an empty copy has its zeros already");
    let Ended::Complete(received) = received else { panic!("{received:?}") };
    assert_eq!((received.content_bytes, received.packed_bytes), (sent.sent_bytes, sent.packed_bytes));
}

#[tokio::test]
async fn only_changed_leaves_are_sent_again() {
    let bench = filled();
    bench.run(How::Outright).await.0.unwrap();
    // Nothing changed: nothing is sent.
    let (sent, received) = bench.run(How::Compared).await;
    let sent = sent.unwrap();
    assert_eq!((sent.sent_bytes, sent.zero_bytes), (0, 0));
    let Ended::Complete(received) = received.unwrap() else { panic!() };
    assert_eq!(received.compared_leaves, (24 * MIB + 512).div_ceil(4096));
    // One byte here and there, one leaf that becomes zeros, one zero leaf that is written.
    for at in [5, MIB + 4095, 2 * MIB + 70_000, 24 * MIB + 511] {
        bench.write(at, &[0xee]);
    }
    bench.write(8192, &[0; 4096]);
    bench.write(20 * MIB, &[1]);
    let sent = bench.run(How::Compared).await.0.unwrap();
    assert_eq!((sent.sent_bytes, sent.zero_bytes), (4 * 4096 + 512, 4096));
    bench.assert_equal();
}

#[tokio::test]
async fn a_cut_link_costs_what_was_not_acknowledged() {
    let bench = Bench::new(80 * MIB);
    bench.write(0, &noise(2, 80 * MIB));
    let mut passed = 0;
    let mut how = How::Outright;
    for cut in [1, 100_000, 40 * MIB, 60 * MIB, 10 * MIB + 77, 80 * MIB] {
        let (near, far, link, _) = link_of(cut);
        let receiving = tokio::spawn(receive(far, bench.set(), bench.settings.subscribe()));
        let sent = bench.send(near, how).await;
        let received = receiving.await.unwrap();
        passed += link.await.unwrap();
        if sent.is_ok() {
            assert!(matches!(received, Ok(Ended::Complete(_))), "{received:?}");
            break;
        }
        how = How::Compared;
    }
    bench.assert_equal();
    // Each of the five cuts may cost the window of 32 MiB again; what was acknowledged is never sent twice.
    assert!(passed < 120 * MIB, "{passed}");
}

/// At the first limit the disk would take half a minute; without, an instant.
#[tokio::test]
async fn a_limit_that_is_lifted_is_not_waited_for() {
    let bench = Bench::new(4 * MIB);
    bench.write(0, &noise(3, 4 * MIB));
    let slow =
        Settings { bandwidth_bytes_per_second: Some(100_000), compression_level: Some(0), audit: None };
    bench.settings.send_replace(slow);
    let begun = std::time::Instant::now();
    let (near, far, link, mut passed) = link_of(u64::MAX);
    let receiving = tokio::spawn(receive(far, bench.set(), bench.settings.subscribe()));
    let lifting = async {
        // The first piece has passed, and its ten seconds are being waited for.
        passed.wait_for(|passed| *passed > MIB).await.unwrap();
        bench.settings.send_replace(Settings { bandwidth_bytes_per_second: None, ..slow });
    };
    let (sent, ()) = tokio::join!(bench.send(near, How::Outright), lifting);
    sent.unwrap();
    receiving.await.unwrap().unwrap();
    link.await.unwrap();
    bench.assert_equal();
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}
