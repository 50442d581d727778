// SPDX-License-Identifier: Apache-2.0

use super::*;

fn alert(name: &str) -> &'static Alert {
    alerts().map(|(_, alert)| alert).find(|alert| alert.name == name).expect("the alert")
}

#[test]
fn every_alert_has_a_place_with_something_on_it() {
    for (_, alert) in alerts() {
        let (book, anchor) = place(alert).expect(alert.name);
        let section = book.section(anchor).expect(alert.name);
        assert!(section.len() > 40, "{}: {section:?}", alert.name);
        assert!(!section.contains("\n## "), "{}: {section}", alert.name);
        assert!(page(book).contains(&format!("id=\"{anchor}\"")) || anchor.is_empty());
    }
}

#[test]
fn names_are_found_however_they_are_spelt() {
    let expected = Ok(Found::Alert("corosync", alert("SlurmhaCorosyncLinkFlaps")));
    for spelt in ["SlurmhaCorosyncLinkFlaps", "corosynclinkflaps", " slurmhacorosynclinkflaps"] {
        assert_eq!(find(spelt), expected, "{spelt}");
    }
    for spelt in ["damaged-state", "damaged-state.md", "Damaged-State"] {
        assert!(matches!(find(spelt), Ok(Found::Book(book)) if book.name == "damaged-state"));
    }
}

#[test]
fn a_name_that_is_not_there_is_answered_with_what_comes_near() {
    let near = find("CorosyncLinkFlapps").unwrap_err();
    assert_eq!(near.first(), Some(&"SlurmhaCorosyncLinkFlaps"), "{near:?}");
    let part = find("link").unwrap_err();
    assert!(part.len() > 1 && part.iter().all(|name| name.contains("Link")), "{part:?}");
    assert_eq!(find("zzzz"), Err(Vec::new()));
    assert_eq!(find("").map(|_| ()).unwrap_err(), [""; 0]);
}

#[test]
fn an_alert_in_a_terminal() {
    insta::assert_snapshot!(of_alert(alert("SlurmhaCorosyncTokenLost")));
}

#[test]
fn links_lead_to_what_is_served_or_are_none() {
    for book in RUNBOOKS {
        let text = page(book);
        for link in text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let is_outside = link.starts_with("https://");
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = path.strip_prefix("/runbooks/");
            let there = match target {
                Some(name) => RUNBOOKS.iter().any(|it| {
                    it.name == name && (anchor.is_empty() || it.section(anchor).is_some())
                }),
                None => ["/", "/runbooks", "/icon.svg", "/console.css"].contains(&path),
            };
            assert!(is_outside || there, "{}: {link}", book.name);
        }
        assert!(!text.contains("<em></em>"), "{}", book.name);
    }
}

#[test]
fn a_page_takes_no_markup_from_its_file() {
    let book = Runbook { name: "x", text: "# X\n\n<script>alert(1)</script>\n\n`a<b` <b>c</b>\n" };
    let text = page(&book);
    assert!(!text.contains("<script>") && !text.contains("<b>"), "{text}");
    assert!(text.contains("&lt;script&gt;") && text.contains("<h1 id=\"x\">X</h1>"), "{text}");
}
