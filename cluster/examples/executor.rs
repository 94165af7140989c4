//! An executor of a cluster for tests: what `ballista-executor` does, compiled with the client, since each of them
//! alone would compile DataFusion anew.

use ballista_core::object_store::{runtime_env_with_s3_support, session_config_with_s3_support};
use ballista_executor::config::Config;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_executor::health::spawn_health_server;
use clap::Parser;
use std::net::SocketAddr;
use std::sync::Arc;

fn main() -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(serve())
}

async fn serve() -> anyhow::Result<()> {
    let options = Config::parse();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_env_filter(options.log_level_setting.as_str())
        .with_writer(std::io::stderr)
        .init();
    let health: SocketAddr =
        format!("{}:{}", options.bind_host, options.bind_health_port).parse()?;
    let mut config: ExecutorProcessConfig = options.try_into()?;
    config.override_config_producer = Some(Arc::new(session_config_with_s3_support));
    config.override_runtime_producer = Some(Arc::new(runtime_env_with_s3_support));
    let (_ended, end) = tokio::sync::oneshot::channel();
    spawn_health_server(health, config.health.clone(), end);
    start_executor_process(Arc::new(config)).await?;
    Ok(())
}
