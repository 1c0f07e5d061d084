//! `landfall token`.

use crate::{
    bench::{Bench, assert_told},
    machine::import,
};

#[test]
fn a_code_is_shown_once_with_what_to_paste() {
    let bench = Bench::with(None, Some(env!("CARGO_BIN_EXE_landfall").into()));
    assert_told!(bench.session(&["token create --name wave-1 --count 2 --ttl-days 7", "token list"]), @r#"
    $ landfall token create --name wave-1 --count 2 --ttl-days 7
    Id  at-ID
    Code  CODE
    Imports  2 servers
    Expires  TIME (HINT)

    On a source, as root:
      script=$(curl -fsSk --pinnedpubkey 'sha256//PIN' https://127.0.0.1:PORT/install.sh) && LANDFALL_TOKEN_CODE=CODE sh -c "$script" sh --token-id at-ID

    On a source that has landfall-agent, as root:
      LANDFALL_TOKEN_CODE=CODE landfall-agent import --server https://127.0.0.1:PORT --ca-fingerprint sha256:HEX --token-id at-ID
    | The code is shown this once; the center keeps no copy of it. Whoever has it can import 2 servers until it expires, or until: landfall token disable at-ID

    $ landfall token list
    ID  NAME  STATUS  USED  EXPIRES
    at-ID  wave-1  activated  0/2  TIME (HINT)
    "#);
}

/// Runs what is printed to be pasted, as root would, with an agent that ends with its number of arguments.
fn pasted(bench: &Bench, altered: impl Fn(&str) -> String) -> (i32, bool, String) {
    let made = bench.json(&["token", "create", "--count", "1", "--output", "json"]);
    let line = altered(made["InstallCommand"].as_str().unwrap());
    let prefix = tempfile::tempdir_in(bench.path()).unwrap();
    let programs = prefix.path().join("programs");
    std::fs::create_dir(&programs).unwrap();
    executable(&programs.join("id"), "#!/bin/sh\necho 0\n");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let done = std::process::Command::new("sh")
        .args(["-c", &line])
        .env_clear()
        .env("PATH", path)
        .env("LANDFALL_PREFIX", prefix.path())
        .env("LANDFALL_NO_SERVICE", "1")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    let code = made["AccessTokenCode"].as_str().unwrap();
    assert!(!said.contains(code), "{said}");
    (done.status.code().unwrap(), prefix.path().join("bin/landfall-agent").exists(), said)
}

fn executable(path: &std::path::Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn what_is_pasted_ends_as_the_agent_does_and_badly_when_nothing_was_run() {
    let files = tempfile::tempdir().unwrap();
    let agent = files.path().join("agent");
    executable(
        &agent,
        "#!/bin/sh\n[ \"$1 $2\" = 'import --token-id' ] && [ -n \"$LANDFALL_TOKEN_CODE\" ] || exit 99\nexit $(($# - 3))\n",
    );
    let bench = Bench::with(None, Some(agent));
    let (code, installed, said) = pasted(&bench, str::to_owned);
    assert_eq!((code, installed), (0, true), "{said}");
    let (code, installed, said) = pasted(&bench, |line| format!("{line} --name 'web 01'"));
    assert_eq!((code, installed), (2, true), "the agent's own code: {said}");
    let (code, installed, said) = pasted(&bench, |line| {
        let (before, rest) = line.split_once("sha256//").unwrap();
        format!("{before}sha256//{}={}", "A".repeat(43), rest.split_once('=').unwrap().1)
    });
    assert_eq!((code, installed), (90, false), "curl's code for a pin that does not fit: {said}");
    let (code, installed, said) = pasted(&bench, |line| line.replace("/install.sh", "/nothing.sh"));
    assert_eq!((code, installed), (22, false), "curl's code for what is not there: {said}");
}

#[test]
fn a_center_without_the_agents_file_says_how_to_go_on() {
    let bench = Bench::new();
    assert_told!(bench.run(&["token", "create", "--count", "1"]).told(), @r"
    Id  at-ID
    Code  CODE
    Imports  1 server
    Expires  TIME (HINT)

    On a source that has landfall-agent, as root:
      LANDFALL_TOKEN_CODE=CODE landfall-agent import --server https://127.0.0.1:PORT --ca-fingerprint sha256:HEX --token-id at-ID
    | The code is shown this once; the center keeps no copy of it. Whoever has it can import 1 server until it expires, or until: landfall token disable at-ID
    | This center hands out no agent: copy landfall-agent to the source first, or start landfall serve with --agent-binary.
    ");
}

#[test]
fn json_is_for_programs_and_holds_the_same() {
    let bench = Bench::with(None, Some(env!("CARGO_BIN_EXE_landfall").into()));
    let told = bench.session(&["token create --count 1 --output json", "token list --output json"]);
    assert_told!(told, @r#"
    $ landfall token create --count 1 --output json
    {
      "AccessTokenId": "at-ID",
      "AccessTokenCode": "CODE",
      "Count": 1,
      "ExpirationTime": "TIME",
      "InstallCommand": "script=$(curl -fsSk --pinnedpubkey 'sha256//PIN' https://127.0.0.1:PORT/install.sh) && LANDFALL_TOKEN_CODE=CODE sh -c \"$script\" sh --token-id at-ID",
      "ImportCommand": "LANDFALL_TOKEN_CODE=CODE landfall-agent import --server https://127.0.0.1:PORT --ca-fingerprint sha256:HEX --token-id at-ID"
    }
    | The code is shown this once; the center keeps no copy of it. Whoever has it can import 1 server until it expires, or until: landfall token disable at-ID

    $ landfall token list --output json
    [
      {
        "AccessTokenId": "at-ID",
        "Count": "1",
        "CreationTime": "TIME",
        "Description": "",
        "Name": "",
        "RegisteredCount": "0",
        "Status": "activated",
        "TimeToLiveInDays": "30"
      }
    ]
    "#);
}

#[test]
fn a_code_shows_what_came_by_it() {
    let bench = Bench::new();
    let code = bench.new_code("1");
    let before = bench.run(&["token", "show", &code.0]).told();
    import(&bench, "web-1", &code);
    assert_told!(before, @r"
    Id  at-ID
    Name  wave-1
    Description  -
    Status  activated
    Used  0 of 1
    Last used  never
    Created  TIME (HINT)
    Created by  acs:ram::ACCOUNT:root
    Expires  TIME (HINT)

    No source that came by this code exists
    ");
    assert_told!(bench.run(&["token", "show", &code.0]).told(), @r"
    Id  at-ID
    Name  wave-1
    Description  -
    Status  activated, used up
    Used  1 of 1
    Last used  TIME (HINT)
    Created  TIME (HINT)
    Created by  acs:ram::ACCOUNT:root
    Expires  TIME (HINT)

    Sources that came by this code: 1
    ID  NAME  STATE  IMPORTED
    s-ID  web-1  Available  TIME (HINT)
    ");
}

#[test]
fn a_code_that_ends_says_that_sources_stay() {
    let bench = Bench::new();
    let (id, _) = bench.new_code("1");
    let told = [
        bench.run(&["token", "disable", &id]).told(),
        bench.run(&["token", "list", "--status", "unactivated"]).told(),
        bench.run(&["token", "list", "--status", "activated"]).told(),
        bench.run(&["token", "delete", &id]).told(),
        bench.run(&["token", "delete", &id]).told(),
    ];
    assert_told!(told.join("\n"), @r"
    | Nothing can be imported any more with at-ID
    | Servers that were imported with it stay, and stay connected.

    ID  NAME  STATUS  USED  EXPIRES
    at-ID  wave-1  unactivated  0/1  TIME (HINT)

    ID  NAME  STATUS  USED  EXPIRES
    | No codes; make one with landfall token create

    | Deleted at-ID
    | Servers that were imported with it stay, and stay connected.

    | landfall: DeleteAccessToken was refused (404 InvalidAccessTokenId.NotFound): the account has no activation code at-ID
    |  what to do: List the codes and use an id from there.
    |  request id: REQUEST-ID
    [exit 1]
    ");
}

#[test]
fn values_are_the_centers_to_judge_and_forms_are_not() {
    let bench = Bench::new();
    let told = bench.session(&[
        "token create --count 0",
        "token create --ttl-days 91",
        "token create --name http://x",
        "token create --count many",
        "token list --status used",
        "token show wave-1",
    ]);
    assert_told!(told, @r#"
    $ landfall token create --count 0
    | landfall: CreateAccessToken was refused (400 InvalidParameter.Count): Specified parameter Count is not valid: it must be a whole number from 1 to 1000, but was "0".
    |  what to do: Send a value within the rule; the operation reference lists it.
    |  request id: REQUEST-ID
    [exit 1]

    $ landfall token create --ttl-days 91
    | landfall: CreateAccessToken was refused (400 InvalidParameter.TimeToLiveInDays): Specified parameter TimeToLiveInDays is not valid: it must be a whole number from 1 to 90, but was "91".
    |  what to do: Send a value within the rule; the operation reference lists it.
    |  request id: REQUEST-ID
    [exit 1]

    $ landfall token create --name http://x
    | landfall: CreateAccessToken was refused (400 InvalidParameter.Name): Specified parameter Name is not valid: it must begin with a letter or a Chinese character and go on with these, digits, ":", "_" and "-", but was "http://x".
    |  what to do: Send a value within the rule; the operation reference lists it.
    |  request id: REQUEST-ID
    [exit 1]

    $ landfall token create --count many
    | error: invalid value 'many' for '--count <N>': invalid digit found in string
    | 
    | For more information, try '--help'.
    [exit 2]

    $ landfall token list --status used
    | error: invalid value 'used' for '--status <STATUS>'
    |  [possible values: activated, unactivated, expired]
    | 
    | For more information, try '--help'.
    [exit 2]

    $ landfall token show wave-1
    | error: invalid value 'wave-1' for '<at-…>': an id begins with at-; landfall token list shows them. If this was a code, disable it: arguments are not secret
    | 
    | For more information, try '--help'.
    [exit 2]
    "#);
}

#[test]
fn a_key_that_may_only_create_codes_still_gets_everything_it_needs() {
    let bench = Bench::new();
    bench.run(&["admin", "user", "create", "ci"]);
    bench.run(&["admin", "policy", "attach", "LandfallCodeIssuerAccess", "--user", "ci"]);
    let key = bench.json(&["admin", "key", "create", "--user", "ci", "--output", "json"]);
    let run = |words: &[&str]| {
        let mut command = bench.command(words);
        command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", key["AccessKeyId"].as_str().unwrap());
        command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", key["AccessKeySecret"].as_str().unwrap());
        crate::bench::Done::from(command.output().unwrap())
    };
    let made = run(&["token", "create", "--output", "json"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert!(made.stdout.contains("ImportCommand") && made.stdout.contains("ExpirationTime"));
    assert_told!(run(&["source", "list"]).told(), @r"
    | landfall: DescribeSourceServers was refused (403 Forbidden.Unauthorized): User not authorized to operate on the specified resource, or this API doesn't support RAM.
    |  denied: smc:DescribeSourceServers to ci: no policy allows it
    |  what to do: Ask the owner of the account for a policy that allows the action.
    |  request id: REQUEST-ID
    [exit 1]
    ");
}

#[test]
fn a_code_is_not_lost_when_where_agents_connect_is_not_told() {
    let bench = Bench::new();
    let document =
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"smc:CreateAccessToken","Resource":"*"}]}"#;
    bench.run(&["admin", "user", "create", "ci"]);
    let put = bench.feed(&["admin", "policy", "put", "only-create", "--file", "-"], document);
    assert_eq!(put.code, 0, "{}", put.stderr);
    bench.run(&["admin", "policy", "attach", "only-create", "--user", "ci"]);
    let key = bench.json(&["admin", "key", "create", "--user", "ci", "--output", "json"]);
    let made = bench
        .command(&["token", "create", "--count", "3"])
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", key["AccessKeyId"].as_str().unwrap())
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", key["AccessKeySecret"].as_str().unwrap())
        .output()
        .unwrap();
    assert_told!(crate::bench::Done::from(made).told(), @r"
    Id  at-ID
    Code  CODE
    Imports  3 servers
    Expires  TIME (HINT)
    | The code is shown this once; the center keeps no copy of it. Whoever has it can import 3 servers until it expires, or until: landfall token disable at-ID
    | The commands for sources are missing, since where agents connect is not known: GetAgentEndpoint was refused (403 Forbidden.Unauthorized): User not authorized to operate on the specified resource, or this API doesn't support RAM.
    ");
}
