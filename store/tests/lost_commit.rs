//! PostgreSQL's answer to COMMIT gets lost on the way: what stands is answered as delivered, what does not is to come again; never
//! a letter twice. A proxy in between cuts the connection before or after the server has heard.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use store::testing::{Postgres, config, letter, person};
use store::{Error, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const NOW: i64 = 1_800_000_000_000;

/// What happens to the next COMMIT.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    No,
    /// The server never hears of it.
    Before,
    /// The server has done it; its answer is thrown away.
    After,
}

#[derive(Clone)]
struct Proxy(Arc<AtomicU8>);

impl Proxy {
    async fn start(server: u16) -> (Proxy, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Proxy(Arc::new(AtomicU8::new(Cut::No as u8)));
        let shared = proxy.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(shared.clone().carry(client, server));
            }
        });
        (proxy, port)
    }

    fn cut(&self, cut: Cut) {
        self.0.store(cut as u8, Ordering::SeqCst);
    }

    /// Takes the order to cut, once.
    fn ordered(&self, cut: Cut) -> bool {
        let (from, to) = (cut as u8, Cut::No as u8);
        self.0
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }

    /// Carries bytes until one side is gone, or a COMMIT is to be cut.
    async fn carry(self, mut client: TcpStream, mut server: TcpStream) {
        let (mut said, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        loop {
            tokio::select! {
                read = client.read(&mut said) => {
                    let Ok(number @ 1..) = read else { return };
                    let commits = said[..number].windows(8).any(|bytes| bytes == b"; COMMIT");
                    if commits && self.ordered(Cut::Before) {
                        return;
                    }
                    let last = commits && self.ordered(Cut::After);
                    if server.write_all(&said[..number]).await.is_err() {
                        return;
                    }
                    if last {
                        // Its answer says that it is done.
                        assert!(server.read(&mut answer).await.unwrap() > 0);
                        return;
                    }
                }
                read = server.read(&mut answer) => {
                    let Ok(number @ 1..) = read else { return };
                    if client.write_all(&answer[..number]).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

async fn letters(store: &Store, account: store::AccountId) -> u64 {
    let mailboxes = store.mailboxes(account).await.unwrap();
    mailboxes.iter().map(|one| u64::from(one.total)).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_neither_denied_nor_done_twice() {
    let postgres = Postgres::start().unwrap();
    let postgres = postgres.expect("PostgreSQL is not installed; ./check installs it");
    let url = postgres.database("mat").unwrap();
    let port = url.rsplit(':').next().unwrap().split('/').next().unwrap();
    let (proxy, through) = Proxy::start(port.parse().unwrap()).await;
    let url = url.replace(&format!(":{port}/"), &format!(":{through}/"));
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(config(folder.path(), Some(&url)))
        .await
        .unwrap();
    let a = person(&store, "a@here.example").await.unwrap();

    proxy.cut(Cut::After);
    let mut many = Vec::new();
    for subject in ["một", "hai", "ba"] {
        many.push(store.deliver(letter(&store, subject, "x", &[a], NOW)));
    }
    for placed in futures_util::future::join_all(many).await {
        assert_eq!(placed.unwrap().len(), 1, "it stands and is said to");
    }
    assert!(proxy.ordered(Cut::No), "a commit was cut");
    assert_eq!(letters(&store, a).await, 3);

    proxy.cut(Cut::Before);
    let refused = store.deliver(letter(&store, "bốn", "x", &[a], NOW)).await;
    assert!(matches!(refused, Err(Error::Later(_))), "{refused:?}");
    assert!(proxy.ordered(Cut::No), "a commit was cut");
    assert_eq!(letters(&store, a).await, 3, "nothing of it stands");

    store
        .deliver(letter(&store, "bốn", "x", &[a], NOW))
        .await
        .unwrap();
    assert_eq!(letters(&store, a).await, 4);
    store.close().await;
}
