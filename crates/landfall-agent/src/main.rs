//! `landfall-agent`: the agent as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
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
