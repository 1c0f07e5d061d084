//! Opening: fresh, again, at the same time, and refused in one line that says what to do.

use std::{fs, thread};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use smc::ports::{JobTx, Page, SourceFilter, TokenFilter, Tx};
use store::{Database, Location, OpenError, Options};
use test_postgres::TestPostgres;

use crate::{
    place::{Place, run},
    samples::{START, account, at, job, job_id, source, token},
};

on_both_engines!(
    what_was_kept_is_there_after_opening_again,
    many_who_open_a_fresh_database_at_once_all_can,
    a_newer_schema_is_refused_and_left_alone,
    a_database_from_before_there_were_jobs_is_brought_up,
);

async fn what_was_kept_is_there_after_opening_again(place: &Place) {
    place.open().write(|tx| tx.insert_token(&token(1))).await.unwrap();
    let database = place.open();
    assert!(database.read(|tx| tx.token(&account(1), &token(1).id)).await.unwrap().is_some());
    assert_eq!(place.number("SELECT COUNT(*) FROM schema_version"), 6);
}

async fn many_who_open_a_fresh_database_at_once_all_can(place: &Place) {
    let opened = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| place.open())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    for database in opened {
        database.ping().await.unwrap();
    }
    assert_eq!(place.number("SELECT COUNT(*) FROM schema_version"), 6);
}

async fn a_newer_schema_is_refused_and_left_alone(place: &Place) {
    drop(place.open());
    place.tamper("INSERT INTO schema_version (version, program) VALUES (999, '7.0.0')").unwrap();
    let refused = Database::open(&place.location, Options::default()).err().unwrap();
    assert!(matches!(refused, OpenError::Newer { found: 999, known: 6, .. }), "{refused}");
    insta::allow_duplicates! {
        insta::assert_snapshot!(refused, @"the database has schema 999 and this program knows up to 6; run Landfall 7.0.0 or newer; nothing was changed");
    }
    assert_eq!(place.number("SELECT COUNT(*) FROM schema_version"), 7);
}

async fn a_database_from_before_there_were_jobs_is_brought_up(place: &Place) {
    place.open().write(|tx| tx.insert_source(&source(1))).await.unwrap();
    let tables = ["image_checks", "job_runs", "job_progress", "job_tags", "images", "jobs"];
    place.tamper(&tables.map(|table| format!("DROP TABLE {table};")).concat()).unwrap();
    place.tamper("DELETE FROM schema_version WHERE version > 2").unwrap();
    let database = place.open();
    assert_eq!(place.number("SELECT MAX(version) FROM schema_version"), 6);
    let listed = database
        .write(|tx| {
            tx.insert_job(&job(1), None)?;
            let filter = SourceFilter { job: Some(job_id(1)), ..SourceFilter::default() };
            tx.sources(&account(1), &filter, Page { offset: 0, limit: 10 }, at(START))
        })
        .await
        .unwrap();
    assert_eq!((listed.rows, listed.total), (vec![source(1)], 1));
}

#[test]
fn sqlite_files_that_cannot_be_used_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(
        path("text"),
        "not a database, but a text that is longer than a header of one hundred bytes ".repeat(4),
    )
    .unwrap();
    fs::create_dir(path("directory")).unwrap();
    rusqlite::Connection::open(path("foreign"))
        .unwrap()
        .execute_batch("CREATE TABLE cats (name TEXT)")
        .unwrap();
    let messages: Vec<_> = ["missing/landfall.db", "text", "directory", "foreign"]
        .map(|name| {
            let refused = Database::open(&Location::Sqlite(path(name)), Options::default()).err().unwrap();
            refused.to_string().replace(&directory.path().display().to_string(), "DIR")
        })
        .into();
    insta::assert_snapshot!(messages.join("\n"), @"
    opening the database DIR/missing/landfall.db: No such file or directory (os error 2); check that the directory exists and that this user may write there
    opening the database DIR/text: the file is not a Landfall database (file is not a database); name another file or move it away
    opening the database DIR/directory: Is a directory (os error 21); check that the directory exists and that this user may write there
    using the database: it holds a table cats and none of Landfall's; name a database of Landfall's own
    ");
}

#[test]
fn postgres_servers_that_cannot_be_used_are_refused() {
    let server = TestPostgres::shared().unwrap();
    let database = server.fresh_database().unwrap();
    let name = database.rsplit('/').next().unwrap();
    server.sql(name, "CREATE ROLE mia LOGIN PASSWORD 'right'").unwrap();
    server.sql(name, "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0").unwrap();
    let foreign = server.fresh_database().unwrap();
    server.sql(&foreign, "CREATE TABLE cats (name TEXT)").unwrap();
    let urls = [
        server.url("mia:wrong", name),
        server.url("landfall", "nowhere"),
        server.url("landfall", "latin"),
        foreign,
        "postgres://mia:secret@%2Fnowhere/landfall".into(),
        "postgres://mia:secret@127.0.0.1:1/landfall".into(),
        "postgres://mia:secret@127.0.0.1/landfall?no_such_parameter=1".into(),
        format!("{database}?sslmode=require"),
    ];
    let messages: Vec<_> = urls
        .map(|url| {
            let refused = Database::open(&Location::Postgres(url), Options::default()).err().unwrap();
            refused.to_string().replace(&server.socket_directory().display().to_string(), "DIR")
        })
        .into();
    let messages = messages.join("\n");
    assert!(!messages.contains("secret") && !messages.contains("wrong"), "{messages}");
    insta::assert_snapshot!(messages, @r#"
    logging in to PostgreSQL at DIR: password authentication failed for user "mia"; check user, password and database name in the database URL
    logging in to PostgreSQL at DIR: database "nowhere" does not exist; check user, password and database name in the database URL
    using the database: its encoding is LATIN1; make the database with ENCODING 'UTF8'
    using the database: it holds a table cats and none of Landfall's; name a database of Landfall's own
    connecting to PostgreSQL at /nowhere: error connecting to server: No such file or directory (os error 2); check that the server runs and can be reached from here
    connecting to PostgreSQL at 127.0.0.1:1: error connecting to server: Connection refused (os error 111); check that the server runs and can be reached from here
    reading the database URL: invalid connection string: unknown option `no_such_parameter`; write postgres://USER:PASSWORD@HOST:PORT/DATABASE
    setting up TLS to PostgreSQL: sslmode asks for it without sslrootcert; add sslrootcert=FILE with the certificate of the server's authority to the database URL
    "#);
}

#[test]
fn tls_is_used_and_the_server_is_known_by_its_certificate() {
    let authority = |name: &str| {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
    };
    let (known, unknown) = (authority("known"), authority("unknown"));
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().signed_by(&key, &known).unwrap();
    let server = TestPostgres::start_with_tls(&certificate.pem(), &key.serialize_pem()).unwrap();
    server.sql("postgres", "CREATE ROLE mia SUPERUSER LOGIN PASSWORD 'right'").unwrap();
    server.sql("postgres", "CREATE DATABASE landfall").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let root = |name: &str, authority: &CertifiedIssuer<'_, KeyPair>| {
        let path = directory.path().join(name);
        fs::write(&path, authority.pem()).unwrap();
        path.display().to_string()
    };
    let (known, unknown) = (root("known", &known), root("unknown", &unknown));
    let open = |parameters: &str| {
        let url = format!("postgres://mia:right@127.0.0.1:{}/landfall?{parameters}", server.port());
        Database::open(&Location::Postgres(url), Options::default())
    };
    for mode in ["require", "verify-full"] {
        let database = open(&format!("sslmode={mode}&sslrootcert={known}")).unwrap();
        run(async { database.ping().await.unwrap() });
        let encrypted =
            "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'mia'";
        assert_eq!(server.sql("postgres", encrypted).unwrap(), "t");
    }
    let refused = open(&format!("sslmode=require&sslrootcert={unknown}")).err().unwrap();
    insta::assert_snapshot!(refused.to_string().replace(&server.port().to_string(), "PORT"), @"setting up TLS to PostgreSQL: at 127.0.0.1:PORT: error performing TLS handshake: invalid peer certificate: UnknownIssuer; check that the server offers TLS, that sslrootcert holds its authority, and that its certificate names this host");
    let plain = open("sslmode=disable").err().unwrap();
    assert!(matches!(plain, OpenError::Refused { .. }), "{plain}");
}

#[test]
fn a_database_in_memory_is_shared_by_its_handles_and_by_nobody_else() {
    run(async {
        let [one, other] =
            [(); 2].map(|()| Database::open(&Location::SqliteMemory, Options::default()).unwrap());
        let clone = one.clone();
        let mut creators = tokio::task::JoinSet::new();
        for n in 1..=100 {
            let database = one.clone();
            creators.spawn(async move {
                database.write(move |tx| tx.insert_token(&token(n))).await.unwrap();
                database.read(move |tx| tx.token(&account(1), &token(n).id)).await.unwrap().unwrap();
            });
        }
        creators.join_all().await;
        for (database, expected) in [(clone, 100), (other, 0)] {
            let listing =
                database.read(|tx| tx.tokens(&account(1), &TokenFilter::default(), None, at(START))).await;
            assert_eq!(listing.unwrap().total, expected);
        }
    });
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_a_fresh_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::sqlite();
    let database = place.open();
    run(async { database.write(|tx| tx.insert_token(&token(1))).await.unwrap() });
    let Location::Sqlite(path) = &place.location else { unreachable!() };
    for file in fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
    }
}
