//! `check` and `print-config`: a configuration is looked at, and nothing is changed.

use std::io::{self, Write};
use std::path::Path;

use ld_cli::Exit;
use ld_config::{Config, ConfigError, Parsed, Problem, Scope, chain, escape_hidden};
use serde_json::json;

use crate::args::CheckArgs;
use crate::connect::{self, Connected};

/// Prints every problem of the configuration, on standard output.
pub(crate) fn run(args: &CheckArgs) -> Result<Exit, Exit> {
    let origin = args.config.display();
    let parsed = ld_cli::parse_config(&args.config, Scope::Watcher);
    let (problems, config) = match parsed {
        Ok(mut parsed) => {
            parsed.look_at_files(&origin.to_string());
            if args.connect {
                parsed.look_for_files(&origin.to_string());
            }
            (parsed.warnings, Some(parsed.config))
        }
        Err(ConfigError::Invalid { errors, warnings, .. }) => ([warnings, errors].concat(), None),
        Err(error) => {
            tracing::error!("{}", chain(&error));
            return Err(if ld_cli::is_unopenable(&error) { Exit::Usage } else { Exit::Failed });
        }
    };
    let is_valid = config.is_some();
    let connected = config.filter(|_| args.connect).map(|config| connect::preview(&config, args.timeout));
    let (connected, failure) = match connected {
        Some(Ok(connected)) => (connected, None),
        Some(Err(exit)) => (Connected::default(), Some(exit)),
        None => (Connected::default(), None),
    };
    let Connected { nodes, report_obstacle } = connected;
    let mut text = String::new();
    if args.json {
        let problems: Vec<_> = problems.iter().map(as_json).collect();
        let mut report = json!({ "valid": is_valid, "problems": problems });
        if args.connect {
            report["nodes"] = nodes.iter().map(connect::as_json).collect();
            report["connected"] = failure.is_none().into();
            report["report_obstacle"] = report_obstacle.as_deref().into();
        }
        text = format!("{report}\n");
    } else {
        for problem in &problems {
            text.push_str(&format!("{}: {problem}\n", problem.severity));
        }
        if problems.is_empty() {
            text = format!("{origin} has no problem\n");
        }
        nodes.iter().for_each(|node| text.push_str(&connect::as_text(node)));
        if let Some(why) = &report_obstacle {
            text.push_str(&format!("fleet.report: this host could not report: {}\n", escape_hidden(why)));
        }
    }
    print_out(&text)?;
    if let Some(exit) = failure {
        return Err(exit);
    }
    let all_good = nodes.iter().all(|node| node.outcome.is_good());
    let is_strict_failure = !problems.is_empty() || nodes.iter().any(|node| node.outcome.is_absence());
    let is_good = is_valid && all_good && report_obstacle.is_none() && !(args.strict && is_strict_failure);
    if is_good { Ok(Exit::Done) } else { Err(Exit::Failed) }
}

/// Prints the configuration as it is understood, with all defaults. Values with variables are
/// printed as the file has them: an environment may hold secrets.
pub(crate) fn print(path: &Path) -> Result<Exit, Exit> {
    let parsed = ld_cli::read_parsed_config(path, Scope::Watcher)?;
    print_out(&with_defaults_marked(&parsed))?;
    Ok(Exit::Done)
}

fn as_json(problem: &Problem) -> serde_json::Value {
    json!({
        "severity": problem.severity.as_str(),
        "file": &*problem.origin,
        "line": problem.line,
        "column": problem.column,
        "key": problem.key,
        "message": problem.message,
    })
}

/// The configuration as text, each default and each value with variables with a comment line above
/// it.
fn with_defaults_marked(Parsed { config, written, .. }: &Parsed) -> String {
    let mut bare = Config::default();
    bare.nodes = config.nodes.clone();
    for node in &mut bare.nodes {
        let hook = node.hook.take();
        *node = ld_config::NodeConfig::new(node.name.clone(), node.source.clone(), node.dest.clone());
        node.hook = hook.map(|_| Box::default());
    }
    let defaults: Vec<String> = bare.to_string().lines().map(str::to_owned).collect();
    let needs_mark = |line: &str| {
        let is_always_given = [".source = ", ".dest = "].iter().any(|key| line.contains(key));
        line.contains(" = ") && !is_always_given && defaults.iter().any(|default| default == line)
    };
    let mut text = String::new();
    for line in config.to_string().lines() {
        let key = line.split(" = ").next().unwrap_or_default();
        if let Some(written) = written.get(key) {
            // The further lines of a value are indented.
            text.push_str(&format!(
                "# variables are not replaced here\n{key} = {}\n",
                written.replace('\n', "\n  ")
            ));
            continue;
        }
        if needs_mark(line) {
            text.push_str("# default\n");
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

fn print_out(text: &str) -> Result<(), Exit> {
    // A closed pipe is how `head` ends what it reads.
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            tracing::error!("cannot write to standard output: {error}");
            Err(Exit::Failed)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use ld_config::Environment;

    use super::*;

    #[test]
    fn defaults_are_marked_and_the_text_reads_back() {
        let text = "[live-data]\nzookeeper.hosts = zk\nnodes.a.source = /a\nnodes.a.dest = /a\nnodes.a.mode = 0440\n";
        let parse = |text: &str| Config::parse(text, "c", &Environment::empty(), Scope::Watcher).unwrap();
        let parsed = parse(text);
        let printed = with_defaults_marked(&parsed);
        assert!(printed.contains("# default\nwatcher.heartbeat_interval = "), "{printed}");
        assert!(
            printed.contains("\nnodes.a.mode = 0440\n") && !printed.contains("# default\nnodes.a.mode"),
            "{printed}"
        );
        assert_eq!(parse(&printed).config, parsed.config);
    }

    #[test]
    fn values_with_variables_are_printed_as_written() {
        let text = "[live-data]\nzookeeper.hosts = $A,\n  $B\nzookeeper.credentials = $C\n\
                    secrets.path = $UNSET\nnodes.n.source = /$C\nnodes.n.dest = /n\n";
        let environment: Environment = [("A", "a"), ("B", "b"), ("C", "hush")].into_iter().collect();
        let parse = |text: &str| Config::parse(text, "c", &environment, Scope::Watcher).unwrap();
        let parsed = parse(text);
        let printed = with_defaults_marked(&parsed);
        assert!(!printed.contains("hush"), "{printed}");
        assert!(printed.contains("here\nzookeeper.hosts = $A,\n  $B\n"), "{printed}");
        assert!(printed.contains("here\nnodes.n.source = /$C\n"), "{printed}");
        assert!(printed.contains("\nsecrets.path = $UNSET\n"), "{printed}");
        assert_eq!(parse(&printed).config, parsed.config);
    }
}
