//! The code blocks of a document.

/// A document, with the blocks that a test has not run yet.
#[derive(Debug)]
pub(crate) struct Page {
    blocks: Vec<Block>,
}

#[derive(Debug)]
struct Block {
    heading: String,
    language: String,
    text: String,
    used: bool,
}

impl Page {
    pub(crate) fn new(document: &str) -> Self {
        let (mut blocks, mut heading, mut open) = (Vec::new(), String::new(), None::<Block>);
        for line in document.lines() {
            match (line.strip_prefix("```"), open.as_mut()) {
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(language), None) => {
                    let (heading, language) = (heading.clone(), language.to_owned());
                    open = Some(Block { heading, language, text: String::new(), used: false });
                }
                (None, Some(block)) => block.text.extend([line, "\n"]),
                (None, None) if line.starts_with('#') => {
                    heading = line.trim_start_matches('#').trim().to_owned();
                }
                (None, None) => {}
            }
        }
        Self { blocks }
    }

    /// The blocks of a language under a heading, one after the other.
    #[track_caller]
    pub(crate) fn take(&mut self, language: &str, heading: &str) -> String {
        let is_meant = |block: &&mut Block| block.language == language && block.heading == heading;
        let found: Vec<_> = self.blocks.iter_mut().filter(is_meant).collect();
        assert!(!found.is_empty(), "no block {language} below the heading '{heading}'");
        found.into_iter().fold(String::new(), |text, block| {
            block.used = true;
            text + &block.text
        })
    }

    /// Fails if a block of the language was not taken.
    #[track_caller]
    pub(crate) fn assert_all_taken(&self, language: &str) {
        let left = self.blocks.iter().filter(|block| block.language == language && !block.used);
        let headings: Vec<_> = left.map(|block| &block.heading).collect();
        assert!(headings.is_empty(), "no test runs the blocks below {headings:?}");
    }
}

#[test]
fn blocks_are_taken_by_heading_and_language() {
    let mut page =
        Page::new("# A\n```sh\na\n```\ntext\n```sh\nb\n```\n## B\n```sh\n# c\n```\n```ini\nd\n```\n");
    assert_eq!(page.take("sh", "A"), "a\nb\n");
    assert_eq!(page.take("ini", "B"), "d\n");
    assert_eq!(page.take("sh", "B"), "# c\n");
    page.assert_all_taken("sh");
}

#[test]
#[should_panic(expected = "no test runs the blocks below [\"B\"]")]
fn a_block_that_is_not_run_is_a_failure() {
    Page::new("## B\n```sh\na\n```\n").assert_all_taken("sh");
}
