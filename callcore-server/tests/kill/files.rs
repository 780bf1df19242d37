//! The files of a server on SQLite.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::server::Server;

impl Server {
    pub(crate) fn database(&self) -> PathBuf {
        self.folder().join("callcore.db")
    }

    /// The files as the server left them, elsewhere.
    pub(crate) async fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().expect("there is a place for temporary files");
        for file in ["callcore.db", "callcore.db-wal"] {
            let from = self.folder().join(file);
            if from.exists() {
                fs::copy(from, copy.path().join(file)).expect("there is room for a copy");
            }
        }
        copy
    }
}
