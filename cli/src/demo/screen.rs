//! The live screen of a terminal, and the plain lines of everything else.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Stdout, stdout};
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph};
use ratatui::{Frame, Terminal};
use trunkline_rig::progress::{Progress, Summary};

/// What is shown besides [`Progress`].
#[derive(Debug, Clone, Default)]
pub struct View {
    /// What goes on: starting, playing, draining …
    pub phase: String,
    /// Since the play began.
    pub elapsed: Duration,
    /// Deliveries posted in the last second.
    pub posted_per_second: f64,
    /// Events enriched in the last second.
    pub enriched_per_second: f64,
    /// Records behind, by group of topics, as the processes say.
    pub lag: BTreeMap<String, f64>,
    /// Breakers that are not closed, and how many are.
    pub breakers: BTreeMap<String, String>,
    /// Restarts so far.
    pub restarts: u32,
}

/// Where progress is shown.
pub enum Screen {
    /// A terminal that can be drawn on.
    Live(Box<Terminal<CrosstermBackend<Stdout>>>),
    /// Lines, one every few seconds.
    Plain,
}

// === impl Screen ===

impl Screen {
    /// Takes the terminal when standard output is one and `plain` is not asked for.
    ///
    /// Raw mode stays off: Ctrl-C remains a signal, which is how the demo is stopped.
    pub fn open(plain: bool) -> anyhow::Result<Self> {
        if plain || !stdout().is_terminal() {
            return Ok(Self::Plain);
        }
        execute!(stdout(), EnterAlternateScreen)?;
        let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        terminal.hide_cursor()?;
        Ok(Self::Live(Box::new(terminal)))
    }

    /// Shows the state of things; plain lines only every fifth time.
    pub fn show(&mut self, turn: u64, view: &View, progress: &Progress) -> anyhow::Result<()> {
        match self {
            Self::Live(terminal) => {
                terminal.draw(|frame| draw(frame, view, progress))?;
            }
            Self::Plain if turn.is_multiple_of(5) => println!("{}", plain_line(view, progress)),
            Self::Plain => {}
        }
        Ok(())
    }

    /// Says something that is worth a line of its own; on a live screen the next drawing shows it anyway.
    pub fn say(&self, message: &str) {
        if matches!(self, Self::Plain) {
            println!("{message}");
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Self::Live(terminal) = self {
            // A terminal that went away needs no tidying.
            let _ = execute!(stdout(), LeaveAlternateScreen);
            let _ = terminal.show_cursor();
        }
    }
}

fn draw(frame: &mut Frame<'_>, view: &View, progress: &Progress) {
    let rows = Layout::vertical([Constraint::Length(5), Constraint::Length(6), Constraint::Min(4)]);
    let [top, middle, bottom] = rows.areas(frame.area());
    let halves = Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]);
    let [lag, breakers] = halves.areas(middle);

    let title = format!(" Trunkline demo · {} · {} s ", view.phase, view.elapsed.as_secs());
    frame
        .render_widget(Paragraph::new(flow_lines(view, progress)).block(Block::bordered().title(title)), top);
    frame.render_widget(Paragraph::new(lag_lines(view)).block(Block::bordered().title(" lag ")), lag);
    frame.render_widget(
        Paragraph::new(breaker_lines(view)).block(Block::bordered().title(" breakers ")),
        breakers,
    );
    let decisions: Vec<Line<'_>> =
        progress.last_decisions.iter().map(|line| Line::raw(line.as_str())).collect();
    frame.render_widget(Paragraph::new(decisions).block(Block::bordered().title(" last decisions ")), bottom);
}

fn flow_lines(view: &View, progress: &Progress) -> Vec<Line<'static>> {
    vec![
        Line::raw(format!(
            "posted {:>7} ({:>5.0}/s)   enriched {:>7} ({:>5.0}/s)   decisions {:>5}   restarts {}",
            progress.posted,
            view.posted_per_second,
            progress.enriched,
            view.enriched_per_second,
            progress.decisions,
            view.restarts
        )),
        Line::raw(format!(
            "quarantined {:>5}   rejected {:>5}   pushed back {:>5}   write-backs {}",
            progress.quarantined,
            progress.rejected,
            progress.pushed_back,
            outcomes(progress)
        )),
        Line::raw(format!(
            "webhook to enriched: {}   held for order: {}",
            latency(progress.latency()),
            latency(progress.latency_held())
        )),
    ]
}

fn lag_lines(view: &View) -> Vec<Line<'static>> {
    view.lag.iter().map(|(name, records)| Line::raw(format!("{name:<28} {records:>8.0}"))).collect()
}

fn breaker_lines(view: &View) -> Vec<Line<'static>> {
    let line = |(name, state): (&String, &String)| {
        let text = format!("{name:<28} {state}");
        Line::from(if state == "closed" { text.fg(Color::Green) } else { text.fg(Color::Red) })
    };
    view.breakers.iter().map(line).collect()
}

fn plain_line(view: &View, progress: &Progress) -> String {
    let open: Vec<&str> =
        view.breakers.iter().filter(|(_, state)| *state != "closed").map(|(name, _)| name.as_str()).collect();
    let breakers =
        if open.is_empty() { "all closed".to_owned() } else { format!("open: {}", open.join(", ")) };
    format!(
        "[{:>4} s] {}: posted {} ({:.0}/s), enriched {} ({:.0}/s), {}, decisions {}, write-backs {}, lag {:.0}, breakers {}",
        view.elapsed.as_secs(),
        view.phase,
        progress.posted,
        view.posted_per_second,
        progress.enriched,
        view.enriched_per_second,
        latency(progress.latency()),
        progress.decisions,
        outcomes(progress),
        view.lag.values().sum::<f64>(),
        breakers
    )
}

fn outcomes(progress: &Progress) -> String {
    let parts: Vec<String> = progress
        .results
        .iter()
        .map(|(outcome, times)| format!("{} {times}", outcome.to_lowercase()))
        .collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

fn latency(summary: Summary) -> String {
    match summary.count {
        0 => "no latency yet".to_owned(),
        _ => format!("p50 {:.0} ms p99 {:.0} ms", summary.p50, summary.p99),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::backend::TestBackend;

    use super::*;

    fn view() -> View {
        View {
            phase: "playing".into(),
            elapsed: Duration::from_secs(7),
            lag: BTreeMap::from([("processor".to_owned(), 12.0)]),
            breakers: BTreeMap::from([("salesforce write".to_owned(), "open".to_owned())]),
            ..View::default()
        }
    }

    fn progress() -> Progress {
        let mut progress = Progress::new().unwrap();
        progress.answered(Some(202), &["a".to_owned()], 0.0);
        progress.enriched("a", false, 42.0);
        progress.decided("conversation-1 → vip".into());
        progress
    }

    #[test]
    fn the_plain_line_says_it_all() {
        assert_eq!(
            plain_line(&view(), &progress()),
            "[   7 s] playing: posted 1 (0/s), enriched 1 (0/s), p50 42 ms p99 42 ms, decisions 1, write-backs none, \
             lag 12, breakers open: salesforce write"
        );
    }

    #[test]
    fn the_live_screen_shows_latencies_lag_breakers_and_decisions() {
        let mut terminal = Terminal::new(TestBackend::new(100, 24)).unwrap();
        terminal.draw(|frame| draw(frame, &view(), &progress())).unwrap();
        let shown = terminal.backend().to_string();
        for expected in
            ["p50 42 ms", "processor", "salesforce write", "open", "conversation-1 → vip", "playing"]
        {
            assert!(shown.contains(expected), "{expected} is not on the screen:\n{shown}");
        }
    }
}
