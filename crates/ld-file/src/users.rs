//! Names of users and groups to ids. The user database may be a directory service that hangs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ld_blocking::{BoundedCalls, CallError, Spawner};

use crate::file::Owner;

/// The highest id: the next one means "leave it" to chown, and no user can have it.
const MAX_ID: u32 = u32::MAX - 1;

/// How long an answer of the user database counts as fresh. An older one is used only while the
/// database hangs.
const FRESH: Duration = Duration::from_secs(60);

/// How long a look-up may take until it is reported.
const LOOKUP_LIMIT: Duration = Duration::from_secs(10);

/// Why an owner has no id.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserError {
    /// It does not exist on this machine (yet).
    #[error("no {kind} is called '{name}': create it, or configure a name or a decimal id that exists")]
    Unknown {
        /// A user or a group.
        kind: &'static str,
        /// The name that was looked up.
        name: String,
    },
    /// The user database does not answer.
    #[error("{0}: {kind} '{name}' is not known yet", kind = .1, name = .2)]
    Unavailable(#[source] CallError, &'static str, String),
}

/// The users and groups that destinations belong to. One look-up is in flight at a time.
pub struct Users {
    calls: BoundedCalls,
    known: Arc<Mutex<Known>>,
}

/// The id of each name of a kind, and when it was found.
type Known = HashMap<(&'static str, String), (u32, Instant)>;

/// A kind of name, and how the user database is asked for one. That blocks.
type Kind = (&'static str, fn(&str) -> Option<u32>);

const USER: Kind = ("user", find_user);
const GROUP: Kind = ("group", find_group);

impl Users {
    /// Look-ups run on threads of `spawner`.
    pub fn new(spawner: Spawner) -> Self {
        Self { calls: BoundedCalls::new("the user database", spawner, 1), known: Arc::default() }
    }

    /// The ids of a user and a group, each given by name or else as a decimal id.
    pub async fn owner(&self, user: Option<&str>, group: Option<&str>) -> Result<Owner, UserError> {
        let mut owner = Owner::default();
        if let Some(name) = user {
            owner.user = Some(self.id(USER, name).await?);
        }
        if let Some(name) = group {
            owner.group = Some(self.id(GROUP, name).await?);
        }
        Ok(owner)
    }

    async fn id(&self, (kind, find): Kind, name: &str) -> Result<u32, UserError> {
        let key = (kind, name.to_owned());
        if let Some(id) = look_up(&self.known, &key, FRESH) {
            return Ok(id);
        }
        let (wanted, known) = (key.clone(), Arc::clone(&self.known));
        let found = self.calls.run(LOOKUP_LIMIT, move || {
            // An earlier call may have brought the answer.
            look_up(&known, &wanted, FRESH).or_else(|| {
                let id = find(&wanted.1)?;
                lock(&known).insert(wanted, (id, Instant::now()));
                Some(id)
            })
        });
        match found.await {
            Ok(Some(id)) => Ok(id),
            // A user that is created later must be found by the next attempt, so this is not
            // remembered.
            Ok(None) => Err(UserError::Unknown { kind, name: key.1 }),
            Err(error) => {
                look_up(&self.known, &key, Duration::MAX).ok_or(UserError::Unavailable(error, kind, key.1))
            }
        }
    }
}

/// The id of a user: by name, else the name as a decimal id. Blocks.
fn find_user(name: &str) -> Option<u32> {
    users::get_user_by_name(name).map(|user| user.uid()).or_else(|| decimal(name))
}

/// The id of a group: by name, else the name as a decimal id. Blocks.
fn find_group(name: &str) -> Option<u32> {
    users::get_group_by_name(name).map(|group| group.gid()).or_else(|| decimal(name))
}

fn decimal(name: &str) -> Option<u32> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    name.parse().ok().filter(|id| digits && *id <= MAX_ID)
}

/// The id, if it was found not longer ago than `age`.
fn look_up(known: &Mutex<Known>, key: &(&'static str, String), age: Duration) -> Option<u32> {
    lock(known).get(key).filter(|(_, found)| found.elapsed() <= age).map(|(id, _)| *id)
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up_before_it_is_read_as_an_id() {
        assert_eq!((find_user("root"), find_group("root")), (Some(0), Some(0)));
        assert_eq!((find_user("65533"), find_group("65533")), (Some(65533), Some(65533)));
        for name in ["no-such-user", "4294967295", "+5", ""] {
            assert_eq!((find_user(name), find_group(name)), (None, None), "{name}");
        }
    }

    #[tokio::test]
    async fn names_come_before_decimal_ids() {
        let users = Users::new(Spawner::Threads);
        let owner = users.owner(Some("root"), Some("4242")).await.unwrap();
        assert_eq!(owner, Owner { user: Some(0), group: Some(4242) });
    }

    #[tokio::test]
    async fn an_unknown_name_is_an_error_that_names_it() {
        let users = Users::new(Spawner::Threads);
        let error = users.owner(Some("no-such-user-here"), Some("0")).await.unwrap_err();
        assert!(error.to_string().starts_with("no user is called 'no-such-user-here'"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_hung_database_stops_unknown_names_only() {
        let users = Users::new(Spawner::Threads);
        users.known.lock().unwrap().insert(("user", "old".to_owned()), (7, Instant::now() - 2 * FRESH));
        let (release, hang) = std::sync::mpsc::channel::<()>();
        let hung = users.calls.run(Duration::from_millis(1), move || hang.recv());
        assert!(hung.await.is_err());

        assert_eq!(users.owner(Some("old"), None).await.unwrap().user, Some(7), "the last answer counts");
        let error = users.owner(Some("new"), Some("x")).await.unwrap_err();
        assert!(error.to_string().starts_with("the user database has hung since 20"), "{error}");
        drop(release);
    }
}
