//! `landfall console`, the link that `serve` prints, and where what signs in must not be found.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Stdio},
};

use serde_json::{Value, json};

use crate::bench::{Bench, assert_told, bare};

#[test]
fn a_link_is_made_for_whose_key_it_is() {
    let bench = Bench::new();
    let told = bench.session(&["console", "api CreateSignInLink"]);
    assert_told!(told, @r#"
    $ landfall console
    http://127.0.0.1:PORT/console/#token=TOKEN
    | Signs in once, within 30 minutes.

    $ landfall api CreateSignInLink
    {
      "ExpiresInSeconds": 1800,
      "Path": "/console/#token=TOKEN",
      "RequestId": "REQUEST-ID"
    }
    "#);
}

#[test]
fn what_signs_in_is_in_no_log_and_no_file() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut command = bare(home.path());
    command
        .args(["serve", "--api-listen", "127.0.0.1:0", "--agent-listen", "127.0.0.1:0", "--data-dir"])
        .arg(&data)
        .env("LANDFALL_LOG", "trace");
    let mut center = Stopped(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let out = BufReader::new(center.0.stdout.take().unwrap());
    let announced: Vec<String> =
        out.lines().map(Result::unwrap).take_while(|line| line != "Ready.").collect();
    let after = |mark: &str| {
        let line = announced.iter().find_map(|line| line.split_once(mark)).unwrap();
        line.1.to_owned()
    };
    let (api, id, secret) = (after("API      http://"), after("KEY_ID="), after("KEY_SECRET="));
    assert!(!announced.concat().contains("token="), "a link is no data");

    // Standard error is read on the side, since a full pipe would stop the center.
    let mut err = BufReader::new(center.0.stderr.take().unwrap());
    let mut log = String::new();
    while !log.contains("  (30 minutes, once)") {
        assert_ne!(err.read_line(&mut log).unwrap(), 0, "{log}");
    }
    let aside = std::thread::spawn(move || {
        err.read_to_string(&mut log).unwrap();
        log
    });
    let made = {
        let mut command = bare(home.path());
        command.arg("console").env("LANDFALL_ENDPOINT", format!("http://{api}"));
        command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", &id).env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", &secret);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let token = made.trim().split_once("#token=").unwrap().1.to_owned();
    let mut secrets = vec![secret.clone(), token.clone()];
    for credentials in [json!({ "Token": token }), json!({ "AccessKeyId": id, "AccessKeySecret": secret })] {
        let (head, session) = post(&api, "/console/session", "", &credentials);
        let cookie = head.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
        let csrf = session["Csrf"].as_str().unwrap().to_owned();
        let wanted = json!({ "Version": "2019-06-01", "Action": "ListAccessTokens", "Detail": true });
        let headers = format!("cookie: {cookie}\r\nx-landfall-csrf: {csrf}\r\n");
        let (_, outcome) = post(&api, "/console/call", &headers, &wanted);
        assert_eq!(outcome["Status"], 200, "{outcome}");
        secrets.extend([cookie.split_once('=').unwrap().1.to_owned(), csrf]);
    }
    let (_, refused) = post(&api, "/console/session", "", &json!({ "Token": token }));
    assert_eq!(refused["Code"], "SignIn.LinkInvalid");

    drop(center);
    let log = aside.join().unwrap();
    assert!(log.contains("signed in to the console"), "{log}");
    let printed = log.split_once("console: http://").unwrap().1.split_once("#token=").unwrap().1;
    let printed = printed.split_once(' ').unwrap().0;
    assert_eq!(log.matches(printed).count(), 1, "the link is printed and not logged");
    secrets.push(printed.to_owned());
    let files = contents(&data);
    for secret in &secrets {
        assert!(secret == printed || !log.contains(secret.as_str()), "{secret} is in the log");
        assert!(!contains(&files, secret.as_bytes()), "{secret} is in a file");
    }
    assert!(contains(&files, id.as_bytes()), "the search finds what is there");
}

/// A program that is stopped when the test is done with it.
struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn post(api: &str, path: &str, headers: &str, body: &Value) -> (String, Value) {
    let mut stream = TcpStream::connect(api).unwrap();
    let body = body.to_string();
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {api}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), serde_json::from_str(body).unwrap())
}

/// All that is in the files of a directory.
fn contents(directory: &Path) -> Vec<u8> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: &Path| if path.is_dir() { contents(path) } else { fs::read(path).unwrap() };
    entries.flat_map(|path| read(&path)).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
