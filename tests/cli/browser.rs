//! The HTML page in a browser. These tests need Chromium.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::Place;
use crate::pages::{hostile_page, page};

/// Headless Chromium, which needs no network.
fn chromium() -> Command {
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| {
            let version = Command::new(name)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            version.is_ok_and(|status| status.success())
        });
    let mut command = Command::new(found.expect("Chromium is installed"));
    command.args([
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--hide-scrollbars",
        "--virtual-time-budget=5000",
    ]);
    command
}

/// Results of opening a page in a browser, in a theme and at a width.
struct Seen {
    /// Messages of the console, including those of its policy.
    console: Vec<String>,
    /// Requested addresses, except the page's own.
    requests: Vec<String>,
    /// Findings of the test's script, below `data-found` of the page's body.
    found: Value,
}

/// Looks for elements beyond the right edge that no container scrolls, for charts, and for the
/// theme.
const SCRIPT: &str = r#"<script>addEventListener('load', () => {
document.querySelectorAll('details').forEach(it => { it.open = true; });
const scrolls = element => { for (let e = element; e && e !== document.body; e = e.parentElement) {
  if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(e).overflowX)) return true; } return false; };
const wide = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e.parentElement) && !scrolls(e));
const cut = svg => { const outer = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(text => { const inner = text.getBoundingClientRect();
    return inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
  }).map(text => text.textContent); };
const charts = [...document.querySelectorAll('svg')].map(svg => ({
  title: svg.querySelector('title')?.textContent, text: svg.querySelector('desc')?.textContent,
  named: (svg.getAttribute('aria-labelledby') || '').split(' ').every(id => document.getElementById(id)),
  axes: svg.querySelectorAll('text.axis-title, text.axis').length, words: svg.textContent,
  tables: svg.closest('figure').querySelectorAll('table').length,
  width: svg.getBoundingClientRect().width, cut: cut(svg) }));
const scrolled = [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1);
const requests = performance.getEntriesByType('resource').map(e => e.name);
parent.postMessage(JSON.stringify({ requests,
  width: innerWidth, overflow: document.documentElement.scrollWidth > innerWidth + 1, wide: wide.map(e => e.outerHTML.slice(0, 120)),
  scrolled: scrolled.map(e => e.getAttribute('aria-label')), charts, dark: matchMedia('(prefers-color-scheme: dark)').matches, background: getComputedStyle(document.body).backgroundColor }), '*');
});</script></body>"#;

/// Page that shows another one in a frame of a width, as windows have a least width that is wider
/// than a phone, and that keeps what the other one finds.
fn frame(width: u32) -> String {
    format!(
        "<!DOCTYPE html><body><script>addEventListener('message', it => document.body.setAttribute('data-found', it.data));</script>\
         <iframe src=\"page.html\" style=\"border: 0; width: {width}px; height: 900px\"></iframe></body>"
    )
}

fn look(page: &Path, dark: bool, width: u32) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let theme = if dark { 0 } else { 1 };
    let arguments = |command: &mut Command| {
        command
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .arg(format!("--blink-settings=preferredColorScheme={theme}"))
            .arg("--window-size=1400,1000");
    };
    let mut as_it_is = chromium();
    arguments(&mut as_it_is);
    let output = as_it_is
        .args(["--enable-logging=stderr", "--log-level=0", "--dump-dom"])
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let console = said
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .map(str::to_owned)
        .collect();
    // The page's policy allows no scripts, so the policy is removed from this copy.
    let text = fs::read_to_string(page).unwrap();
    let start = text
        .find("<meta http-equiv=\"Content-Security-Policy\"")
        .unwrap();
    let end = start + text[start..].find('>').unwrap() + 1;
    let copy = format!("{}{}", &text[..start], &text[end..]).replace("</body>", SCRIPT);
    fs::write(folder.path().join("page.html"), copy).unwrap();
    let framed = folder.path().join("frame.html");
    fs::write(&framed, frame(width)).unwrap();
    let mut scripted = chromium();
    arguments(&mut scripted);
    let output = scripted
        .arg("--dump-dom")
        .arg(format!("file://{}", framed.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    let found = dom
        .split("data-found=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let found = found
        .expect("the script of the test ran")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let found: Value = serde_json::from_str(&found).unwrap();
    let requests = found["requests"].as_array().unwrap().iter();
    Seen {
        console,
        requests: requests.map(|it| it.as_str().unwrap().to_owned()).collect(),
        found,
    }
}

/// The other tests rely on this.
#[test]
#[ignore = "needs Chromium"]
fn a_browser_tells_of_requests_errors_and_overflows() {
    let place = Place::new();
    let page = place.write(
        "bad.html",
        "<!DOCTYPE html><html><head><meta http-equiv=\"Content-Security-Policy\" content=\"img-src *\"></head><body>\
         <img src=\"http://127.0.0.1:9/x.png\"><div style=\"width: 3000px\">wide</div>\
         <div class=\"scroll\" aria-label=\"a\" style=\"overflow-x: auto\"><p style=\"width: 2000px\">wide</p></div>\
         <figure><svg viewBox=\"0 0 9 9\"><text x=\"8\">cut off</text></svg></figure><script>console.error('told')</script></body></html>",
    );
    let seen = look(&page, false, 390);
    assert!(
        seen.console.iter().any(|line| line.contains("told")),
        "{:?}",
        seen.console
    );
    assert_eq!(seen.requests, ["http://127.0.0.1:9/x.png"]);
    assert_eq!(seen.found["overflow"], true);
    assert_eq!(seen.found["wide"].as_array().unwrap().len(), 1);
    assert_eq!(seen.found["scrolled"], json!(["a"]));
    assert_eq!(seen.found["charts"][0]["cut"], json!(["cut off"]));
}

#[test]
#[ignore = "needs Chromium"]
fn a_browser_shows_the_page_without_a_request_an_error_or_an_overflow() {
    let place = Place::tiny();
    let page = page(&place);
    let mut backgrounds = Vec::new();
    for (dark, width) in [(false, 1280), (false, 390), (true, 1280), (true, 390)] {
        let seen = look(&page, dark, width);
        assert_eq!(seen.console, Vec::<String>::new());
        assert_eq!(seen.requests, Vec::<String>::new());
        let found = &seen.found;
        assert_eq!(
            (&found["dark"], &found["width"]),
            (&json!(dark), &json!(width))
        );
        assert_eq!(
            (&found["overflow"], &found["wide"]),
            (&json!(false), &json!([])),
            "{width}"
        );
        // Nobody has to scroll aside on a phone.
        if width == 390 {
            assert_eq!(found["scrolled"], json!([]));
        }
        let charts = found["charts"].as_array().unwrap();
        assert!(charts.len() >= 10, "{}", charts.len());
        for chart in charts {
            for part in ["title", "text"] {
                assert!(
                    chart[part].as_str().is_some_and(|it| !it.is_empty()),
                    "{chart}"
                );
            }
            assert_eq!(chart["named"], true, "{chart}");
            let (least, most) = if width == 390 {
                (340.0, 390.0)
            } else {
                (560.0, 640.0)
            };
            let drawn = chart["width"].as_f64().unwrap();
            assert!(
                (least..most).contains(&drawn),
                "{drawn} at {width}: {chart}"
            );
            assert_eq!(chart["cut"], json!([]), "{width}: {chart}");
            assert!(chart["tables"].as_u64().unwrap() >= 1, "{chart}");
            let words = chart["words"].as_str().unwrap();
            let has_unit = ["(ms", "(µs", "(s", "(ns", "(B", "(kB", "(MB", "(GB"]
                .iter()
                .any(|unit| words.contains(unit));
            assert!(has_unit, "{words}");
        }
        backgrounds.push(found["background"].clone());
    }
    assert_ne!(backgrounds[0], backgrounds[2]);
}

#[test]
#[ignore = "needs Chromium"]
fn a_browser_does_nothing_that_a_record_asks_for() {
    let place = Place::tiny();
    let seen = look(&hostile_page(&place), false, 390);
    assert_eq!(
        (&seen.found["overflow"], &seen.found["wide"]),
        (&json!(false), &json!([]))
    );
    assert_eq!((seen.console, seen.requests), (vec![], vec![]));
}
