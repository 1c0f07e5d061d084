//! A person at work with a job: stopping it, going on, changing how it copies, following it, deleting it.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use test_center::ApiClient;

use crate::{
    field::{Field, noise, write},
    place::{Engine, Place},
    seed::Chance,
};

const DISK_BYTES: u64 = 24 << 20;

/// In which a run obeys a setting that changed.
const A_SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_job_is_stopped_goes_on_obeys_a_new_limit_and_is_followed_and_deleted() {
    let mut chance = Chance::of_this_run("jobs");
    let place = Place::new(Engine::Sqlite);
    let mut field = Field::set_up(&place, DISK_BYTES);
    let disk = noise(&mut chance, DISK_BYTES);
    write(&field.disk, 0, &disk);
    let source = field.import();
    // Slow enough that it is not over before it is stopped: 2 MiB a second.
    let job = field.create_job(&source, r#"{"bandwidth_limit":2048,"compress_level":0}"#);
    let mut news = follow(&field);
    field.start_agent();
    field.await_online(&source);
    let before = field.link.sent();
    field.call("StartReplicationJob", &[("JobId", &job)]);
    assert!(field.link.wait_for(before + (3 << 20), Duration::from_mins(1)), "{}", field.logs());
    assert!(await_news(&mut news, &job, "changed") && await_news(&mut news, &job, "progress"));

    field.call("StopReplicationJob", &[("JobId", &job)]);
    assert_eq!(field.settled(&job, "Stopped")["Status"], "Stopped");
    let at_stop = field.link.sent();
    field.call("StartReplicationJob", &[("JobId", &job)]);
    assert!(field.link.wait_for(at_stop + (1 << 20), Duration::from_mins(1)), "{}", field.logs());

    // With the old limit this much would have taken a second and a half.
    let free = r#"{"bandwidth_limit":0,"compress_level":0}"#;
    field.call("ModifyReplicationJobAttribute", &[("JobId", &job), ("ReplicationParameters", free)]);
    assert!(field.link.wait_for(field.link.sent() + (3 << 20), A_SECOND), "{}", field.logs());
    let done = field.settled(&job, "Waiting");
    // Before anything that takes time: they are of runs that go on, and stay until the next look at the jobs.
    let metrics = field.center.as_ref().unwrap().get("/metrics").unwrap().1;
    assert!(metrics.contains("landfall_run_left_bytes"), "{metrics}");
    field.compare(done["ImageId"].as_str().unwrap(), &disk);
    let sent = field.link.sent() - before;
    assert!(sent < DISK_BYTES + DISK_BYTES / 2, "stopping lost what was durable: {sent} bytes were sent");

    field.call("DeleteReplicationJob", &[("JobId", &job)]);
    let started = Instant::now();
    while field.call("DescribeReplicationJobs", &[("JobId.1", &job)])["TotalCount"] != 0 {
        assert!(started.elapsed() < Duration::from_secs(30), "the job is not removed\n{}", field.logs());
        std::thread::park_timeout(Duration::from_millis(50));
    }
    let left = std::fs::read_dir(field.launch.data_dir.join("staging")).unwrap().count();
    assert_eq!(left, 0, "staging disks of a deleted job stay");
    field.tear_down();
}

/// Opens the stream of news with a ticket, which opens it once.
fn follow(field: &Field) -> BufReader<TcpStream> {
    let api = field.center.as_ref().unwrap().api();
    let ticket = field.runtime.block_on(async {
        let mut client = ApiClient::connect(api, &field.key).await.unwrap();
        client.call_own("FollowReplicationJobs", &[]).await.unwrap()
    });
    let path = ticket["Path"].as_str().unwrap();
    let open = || {
        let mut stream = TcpStream::connect(api).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {api}\r\n\r\n").unwrap();
        let mut stream = BufReader::new(stream);
        let mut status = String::new();
        stream.read_line(&mut status).unwrap();
        (status, stream)
    };
    let (status, stream) = open();
    assert!(status.contains(" 200 "), "{status}");
    assert!(open().0.contains(" 403 "), "a ticket opens the stream once");
    stream
}

/// Reads on until an event of the job; `false` when the stream ends before.
fn await_news(news: &mut impl BufRead, job: &str, event: &str) -> bool {
    let mut lines = news.lines().map_while(Result::ok);
    while let Some(line) = lines.next() {
        if line == format!("event: {event}") {
            return lines.next().is_some_and(|data| data.contains(job));
        }
    }
    false
}
