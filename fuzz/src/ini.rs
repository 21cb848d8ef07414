//! The configuration file: arbitrary bytes are read in time, every error says where, and what is
//! accepted prints as a file with the same settings.

use std::time::Duration;

use ld_config::{Config, ConfigError, Environment, MAX_PROBLEMS, Problem, Scope};

use crate::limit::within;
use crate::terminal::assert_one_line;

const ORIGIN: &str = "fuzz.ini";

/// The value of a variable that no message may show unless the file names the variable.
const HUSH: &str = "hunter2";

/// For [`crate::GROWN_BYTES`].
const LIMIT: Duration = Duration::from_secs(2);

/// The longest message, with its place: it quotes a key and two values at most.
const MAX_MESSAGE_BYTES: usize = 4_096;

pub(crate) fn check(data: &[u8]) {
    let env: Environment =
        [("ROOT", "/var/live"), ("SPACE", " "), ("LINES", "a\nb"), ("TOKEN", HUSH)].into_iter().collect();
    let watcher = parse(data, &env, Scope::Watcher);
    let writer = parse(data, &env, Scope::Writer);
    if !contains(data, b"TOKEN") && !contains(data, HUSH.as_bytes()) {
        let shown = format!("{watcher:?} {writer:?} {env:?}");
        assert!(!shown.contains(HUSH), "a variable that the file does not name: {shown}");
    }
    if let Ok(watcher) = watcher {
        let writer = writer.expect("what the watcher takes, the writer takes");
        assert_eq!(watcher.zookeeper, writer.zookeeper);
        assert_eq!(watcher.secrets, writer.secrets);
        assert_eq!(watcher.nodes, writer.nodes);
    }
}

fn parse(data: &[u8], env: &Environment, scope: Scope) -> Result<Config, ConfigError> {
    let parsed = within(LIMIT, "parsing", || Config::parse(data, ORIGIN, env, scope));
    let lines = count_lines(data);
    match parsed {
        Ok(parsed) => {
            assert_placed(&parsed.warnings, lines);
            assert_prints_as_itself(&parsed.config, scope);
            Ok(parsed.config)
        }
        Err(error) => {
            let ConfigError::Invalid { errors, warnings } = &error else { panic!("{error}") };
            assert!(!errors.is_empty());
            assert_placed(errors, lines);
            assert_placed(warnings, lines);
            assert_eq!(error.to_string().lines().count(), errors.len(), "one line an error");
            Err(error)
        }
    }
}

fn assert_placed(problems: &[Problem], lines: usize) {
    // One more line counts those that are not shown.
    assert!(problems.len() <= MAX_PROBLEMS + 1, "{} problems", problems.len());
    assert!(problems.is_sorted_by_key(|problem| problem.line), "not in the order of the file");
    for problem in problems {
        assert!((1..=lines).contains(&problem.line), "line {} of {lines}", problem.line);
        let text = problem.to_string();
        assert!(text.starts_with(&format!("{ORIGIN}:{}: ", problem.line)), "{text}");
        assert_one_line(&text, MAX_MESSAGE_BYTES);
    }
}

fn assert_prints_as_itself(config: &Config, scope: Scope) {
    let text = config.to_string();
    let again = Config::parse(&text, ORIGIN, &Environment::empty(), scope)
        .unwrap_or_else(|error| panic!("what is printed is not read: {error}\n{text}"));
    assert_eq!(&again.config, config, "{text}");
}

/// Lines that end in `\n`, `\r\n` or a lone `\r`. An empty file has a first line for its errors,
/// too.
fn count_lines(data: &[u8]) -> usize {
    let ends = data.iter().enumerate().filter(|(at, byte)| match byte {
        b'\n' => true,
        b'\r' => data.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    ends.count() + 1
}

fn contains(data: &[u8], part: &[u8]) -> bool {
    data.windows(part.len()).any(|window| window == part)
}
