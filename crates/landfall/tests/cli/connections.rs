//! Reaching a center, and what is said when that fails.

use std::{io::Write, net::TcpListener, sync::Arc};

use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};

use crate::bench::{Bench, Done, assert_told, bare};

#[test]
fn what_is_missing_to_sign_is_named() {
    let home = tempfile::tempdir().unwrap();
    let list = |environment: &[(&str, &str)]| {
        let mut command = bare(home.path());
        command.args(["token", "list"]).envs(environment.iter().copied());
        Done::from(command.output().unwrap()).told()
    };
    let told = [
        list(&[]),
        list(&[("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI")]),
        list(&[("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s3cr3t")]),
        list(&[("ALIBABA_CLOUD_ACCESS_KEY_ID", ""), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "")]),
    ];
    assert!(!told.concat().contains("s3cr3t"));
    assert_told!(told.join(""), @r"
    | landfall: finding an AccessKey: ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET are not set; take the pair that landfall serve printed at its first start, or make one with landfall admin key create
    [exit 1]
    | landfall: finding an AccessKey: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set; take the pair that landfall serve printed at its first start, or make one with landfall admin key create
    [exit 1]
    | landfall: finding an AccessKey: ALIBABA_CLOUD_ACCESS_KEY_ID is not set; take the pair that landfall serve printed at its first start, or make one with landfall admin key create
    [exit 1]
    | landfall: finding an AccessKey: ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET are not set; take the pair that landfall serve printed at its first start, or make one with landfall admin key create
    [exit 1]
    ");
}

#[test]
fn wrong_keys_and_endpoints_are_told_apart() {
    let bench = Bench::new();
    let run = |endpoint: &str, id: &str, secret: &str| {
        let mut command = bench.command(&["token", "list"]);
        command.env("LANDFALL_ENDPOINT", endpoint);
        command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", id).env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret);
        Done::from(command.output().unwrap()).told()
    };
    let api = format!("http://{}", bench.center().api_address);
    let agents = bench.center().agent_address;
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let (id, secret) = (bench.key_id.as_str(), bench.secret.as_str());
    let told = [
        run(&api, "nobody", secret),
        run(&api, id, "wrong"),
        run(&format!("http://{nobody}"), id, secret),
        run(&format!("http://{agents}"), id, secret),
        run(&format!("https://{agents}"), id, secret),
        run(&api.replace("http", "https"), id, secret),
        run("127.0.0.1:8620", id, secret),
        run(&format!("{api}/api"), id, secret),
    ];
    assert_told!(told.join(""), @r"
    | landfall: ListAccessTokens was refused (404 InvalidAccessKeyId.NotFound): Specified access key is not found.
    |  what to do: Check ALIBABA_CLOUD_ACCESS_KEY_ID and --endpoint: this center knows no such key. landfall admin key list shows those it knows.
    |  request id: REQUEST-ID
    [exit 1]
    | landfall: ListAccessTokens was refused (400 SignatureDoesNotMatch): Specified signature does not match our calculation.
    |  what to do: Check ALIBABA_CLOUD_ACCESS_KEY_SECRET: it is not the secret of this AccessKey id.
    |  request id: REQUEST-ID
    [exit 1]
    | landfall: calling the center at http://127.0.0.1:PORT: Connection refused (os error 111); start a center there with landfall serve, or name yours with --endpoint or LANDFALL_ENDPOINT
    [exit 1]
    | landfall: calling the center at http://127.0.0.1:PORT: what answers there does not speak HTTP; is it an https endpoint, or the port for agents?
    [exit 1]
    | landfall: calling the center at https://127.0.0.1:PORT: invalid peer certificate: UnknownIssuer; check that it is an https endpoint, and give the certificate of its authority with --ca-file
    [exit 1]
    | landfall: calling the center at https://127.0.0.1:PORT: received corrupt message of type InvalidContentType; check that it is an https endpoint, and give the certificate of its authority with --ca-file
    [exit 1]
    | landfall: reading the endpoint: it must begin with http:// or https://; write http://HOST:PORT or https://HOST:PORT
    [exit 2]
    | landfall: reading the endpoint: it must not have a path; write http://HOST:PORT or https://HOST:PORT
    [exit 2]
    ");
}

#[test]
fn what_is_no_center_is_called_that() {
    let answers = [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 13\r\n\r\n<html></html>",
        "HTTP/1.1 302 Found\r\nlocation: http://elsewhere.example/\r\ncontent-length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "",
    ];
    let bench = Bench::new();
    let told = answers.map(|answer| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let done = bench.run(&["token", "list", "--endpoint", &endpoint]);
        answering.join().unwrap();
        done.told()
    });
    assert_told!(told.join(""), @r"
    | landfall: calling the center at http://127.0.0.1:PORT: HTTP 200 without an answer of the API; is it the API of a Landfall center?
    [exit 1]
    | landfall: calling the center at http://127.0.0.1:PORT: HTTP 404 without an answer of the API; is it the API of a Landfall center?
    [exit 1]
    | landfall: calling the center at http://127.0.0.1:PORT: HTTP 302 without an answer of the API; is it the API of a Landfall center?
    [exit 1]
    | landfall: calling the center at http://127.0.0.1:PORT: what answers there does not speak HTTP; is it an https endpoint, or the port for agents?
    [exit 1]
    | landfall: calling the center at http://127.0.0.1:PORT: connection closed before message completed; whether the call was carried out is not known: look before trying again
    [exit 1]
    ");
}

#[test]
fn https_is_trusted_by_the_given_authority_only() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let bench = Bench::with(Some(Arc::new(config)), None);
    let authority = bench.path().join("ca.pem");
    std::fs::write(&authority, made.cert.pem()).unwrap();
    let endpoint = format!("https://localhost:{}", bench.center().api_address.port());
    let run = |words: &[&str]| {
        let mut all = vec!["token", "create", "--output", "json", "--endpoint", &endpoint];
        all.extend(words);
        bench.run(&all)
    };
    let trusted = run(&["--ca-file", authority.to_str().unwrap()]);
    assert_eq!(trusted.code, 0, "{}", trusted.stderr);
    assert!(!trusted.stderr.contains("plain text"), "{}", trusted.stderr);
    assert_eq!(run(&[]).code, 1);
    let empty = bench.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    assert_told!(run(&["--ca-file", empty.to_str().unwrap()]).told(), @r"
    | landfall: reading trusted certificates from DIR/empty.pem: it holds no certificate; name a PEM file with --ca-file
    [exit 1]
    ");
}
