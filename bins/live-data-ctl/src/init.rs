//! `init`: the directories for what belongs to publications.

use ld_cli::Exit;
use ld_config::{Config, Scope};
use ld_publish::{Access, AclEntry, InitDirectory};
use ld_zk::zookeeper::{AuthId, Permission};
use serde_json::{Value, json};
use tracing::{error, info, warn};

use crate::args::{Args, InitArgs};
use crate::{Writing, acls, output, refused};

pub(crate) async fn run(args: &Args, init: &InitArgs) -> Result<Exit, Exit> {
    let publishers = acls::parse_users("--publishers", &init.publishers)?;
    let reporters = acls::parse_users("--reporters", &init.reporters)?;
    let readers = acls::parse_users("--readers", &init.readers)?;
    let read = {
        let config = init.config.clone();
        move || {
            let config = ld_cli::read_config(&config, Scope::Writer)?;
            let mut access = Access {
                publishers: acls::users(&publishers, &config)?,
                reporters: acls::users(&reporters, &config)?,
                readers: acls::users(&readers, &config)?,
            };
            if access.publishers.is_empty() {
                access.publishers = default_publishers(&config, &access)?;
            }
            Ok((config, access))
        }
    };
    let done = Writing::begin(args, read).await?.end(async |writing| make(writing).await).await?;
    let reported = report(args, &done);
    match done.iter().any(|directory| directory.is_new) {
        true => reported.inspect_err(output::change_is_made),
        false => reported,
    }
}

/// The users in `zookeeper.credentials` that have no other part, or all clients.
fn default_publishers(config: &Config, access: &Access) -> Result<Vec<AuthId>, Exit> {
    let credentials = &config.zookeeper.credentials;
    if credentials.is_empty() {
        warn!(
            "without zookeeper.credentials and --publishers every client of the ensemble may publish, and change \
             the history"
        );
        return Ok(vec![AuthId::anyone()]);
    }
    let entry = |secret: &String| AclEntry::of_user(&format!("digest-secret:{secret}"), Permission::NONE);
    let entries: Result<Vec<_>, _> = credentials.iter().map(entry).collect();
    let mut users = acls::users(&entries.map_err(refused)?, config)?;
    // A publisher that reads reports has the credential of the watchers, too.
    users.retain(|user| !access.reporters.contains(user) && !access.readers.contains(user));
    if users.is_empty() {
        error!(
            "each user in zookeeper.credentials is a reporter or a reader: name the others with --publishers"
        );
        return Err(Exit::Usage);
    }
    Ok(users)
}

async fn make(writing: &Writing<Access>) -> Result<Vec<InitDirectory>, Exit> {
    let Writing { config, client, interrupt, input: access, .. } = writing;
    let asked = async || interrupt.asked().await;
    ld_publish::init(client, &config.publish, access, asked).await.map_err(refused)
}

fn report(args: &Args, directories: &[InitDirectory]) -> Result<Exit, Exit> {
    for directory in directories {
        let (path, wanted) = (&directory.path, acls::shown(&directory.wanted));
        if directory.is_new {
            info!("Created {path}.");
        } else if directory.differs() {
            warn!(
                "{path} is there with another ACL than this command would give it, or with hashes that this user must \
                 not see; `live-data-ctl set-acl` changes it"
            );
        } else {
            info!("{path} is there.");
        }
        if !args.json {
            output::lines([format!("{path} {}", wanted.join(" "))])?;
        }
    }
    match args.json {
        true => output::json(&directories.iter().map(as_json).collect()),
        false => Ok(Exit::Done),
    }
}

fn as_json(directory: &InitDirectory) -> Value {
    json!({
        "path": directory.path,
        "created": directory.is_new,
        "differs": directory.differs(),
        "wanted": acls::shown(&directory.wanted),
        "acl": acls::json(if directory.is_new { Some(&directory.wanted) } else { directory.found.as_ref() }),
    })
}
