//! YAML as a tree, as far as checks of workflows and packaging need it.

use saphyr_parser::{Event, Parser};

use ld_workspace::Failure;

/// One node of a document. Scalars of all types are text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yaml {
    /// Its text, without quotes.
    Scalar(String),
    /// Its items.
    List(Vec<Yaml>),
    /// Its keys and values, in their order.
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    /// Parses exactly one document. Aliases, repeated keys and keys other than scalars are errors.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let mut events = Vec::new();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| Failure::new(error.to_string()))?;
            if !matches!(event, Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Nothing) {
                events.push((event, span.start.line()));
            }
        }
        let documents = events.iter().filter(|(event, _)| matches!(event, Event::DocumentStart(_))).count();
        if documents != 1 {
            return Err(Failure::new(format!("has {documents} documents instead of one")));
        }
        let mut events = events.into_iter().skip(1);
        let first = events.next().ok_or_else(|| Failure::new("is empty"))?;
        node(first, &mut events)
    }

    /// The value of `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Yaml> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        if let Yaml::Scalar(text) = self { Some(text) } else { None }
    }

    /// The entries of a map. Empty for other nodes.
    pub fn entries(&self) -> &[(String, Yaml)] {
        if let Yaml::Map(entries) = self { entries } else { &[] }
    }

    /// The items of a list. A scalar is a list of itself, as in `needs`.
    pub fn items(&self) -> &[Yaml] {
        match self {
            Yaml::List(items) => items,
            Yaml::Scalar(_) => std::slice::from_ref(self),
            Yaml::Map(_) => &[],
        }
    }
}

type Located<'a> = (Event<'a>, usize);

fn node<'a>(
    (event, line): Located<'a>,
    rest: &mut impl Iterator<Item = Located<'a>>,
) -> Result<Yaml, Failure> {
    match event {
        Event::Scalar(text, ..) => Ok(Yaml::Scalar(text.into_owned())),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match next(rest)? {
                    (Event::SequenceEnd, _) => return Ok(Yaml::List(items)),
                    item => items.push(node(item, rest)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries: Vec<(String, Yaml)> = Vec::new();
            loop {
                let (event, line) = next(rest)?;
                let key = match event {
                    Event::MappingEnd => return Ok(Yaml::Map(entries)),
                    Event::Scalar(key, ..) => key.into_owned(),
                    _ => return Err(at(line, "a key is not a scalar")),
                };
                if entries.iter().any(|(other, _)| *other == key) {
                    return Err(at(line, &format!("the key '{key}' is repeated")));
                }
                let value = next(rest)?;
                entries.push((key, node(value, rest)?));
            }
        }
        _ => Err(at(line, "aliases are not supported everywhere by GitHub")),
    }
}

fn next<'a>(events: &mut impl Iterator<Item = Located<'a>>) -> Result<Located<'a>, Failure> {
    events.next().ok_or_else(|| Failure::new("ends in the middle of a list or map"))
}

fn at(line: usize, what: &str) -> Failure {
    Failure::new(format!("line {line}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> String {
        Yaml::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn maps_lists_and_scalars_are_read() {
        let yaml = Yaml::parse("on: [push]\njobs:\n  a:\n    steps:\n      - run: |\n          x\n").unwrap();
        assert_eq!(yaml.get("on").unwrap().items()[0].text(), Some("push"));
        let steps = yaml.get("jobs").unwrap().get("a").unwrap().get("steps").unwrap();
        assert_eq!(steps.items()[0].get("run").unwrap().text(), Some("x\n"));
    }

    #[test]
    fn invalid_yaml_is_refused_with_its_line() {
        assert!(reason("a: [1\nb: 2\n").contains("line"), "{}", reason("a: [1\nb: 2\n"));
    }

    #[test]
    fn a_repeated_key_is_refused() {
        assert_eq!(reason("a: 1\nb: 2\na: 3\n"), "line 3: the key 'a' is repeated");
    }

    #[test]
    fn no_document_and_two_documents_are_refused() {
        assert_eq!(reason("# nothing\n"), "has 0 documents instead of one");
        assert_eq!(reason("a: 1\n---\nb: 2\n"), "has 2 documents instead of one");
    }

    #[test]
    fn aliases_are_refused() {
        assert!(reason("a: &x 1\nb: *x\n").starts_with("line 2: aliases"));
    }
}
