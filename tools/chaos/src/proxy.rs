//! A TCP proxy between one processor and one broker that knows where Kafka's requests begin and end.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::connection::serve;
use crate::link::Link;

/// Which broker a proxy leads to.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The broker's number.
    pub broker: usize,
    /// Where the proxy listens: what the broker tells the processor as its own address.
    pub listen: SocketAddr,
    /// Where the broker listens.
    pub upstream: SocketAddr,
}

/// Proxies at work; they and their connections end when this is dropped.
#[derive(Debug)]
pub struct Proxies {
    _accepting: JoinSet<()>,
}

// === impl Proxies ===

impl Proxies {
    /// Listens on every route. All connections suffer what `link` says.
    ///
    /// # Errors
    /// When a port is taken.
    pub async fn start(link: &Arc<Link>, routes: Vec<Route>) -> anyhow::Result<Self> {
        let mut listening = Vec::new();
        for route in routes {
            let listener = TcpListener::bind(route.listen).await;
            listening.push((listener.with_context(|| format!("cannot listen on {}", route.listen))?, route));
        }
        Ok(Self::accepting(link, listening))
    }

    fn accepting(link: &Arc<Link>, listening: Vec<(TcpListener, Route)>) -> Self {
        let each = listening.into_iter().map(|(listener, route)| accept(listener, route, link.clone()));
        Self { _accepting: each.collect() }
    }
}

async fn accept(listener: TcpListener, route: Route, link: Arc<Link>) {
    let mut connections = JoinSet::new();
    loop {
        // What fails here was over before it began: the client tries again.
        let Ok((client, _)) = listener.accept().await else { continue };
        let link = link.clone();
        connections.spawn(async move {
            let _open = link.open();
            tokio::select! {
                () = connect(client, route, &link) => {}
                () = link.severed() => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connect(client: TcpStream, route: Route, link: &Link) {
    link.passable(route.broker).await;
    // A dead broker refuses; so does its proxy, by closing.
    let Ok(upstream) = TcpStream::connect(route.upstream).await else { return };
    serve(client, upstream, route.broker, link).await;
}

#[cfg(test)]
mod tests;
