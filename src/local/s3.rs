//! An S3 server in this process, over a directory: buckets are its folders, objects plain files.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::runtime::files::{self, FileError};

/// Why no server could be started.
#[derive(Debug, thiserror::Error)]
pub enum S3ServerError {
    /// The directory cannot be used.
    #[error("the S3 server cannot use {}: {what}", root.display())]
    Root {
        /// The directory.
        root: PathBuf,
        /// What the server said.
        what: String,
    },
    /// A bucket cannot be made.
    #[error("the bucket cannot be made")]
    Bucket(#[from] FileError),
    /// No port could be listened on.
    #[error("the S3 server cannot listen")]
    Listen(#[source] io::Error),
}

/// A server on a port of 127.0.0.1, gone when this is dropped. Requests must be signed with its keys.
#[derive(Debug)]
pub struct S3Server {
    address: SocketAddr,
    root: PathBuf,
    _serving: AbortOnDropHandle<()>,
}

impl S3Server {
    /// The access key id that it takes.
    pub const ACCESS_KEY_ID: &str = "local";
    /// The secret access key that it takes.
    pub const SECRET_ACCESS_KEY: &str = "local-secret";

    /// Starts a server over `root`, which must be there.
    pub async fn start(root: &Path) -> Result<Self, S3ServerError> {
        let store = s3s_fs::FileSystem::new(root).map_err(|error| S3ServerError::Root {
            root: root.to_owned(),
            what: format!("{error:?}"),
        })?;
        let mut service = S3ServiceBuilder::new(store);
        service.set_auth(SimpleAuth::from_single(
            Self::ACCESS_KEY_ID,
            Self::SECRET_ACCESS_KEY,
        ));
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(S3ServerError::Listen)?;
        let address = listener.local_addr().map_err(S3ServerError::Listen)?;
        let serving = tokio::spawn(serve(listener, service.build()));
        Ok(Self {
            address,
            root: root.to_owned(),
            _serving: AbortOnDropHandle::new(serving),
        })
    }

    /// Makes a bucket; its name has three letters at least.
    pub fn make_bucket(&self, name: &str) -> Result<(), S3ServerError> {
        Ok(files::create_dir_all(&self.root.join(name))?)
    }

    /// What goes into `?endpoint=` of a replica's URL.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn serve(listener: TcpListener, service: S3Service) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((socket, _)) = accepted else { continue };
                let service = service.clone();
                connections.spawn(async move {
                    let http = Builder::new(TokioExecutor::new());
                    // A client that hangs up in the middle is its own affair.
                    let _ = http.serve_connection(TokioIo::new(socket), service).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
