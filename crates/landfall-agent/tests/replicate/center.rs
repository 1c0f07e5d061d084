//! A center that keeps copies in memory, and cuts streams when told to.

use std::future::{Ready, ready};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use agent_api::{read_frame, write_frame};
use landfall_agent::replicate::ConnectError;
use replication::{
    Frame, Leaf, LeafKey, Range, digest,
    frame::{Settings, Welcome},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::watch;

pub(crate) const WINDOW: u64 = 2 << 20;
const KEY: LeafKey = LeafKey::new([9; 32]);

pub(crate) struct Center {
    pub(crate) disks: Mutex<Vec<Vec<u8>>>,
    fresh: Mutex<bool>,
    pub(crate) settings: watch::Sender<Settings>,
    /// Content that arrived, of any session.
    pub(crate) content_bytes: AtomicU64,
    pub(crate) sessions: AtomicU64,
    /// Streams that ended with their run.
    pub(crate) done: AtomicU64,
    /// After so many bytes of each of these sessions the link is cut.
    pub(crate) cuts: Mutex<Vec<u64>>,
    /// After so many bytes of each of these streams nothing more of it arrives, and nobody is told.
    pub(crate) stalls: Mutex<Vec<u64>>,
}

impl Center {
    pub(crate) fn new(sizes: &[usize]) -> Arc<Self> {
        Self::with(sizes.iter().map(|size| vec![0; *size]).collect(), true)
    }

    pub(crate) fn with(disks: Vec<Vec<u8>>, fresh: bool) -> Arc<Self> {
        Arc::new(Self {
            disks: Mutex::new(disks),
            fresh: Mutex::new(fresh),
            settings: watch::Sender::new(Settings::default()),
            content_bytes: AtomicU64::new(0),
            sessions: AtomicU64::new(0),
            done: AtomicU64::new(0),
            cuts: Mutex::default(),
            stalls: Mutex::default(),
        })
    }

    /// A new stream to the center.
    pub(crate) fn connect(self: Arc<Self>, stream: u16) -> Ready<Result<DuplexStream, ConnectError>> {
        if stream == 0 {
            self.sessions.fetch_add(1, SeqCst);
        }
        let cut = self.cuts.lock().unwrap().pop();
        let (near, far) = duplex(64 * 1024);
        let stall = self.stalls.lock().unwrap().pop();
        let far = match (cut, stall) {
            (Some(most), _) => link_of(far, most, false),
            (None, Some(most)) => link_of(far, most, true),
            (None, None) => far,
        };
        tokio::spawn(async move {
            // A cut link ends the stream with an error, as it should.
            let _ = self.serve(far).await;
        });
        ready(Ok(near))
    }

    pub(crate) async fn serve<S>(&self, stream: S) -> Result<(), agent_api::StreamError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let Some(Frame::Hello(_)) = read_frame(&mut reader).await? else { panic!("no greeting") };
        let mut settings = self.settings.subscribe();
        let welcome = Welcome {
            center_version: "test".into(),
            window_bytes: WINDOW,
            leaf_key: hex::encode(KEY.reveal()),
            fresh: *self.fresh.lock().unwrap(),
            settings: *settings.borrow_and_update(),
        };
        write_frame(&mut writer, &Frame::Welcome(welcome)).await?;
        let (frames, mut arrived) = tokio::sync::mpsc::channel(1);
        let reading = tokio::spawn(async move {
            while let Ok(Some(frame)) = read_frame(&mut reader).await {
                if frames.send(frame).await.is_err() {
                    break;
                }
            }
        });
        let (mut undurable, mut last) = (0, 0);
        loop {
            let frame = tokio::select! {
                frame = arrived.recv() => frame,
                _ = settings.changed() => {
                    let now = *settings.borrow_and_update();
                    write_frame(&mut writer, &Frame::Settings(now)).await?;
                    continue;
                }
            };
            let Some(frame) = frame else { break };
            undurable += frame.weight();
            assert!(undurable <= WINDOW, "{undurable} bytes are under way");
            let (sequence, answer) = self.take(frame);
            assert_eq!(sequence, last + 1, "frames are numbered without gaps");
            last = sequence;
            match answer {
                Some(Frame::Durable { .. }) => undurable = 0,
                None if undurable >= WINDOW / 2 => {
                    undurable = 0;
                    write_frame(&mut writer, &Frame::Durable { sequence }).await?;
                }
                _ => {}
            }
            if let Some(answer) = answer {
                write_frame(&mut writer, &answer).await?;
            }
        }
        reading.abort();
        Ok(())
    }

    /// Takes a frame; gives its number and what is answered.
    fn take(&self, frame: Frame) -> (u64, Option<Frame>) {
        let mut disks = self.disks.lock().unwrap();
        match frame {
            Frame::Extent(extent) => {
                let (data, _) = extent.open(&KEY).unwrap();
                disks[usize::from(extent.disk)][place(extent.range)].copy_from_slice(&data);
                *self.fresh.lock().unwrap() = false;
                self.content_bytes.fetch_add(extent.range.length(), SeqCst);
                (extent.sequence, None)
            }
            Frame::Zero { sequence, disk, range } => {
                disks[usize::from(disk)][place(range)].fill(0);
                (sequence, None)
            }
            Frame::Offer { sequence, disk, offset, leaves } => {
                let length = leaves.len() * 4096;
                let begin = usize::try_from(offset).unwrap();
                let end = (begin + length).min(disks[usize::from(disk)].len());
                let own = KEY.leaves(&disks[usize::from(disk)][begin..end]);
                let mut wanted = vec![0; leaves.len().div_ceil(8)];
                for (leaf, (own, theirs)) in own.iter().zip(&leaves).enumerate() {
                    wanted[leaf / 8] |= u8::from(own != theirs) << (leaf % 8);
                }
                (sequence, Some(Frame::Want { sequence, wanted }))
            }
            Frame::Summary { sequence, disk, range, digest } => {
                let own: Vec<Leaf> = KEY.leaves(&disks[usize::from(disk)][place(range)]);
                let wanted = vec![u8::from(digest::over(&own) != digest)];
                (sequence, Some(Frame::Want { sequence, wanted }))
            }
            Frame::Sync { sequence } => (sequence, Some(Frame::Durable { sequence })),
            Frame::Done { sequence } => {
                self.done.fetch_add(1, SeqCst);
                (sequence, Some(Frame::Durable { sequence }))
            }
            frame => panic!("{frame:?}"),
        }
    }
}

fn place(range: Range) -> std::ops::Range<usize> {
    usize::try_from(range.offset()).unwrap()..usize::try_from(range.end()).unwrap()
}

/// A link that is cut after so many bytes of the agent's, or takes no more from then on.
fn link_of(far: DuplexStream, most: u64, stalls: bool) -> DuplexStream {
    let (inner, center) = duplex(64 * 1024);
    tokio::spawn(async move {
        let (from_agent, mut to_agent) = tokio::io::split(far);
        let (mut from_center, mut to_center) = tokio::io::split(inner);
        let back = tokio::spawn(async move { tokio::io::copy(&mut from_center, &mut to_agent).await });
        let mut some = from_agent.take(most);
        let _ = tokio::io::copy(&mut some, &mut to_center).await;
        if stalls {
            // Ends when the agent has given up.
            let _ = tokio::io::copy(&mut some.into_inner(), &mut tokio::io::sink()).await;
        }
        back.abort();
        let _ = to_center.shutdown().await;
    });
    center
}
