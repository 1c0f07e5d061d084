//! A place on the way that holds everything up for a while, for kernels that cannot delay packets themselves.
//!
//! What comes is passed on when its time has come. As on a long line, as much may be under way as the sender likes.

use std::{
    io::{Read, Write},
    net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use clap::Args;

use super::process::{Process, answer};
use crate::lab::this_program;

/// Bytes passed on at once.
const PIECE_BYTES: usize = 16 << 10;

/// Pieces that are under way at the most: far more than a link of 100 Mbit/s has room for.
const UNDER_WAY: usize = 256;

/// From where to where, and how long it takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct RelayOptions {
    /// Where to listen
    #[arg(long)]
    pub(crate) listen: IpAddr,
    /// Where to pass on to
    #[arg(long)]
    pub(crate) to: SocketAddr,
    /// Milliseconds on the way, in each direction
    #[arg(long)]
    pub(crate) delay: u64,
}

/// A started relay; ends with its value.
pub(crate) struct Relay {
    _process: Process,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Relay {
    /// Starts one by way of another program.
    pub(crate) fn start(before: &[&str], listen: &str, to: SocketAddr, delay: u64) -> anyhow::Result<Self> {
        let (program, to, delay) = (this_program()?, to.to_string(), delay.to_string());
        let words = [&program, "relay", "--listen", listen, "--to", &to, "--delay", &delay];
        let words: Vec<String> = before.iter().chain(&words).map(|word| (*word).to_owned()).collect();
        let mut process = Process::start(&words)?;
        let address = process.hear()?;
        Ok(Self { _process: process, address })
    }
}

/// Says where it listens, then relays until standard input ends.
pub(super) fn play(options: &RelayOptions) -> anyhow::Result<()> {
    let listener = TcpListener::bind((options.listen, 0)).context("listening")?;
    answer(&listener.local_addr()?)?;
    let (to, delay) = (options.to, Duration::from_millis(options.delay));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            if let Err(error) = relay(&stream, to, delay) {
                eprintln!("relay: {error}");
            }
        }
    });
    std::io::stdin().lines().for_each(drop);
    Ok(())
}

fn relay(near: &TcpStream, to: SocketAddr, delay: Duration) -> std::io::Result<()> {
    let far = TcpStream::connect(to)?;
    for stream in [near, &far] {
        stream.set_nodelay(true)?;
    }
    pass(near.try_clone()?, far.try_clone()?, delay);
    pass(far, near.try_clone()?, delay);
    Ok(())
}

/// Passes on in one direction, on two threads.
fn pass(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (sender, pieces) = mpsc::sync_channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    thread::spawn(move || {
        let mut piece = vec![0; PIECE_BYTES];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            if sender.send((Instant::now() + delay, piece[..length].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, piece) in pieces {
            #[expect(clippy::disallowed_methods, reason = "the delay of a link is what it plays")]
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
