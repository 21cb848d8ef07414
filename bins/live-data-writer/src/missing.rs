//! What to do about a node that does not exist.

use std::path::Path;

use ld_cli::Exit;
use ld_config::Config;
use ld_tool::failed;
use tracing::info;

use crate::args::Args;

/// Logs why the node cannot be written; of a missing one, how to make it.
pub(crate) fn refused(
    cause: ld_publish::Error,
    args: &Args,
    config: &Config,
    source: &Path,
    dest: &str,
) -> Exit {
    let is_missing = matches!(cause, ld_publish::Error::NodeMissing);
    let exit = failed(cause);
    if is_missing {
        let credentials = &config.zookeeper.credentials;
        let check = match credentials.len() {
            0 | 1 => "",
            _ => {
                " (this one gives all rights to the first of zookeeper.credentials: check that it publishes)"
            }
        };
        info!("With an ACL of your choice{check}: {}", create_command(args, credentials, source, dest));
    }
    exit
}

/// The command that makes the node: all may read it, and the first user of the configuration may do
/// everything. A host that only reports has its own user there, too, which must not publish.
fn create_command(args: &Args, credentials: &[String], source: &Path, dest: &str) -> String {
    let mut words = vec!["live-data-ctl".into(), "create".into()];
    words.extend([quoted(&args.config.to_string_lossy()), quoted(dest)]);
    if args.via_s3.is_none() {
        words.push(quoted(&source.to_string_lossy()));
    }
    let mut acl = vec![format!("world:anyone:{}", if credentials.is_empty() { "all" } else { "r" })];
    acl.extend(credentials.first().map(|secret| format!("digest-secret:{secret}:all")));
    acl.iter().for_each(|entry| words.extend(["--acl".into(), quoted(entry)]));
    words.join(" ")
}

/// A word of a command line for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn command(arguments: &[&str], credentials: &[&str]) -> String {
        let args = Args::parse_from(["live-data-writer"].iter().chain(arguments));
        let credentials: Vec<String> = credentials.iter().map(|&secret| secret.to_owned()).collect();
        create_command(&args, &credentials, &args.source, &args.dest)
    }

    #[test]
    fn the_command_names_the_first_user_of_the_configuration() {
        assert_eq!(
            command(&["live-data.ini", "flags.json", "/app/flags"], &["secret/zk"]),
            "live-data-ctl create live-data.ini /app/flags flags.json --acl world:anyone:r \
             --acl digest-secret:secret/zk:all"
        );
        // Not all of them publish.
        assert_eq!(
            command(&["live-data.ini", "flags.json", "/flags"], &["publisher", "reporter"]),
            "live-data-ctl create live-data.ini /flags flags.json --acl world:anyone:r \
             --acl digest-secret:publisher:all"
        );
        assert_eq!(
            command(&["-", "a file", "/it's"], &[]),
            r"live-data-ctl create - '/it'\''s' 'a file' --acl world:anyone:all"
        );
    }

    #[test]
    fn content_for_s3_is_not_put_into_the_node() {
        assert_eq!(
            command(&["c.ini", "model.json", "/m", "--via-s3", "s3://bucket"], &[]),
            "live-data-ctl create c.ini /m --acl world:anyone:all"
        );
    }
}
