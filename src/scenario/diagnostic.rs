//! What is wrong with the user's text, and its picture.
//!
//! ```text
//! error: one request of 9000 tokens can never pass a bucket of 8000
//!   --> scenarios/burst.toml:14:12
//!    |
//! 14 | capacity = 8000
//!    |            ^^^^
//!    |
//!    = note: largest request: `traffic.chat.prompt-tokens.max`, line 6
//!    = help: raise `capacity`, or cap the prompt
//! ```
//!
//! Nothing of the user's text reaches a terminal as it is: what a terminal might act on is escaped, long lines are cut.

use super::source::{Origin, Source, SourceId, SourceKind, Sources};
use crate::params::is_unprintable;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::ops::Range;

/// Whether a scenario can be run with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but the user should know.
    Warning,
}

/// A problem with its place and its remedy; every text in lower case without a full stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What was found.
    pub message: String,
    /// Where, and after that the other places that matter.
    pub marks: Vec<Mark>,
    /// What else to know.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Vec<String>,
}

/// A place to point at, and what to write beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The place.
    pub origin: Origin,
    /// A few words, if any are needed.
    pub label: Option<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            message: message.into(),
            marks: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A warning without a place yet.
    pub fn warning(message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(message) }
    }

    /// Says where; other places go after it with [`Diagnostic::also`].
    pub fn at(mut self, origin: Origin) -> Self {
        self.marks.insert(0, Mark { origin, label: None });
        self
    }

    /// Writes `label` beside the place that was named last.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        if let Some(mark) = self.marks.last_mut() {
            mark.label = Some(label.into());
        }
        self
    }

    /// Shows another place that matters.
    pub fn also(mut self, origin: Origin, label: impl Into<String>) -> Self {
        self.marks.push(Mark { origin, label: Some(label.into()) });
        self
    }

    /// Adds something to know.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a remedy.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Where the problem is.
    pub fn origin(&self) -> Option<Origin> {
        self.marks.first().map(|mark| mark.origin)
    }
}

/// Whether a picture has colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paint {
    /// Printable characters and line ends only.
    Plain,
    /// With ANSI escape codes, for a terminal.
    Coloured,
}

/// At most this many pictures are drawn at once.
pub const SHOWN: usize = 20;
/// Columns of the user's text that a picture shows of a line.
const WIDTH: usize = 120;
/// Characters that a message shows of one quoted piece of the user's text.
const QUOTED: usize = 120;

/// Draws `diagnostics` in the order of their places, at most [`SHOWN`], with empty lines between them.
pub fn draw(diagnostics: &[Diagnostic], sources: &Sources, paint: Paint) -> String {
    let mut sorted: Vec<_> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.origin());
    let mut pictures: Vec<String> =
        sorted.iter().take(SHOWN).map(|diagnostic| picture(diagnostic, sources, paint) + "\n").collect();
    if let Some(more @ 1..) = sorted.len().checked_sub(SHOWN) {
        pictures.push(format!("and {more} more\n"));
    }
    pictures.join("\n")
}

fn picture(diagnostic: &Diagnostic, sources: &Sources, paint: Paint) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(printable(&diagnostic.message)));
    let excerpts = excerpts(diagnostic, sources);
    for excerpt in &excerpts {
        group = group.element(excerpt.snippet());
    }
    group = group.elements(diagnostic.notes.iter().map(|note| Level::NOTE.message(printable(note))));
    group = group.elements(diagnostic.help.iter().map(|help| Level::HELP.message(printable(help))));
    // Lines are cut here, around what matters, and not again by the renderer.
    let renderer = match paint {
        Paint::Plain => Renderer::plain(),
        Paint::Coloured => Renderer::styled(),
    };
    let drawn = renderer.term_width(usize::MAX / 4).render(&[group]);
    true_places(&drawn, &excerpts)
}

/// Puts the columns of the file in place of those of the excerpt, which may be cut or escaped.
fn true_places(drawn: &str, excerpts: &[Excerpt]) -> String {
    // The title is one line, and may hold what looks like a place.
    let (title, mut rest) = drawn.split_at(drawn.find('\n').unwrap_or(drawn.len()));
    let mut out = title.to_owned();
    for excerpt in excerpts {
        let drawn_place = format!("{}:{}:", excerpt.name, excerpt.line + 1);
        if let Some(at) = rest.find(&drawn_place) {
            out.push_str(&rest[..at]);
            out.push_str(&excerpt.place);
            rest = rest[at + drawn_place.len()..].trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    out + rest
}

/// The marked lines of one text, ready to be shown.
struct Excerpt {
    kind: SourceKind,
    name: String,
    /// The line that the heading names, counted from 0; and the first one shown.
    line: usize,
    first_line: usize,
    text: String,
    marks: Vec<(Range<usize>, AnnotationKind, Option<String>)>,
    /// `name:line:column` as it is in the file.
    place: String,
}

fn excerpts(diagnostic: &Diagnostic, sources: &Sources) -> Vec<Excerpt> {
    let mut by_source: Vec<(SourceId, Vec<KindOfMark>)> = Vec::new();
    let kinds = std::iter::once(AnnotationKind::Primary).chain(std::iter::repeat(AnnotationKind::Context));
    for mark in diagnostic.marks.iter().zip(kinds) {
        match by_source.iter_mut().find(|(id, _)| *id == mark.0.origin.source) {
            Some((_, marks)) => marks.push(mark),
            None => by_source.push((mark.0.origin.source, vec![mark])),
        }
    }
    by_source.into_iter().map(|(id, marks)| Excerpt::new(sources.get(id), &marks)).collect()
}

type KindOfMark<'d> = (&'d Mark, AnnotationKind);

impl Excerpt {
    /// `marks` has at least one element.
    fn new(source: &Source, marks: &[KindOfMark]) -> Self {
        let lines: Vec<usize> = marks.iter().map(|(mark, _)| source.line(mark.origin.start)).collect();
        let first_line = lines.iter().copied().min().unwrap_or(0);
        let last_line = lines.iter().copied().max().unwrap_or(0);
        let mut excerpt = Excerpt {
            kind: source.kind,
            name: printable(&source.name),
            line: lines.first().copied().unwrap_or(0),
            first_line,
            text: String::new(),
            marks: Vec::new(),
            place: String::new(),
        };
        excerpt.place = excerpt.true_place(source, marks.first().map_or(0, |(mark, _)| mark.origin.start));
        for line in first_line..=last_line {
            // What lies further from a mark is folded away.
            if lines.iter().any(|&marked| marked.abs_diff(line) <= 2) {
                let here: Vec<KindOfMark> =
                    marks.iter().zip(&lines).filter(|(_, at)| **at == line).map(|m| *m.0).collect();
                excerpt.add_line(source, line, &here);
            }
            excerpt.text.push('\n');
        }
        excerpt
    }

    fn true_place(&self, source: &Source, start: usize) -> String {
        let before = source.line_span(self.line).start..start.min(source.text.len());
        let column = source.text.get(before).map_or(1, |text| text.chars().count() + 1);
        match self.kind {
            SourceKind::Set => self.name.clone(),
            SourceKind::File | SourceKind::BuiltIn => format!("{}:{}:{column}", self.name, self.line + 1),
        }
    }

    fn add_line(&mut self, source: &Source, line: usize, marks: &[KindOfMark]) {
        let span = source.line_span(line);
        let within = |offset: usize| offset.clamp(span.start, span.end) - span.start;
        let focus = marks.first().map_or(0, |(mark, _)| within(mark.origin.start));
        let shown = ShownLine::new(&source.text[span.clone()], focus);
        let base = self.text.len();
        self.text.push_str(&shown.text);
        for (mark, kind) in marks {
            let range = base + shown.place(within(mark.origin.start))..base + shown.place(within(mark.origin.end));
            self.marks.push((range, *kind, mark.label.as_deref().map(printable)));
        }
    }

    fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        let annotations =
            self.marks.iter().map(|(range, kind, label)| kind.span(range.clone()).label(label.as_deref()));
        Snippet::source(&self.text)
            .path(&self.name)
            .line_start(self.first_line + 1)
            .line_numbering(self.kind != SourceKind::Set)
            .annotations(annotations)
    }
}

/// A line of the user's text as it is shown: escaped, and cut to [`WIDTH`] columns around what matters.
struct ShownLine {
    text: String,
    /// For each character that is shown, its place in the line and in `text`; then the end of both.
    places: Vec<(usize, usize)>,
}

impl ShownLine {
    fn new(line: &str, focus: usize) -> Self {
        let width: usize = line.chars().map(columns).sum();
        let before: usize = line.char_indices().take_while(|(at, _)| *at < focus).map(|(_, c)| columns(c)).sum();
        let left = if width <= WIDTH { 0 } else { before.saturating_sub(WIDTH / 3).min(width - WIDTH) };
        let mut shown = ShownLine { text: String::new(), places: Vec::new() };
        if left > 0 {
            shown.text.push('…');
        }
        let (mut column, mut end) = (0, line.len());
        for (at, c) in line.char_indices() {
            if column >= left + WIDTH {
                end = at;
                break;
            }
            if column >= left {
                shown.places.push((at, shown.text.len()));
                push_escaped(&mut shown.text, c, "    ");
            }
            column += columns(c);
        }
        shown.places.push((end, shown.text.len()));
        if end < line.len() {
            shown.text.push('…');
        }
        shown
    }

    /// Where byte `offset` of the line stands in `text`, or the nearest place that is shown.
    fn place(&self, offset: usize) -> usize {
        let at = self.places.partition_point(|&(place, _)| place < offset);
        self.places.get(at).or(self.places.last()).map_or(0, |&(_, place)| place)
    }
}

/// How many columns `c` takes in a picture, rounded up.
fn columns(c: char) -> usize {
    match c {
        '\t' => 4,
        c if is_unprintable(c) => escape(c).len(),
        // From here on most characters are wide.
        '\u{1100}'.. => 2,
        _ => 1,
    }
}

fn escape(c: char) -> String {
    match c {
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\t' => "\\t".into(),
        c => format!("\\u{{{:x}}}", u32::from(c)),
    }
}

fn push_escaped(out: &mut String, c: char, tab: &str) {
    match c {
        '\t' => out.push_str(tab),
        c if is_unprintable(c) => out.push_str(&escape(c)),
        c => out.push(c),
    }
}

fn escaped(text: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    text.for_each(|c| push_escaped(&mut out, c, "\\t"));
    out
}

/// `text` fit for one line of a terminal, long quotations cut.
pub fn printable(text: &str) -> String {
    let pieces = text.split('`').map(|piece| {
        let count = piece.chars().count();
        if count <= QUOTED {
            return escaped(piece.chars());
        }
        let (head, tail) = (QUOTED * 2 / 3, QUOTED / 4);
        format!("{}…{}", escaped(piece.chars().take(head)), escaped(piece.chars().skip(count - tail)))
    });
    pieces.collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, span: Range<usize>, paint: Paint) -> String {
        let mut sources = Sources::default();
        let id = sources.add(SourceKind::File, "a.toml", text);
        let diagnostic = Diagnostic::error("found `it`").at(Origin::new(id, span)).help("mend `it`");
        draw(&[diagnostic], &sources, paint)
    }

    #[test]
    fn a_picture() {
        let expected = "\
error: found `it`
 --> a.toml:2:5
  |
2 | b = 300
  |     ^^^
  |
  = help: mend `it`
";
        assert_eq!(drawn("a = 1\nb = 300\n", 10..13, Paint::Plain), expected);
    }

    #[test]
    fn what_a_terminal_would_act_on_is_escaped() {
        let nasty: String =
            (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32).chain("\u{202e}\u{200d}\u{2028}".chars()).collect();
        let text = format!("k = \"{}\" # {nasty}", nasty.replace('\n', ""));
        let picture = drawn(&text, 4..text.len(), Paint::Plain);
        assert!(picture.chars().all(|c| c == '\n' || !is_unprintable(c)), "{picture:?}");
        let message = Diagnostic::error(nasty.clone()).note(nasty.clone()).help(nasty.clone()).label(nasty);
        let picture = draw(&[message], &Sources::default(), Paint::Plain);
        assert!(picture.chars().all(|c| c == '\n' || !is_unprintable(c)), "{picture:?}");
        assert!(picture.starts_with("error: \\u{0}\\u{1}"), "{picture:?}");
    }

    #[test]
    fn columns_are_those_of_the_file_when_the_line_is_cut_or_escaped() {
        let picture = drawn("\t\u{1b}é = 1", 7..8, Paint::Plain);
        assert!(picture.contains("--> a.toml:1:7\n"), "{picture}");
        assert!(picture.contains("    \\u{1b}é = 1\n"), "{picture}");
        let long = format!("{} = 1 # {}", "k".repeat(500), "x".repeat(500));
        let picture = drawn(&long, 503..504, Paint::Plain);
        assert!(picture.contains("--> a.toml:1:504\n"), "{picture}");
        assert!(picture.lines().all(|line| line.chars().count() < 130), "{picture}");
        let lines: Vec<Vec<char>> = picture.lines().map(|line| line.chars().collect()).collect();
        let at = lines[4].iter().position(|&c| c == '^').unwrap();
        assert_eq!(lines[3][at], '1', "{picture}");
    }

    #[test]
    fn colour_is_for_terminals_only() {
        assert!(!drawn("a = 1", 0..1, Paint::Plain).contains('\u{1b}'));
        let coloured = drawn("a = 1", 0..1, Paint::Coloured);
        assert!(coloured.contains('\u{1b}') && coloured.contains("a.toml:1:1"), "{coloured:?}");
    }

    #[test]
    fn at_most_twenty_are_drawn() {
        let mut sources = Sources::default();
        let id = sources.add(SourceKind::File, "a.toml", &"x\n".repeat(30));
        let all: Vec<_> =
            (0..30).rev().map(|at| Diagnostic::error(format!("e{at}")).at(Origin::new(id, 2 * at..2 * at))).collect();
        let picture = draw(&all, &sources, Paint::Plain);
        assert_eq!(picture.matches("error: ").count(), SHOWN);
        assert!(picture.starts_with("error: e0\n") && picture.ends_with("\n\nand 10 more\n"), "{picture}");
        assert!(!draw(&all[..20], &sources, Paint::Plain).contains("more"));
    }

    #[test]
    fn long_quotations_are_cut() {
        let message = format!("`{}` is not a number", "9".repeat(100_000));
        let shown = printable(&message);
        assert!(shown.chars().count() < 150 && shown.contains('…') && shown.ends_with("` is not a number"), "{shown}");
    }
}
