//! Generated files, read by us and by Python's `configparser`: both must read the same, or both
//! must refuse.

use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{read, trim};
use crate::environment::Environment;
use crate::problems::Problems;

const FILES: usize = 2_000;

const VARIABLES: [(&str, &str); 3] = [("A", "one"), ("B", " $A "), ("EMPTY", "")];

/// Reads each file as the original does and prints a JSON list of items or nulls.
const SCRIPT: &str = r#"
import configparser, json, os, sys
class EnvironmentInterpolation(configparser.Interpolation):
    def before_get(self, parser, section, option, value, defaults):
        return os.path.expandvars(value)
results = []
for number in range(int(sys.argv[2])):
    parser = configparser.RawConfigParser(interpolation=EnvironmentInterpolation())
    try:
        with open(os.path.join(sys.argv[1], str(number)), encoding="utf-8") as file:
            parser.read_file(file)
        results.append(parser.items("live-data"))
    except configparser.Error:
        results.append(None)
print(json.dumps(results))
"#;

type Items = Vec<(String, String)>;

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    proptest::sample::select(texts)
}

fn file() -> impl Strategy<Value = String> {
    let indent = prop_oneof![5 => Just(""), 3 => one_of(&[" ", "  ", "\t", "\u{a0}", "\x1c", "    "])];
    let key = one_of(&["k", "L", "m.n", "o\\", "É", "p q", "\"r\"", "s#", "t;", "$A"]);
    let delimiter = one_of(&["=", ":", " = ", " : ", "\t=", "= ", "=\x1f", " = \u{2003}"]);
    let value = one_of(&[
        "",
        "v",
        "v w",
        "a\\",
        "\\n",
        "\\",
        "$A",
        "x${B}y",
        "$EMPTY",
        "$UNSET${",
        "\"q\"",
        "'",
        "v # c",
        "; d",
        "# e",
        "%(x)s",
        "= z",
        ": z",
        "[live-data]",
        "[x",
        "\u{2028}v",
        "v\x0bw",
        "v \u{a0}",
        "é",
    ]);
    let key_line = (key, 0..40usize, delimiter, value.clone())
        .prop_map(|(key, number, delimiter, value)| format!("{key}{number}{delimiter}{value}"));
    let rare = one_of(&[
        "[live-data]",
        "[DEFAULT]",
        "[other]",
        "[ live-data ]",
        "[a] b]",
        "[DEFAULT] x",
        "[]",
        "[]=1",
        "[x",
        "[x = y",
        "= v",
        ":",
        "novalue",
        "\u{feff}",
    ]);
    let line = prop_oneof![
        12 => key_line,
        4 => value.prop_map(str::to_owned),
        4 => one_of(&["", " ", "# c", "; c", "#", "\t"]).prop_map(str::to_owned),
        1 => rare.prop_map(str::to_owned),
    ];
    let end = prop_oneof![8 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\r")];
    let lines = prop::collection::vec((indent, line, end), 0..8);
    let head =
        prop_oneof![8 => Just("[live-data]\n"), 1 => Just("[DEFAULT]\nk1=0\n[live-data]\n"), 1 => Just("")];
    (head, lines).prop_map(|(head, lines)| {
        let lines: String =
            lines.into_iter().map(|(indent, line, end)| format!("{indent}{line}{end}")).collect();
        format!("{head}{lines}")
    })
}

fn ours(text: &str) -> Option<Items> {
    let env: Environment = VARIABLES.into_iter().collect();
    let mut problems = Problems::new("generated");
    let section = read(text, &env, &mut problems);
    problems.finish().ok()?;
    Some(section?.entries.iter().map(|entry| (entry.key.to_owned(), entry.value.to_owned())).collect())
}

fn theirs(dir: &std::path::Path) -> Vec<Option<Items>> {
    let output = Command::new("python3")
        .args(["-c", SCRIPT])
        .arg(dir)
        .arg(FILES.to_string())
        .env_remove("UNSET")
        .envs(VARIABLES)
        .output()
        .expect("this test compares with Python's configparser: apt-get install python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut results: Vec<Option<Items>> = serde_json::from_slice(&output.stdout).unwrap();
    for items in results.iter_mut().flatten() {
        // Ours drops a key that looks like a section, and white space around an expanded value.
        items.retain(|(key, _)| !key.starts_with('['));
        items.iter_mut().for_each(|(_, value)| *value = trim(value).to_owned());
    }
    results
}

#[test]
fn generated_files_read_as_in_python_configparser() {
    let dir = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::deterministic();
    let files: Vec<String> = (0..FILES).map(|_| file().new_tree(&mut runner).unwrap().current()).collect();
    for (number, text) in files.iter().enumerate() {
        std::fs::write(dir.path().join(number.to_string()), text).unwrap();
    }
    let theirs = theirs(dir.path());
    let accepted = theirs.iter().flatten().filter(|items| !items.is_empty()).count();
    assert!((FILES / 4..FILES * 9 / 10).contains(&accepted), "one-sided files: {accepted} accepted");
    for (text, theirs) in files.iter().zip(theirs) {
        assert_eq!(ours(text), theirs, "{text:?}");
    }
}
