//! `landfall source`.

use crate::{
    bench::{Bench, assert_told},
    machine::import,
};

#[test]
fn a_source_is_shown_with_its_machine_and_its_lineage() {
    let bench = Bench::new();
    let code = bench.new_code("2");
    let id = import(&bench, "web-1", &code);
    bench.run(&[
        "api",
        "TagResources",
        "--ResourceType",
        "sourceserver",
        "--ResourceId.1",
        &id,
        "--Tag.1.Key",
        "env",
        "--Tag.1.Value",
        "prod",
    ]);
    assert_told!(bench.session(&["source list", &format!("source show {id}")]), @r"
    $ landfall source list
    ID  NAME  STATE  PLATFORM  DISKS  IMPORTED
    s-ID  web-1  Available  Debian  2, 140 GiB  TIME (HINT)

    $ landfall source show s-ID
    Id  s-ID
    Name  web-1
    Description  Imported by landfall-agent. Hostname: web-1 IP Address: 192.0.2.10
    State  Available
    Tags  env=prod
    Imported  TIME (HINT)
    By code  at-ID
    Heartbeat  TIME (HINT)
    Address  127.0.0.1
    Agent  0.1.0
    Boot mode  UEFI

    host  web-1
    system  Debian GNU/Linux 12 (bookworm) (platform Debian), kernel 6.1.0-25-amd64, x86_64, UEFI
    processors 4 (Common KVM processor), 12.5 % busy since boot
    memory  8.0 GiB, 5.0 GiB available
    addresses  192.0.2.10
    disk  /dev/vda, 40.0 GiB, system disk, gpt
               /dev/vda1, 512.0 MiB, EFI system partition, vfat at /boot/efi, 6.0 MiB used
               /dev/vda2, 39.0 GiB, ext4 at /, 11.0 GiB used
    disk  /dev/vdb, 100.0 GiB
    lvm  data/srv, /dev/mapper/data-srv, 90.0 GiB, on /dev/vdb, xfs at /srv, 42.0 GiB used
    copied  /dev/vda: at most 11.5 GiB of 40.0 GiB
    copied  /dev/vdb: at most 100.0 GiB of 100.0 GiB; /dev/vdb whole (nothing known)
    ");
}

#[test]
fn json_of_a_source_holds_the_whole_inventory() {
    let bench = Bench::new();
    let code = bench.new_code("2");
    let id = import(&bench, "web-1", &code);
    let shown = bench.json(&["source", "show", &id, "--output", "json"]);
    assert_eq!(shown["AccessTokenId"], code.0.as_str());
    assert_eq!(shown["Inventory"]["volumes"][0]["name"], "data/srv");
    assert_eq!(shown["SystemDiskSize"], 40);
    let listed = bench.json(&["source", "list", "--output", "json"]);
    assert_eq!(listed[0]["SourceId"], id.as_str());
}

#[test]
fn a_source_is_renamed_and_deleted() {
    let bench = Bench::new();
    let code = bench.new_code("2");
    let (one, two) = (import(&bench, "web-1", &code), import(&bench, "web-2", &code));
    let told = bench.session(&[
        &format!("source rename {one} front-1"),
        &format!("source rename {two} front-1"),
        &format!("source rename {two} 1"),
        "source list --name front-1",
        "source list --state Unavailable",
        &format!("source delete {one}"),
        &format!("source delete {one} --force"),
        &format!("source show {one}"),
    ]);
    assert_told!(told, @r#"
    $ landfall source rename s-ID front-1
    | Renamed s-ID

    $ landfall source rename s-ID front-1
    | landfall: ModifySourceServerAttribute was refused (400 SourceServerName.Duplicate): another source server of the account is named front-1; choose another name
    |  what to do: Choose another name.
    |  request id: REQUEST-ID
    [exit 1]

    $ landfall source rename s-ID 1
    | landfall: ModifySourceServerAttribute was refused (400 InvalidParameter.Name): Specified parameter Name is not valid: it must begin with a letter or a Chinese character and go on with these, digits, ":", "_" and "-", but was "1".
    |  what to do: Send a value within the rule; the operation reference lists it.
    |  request id: REQUEST-ID
    [exit 1]

    $ landfall source list --name front-1
    ID  NAME  STATE  PLATFORM  DISKS  IMPORTED
    s-ID  front-1  Available  Debian  2, 140 GiB  TIME (HINT)

    $ landfall source list --state Unavailable
    ID  NAME  STATE  PLATFORM  DISKS  IMPORTED
    | No sources; landfall token create prints the command that imports one

    $ landfall source delete s-ID
    | Deleted s-ID
    | The server itself is untouched; its agent stops when it next calls. The use of the code is not given back.

    $ landfall source delete s-ID --force
    | landfall: DeleteSourceServer was refused (404 InvalidSourceId.NotFound): the account has no source server s-ID
    |  what to do: List the sources and use an id from there.
    |  request id: REQUEST-ID
    [exit 1]

    $ landfall source show s-ID
    | landfall: DescribeSourceServer was refused (404 InvalidSourceId.NotFound): the account has no source server s-ID
    |  what to do: List the sources and use an id from there.
    |  request id: REQUEST-ID
    [exit 1]
    "#);
}

#[test]
fn every_page_is_listed() {
    let bench = Bench::new();
    let code = bench.new_code("60");
    let mut made: Vec<String> = (0..51).map(|n| import(&bench, &format!("web-{n}"), &code)).collect();
    let listed = bench.json(&["source", "list", "--output", "json"]);
    let mut seen: Vec<String> =
        listed.as_array().unwrap().iter().map(|row| row["SourceId"].as_str().unwrap().to_owned()).collect();
    made.sort();
    seen.sort();
    assert_eq!(seen, made);
}
