//! `landfall-agent`: the agent as a program of its own.

use std::process::ExitCode;

/// Threads that read, hash and pack at the most: enough for the streams of a session, and few in memory.
const MOST_THREADS: usize = 40;

fn main() -> ExitCode {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    match runtime.max_blocking_threads(MOST_THREADS).enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(landfall_agent::main("landfall-agent", std::env::args_os().skip(1)));
            // A look at a failing disk may take minutes more; nobody waits for it.
            runtime.shutdown_background();
            code
        }
        // Without a runtime there is nothing to say it with but this code.
        Err(_) => ExitCode::FAILURE,
    }
}
