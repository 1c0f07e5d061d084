//! What goes wrong is named to the source, and harms nothing.

use std::{path::PathBuf, process::Command, sync::Arc};

use agent_api::{read_frame, write_frame};
use center::receivers::{Ended, ReceiveError, StagingSet, receive};
use landfall_agent::replicate::ReplicateError;
use replication::{
    Codec, Frame, Leaf, Range, digest,
    frame::{Extent, Failed},
};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

use crate::bench::{Bench, How, KEY, MIB, hello, noise, open_set};

fn extent(sequence: u64, disk: u16, offset: u64, data: &[u8]) -> Extent {
    let range = Range::new(offset, data.len() as u64, MIB).unwrap();
    let digest = digest::over(&KEY.leaves(data));
    Extent { sequence, disk, range, codec: Codec::Raw, digest, payload: data.to_vec().into() }
}

/// Greets as an agent does, sends these frames, and gives what the center says last, and thinks of it.
async fn told(bench: &Bench, frames: Vec<Frame>) -> (Option<Failed>, Result<Ended, ReceiveError>) {
    let (mut near, far) = duplex(4 << 20);
    let receiving = tokio::spawn(receive(far, bench.set(), bench.settings.subscribe()));
    write_frame(&mut near, &Frame::Hello(hello())).await.unwrap();
    for frame in frames {
        // A center that has given up takes no more.
        let _ = write_frame(&mut near, &frame).await;
    }
    (last_words(near).await, receiving.await.unwrap())
}

async fn last_words(mut stream: DuplexStream) -> Option<Failed> {
    let _ = stream.shutdown().await;
    let mut failed = None;
    while let Ok(Some(frame)) = read_frame(&mut stream).await {
        if let Frame::Failed(said) = frame {
            failed = Some(said);
        }
    }
    failed
}

#[tokio::test]
async fn what_no_agent_sends_is_refused_with_its_code() {
    let good = || Frame::Extent(extent(1, 0, 0, &[1; 4096]));
    let corrupt = Extent { payload: vec![2; 4096].into(), ..extent(1, 0, 0, &[1; 4096]) };
    let beyond = Frame::Zero { sequence: 1, disk: 0, range: Range::new(MIB, 4096, MIB).unwrap() };
    let many = Frame::Offer { sequence: 1, disk: 0, offset: 0, leaves: vec![Leaf::ZERO; 257] };
    for (frames, code, again) in [
        (vec![Frame::Extent(corrupt)], "Replication.Corrupt", true),
        (vec![Frame::Extent(extent(1, 3, 0, &[1; 4096]))], "Replication.Protocol", false),
        (vec![good(), good()], "Replication.Protocol", false),
        (vec![Frame::Sync { sequence: 2 }], "Replication.Protocol", false),
        (vec![Frame::Durable { sequence: 1 }], "Replication.Protocol", false),
        (vec![Frame::Hello(hello())], "Replication.Protocol", false),
        (vec![beyond], "Staging.Failed", false),
        (vec![many], "Staging.Failed", false),
    ] {
        let bench = Bench::new(MIB);
        let (failed, outcome) = told(&bench, frames.clone()).await;
        let failed = failed.unwrap_or_else(|| panic!("{frames:?}"));
        assert_eq!((failed.code.as_str(), failed.again), (code, again), "{}", failed.message);
        assert_eq!(outcome.unwrap_err().to_string(), failed.message);
        assert_eq!(bench.set().disks[0].verify(|_| ()).unwrap(), []);
    }
}

#[tokio::test]
async fn a_source_that_leaves_early_leaves_what_it_sent() {
    let bench = Bench::new(MIB);
    let (failed, outcome) = told(&bench, vec![Frame::Extent(extent(1, 0, 8192, &[1; 4096]))]).await;
    assert_eq!(failed, None);
    assert!(matches!(outcome, Ok(Ended::Left(received)) if received.content_bytes == 4096), "{outcome:?}");
    let set = bench.set();
    assert!(!set.is_fresh());
    assert_eq!(set.disks[0].leaves(Range::new(8192, 4096, MIB).unwrap()).unwrap(), [KEY.leaf(&[1; 4096])]);
}

/// An agent that comes again within a run must not take the copy for empty: it would leave out what became zeros.
#[tokio::test]
async fn a_copy_is_empty_until_something_came_and_not_for_a_whole_run() {
    let bench = Bench::new(MIB);
    let set = bench.set();
    for (session, empty) in [(1, true), (2, false)] {
        let (mut near, far) = duplex(64 * 1024);
        let receiving = tokio::spawn(receive(far, set.clone(), bench.settings.subscribe()));
        write_frame(&mut near, &Frame::Hello(hello())).await.unwrap();
        let Ok(Some(Frame::Welcome(welcome))) = read_frame(&mut near).await else { panic!("no welcome") };
        assert_eq!(welcome.fresh, empty, "session {session}");
        write_frame(&mut near, &Frame::Extent(extent(1, 0, 0, &[1; 4096]))).await.unwrap();
        drop(near);
        receiving.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_run_that_is_complete_stays_so_when_its_connection_breaks() {
    let bench = Bench::new(MIB);
    let (mut near, far) = duplex(64 * 1024);
    write_frame(&mut near, &Frame::Hello(hello())).await.unwrap();
    write_frame(&mut near, &Frame::Extent(extent(1, 0, 0, &[1; 4096]))).await.unwrap();
    write_frame(&mut near, &Frame::Done { sequence: 2 }).await.unwrap();
    // Neither is there more to read than a part of something, nor anybody to answer.
    near.write_all(&[0]).await.unwrap();
    let welcomed = tokio::spawn(async move { read_frame(&mut near).await });
    let received = receive(far, bench.set(), bench.settings.subscribe()).await;
    assert!(matches!(welcomed.await.unwrap(), Ok(Some(Frame::Welcome(_)))));
    assert!(
        matches!(received, Ok(Ended::Complete(received)) if received.content_bytes == 4096),
        "{received:?}"
    );
}

#[tokio::test]
async fn bytes_that_are_no_frames_are_refused() {
    let bench = Bench::new(MIB);
    let (mut near, far) = duplex(64 * 1024);
    let receiving = tokio::spawn(receive(far, bench.set(), bench.settings.subscribe()));
    near.write_all(b"GET / HTTP/1.1\r\nHost: center\r\n\r\n").await.unwrap();
    assert!(receiving.await.unwrap().is_err());
    assert!(bench.set().is_fresh());
}

/// A filesystem of a few megabytes, mounted for one test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf) -> Self {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=6m", "landfall-test"]).arg(&at).status();
        assert!(mounted.unwrap().success(), "mounting a small tmpfs, which needs root");
        Self(at)
    }

    fn grow(&self) {
        let grown = Command::new("mount").args(["-o", "remount,size=32m"]).arg(&self.0).status();
        assert!(grown.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_goes_on_when_there_is_room() {
    let bench = Bench::new(16 * MIB);
    bench.write(0, &noise(4, 16 * MIB));
    let small = SmallDisk::mount(bench.staging());
    let (sent, received) = bench.run(How::Outright).await;
    assert!(matches!(&received, Err(ReceiveError::Staging(error)) if error.is_full()), "{received:?}");
    let Err(ReplicateError::Center(failed)) = sent else { panic!("{sent:?}") };
    assert_eq!((failed.code.as_str(), failed.again), ("Staging.NoSpace", true));
    small.grow();
    let (sent, _) = bench.run(How::Compared).await;
    assert!(
        sent.unwrap().sent_bytes < 16 * MIB,
        "what was written before the disk was full is not sent again"
    );
    bench.assert_equal();
}

#[tokio::test]
async fn a_run_has_the_disks_that_it_has() {
    let bench = Bench::new(MIB);
    let set = StagingSet { disks: vec![], ..Arc::into_inner(open_set(&bench.staging(), MIB)).unwrap() };
    let (mut near, far) = duplex(64 * 1024);
    let receiving = tokio::spawn(receive(far, Arc::new(set), bench.settings.subscribe()));
    write_frame(&mut near, &Frame::Hello(hello())).await.unwrap();
    write_frame(&mut near, &Frame::Extent(extent(1, 0, 0, &[1; 4096]))).await.unwrap();
    let said = last_words(near).await.unwrap();
    assert_eq!(said.message, "a frame names disk 0, which the run does not have");
    assert!(receiving.await.unwrap().is_err());
}
