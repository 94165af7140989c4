//! Letting others run: natively the executor's own business.

use futures::future::BoxFuture;

/// Gives the executor one turn.
pub async fn give_up() {
    tokio::task::yield_now().await;
}

/// Runs `work` beside this task; drops it where there is no runtime.
pub fn spawn(work: BoxFuture<'static, ()>) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(work);
    }
}
