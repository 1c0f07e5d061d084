//! The program itself while it copies, over TCP.

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use agent_api::{REPORT, RunWork, Work, WorkDisk};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

use crate::{
    copies::Center,
    devices::of_job,
    import::{Source, peak_kib},
    loops::{LiveDisk, churn, tool},
    stand_in::healthy,
};

const SIZE: usize = 96 << 20;

fn start(source: &Source) -> Child {
    Command::new(env!("CARGO_BIN_EXE_landfall-agent"))
        .args(["run", "--state-dir", source.state().to_str().unwrap()])
        .env_clear()
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

fn end(child: &Child) {
    let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
}

async fn until_complete(source: &Source) {
    let complete = |report: &crate::stand_in::Call| report.body["event"]["kind"] == "complete";
    let mut reports = 0;
    while !source.center.calls().iter().any(complete) {
        reports += 1;
        source.center.until(REPORT, reports).await;
    }
}

async fn status(source: &Source) -> Value {
    let outcome = source.agent(&["status", "--output", "json"], &[], "").await;
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[tokio::test]
async fn a_copy_stays_small_and_ends_with_a_signal_and_success() {
    let source = Source::facing(healthy).await;
    let content: Vec<u8> =
        (0..SIZE / 8).flat_map(|at| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()).collect();
    let path = source.path("disk.img");
    std::fs::write(&path, &content).unwrap();
    assert_eq!(source.import(&[]).await.exit, Some(0));
    let copies = Center::new(&[SIZE]);
    let taken = copies.clone();
    source.center.take_streams(move |stream| {
        let copies = taken.clone();
        tokio::spawn(async move { drop(copies.serve(stream).await) }).abort_handle()
    });
    let run = RunWork { run_id: "run-1".into(), base_run_id: None, audit: false };
    let disk = WorkDisk { index: 0, path, size_bytes: SIZE as u64, table_id: None, serial: None };
    let work = Work { job_id: "j-1".into(), run: Some(run), disks: vec![disk], freeze_budget_ms: 2_000 };
    source.center.order(Some(work));

    // Ended in the middle of it, and started again.
    let mut first = start(&source);
    source.center.until(REPORT, 1).await;
    end(&first);
    assert_eq!(first.wait().await.unwrap().code(), Some(0));
    let mut second = start(&source);
    until_complete(&source).await;
    assert!(copies.disks.lock().unwrap()[0] == content);
    assert!(copies.content_bytes.load(SeqCst) >= SIZE as u64);
    let peak = peak_kib(second.id().unwrap());
    assert!(peak < 120 * 1024, "{peak} KiB resident");
    let work = status(&source).await["work"].clone();
    assert_eq!((&work["run_id"], &work["state"]), (&json!("run-1"), &json!("complete")), "{work}");
    end(&second);
    assert_eq!(second.wait().await.unwrap().code(), Some(0));
}

/// Passes on what a proxy is asked for, connection after connection; counts them.
async fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let passed = Arc::new(AtomicUsize::new(0));
    let counted = passed.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            counted.fetch_add(1, SeqCst);
            tokio::spawn(async move {
                let mut head = vec![];
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let mut center = TcpStream::connect(head.split(' ').nth(1).unwrap()).await.unwrap();
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut center).await;
            });
        }
    });
    (url, passed)
}

#[tokio::test]
async fn a_copy_goes_through_the_proxy_that_the_environment_names() {
    let source = Source::facing(healthy).await;
    let content = vec![7; 1 << 20];
    let path = source.path("disk.img");
    std::fs::write(&path, &content).unwrap();
    assert_eq!(source.import(&[]).await.exit, Some(0));
    let copies = Center::new(&[content.len()]);
    let taken = copies.clone();
    source.center.take_streams(move |stream| {
        let copies = taken.clone();
        tokio::spawn(async move { drop(copies.serve(stream).await) }).abort_handle()
    });
    let run = RunWork { run_id: "run-1".into(), base_run_id: None, audit: false };
    let disk = WorkDisk { index: 0, path, size_bytes: content.len() as u64, table_id: None, serial: None };
    let work = Work { job_id: "j-1".into(), run: Some(run), disks: vec![disk], freeze_budget_ms: 2_000 };
    source.center.order(Some(work));
    let (url, passed) = proxy().await;
    let mut agent = Command::new(env!("CARGO_BIN_EXE_landfall-agent"))
        .args(["run", "--state-dir", source.state().to_str().unwrap()])
        .env_clear()
        .env("https_proxy", url)
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until_complete(&source).await;
    assert!(copies.disks.lock().unwrap()[0] == content);
    // Heartbeats, reports and two streams.
    assert_eq!(passed.load(SeqCst), 4);
    end(&agent);
    assert_eq!(agent.wait().await.unwrap().code(), Some(0));
}

/// Without tracking a run sends while filesystems are frozen: an agent that waited for its log or its records, which lie
/// on a frozen one here, would be waiting when the freeze is over.
#[tokio::test]
async fn a_log_and_records_on_a_frozen_filesystem_hold_nobody_up() {
    let disk = LiveDisk::new(&[("ext4", 64)]);
    let point = &disk.mounted[0];
    let source = Source::facing(healthy).await;
    assert_eq!(source.import(&[]).await.exit, Some(0));
    tool("cp", &["-a", source.state().to_str().unwrap(), point.to_str().unwrap()], "");
    let job = of_job(&disk);
    let copies = Center::new(&[usize::try_from(job.size_bytes).unwrap()]);
    let taken = copies.clone();
    source.center.take_streams(move |stream| {
        let copies = taken.clone();
        tokio::spawn(async move { drop(copies.serve(stream).await) }).abort_handle()
    });
    let run = RunWork { run_id: "run-1".into(), base_run_id: None, audit: false };
    let work = Work { job_id: "j-1".into(), run: Some(run), disks: vec![job], freeze_budget_ms: 10_000 };
    source.center.order(Some(work));
    let stop = Arc::new(AtomicBool::new(false));
    let (place, stopped) = (point.clone(), stop.clone());
    // Every scan finds something new, so that one of them has to be made during a freeze.
    let writing = thread::spawn(move || churn(&place, 1, Duration::from_millis(5), &stopped));
    let log = point.join("log");
    let mut agent = Command::new(env!("CARGO_BIN_EXE_landfall-agent"))
        .args(["run", "--no-tracking", "--state-dir", point.join("state").to_str().unwrap()])
        .env_clear()
        .env("LANDFALL_LOG", "debug")
        .stderr(std::fs::File::create(&log).unwrap())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let event = ended(&source).await;
    end(&agent);
    agent.wait().await.unwrap();
    stop.store(true, SeqCst);
    writing.join().unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    assert_eq!(event["kind"], "complete", "{event}\n{log}");
    let frozen = event["freeze_ms"].as_u64().unwrap();
    assert!((1..10_000).contains(&frozen), "{frozen} ms\n{log}");
    assert!(!log.contains("a freeze came to nothing"), "{log}");
    assert!(log.contains("is complete"), "what was said meanwhile is in the log: {log}");
}

/// How the run ended.
async fn ended(source: &Source) -> Value {
    let mut reports = 0;
    loop {
        let calls = source.center.calls();
        let mut ends = calls.iter().map(|report| report.body["event"].clone());
        if let Some(end) = ends.find(|event| event["kind"] == "complete" || event["kind"] == "failed") {
            return end;
        }
        reports += 1;
        source.center.until(REPORT, reports).await;
    }
}

#[tokio::test]
async fn a_plan_says_what_a_copy_would_read() {
    let source = Source::facing(healthy).await;
    let path = source.path("disk.img");
    let outcome = source.agent(&["plan", "--disk", &path, "--output", "json"], &[], "").await;
    assert_eq!(outcome.exit, Some(0), "{}", outcome.stderr);
    let plans: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let plan = plans["disks"].as_array().unwrap().iter().find(|disk| disk["path"] == path).unwrap();
    assert_eq!(
        (&plan["size_bytes"], &plan["copy_bytes"], &plan["tracking"]),
        (&json!(1 << 20), &json!(1 << 20), &json!("rescan (image file)"))
    );
    let outcome = source.agent(&["plan", "--disk", &path], &[], "").await;
    assert!(outcome.stdout.contains("disk.img: 1.0 MiB of 1.0 MiB to copy"), "{}", outcome.stdout);
}
