//! Two centers on one PostgreSQL are one service: they share accounts, codes and counts.

use std::sync::Arc;

use test_center::{AgentKey, ApiClient, Center, ClientError, Code, machine_id};
use tokio::{runtime::Runtime, task::JoinSet};

use crate::{
    ledger::Ledger,
    place::{Engine, Place},
};

const AGENTS: usize = 120;
const COUNT: u32 = 50;

#[test]
fn two_centers_serve_one_account_and_never_exceed_a_count_together() {
    let place = Place::new(Engine::Postgres);
    let first = place.launch("first");
    let mut second = place.launch("second");
    let one = first.start().unwrap();
    second.options.extend(["--master-key-file".into(), first.data_dir.join("master.key").into()]);
    let two = second.start().unwrap();
    assert!(two.first_key().is_none(), "the account was there");
    Runtime::new().unwrap().block_on(share(&one, &two));
    for center in [one, two] {
        center.stop().unwrap();
    }
}

async fn share(one: &Center, two: &Center) {
    let key = one.first_key().unwrap();
    let ledger = Ledger::default();
    let mut at_one = ApiClient::connect(one.api(), &key).await.unwrap();
    let mut at_two = ApiClient::connect(two.api(), &key).await.unwrap();

    let code = at_one.create_code(1).await.unwrap();
    let source = redeem(two, &code, 0).await.unwrap();
    ledger.imported(&source, &code.id);
    ledger.created(code, 1);
    let code = Arc::new(at_two.create_code(COUNT).await.unwrap());
    let mut racing = JoinSet::new();
    for number in 1..=AGENTS {
        let center = if number % 2 == 0 { one } else { two }.agents();
        let code = code.clone();
        racing.spawn(async move {
            let mut line = AgentKey::generate()?.connect(center).await?;
            line.import(&code, machine_id("two centers", number)).await.map(|reply| reply.source_id)
        });
    }
    let mut imported = 0;
    for outcome in racing.join_all().await {
        match outcome {
            Ok(source) => {
                ledger.imported(&source, &code.id);
                imported += 1;
            }
            Err(error) => assert_eq!(error.code(), "AccessToken.Exhausted", "{error}"),
        }
    }
    assert_eq!(imported, COUNT);
    ledger.exhausted(&code.id);
    for api in [&mut at_one, &mut at_two] {
        ledger.compare(api).await;
        ledger.compare_lineage(api).await;
    }
    at_one.call("DisableAccessToken", &[("AccessTokenId", &code.id)]).await.unwrap();
    let refused = redeem(two, &code, AGENTS + 1).await.unwrap_err();
    assert_eq!(refused.code(), "AccessToken.Disabled");
}

async fn redeem(center: &Center, code: &Code, machine: usize) -> Result<String, ClientError> {
    let mut line = AgentKey::generate()?.connect(center.agents()).await?;
    line.import(code, machine_id("two centers", machine)).await.map(|reply| reply.source_id)
}
