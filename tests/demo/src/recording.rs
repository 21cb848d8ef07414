//! A recording of the demo: its real output as an animated picture.
//!
//! The picture is one SVG without a script, so that it moves in a README. It follows the colour
//! scheme of the reader. A reader that wants no motion sees the end.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use ld_workspace::Failure;

/// The size of the terminal.
const COLUMNS: usize = 94;
const ROWS: usize = 26;
/// The size of a character in pixels, and the margin.
const CHARACTER: f64 = 8.0;
const LINE: usize = 18;
const MARGIN: usize = 16;
/// How long a command is shown before its output, and the last frame, in seconds.
const COMMAND: f64 = 0.9;
const LAST: f64 = 6.0;

/// Runs the demo, and writes its recording.
pub fn record(file: &Path) -> Result<(), Failure> {
    let program = std::env::current_exe().map_err(Failure::doing("cannot find this program"))?;
    let mut demo = Command::new(program);
    let output = demo.arg("demo").stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(Failure::doing("cannot run the demo"))?;
    if !output.status.success() {
        return Err(Failure::new(format!("the demo failed ({})", output.status)));
    }
    let text = format!("$ cargo dev demo\n{}", String::from_utf8_lossy(&output.stdout));
    let picture = draw(&text);
    fs::write(file, &picture).map_err(Failure::doing(format!("cannot write {}", file.display())))?;
    println!("{} has {} bytes", file.display(), picture.len());
    Ok(())
}

/// A moment of the recording: how many lines are shown, and for how long.
#[derive(Debug, PartialEq)]
struct Frame {
    lines: usize,
    seconds: f64,
}

fn draw(text: &str) -> String {
    let lines: Vec<String> = text.lines().flat_map(wrap).collect();
    let frames = frames(&lines);
    let (width, height) = (COLUMNS as f64 * CHARACTER + 2.0 * MARGIN as f64, ROWS * LINE + 2 * MARGIN);
    let all = lines.len();
    let scrolled = all.saturating_sub(ROWS) * LINE;
    let total: f64 = frames.iter().map(|frame| frame.seconds).sum();
    let (mut cover, mut scroll, mut start) = (String::new(), String::new(), 0.0);
    for frame in &frames {
        let at = start / total * 100.0;
        let up = frame.lines.saturating_sub(ROWS) * LINE;
        // Writing to a string cannot fail.
        let _ = write!(cover, "{at:.2}%{{transform:translateY({}px)}}", frame.lines * LINE);
        let _ = write!(scroll, "{at:.2}%{{transform:translateY(-{up}px)}}");
        start += frame.seconds;
    }
    let mut drawn = String::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
        let y = (index + 1) * LINE - 5;
        let _ = writeln!(drawn, "<text y=\"{y}\"{}>{}</text>", class(line), escape(line));
    }
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height}" width="{width:.0}" height="{height}" role="img" aria-label="The output of cargo dev demo">
<desc>Made by: cargo dev demo --record docs/pictures/demo.svg. The output is real, the pauses are for reading.</desc>
<style>
.page{{fill:#f6f8fa;stroke:#d0d7de}}.cover{{fill:#f6f8fa}}
text{{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;fill:#1f2328}}
.command{{font-weight:bold;fill:#0550ae}}.added{{fill:#116329}}.removed{{fill:#a40e26}}
@media (prefers-color-scheme:dark){{.page{{fill:#0d1117;stroke:#30363d}}.cover{{fill:#0d1117}}text{{fill:#e6edf3}}.command{{fill:#79c0ff}}.added{{fill:#7ee787}}.removed{{fill:#ffa198}}}}
.cover{{animation:cover {total:.1}s step-end infinite;transform:translateY({end}px)}}
.lines{{animation:scroll {total:.1}s step-end infinite;transform:translateY(-{scrolled}px)}}
@media (prefers-reduced-motion:reduce){{.cover,.lines{{animation:none}}}}
@keyframes cover{{{cover}}}
@keyframes scroll{{{scroll}}}
</style>
<rect class="page" x=".5" y=".5" width="{inner:.0}" height="{inner_height}" rx="8"/>
<svg x="{MARGIN}" y="{MARGIN}" width="{text_width:.0}" height="{text_height}"><g class="lines">
{drawn}<rect class="cover" width="{text_width:.0}" height="{end}"/>
</g></svg>
</svg>
"#,
        end = all * LINE,
        inner = width - 1.0,
        inner_height = height - 1,
        text_width = width - 2.0 * MARGIN as f64,
        text_height = ROWS * LINE,
    )
}

/// A line in pieces that fit, broken at spaces if there are any.
fn wrap(line: &str) -> Vec<String> {
    let (mut pieces, mut rest) = (Vec::new(), line);
    while let Some((limit, _)) = rest.char_indices().nth(COLUMNS) {
        let end = rest[..limit].rfind(' ').filter(|end| !rest[..*end].trim().is_empty()).unwrap_or(limit);
        pieces.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    pieces.push(rest.to_owned());
    pieces
}

/// Each command is a frame, and so is the output that follows it.
fn frames(lines: &[String]) -> Vec<Frame> {
    let (mut frames, mut shown) = (Vec::new(), 0);
    let is_command = |line: &String| line.starts_with("$ ");
    for index in (0..lines.len()).filter(|index| is_command(&lines[*index])) {
        if index > shown {
            // Time to read a line.
            let seconds = (1.0 + 0.15 * (index - shown) as f64).min(4.0);
            frames.push(Frame { lines: index, seconds });
        }
        shown = index + 1;
        frames.push(Frame { lines: shown, seconds: COMMAND });
    }
    frames.push(Frame { lines: lines.len(), seconds: LAST });
    frames
}

fn class(line: &str) -> &'static str {
    match line {
        line if line.starts_with("$ ") => " class=\"command\"",
        line if line.starts_with("  +") => " class=\"added\"",
        line if line.starts_with("  -") => " class=\"removed\"",
        _ => "",
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use ld_testkit::{SOON, TestCommand};

    use super::*;

    #[test]
    fn a_command_is_shown_before_its_output() {
        let lines = ["$ a", "one", "two", "", "$ b", "three"].map(str::to_owned);
        let frames = frames(&lines);
        assert_eq!(frames.iter().map(|frame| frame.lines).collect::<Vec<_>>(), [1, 4, 5, 6]);
        assert!(frames.iter().all(|frame| frame.seconds >= COMMAND));
    }

    #[test]
    fn long_lines_are_broken_at_spaces() {
        let word = "x".repeat(COLUMNS - 2);
        assert_eq!(wrap(&format!("{word} y z")), [&word[..], "y z"]);
        assert_eq!(wrap(&format!("  {word}yz")), [&format!("  {word}")[..], "yz"]);
        assert_eq!(wrap(""), [""]);
    }

    #[test]
    fn output_is_escaped_wrapped_and_coloured() {
        let picture = draw(&format!("$ a < b\n  +x & y\n{}\n", "z".repeat(COLUMNS + 1)));
        for text in [
            "class=\"command\">$ a &lt; b<",
            "class=\"added\">  +x &amp; y<",
            &format!("{}<", "z".repeat(COLUMNS)),
            ">z<",
        ] {
            assert!(picture.contains(text), "{text}: {picture}");
        }
    }

    #[test]
    fn the_picture_is_well_formed_xml() {
        let program = "import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.stdin)";
        let python = TestCommand::new("python3").args(["-c", program]);
        let output = python.stdin(draw("$ a -- b\n  +<&>\n")).run(SOON);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
    }

    #[test]
    fn the_picture_of_the_documents_is_small_and_of_this_demo() {
        let picture = include_str!("../../../docs/pictures/demo.svg");
        assert!(picture.len() < 60 << 10, "{}", picture.len());
        for text in ["cargo dev demo --record", "Rolled back", "live-data-watcher status"] {
            assert!(picture.contains(text), "make it again: {text} is missing");
        }
    }
}
