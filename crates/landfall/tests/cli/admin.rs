//! `landfall admin`, beside a running center.

use crate::bench::{Bench, Done, assert_told};

#[test]
fn users_keys_and_policies_from_nothing_to_a_working_key() {
    let bench = Bench::new();
    let told = bench.session(&[
        "admin account list",
        "admin user create ci --display-name Pipeline",
        "admin user create ci",
        "admin key create --user ci",
        "admin policy attach LandfallCodeIssuerAccess --user ci",
        "admin policy list",
        "admin user list",
        "admin user show ci",
        "admin key list",
        "admin key create --user nobody",
    ]);
    assert_told!(told, @r"
    $ landfall admin account list
    ACCOUNT  NAME  CREATED
    ACCOUNT  default  TIME (HINT)

    $ landfall admin user create ci --display-name Pipeline
    | Made ci. It has no key and may do nothing yet; next:
    |  landfall admin policy attach LandfallCodeIssuerAccess --user ci
    |  landfall admin key create --user ci

    $ landfall admin user create ci
    | landfall: the account already has a user ci
    [exit 1]

    $ landfall admin key create --user ci
    Key of  acs:ram::ACCOUNT:user/ci
    export ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI…
    export ALIBABA_CLOUD_ACCESS_KEY_SECRET=SECRET
    | The secret is shown this once; the center keeps it sealed and never tells it again.
    | ci may do nothing yet; give it a policy: landfall admin policy attach LandfallCodeIssuerAccess --user ci

    $ landfall admin policy attach LandfallCodeIssuerAccess --user ci
    | ci has LandfallCodeIssuerAccess now

    $ landfall admin policy list
    POLICY  TYPE  FOR
    LandfallAdministratorAccess  System  Everything in the account, also users, AccessKeys and policies
    LandfallFullAccess  System  Everything in the account but changing users, AccessKeys and policies
    LandfallReadOnlyAccess  System  See codes and identities (never a secret), sources, jobs and tags; change nothing
    LandfallCodeIssuerAccess  System  Create and list activation codes, and learn where agents connect; nothing else

    $ landfall admin user list
    USER  CALLED  CREATED
    ci  Pipeline  TIME (HINT)

    $ landfall admin user show ci
    User  ci
    Called  Pipeline
    ARN  acs:ram::ACCOUNT:user/ci
    Created  TIME (HINT)
    Policies  LandfallCodeIssuerAccess

    KEY  USER  STATUS  CREATED  LAST USED
    LTAI…  ci  Active  TIME (HINT)  -

    $ landfall admin key list
    KEY  USER  STATUS  CREATED  LAST USED
    LTAI…  (owner)  Active  TIME (HINT)  -
    LTAI…  ci  Active  TIME (HINT)  -

    $ landfall admin key create --user nobody
    | landfall: the account has no user nobody; landfall admin user list shows them
    [exit 1]
    ");
}

#[test]
fn a_third_active_key_is_refused_and_a_disabled_one_stops_signing() {
    let bench = Bench::new();
    bench.run(&["admin", "user", "create", "ci"]);
    bench.run(&["admin", "policy", "attach", "LandfallFullAccess", "--user", "ci"]);
    let key = bench.json(&["admin", "key", "create", "--user", "ci", "--output", "json"]);
    let id = key["AccessKeyId"].as_str().unwrap();
    let told = bench.session(&[
        "admin key create --user ci",
        "admin key create --user ci",
        &format!("admin key disable {id}"),
        "admin key create --user ci",
        &format!("admin key enable {id}"),
    ]);
    assert_told!(told, @r"
    $ landfall admin key create --user ci
    Key of  acs:ram::ACCOUNT:user/ci
    export ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI…
    export ALIBABA_CLOUD_ACCESS_KEY_SECRET=SECRET
    | The secret is shown this once; the center keeps it sealed and never tells it again.

    $ landfall admin key create --user ci
    | landfall: acs:ram::ACCOUNT:user/ci already has two active AccessKeys; disable or delete one first
    [exit 1]

    $ landfall admin key disable LTAI…
    | Disabled LTAI…

    $ landfall admin key create --user ci
    Key of  acs:ram::ACCOUNT:user/ci
    export ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI…
    export ALIBABA_CLOUD_ACCESS_KEY_SECRET=SECRET
    | The secret is shown this once; the center keeps it sealed and never tells it again.

    $ landfall admin key enable LTAI…
    | landfall: acs:ram::ACCOUNT:user/ci already has two active AccessKeys; disable or delete one first
    [exit 1]
    ");
    let listed = bench
        .command(&["token", "list"])
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", id)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", key["AccessKeySecret"].as_str().unwrap())
        .output()
        .unwrap();
    assert_told!(Done::from(listed).told(), @r"
    | landfall: ListAccessTokens was refused (400 InvalidAccessKeyId.Inactive): Specified access key is disabled.
    |  what to do: Switch the key on with landfall admin key enable, or use another.
    |  request id: REQUEST-ID
    [exit 1]
    ");
    assert_told!(bench.session(&[&format!("admin key delete {id}"), &format!("admin key delete {id}")]), @r"
    $ landfall admin key delete LTAI…
    | Deleted LTAI…

    $ landfall admin key delete LTAI…
    | landfall: the account has no AccessKey LTAI…; landfall admin key list shows them
    [exit 1]
    ");
}

const NO_PROD: &str = r#"{
  "Version": "1",
  "Statement": [
    { "Effect": "Allow", "Action": "smc:*", "Resource": "*" },
    { "Effect": "Deny", "Action": "smc:DeleteSourceServer", "Resource": "*",
      "Condition": { "StringEquals": { "acs:ResourceTag/env": "prod" } } }
  ]
}"#;

#[test]
fn policies_are_written_tested_and_kept_from_harm() {
    let bench = Bench::new();
    bench.run(&["admin", "user", "create", "ci"]);
    let put = |name: &str, document: &str| {
        bench
            .feed(&["admin", "policy", "put", name, "--file", "-", "--description", "no prod"], document)
            .told()
    };
    let puts = [put("no-prod", NO_PROD), put("no-prod", "{"), put("LandfallFullAccess", NO_PROD)];
    assert_told!(puts.join("\n"), @r"
    | Wrote no-prod; users that have it are under it within a second

    | landfall: the policy is refused: reading the policy: it is not JSON at line 1, column 1: EOF while parsing an object
    [exit 1]

    | landfall: LandfallFullAccess is a built-in policy, which cannot be changed; choose another name
    [exit 1]
    ");
    let told = bench.session(&[
        "admin policy attach no-prod --user ci",
        "admin policy attach missing --user ci",
        "admin policy delete no-prod",
        "admin policy test --user ci --action smc:DeleteSourceServer --resource sourceServer/s-1 --resource-tag env=prod",
        "admin policy test --user ci --action smc:DeleteSourceServer --resource sourceServer/s-1 --resource-tag env=lab",
        "admin policy test --user ci --action smc:DeleteSourceSever",
        "admin policy test --action smc:DeleteSourceServer --output json",
        "admin policy detach no-prod --user ci",
        "admin policy detach no-prod --user ci",
        "admin policy delete no-prod",
        "admin policy show no-prod",
        "admin policy show LandfallCodeIssuerAccess",
    ]);
    assert_told!(told, @r#"
    $ landfall admin policy attach no-prod --user ci
    | ci has no-prod now

    $ landfall admin policy attach missing --user ci
    | landfall: the account has no policy missing; landfall admin policy list shows them
    [exit 1]

    $ landfall admin policy delete no-prod
    | landfall: the policy no-prod is attached to ci; detach it first
    [exit 1]

    $ landfall admin policy test --user ci --action smc:DeleteSourceServer --resource sourceServer/s-1 --resource-tag env=prod
    denied: smc:DeleteSourceServer for acs:ram::ACCOUNT:user/ci by no-prod Statement[1] on acs:smc:*:ACCOUNT:sourceServer/s-1
      on acs:smc:*:ACCOUNT:sourceServer/s-1
        no-prod Statement[0] Allow: applies
        no-prod Statement[1] Deny: applies

    $ landfall admin policy test --user ci --action smc:DeleteSourceServer --resource sourceServer/s-1 --resource-tag env=lab
    allowed: smc:DeleteSourceServer for acs:ram::ACCOUNT:user/ci by no-prod Statement[0]
      on acs:smc:*:ACCOUNT:sourceServer/s-1
        no-prod Statement[0] Allow: applies
        no-prod Statement[1] Deny: needs acs:ResourceTag/env StringEquals "prod"; the request has "lab"

    $ landfall admin policy test --user ci --action smc:DeleteSourceSever
    | landfall: no operation has the action given (did you mean smc:DeleteSourceServer?); landfall api --list shows the operations
    [exit 2]

    $ landfall admin policy test --action smc:DeleteSourceServer --output json
    {
      "Allowed": true,
      "Explanation": [
        "allowed: smc:DeleteSourceServer for acs:ram::ACCOUNT:root; policies do not limit the account's owner"
      ]
    }

    $ landfall admin policy detach no-prod --user ci
    | ci no longer has no-prod

    $ landfall admin policy detach no-prod --user ci
    | landfall: ci does not have no-prod; landfall admin user show ci tells what it has
    [exit 1]

    $ landfall admin policy delete no-prod
    | Deleted no-prod

    $ landfall admin policy show no-prod
    | landfall: the account has no policy no-prod; landfall admin policy list shows them
    [exit 1]

    $ landfall admin policy show LandfallCodeIssuerAccess
    {
      "Version": "1",
      "Statement": [
        {
          "Effect": "Allow",
          "Action": ["smc:CreateAccessToken", "smc:ListAccessTokens", "landfall:GetAgentEndpoint"],
          "Resource": "*"
        }
      ]
    }
    "#);
}

#[test]
fn the_audit_trail_tells_who_did_what_and_when() {
    let bench = Bench::new();
    let code = bench.new_code("1");
    crate::machine::import(&bench, "web-1", &code);
    bench.run(&["token", "disable", &code.0]);
    let told = bench.session(&[
        "admin audit",
        "admin audit --limit 1",
        "admin audit --event token.redeemed --output json",
        "admin audit --until 1h",
        "admin audit --since yesterday",
        "admin audit --event token.revealed",
    ]);
    assert_told!(told, @r#"
    $ landfall admin audit
    TIME  EVENT  RESOURCE  WHO  FROM  DETAIL
    TIME (HINT)  token.disabled  at-ID  acs:ram::ACCOUNT:root  127.0.0.1  -
    TIME (HINT)  token.redeemed  at-ID  machine:HEX  127.0.0.1  s-ID
    TIME (HINT)  token.created  at-ID  acs:ram::ACCOUNT:root  127.0.0.1  -

    $ landfall admin audit --limit 1
    TIME  EVENT  RESOURCE  WHO  FROM  DETAIL
    TIME (HINT)  token.disabled  at-ID  acs:ram::ACCOUNT:root  127.0.0.1  -
    | There are more than these 1; see more with --limit

    $ landfall admin audit --event token.redeemed --output json
    [
      {
        "EventId": 2,
        "AccountId": "ACCOUNT",
        "Time": "TIME",
        "Event": "token.redeemed",
        "ResourceId": "at-ID",
        "Actor": "machine:HEX",
        "SourceIp": "127.0.0.1",
        "Detail": "s-ID"
      }
    ]

    $ landfall admin audit --until 1h
    TIME  EVENT  RESOURCE  WHO  FROM  DETAIL

    $ landfall admin audit --since yesterday
    | landfall: a moment is written TIME, or as how long ago it was: 90m, 12h, 7d
    [exit 2]

    $ landfall admin audit --event token.revealed
    | error: invalid value 'token.revealed' for '--event <EVENT>'
    |  [possible values: token.created, token.disabled, token.deleted, token.redeemed, token.refused, source.returned, source.rekeyed, source.deleted, job.created, job.changed, job.started, job.stopped, job.cutover, job.ran, job.finished, job.failed, job.expired, job.deleted, image.verified, image.booted, workgroup.created, workgroup.changed, workgroup.joined, workgroup.left, workgroup.deleted, session.began, session.ended, session.refused, account.created, master-key.rotated, user.created, user.deleted, key.created, key.enabled, key.disabled, key.deleted, policy.created, policy.changed, policy.deleted, policy.attached, policy.detached]
    | 
    |  tip: a similar value exists: 'token.deleted'
    | 
    | For more information, try '--help'.
    [exit 2]
    "#);
    let mut command = bench.command(&["admin", "audit"]);
    std::fs::remove_file(bench.data().join("master.key")).unwrap();
    assert!(command.output().unwrap().status.success(), "the trail needs no master key");
}

#[test]
fn with_several_accounts_one_must_be_named() {
    let bench = Bench::new();
    let lab = bench.json(&["admin", "account", "create", "lab", "--output", "json"]);
    assert_told!(bench.session(&["admin user list", "admin user create mia --account lab", "admin user list --account lab"]), @r"
    $ landfall admin user list
    | landfall: there are several accounts; say which with --account
    [exit 1]

    $ landfall admin user create mia --account lab
    | Made mia. It has no key and may do nothing yet; next:
    |  landfall admin policy attach LandfallCodeIssuerAccess --user mia
    |  landfall admin key create --user mia

    $ landfall admin user list --account lab
    USER  CALLED  CREATED
    mia  -  TIME (HINT)
    ");
    let number = lab["AccountId"].as_str().unwrap();
    assert_eq!(
        bench.json(&["admin", "user", "list", "--account", number, "--output", "json"])[0]["UserName"],
        "mia"
    );
    assert_told!(bench.run(&["admin", "account", "create", "third"]).told(), @r"
    Key of  acs:ram::ACCOUNT:root
    export ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI…
    export ALIBABA_CLOUD_ACCESS_KEY_SECRET=SECRET
    | The secret is shown this once; the center keeps it sealed and never tells it again.
    | This is a key of the account's owner, whom policies do not limit; for programs, make a user and give it a policy.
    ");
}

#[test]
fn the_master_key_is_rotated() {
    let mut bench = Bench::new();
    let code = bench.new_code("1");
    bench.stop();
    let before = std::fs::read_to_string(bench.data().join("master.key")).unwrap();
    assert_told!(bench.run(&["admin", "rotate-master-key"]).told(), @r"
    Master key  DIR/data/master.key
    Before  KEY-ID
    Now  KEY-ID
    Secrets sealed anew  1
    | Centers that read this file go on; give the others the new one and restart them. Backups of the database from before need the key from before.
    ");
    assert_ne!(std::fs::read_to_string(bench.data().join("master.key")).unwrap(), before);
    // Everything that was sealed still opens.
    assert_eq!(bench.run(&["admin", "key", "list"]).code, 0);
    std::fs::write(bench.data().join("master.key"), &before).unwrap();
    assert_told!(bench.run(&["admin", "key", "list"]).told(), @r"
    | landfall: opening the keyring: it was sealed with master key KEY-ID, the one given is KEY-ID; give the right one with --master-key-file or LANDFALL_MASTER_KEY
    [exit 1]
    ");
    let given = bench
        .command(&["admin", "rotate-master-key"])
        .env("LANDFALL_MASTER_KEY", before.trim())
        .output()
        .unwrap();
    let given = Done::from(given);
    assert!(!given.stderr.contains(before.trim()) && !given.stderr.contains(&code.1));
    assert_told!(given.told(), @r"
    | landfall: rotating the master key: it is given by LANDFALL_MASTER_KEY, and a new one must be kept somewhere; write it to a file of mode 0600, name that with --master-key-file, and use the file from then on
    [exit 1]
    ");
}

#[test]
fn a_place_without_a_center_is_left_alone() {
    let bench = Bench::new();
    let elsewhere = bench.path().join("elsewhere");
    let place = elsewhere.to_str().unwrap();
    assert_told!(bench.run(&["admin", "user", "list", "--data-dir", place]).told(), @r"
    | landfall: there is no center's data in DIR/elsewhere; start one there with landfall serve, or say where it is with --data-dir
    [exit 1]
    ");
    assert!(!elsewhere.exists());
}
