//! The scheduler of a cluster for tests: what `ballista-scheduler` does, compiled with the client, since each of them
//! alone would compile DataFusion anew.

use ballista_core::object_store::{session_config_with_s3_support, session_state_with_s3_support};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{Config, SchedulerConfig};
use ballista_scheduler::scheduler_process::start_server;
use clap::Parser;
use std::net::SocketAddr;
use std::sync::Arc;

/// So much stack has a thread of the scheduler, which walks deep plans.
const STACK_BYTES: usize = 32 << 20;

fn main() -> anyhow::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().thread_stack_size(STACK_BYTES).build()?.block_on(serve())
}

async fn serve() -> anyhow::Result<()> {
    let options = Config::parse();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_env_filter(options.log_level_setting.as_str())
        .with_writer(std::io::stderr)
        .init();
    let address: SocketAddr = format!("{}:{}", options.bind_host, options.bind_port).parse()?;
    let config: SchedulerConfig = options.try_into()?;
    let config = config
        .with_override_config_producer(Arc::new(session_config_with_s3_support))
        .with_override_session_builder(Arc::new(session_state_with_s3_support));
    let cluster = BallistaCluster::new_from_config(&config).await?;
    start_server(cluster, address, Arc::new(config)).await?;
    Ok(())
}
