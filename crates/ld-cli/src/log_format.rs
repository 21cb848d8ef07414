//! What a log line looks like.

use std::fmt::{self, Debug, Write as _};
use std::str::FromStr;

use ld_config::{escape_hidden, escape_hidden_json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Json, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// A time in UTC with microseconds: `2026-11-29T09:10:51.123456Z`.
const TIME_BYTES: usize = 27;

/// What a JSON line begins with, before the time.
const JSON_START: &str = r#"{"timestamp":""#;

/// What log lines look like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// The bare message, as the original prints it.
    #[default]
    Plain,
    /// Time, level and target before the message.
    Full,
    /// One JSON object a line, with the fields of the event.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "plain" => Ok(Self::Plain),
            "full" => Ok(Self::Full),
            "json" => Ok(Self::Json),
            _ => Err("it is one of plain, full and json".to_owned()),
        }
    }
}

impl LogFormat {
    /// How many bytes at the start of a line belong to its time, in which equal lines differ.
    pub(crate) fn time_bytes(self) -> usize {
        match self {
            Self::Plain => 0,
            Self::Full => TIME_BYTES,
            Self::Json => JSON_START.len() + TIME_BYTES,
        }
    }

    /// A line about the log itself.
    pub(crate) fn note(self, text: &str) -> String {
        let target = env!("CARGO_CRATE_NAME");
        match self {
            Self::Plain => format!("{text}\n"),
            Self::Full => format!("{}  WARN {target}: {text}\n", now()),
            Self::Json => {
                // The texts have nothing that JSON escapes.
                format!(
                    "{JSON_START}{}\",\"level\":\"WARN\",\"message\":\"{text}\",\"target\":\"{target}\"}}\n",
                    now()
                )
            }
        }
    }
}

fn now() -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

/// Formats one event as one line.
pub(crate) struct Lines {
    format: LogFormat,
    debug: bool,
    json: Format<Json, SystemTime>,
}

impl Lines {
    /// With `debug` plain lines have their level and target, too.
    pub(crate) fn new(format: LogFormat, debug: bool) -> Self {
        let json = tracing_subscriber::fmt::format().json().flatten_event(true);
        Self { format, debug, json: json.with_current_span(false).with_span_list(false) }
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut text = String::new();
        if self.format == LogFormat::Json {
            self.json.format_event(context, Writer::new(&mut text), event)?;
            return writeln!(line, "{}", escape_hidden_json(text.trim_end()));
        }
        // Names and messages of others may be part of it.
        if is_ours(event) {
            event.record(&mut Message(&mut text));
        } else {
            context.format_fields(Writer::new(&mut text), event)?;
        }
        let (level, target) = (event.metadata().level(), event.metadata().target());
        match (self.format, self.debug) {
            (LogFormat::Full, _) => write!(line, "{} {level:>5} {target}: ", now())?,
            (_, true) => write!(line, "{level} {target}: ")?,
            (_, false) => {}
        }
        writeln!(line, "{}", escape_hidden(&text))
    }
}

/// Whether the message names everything that the fields hold.
fn is_ours(event: &Event<'_>) -> bool {
    let target = event.metadata().target();
    target.starts_with("ld_") || target.starts_with("live_data_")
}

/// Takes the message of an event and leaves its fields.
struct Message<'a>(&'a mut String);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // Writing to a string cannot fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_begins_with_as_many_bytes_of_time_as_any_line() {
        let full = LogFormat::Full.note("text");
        assert_eq!(&full[LogFormat::Full.time_bytes()..], "  WARN ld_cli: text\n");
        let json = LogFormat::Json.note("text");
        let rest = r#"","level":"WARN","message":"text","target":"ld_cli"}"#;
        assert_eq!(json[LogFormat::Json.time_bytes()..].trim_end(), rest);
        assert_eq!(LogFormat::Plain.note("text"), "text\n");
    }

    #[test]
    fn another_format_is_an_error_that_names_all() {
        assert_eq!("full".parse(), Ok(LogFormat::Full));
        assert_eq!("FULL".parse::<LogFormat>().unwrap_err(), "it is one of plain, full and json");
    }
}
