//! Letting others run: natively the executor's own business.

/// Gives the executor one turn.
pub async fn give_up() {
    tokio::task::yield_now().await;
}
