//! What can go wrong with an ACL.

/// Why an ACL cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AclError {
    /// This is not an entry of an ACL. The text is not repeated: it may hold a password by mistake.
    #[error("not an ACL entry of the form scheme:id:permissions: {problem}")]
    Entry {
        /// What is wrong with it and what is allowed.
        problem: String,
    },
    /// The secret that an ACL names cannot be used.
    #[error("digest-secret:{}: {reason}", ld_config::escape_hidden(.secret))]
    Secret {
        /// Its path in the secrets store.
        secret: String,
        /// Why, without its value.
        reason: String,
    },
    /// ZooKeeper does not show the whole ACL of this node, so that no other node can get it.
    #[error(
        "ZooKeeper hides the password hashes in the ACL of {path}: name a user in zookeeper.credentials that has \
         the permission a (admin) on it"
    )]
    Masked {
        /// The node.
        path: String,
    },
    /// The server does not take the ACL for this node.
    #[error(
        "nothing was written: ZooKeeper refuses the ACL for {path}: it knows the scheme of each entry, and `auth` \
         needs a user in zookeeper.credentials"
    )]
    Invalid {
        /// The node.
        path: String,
    },
    /// The ACL changed between its reading and the write.
    #[error("the ACL of {path} changed meanwhile; nothing was changed")]
    ChangedMeanwhile {
        /// The node.
        path: String,
    },
}
