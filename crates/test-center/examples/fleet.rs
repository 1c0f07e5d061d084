//! Imports many machines into a running center: what a test needs that looks at a large fleet.
//!
//! `fleet AGENT_LISTENER` reads codes from standard input, one on a line as `ID CODE USES`, and redeems every use of
//! each with a machine and a key of its own, over a TLS connection of its own, as an agent does.
#![allow(clippy::print_stdout, reason = "it tells what it did")]

use std::{
    io::{BufRead, stdin},
    net::SocketAddr,
    sync::Arc,
    time::Instant,
};

use agent_api::WireCode;
use test_center::{AgentKey, Code, machine_id};
use tokio::task::JoinSet;

/// Connections at the same time.
const AT_ONCE: usize = 32;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let address: SocketAddr = std::env::args().nth(1).ok_or("say where agents connect to")?.parse()?;
    let began = Instant::now();
    let mut machines = 0;
    let mut running = JoinSet::new();
    for line in stdin().lock().lines() {
        let line = line?;
        let [id, value, uses] =
            line.split_whitespace().collect::<Vec<_>>().try_into().map_err(|_| "a line is ID CODE USES")?;
        let code = Arc::new(Code { id: id.to_owned(), value: WireCode::new(value) });
        for _ in 0..uses.parse::<usize>()? {
            if running.len() == AT_ONCE {
                running.join_next().await.ok_or("nothing runs")???;
            }
            running.spawn(import(address, code.clone(), machines));
            machines += 1;
        }
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    println!("{machines} machines imported in {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

async fn import(address: SocketAddr, code: Arc<Code>, number: usize) -> Result<(), Failure> {
    let mut line = AgentKey::generate()?.connect(address).await?;
    line.import(&code, machine_id("fleet", number)).await?;
    Ok(())
}
