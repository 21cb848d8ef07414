use super::*;
use crate::log_repeats::REPEAT_WINDOW;
use crate::progress::Unit;

fn push(buffer: &LogBuffer, line: &[u8]) {
    buffer.push(line, Instant::now());
}

fn text((bytes, _): (Vec<u8>, Option<Progress>)) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn progress_is_taken_when_it_changes() {
    let buffer = LogBuffer::default();
    let progress = Some(Progress { done: 1, total: 2, unit: Unit::Nodes });
    buffer.set_progress(progress);
    assert!(!buffer.flush(Duration::ZERO), "it is not shown yet");
    assert_eq!(buffer.take(), (Vec::new(), progress));
    // It goes with the lines, too, and is not taken alone again.
    buffer.set_progress(progress);
    push(&buffer, b"line\n");
    assert_eq!(buffer.take(), (b"line\n".to_vec(), progress));
    buffer.set_progress(None);
    assert_eq!(buffer.take(), (Vec::new(), None));
}

#[test]
fn lines_are_taken_in_order_and_all_at_once() {
    let buffer = LogBuffer::default();
    for number in 0..3 {
        push(&buffer, format!("{number}\n").as_bytes());
    }
    assert_eq!(text(buffer.take()), "0\n1\n2\n");
}

#[test]
fn too_many_lines_are_dropped_and_counted_once() {
    let buffer = LogBuffer::default();
    (0..MAX_LOG_LINES + 7).for_each(|number| push(&buffer, format!("{number}\n").as_bytes()));
    let taken = text(buffer.take());
    let note = "7 log lines were dropped: standard error did not drain\n";
    assert_eq!(taken.lines().count(), MAX_LOG_LINES + 1);
    assert!(taken.ends_with(note), "{}", &taken[taken.len() - 100..]);
    push(&buffer, b"after\n");
    assert_eq!(buffer.dropped(), 7);
    assert_eq!(text(buffer.take()), "after\n");
}

#[test]
fn too_many_bytes_are_dropped_and_no_line_overtakes() {
    let buffer = LogBuffer::default();
    let half = |byte| vec![byte; MAX_LOG_BYTES / 2];
    [&half(b'x')[..], &half(b'y'), b"long\n", b""].into_iter().for_each(|line| push(&buffer, line));
    let taken = text(buffer.take());
    assert_eq!(&taken[MAX_LOG_BYTES..], "2 log lines were dropped: standard error did not drain\n");
}

#[test]
fn one_line_longer_than_the_buffer_passes() {
    let buffer = LogBuffer::default();
    push(&buffer, &vec![b'x'; MAX_LOG_BYTES + 1]);
    push(&buffer, b"dropped\n");
    let taken = text(buffer.take());
    assert_eq!(&taken[MAX_LOG_BYTES + 1..], "1 log line was dropped: standard error did not drain\n");
}

#[test]
fn a_flush_waits_for_what_is_taken_but_not_written() {
    let buffer = LogBuffer::default();
    assert!(buffer.flush(Duration::ZERO), "there is nothing to write");
    push(&buffer, b"a\n");
    assert!(!buffer.flush(Duration::from_millis(1)));
    buffer.take();
    assert!(!buffer.flush(Duration::from_millis(1)));
    std::thread::scope(|scope| {
        // It waits for the next line, and so has written the last.
        scope.spawn(|| buffer.take());
        assert!(buffer.flush(Duration::from_secs(30)));
        push(&buffer, b"end\n");
    });
}

#[test]
fn repeats_are_summed_up_before_the_next_line() {
    let buffer = LogBuffer::default();
    (0..150_000).for_each(|_| push(&buffer, b"again\n"));
    push(&buffer, b"other\n");
    push(&buffer, b"again\n");
    let expected = "again\n(the last line was repeated 149999 times)\nother\nagain\n";
    assert_eq!(text(buffer.take()), expected);
}

#[test]
fn a_count_is_taken_when_it_is_due() {
    let buffer = LogBuffer::default();
    push(&buffer, b"again\n");
    assert_eq!(text(buffer.take()), "again\n");
    let past = Instant::now().checked_sub(REPEAT_WINDOW).unwrap();
    // Seen in the past, so that the count is due now.
    [past; 3].into_iter().for_each(|at| buffer.push(b"again\n", at));
    assert_eq!(text(buffer.take()), "(the last line was repeated 3 times)\n");
}

#[test]
fn a_flush_writes_the_count() {
    let buffer = LogBuffer::default();
    [b"again\n"; 3].into_iter().for_each(|line| push(&buffer, line));
    assert!(!buffer.flush(Duration::ZERO));
    assert_eq!(text(buffer.take()), "again\n(the last line was repeated 2 times)\n");
}

#[test]
fn repeats_of_a_dropped_line_are_dropped_lines() {
    let buffer = LogBuffer::default();
    push(&buffer, &vec![b'x'; MAX_LOG_BYTES]);
    [b"again\n"; 3].into_iter().for_each(|line| push(&buffer, line));
    let note = "3 log lines were dropped: standard error did not drain\n";
    assert_eq!(&text(buffer.take())[MAX_LOG_BYTES..], note);
    push(&buffer, b"again\n");
    assert_eq!(text(buffer.take()), "again\n");
}
